"""Eyes, lashes, lid creases and brows.

In: a Sketch, its Shading, and the picture, which is painted in place.
"""

import cv2
import numpy as np

from tasks.phantoms.canvas import Patch, blend, ellipse, ribbon, spline, tint
from tasks.phantoms.palette import SCLERA, linear
from tasks.phantoms.relief import Shading
from tasks.phantoms.sketch import SIDES, Sketch, Texture

EYES = {-1: [36, 37, 38, 39, 40, 41], 1: [45, 44, 43, 42, 47, 46]}  # from the outer corner, over the top
BROWS = {-1: [17, 18, 19, 20, 21], 1: [26, 25, 24, 23, 22]}  # from the outer end
IRIS_RADIUS = 0.068
PUPIL, GLINT = (0.004, 0.004, 0.004), (0.9, 0.9, 0.9)


def paint_eyes(drawing: Sketch, shading: Shading, picture: np.ndarray) -> None:
    """Both eyes and brows."""
    for side in SIDES:
        corners = drawing.points[EYES[side]]
        upper, lower = spline(corners[:4]), spline(corners[[3, 4, 5, 0]])
        _paint_eyeball(drawing, shading, picture, corners, upper, lower)
        _paint_lashes(drawing, picture, side, upper, lower)
        _paint_brow(drawing, picture, side)


def _paint_eyeball(
    drawing: Sketch,
    shading: Shading,
    picture: np.ndarray,
    corners: np.ndarray,
    upper: np.ndarray,
    lower: np.ndarray,
) -> None:
    x, y = float(corners[[1, 2, 4, 5], 0].mean()), float(corners[[0, 3], 1].mean()) - 0.004
    canvas, rows, columns = drawing.canvas.window(x - 0.22, y - 0.17, x + 0.22, y + 0.17)
    light = float(np.clip(shading.light[rows, columns].mean(), 0.4, 1.1))
    ball = np.empty((3, canvas.height, canvas.width), np.float32)
    ball[:] = (linear(SCLERA) * np.float32(light * (0.8 - 0.25 * drawing.colours.dark)))[:, None, None]
    tint(ball, canvas.mask(ellipse(corners[3, 0], corners[3, 1], 0.05, 0.05), 0.02), (0.9, 0.6, 0.58), 0.7)
    radius, iris = IRIS_RADIUS * (1 + 0.1 * drawing.person.child), drawing.colours.iris * np.float32(light)
    blend(ball, canvas.mask(ellipse(x, y, radius, radius), 0.006), iris * np.float32(0.5), 1)
    blend(ball, canvas.mask(ellipse(x, y + 0.01, radius * 0.82, radius * 0.8), 0.012), iris * np.float32(1.25), 1)
    blend(ball, canvas.mask(ellipse(x, y, radius * 0.45, radius * 0.45), 0.006), PUPIL, 1)
    tint(ball, canvas.mask(ribbon(upper + (0, 0.012), 0.05), 0.018), (0.35, 0.32, 0.32), 0.8)
    glint_x = x + float(np.sin(np.radians(drawing.person.light.azimuth))) * 0.03
    blend(ball, canvas.mask(ellipse(glint_x, y - 0.025, 0.011, 0.011), 0.004), GLINT, 0.85)
    part = picture[:, rows, columns]
    part += (ball - part) * canvas.full_mask(np.vstack([upper, lower]), 0.006)


def _paint_lashes(drawing: Sketch, picture: np.ndarray, side: int, upper: np.ndarray, lower: np.ndarray) -> None:
    canvas = drawing.canvas
    lashes = np.minimum(drawing.colours.hair, np.float32(0.06)) * np.float32(0.6)
    upper_row = np.vstack([upper[:1] + (side * 0.022, -0.004), upper])
    tapering = np.linspace(0.030, 0.014, len(upper_row))
    blend(picture, canvas.mask(ribbon(upper_row, tapering), 0.006), lashes, 0.88)
    tint(picture, canvas.mask(ribbon(lower, 0.012), 0.006), (0.5, 0.42, 0.42), 0.7)
    crease = ribbon(upper + (0, -0.045), 0.018 * np.sin(np.linspace(0.4, np.pi - 0.2, len(upper))))
    tint(picture, canvas.mask(crease, 0.008), (0.5, 0.42, 0.4), 0.6)


def _paint_brow(drawing: Sketch, picture: np.ndarray, side: int) -> None:
    """A tapered stroke with strands; always darker than the skin, grey hair included, or dlib misreads dark faces."""
    person, colours = drawing.person, drawing.colours
    curve = spline(drawing.points[BROWS[side]]) + (0, 0.014)
    along = np.linspace(0, 1, len(curve))
    curve[:, 0] += side * 0.022 * (1 - 0.4 * along)
    width = person.eyes.brow_thickness * np.interp(along, [0, 0.35, 0.8, 1], [0.35, 0.9, 1.1, 0.9])
    brow = drawing.canvas.mask(ribbon(curve, width), 0.016)
    stream = drawing.stream(Texture.BROW_LEFT if side < 0 else Texture.BROW_RIGHT)
    grain = 0.85 + 0.25 * stream.standard_normal(brow.weights.shape, dtype=np.float32)
    strands = cv2.GaussianBlur(grain, (0, 0), max(0.006 * drawing.canvas.unit, 0.5))
    colour = np.minimum(np.minimum(colours.hair, np.float32(0.12)) * np.float32(0.8), colours.skin * np.float32(0.42))
    strength = 0.88 - 0.2 * person.child * (1 - colours.dark)
    blend(picture, Patch(brow.rows, brow.columns, np.clip(brow.weights * strands, 0, 1)), colour, strength)
