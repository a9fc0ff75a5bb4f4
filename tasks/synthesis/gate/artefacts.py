"""What a generated picture shows that it should not, as pixels tell: a bar over the eyes, writing, and the skin's tone.

In: a picture and the 68 points of its face. Out: numbers; tasks.synthesis.gate.screening compares them with the limits.
Rosero et al. 2025, DiffusionCleft, section 6 and Figure 8, names the faults and no method; these are ours, tried on
drawn faces and photographs with planted faults (bench/screening.py). Knows nothing of prompts and limits.
"""

from typing import NamedTuple

import cv2
import numpy as np

from tasks.ingest.faces.detection import resized

UPRIGHT = 96
"""The eyes are looked at with their outer corners so many pixels apart."""
BAND = 0.16
"""Height of the strip that a bar has to fill, in eye distances."""
SEARCH = (-0.12, 0.12)
"""How far above and below the eye corners the strip is looked for: dlib is off where the eyes are covered."""
SAME, OTHER = 9.0, 14.0
"""Colours this near are one (CIELAB); this far from the cheeks' is no skin in shade."""

WRITING_SIDE = 512
"""Longer side at which writing is looked for."""
STROKES = (9, 19)
"""What is thinner than this (pixels of that picture) may be a stroke; finer writing with the first."""
FAINTEST = 10.0
"""Grey levels by which a stroke stands out, at least."""
CORE = 0.5
"""Share of the strongest nearby that belongs to a stroke: what joins two letters stands out less."""
LETTER = (7, 72)
"""Lowest and highest letter, pixels of that picture."""
WIDE = 0.5
"""Width over height of a row's median letter, at least: locks of hair are narrower."""
ENOUGH = 8
"""Letters in a row that make the strength 1."""


def eye_cover(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
    points: np.ndarray,  # (68, 2) px
) -> float:
    """How far one flat colour that is not the cheeks' fills a strip across both eyes, 0 .. 1.

    Open eyes are many colours with skin between; a bar is one, on dark skin too, and so are dark glasses.
    """
    level, cheeks = _levelled(image, points)
    skin = np.median(cheeks, axis=0)
    height, width = level.shape[:2]
    strip, middle = round(BAND * UPRIGHT), height // 2
    best = 0.0
    for shift in np.linspace(*SEARCH, 7):
        top = round(middle + shift * UPRIGHT - strip / 2)
        rows = level[top : top + strip, width // 6 : -(width // 6)].reshape(-1, 3)
        colour = np.median(rows, axis=0)
        same = float(np.mean(np.linalg.norm(rows - colour, axis=1) < SAME))
        far = float(np.linalg.norm(colour - skin)) / OTHER
        best = max(best, same * min(1.0, far**2))
    return best


def _levelled(image: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The eyes' surroundings, level, in CIELAB (H, W, 3), and the cheeks' pixels (N, 3)."""
    left, right = points[36], points[45]
    scale = UPRIGHT / float(np.hypot(*(right - left)))
    x = (right - left) / np.hypot(*(right - left))
    width, height = round(1.5 * UPRIGHT), UPRIGHT
    matrix = np.array([[x[0], x[1]], [-x[1], x[0]]]) * scale
    shift = np.array([width / 2, height / 2]) - matrix @ ((left + right) / 2)
    smooth = cv2.GaussianBlur(image, (0, 0), max(0.3, 0.4 / scale))
    flat = cv2.warpAffine(smooth, np.column_stack([matrix, shift]), (width, height), borderMode=cv2.BORDER_REPLICATE)
    return lab(flat), lab(skin_pixels(image, points)[None])[0]


def lab(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
) -> np.ndarray:
    """CIELAB (D65) in its own units, (H, W, 3) float32: L 0 .. 100, a and b around 0."""
    return np.asarray(cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB))


def skin_pixels(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
    points: np.ndarray,  # (68, 2) px
) -> np.ndarray:
    """The pixels of both cheeks and the forehead's middle, (N, 3) uint8; at least one."""
    up = points[27] - points[33]
    forehead = np.array([points[21], points[22], points[22] + 0.45 * up, points[21] + 0.45 * up])
    mask = np.zeros(image.shape[:2], np.uint8)
    for outer, mouth, eye, nose in ((2, 48, (36, 41, 40, 39), 31), (14, 54, (45, 46, 47, 42), 35)):
        below = points[list(eye)] - 0.35 * up  # beneath the lid's shadow
        cheek = np.vstack([below, points[[nose, mouth]], (points[outer] * 2 + points[nose]) / 3])
        cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(cheek).astype(np.int32)), 1)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(forehead).astype(np.int32)), 1)
    found = image[mask > 0]
    return found if len(found) else image.reshape(-1, 3)


def typology_angle(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
    points: np.ndarray,  # (68, 2) px
) -> float:
    """Individual typology angle of the skin, degrees: atan((L - 50) / b), above 55 very light, below -30 dark.

    Of the cheeks' and forehead's median colour. Light and white balance move it by tens of degrees.
    """
    lightness, _, yellow = np.median(lab(skin_pixels(image, points)[None])[0], axis=0)
    return float(np.degrees(np.arctan2(lightness - 50, max(float(yellow), 1e-3))))


class _Letter(NamedTuple):
    """A blob that may be a letter: its box in pixels, its stroke's width, and its grey level."""

    left: float
    right: float
    top: float
    bottom: float
    stroke: float
    grey: float

    @property
    def height(self) -> float:
        return self.bottom - self.top


def text_strength(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
    points: np.ndarray | None,  # (68, 2) px; None: no face
) -> float:
    """How much a picture looks written on, 0 .. 1: letters in the longest row of blobs that could be writing.

    Blobs are thin and stand out from what is around them; a row is of like height, stroke and grey, on one line.
    Brows, eyes and mouth are not looked at. No letters are read: a row of buttons is writing too.
    """
    scale = WRITING_SIDE / max(image.shape[:2])
    grey = cv2.cvtColor(resized(image, scale), cv2.COLOR_RGB2GRAY)
    inner = np.zeros(grey.shape, np.uint8)
    if points is not None:
        cv2.fillConvexPoly(inner, cv2.convexHull(np.rint(points[17:68] * scale).astype(np.int32)), 1)
        inner = np.asarray(cv2.dilate(inner, np.ones((9, 9), np.uint8)), np.uint8)
    longest = 0
    for size in STROKES:
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
        for hat in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT):
            letters = _letters(cv2.morphologyEx(grey, hat, kernel), grey, inner, size)
            longest = max(longest, _longest_row(letters))
    return min(1.0, longest / ENOUGH)


def _letters(standing_out: np.ndarray, grey: np.ndarray, inner: np.ndarray, size: int) -> list[_Letter]:
    """Blobs of the size and thinness of letters, by their left edges."""
    around = cv2.dilate(standing_out, np.ones((size, size), np.uint8))
    mask = ((standing_out >= np.maximum(FAINTEST, CORE * around)) & (inner == 0)).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    depth = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    found = []
    for number in range(1, count):
        left, top, width, height, area = stats[number].tolist()
        if not LETTER[0] <= height <= LETTER[1] or width > 2 * height or not 0.12 <= area / (width * height) <= 0.95:
            continue
        window = np.s_[top : top + height, left : left + width]
        own = labels[window] == number
        stroke = 4 * float(depth[window][own].mean())
        core = own & (standing_out[window] >= 0.7 * np.percentile(standing_out[window][own], 90))
        if stroke < size:
            found.append(_Letter(left, left + width, top, top + height, stroke, float(np.median(grey[window][core]))))
    return sorted(found)


def _longest_row(letters: list[_Letter]) -> int:
    """Letters in the longest row: each follows the one before at most a height away."""
    best = 0
    for number, first in enumerate(letters):
        row = [first]
        for letter in letters[number + 1 :]:
            if letter.left - row[-1].right > 1.3 * first.height:
                break
            if _follows(row[-1], first, letter):
                row.append(letter)
        if np.median([(letter.right - letter.left) / letter.height for letter in row]) >= WIDE:
            best = max(best, len(row))
    return best


def _follows(last: _Letter, first: _Letter, letter: _Letter) -> bool:
    like = 0.6 <= letter.height / first.height <= 1.67 and 0.7 <= letter.stroke / first.stroke <= 1.43
    aligned = abs(letter.bottom - first.bottom) <= max(0.1 * first.height, 1.5)
    return like and aligned and letter.left >= last.right - 2 and abs(letter.grey - first.grey) <= 20
