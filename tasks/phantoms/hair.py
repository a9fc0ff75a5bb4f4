"""Head, ears and hair put together on a transparent layer.

In: a Sketch, its Shading and the painted face. Out: a premultiplied layer (4, H, W): red, green, blue, alpha.
Hair is the weakest part of these drawings: it looks like a helmet.
"""

import cv2
import numpy as np

from tasks.phantoms.canvas import Patch, add, ellipse, spline, unit_variance
from tasks.phantoms.relief import Shading
from tasks.phantoms.sketch import SIDES, Sketch, Texture

Outline = list[tuple[float, float]]
HAIRLINE = -0.74
STRAND_ROWS, STRAND_COLUMNS = 64, 1024  # the combed texture, remapped round the crown


def assemble_head(drawing: Sketch, shading: Shading, face: np.ndarray) -> np.ndarray:
    """Back hair, ears, face, front hair, in this order. (4, H, W) float32, linear light, premultiplied."""
    canvas, style = drawing.canvas, drawing.person.hair.style
    layer = np.zeros((4, canvas.height, canvas.width), np.float32)
    back = _back_of_hair(drawing)
    tinted = _strands(drawing) * np.float32(0.85) if style != "bald" else None
    if tinted is not None:
        for plane, colour in zip(layer, _hair_colour(drawing), strict=False):
            np.multiply(tinted * back, colour * np.float32(0.8), out=plane)
        layer[3] = back
    if style != "long":
        _put_ears(drawing, shading, layer)
    head = canvas.mask(drawing.outlines.head, 0.006)
    _put(layer, head, face[:, head.rows, head.columns])
    if tinted is not None:
        _put_front_hair(drawing, shading, layer, back, tinted)
    return layer


def _put(layer: np.ndarray, patch: Patch, colour: np.ndarray) -> None:
    """Cover the layer with `colour` ((3, h, w) or (3, 1, 1)) where the patch is, in place."""
    part = layer[:, patch.rows, patch.columns]
    part[:3] += patch.weights * (colour - part[:3])
    part[3] += patch.weights * (1 - part[3])


def _hair_colour(drawing: Sketch) -> np.ndarray:
    return drawing.colours.hair + np.float32(0.004)


def _both_sides(right: Outline) -> np.ndarray:
    """An outline from its right half, top to bottom; points on the midline are not doubled."""
    left = [(-x, y) for x, y in reversed(right) if x != 0]
    return np.array(right + left)


def _back_of_hair(drawing: Sketch) -> np.ndarray:
    """Mask of the hair behind the head, (H, W)."""
    canvas, style, w = drawing.canvas, drawing.person.hair.style, drawing.person.head.width
    if style == "bald":
        return np.zeros((canvas.height, canvas.width), np.float32)
    if style == "curly":
        return canvas.full_mask(ellipse(0, -0.42, 1.17 * w, 1.08), 0.04)
    if style == "long":
        right = [(0.0, -1.36), (0.75 * w, -1.1), (1.04 * w, -0.4), (1.06 * w, 0.5), (1.1 * w, 1.4), (0.75, 1.75)]
        return canvas.full_mask(spline(_both_sides([*right, (0.0, 1.5)]), closed=True), 0.02)
    right = [(0.0, -1.33), (0.62 * w, -1.12), (0.90 * w, -0.6), (0.89 * w, -0.25), (0.84 * w, -0.02), (0.6 * w, 0.05)]
    return canvas.full_mask(spline(_both_sides(right), closed=True), 0.018)


def _strands(drawing: Sketch) -> np.ndarray:
    """Brightness of each hair around 1, (H, W): combed from the crown, or curls."""
    canvas, hair = drawing.canvas, drawing.person.hair
    if hair.style == "curly":
        fine = canvas.noise(drawing.stream(Texture.CURLS_FINE), 0.02, 0.02)
        coarse = canvas.noise(drawing.stream(Texture.CURLS_COARSE), 0.05, 0.05)
        return np.clip(1 + 0.22 * fine + 0.15 * coarse, 0.3, 2)
    parting = drawing.person.asymmetry.parting
    crown = (parting * 20, -1.3) if hair.style == "long" else (parting * 80, -1.22)
    right, down = canvas.x - np.float32(crown[0]), canvas.y - np.float32(crown[1])
    around = right / (0.22 + np.clip(down, 0, 0.85))
    outward = np.sqrt(right * right + down * down)
    columns, rows = around * 150 + STRAND_COLUMNS / 2, outward * 12
    combed = cv2.remap(_comb(drawing), columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    grain = canvas.noise(drawing.stream(Texture.HAIR_GRAIN), 0.01, 0.01)
    strands: np.ndarray = np.clip(1 + 0.26 * combed, 0.35, 2) + 0.05 * grain
    return strands


def _comb(drawing: Sketch) -> np.ndarray:
    """Parallel strands, unit variance, to be bent round the crown."""
    shape = (STRAND_ROWS, STRAND_COLUMNS)
    fine = drawing.stream(Texture.STRANDS_FINE).standard_normal(shape, dtype=np.float32)
    coarse = drawing.stream(Texture.STRANDS_COARSE).standard_normal(shape, dtype=np.float32)
    thin = cv2.GaussianBlur(fine, (0, 0), sigmaX=2.2, sigmaY=2.0)
    thick = cv2.GaussianBlur(coarse, (0, 0), sigmaX=9, sigmaY=4.0)
    return unit_variance(thin + np.float32(3.2) * thick)


def _put_ears(drawing: Sketch, shading: Shading, layer: np.ndarray) -> None:
    canvas, width = drawing.canvas, drawing.person.head.width
    brightness = 0.8 * (0.75 + 0.25 * float(shading.light.mean()))
    colour = (drawing.colours.skin * np.float32(brightness))[:, None, None]
    for side in SIDES:
        ear = canvas.mask(ellipse(side * 0.86 * width, 0.17, 0.085, 0.20, tilt=-side * 0.12), 0.008)
        hollow = canvas.full_mask(ellipse(side * 0.86 * width, 0.17, 0.045, 0.12), 0.03)[ear.rows, ear.columns]
        _put(layer, ear, colour * (1 - 0.35 * hollow))


def _front_edge(drawing: Sketch) -> Outline:
    """The hairline, image left to right."""
    w, style = drawing.person.head.width, drawing.person.hair.style
    line = HAIRLINE + drawing.person.hair.recession
    if style == "side":
        return [(-0.86 * w, 0.0), (-0.76 * w, -0.35), (-0.55 * w, -0.62), (-0.1, line - 0.04), (0.35 * w, line),
                (0.70 * w, -0.45), (0.86 * w, 0.0)]  # fmt: skip
    if style == "fringe":
        right = [(0.0, -0.45), (0.5 * w, -0.42), (0.74 * w, -0.3), (0.86 * w, 0.05)]
    elif style == "long":
        right = [(0.0, line - 0.1), (0.4 * w, line + 0.1), (0.72 * w, -0.3), (0.80 * w, 0.2), (0.90 * w, 0.9)]
    else:
        right = [(0.0, line + 0.02), (0.3 * w, line), (0.62 * w, line + 0.12), (0.78 * w, -0.32), (0.87 * w, 0.0)]
    return [(-x, y) for x, y in reversed(right[1:])] + right


def _put_front_hair(drawing: Sketch, shading: Shading, layer: np.ndarray, back: np.ndarray, tinted: np.ndarray) -> None:
    """The hair before the forehead, with a wispy edge and its shadow on the skin."""
    canvas, width = drawing.canvas, drawing.person.head.width
    edge = spline(_front_edge(drawing))
    (left_x, left_y), (right_x, right_y), side = edge[0], edge[-1], 1.08 * width
    crown = [(right_x + 0.1, right_y), (side, -0.4), (0.8 * width, -1.1), (0, -1.38), (-0.8 * width, -1.1),
             (-side, -0.4), (left_x - 0.1, left_y)]  # fmt: skip
    outline = np.vstack([edge, crown])
    cap = canvas.full_mask(outline, 0.022) * np.maximum(back, canvas.full_mask(drawing.outlines.head, 0.01))
    wisps = canvas.noise(drawing.stream(Texture.HAIR_EDGE), 0.01, 0.05)
    cap = np.clip(cap * (1 + wisps * cap * (1 - cap)), 0, 1)
    shadow = np.zeros_like(cap)
    add(shadow, canvas.mask(outline + (0, 0.05), 0.05), 0.35)
    layer[:3] *= 1 - shadow * layer[3] * (1 - cap)
    light = np.clip(0.65 + 0.45 * shading.diffuse, 0.3, 1.4) + 0.6 * shading.gloss
    painted = _hair_colour(drawing)[:, None, None] * (tinted * light)
    _put(layer, Patch(slice(None), slice(None), cap), painted)
