"""A small adjustment of the models' points, learned from where people put them.

In: ANTHROPOMETRY_POINTS as the models left them, and people's corrections. Out: by kind of point, weights and how they
do on people held out; the points, moved. Solution 1, step 41, names such a "small adjustment module".

In the levelled frame, a point's move is a constant plus a share of how far it and its partner lie from mirroring each
other (outward, upward); of a midline point, a constant upward and a share of its distance from the midline. So a
mirrored face is moved as a mirror image, and a symmetric one stays symmetric. Weights are shrunken towards no move
(ridge regression). In a photograph that somebody corrected, a point that was left counts as right.

A kind of point is moved only where that leaves held-out people's points closer to where people put them: each person's
are judged by weights that the others' corrections gave. Knows neither pixels nor who corrected.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tasks import params
from tasks.anthropometry.frame import levelled, to_pixels
from tasks.anthropometry.from_people import versions
from tasks.anthropometry.from_people.corrections import kept, now, said_in
from tasks.anthropometry.from_people.versions import Version
from tasks.anthropometry.names import INDEX, MIDLINE, PAIRED, POINTS, SIDES
from tasks.base import tables
from tasks.base.words import counted
from tasks.errors import InputError
from tasks.params.anthropometry import AnthropometryAdjust
from tasks.schemas.anthropometry import ANTHROPOMETRY_POINTS

FILE = "adjustments.csv"
"""In the folder of corrections: the versions."""
BY = "`vermilion anthropometry correct`"
UNEVENNESS = 0.02
"""Interocular units: what half the difference between two sides is divided by, so that shrinking treats it as it does
a constant."""
OUTWARD = {side: np.array([-1.0, 1.0]) if side == SIDES[0] else np.ones(2) for side in SIDES}
"""The face's axes to a side's: its x grows outwards."""
DECIMALS = 6


@dataclass(frozen=True)
class Learned:
    """What corrections say of a kind of point, such as `crista_philtri`: of both sides' together.

    `off`, `left`: mean distance to where people put it, interocular, without and with the adjustment, of people held
    out; `left` is None with too few people.
    """

    kind: str
    weights: np.ndarray  # (3, 2): constant, outward, upward; to outward, upward
    longest: float  # the longest move that a person made, interocular
    photographs: int
    people: int
    off: float
    left: float | None

    @property
    def used(self) -> bool:
        """Whether it helps."""
        return self.left is not None and self.left < self.off

    def record(self) -> dict[str, Any]:
        """Plain values, for --json. `weights`: to outward and to upward."""
        names = ("kind", "photographs", "people", "off", "left", "used", "longest")
        return {name: getattr(self, name) for name in names} | {"weights": self.weights.T.round(DECIMALS).tolist()}


def learn(
    points: pa.Table,  # ANTHROPOMETRY_POINTS, as the models left them
    corrections: pa.Table,  # ANTHROPOMETRY_CORRECTIONS
    *,
    settings: AnthropometryAdjust,
) -> list[Learned]:
    """What there is to learn of each kind of point that somebody corrected, in the order of names."""
    moved: dict[str, dict[int, tuple[float, float]]] = {}
    for row in corrections.to_pylist():
        moved.setdefault(row["image_id"], {})[INDEX[row["point"]]] = (row["x"], row["y"])
    faces = [row for row in points.to_pylist() if row["image_id"] in moved and row["points"] is not None]
    if not faces:
        return []
    people = np.array([row["subject_id"] for row in faces])
    models = _stacked([row["points"] for row in faces])
    placed = models.copy()
    for number, row in enumerate(faces):
        for at, place in moved[row["image_id"]].items():
            placed[number, at] = place
    frame = levelled(np.concatenate([models, placed], axis=1), {}).points
    own, moves = frame[:, : len(POINTS)], frame[:, len(POINTS) :] - frame[:, : len(POINTS)]
    kinds = [name for name in (*MIDLINE, *PAIRED) if np.nansum(np.abs(moves[:, _places(name)])) > 0]
    found = (_learned(name, _features(own, name), _targets(moves, name), people, settings) for name in kinds)
    return [one for one in found if one is not None]


def _learned(
    kind: str, features: np.ndarray, targets: np.ndarray, people: np.ndarray, settings: AnthropometryAdjust
) -> Learned | None:
    whose = np.tile(people, len(features) // len(people))
    seen = np.isfinite(features).all(axis=(1, 2)) & np.isfinite(targets).all(axis=1)
    features, targets, whose = features[seen], targets[seen], whose[seen]
    if not len(whose):
        return None
    photographs = int(seen.reshape(-1, len(people)).any(axis=0).sum())
    longest, persons = float(np.hypot(*targets.T).max()), sorted(set(whose))
    left = None
    if len(persons) >= settings.people:
        rest = np.empty_like(targets)
        for person in persons:
            out = whose == person
            weights = _weights(features[~out], targets[~out], settings.shrink)
            rest[out] = targets[out] - _moves(features[out], weights, float(np.hypot(*targets[~out].T).max()))
        left = float(np.hypot(*rest.T).mean())
    weights = _weights(features, targets, settings.shrink)
    return Learned(kind, weights, longest, photographs, len(persons), float(np.hypot(*targets.T).mean()), left)


def _weights(features: np.ndarray, targets: np.ndarray, shrink: float) -> np.ndarray:  # (3, 2)
    """Ridge regression for each axis: `features` (n, 2, 3), what counts for outward and for upward."""
    found = [
        np.linalg.solve(x.T @ x + shrink * np.eye(x.shape[1]), x.T @ y)
        for x, y in zip(np.moveaxis(features, 1, 0), targets.T, strict=True)
    ]
    return np.stack(found, axis=1)


def _moves(features: np.ndarray, weights: np.ndarray, longest: float) -> np.ndarray:  # (n, 2)
    """What the weights say, never longer than people's own moves."""
    moves = np.einsum("nak,ka->na", features, weights)
    length = np.hypot(*moves.T)[:, None]
    return np.asarray(moves * np.minimum(1, longest / np.maximum(length, 1e-12)))


def _features(own: np.ndarray, kind: str) -> np.ndarray:
    """(n or 2n, 2, 3): of each face, or first of all right then of all left sides, for each axis what moves a point."""
    if kind in MIDLINE:
        beside = own[:, INDEX[kind], 0] / UNEVENNESS
        zero, one = np.zeros_like(beside), np.ones_like(beside)
        return np.stack([np.stack([zero, beside, zero], -1), np.stack([one, zero, zero], -1)], axis=1)
    right, left = (own[:, INDEX[f"{kind}_{side}"]] * OUTWARD[side] for side in SIDES)
    uneven = (left - right) / 2 / UNEVENNESS
    sides = [np.concatenate([np.ones((len(own), 1)), sign * uneven], axis=1) for sign in (-1, 1)]
    return np.repeat(np.concatenate(sides)[:, None], 2, axis=1)


def _targets(moves: np.ndarray, kind: str) -> np.ndarray:  # (n or 2n, 2)
    if kind in MIDLINE:
        return np.asarray(moves[:, INDEX[kind]])
    return np.concatenate([moves[:, INDEX[f"{kind}_{side}"]] * OUTWARD[side] for side in SIDES])


def _places(kind: str) -> list[int]:
    return [INDEX[kind]] if kind in MIDLINE else [INDEX[f"{kind}_{side}"] for side in SIDES]


def adjusted(
    points: pa.Table,  # ANTHROPOMETRY_POINTS
    learned: Sequence[Learned],
) -> pa.Table:
    """The points with those moved that the adjustment helps. Outlines and errors stay; a refused photograph, too."""
    rows = points["points"].to_pylist()
    faces = [number for number, own in enumerate(rows) if own is not None]
    if not faces or not any(one.used for one in learned):
        return points
    models = _stacked([rows[number] for number in faces])
    for number, face in zip(faces, move(models, learned), strict=True):
        rows[number] = _listed(face)
    at, field = points.schema.get_field_index("points"), points.schema.field("points")
    return points.set_column(at, field, pa.array(rows, field.type))


def move(
    models: np.ndarray,  # (n, len(POINTS), 2) px
    learned: Sequence[Learned],
) -> np.ndarray:  # (n, len(POINTS), 2) px
    """Faces' points, moved where that helps; every other one has the same bits."""
    frame = levelled(models, {}).points
    moves = np.zeros_like(frame)
    for one in learned:
        if one.used:
            found = _moves(_features(frame, one.kind), one.weights, one.longest)
            for at, side, own in _by_side(one.kind, found, len(models)):
                moves[:, at] = own * (OUTWARD[side] if side else 1)
    placed = np.stack([to_pixels(where, face) for where, face in zip(frame + moves, models, strict=True)])
    return np.where(moves != 0, placed, models) if learned else models


def _by_side(kind: str, found: np.ndarray, faces: int) -> Iterator[tuple[int, str, np.ndarray]]:
    if kind in MIDLINE:
        yield INDEX[kind], "", found
        return
    for side, own in zip(SIDES, (found[:faces], found[faces:]), strict=True):
        yield INDEX[f"{kind}_{side}"], side, own


def _stacked(faces: Sequence[Sequence[float | None]]) -> np.ndarray:  # (n, len(POINTS), 2) px; NaN: not seen
    return np.array(faces, float).reshape(len(faces), len(POINTS), 2)


def _listed(values: np.ndarray) -> list[float | None]:
    return [None if np.isnan(value) else round(float(value), DECIMALS) for value in values.ravel()]


def figures(learned: Sequence[Learned]) -> tuple[float, float] | None:
    """Mean distance without and with the adjustment, of people held out, over all points that they judge."""
    judged = [(one.photographs, one.off, one.left if one.used else one.off) for one in learned if one.left is not None]
    number = sum(own for own, _, _ in judged)
    if not number:
        return None
    return sum(own * off for own, off, _ in judged) / number, sum(own * (left or 0) for own, _, left in judged) / number


def words(learned: Sequence[Learned], *, settings: AnthropometryAdjust) -> str:
    """What came of it, in a sentence."""
    used, judged = [one for one in learned if one.used], [one for one in learned if one.left is not None]
    if not judged:
        most = max(one.people for one in learned)
        return f"no point is moved: corrections of {settings.people} people are needed to judge one, and {most} is most"
    if not used:
        return "no point is moved: held-out people's points would lie no closer to where people put them"
    return f"{counted(len(used), 'kind')} of point of {len(learned)} moved"


def version(points: pa.Table, folder: Path, *, settings: AnthropometryAdjust) -> tuple[list[Learned], Version]:
    """What all corrections that stand now teach, and the version that this is; nothing is kept. `folder`: of them.

    InputError: nobody has corrected a point of these photographs.
    """
    said = kept(folder)
    learned = learn(points, said, settings=settings)
    if not learned:
        raise InputError(f"{folder}: nobody has corrected a point of these photographs yet (`vermilion review`)")
    until = max(one.at for one in said_in(folder))
    whose = dict(zip(points["image_id"].to_pylist(), points["subject_id"].to_pylist(), strict=True))
    seen = {own for own in said["image_id"].to_pylist() if own in whose}
    action = "used" if any(one.used for one in learned) else "not used"
    before, after = figures(learned) or (None, None)
    return learned, Version(now(), action, until, len(seen), len({whose[one] for one in seen}), before, after)


def standing(points: pa.Table, folder: Path, *, settings: AnthropometryAdjust) -> list[Learned]:
    """What the version that counts says of these points; nothing where there is none. `folder`: of corrections."""
    every = versions.counting(versions.read(folder / FILE, by=BY))
    return learn(points, kept(folder, every[-1].until), settings=settings) if every else []


def of_project(root: Path) -> list[Learned]:
    """What the version that counts says of the project's points; nothing where there is none, or no points yet."""
    points, folder = root / "data/anthropometry/points", root / "data/corrections"
    if not (folder / FILE).exists() or not points.exists():
        return []
    settings = params.load(AnthropometryAdjust, "anthropometry_adjust", root / "params.yaml")
    return standing(tables.read(points, ANTHROPOMETRY_POINTS), folder, settings=settings)
