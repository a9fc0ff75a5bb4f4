"""Who a drawn face is: every measure of one invented person, from one seed.

In: a seed. Out: an `Identity` of plain numbers (JSON by `dataclasses.asdict`). Lengths are factors or shifts in
face units (1 = distance between the outer eye corners). Ranges were tuned so that dlib finds every face.
Knows nothing of pixels, of a moment's expression or pose, or of clefts.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

HairStyle = Literal["short", "long", "bald", "curly", "fringe", "side"]
HAIR_STYLES: tuple[HairStyle, ...] = ("short", "long", "bald", "curly", "fringe", "side")
HAIR_STYLE_SHARES = (0.30, 0.22, 0.08, 0.12, 0.14, 0.14)
CHILD_BELOW, OLD_ABOVE = 0.25, 0.60  # of the age scale, 0 child .. 1 elderly
HAIR_COLOURS, DARK_HAIR_COLOURS, GREY_HAIR_COLOURS = 6, 2, 2  # coloured ones first, of them dark ones first
DARK_HAIR_TONE, DARK_IRIS_TONE = 0.55, 0.50  # skin tones above which hair and eyes are dark
NATURAL_ASYMMETRY = 0.003  # standard deviation, face units
BACKGROUND_JITTER, CLOTHES_JITTER = 14.0, 28.0  # of each channel, grey levels


@dataclass(frozen=True)
class Head:
    """Outline of the face: factors around 1, `taper` and `cheek` around 0."""

    width: float
    jaw: float
    chin: float
    cheek: float
    taper: float


@dataclass(frozen=True)
class Eyes:
    """Eyes and brows; shifts in face units, sizes as factors."""

    apart: float
    width: float
    height: float
    tilt: float
    brow_lift: float
    brow_thickness: float
    brow_arch: float
    brow_tilt: float


@dataclass(frozen=True)
class Nose:
    """Factors around 1."""

    width: float
    length: float
    height: float
    bridge: float


@dataclass(frozen=True)
class Mouth:
    """Factors around 1; `lower` is a shift in face units."""

    width: float
    lower: float
    upper_lip: float
    lower_lip: float
    cupids_bow: float


@dataclass(frozen=True)
class Complexion:
    """Colours and skin; tone 0 light .. 1 dark."""

    tone: float
    hue: float
    lip_redness: float
    iris: int
    gloss: float
    freckles: float
    folds: float


@dataclass(frozen=True)
class Hair:
    """Colour (row of the hair table), style, and how far the hairline is drawn back, face units."""

    colour: int
    style: HairStyle
    recession: float


@dataclass(frozen=True)
class Light:
    """Where the light stands (degrees; azimuth > 0 lights the image's right) and how strong it is."""

    azimuth: float
    elevation: float
    ambient: float
    warmth: float
    exposure: float


@dataclass(frozen=True)
class Backdrop:
    """Background and clothes, sRGB 0..255."""

    background: tuple[float, float, float]
    clothes: tuple[float, float, float]


@dataclass(frozen=True)
class Asymmetry:
    """Small asymmetries every face has, face units (the last is the crown's parting, in hundredths)."""

    brow: float
    eye: float
    nose: float
    mouth_shift: float
    mouth_tilt: float
    jaw: float
    parting: float


@dataclass(frozen=True)
class Identity:
    """One invented person, with the light and clothes of one sitting."""

    seed: int
    child: float  # 0..1
    old: float  # 0..1
    head: Head
    eyes: Eyes
    nose: Nose
    mouth: Mouth
    complexion: Complexion
    hair: Hair
    light: Light
    backdrop: Backdrop
    asymmetry: Asymmetry


class _Draws:
    """The seed's one stream of numbers, in the few shapes used here."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def between(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def around(self, half_width: float) -> float:
        return self.between(-half_width, half_width)

    def bell(self, deviation: float) -> float:
        """Normal around 0, cut at two deviations."""
        return float(np.clip(self.rng.normal(0, deviation), -2 * deviation, 2 * deviation))

    def below(self, count: int) -> int:
        return int(self.rng.integers(0, count))

    def colour(self, low: float, high: float, jitter: float, darkest: float) -> tuple[float, float, float]:
        grey = self.between(low, high)
        red, green, blue = np.clip(grey + self.rng.normal(0, jitter, 3), darkest, 235.0)
        return float(red), float(green), float(blue)


def identity(seed: int) -> Identity:
    """The person of this seed (>= 0): same seed, same person. Each part is drawn in turn from one stream."""
    draws = _Draws(seed)
    tone, age = draws.between(0, 1), draws.between(0, 1)
    child, old = max(0.0, (CHILD_BELOW - age) / CHILD_BELOW), max(0.0, (age - OLD_ABOVE) / (1 - OLD_ABOVE))
    hair_colour = _hair_colour(draws, tone, old)
    hue = draws.bell(0.03)
    head = _head(draws, child)
    eyes = _eyes(draws, tone, child, old)
    nose = _nose(draws, tone, child)
    mouth = _mouth(draws, tone, child, old)
    lip_redness, iris = draws.between(0.2, 1), draws.below(2 if tone > DARK_IRIS_TONE else 6)
    style: HairStyle = draws.rng.choice(np.array(HAIR_STYLES, dtype=object), p=HAIR_STYLE_SHARES)
    hair = Hair(colour=hair_colour, style=style, recession=draws.bell(0.06) + 0.08 * old)
    azimuth, elevation = draws.around(38), draws.between(4, 26)
    ambient, warmth = draws.between(0.35, 0.6), draws.bell(0.05)
    complexion = Complexion(
        tone=tone,
        hue=hue,
        lip_redness=lip_redness,
        iris=iris,
        gloss=draws.between(0.03, 0.10) * (1 - 0.3 * tone),
        freckles=max(0.0, draws.between(-1.5, 1)),
        folds=0.25 + 0.75 * old + draws.between(0, 0.3) - 0.2 * child,
    )
    backdrop = _backdrop(draws, tone)
    light = Light(azimuth, elevation, ambient, warmth, exposure=draws.between(0.92, 1.12))
    asymmetry = Asymmetry(*(draws.bell(NATURAL_ASYMMETRY) for _ in range(7)))
    return Identity(seed, child, old, head, eyes, nose, mouth, complexion, hair, light, backdrop, asymmetry)


def another_sitting(person: Identity, seed: int) -> Identity:
    """The same person on another day: light, background and clothes of `seed`, everything else unchanged."""
    draws = _Draws(seed)
    light = Light(
        azimuth=draws.around(38),
        elevation=draws.between(4, 26),
        ambient=draws.between(0.35, 0.6),
        warmth=draws.bell(0.05),
        exposure=draws.between(0.92, 1.12),
    )
    return replace(person, light=light, backdrop=_backdrop(draws, person.complexion.tone))


def _hair_colour(draws: _Draws, tone: float, old: float) -> int:
    colour = draws.below(DARK_HAIR_COLOURS if tone > DARK_HAIR_TONE else HAIR_COLOURS)
    if draws.rng.random() < old:
        colour = HAIR_COLOURS + draws.below(GREY_HAIR_COLOURS)
    return colour


def _head(draws: _Draws, child: float) -> Head:
    return Head(
        width=1 + draws.around(0.10) + 0.03 * child,
        jaw=1 + draws.around(0.12) - 0.03 * child,
        chin=1 + draws.around(0.09) - 0.05 * child,
        cheek=draws.around(0.05),
        taper=draws.around(0.10),
    )


def _eyes(draws: _Draws, tone: float, child: float, old: float) -> Eyes:
    return Eyes(
        apart=draws.around(0.045),
        width=1 + draws.around(0.12) + 0.05 * child,
        height=1 + draws.around(0.32) + 0.12 * child - 0.1 * old,
        tilt=0.014 + draws.around(0.045),
        brow_lift=draws.around(0.055),
        brow_thickness=float(np.clip(0.062 + draws.around(0.024) - 0.012 * child, 0.04 + 0.012 * tone, 0.095)),
        brow_arch=draws.around(0.05),
        brow_tilt=draws.around(0.045),
    )


def _nose(draws: _Draws, tone: float, child: float) -> Nose:
    return Nose(
        width=1 + draws.around(0.26) - 0.05 * child + 0.10 * (tone - 0.5),
        length=1 + draws.around(0.13) - 0.06 * child,
        height=1 + draws.around(0.4) - 0.2 * child,
        bridge=1 + draws.around(0.5),
    )


def _mouth(draws: _Draws, tone: float, child: float, old: float) -> Mouth:
    return Mouth(
        width=1 + draws.around(0.13) - 0.04 * child,
        lower=draws.around(0.042),
        upper_lip=max(0.62, 1 + draws.around(0.36) + 0.2 * (tone - 0.4) - 0.2 * old),
        lower_lip=max(0.68, 1 + draws.around(0.30) + 0.15 * (tone - 0.4) - 0.15 * old),
        cupids_bow=1 + draws.bell(0.3),
    )


def _backdrop(draws: _Draws, tone: float) -> Backdrop:
    """Dark backgrounds hide dark faces from the detector less than the reverse, so tone bounds the grey level."""
    return Backdrop(
        background=draws.colour(45, 205 - 90 * tone, BACKGROUND_JITTER, darkest=20.0),
        clothes=draws.colour(30, 210, CLOTHES_JITTER, darkest=15.0),
    )
