"""Colours of a drawn face. In: a Complexion and Hair. Out: colours in linear light (gamma 2), ready to multiply.

Knows nothing of shapes.
"""

from dataclasses import dataclass

import numpy as np

from tasks.phantoms.identity import Identity

# sRGB 0..255
SKIN = np.array([(240, 208, 190), (232, 192, 164), (220, 172, 138), (186, 134, 98), (142, 98, 70), (106, 71, 51),
                 (76, 52, 40)], np.float32)  # fmt: skip
HAIR = np.array([(24, 20, 20), (45, 30, 24), (82, 54, 36), (140, 98, 58), (196, 160, 104), (120, 52, 28),
                 (168, 166, 164), (226, 224, 220)], np.float32)  # fmt: skip
IRIS = np.array([(58, 36, 22), (84, 54, 30), (112, 88, 48), (86, 108, 84), (92, 124, 152), (110, 120, 128)], np.float32)
TEETH, TONGUE, SCLERA = (225.0, 215.0, 200.0), (150.0, 70.0, 72.0), (226.0, 218.0, 212.0)
BRIGHTENED_ABOVE = 0.35  # darker skin gets more light, or the detector loses it


@dataclass(frozen=True)
class Colours:
    """(3,) float32 in linear light; `dark` is the skin tone, 0 light .. 1 dark."""

    dark: float
    skin: np.ndarray
    lips: np.ndarray
    hair: np.ndarray
    iris: np.ndarray


def linear(srgb: tuple[float, ...] | np.ndarray) -> np.ndarray:
    """sRGB 0..255 to linear light 0..1, with gamma 2."""
    return (np.asarray(srgb, np.float32) / 255) ** 2


def colours(person: Identity) -> Colours:
    """The colours this person is painted with."""
    look = person.complexion
    place = look.tone * (len(SKIN) - 1)
    lighter = min(int(place), len(SKIN) - 2)
    base = SKIN[lighter] + (SKIN[lighter + 1] - SKIN[lighter]) * np.float32(place - lighter)
    warm = np.array([1 + look.hue * 0.5, 1, 1 - look.hue], np.float32)
    skin = linear(base * warm) * np.float32(1 + max(0.0, look.tone - BRIGHTENED_ABOVE))
    red = skin * np.array([0.95, 0.52, 0.55], np.float32) * np.float32(1 - 0.25 * look.tone)
    red += np.array([0.02, 0, 0.005], np.float32)
    share = 0.55 + 0.2 * look.lip_redness
    lips = skin * np.float32(1 - share) + red * np.float32(share)
    return Colours(look.tone, skin, lips, linear(HAIR[person.hair.colour]), linear(IRIS[look.iris]))
