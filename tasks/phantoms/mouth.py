"""The opening between the lips: darkness, teeth, tongue, the line where the lips meet, and the gap of an open cleft.

In: a Sketch, its mean light, and the picture, which is painted in place.
"""

import numpy as np

from tasks.phantoms.canvas import Patch, blend, ellipse, ribbon, tint
from tasks.phantoms.palette import TEETH, TONGUE, linear
from tasks.phantoms.sketch import SIDES, Gap, Sketch

DARKNESS = (0.035, 0.010, 0.010)
TEETH_SHOWN_FROM = 0.04  # gap, face units
MUCOSA = (196.0, 84.0, 88.0)  # sRGB
RIM_WIDTH, RIM_SHARE, GAP_DARKNESS = 0.035, 0.6, 0.92  # of an unrepaired cleft


def paint_mouth(drawing: Sketch, picture: np.ndarray, mean_light: float) -> None:
    """Paint what the parted lips show; closed lips get their line only."""
    canvas, points, lines, gap = drawing.canvas, drawing.points, drawing.outlines, drawing.gap
    blend(picture, canvas.mask(lines.mouth_hole, 0.006), DARKNESS, min(1.0, gap / 0.03))
    if gap > TEETH_SHOWN_FROM:
        _paint_teeth_and_tongue(drawing, picture, mean_light)
    line = lines.inner_upper
    if gap < 0.05:
        line = np.vstack([points[48:49] + (0.01, 0), line, points[54:55] - (0.01, 0)])
    tint(picture, canvas.mask(ribbon(line, 0.022), 0.007), (0.22, 0.14, 0.14), 0.85)
    for side, (x, y) in zip(SIDES, points[[48, 54]], strict=True):
        corner = ellipse(x + side * 0.005, y, 0.022, 0.016)
        tint(picture, canvas.mask(corner, 0.012), (0.4, 0.33, 0.33), 0.7)
    for cleft in lines.gaps:
        _paint_gap(drawing, cleft, picture, mean_light)


def _paint_gap(drawing: Sketch, cleft: Gap, picture: np.ndarray, mean_light: float) -> None:
    """A rim of mucosa, darkness within."""
    canvas = drawing.canvas
    mucosa = (linear(MUCOSA) + drawing.colours.lips) / 2 * np.float32(mean_light)
    blend(picture, canvas.mask(ribbon(cleft.middle, cleft.widths + RIM_WIDTH), 0.012), mucosa, RIM_SHARE)
    blend(picture, canvas.mask(ribbon(cleft.middle, cleft.widths), 0.008), DARKNESS, GAP_DARKNESS)


def _paint_teeth_and_tongue(drawing: Sketch, picture: np.ndarray, mean_light: float) -> None:
    points, lines, gap = drawing.points, drawing.outlines, drawing.gap
    half, centre, top = (points[64, 0] - points[60, 0]) / 2 * 0.74, drawing.mouth_centre, points[62, 1]
    left, right = lines.mouth_hole[:, 0].min(), lines.mouth_hole[:, 0].max()
    canvas, rows, columns = drawing.canvas.window(left - 0.05, top - 0.15, right + 0.05, points[66, 1] + 0.15)
    inside = canvas.full_mask(lines.mouth_hole, 0.006)
    edge = [[centre + half, top + 0.05], [centre, top + 0.065], [centre - half, top + 0.05]]
    arch = canvas.full_mask(np.vstack([lines.inner_upper + (0, -0.03), edge]), 0.01)
    teeth = arch * inside * (abs(canvas.x - np.float32(centre)) < half * 1.2)
    shown = 0.75 * min(1.0, (gap - TEETH_SHOWN_FROM) / 0.06)
    blend(picture, Patch(rows, columns, teeth), linear(TEETH) * np.float32(mean_light), shown)
    tongue = canvas.full_mask(ellipse(centre, points[66, 1], half * 0.9, max(gap * 0.33, 0.01)), 0.02) * inside
    blend(picture, Patch(rows, columns, tongue), linear(TONGUE) * np.float32(0.7), 0.8)
