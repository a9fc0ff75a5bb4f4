"""Whether a face holds still from photograph to photograph: where mouth and brows stand, beside where they should.

In: what photographs show of the 478 points, and their cameras. Out: the photographs in which mouth or brows stand
otherwise than in the rest. Each point is put where its rays meet; by how much a photograph shows it beside that place,
in millimetres of the head, is the model's error or an expression. Errors follow the height of the camera and are taken
off; what is left is parted in two, and parts of a still face lie closer together than a smile moves it
(docs/surface.md). Photographs without a face from the front, or from further than `ASIDE`, are not judged. Knows no
pixels.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tasks.ingest.faces.mesh import PAIRED
from tasks.surface.cameras.refusals import FEWER, RefusedSet
from tasks.surface.capture.head import rotation_of
from tasks.surface.points.from_photographs import Look

STILL = (33, 133, 362, 263, 168, 6, 197, 195, 5, 4)
"""Eye corners and the nose's bridge: no expression moves them."""
CORNERS = (61, 146, 185), (291, 375, 409)
"""The mouth's corners, the patient's right and left, each with its neighbours on the lips' borders."""
UPPER, LOWER = (0, 13, 37, 267), (14, 17, 84, 87, 314, 317)
BROWS = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300)
FAR = 35.0
"""Degrees to the other side, up to which a photograph tells where a corner of the mouth stands."""
ASIDE = 52.0
"""Degrees to the side, beyond which the models' own errors at the mouth are as large as a smile."""
FEWEST = 6
"""Photographs of which fewer tell nothing."""
LEAST = 2
"""Photographs of a part: one alone may be a model's slip."""
MANY = 3
"""Photographs of another expression that are no slip any more."""
ROUNDS, GATE = 5, 2.0
"""Of putting a point where its rays meet; mm beyond which a ray counts much less."""
WORDS = {
    "corners": "the corners of the mouth stand {:.0f} mm higher and wider than in the others",
    "opening": "the lips are {:.0f} mm further apart than in the others",
    "brows": "the brows stand {:.0f} mm higher than in the others",
}


def moved(looks: Sequence[Look], given: int, *, most: float) -> dict[str, str]:
    """The few photographs of another expression, with the reason: they are to be left out. `given`: of the whole set.

    RefusedSet where they are too many to be left out. `most`: mm between the parts that a still face may show.
    """
    change = changed(looks)
    if change is None or abs(change.apart) <= most:
        return {}
    reasons = dict.fromkeys(change.names, told(change))
    if len(change.names) >= max(MANY, FEWER * given):
        words = told(change).partition(": ")[2]
        raise RefusedSet(
            f"the face moved between the photographs: in {len(change.names)} of {len(looks)} that show it from the "
            f"front {words}, at most {most:g} mm will do",
            reasons,
        )
    return reasons


class Change(NamedTuple):
    """A part of the photographs in which the face is otherwise."""

    names: list[str]  # of the smaller part
    apart: float  # mm between the parts; below 0 where the smaller part's is the lesser
    feature: str  # of WORDS


def changed(looks: Sequence[Look]) -> Change | None:
    """What differs most between two parts of these photographs, however little; None where they are too few."""
    looks = _from_the_front(looks)
    if len(looks) < FEWEST:
        return None
    return max((_parted(looks, feature, values) for feature, values in _features(looks).items()), key=_size)


def told(change: Change) -> str:
    """What is to be said of the smaller part."""
    words = WORDS[change.feature].format(abs(change.apart))
    if change.apart < 0:
        words = words.replace("higher and wider", "lower and narrower").replace("further apart", "closer together")
        words = words.replace("mm higher", "mm lower")
    return f"another expression: {words}"


def _size(change: Change) -> float:
    return abs(change.apart)


def _from_the_front(looks: Sequence[Look]) -> Sequence[Look]:
    """Those that are judged."""
    if len(looks) < FEWEST:
        return looks
    places, _ = _beside(looks)
    return [look for look, (turn, _) in zip(looks, _turns(looks, places), strict=True) if abs(turn) <= ASIDE]


def _turns(looks: Sequence[Look], places: np.ndarray) -> np.ndarray:
    """From where each photograph shows the head, (n, 2): degrees to the patient's left, and from above."""
    eyes = places[list(PAIRED["exocanthion"])].mean(axis=0)
    x, y, z = (np.array([look.camera.centre - eyes for look in looks]) @ rotation_of(places)).T
    return np.asarray(np.degrees(np.column_stack([np.arctan2(x, z), np.arctan2(y, np.hypot(x, z))])))


def _features(looks: Sequence[Look]) -> dict[str, np.ndarray]:
    """How mouth and brows stand in each photograph, (n,) mm, from their mean place."""
    places, beside = _beside(looks)
    head, turns = rotation_of(places), _turns(looks, places)
    rows = []
    for look, off, turn in zip(looks, beside, turns[:, 0], strict=True):
        axes = (look.camera.rotation @ head[:, :2])[:2].T  # where the picture shows the head's left, and its up
        along = off @ (axes / (axes**2).sum(axis=1, keepdims=True)).T
        corners = [
            (side * along[list(own), 0] + along[list(own), 1]).mean() / np.sqrt(2)
            for side, own in zip((-1, 1), CORNERS, strict=True)
            if turn * side >= -FAR
        ]
        opening = along[list(UPPER), 1].mean() - along[list(LOWER), 1].mean()
        rows.append((np.mean(corners), opening, along[list(BROWS), 1].mean()))
    even = np.column_stack([np.ones(len(rows)), turns[:, 1]])
    values = np.array(rows)
    values = values - even @ np.linalg.lstsq(even, values, rcond=None)[0]
    return dict(zip(WORDS, values.T, strict=True))


def _beside(looks: Sequence[Look]) -> tuple[np.ndarray, np.ndarray]:
    """Where the points' rays meet, (478, 3), and by how much each photograph shows them beside it, (n, 478, 2) mm."""
    centres = np.array([look.camera.centre for look in looks])
    rays = np.stack([look.camera.rays(look.mesh) for look in looks])  # (n, 478, 3)
    across = np.eye(3) - rays[..., :, None] * rays[..., None, :]
    weights = np.ones(rays.shape[:2])
    for _ in range(ROUNDS):
        matrix = np.einsum("np,npij->pij", weights, across)
        aimed = np.einsum("np,npij,nj->pi", weights, across, centres)
        places = np.linalg.solve(matrix, aimed[..., None])[..., 0]
        away = np.linalg.norm(np.einsum("npij,npj->npi", across, places[None] - centres[:, None]), axis=2)
        weights = 1 / (1 + (away / GATE) ** 2)
    off = np.stack(
        [
            (look.mesh - look.camera.project(places)) * (look.camera.seen(places)[:, 2:] / look.camera.matrix[0, 0])
            for look in looks
        ]
    )
    return places, off - off[:, list(STILL)].mean(axis=1, keepdims=True)


def _parted(looks: Sequence[Look], feature: str, values: np.ndarray) -> Change:
    """The two parts, each of `LEAST` or more, between which most of the values' spread lies.

    The least and the greatest value count as the next one does, so that a slip does not take another one with it.
    """
    order = np.argsort(values, kind="stable")
    ordered, number = values[order], len(values)
    ordered[0], ordered[-1] = ordered[1], ordered[-2]
    between = []
    for first in range(LEAST, number - LEAST + 1):
        apart = ordered[first:].mean() - ordered[:first].mean()
        between.append((first * (number - first) * apart**2, first, apart))
    _, first, apart = max(between)
    lower = 2 * first <= number
    odd = order[:first] if lower else order[first:]
    return Change(sorted(looks[number].name for number in odd), float(-apart if lower else apart), feature)
