"""Whether the photographs of a set show one person with one expression.

In: shots and their angles. Out: those that do not go with the most, each with its reason. Faces are compared only where
they look alike: near the front. Of a profile nothing is said.
"""

from collections.abc import Mapping

import numpy as np

from tasks.params.capture import Capture
from tasks.surface.capture.angles import Angle
from tasks.surface.capture.head import Head

Faces = Mapping[int, tuple[Head, Angle]]
"""Heads and their angles, by the photograph's number."""
REACH, UP = 35.0, 20.0
"""Degrees to the side, and up or down, within which faces are compared."""
REACH_WIDTH = 20.0
"""Degrees to the side within which a mouth's width is compared."""
STRANGER = "another person, by the face"
OPENING = ("the lips are further apart than in most", "the lips are closer together than in most")
WIDTH = ("the mouth is wider than in most", "the mouth is narrower than in most")


def strangers(faces: Faces, *, settings: Capture) -> dict[int, str]:
    """Photographs that show somebody else than most do."""
    alike = _within(faces, REACH)
    if len(alike) < 2:
        return {}
    every = np.array([head.descriptor for head in alike.values()])
    far = np.linalg.norm(every[:, None] - every[None], axis=2) > settings.most_distance
    middle = far[int(far.sum(axis=1).argmin())]
    return {number: STRANGER for number, other in zip(alike, middle.tolist(), strict=True) if other}


def changed(faces: Faces, *, settings: Capture) -> dict[int, str]:
    """Photographs in which the mouth is held otherwise than in most."""
    opening = {number: head.opening for number, head in _within(faces, REACH).items()}
    width = {number: head.width for number, head in _within(faces, REACH_WIDTH).items()}
    return _unlike(width, settings.most_smile, WIDTH) | _unlike(opening, settings.most_opening, OPENING)


def _within(faces: Faces, reach: float) -> dict[int, Head]:
    return {n: head for n, (head, angle) in faces.items() if abs(angle.yaw) <= reach and abs(angle.pitch) <= UP}


def _unlike(values: Mapping[int, float], limit: float, words: tuple[str, str]) -> dict[int, str]:
    """Those further than `limit` from the value that most are near; of two as frequent the lesser one counts."""
    ordered = sorted(values.values())
    if not ordered:
        return {}
    near = [sum(abs(value - other) <= limit for other in ordered) for value in ordered]
    usual = ordered[near.index(max(near))]
    return {
        number: f"another expression: {words[value < usual]}"
        for number, value in values.items()
        if abs(value - usual) > limit
    }
