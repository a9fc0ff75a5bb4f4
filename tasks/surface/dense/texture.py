"""Colours of a surface from the photographs that see it best, without seams.

In: a surface's vertices and triangles, and views. Out: a colour per vertex, and whether any photograph saw it. A vertex
is seen where nothing lies before it (a coarse depth buffer) and the surface is not too slanted. Each photograph's
exposure and white are first made equal to the others', from the vertices that they share. A vertex then takes the mean
of its photographs: frontal and sharp ones count much more than others, and none counts at the edge of what it sees, so
that one photograph passes into the next without a step. What no photograph saw takes its neighbours' colour.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from scipy.sparse import coo_matrix, csr_matrix, diags

from tasks.params.surface import SurfaceDense
from tasks.space.render import normals
from tasks.space.views import Camera, Surface, View

ROUNDS = 8
"""Of evening out exposures, and of smoothing weights over neighbours."""
ROW = 1024
"""OpenCV samples pictures at places laid out in rows; so many stand in one."""


def coloured(surface: Surface, views: Sequence[View], *, settings: SurfaceDense) -> Surface:
    """The surface in the photographs' colours; `seen` where a photograph saw it."""
    vertices, faces = surface.vertices, surface.faces
    beside = neighbours(len(vertices), faces)
    directions = normals(surface)
    edge = edge_of(vertices, faces)
    weights = np.zeros((len(views), len(vertices)), dtype=np.float32)
    colours = np.zeros((len(views), len(vertices), 3), dtype=np.float32)
    for number, view in enumerate(views):
        cosine = facing(vertices, directions, view.camera)
        shown = shown_in(vertices, cosine, view.camera, edge=edge) & (cosine > np.cos(np.radians(settings.slant)))
        inner = shown.astype(np.float32)
        for _ in range(ROUNDS):
            inner = beside @ inner
        colours[number], sharpness = sampled(view, vertices, edge=edge)
        weights[number] = shown * inner**2 * np.maximum(cosine, 0) ** settings.frontal * sharpness
    seen = weights.max(axis=0) > 0
    weights /= np.maximum(weights.sum(axis=0), 1e-12)
    mixed = (weights[..., None] * evened(colours, weights)).sum(axis=0)
    return Surface(vertices, faces, spread(mixed, seen, beside), seen)


def neighbours(
    vertices: int,
    faces: np.ndarray,  # (F, 3)
) -> csr_matrix:
    """A matrix that takes the mean of each vertex and its neighbours, (V, V)."""
    one, two = faces.ravel(), np.roll(faces, 1, axis=1).ravel()
    every = np.arange(vertices)
    rows, columns = np.concatenate([one, two, every]), np.concatenate([two, one, every])
    joined = coo_matrix((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=(vertices, vertices)).tocsr()
    joined.data[:] = 1
    return csr_matrix(diags(1 / np.asarray(joined.sum(axis=1)).ravel()) @ joined).astype(np.float32)


def edge_of(
    vertices: np.ndarray,  # (V, 3)
    faces: np.ndarray,  # (F, 3)
) -> float:
    """The length that 95 % of the edges do not pass."""
    return float(np.quantile(np.linalg.norm(vertices[faces[:, 0]] - vertices[faces[:, 1]], axis=1), 0.95))


def facing(vertices: np.ndarray, directions: np.ndarray, camera: Camera) -> np.ndarray:
    """The cosine between each vertex's direction and the camera, (V,); below 0 where it faces away."""
    towards = camera.centre - vertices
    return np.asarray((towards * directions).sum(axis=1) / np.linalg.norm(towards, axis=1))


def shown_in(
    vertices: np.ndarray,  # (V, 3)
    cosine: np.ndarray,  # (V,) of `facing`
    camera: Camera,
    *,
    edge: float,  # mm
) -> np.ndarray:
    """Whether the vertex is in the picture and nothing lies before it, (V,) bool.

    A depth buffer with cells two edges wide, so that no cell of the front surface is empty. A vertex may lie behind the
    nearest of its cell by as much as its own slant makes of the cell's width.
    """
    pixels, depth = camera.project(vertices), camera.seen(vertices)[:, 2]
    inside = (depth > 0) & (pixels >= 0).all(axis=1) & (pixels <= [camera.width - 1, camera.height - 1]).all(axis=1)
    if not inside.any():
        return inside
    wide = 2 * edge * float(camera.matrix[0, 0]) / float(np.median(depth[inside]))
    cells = np.floor(np.where(inside[:, None], pixels, 0) / wide).astype(np.int64)
    number = cells[:, 1] * (int(camera.width / wide) + 1) + cells[:, 0]
    nearest = np.full(int(number.max()) + 1, np.inf)
    np.minimum.at(nearest, number[inside], depth[inside])
    slope = np.sqrt(1 - np.clip(cosine, 0.1, 1) ** 2) / np.clip(cosine, 0.1, 1)
    return np.asarray(inside & (depth <= nearest[number] + 2 * edge * (1 + slope * np.sqrt(2))))


def sampled(
    view: View,
    vertices: np.ndarray,  # (V, 3)
    *,
    edge: float,  # mm
) -> tuple[np.ndarray, float]:
    """The picture's colours at the vertices (V, 3) float32, and how sharp it is there.

    A picture much finer than the vertices is reduced first, so that its grain does not speckle the surface. Sharpness
    is the mean size of the steps between pixels over the vertices, and so alike for pictures reduced alike.
    """
    camera = view.camera
    depth = camera.seen(vertices)[:, 2]
    scale = 0.5 * edge * float(camera.matrix[0, 0]) / float(np.median(depth))
    image = view.image
    if scale > 1:
        size = max(1, round(camera.width / scale)), max(1, round(camera.height / scale))
        image, camera = cv2.resize(image, size, interpolation=cv2.INTER_AREA), camera.resized(*size)
    places = np.nan_to_num(camera.project(vertices), nan=-1).astype(np.float32)
    rows = np.zeros((-(-len(places) // ROW) * ROW, 2), dtype=np.float32)
    rows[: len(places)] = places
    grid = rows.reshape(-1, ROW, 2)
    found = cv2.remap(image, grid[..., 0], grid[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    steps = np.abs(cv2.Laplacian(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.CV_32F))
    sharp = cv2.remap(steps, grid[..., 0], grid[..., 1], cv2.INTER_NEAREST)
    return found.reshape(-1, 3)[: len(places)].astype(np.float32), float(sharp.reshape(-1)[: len(places)].mean())


def evened(
    colours: np.ndarray,  # (N, V, 3) of N views
    weights: np.ndarray,  # (N, V), 0 where not seen, sums of 1
) -> np.ndarray:
    """The colours as if all photographs had one exposure and one white, the mean of theirs; (N, V, 3)."""
    logs = np.log(np.maximum(colours, 1))
    seen = (weights > 0).astype(np.float32)
    gains = np.zeros((len(colours), 1, 3), dtype=np.float32)
    count = np.maximum(seen.sum(axis=0), 1)[:, None]
    for _ in range(ROUNDS):
        common = (seen[..., None] * (logs - gains)).sum(axis=0) / count
        shared = seen * (count[:, 0] > 1)
        total = np.maximum(shared.sum(axis=1), 1)[:, None]
        gains = (np.einsum("nv,nvc->nc", shared, logs - common) / total)[:, None]
        gains = gains - gains.mean(axis=0)
    return np.asarray(colours * np.exp(-gains))


def spread(
    colours: np.ndarray,  # (V, 3)
    known: np.ndarray,  # (V,) bool
    beside: csr_matrix,
) -> np.ndarray:
    """The colours with the unknown ones taken from their neighbours, (V, 3) uint8; grey where there are none."""
    filled, there = np.where(known[:, None], colours, 0).astype(np.float32), known.astype(np.float32)
    while True:
        weight = beside @ there
        new = (there == 0) & (weight > 0)
        if not new.any():
            break
        filled[new] = (beside @ filled)[new] / weight[new, None]
        there[new] = 1
    filled[there == 0] = 128
    return np.asarray(np.clip(np.rint(filled), 0, 255).astype(np.uint8))
