"""Two pictures whose rows belong together, to how far right of its place every pixel lies in the other.

In: rectified pictures of even contrast. Out: disparities. Semi-global matching (Hirschmüller 2008) finds them there and
back. It takes the surface to stand across the line of sight, so that a slope, such as the side of a nose, becomes
stairs. So what it found is smoothed, the second picture is laid onto the first by it, and both are matched again: now
what is left to be found is flat, and there are no stairs.
"""

import cv2
import numpy as np

from tasks.params.surface import SurfaceDense

FRACTION = 16
"""Semi-global matching tells disparities in sixteenths of a pixel, and searches a multiple of 16 pixels."""
AROUND = 8
"""px to either side of the smoothed surface that are searched again."""
LOOSER = 0.25
"""Of the first matching's reluctance to let disparities change: on flat ground there is less need of it."""
HALF = 0.2
"""A smoothed place wants this share of known neighbours; where there are fewer, it is smoothed twice as far."""
WIDER = 5
"""Times that it is."""


def disparities(
    left: np.ndarray,  # (H, W) uint8
    right: np.ndarray,  # (H, W) uint8
    least: int,
    count: int,  # a multiple of 16
    *,
    settings: SurfaceDense,
) -> np.ndarray:
    """How far right of its place in `right` every pixel of `left` lies, (H, W) float32 px; NaN where not found back."""
    first = _there_and_back(left, right, least, count, 1.0, settings)
    if not settings.again or not np.isfinite(first).any():
        return first
    ground = smoothed(first, settings.again)
    rows, columns = _places(left)
    laid = cv2.remap(right, columns - ground, rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    second = _there_and_back(left, laid, -AROUND, 2 * AROUND, LOOSER, settings)
    return np.asarray(np.where(np.isfinite(first), ground + second, np.nan).astype(np.float32))


def smoothed(
    values: np.ndarray,  # (H, W) float32, some known
    around: float,  # px
) -> np.ndarray:
    """The values, smoothed over those that are known, (H, W) float32, all known."""
    known = np.isfinite(values).astype(np.float32)
    there = np.where(known > 0, values, 0).astype(np.float32)
    found = np.full(values.shape, np.nan, np.float32)
    for step in range(WIDER):
        share, total = (cv2.GaussianBlur(one, (0, 0), around * 2**step) for one in (known, there))
        found = np.where(np.isnan(found) & (share > HALF), total / np.maximum(share, 1e-6), found)
    return np.where(np.isnan(found), np.nanmedian(values), found).astype(np.float32)


def _there_and_back(
    left: np.ndarray, right: np.ndarray, least: int, count: int, smooth: float, settings: SurfaceDense
) -> np.ndarray:
    """The disparities on which both directions agree, (H, W) float32."""
    edge = count + abs(least)
    area = settings.window**2 * smooth

    def matched(one: np.ndarray, two: np.ndarray) -> np.ndarray:
        wide = [cv2.copyMakeBorder(image, 0, 0, edge, edge, cv2.BORDER_REPLICATE) for image in (one, two)]
        matcher = cv2.StereoSGBM.create(
            least,
            count,
            settings.window,
            round(8 * area),
            round(32 * area),
            0,
            63,
            10,
            mode=cv2.STEREO_SGBM_MODE_SGBM_3WAY,
        )
        return np.asarray(matcher.compute(*wide)[:, edge:-edge].astype(np.float32) / FRACTION)

    there = matched(left, right)
    back = matched(np.ascontiguousarray(right[:, ::-1]), np.ascontiguousarray(left[:, ::-1]))[:, ::-1]
    rows, columns = _places(left)
    found = cv2.remap(
        np.ascontiguousarray(back), columns - there, rows, cv2.INTER_NEAREST, borderValue=(float("nan"),) * 4
    )
    agree = (there >= least) & (np.abs(found - there) <= settings.consistency)
    return np.asarray(np.where(agree, there, np.nan).astype(np.float32))


def _places(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of every pixel, (H, W) float32 each."""
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]].astype(np.float32)
    return rows, columns
