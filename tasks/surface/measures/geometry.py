"""Distances and angles in space. Knows no point's name."""

import numpy as np


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """In a straight line, mm."""
    return float(np.linalg.norm(one - other))


def angle_at(corner: np.ndarray, one: np.ndarray, other: np.ndarray) -> float:
    """Degrees at `corner` between two places. ValueError where one lies in the corner."""
    here, there = one - corner, other - corner
    lengths = float(np.linalg.norm(here) * np.linalg.norm(there))
    if lengths == 0:
        raise ValueError("two of its points lie in one place")
    return float(np.degrees(np.arccos(np.clip(here @ there / lengths, -1, 1))))


def from_line(place: np.ndarray, one: np.ndarray, other: np.ndarray) -> float:
    """How far a place lies from the straight line through two others, mm."""
    along = other - one
    length = float(np.linalg.norm(along))
    if length == 0:
        raise ValueError("two of its points lie in one place")
    return float(np.linalg.norm(np.cross(along, place - one)) / length)


def tilt(along: float, up: float) -> float:
    """Degrees by which a line rises, that goes `along` and `up`."""
    return float(np.degrees(np.arctan2(up, along)))


def ratio(over: float, under: float) -> float:
    """One number over another. ValueError where the other is 0."""
    if under == 0:
        raise ValueError("what it is divided by is 0")
    return over / under
