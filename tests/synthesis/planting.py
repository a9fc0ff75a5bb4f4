"""Faults planted in a picture of one whole frontal face, as generated pictures have them; each is drawn anew by `rng`.

In: a picture and where its 68 points are. Out: the picture with one fault. For the tests and bench/screening.py.
"""

from collections.abc import Callable

import cv2
import numpy as np

WORDS = (
    "stock photo",
    "SAMPLE",
    "Dr. Smith 2019",
    "www.clinic.org",
    "before",
    "COPYRIGHT",
    "Patient 17",
    "after repair",
)
FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_TRIPLEX)
Fault = Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray]


def between(rng: np.random.Generator, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def second_face(image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The picture at 0.52 to 0.6 of its size, and beside it its face again, mirrored and in another light."""
    height, width = image.shape[:2]
    first = round(width * between(rng, 0.52, 0.6))
    low, high = points.min(axis=0), points.max(axis=0)
    half = 0.72 * max(high - low)
    left, top = np.maximum((low + high) / 2 - half, 0).astype(int)
    right, bottom = np.minimum((low + high) / 2 + half, (width, height)).astype(int)
    shares = ((image, first), (image[top:bottom, left:right][:, ::-1] * between(rng, 0.75, 1), width - first))
    out = cv2.GaussianBlur(cv2.resize(image[:2], (width, height)), (0, 0), width / 20)
    start = 0
    for face, side in shares:
        across = int(rng.integers(0, height - side + 1))
        small = cv2.resize(face.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)
        out[across : across + side, start : start + side] = np.clip(np.rint(small), 0, 255)
        start += side
    return out if rng.random() < 0.5 else np.ascontiguousarray(out[:, ::-1])


def cropped(image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One side of the face cut off: 0.15 to 0.4 of its width, or of its height at forehead or chin; enlarged again."""
    low, high = points[:17].min(axis=0), points[:17].max(axis=0)
    low[1] -= 0.75 * (high[1] - points[27, 1])  # the forehead
    cut = low + (high - low) * between(rng, 0.15, 0.4), high - (high - low) * between(rng, 0.15, 0.4)
    height, width = image.shape[:2]
    left, right, top, bottom = 0, width, 0, height
    match int(rng.integers(0, 4)):
        case 0:
            left = int(cut[0][0])
        case 1:
            right = int(cut[1][0])
        case 2:
            top = int(cut[0][1])
        case _:
            bottom = int(cut[1][1])
    short = min(right - left, bottom - top)
    if right - left > short:
        left = int(np.clip(points[30, 0] - short / 2, 0, width - short))
        right = left + short
    if bottom - top > short:
        top = int(np.clip(points[30, 1] - short / 2, 0, height - short))
        bottom = top + short
    return cv2.resize(
        np.ascontiguousarray(image[top:bottom, left:right]), (width, height), interpolation=cv2.INTER_LINEAR
    )


def eye_bar(image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A dark bar across both eyes, 0.22 to 0.45 eye distances high, turned with them."""
    left, right = points[36:42].mean(axis=0), points[42:48].mean(axis=0)
    apart = np.hypot(*(points[45] - points[36]))
    along = (right - left) / np.hypot(*(right - left))
    length, height = apart * between(rng, 1.15, 1.9) / 2, apart * between(rng, 0.22, 0.45) / 2
    middle, across = (left + right) / 2, np.array([-along[1], along[0]])
    corners = [middle + x * along * length + y * across * height for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    out = image.copy()
    shade = int(rng.integers(0, 30))
    cv2.fillPoly(out, [np.rint(np.array(corners) * 16).astype(np.int32)], (shade,) * 3, cv2.LINE_AA, 4)
    return out


def _written(image: np.ndarray, word: str, *, size: float, place: tuple[float, float], font: int) -> np.ndarray:
    """Where the word's strokes are, (H, W) 0..1; `size`: height of a capital, of 1; `place`: left and base, of 1."""
    side = 4 * image.shape[0]
    scale = size * side / cv2.getTextSize("H", font, 1, 1)[0][1]
    thick = max(1, round(size * side * 0.13))
    mask = np.zeros((side, round(side * image.shape[1] / image.shape[0])), np.uint8)
    at = (round(place[0] * mask.shape[1]), round(place[1] * side))
    cv2.putText(mask, word, at, font, scale, 255, thick, cv2.LINE_AA)
    return cv2.resize(mask, image.shape[1::-1], interpolation=cv2.INTER_AREA).astype(float) / 255


def _inked(image: np.ndarray, ink: np.ndarray, colour: float) -> np.ndarray:
    return np.clip(np.rint(image + ink[:, :, None] * (colour - image.astype(float))), 0, 255).astype(np.uint8)


def text(image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A line of words above or below the face, capitals 0.03 to 0.09 of the side, 60 grey levels or more apart."""
    size, high = between(rng, 0.03, 0.09), bool(rng.integers(0, 2))
    word = str(rng.choice(WORDS))
    base = size + 0.01 + between(rng, 0, 0.02) if high else 0.985 - between(rng, 0, 0.04)
    ink = _written(image, word, size=size, place=(between(rng, 0.02, 0.3), base), font=int(rng.choice(FONTS)))
    there = float(np.median(image[ink > 0.5])) if (ink > 0.5).any() else 128.0
    apart = between(rng, 60, 160)
    return _inked(image, ink, there + apart if there < 128 else there - apart)


def watermark(image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A word across the whole picture and face in several lines, white, 0.25 to 0.5 opaque."""
    word, size, font = str(rng.choice(WORDS)), between(rng, 0.05, 0.09), int(rng.choice(FONTS))
    ink = np.zeros(image.shape[:2])
    for line in range(4):
        at = (between(rng, 0, 0.15), 0.15 + 0.24 * line)
        ink = np.maximum(ink, _written(image, f"{word}  {word}", size=size, place=at, font=font))
    return _inked(image, ink * between(rng, 0.25, 0.5), 255.0)


def blurred(image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Out of focus: 0.05 to 0.08 eye distances of standard deviation."""
    apart = np.hypot(*(points[45] - points[36]))
    return cv2.GaussianBlur(image, (0, 0), apart * between(rng, 0.05, 0.08))


def turned(image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The head turned by 40 to 60 degrees to a side, as a picture on a cylinder would be."""
    angle = np.radians(between(rng, 40, 60)) * (1 if rng.random() < 0.5 else -1)
    apart, centre = np.hypot(*(points[45] - points[36])), float(points[27, 0])
    radius = 0.95 * apart
    x, y = np.meshgrid(np.arange(image.shape[1], dtype=np.float32), np.arange(image.shape[0], dtype=np.float32))
    on = np.clip((x - centre) / radius, -1, 1)
    before = np.arcsin(on) - angle
    source = centre + radius * np.sin(np.clip(before, -np.pi / 2, np.pi / 2))
    inside = (np.abs(x - centre) < radius) & (np.abs(before) < np.pi / 2)
    return cv2.remap(image, np.where(inside, source, x).astype(np.float32), y, cv2.INTER_LINEAR)


FAULTS: dict[str, tuple[Fault, tuple[str, ...]]] = {
    "second face": (second_face, ("several_faces",)),
    "cropped": (cropped, ("cropped", "no_face")),
    "turned": (turned, ("not_frontal", "no_face")),
    "bar over the eyes": (eye_bar, ("eyes_covered", "no_face")),
    "text": (text, ("text",)),
    "watermark": (watermark, ("text",)),
    "blurred": (blurred, ("blurred", "no_face")),
}
"""What is planted, and the flags of which one has to be raised: a face so spoilt that none is found is found out."""
