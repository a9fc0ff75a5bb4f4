"""Where drawing happens: curves through points, soft masks, smooth noise, and blending colours into planes.

Pictures here are planar float32 (3, H, W) in linear light, so that one mask broadcasts over the three colours.
Curves are (N, 2) float64 in face units; a `Canvas` knows how they land on its pixels. Knows nothing of faces.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

SUBPIXEL_BITS = 5
SMALLEST_BLUR = 0.3  # pixels; below it a blur is left out
BUMP_REACH = 4.5  # deviations after which a Gaussian bump is cut
Colour = Sequence[float] | np.ndarray  # (3,) linear light, or factors


@dataclass(frozen=True)
class Patch:
    """A soft mask inside its own rectangle of a canvas."""

    rows: slice
    columns: slice
    weights: np.ndarray  # (h, w) float32 in [0, 1]


@dataclass(frozen=True)
class Bump:
    """A Gaussian hill: centre, deviations and height, face units."""

    x: float
    y: float
    wide: float
    tall: float
    height: float


@dataclass(frozen=True)
class Canvas:
    """A rectangle of pixels; `unit` pixels are one face unit, and the face's origin lies at (origin_x, origin_y)."""

    width: int
    height: int
    unit: float
    origin_x: float
    origin_y: float

    @cached_property
    def x(self) -> np.ndarray:
        """(1, W) float32: each column in face units."""
        return ((np.arange(self.width) - self.origin_x) / self.unit).astype(np.float32)[None]

    @cached_property
    def y(self) -> np.ndarray:
        """(H, 1) float32: each row in face units."""
        return ((np.arange(self.height) - self.origin_y) / self.unit).astype(np.float32)[:, None]

    def pixels(self, points: np.ndarray) -> np.ndarray:
        """(N, 2) face units -> (N, 2) pixels of this canvas."""
        return np.asarray(points) * self.unit + (self.origin_x, self.origin_y)

    def window(self, left: float, top: float, right: float, bottom: float) -> tuple["Canvas", slice, slice]:
        """The part between these face units, as a canvas of its own, with its rows and columns in this one."""
        (x0, y0), (x1, y1) = np.round(self.pixels(np.array([[left, top], [right, bottom]]))).astype(int).tolist()
        x0, x1 = (min(max(x, 0), self.width) for x in (x0, x1))
        y0, y1 = (min(max(y, 0), self.height) for y in (y0, y1))
        part = Canvas(x1 - x0, y1 - y0, self.unit, self.origin_x - x0, self.origin_y - y0)
        return part, slice(y0, y1), slice(x0, x1)

    def mask(self, outline: np.ndarray, blur: float) -> Patch:
        """The polygon's inside, edges antialiased and then blurred by `blur` face units."""
        points, sigma = self.pixels(outline), blur * self.unit
        pad = int(3 * sigma + 2)
        x0, y0 = np.maximum(np.floor(points.min(0)).astype(int) - pad, 0).tolist()
        x1, y1 = np.minimum(np.ceil(points.max(0)).astype(int) + pad + 1, (self.width, self.height)).tolist()
        if x1 <= x0 or y1 <= y0:
            return Patch(slice(0, 0), slice(0, 0), np.zeros((0, 0), np.float32))
        filled = np.zeros((y1 - y0, x1 - x0), np.uint8)
        fixed = np.round((points - (x0, y0)) * 2**SUBPIXEL_BITS).astype(np.int32)
        cv2.fillPoly(filled, [fixed], 255, cv2.LINE_AA, SUBPIXEL_BITS)
        weights = filled.astype(np.float32) / 255
        return Patch(slice(y0, y1), slice(x0, x1), soften(weights, sigma))

    def full_mask(self, outline: np.ndarray, blur: float) -> np.ndarray:
        """As `mask`, over the whole canvas: (H, W) float32."""
        whole = np.zeros((self.height, self.width), np.float32)
        add(whole, self.mask(outline, blur), 1.0)
        return whole

    def bumps(self, hills: Sequence[Bump]) -> np.ndarray:
        """Sum of Gaussian hills, (H, W) float32."""
        total = np.zeros((self.height, self.width), np.float32)
        for hill in hills:
            rows = _reach(self.y[:, 0], hill.y, hill.tall)
            columns = _reach(self.x[0], hill.x, hill.wide)
            down = np.exp(-0.5 * ((self.y[rows] - hill.y) / hill.tall) ** 2)
            across = np.exp(-0.5 * ((self.x[:, columns] - hill.x) / hill.wide) ** 2)
            total[rows, columns] += down * (across * hill.height)
        return total

    def noise(self, rng: np.random.Generator, wide: float, tall: float) -> np.ndarray:
        """Smooth noise of unit variance; grain `wide` x `tall` face units. (H, W) float32."""
        sigma_x, sigma_y = wide * self.unit, tall * self.unit
        step = max(1, int(min(sigma_x, sigma_y) / 2))  # coarse grain is made small and enlarged
        rows, columns = self.height // step + 2, self.width // step + 2
        raw = rng.standard_normal((rows, columns), dtype=np.float32)
        blurred = cv2.GaussianBlur(raw, (0, 0), sigmaX=max(sigma_x / step, 0.3), sigmaY=max(sigma_y / step, 0.3))
        grain = unit_variance(blurred)
        if step == 1:
            return grain[: self.height, : self.width]
        return cv2.resize(grain, (self.width, self.height), interpolation=cv2.INTER_CUBIC)


def _reach(axis: np.ndarray, centre: float, deviation: float) -> slice:
    first, last = np.searchsorted(axis, (centre - BUMP_REACH * deviation, centre + BUMP_REACH * deviation)).tolist()
    return slice(first, last)


def unit_variance(field: np.ndarray) -> np.ndarray:
    """The field divided by its standard deviation."""
    scaled: np.ndarray = field / field.std()
    return scaled


def soften(field: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur by `sigma` pixels, left out where it would not be seen."""
    return cv2.GaussianBlur(field, (0, 0), sigma) if sigma > SMALLEST_BLUR else field


def add(field: np.ndarray, patch: Patch, amount: float) -> None:
    """Add the patch to an (H, W) field, in place."""
    field[patch.rows, patch.columns] += patch.weights * amount


def _column(colour: Colour) -> np.ndarray:
    return np.asarray(colour, np.float32)[:, None, None]


def blend(image: np.ndarray, patch: Patch, colour: Colour, amount: float) -> None:
    """Paint `colour` over a planar (3, H, W) picture where the patch is, in place."""
    part = image[:, patch.rows, patch.columns]
    part += (patch.weights * np.float32(amount)) * (_column(colour) - part)


def tint(image: np.ndarray, patch: Patch, factors: Colour, amount: float) -> None:
    """Multiply a planar (3, H, W) picture by `factors` where the patch is, in place."""
    image[:, patch.rows, patch.columns] *= 1 + (patch.weights * np.float32(amount)) * (_column(factors) - 1)


def spline(points: np.ndarray | Sequence[Sequence[float] | np.ndarray], *, closed: bool = False) -> np.ndarray:
    """Catmull-Rom curve through the points, ten steps per segment. (N, 2)."""
    knots = np.asarray(points, np.float64)
    if closed:
        ends = np.vstack([knots[-1], knots, knots[0], knots[1]])
    else:
        ends = np.vstack([2 * knots[0] - knots[1], knots, 2 * knots[-1] - knots[-2]])
    a, b, c, d = (ends[i : len(ends) - 3 + i, None] for i in range(4))
    t = np.linspace(0, 1, 10, endpoint=False)[None, :, None]
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    flat = curve.reshape(-1, 2)
    return flat if closed else np.vstack([flat, knots[-1:]])


def ribbon(curve: np.ndarray, width: float | np.ndarray) -> np.ndarray:
    """Outline of a stroke along an open curve; `width` in face units, one number or one per point."""
    along = np.gradient(curve, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-9
    widths = np.broadcast_to(np.asarray(width, np.float64), len(curve))
    across = np.column_stack([-along[:, 1], along[:, 0]]) * widths[:, None] / 2
    return np.vstack([curve + across, (curve - across)[::-1]])


def ellipse(x: float, y: float, wide: float, tall: float, *, tilt: float = 0.0) -> np.ndarray:
    """Outline of an ellipse with half axes `wide`, `tall`, turned by `tilt` radians. (40, 2)."""
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    across, down = wide * np.cos(turn), tall * np.sin(turn)
    cos, sin = np.cos(tilt), np.sin(tilt)
    return np.column_stack([across * cos - down * sin + x, across * sin + down * cos + y])
