"""A nose and lip as a repaired cleft of one side leaves them: how far each vertex of a symmetric head moves.

In: the side. Out: millimetres per vertex for an amplitude of 1, a sum of smooth bumps at named points, in the pattern
that the field describes (docs/surface.md): the wing lies wider, lower and further back, its dome is flat, tip and
columella lean to the other side, the bow's peak is drawn up, the philtral column is flat, the corner stands higher.
"""

from typing import Literal, NamedTuple

import numpy as np

from tasks.phantoms.heads.points import vertices_of
from tasks.phantoms.heads.template import template

Side = Literal["left", "right"]
SIDES: tuple[Side, ...] = ("left", "right")


class Bump(NamedTuple):
    """What is moved, where to, and how far round about it."""

    point: str  # a named point; of a pair that of the cleft's side
    move: tuple[float, float, float]  # mm: towards the cleft's side, up, out of the face
    radius: float  # mm, beyond which nothing moves
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)  # mm from the point, in the same directions


BUMPS = (
    Bump("alar_base", (0.0, 0.0, -1.2), 26.0, (6.0, -2.0, 0.0)),
    Bump("alar_base", (1.2, -0.7, -0.6), 16.0),
    Bump("alare", (0.6, -0.5, -0.8), 14.0),
    Bump("pronasale", (-1.3, -0.1, -0.2), 22.0),
    Bump("subnasale", (-0.8, 0.0, 0.0), 13.0),
    Bump("crista_philtri", (0.1, 1.0, -0.3), 8.5, (1.0, 0.0, 0.0)),
    Bump("crista_philtri", (0.0, 0.2, -1.2), 12.0, (1.0, 7.0, 0.0)),
    Bump("cheilion", (-0.2, 0.6, 0.0), 13.0),
)


def moves(side: Side) -> np.ndarray:
    """Millimetres (V, 3) by which each vertex moves at amplitude 1."""
    head = template()
    towards = np.array([1.0 if side == "left" else -1.0, 1.0, 1.0])
    at, named = head.neutral, vertices_of(head.neutral)
    total = np.zeros(at.shape)
    for bump in BUMPS:
        centre = named.get(bump.point, named.get(f"{bump.point}_{side}"))
        assert centre is not None
        away = np.linalg.norm(at - (centre + towards * bump.offset), axis=1) / bump.radius
        total += np.where(away < 1, (1 - away**2) ** 2, 0.0)[:, None] * (towards * bump.move)
    return total
