"""A photograph taken once more, as simulated: another camera, place, light and file. A stand-in for another set.

In: a photograph. Out: one of the same face from a little aside, smaller, under a light that falls off, in other
colours, out of focus, with grain and JPEG losses; every draw comes from the generator. It is no second set of people
and no second camera: what it cannot show is a face unlike London's.
"""

import cv2
import numpy as np


def photographed_anew(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
    rng: np.random.Generator,
) -> np.ndarray:
    """The same face again, uint8 RGB; the longer side is 480 to 1,100 px, or as it was where that is less."""
    scale = min(1.0, rng.uniform(480, 1100) / max(image.shape[:2]))
    picture = _from_aside(image, rng, scale).astype(np.float32) / 255
    high, wide = picture.shape[:2]
    angle, fall = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 0.4)
    y, x = np.mgrid[-1 : 1 : high * 1j, -1 : 1 : wide * 1j].astype(np.float32)
    light = 1 + fall * (x * np.cos(angle) + y * np.sin(angle)) * 0.5
    picture = picture * light[..., None] * rng.uniform(0.92, 1.08, 3).astype(np.float32)
    picture = np.clip(picture, 0, 1) ** rng.uniform(0.75, 1.3)
    picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 1.2))
    picture = picture + rng.normal(0, rng.uniform(0.004, 0.02), picture.shape).astype(np.float32)
    coded = np.clip(picture * 255 + 0.5, 0, 255).astype(np.uint8)
    quality = int(rng.integers(55, 93))
    done, file = cv2.imencode(".jpg", coded[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError("the picture could not be coded as JPEG")
    return np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR_RGB))


def _from_aside(image: np.ndarray, rng: np.random.Generator, scale: float) -> np.ndarray:
    """A plane seen a little from the side, turned a little, and smaller."""
    high, wide = image.shape[:2]
    size = (round(wide * scale), round(high * scale))
    corners = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    centre = np.array([wide, high]) / 2
    turn = np.deg2rad(rng.uniform(-4, 4))
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    seen = (corners - centre) @ spin.T + centre + rng.uniform(-0.02, 0.02, (4, 2)) * wide
    matrix = cv2.getPerspectiveTransform((seen * scale).astype(np.float32), corners)
    smooth = cv2.GaussianBlur(image, (0, 0), 0.35 / scale)
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpPerspective(smooth, matrix, size, flags=how, borderMode=cv2.BORDER_REPLICATE))
