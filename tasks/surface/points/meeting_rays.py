"""One point in space from the places at which several photographs show it, some of them wrong.

In: rays. Out: the place that most of them agree upon, and its covariance. Every pair of rays proposes a place, the one
with most rays nearby wins (RANSAC over all pairs, hence the same on every run), and reweighted least squares settle it.
Knows nothing of faces.
"""

from itertools import combinations
from typing import NamedTuple

import numpy as np

ROUNDS = 10  # of reweighting


class Met(NamedTuple):
    """Where rays meet."""

    place: np.ndarray  # (3,)
    covariance: np.ndarray  # (3, 3) of the place, squares of the unit
    inliers: np.ndarray  # (N,) bool: rays that agree


def intersect(
    centres: np.ndarray,  # (N, 3) of the cameras
    rays: np.ndarray,  # (N, 3) unit
    *,
    gate: float,  # a ray that passes further away disagrees
    least_angle: float,  # degrees between two rays that propose a place
    noise: float,  # standard deviation of a ray at the point at least
) -> Met | None:
    """Where most rays meet; None where no two of them, `least_angle` apart or more, do."""
    across = np.eye(3) - rays[:, :, None] * rays[:, None, :]  # (N, 3, 3): takes off what lies along the ray
    aimed = np.einsum("nij,nj->ni", across, centres)
    best: np.ndarray | None = None
    key = (0, 0.0)
    for one, other in combinations(range(len(rays)), 2):
        if abs(rays[one] @ rays[other]) > np.cos(np.radians(least_angle)):
            continue
        place = _solved(across[[one, other]], aimed[[one, other]], np.ones(2))
        away = _away(place, centres, across)
        near = away < gate
        if near[[one, other]].all() and (int(near.sum()), -float(away[near].sum())) > key:
            best, key = place, (int(near.sum()), -float(away[near].sum()))
    if best is None:
        return None
    inliers = _away(best, centres, across) < gate
    for _ in range(ROUNDS):
        weights = inliers / (1 + (_away(best, centres, across) / (0.4 * gate)) ** 2)
        best = _solved(across, aimed, weights)
    spread = (weights * _away(best, centres, across) ** 2).sum() / max(2 * weights.sum() - 3, 1)
    covariance = max(noise**2, float(spread)) * np.linalg.inv(np.einsum("n,nij->ij", weights, across))
    return Met(best, covariance, inliers)


def _solved(across: np.ndarray, aimed: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.solve(np.einsum("n,nij->ij", weights, across), weights @ aimed))


def _away(place: np.ndarray, centres: np.ndarray, across: np.ndarray) -> np.ndarray:
    """How far each ray passes from the place, (N,)."""
    return np.asarray(np.linalg.norm(np.einsum("nij,nj->ni", across, place - centres), axis=1))
