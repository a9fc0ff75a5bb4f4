"""The outline of a head in front of an even background, as a photograph in profile shows it.

In: an upright photograph in which the face looks to the picture's left (mirror it first where it looks to the right).
Out: the outline's front edge, from the crown down, in sub-pixel pixels; or why there is none. The background is taken
to be one colour that changes evenly over the picture, as a lamp's light does; what differs from it is the figure.
Knows no face: tasks.ingest.faces.profile looks for one on the outline.
"""

import cv2
import numpy as np

from tasks.errors import InputError
from tasks.params.ingest import Silhouette

IMPORTED_LATER = ("scipy.ndimage",)
"""What its functions import: imported once for all stages (flows/forks.py), and not for a photograph's score."""

STRIP = 0.04
"""Share of the picture's sides along its border by which the background is learned."""
FAR = 25.0
"""Colour distance (Lab) to the border's commonest colour beyond which a border pixel is no background."""
ALIKE = 0.3
"""Of the largest figure's area: another one so large may be a person, too."""
LEAST, MOST = 0.06, 0.9
"""Shares of the picture that a head can cover."""
REACH = 4.0
"""Pixels to either side of the coarse edge in which the fine one lies."""


class NoSilhouette(InputError):
    """The picture's figure cannot be told from its background; the message says why."""


def front_edge(
    image: np.ndarray,  # (H, W, 3) uint8 RGB, upright, the face looking to the left
    *,
    settings: Silhouette,
) -> tuple[np.ndarray, float]:
    """The figure's edge from its highest point down its left side, and the scale of the picture in which it lies.

    The picture is shrunk to `side`; the edge is (n, 2) float px of the shrunken one, its points one pixel apart: who
    counts points counts pixels. NoSilhouette where the background is uneven, or not one figure of a head's size stands
    before it.
    """
    scale = min(settings.side / max(image.shape[:2]), 1.0)
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
    difference, noise = _from_background(small, settings)
    least = max(settings.least_difference, settings.noise_times * noise)
    edge = _descending(_outer_contour(difference > least))
    fine = _refined(_smooth(_even(edge), settings.smoothing), difference)
    return _smooth(fine, settings.smoothing), scale


def _from_background(image: np.ndarray, settings: Silhouette) -> tuple[np.ndarray, float]:
    """Each pixel's colour distance from the background, (H, W) float, and the background's own noise."""
    blurred = cv2.GaussianBlur(image, (0, 0), 1.0)
    lab = cv2.cvtColor(blurred.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    height, width = lab.shape[:2]
    across, down = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    terms = np.stack([np.ones_like(across), across, down], axis=-1)
    band = max(2, round(STRIP * min(height, width)))
    border = np.zeros((height, width), bool)
    border[:band], border[: height * 3 // 4, :band], border[: height // 2, -band:] = True, True, True
    colours, where = lab[border], terms[border]
    kept = np.linalg.norm(colours - np.median(colours, axis=0), axis=1) < FAR
    fit = np.zeros((3, 3))
    for _ in range(3):
        if kept.mean() < settings.least_background:
            break
        fit = np.linalg.lstsq(where[kept], colours[kept], rcond=None)[0]
        apart = np.linalg.norm(colours - where @ fit, axis=1)
        kept = apart < max(settings.least_difference, settings.noise_times * float(np.median(apart[kept])))
    if kept.mean() < settings.least_background:
        raise NoSilhouette(UNEVEN)
    noise = float(np.median(np.linalg.norm(colours[kept] - where[kept] @ fit, axis=1)))
    if noise > settings.most_noise:
        raise NoSilhouette(UNEVEN)
    return np.asarray(np.linalg.norm(lab - terms @ fit, axis=2)), noise


UNEVEN = "the background is not even: the head's outline cannot be told from it (a plain wall or cloth is needed)"


def _outer_contour(figure: np.ndarray) -> np.ndarray:  # (H, W) bool
    """The outer contour of the largest figure, (n, 2) float px, closed."""
    grown = cv2.morphologyEx(figure.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    whole = cv2.morphologyEx(grown, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    found, _ = cv2.findContours(whole, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    largest = max(found, key=cv2.contourArea, default=None)
    areas = sorted((cv2.contourArea(one) / figure.size for one in found), reverse=True)
    share = areas[0] if areas else 0.0
    if largest is None or share < LEAST:
        raise NoSilhouette("nothing of a head's size stands out from the background")
    if share > MOST:
        raise NoSilhouette("the head fills the picture: no background is left beside the face")
    if len(areas) > 1 and areas[1] > max(LEAST, ALIKE * share):
        raise NoSilhouette("two figures stand out from the background: cut the photograph to one person")
    return np.asarray(largest[:, 0].astype(float))


def _descending(contour: np.ndarray) -> np.ndarray:
    """The contour's part from its highest point down the left side to its lowest point."""
    top, low = int(np.lexsort((contour[:, 0], contour[:, 1]))[0]), contour[:, 1].max()
    rolled = np.roll(contour, -top, axis=0)
    both = (rolled, np.roll(rolled[::-1], 1, axis=0))
    sides = [way[: int(np.argmax(way[:, 1] >= low)) + 1] for way in both]
    return min(sides, key=lambda side: float(side[:, 0].mean()))


def _even(edge: np.ndarray) -> np.ndarray:
    """The edge's points one pixel apart along it."""
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(edge, axis=0).T))])
    at = np.arange(0, along[-1], 1.0)
    return np.column_stack([np.interp(at, along, edge[:, axis]) for axis in (0, 1)])


def _refined(edge: np.ndarray, difference: np.ndarray) -> np.ndarray:
    """The edge moved along its normals to where the colour is half-way from the background's to the figure's."""
    along = np.gradient(_smooth(edge, 2 * REACH), axis=0)
    inward = np.column_stack([along[:, 1], -along[:, 0]]) / np.hypot(*along.T)[:, None]  # the figure is to the right
    steps = np.arange(-REACH, REACH + 0.01, 0.25)
    where = (edge[:, None] + steps[:, None] * inward[:, None]).astype(np.float32)
    across, down = where[..., 0], where[..., 1]
    seen = cv2.remap(difference.astype(np.float32), across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    half = np.median(seen[:, steps >= REACH / 2], axis=1, keepdims=True) / 2
    outside = seen < half
    last = seen.shape[1] - 1 - np.argmax(outside[:, ::-1], axis=1)  # the last sample that is still background
    usable = outside.any(axis=1) & (last < seen.shape[1] - 1)
    here, rows = np.minimum(last, seen.shape[1] - 2), np.arange(len(edge))
    rise = seen[rows, here + 1] - seen[rows, here]
    with np.errstate(divide="ignore", invalid="ignore"):
        at = steps[here] + 0.25 * (half[:, 0] - seen[rows, here]) / rise
    return np.asarray(edge + np.where(usable & np.isfinite(at), at, 0.0)[:, None] * inward)


def _smooth(edge: np.ndarray, deviation: float) -> np.ndarray:
    """The edge without the steps of pixels."""
    from scipy.ndimage import gaussian_filter1d  # slow to import, and most photographs are no profiles

    return np.asarray(gaussian_filter1d(edge, deviation, axis=0, mode="nearest"))
