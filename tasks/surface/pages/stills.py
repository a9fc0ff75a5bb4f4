"""Still pictures of a face in three dimensions: from the sides, as a map of asymmetry, and of either half doubled.

In: a surface in the head's frame, its plane, its asymmetry. Out: pictures of one size and one scale, on white. What no
photograph saw is hatched, and what a template filled is hatched in blue. Knows no page.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import cv2
import numpy as np

from tasks.space.render import Light, render
from tasks.space.views import Camera, Surface
from tasks.surface.geometry.halves import doubled
from tasks.surface.geometry.joining import joined
from tasks.surface.pages.contents import Shown
from tasks.surface.pages.map_colours import tinted

WIDE = 0.8  # of a picture's height, its width
FINER = 2  # times as many pixels are drawn, and averaged
FAR = 1500.0  # mm from the middle of the face to the camera
ROOM = 1.04  # of the surface's size, that the picture shows
STRIPE = 90  # hatch's stripes per picture's height
HATCH = ((178, 178, 178), (214, 214, 214))
"""RGB of the stripes where no photograph saw."""
MADE_UP = ((132, 156, 196), (176, 196, 226))
"""RGB of the stripes where a template filled."""
SIDES: Mapping[str, float] = {
    "front": 0.0,
    "three-quarter, right": -45.0,
    "three-quarter, left": 45.0,
    "profile, right": -90.0,
    "profile, left": 90.0,
}
"""Degrees round the head from the front, towards the patient's left."""


def stills(shown: Shown, *, limit: float, height: int) -> dict[str, np.ndarray]:
    """Pictures (`height`, W, 3) uint8 RGB: those of `SIDES`; "map ..." of the first three, where there is asymmetry;
    "rights" and "lefts", either half and its mirror image. `limit`: mm, where the map's colours end."""
    assert shown.surface is not None
    surface = shown.surface
    made = {name: still(surface, surface, turn, height=height, filled=shown.filled) for name, turn in SIDES.items()}
    if shown.asymmetry is not None:
        tints = replace(surface, colours=tinted(fuller(shown), limit=limit))
        made |= {
            f"map {name}": still(tints, surface, SIDES[name], height=height, shaded=True, filled=shown.filled)
            for name in list(SIDES)[:3]
        }
    for name, normal in (("rights", -shown.normal), ("lefts", shown.normal)):
        made[name] = still(doubled(surface, normal, shown.origin), surface, 0.0, height=height)
    return made


def fuller(shown: Shown) -> np.ndarray:
    """By how much (V,), mm, the face is fuller on the patient's left at each vertex; negative: on the right."""
    assert shown.surface is not None
    assert shown.asymmetry is not None
    left = (shown.surface.vertices - shown.origin) @ shown.normal >= 0
    return np.where(left, shown.asymmetry, -shown.asymmetry)


def still(
    surface: Surface,
    framed: Surface,
    turn: float,
    *,
    height: int,
    shaded: bool = False,
    filled: Surface | None = None,
) -> np.ndarray:
    """The surface from `turn` degrees, in the frame in which `framed` fits from all sides; `shaded`: lit from there.

    `filled`: what a template filled of it, hatched in another colour.
    """
    own, surface = len(surface.faces), joined(surface, filled)
    camera = _camera(framed, turn, FINER * height)
    towards = np.array([[math.sin(math.radians(turn)), 0.3, math.cos(math.radians(turn))]])
    light = Light(0.6, 0.4 * towards / np.linalg.norm(towards)) if shaded else None
    drawn = render(surface, camera, light=light)
    image = drawn.image
    image[drawn.faces < 0] = 255
    unseen = np.append(surface.seen[surface.faces].sum(axis=1) < 2, False)[drawn.faces]
    image[unseen] = _hatch(image.shape[:2], HATCH)[unseen]
    made_up = drawn.faces >= own
    image[made_up] = _hatch(image.shape[:2], MADE_UP)[made_up]
    return cv2.resize(image, (round(WIDE * height), height), interpolation=cv2.INTER_AREA)


def _camera(surface: Surface, turn: float, height: int) -> Camera:
    """A camera far away, level, that looks at the middle of the surface and has room for it from all sides."""
    low, high = surface.vertices.min(axis=0), surface.vertices.max(axis=0)
    middle, size = (low + high) / 2, high - low
    across = max(size[0], size[2], math.hypot(size[0], size[2]) * 0.85)
    width = FINER * round(WIDE * height / FINER)
    focal = min(height / (size[1] * ROOM), width / (across * ROOM)) * FAR * 0.94
    angle = math.radians(turn)
    forward, down = -np.array([math.sin(angle), 0.0, math.cos(angle)]), np.array([0.0, -1.0, 0.0])
    rotation = np.stack([np.cross(down, forward), down, forward])
    matrix = np.array([[focal, 0.0, (width - 1) / 2], [0.0, focal, (height - 1) / 2], [0.0, 0.0, 1.0]])
    return Camera(matrix, rotation, -rotation @ (middle - FAR * forward), width, height)


def _hatch(shape: tuple[int, int], colours: Sequence[Sequence[int]]) -> np.ndarray:  # (H, W, 3) uint8
    """Stripes of two colours that rise to the right."""
    rows, columns = np.indices(shape)
    stripe = (rows + columns) * STRIPE // shape[0] % 2
    return np.asarray(np.array(colours, np.uint8)[stripe])
