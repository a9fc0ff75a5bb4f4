"""From where each photograph of a set shows the head.

In: shots and the pairs of them that match. Out: for each shot an `Angle`, or None where nothing tells. A face's own
points tell up to `trusted_yaw` to the side; from there on the turn between matching neighbours is added up. Without
EXIF the focal length is the one with which matches turn as far as faces do. Where nothing matches, a profile's outline
before an even wall tells at least the side.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np

from tasks.ingest.faces.profile import View
from tasks.params.capture import Capture
from tasks.surface.capture.overlap import Match, Pair, angle_of
from tasks.surface.capture.shot import Shot

TURNS = (8.0, 45.0)
"""Degrees between two faces by which a focal length is judged: less is noise, more matches badly."""
LEAST_PAIRS = 1
MOST_FACTOR = 4.0
STRAY = 25.0
"""Degrees: a match that turns so much otherwise than its two faces is a chance one."""
OUTLINE = 80.0
"""Degrees to the side of a photograph of which only the outline is known."""

By = Literal["face", "neighbours", "outline"]


@dataclass(frozen=True)
class Angle:
    """Degrees: `yaw` to the patient's left, `pitch` from above, `roll` clockwise in the picture."""

    yaw: float
    pitch: float
    roll: float
    by: By


def angle(rotation: np.ndarray, by: By) -> Angle:
    """The angle of a rotation from the head's frame to the camera's."""
    towards = -rotation[2]  # from the head to the camera, in the head's frame
    yaw, pitch = np.arctan2(towards[0], towards[2]), np.arcsin(np.clip(towards[1], -1, 1))
    roll = np.arctan2(rotation[0, 1], -rotation[1, 1])
    yaw, pitch, roll = np.degrees([yaw, pitch, roll]).tolist()
    return Angle(yaw, pitch, roll, by)


def first_focals(shots: Sequence[Shot], *, settings: Capture) -> list[float]:
    """Focal lengths in px of the pictures looked at: EXIF's, else the usual one."""
    return [(shot.lens.focal or settings.focal * max(shot.size)) * shot.scale for shot in shots]


def judged_focals(
    shots: Sequence[Shot], found: Mapping[Pair, Match], focals: Sequence[float], *, settings: Capture
) -> list[float]:
    """The same, those that EXIF did not give set so that matches turn as far as faces do, if there are enough pairs."""
    ratios = []
    for (one, other), match in found.items():
        if shots[one].lens.focal or shots[other].lens.focal:
            continue
        first, second = (trusted(shots[number], settings) for number in (one, other))
        if first is None or second is None:
            continue
        between = angle_of(second @ first.T)
        if TURNS[0] < between < TURNS[1] and match.angle > 1:
            ratios.append(between / match.angle)
    factor = float(np.median(ratios)) if len(ratios) >= LEAST_PAIRS else 1.0
    factor = factor if 1 / MOST_FACTOR < factor < MOST_FACTOR else 1.0
    return [focal if shot.lens.focal else focal * factor for shot, focal in zip(shots, focals, strict=True)]


def trusted(shot: Shot, settings: Capture) -> np.ndarray | None:
    """The rotation that the face tells, where it is turned so little that it can."""
    if shot.head is None or abs(angle(shot.head.rotation, "face").yaw) > settings.trusted_yaw:
        return None
    return shot.head.rotation


def without_strays(shots: Sequence[Shot], found: Mapping[Pair, Match], *, settings: Capture) -> dict[Pair, Match]:
    """The matches that do not contradict the faces that they join."""
    kept = {}
    for (one, other), match in found.items():
        first, second = (trusted(shots[number], settings) for number in (one, other))
        if first is None or second is None or angle_of(second @ (match.rotation @ first).T) < STRAY:
            kept[one, other] = match
    return kept


def angles(
    shots: Sequence[Shot],
    found: Mapping[Pair, Match],
    outlines: Mapping[int, View],
    *,
    settings: Capture,
) -> list[Angle | None]:
    """Each shot's angle. `outlines`: the side that is seen, of shots known to be profiles."""
    told = {number: own for number, shot in enumerate(shots) if (own := trusted(shot, settings)) is not None}
    reached = _spread(told, found)
    turned = {n: shot.head.rotation for n, shot in enumerate(shots) if shot.head is not None and n not in reached}
    reached = _spread(reached | turned, found)
    aside = {n: _aside(OUTLINE if view == "left" else -OUTLINE) for n, view in outlines.items() if n not in reached}
    reached = _spread(reached | aside, found)
    kinds: dict[int, By] = {}
    for numbers, by in ((reached, "neighbours"), (aside, "outline"), (told, "face"), (turned, "face")):
        kinds |= dict.fromkeys(numbers, cast(By, by))
    return [angle(reached[n], kinds[n]) if n in reached else None for n in range(len(shots))]


def _spread(known: Mapping[int, np.ndarray], found: Mapping[Pair, Match]) -> dict[int, np.ndarray]:
    """The rotations that are known and those that follow from them, along the strongest match first."""
    reached = dict(known)
    ways = [(len(match.one), one, other, match.rotation) for (one, other), match in found.items()]
    ways += [(number, other, one, rotation.T) for number, one, other, rotation in ways]
    while open_ways := [way for way in ways if way[1] in reached and way[2] not in reached]:
        _, one, other, rotation = max(open_ways, key=lambda way: way[0])
        reached[other] = rotation @ reached[one]
    return reached


def _aside(yaw: float) -> np.ndarray:
    """The rotation of a camera that looks at the head from `yaw` degrees, level."""
    across, out = np.cos(np.radians(yaw)), np.sin(np.radians(yaw))
    return np.array([[across, 0, -out], [0, -1, 0], [-out, 0, -across]])
