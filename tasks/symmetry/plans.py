"""What will be done to a control's photograph: drawn from seeded distributions, before any picture is read.

In: settings and an image_id. Out: plans (kind, side, severity, which points move, mesh or smooth). Each
plan has a random stream of its own, seeded by the image's content and the plan's number: another
photograph, or one more plan, changes none of the others.
Rosero et al. 2025, Methods, "CLP Transformation"; controls and further deformations are beyond the paper.
Knows nothing of pixels.
"""

from dataclasses import dataclass

import numpy as np

from tasks.base.points68 import MIRROR
from tasks.params.symmetry import SymmetryWarp
from tasks.symmetry import deformations
from tasks.symmetry.texture import Scar, draw_scar

CONTOUR = (51, 52, 53, 54, 55, 56, 57)
"""Outer lip border of the patient's left side, from the bow to the middle of the lower lip."""
LOCAL_STRENGTH = 1.6
"""A local bulge moves one place only, so it is moved farther, as a share of full strength."""


@dataclass(frozen=True)
class Plan:
    """One deformation to be made. Control points are mixtures of landmarks; moves are in the level frame,
    mouth widths, at severity 1. `method` says what carries them: the mesh, a smooth field, or nothing."""

    kind: str
    symmetric: bool
    side: str | None
    severity: float
    method: str  # "mesh" | "smooth" | "none"
    share: np.ndarray  # (n, 68)
    moves: np.ndarray  # (n, 2)
    reach: float  # of a smooth field, mouth widths
    scar: Scar | None
    resample: np.ndarray | None  # (3,) sub-pixel shift x, y, and which side only: -1, 0 (both), 1


def stream(seed: int, image_id: str, *numbers: int) -> np.random.Generator:
    """A random generator of this image's own."""
    return np.random.default_rng([seed, int(image_id, 16), *numbers])


def draw_plans(image_id: str, *, settings: SymmetryWarp, exemplars: np.ndarray | None) -> list[tuple[Plan, Plan]]:
    """`variants` couples of one symmetric and one asymmetric plan; the first symmetric one leaves the face untouched.

    `exemplars` are (n, 68, 2) displacements as `deformations.exemplar_offsets` gives them, or None.
    """
    couples = []
    for number in range(settings.variants):
        positive = stream(settings.seed, image_id, number, 1)
        negative = stream(settings.seed, image_id, number, 0)
        control = "untouched" if number == 0 else _choice(positive, settings.controls)
        couples.append((_symmetric(control, positive, settings, exemplars), _one_sided(negative, settings, exemplars)))
    return couples


def _choice(rng: np.random.Generator, weights: dict[str, float]) -> str:
    names = sorted(weights)
    share = np.array([weights[name] for name in names])
    return names[int(rng.choice(len(names), p=share / share.sum()))]


def _one_sided(rng: np.random.Generator, settings: SymmetryWarp, exemplars: np.ndarray | None) -> Plan:
    kind = _choice(rng, settings.deformations)
    side = "left" if rng.random() < 0.5 else "right"
    return make_plan(kind, side, rng, settings=settings, exemplars=exemplars)


def _symmetric(control: str, rng: np.random.Generator, settings: SymmetryWarp, exemplars: np.ndarray | None) -> Plan:
    if control == "both_sided":
        kind = _choice(rng, settings.deformations)
        return make_plan(kind, None, rng, settings=settings, exemplars=exemplars)
    shift = None
    if control == "resampled":
        shift = np.array([*rng.uniform(-0.5, 0.5, 2), rng.integers(-1, 2)])
    return Plan(control, True, None, 0.0, "none", np.zeros((0, 68)), np.zeros((0, 2)), 0.0, None, shift)


def make_plan(
    kind: str,
    side: str | None,
    rng: np.random.Generator,
    *,
    settings: SymmetryWarp,
    exemplars: np.ndarray | None,
) -> Plan:
    """The deformation `kind` on the patient's `side`; None: on both sides alike (kind "both_sided")."""
    severity = float(rng.uniform(settings.severity_low, settings.severity_high))
    smooth = bool(rng.random() < settings.smooth_share)
    reach = float(rng.uniform(settings.reach_low, settings.reach_high))
    scar = draw_scar(rng) if kind == "scar" else None
    if kind == "scar":
        share, moves = np.zeros((0, 68)), np.zeros((0, 2))
    elif kind == "local":
        share, moves = _local(rng)
    else:
        share, moves = np.eye(68), _landmark_moves(kind, rng, settings, exemplars)
    share, moves = _on(side, share, moves * settings.full_strength)
    kept = np.abs(moves).sum(axis=1) > 0
    method = "none" if kind == "scar" else "smooth" if smooth or kind == "local" else "mesh"
    name = "both_sided" if side is None else kind
    return Plan(name, side is None, side, severity, method, share[kept], moves[kept], reach, scar, None)


def _landmark_moves(
    kind: str, rng: np.random.Generator, settings: SymmetryWarp, exemplars: np.ndarray | None
) -> np.ndarray:
    strengths = deformations.Strengths(settings.inner_lip, settings.alar)
    moves = deformations.offsets(kind, strengths, rng, jitter=settings.jitter)
    if kind == "clp" and exemplars is not None and len(exemplars):
        chosen = exemplars[rng.integers(len(exemplars))] / settings.full_strength
        moves = (1 - settings.exemplar_weight) * moves + settings.exemplar_weight * chosen
    return moves


def _local(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """One point anywhere on the patient's left lip border, moved across it, up or down: along it nothing would show."""
    place = rng.uniform(0.5, len(CONTOUR) - 1.5)
    first = int(place)
    share = np.zeros((1, 68))
    share[0, CONTOUR[first]], share[0, CONTOUR[first + 1]] = 1 - (place - first), place - first
    angle = rng.choice([-1, 1]) * np.pi / 2 + rng.uniform(-0.7, 0.7)
    return share, LOCAL_STRENGTH * np.array([[np.cos(angle), np.sin(angle)]])


def _on(side: str | None, share: np.ndarray, moves: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Control points of the patient's left carried to the side asked for, or to both."""
    if side == "left":
        return share, moves
    other_share, other_moves = share[:, MIRROR], moves * [-1, 1]
    if side == "right":
        return other_share, other_moves
    if len(share) == 68:
        return share, deformations.both_sides(moves)
    return np.concatenate([share, other_share]), np.concatenate([moves, other_moves])
