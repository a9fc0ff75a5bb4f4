"""A surface as a camera sees it: picture and depth, by a z-buffer, without OpenGL.

In: a surface, a camera, and where wanted lamps, a texture and a background. Out: the picture and the depth of every
pixel: the nearest triangle on the ray through the pixel's centre. No shadows, no gloss, no blur: who wants smooth edges
renders larger (`Camera.resized`) and averages. The same bytes on every run.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tasks.space.views import Camera, Surface

BATCH = 1_000_000  # pixels of triangles' boxes that are looked at in one go: it bounds the memory
EDGE = 1e-9  # of a triangle: what rounding may put outside both of two neighbours
BLACK = (0, 0, 0)


@dataclass(frozen=True)
class Light:
    """Diffuse light. A lamp stands far away and shines on whatever is turned to it."""

    ambient: float  # share of a colour that is seen without any lamp, 0..1
    lamps: np.ndarray  # (L, 3) towards each lamp, in the world; its length is its strength, 1 a colour's full share


@dataclass(frozen=True)
class Paint:
    """A picture wrapped round a surface."""

    uv: np.ndarray  # (F, 3, 2) of each face's corners, 0..1; (0, 0) is the picture's upper left corner
    texture: np.ndarray  # (h, w, 3) uint8 RGB


@dataclass(frozen=True)
class Rendered:
    """What a camera sees."""

    image: np.ndarray  # (H, W, 3) uint8 RGB
    depth: np.ndarray  # (H, W) float64, along the camera's z, in the world's unit; NaN where there is no surface
    faces: np.ndarray  # (H, W) int32, the number of the triangle that is seen; -1 where there is none


@dataclass(frozen=True)
class _Hits:
    """The pixels that show the surface."""

    pixels: np.ndarray  # (P,) row * width + column
    faces: np.ndarray  # (P,)
    weights: np.ndarray  # (P, 3) of the face's corners, in space, not in the picture; they sum to 1
    depth: np.ndarray  # (P,)


def render(
    surface: Surface,
    camera: Camera,
    *,
    light: Light | None = None,
    paint: Paint | None = None,
    background: np.ndarray | None = None,  # (H, W, 3) uint8 RGB
) -> Rendered:
    """The surface in its vertices' colours or in its `paint`; on `background`, or on black.

    Without `light` colours are what they are. A triangle that reaches behind the camera is left out whole. Triangles
    are seen from both sides. ValueError where the background or the paint has another size than the camera or the
    surface.
    """
    height, width = camera.height, camera.width
    image = np.full((height, width, 3), BLACK, np.uint8) if background is None else background.copy()
    if image.shape != (height, width, 3):
        raise ValueError(f"the background is {image.shape}, the camera's picture {(height, width, 3)}")
    if paint is not None and paint.uv.shape != (len(surface.faces), 3, 2):
        raise ValueError(f"the paint's corners are {paint.uv.shape}, the surface's {(len(surface.faces), 3, 2)}")
    hits = _hits(surface, camera)
    corners = surface.faces[hits.faces]
    colours = _painted(paint, hits) if paint else _blend(surface.colours[corners].astype(float), hits.weights)
    if light is not None:
        colours *= _lit(light, _blend(normals(surface)[corners], hits.weights))[:, None]
    image.reshape(-1, 3)[hits.pixels] = np.rint(colours.clip(0, 255))
    depth = np.full(height * width, np.nan)
    depth[hits.pixels] = hits.depth
    faces = np.full(height * width, -1, np.int32)
    faces[hits.pixels] = hits.faces
    return Rendered(image, depth.reshape(height, width), faces.reshape(height, width))


def normals(surface: Surface) -> np.ndarray:
    """Unit normals (V, 3) of the vertices, outwards, each the mean of its faces by their area; zeros without faces."""
    a, b, c = (surface.vertices[surface.faces[:, corner]] for corner in range(3))
    across = np.cross(b - a, c - a)
    summed = np.column_stack(
        [np.bincount(surface.faces.ravel(), np.repeat(across[:, axis], 3), len(surface.vertices)) for axis in range(3)]
    )
    length = np.linalg.norm(summed, axis=1, keepdims=True)
    return np.asarray(summed / np.where(length > 0, length, 1))


def _hits(surface: Surface, camera: Camera) -> _Hits:
    """Which face each pixel shows: that of the least depth."""
    at, depths = camera.project(surface.vertices)[surface.faces], camera.seen(surface.vertices)[surface.faces, 2]
    count = camera.height * camera.width
    nearest, face, weights = np.full(count, np.inf), np.full(count, -1), np.zeros((count, 3))
    for faces, low, size in _batches(at, camera):
        which, columns, rows = _boxed(low, size)
        flat = _weights(at[faces], which, columns, rows)
        inside = (flat >= -EDGE).all(axis=1)
        which, pixels = faces[which[inside]], rows[inside] * camera.width + columns[inside]
        own = flat[inside] / depths[which]
        own /= own.sum(axis=1, keepdims=True)
        depth = _blend(depths[which][..., None], own)[:, 0]
        np.minimum.at(nearest, pixels, depth)
        won = depth == nearest[pixels]
        face[pixels[won]], weights[pixels[won]] = which[won], own[won]
    pixels = np.flatnonzero(face >= 0)
    return _Hits(pixels, face[pixels], weights[pixels], nearest[pixels])


def _batches(
    at: np.ndarray,  # (F, 3, 2) px
    camera: Camera,
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Faces (n,) that may be in the picture, the first pixel (n, 2) of each one's box and the box's size (n, 2)."""
    low = np.ceil(np.nan_to_num(at.min(axis=1), nan=np.inf).clip(0, [camera.width, camera.height]))
    high = np.floor(np.nan_to_num(at.max(axis=1), nan=-1).clip(-1, [camera.width - 1, camera.height - 1]))
    size = (high - low + 1).clip(0).astype(np.int64)
    faces = np.flatnonzero(size.prod(axis=1))
    ends = np.cumsum(size[faces].prod(axis=1))
    for batch in np.split(faces, np.flatnonzero(np.diff(ends // BATCH)) + 1):
        yield batch, low[batch].astype(np.int64), size[batch]


def _boxed(low: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every pixel of every box: the box's number, column and row, each (P,)."""
    counts = size.prod(axis=1)
    which = np.repeat(np.arange(len(counts)), counts)
    rows, columns = np.divmod(np.arange(len(which)) - (np.cumsum(counts) - counts)[which], size[which, 0])
    return which, columns + low[which, 0], rows + low[which, 1]


def _weights(corners: np.ndarray, which: np.ndarray, columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Weights (P, 3) in the picture of the corners of triangles (n, 3, 2) at pixels; all at least 0 inside."""
    sides = np.roll(corners, -1, axis=1) - corners  # from each corner to the next
    area = sides[:, 0, 0] * sides[:, 1, 1] - sides[:, 0, 1] * sides[:, 1, 0]
    with np.errstate(divide="ignore", invalid="ignore"):  # seen edge on: infinite or NaN, hence never inside
        across, down = -sides[..., 1] / area[:, None], sides[..., 0] / area[:, None]
        level = -(across * corners[..., 0] + down * corners[..., 1])
        opposite = across[which] * columns[:, None] + down[which] * rows[:, None] + level[which]
    return np.roll(opposite, -1, axis=1)  # the side from corner 1 to 2 lies opposite to corner 0


def _blend(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Values (P, 3, C) of corners at weights (P, 3): (P, C)."""
    return np.asarray(np.einsum("pkc,pk->pc", values, weights))


def _painted(paint: Paint, hits: _Hits) -> np.ndarray:
    """Colours (P, 3) of the texture, linear between its pixels' centres; beyond its border the border's."""
    size = np.array(paint.texture.shape[1::-1])
    at = (_blend(paint.uv[hits.faces], hits.weights) * size - 0.5).clip(0, size - 1)
    first = np.minimum(at.astype(np.int64), np.maximum(size - 2, 0))
    (left, up), (right, down) = first.T, np.minimum(first + 1, size - 1).T
    across, along = (at - first).T[..., None]
    upper = paint.texture[up, left] * (1 - across) + paint.texture[up, right] * across
    lower = paint.texture[down, left] * (1 - across) + paint.texture[down, right] * across
    return np.asarray(upper * (1 - along) + lower * along)


def _lit(light: Light, towards: np.ndarray) -> np.ndarray:
    """The share of its colour, (P,), in which a place with that normal (P, 3) is seen."""
    length = np.linalg.norm(towards, axis=1, keepdims=True)
    unit = towards / np.where(length > 0, length, 1)
    return np.asarray(light.ambient + (unit @ light.lamps.T).clip(0).sum(axis=1))
