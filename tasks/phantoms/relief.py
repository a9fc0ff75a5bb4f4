"""The face as a relief under a lamp: how high each pixel stands, and how much light falls on it.

In: a Sketch. Out: `Shading` on the sketch's canvas. Heights are face units; diffuse light is Lambert's, wrapped a
little round the edges. Knows nothing of colours.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from tasks.phantoms.canvas import Bump, add, ribbon, soften, spline
from tasks.phantoms.sketch import SIDES, Sketch, Texture

RIM_WIDTH, RIM_HEIGHT, DOME_HEIGHT = 0.42, 0.38, 0.55
UPPER_LIP_HEIGHT, LOWER_LIP_HEIGHT = 0.045, 0.075
FOLD_DEPTH, WRINKLE_DEPTH, SCAR_DEPTH, GAP_DEPTH = 0.035, 0.02, 0.02, 0.05
ALA_HEIGHT, ALA_LOST = 0.085, 0.5  # the share lost at severity 1 on the side of an unrepaired cleft
WRINKLES = (-0.42, -0.52, -0.62)  # heights of the forehead lines
WRAP = 0.25  # how far diffuse light reaches round an edge


@dataclass(frozen=True)
class Shading:
    """(H, W) float32 each."""

    height: np.ndarray  # face units, 0 outside the head
    light: np.ndarray  # factor on the albedo
    diffuse: np.ndarray
    gloss: np.ndarray  # specular highlight, 0..1


def shade(drawing: Sketch) -> Shading:
    """Build the relief and light it."""
    inside = drawing.canvas.full_mask(drawing.outlines.head, 0.0)
    height = _dome(drawing, inside)
    height += drawing.canvas.bumps([*_nose(drawing), *_features(drawing)])
    _carve(drawing, height)
    height += _grain(drawing)
    height = cv2.GaussianBlur(height, (0, 0), max(0.006 * drawing.canvas.unit, 0.5))
    return _lit(drawing, height, inside)


def _dome(drawing: Sketch, inside: np.ndarray) -> np.ndarray:
    """The bare head: an ellipsoid with a rounded rim."""
    canvas = drawing.canvas
    edge = cv2.distanceTransform((inside > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    from_rim = 1 - np.minimum(edge / np.float32(RIM_WIDTH * canvas.unit), 1)
    rim = np.sqrt(1 - from_rim * from_rim)
    ellipsoid = 1 - canvas.x**2 - ((canvas.y - 0.1) / 1.45) ** 2
    dome = RIM_HEIGHT * rim + DOME_HEIGHT * np.sqrt(np.clip(ellipsoid, 0.02, 1))
    return soften(dome, 0.05 * canvas.unit)


def _nose(drawing: Sketch) -> list[Bump]:
    nose, points = drawing.person.nose, drawing.points
    tip_x, tip_y = points[30]
    hills = [
        Bump(points[28, 0], 0.10, 0.075, 0.14, 0.05 * nose.bridge * nose.height),
        Bump(points[29, 0], points[29, 1], 0.075 * nose.width, 0.12, 0.10 * nose.height),
        Bump(tip_x, tip_y + 0.01, 0.085 * nose.width, 0.085, 0.17 * nose.height),
    ]
    for side, ala in zip(SIDES, points[[31, 35]], strict=True):
        flat = drawing.flattened(side)
        hills.append(
            Bump(ala[0] - side * 0.02, ala[1] - 0.045, 0.05 * nose.width, 0.055, ALA_HEIGHT * (1 - ALA_LOST * flat))
        )
    return hills


def _features(drawing: Sketch) -> list[Bump]:
    """Cheeks, eyes, brows, temples, philtrum, muzzle and chin."""
    person, points = drawing.person, drawing.points
    lip_bottom, chin = points[57, 1], points[8, 1]
    mouth_x, mouth_y = points[[51, 57]].mean(0)
    hills = [
        Bump(mouth_x, mouth_y, 0.3, 0.17, 0.09),
        Bump(0, 0.63, 0.03, 0.06, -0.015),  # groove of the philtrum
        Bump(0, chin - 0.13, 0.17, 0.09, 0.07),
        Bump(0, (lip_bottom + chin) / 2 - 0.05, 0.2, 0.05, -0.035),
    ]
    for side in SIDES:
        eye_x = drawing.eye_centre(side)
        hills += [
            Bump(side * 0.44 * person.head.width, 0.42, 0.2, 0.17, 0.07 * (1 + person.head.cheek * 8)),
            Bump(eye_x, -0.01, 0.17, 0.095, -0.10),  # socket
            Bump(eye_x, 0, 0.11, 0.075, 0.06),  # eyeball
            Bump(side * 0.32, -0.19 + person.eyes.brow_lift, 0.2, 0.06, 0.045),
            Bump(side * 0.80, -0.35, 0.12, 0.25, -0.03),  # temple
            Bump(side * 0.06 * person.mouth.width, 0.63, 0.02, 0.06, 0.012),  # column of the philtrum
        ]
    return hills


def _carve(drawing: Sketch, height: np.ndarray) -> None:
    """Lips raised; folds, wrinkles, scars and gaps cut in."""
    canvas, person, points, lines = drawing.canvas, drawing.person, drawing.points, drawing.outlines
    add(height, canvas.mask(lines.upper_lip, 0.022), UPPER_LIP_HEIGHT)
    add(height, canvas.mask(lines.lower_lip, 0.03), LOWER_LIP_HEIGHT)
    for side, ala, corner in zip(SIDES, points[[31, 35]], points[[48, 54]], strict=True):
        steps = [ala + (side * 0.06, -0.07), ala + (side * 0.13, 0.06)]
        fold = spline([*steps, corner + (side * 0.10, -0.09), corner + (side * 0.12, 0.05)])
        width = 0.035 * np.sin(np.linspace(0.3, np.pi, len(fold)))
        add(height, canvas.mask(ribbon(fold, width), 0.02), -FOLD_DEPTH * person.complexion.folds)
    if person.old > 0:
        for y in WRINKLES:
            line = spline([(-0.4, y + 0.02), (-0.15, y - 0.01), (0.15, y), (0.4, y + 0.02)])
            add(height, canvas.mask(ribbon(line, 0.015), 0.012), -WRINKLE_DEPTH * person.old)
    for scar in lines.scars:
        add(height, canvas.mask(ribbon(scar, 0.03), 0.012), -SCAR_DEPTH * drawing.cleft.severity)
    for gap in lines.gaps:
        add(height, canvas.mask(ribbon(gap.middle, gap.widths), 0.02), -GAP_DEPTH)


def _grain(drawing: Sketch) -> np.ndarray:
    coarse = drawing.canvas.noise(drawing.stream(Texture.RELIEF_COARSE), 0.35, 0.35)
    fine = drawing.canvas.noise(drawing.stream(Texture.RELIEF_FINE), 0.03, 0.03)
    return coarse * 0.004 + fine * np.float32(0.0016 * (1 + drawing.person.old))


def _lit(drawing: Sketch, height: np.ndarray, inside: np.ndarray) -> Shading:
    light, unit = drawing.person.light, drawing.canvas.unit
    azimuth, elevation = np.radians(light.azimuth), np.radians(light.elevation)
    lamp_x = float(np.sin(azimuth) * np.cos(elevation))
    lamp_y = float(-np.sin(elevation))
    lamp_z = float(np.cos(azimuth) * np.cos(elevation))
    slope_x = cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=unit / 8)
    slope_y = cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=unit / 8)
    flat = 1 / np.sqrt(1 + slope_x * slope_x + slope_y * slope_y)  # z of the surface's normal
    toward_lamp = (lamp_z - slope_x * lamp_x - slope_y * lamp_y) * flat
    diffuse = np.maximum((toward_lamp + WRAP) / (1 + WRAP), 0)
    sky = 0.85 + 0.15 * slope_y * flat
    halfway = float(np.sqrt(lamp_x**2 + lamp_y**2 + (lamp_z + 1) ** 2))
    mirror = np.clip((lamp_z + 1 - slope_x * lamp_x - slope_y * lamp_y) * flat / halfway, 0, 1)
    squared = mirror * mirror
    fourth = squared * squared
    amount = light.ambient * sky + (1.15 - light.ambient) * diffuse
    return Shading(height * inside, amount, diffuse, gloss=fourth * fourth * squared)
