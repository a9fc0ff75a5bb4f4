"""Skin: its colour, its light, and the soft shadows of nose, lip and brow.

In: a Sketch and its Shading. Out: a planar picture of the bare face, for the mouth and the eyes to be painted on.
"""

import numpy as np

from tasks.phantoms.canvas import Bump, blend, ellipse, ribbon, spline, tint
from tasks.phantoms.relief import Shading
from tasks.phantoms.sketch import SIDES, Sketch, Texture

SCAR_PALENESS = 0.55
LIP_GLOSS = 0.025  # more, and dlib reads the highlight as teeth


def paint_skin(drawing: Sketch, shading: Shading) -> np.ndarray:
    """The face without eyes, brows and mouth opening. (3, H, W) float32, linear light."""
    picture = _albedo(drawing)
    _paint_lids(drawing, picture)
    _paint_lips(drawing, picture)
    picture *= shading.light
    skin = drawing.colours.skin
    sheen = drawing.person.complexion.gloss * (0.25 + 0.5 * float(skin.mean()) ** 0.5) * 0.5
    picture += shading.gloss * np.float32(sheen)
    lip = drawing.canvas.mask(drawing.outlines.lower_lip, 0.012)
    highlight = lip.weights * shading.gloss[lip.rows, lip.columns] * np.float32(LIP_GLOSS)
    picture[:, lip.rows, lip.columns] += highlight
    _shadow_nose_and_lip(drawing, picture)
    for side in SIDES:
        _shadow_one_side(drawing, picture, side)
    return picture


def _albedo(drawing: Sketch) -> np.ndarray:
    """Skin colour with blotches, blush and freckles."""
    canvas, points = drawing.canvas, drawing.points
    blotches = canvas.noise(drawing.stream(Texture.SKIN_COARSE), 0.12, 0.12)
    pores = canvas.noise(drawing.stream(Texture.SKIN_FINE), 0.012, 0.012)
    grain = 1 + 0.05 * blotches + 0.02 * pores
    blush = canvas.bumps(
        [Bump(side * 0.46, 0.42, 0.16, 0.13, 0.6) for side in SIDES]
        + [Bump(points[30, 0], points[30, 1], 0.12, 0.10, 0.6)]
    )
    freckles = _freckles(drawing)
    picture = np.empty((3, canvas.height, canvas.width), np.float32)
    reddening = (0.03, -0.16 - 0.03 * drawing.colours.dark, -0.18)
    for plane, skin, red, spot in zip(picture, drawing.colours.skin, reddening, (0.5, 0.8, 1.0), strict=True):
        np.multiply(grain, 1 + blush * np.float32(red), out=plane)
        if freckles is not None:
            plane *= 1 - freckles * np.float32(spot)
        plane *= skin
    return picture


def _freckles(drawing: Sketch) -> np.ndarray | None:
    """How dark each freckle is, (H, W); None for a face without any."""
    amount = drawing.person.complexion.freckles
    if amount <= 0:
        return None
    where = drawing.canvas.bumps(
        [Bump(side * 0.35, 0.32, 0.25, 0.14, 1) for side in SIDES] + [Bump(0, 0.25, 0.15, 0.1, 1)]
    )
    spots = np.clip(drawing.canvas.noise(drawing.stream(Texture.FRECKLES), 0.008, 0.008) - 1.6, 0, 1)
    freckles: np.ndarray = spots * where * np.float32(0.5 * amount)
    return freckles


def _paint_lids(drawing: Sketch, picture: np.ndarray) -> None:
    canvas = drawing.canvas
    for side in SIDES:
        x = drawing.eye_centre(side)
        under_eye = 0.5 + 0.5 * drawing.person.old
        tint(picture, canvas.mask(ellipse(x, 0.10, 0.16, 0.045), 0.03), (0.86, 0.80, 0.80), under_eye)
        tint(picture, canvas.mask(ellipse(x, -0.06, 0.17, 0.06), 0.03), (0.82, 0.74, 0.74), 0.7)
        tint(picture, canvas.mask(ellipse(side * 0.10, 0.0, 0.05, 0.10), 0.04), (0.82, 0.76, 0.74), 0.6)


def _paint_lips(drawing: Sketch, picture: np.ndarray) -> None:
    """Vermilion, the pale roll above it, and scars."""
    canvas, lines, dark = drawing.canvas, drawing.outlines, drawing.colours.dark
    lips, skin = drawing.colours.lips, drawing.colours.skin
    lower = lips * np.array([1.05 + 0.30 * dark, 1.02 + 0.18 * dark, 1.02 + 0.18 * dark], np.float32)
    blend(picture, canvas.mask(lines.upper_lip, 0.010), lips * np.float32(0.82 - 0.12 * dark), 0.95)
    blend(picture, canvas.mask(lines.lower_lip, 0.012), lower, 0.92)
    white_roll = ribbon(lines.upper_border + (0, -0.012), 0.012)
    tint(picture, canvas.mask(white_roll, 0.008), (1.12 + 0.3 * dark,) * 3, 0.7)
    for scar in lines.scars:
        pale = skin * np.float32(1.15) + np.float32(0.03)
        blend(picture, canvas.mask(ribbon(scar, 0.022), 0.006), pale, SCAR_PALENESS * drawing.cleft.severity)


def _shadow_nose_and_lip(drawing: Sketch, picture: np.ndarray) -> None:
    """Shadows on the midline: under the nose, under the lower lip, and along the philtrum."""
    canvas, points, dark = drawing.canvas, drawing.points, drawing.colours.dark
    cast = -np.sin(np.radians(drawing.person.light.azimuth)) * 0.06
    base_x, base_y = points[33]
    under_nose = ellipse(base_x + cast, base_y + 0.035, 0.14 * drawing.person.nose.width, 0.035)
    tint(picture, canvas.mask(under_nose, 0.025), (0.55, 0.50, 0.48), 0.75 - 0.40 * dark)
    under_lip = ellipse(drawing.mouth_centre + cast * 0.5, points[57, 1] + 0.05, 0.14, 0.025)
    tint(picture, canvas.mask(under_lip, 0.025), (0.6, 0.55, 0.53), 0.7 - 0.35 * dark)
    philtrum = spline([(base_x, base_y + 0.03), (base_x, points[51, 1] - 0.01)])
    tint(picture, canvas.mask(ribbon(philtrum, 0.03), 0.015), (0.84, 0.80, 0.8), 0.6)


def _shadow_one_side(drawing: Sketch, picture: np.ndarray, side: int) -> None:
    """Crease of the ala, nostril, brow ridge and flank of the nose."""
    canvas, points, dark = drawing.canvas, drawing.points, drawing.colours.dark
    ala = points[31 if side < 0 else 35] + (side * 0.012, -0.014)
    sill = points[32 if side < 0 else 34] + (side * 0.008, -0.012)
    crease = spline([ala + (side * -0.02, -0.12), ala + (side * 0.022, -0.05), ala + (side * 0.012, 0.0),
                     ala + (-side * 0.04, 0.02)])  # fmt: skip
    tint(picture, canvas.mask(ribbon(crease, 0.022), 0.012), (0.5, 0.44, 0.42), 0.7 - 0.3 * dark)
    x, y = ala[0] * 0.52 + sill[0] * 0.48, (ala[1] + sill[1]) / 2 - 0.012
    flat = drawing.flattened(side)
    wide, tall = 0.043 * drawing.person.nose.width * (1 + 0.4 * flat), 0.02 * (1 - 0.3 * flat)
    nostril = ellipse(x, y, wide, tall, tilt=side * 0.25)
    tint(picture, canvas.mask(nostril, 0.008), (0.10, 0.07, 0.06), 0.92 - 0.35 * dark)
    under_brow = ellipse(drawing.eye_centre(side) - side * 0.05, -0.10, 0.18, 0.05)
    tint(picture, canvas.mask(under_brow, 0.035), (0.62, 0.58, 0.56), 0.55)
    flank = spline([(side * 0.06, -0.05), (side * 0.055, 0.15), ala + (-side * 0.05, -0.12)])
    away = max(0.0, -side * float(np.sin(np.radians(drawing.person.light.azimuth))))
    tint(picture, canvas.mask(ribbon(flank, 0.06), 0.03), (0.8, 0.77, 0.76), 0.35 + 0.4 * away)
