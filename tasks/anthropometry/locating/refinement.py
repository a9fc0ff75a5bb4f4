"""Points of lip and nose moved to where the pixels have them.

In: a photograph and the model's 478 points. Out: the named points, which of them were refined, and outlines. Models
draw lips towards symmetry: of a raised peak of cupid's bow they show a tenth. So the upper lip's border is followed on
the pixels (borders.py), and peaks and dip are its extremes; the wings of the nose go where the nostrils' dark spots are
(nostrils.py). What was learned from warped photographs (descent.py) takes their place, or joins them. A point about
which the pixels say nothing clear stays where the model has it. No point leaves its neighbourhood.
"""

from typing import NamedTuple

import numpy as np

from tasks.anthropometry.locating import descent
from tasks.anthropometry.locating.borders import Border, find_border
from tasks.anthropometry.locating.levelled import UNIT, Levelled, levelled
from tasks.anthropometry.locating.meshed import named
from tasks.anthropometry.locating.nostrils import find_spots
from tasks.anthropometry.names import INDEX, OUTLINES, SIDES
from tasks.ingest.faces import mesh
from tasks.params.anthropometry import AnthropometryPoints, Lips, Nostrils

HALF_BELIEVED = 0.5
NUMBERS = {outline.name: outline.number for outline in OUTLINES}
PEAKS = {"crista_philtri_right": 37, "crista_philtri_left": 267}
WING, RIM = ("alar_base",), ("nostril_outer", "nostril_inner")
"""Points that go with the base of the nose's wing, and with the nostril."""
FINER = 8
"""Places a pixel at which a peak is looked for."""


class Refined(NamedTuple):
    """A face as one look at it has it; px of the photograph."""

    points: np.ndarray  # (45, 2) float
    refined: np.ndarray  # (45,) bool
    model: np.ndarray  # (45, 2) float: where the model alone has them
    outlines: dict[str, np.ndarray]  # the model's
    hidden: np.ndarray  # (45,) bool: not to be seen
    border: np.ndarray | None  # (33, 2) float: the upper vermilion border on the pixels; None: not clear


def refine(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
    found: np.ndarray,  # (478, 2) float, px: the model's
    *,
    settings: AnthropometryPoints,
    regression: descent.Regression | None = None,
) -> Refined:
    """The points and outlines, refined where the pixels are clear. `regression`: in place of the one that is kept."""
    model = named(found)
    points = model.copy()
    refined = np.zeros(len(points), bool)
    face = levelled(image, found)
    outlines = _outlines(found)
    hidden = np.zeros(len(points), bool)
    spots = find_spots(face, settings.nostrils)
    wings = _wing_moves(spots[0].move, spots[1].move, settings.nostrils)
    seen = [spot.contrast >= settings.nostrils.min_contrast for spot in spots]
    for side, spot, wing_move, its in zip(SIDES, spots, wings, seen, strict=True):
        rim, wing = ([INDEX[f"{name}_{side}"] for name in names] for names in (RIM, WING))
        if all(seen):
            points[wing] += face.to_image[:, :2] @ wing_move
            refined[wing] = True
        if its:
            move = face.to_image[:, :2] @ spot.move
            points[rim] += move
            refined[rim] = True
            outlines[f"nostril_{side}"] = outlines[f"nostril_{side}"] + move
        else:
            hidden[rim] = True
    border, line = find_border(face, settings=settings.lips), None
    if border.separation >= settings.lips.min_separation:
        height = believed(border, settings.lips)
        line = along(face.in_image(_with_corners(face, border, height)), NUMBERS["upper_vermilion"])
        for name, place in _bow(face, border, height, settings.lips).items():
            points[INDEX[name]] = face.in_image(place[None])[0]
            refined[INDEX[name]] = True
    if settings.refinement != "edges":
        told = descent.places(face, reach=settings.lips.outward * UNIT, regression=regression)
        moves = _learned_moves(face.from_image(points), told, settings.refinement == "both")
        for name in told:
            if line is None if name in descent.BOW else not all(seen):
                continue
            points[INDEX[name]] += face.to_image[:, :2] @ moves[name]
            refined[INDEX[name]] = True
    return Refined(points, refined, model, outlines, hidden, line)


def _outlines(found: np.ndarray) -> dict[str, np.ndarray]:
    """The model's outlines."""
    return {
        "upper_vermilion": along(found[list(mesh.UPPER_BORDER)], NUMBERS["upper_vermilion"]),
        "lower_vermilion": along(found[list(mesh.LOWER_BORDER)], NUMBERS["lower_vermilion"]),
        "nose": along(found[list(mesh.NOSE)], NUMBERS["nose"]),
        "nostril_right": along(found[list(mesh.NOSTRIL_RIGHT)], NUMBERS["nostril_right"], closed=True),
        "nostril_left": along(found[list(mesh.NOSTRIL_LEFT)], NUMBERS["nostril_left"], closed=True),
    }


def _wing_moves(right: np.ndarray, left: np.ndarray, settings: Nostrils) -> tuple[np.ndarray, np.ndarray]:
    """Moves of the two wings, (2,) px each: what the spots' moves differ by, most of it to the side that moved more.

    What they have in common is how this person's nostrils lie in the wings, and moves neither.
    """
    outward = np.array([-1, 1])
    apart = left - outward * right  # as if both were left ones
    fourth = float(apart @ apart) ** 2
    apart = apart * (settings.wing * fourth / (fourth + (settings.noise * UNIT) ** 4))
    squares = right @ right, left @ left
    lefts = squares[1] / max(sum(squares), 1e-12)
    return -(1 - lefts) * outward * apart, lefts * apart


def _share(move: np.ndarray, noise: float) -> np.ndarray:
    """How much of a move, px, is believed: of a small one half, for the model errs as much; of a large one all."""
    square, usual = np.square(move), (noise * UNIT) ** 2
    return np.asarray((HALF_BELIEVED * usual + square) / (usual + square))


def believed(border: Border, settings: Lips) -> np.ndarray:
    """Heights of the border, (n,) px, as far as its moves from the model's line are believed."""
    move = border.y - border.model
    return np.asarray(border.model + _share(move, settings.noise) * move)


def _with_corners(face: Levelled, border: Border, height: np.ndarray) -> np.ndarray:
    """The border from corner to corner, (n + 2, 2) px of the levelled picture."""
    right, left = face.found[list(mesh.UPPER_BORDER)][[0, -1]]
    return np.concatenate([right[None], np.column_stack([border.x, height]), left[None]])


def _bow(face: Levelled, border: Border, height: np.ndarray, settings: Lips) -> dict[str, np.ndarray]:
    """The two peaks of cupid's bow and the dip between them, (2,) px of the levelled picture each."""
    peaks = {name: _extreme(border.x, height, face.found[number, 0], -1, settings) for name, number in PEAKS.items()}
    low, high = sorted(float(place[0]) for place in peaks.values())
    dip = _extreme(border.x, height, float(np.clip(face.found[0, 0], low, high)), 1, settings, low=low, high=high)
    return peaks | {"labiale_superius": dip}


def _learned_moves(here: np.ndarray, told: dict[str, np.ndarray], both: bool) -> dict[str, np.ndarray]:
    """How far points go to where they were learned to lie, (2,) px of the levelled picture each.

    With `both`, cupid's bow goes half the way, and pairs that followed the nostrils go as far as both sides agree: the
    nostrils show better how the sides differ.
    """
    moves = {name: place - here[INDEX[name]] for name, place in told.items()}
    if both:
        moves |= {name: moves[name] / 2 for name in descent.BOW}
        for right, left in ((f"{name}_right", f"{name}_left") for name in descent.PAIRS):
            common = (moves[right] * [-1, 1] + moves[left]) / 2
            moves |= {right: common * [-1, 1], left: common}
    return moves


def _extreme(
    x: np.ndarray,
    height: np.ndarray,
    start: float,
    sign: int,  # 1 lowest, -1 highest
    settings: Lips,
    *,
    low: float = -np.inf,
    high: float = np.inf,
) -> np.ndarray:
    """The border's extreme point near `start`, (2,): height counts against distance from there."""
    reach = settings.peak_reach * UNIT
    steps = np.arange(-round(reach * FINER), round(reach * FINER) + 1) / FINER
    places = np.clip(start + steps, max(low, x[0]), min(high, x[-1]))
    heights = np.interp(places, x, height)
    best = int(np.argmax(sign * heights - settings.peak_pull * (places - start) ** 2))
    return np.array([places[best], heights[best]])


def along(
    line: np.ndarray,  # (n, 2)
    number: int,
    *,
    closed: bool = False,
) -> np.ndarray:
    """`number` points evenly spaced along the line, (number, 2); a closed one begins and ends at its first point."""
    if closed:
        line = np.concatenate([line, line[:1]])
    steps = np.hypot(*np.diff(line, axis=0).T)
    far = np.concatenate([[0], np.cumsum(steps)])
    at = np.linspace(0, far[-1], number)
    return np.column_stack([np.interp(at, far, line[:, axis]) for axis in (0, 1)])
