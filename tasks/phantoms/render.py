"""A whole picture: the head in its pose, on a body, before a background, through a camera.

In: Identity, Expression, Pose, Cleft. Out: the picture and where its 68 points really are, in pixels: everything drawn
follows the points, and the same map moves both, so picture and truth agree by construction.
Pictures look like soft airbrush work, plainly synthetic; a cleft is suggestive, not clinically validated.
"""

from typing import NamedTuple

import cv2
import numpy as np

from tasks.phantoms.canvas import Canvas, blend, spline
from tasks.phantoms.eyes import paint_eyes
from tasks.phantoms.hair import assemble_head
from tasks.phantoms.identity import Identity
from tasks.phantoms.motion import Motion, Pose, motion
from tasks.phantoms.mouth import paint_mouth
from tasks.phantoms.palette import linear
from tasks.phantoms.relief import shade
from tasks.phantoms.shape import Cleft, Expression
from tasks.phantoms.sketch import Sketch, Texture, sketch
from tasks.phantoms.skin import paint_skin

FACE_SHARE = 0.29  # outer eye distance as a share of the picture's side
EYE_LINE = 0.44  # height of the eyes as a share of the picture's side
CAMERA_BLUR, CAMERA_NOISE = 0.7 / 512, 0.004  # share of the picture's side; deviation, of 1
SHOULDERS = ((-2.4, 2.6), (-1.9, 1.95), (-0.75, 1.62), (0.75, 1.62), (1.9, 1.95), (2.4, 2.6))
COLLAR = ((-2.4, 2.6), (-1.8, 2.0), (-0.62, 1.66), (0.0, 1.95), (0.62, 1.66), (1.8, 2.0), (2.4, 2.6))


class Drawing(NamedTuple):
    """A picture and its truth."""

    image: np.ndarray  # (size, size, 3) uint8 RGB
    landmarks: np.ndarray  # (68, 2) float64 pixels, where they are drawn
    landmarks_without_cleft: np.ndarray  # (68, 2) float64 pixels, where they would be


def render(person: Identity, *, size: int, expression: Expression, pose: Pose, cleft: Cleft, frame: int) -> Drawing:
    """Draw one moment on size x size pixels (64 or more); `frame` seeds the camera's noise and nothing else."""
    whole = Canvas(size, size, size * FACE_SHARE * pose.zoom, size * 0.5, size * EYE_LINE)
    canvas, rows, columns = whole.window(*_head_bounds(person))
    drawing = sketch(person, expression, cleft, canvas)
    shading = shade(drawing)
    face = paint_skin(drawing, shading)
    paint_mouth(drawing, face, float(shading.light.mean()))
    paint_eyes(drawing, shading, face)
    layer = assemble_head(drawing, shading, face)
    moving = motion(pose, canvas, shading.height)
    origin = np.array([columns.start, rows.start])
    picture = _background(drawing, whole)
    _lay_over(picture, layer, moving, origin)
    truth, uncleft = (moving.forward(canvas.pixels(points)) + origin for points in (drawing.points, drawing.uncleft))
    return Drawing(_photograph(picture, person, frame), truth, uncleft)


def _head_bounds(person: Identity) -> tuple[float, float, float, float]:
    """Left, top, right, bottom that hold head and hair at any expression, in face units: constant within a clip."""
    style, width = person.hair.style, person.head.width
    half = {"curly": 1.17 * width + 0.18, "long": 1.12 * width + 0.1}.get(style, 1.08 * width + 0.1)
    chin = 0.6 + 0.72 * person.head.chin**1.3 + 0.3
    return -half, -1.68 if style == "curly" else -1.5, half, max(chin, 1.9 if style == "long" else 0.0)


def _lay_over(picture: np.ndarray, layer: np.ndarray, moving: Motion, origin: np.ndarray) -> None:
    """Put the head's premultiplied layer, moved, over the picture, in place."""
    if moving.still:
        left, top = origin.tolist()
        part = picture[:, top : top + layer.shape[1], left : left + layer.shape[2]]
    else:
        part = picture
        x, y = moving.backward(picture.shape[1], picture.shape[2], origin)
        moved = cv2.remap(cv2.merge(list(layer)), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        layer = np.stack(cv2.split(moved))
    part *= 1 - layer[3]
    part += layer[:3]


def _background(drawing: Sketch, canvas: Canvas) -> np.ndarray:
    """Wall, neck, shoulders and collar: (3, H, W) linear light."""
    person = drawing.person
    azimuth, width = float(np.sin(np.radians(person.light.azimuth))), person.head.width
    down = 1.15 - 0.4 * np.linspace(0, 1, canvas.height, dtype=np.float32)[:, None]
    across = 1 + np.float32(0.15 * azimuth) * np.linspace(-1, 1, canvas.width, dtype=np.float32)[None]
    picture: np.ndarray = linear(person.backdrop.background)[:, None, None] * (down * across)
    clothes = linear(person.backdrop.clothes) * np.float32(0.8)
    blend(picture, canvas.mask(spline(SHOULDERS), 0.01), clothes, 1)
    neck = canvas.mask(
        np.array([(-0.50 * width, 0.7), (-0.46 * width, 1.5), (-0.7, 1.8), (0.7, 1.8), (0.46 * width, 1.5),
                  (0.50 * width, 0.7)]), 0.015)  # fmt: skip
    below_chin = canvas.y[neck.rows] - np.float32(drawing.points[8, 1])
    light = np.clip(0.30 + below_chin * np.float32(0.5 / 0.45), 0.22, 0.8)
    light = light * (1 + np.float32(0.5 * azimuth) * canvas.x[:, neck.columns])
    part = picture[:, neck.rows, neck.columns]
    part += neck.weights * (drawing.colours.skin[:, None, None] * light - part)
    blend(picture, canvas.mask(spline(COLLAR), 0.008), clothes, 1)
    return picture


def _photograph(picture: np.ndarray, person: Identity, frame: int) -> np.ndarray:
    """Exposure, gamma, blur and grain: (3, H, W) linear light to (H, W, 3) uint8 RGB."""
    size, light = picture.shape[1], person.light
    gains = np.array([1 + light.warmth, 1, 1 - light.warmth], np.float32) * np.float32(light.exposure)
    grain = np.random.default_rng([person.seed, frame, int(Texture.CAMERA)])
    noise = grain.standard_normal((size, size), dtype=np.float32) * np.float32(CAMERA_NOISE)
    planes = []
    for plane, gain in zip(picture, gains, strict=True):
        bright = np.sqrt(np.clip(plane * gain, 0, 1))
        bright = cv2.GaussianBlur(bright, (0, 0), max(CAMERA_BLUR * size, 0.4)) + noise
        planes.append((np.clip(bright, 0, 1) * 255 + np.float32(0.5)).astype(np.uint8))
    return np.dstack(planes)
