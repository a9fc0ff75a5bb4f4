"""What no photograph saw of a face, as a template has it: MakeHuman's head, fitted to the points and to the surface.

In: an upright surface with holes, its points. Out: a surface of the holes alone, or none. The template is laid on the
points by a similarity, takes the mixture of its own shapes that fits the surface best, and is bent smoothly onto it
(what is bent least is its curvature). Where it then has no counterpart but the rim of a hole, its triangles fill it.
Nothing is measured on them: they are no part of the measured surface, and another colour shows them.
"""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import trimesh
from scipy.sparse import csr_array, diags_array, eye_array
from scipy.sparse.linalg import splu
from scipy.spatial import ConvexHull

from tasks.params.surface import Filling
from tasks.phantoms.heads.asymmetry import outside
from tasks.phantoms.heads.people import ADULTS, FORMS
from tasks.phantoms.heads.points import places
from tasks.phantoms.heads.template import shape, template
from tasks.space.views import Point, Surface
from tasks.surface.dense.trimming import pieces
from tasks.surface.geometry.nearest_points import Finder, Nearest, edges, vertex_normals
from tasks.surface.points.names import UNSEEN, base_of

COLOUR = (150, 168, 196)
"""RGB of what was filled, in files that carry colours."""
FEWEST = 6
"""Points of the face without which the template lies nowhere."""
FACING = 0.5
"""Cosine between the template's direction and the surface's, above which places are counterparts."""
STIFF = (1000.0, 100.0, 10.0, 10.0)
"""How much curvature counts against distance, round by round."""
BELOW = 0.3
"""mm below the surface at which the ring around a filled hole lies, so that no gap is seen and the surface is."""
MIXED = 6
"""Rounds in which the mixture of shapes is looked for."""


def filled(surface: Surface, points: Mapping[str, Point], *, settings: Filling) -> Surface | None:
    """The template's triangles in the holes, in the surface's frame; None: there is no hole, or it fits nowhere."""
    known = {name: point.position for name, point in points.items() if point.position is not None}
    common = sorted(known.keys() & places(template().neutral))
    if not settings.use or len(common) < FEWEST:
        return None
    finder = Finder(surface)
    laid = fitted(finder, {name: np.asarray(known[name]) for name in common}, settings=settings)
    near = finder.nearest(laid.vertices)
    away = np.linalg.norm(laid.vertices - near.places, axis=1)
    hull = ConvexHull(laid.vertices[[number for name, number in _template()[3].items() if base_of(name) not in UNSEEN]])
    planes = hull.equations
    beyond = (laid.vertices @ planes[:, :3].T + planes[:, 3]).max(axis=1)
    holes = near.rim & (away > settings.least) & (beyond < settings.margin)
    return _part(laid, holes, settings.smallest)


def fitted(finder: Finder, points: Mapping[str, np.ndarray], *, settings: Filling) -> Surface:
    """The template's outside on the surface that `finder` has, and on its points."""
    used, faces, basis, named = _template()
    common = sorted(points)
    wanted, weights = np.array([points[name] for name in common]), np.zeros(len(basis) - 1)
    numbers = [named[name] for name in common]
    motion, _, _ = trimesh.registration.procrustes(basis[0][numbers], wanted, reflection=False, scale=True)
    for _ in range(MIXED):
        own = basis[0] + np.tensordot(weights, basis[1:], 1)
        laid = _surface(trimesh.transform_points(own, motion), faces)
        near, fits = _counterparts(finder, laid, settings.reach)
        there = np.concatenate([near.places[fits], wanted])
        rows = np.concatenate([np.flatnonzero(fits), numbers])
        motion, _, _ = trimesh.registration.procrustes(own[rows], there, reflection=False, scale=True)
        back = trimesh.transform_points(there, np.linalg.inv(motion)) - basis[0][rows]
        columns = basis[1:, rows].reshape(len(weights), -1).T
        held = settings.mixture * len(rows) * np.eye(len(weights))
        weights = np.linalg.solve(columns.T @ columns + held, columns.T @ back.ravel())
    start = trimesh.transform_points(basis[0] + np.tensordot(weights, basis[1:], 1), motion)
    return _bent(finder, _surface(start, faces), settings)


def _bent(finder: Finder, start: Surface, settings: Filling) -> Surface:
    """The surface bent smoothly onto the one that `finder` has."""
    curved = _curvature(start)
    laid = start
    for stiff in STIFF:
        near, fits = _counterparts(finder, laid, settings.reach)
        off = np.einsum("ij,ij->i", near.places - laid.vertices, near.normals)
        towards = laid.vertices + off[:, None] * near.normals - start.vertices
        matrix = diags_array(fits.astype(float)) + stiff * curved + 1e-6 * eye_array(len(fits))
        moved = splu(matrix.tocsc()).solve(np.where(fits[:, None], towards, 0))
        laid = _surface(start.vertices + moved, start.faces)
    return laid


def _counterparts(finder: Finder, laid: Surface, reach: float) -> tuple[Nearest, np.ndarray]:
    """The nearest places of the vertices, and which of them are counterparts, (V,) bool."""
    near = finder.nearest(laid.vertices)
    alike = np.einsum("ij,ij->i", vertex_normals(laid), near.normals) > FACING
    return near, alike & ~near.rim & (np.linalg.norm(laid.vertices - near.places, axis=1) < reach)


def _curvature(surface: Surface) -> csr_array:
    """A matrix (V, V): the square of how far each vertex's move differs from the mean of its neighbours'."""
    pairs, _ = edges(surface)
    count = len(surface.vertices)
    both = np.concatenate([pairs, pairs[:, ::-1]])
    beside = csr_array((np.ones(len(both)), (both[:, 0], both[:, 1])), shape=(count, count))
    mean = diags_array(1 / np.maximum(beside.sum(axis=1), 1)) @ beside
    differs = eye_array(count) - mean
    return csr_array(differs.T @ differs)


def _part(laid: Surface, holes: np.ndarray, smallest: int) -> Surface | None:
    """The triangles that reach into holes of at least so many vertices, and a ring more that lies below the surface."""
    whole = laid.faces[holes[laid.faces].any(axis=1)]
    which = pieces(len(holes), whole)
    size = np.bincount(which, holes, len(holes))
    whole = whole[size[which[whole[:, 0]]] >= smallest]
    if not len(whole):
        return None
    reached = np.isin(np.arange(len(holes)), whole)
    ring = laid.faces[reached[laid.faces].any(axis=1)]
    sunk = laid.vertices - np.where(holes, 0, BELOW)[:, None] * vertex_normals(laid)
    numbers, again = np.unique(ring, return_inverse=True)
    return _surface(sunk[numbers], again.reshape(-1, 3).astype(np.int32))


def _surface(vertices: np.ndarray, faces: np.ndarray) -> Surface:
    colours = np.full(vertices.shape, COLOUR, np.uint8)
    return Surface(np.asarray(vertices), faces, colours, np.zeros(len(vertices), bool))


@lru_cache(maxsize=1)
def _template() -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, int]]:
    """The template's outside: numbers, triangles, neutral shape and its changes (1 + K, V, 3), vertices of points."""
    neutral = template().neutral
    faces = template().faces[outside()[template().faces].all(axis=1)]
    used, again = np.unique(faces, return_inverse=True)
    changes = [shape({name: 1.0}) - neutral for name in (*ADULTS, *FORMS)]
    basis = np.array([neutral, *changes])[:, used]
    named = {name: int(np.linalg.norm(neutral[used] - at, axis=1).argmin()) for name, at in places(neutral).items()}
    return used, again.reshape(-1, 3).astype(np.int32), basis, named
