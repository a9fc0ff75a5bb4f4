"""Changes to a face that no training saw, made by other means than tasks/symmetry/warp.py.

In: a photograph, its landmarks, and which sides (1 the patient's left, -1 the right). Out: the changed
photograph. A network that measures asymmetry should answer to the one-sided ones and not to the same
change made on both sides. Thin-plate splines, shears, magnifying and paint here; meshes and sums of
Gaussians there. `smooth_rise` is the one that the issue names: a Gaussian rise of one peak.
"""

from collections.abc import Callable

import cv2
import numpy as np
from scipy.interpolate import RBFInterpolator

OTHER = {52: 50, 53: 49, 54: 48, 55: 59, 56: 58, 63: 61, 64: 60, 65: 67, 35: 31}
"""The point at the mirrored place, for points of the patient's left."""

Change = Callable[[np.ndarray, np.ndarray, tuple[int, ...]], np.ndarray]
Push = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Displacement dx, dy at places x, y, all in mouth widths, on the patient's left; origin at point 51."""


def _frame(landmarks: np.ndarray) -> tuple[np.ndarray, float]:
    eyes = landmarks[42:48].mean(axis=0) - landmarks[36:42].mean(axis=0)
    x = eyes / np.hypot(*eyes)
    return np.array([x, [-x[1], x[0]]]), float(np.hypot(*(landmarks[54] - landmarks[48])))


def _place(landmarks: np.ndarray, point: int, side: int) -> np.ndarray:
    """A landmark of the given side in mouth widths, as if it stood on the patient's left."""
    axes, width = _frame(landmarks)
    at = axes @ (landmarks[point if side > 0 else OTHER[point]] - landmarks[51]) / width
    return np.array([side * at[0], at[1]])


def _moved(
    image: np.ndarray, landmarks: np.ndarray, side: int, push: Push, around: np.ndarray, far: float
) -> np.ndarray:
    """The picture pulled from place minus displacement (six fixed-point steps), within `far` mouth widths."""
    axes, width = _frame(landmarks)
    centre = landmarks[51] + np.array([side * around[0], around[1]]) @ axes * width
    low = np.maximum(np.floor(centre - far * width).astype(int), 0)
    high = np.minimum(np.ceil(centre + far * width).astype(int), image.shape[1::-1])
    x, y = np.meshgrid(np.arange(low[0], high[0]), np.arange(low[1], high[1]))
    pixels = np.stack([x, y], axis=-1).astype(float)
    level = (pixels - landmarks[51]) @ axes.T / width * [side, 1]
    source = level.copy()
    for _ in range(6):
        source = level - np.stack(push(source[..., 0], source[..., 1]), axis=-1)
    back = (source * [side, 1]) @ axes * width + landmarks[51]
    out = image.copy()
    out[low[1] : high[1], low[0] : high[0]] = cv2.remap(
        image, back[..., 0].astype(np.float32), back[..., 1].astype(np.float32), cv2.INTER_LINEAR
    )
    return out


def gaussian(point: int, move: tuple[float, float], reach: float) -> Change:
    """A bump at a landmark: `move` and standard deviation `reach` in mouth widths."""

    def change(image: np.ndarray, landmarks: np.ndarray, sides: tuple[int, ...]) -> np.ndarray:
        for side in sides:
            at = _place(landmarks, point, side)

            def push(x: np.ndarray, y: np.ndarray, at: np.ndarray = at) -> tuple[np.ndarray, np.ndarray]:
                bump = np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * reach**2))
                return move[0] * bump, move[1] * bump

            image = _moved(image, landmarks, side, push, at, 4 * reach)
        return image

    return change


def thin_plate(point: int, move: tuple[float, float]) -> Change:
    """A thin-plate spline through the moved landmark, fixed at its side's other mouth and nose points and all round."""

    def change(image: np.ndarray, landmarks: np.ndarray, sides: tuple[int, ...]) -> np.ndarray:
        for side in sides:
            at = _place(landmarks, point, side)
            ring = np.array([[np.cos(t), np.sin(t)] for t in np.linspace(0, 2 * np.pi, 16, endpoint=False)])
            others = [_place(landmarks, p, side) for p in OTHER if p != point and p not in (53, 63)]
            fixed = np.concatenate([at + 0.45 * ring, at + 0.7 * ring, np.array(others)])
            places = np.concatenate([[at], fixed])
            moves = np.zeros_like(places)
            moves[0] = move
            grid = np.linspace(-0.7, 0.7, 41)
            gx, gy = np.meshgrid(grid, grid)
            coarse = RBFInterpolator(places - at, moves, kernel="thin_plate_spline")(
                np.stack([gx.ravel(), gy.ravel()], 1)
            )
            coarse = coarse.reshape(41, 41, 2) * (np.hypot(gx, gy) < 0.45)[..., None]

            def push(
                x: np.ndarray, y: np.ndarray, at: np.ndarray = at, coarse: np.ndarray = coarse
            ) -> tuple[np.ndarray, np.ndarray]:
                u, v = (((z - a) / 1.4 + 0.5) * 40 for z, a in ((x, at[0]), (y, at[1])))
                found = cv2.remap(
                    coarse.astype(np.float32), u.astype(np.float32), v.astype(np.float32), cv2.INTER_LINEAR
                )
                return found[..., 0], found[..., 1]

            image = _moved(image, landmarks, side, push, at, 0.6)
        return image

    return change


def sheared(slope: float) -> Change:
    """Everything beyond the midline slides up, the more the farther out, as in a drooping or lifted side."""

    def change(image: np.ndarray, landmarks: np.ndarray, sides: tuple[int, ...]) -> np.ndarray:
        for side in sides:

            def push(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
                fade = np.exp(-((np.maximum(np.abs(y - 0.1) - 0.25, 0) / 0.15) ** 2))
                beyond = np.exp(-((np.maximum(x - 0.55, 0) / 0.15) ** 2))
                return np.zeros_like(x), -slope * np.clip(x, 0, 0.55) * fade * beyond

            image = _moved(image, landmarks, side, push, np.array([0.4, 0.1]), 0.9)
        return image

    return change


def magnified(point: int, strength: float, reach: float) -> Change:
    """Swelling: everything flows away from (strength < 0: towards) a landmark."""

    def change(image: np.ndarray, landmarks: np.ndarray, sides: tuple[int, ...]) -> np.ndarray:
        for side in sides:
            at = _place(landmarks, point, side)

            def push(x: np.ndarray, y: np.ndarray, at: np.ndarray = at) -> tuple[np.ndarray, np.ndarray]:
                dx, dy = x - at[0], y - at[1]
                bump = strength * np.exp(-(dx**2 + dy**2) / (2 * reach**2))
                return dx * bump, dy * bump

            image = _moved(image, landmarks, side, push, at, 4 * reach)
        return image

    return change


def _around_mouth(image: np.ndarray, landmarks: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns of the lower face: the rest of a large picture need not be touched."""
    low = np.maximum(landmarks[27:68].min(axis=0).astype(int) - 40, 0)
    high = landmarks[:68].max(axis=0).astype(int) + 40
    return slice(low[1], high[1]), slice(low[0], high[0])


def painted(image: np.ndarray, landmarks: np.ndarray, sides: tuple[int, ...]) -> np.ndarray:
    """The vermilion of a side in another colour."""
    _, width = _frame(landmarks)
    image, where = image.copy(), _around_mouth(image, landmarks)
    for side in sides:
        points = [51, 52, 53, 54, 64, 63, 62] if side > 0 else [51, 50, 49, 48, 60, 61, 62]
        mask = np.zeros(image.shape[:2], np.uint8)
        cv2.fillPoly(mask, [np.round(landmarks[points]).astype(np.int32)], 255)
        soft = cv2.GaussianBlur(mask[where], (0, 0), 0.03 * width)[..., None] / 255.0
        image[where] = np.clip(image[where] + soft * [-40, -12, -12], 0, 255)
    return image


def turned(degrees: float, scale: float, shift: tuple[float, float]) -> Change:
    """The whole picture resampled by a similarity; sides play no part."""

    def change(image: np.ndarray, landmarks: np.ndarray, sides: tuple[int, ...]) -> np.ndarray:
        matrix = cv2.getRotationMatrix2D(tuple(map(float, landmarks[51])), degrees, scale)
        matrix[:, 2] += np.array(shift)
        size = (image.shape[1], image.shape[0])
        return cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    return change


def blurred(share: float) -> Change:
    """A side of the picture out of focus: `share` of the mouth's width is the standard deviation."""

    def change(image: np.ndarray, landmarks: np.ndarray, sides: tuple[int, ...]) -> np.ndarray:
        axes, width = _frame(landmarks)
        rows, columns = where = _around_mouth(image, landmarks)
        soft = cv2.GaussianBlur(image[where], (0, 0), share * width)
        y, x = np.indices(soft.shape[:2])
        out = (x + columns.start - landmarks[51, 0]) * axes[0, 0] + (y + rows.start - landmarks[51, 1]) * axes[0, 1]
        chosen = np.any([out * side > 0 for side in sides], axis=0)
        changed = image.copy()
        changed[where] = np.where(chosen[..., None], soft, image[where])
        return changed

    return change


def drawn_over(move: float) -> Change:
    """Philtrum and cupid's bow shifted sideways, towards the side given."""

    def change(image: np.ndarray, landmarks: np.ndarray, sides: tuple[int, ...]) -> np.ndarray:
        for side in sides:
            at = np.array([0.0, -0.08])

            def push(x: np.ndarray, y: np.ndarray, at: np.ndarray = at) -> tuple[np.ndarray, np.ndarray]:
                bump = np.exp(-((x - at[0]) ** 2) / (2 * 0.16**2) - (y - at[1]) ** 2 / (2 * 0.14**2))
                return move * bump, np.zeros_like(x)

            image = _moved(image, landmarks, side, push, at, 0.6)
        return image

    return change


def darker(share: float) -> Change:
    """A side of the whole face darker by `share`, as with a lamp from the other side; soft at the midline."""

    def change(image: np.ndarray, landmarks: np.ndarray, sides: tuple[int, ...]) -> np.ndarray:
        axes, width = _frame(landmarks)
        y, x = np.indices(image.shape[:2], np.float32)
        out = ((x - landmarks[51, 0]) * axes[0, 0] + (y - landmarks[51, 1]) * axes[0, 1]) / width
        dark = np.sum([1 / (1 + np.exp(-side * out / 0.08)) for side in sides], axis=0)
        changed: np.ndarray = np.clip(image * (1 - share * dark[..., None]) + 0.5, 0, 255).astype(np.uint8)
        return changed

    return change


def streaked(tint: tuple[float, float, float], breadth: float) -> Change:
    """A line from a peak of the bow to the nostril, in another colour: `breadth` in mouth widths."""

    def change(image: np.ndarray, landmarks: np.ndarray, sides: tuple[int, ...]) -> np.ndarray:
        _, width = _frame(landmarks)
        image, where = image.copy(), _around_mouth(image, landmarks)
        for side in sides:
            line = np.round(landmarks[[63, 52, 35] if side > 0 else [61, 50, 31]] * 16).astype(np.int32)
            mask = np.zeros(image.shape[:2], np.uint8)
            cv2.polylines(mask, [line], False, 255, max(1, round(breadth * width)), cv2.LINE_AA, 4)
            soft = cv2.GaussianBlur(mask[where], (0, 0), breadth * width / 3)[..., None] / 255.0
            image[where] = np.clip(image[where] + soft * np.array(tint), 0, 255)
        return image

    return change


ONE_SIDED: dict[str, Change] = {
    "smooth rise of a peak, 0.07": gaussian(52, (0, -0.07), 0.10),
    "wider smooth rise, 0.07": gaussian(52, (0, -0.07), 0.15),
    "narrower smooth rise, 0.07": gaussian(52, (0, -0.07), 0.07),
    "thin-plate rise of a peak, 0.07": thin_plate(52, (0, -0.07)),
    "smooth drop of a peak, 0.07": gaussian(52, (0, 0.07), 0.12),
    "corner up, 0.07": gaussian(54, (0, -0.07), 0.12),
    "corner down, 0.07": gaussian(54, (0, 0.07), 0.12),
    "lower lip down, 0.07": gaussian(56, (0, 0.07), 0.12),
    "notch in the inner lip, 0.06": gaussian(63, (0, -0.06), 0.06),
    "lip drawn outwards, 0.08": gaussian(53, (0.08, 0), 0.15),
    "corner drawn outwards, 0.08": gaussian(54, (0.08, 0), 0.12),
    "broad lift, 0.07": gaussian(53, (0, -0.07), 0.25),
    "side lifted, slope 0.2": sheared(0.2),
    "swollen upper lip": magnified(53, 0.5, 0.14),
    "vermilion in another colour": painted,
}
"""Each is made on one side; then, as a control, on both. The first is required at 95 % and 10 %."""

TO_ONE_SIDE: dict[str, Change] = {
    "philtrum and bow shifted sideways, 0.06": drawn_over(0.06),
    "scar-like line": streaked((-18, -34, -30), 0.025),
}
"""Made on one side only: on both sides the first undoes itself."""

HARMLESS: dict[str, Change] = {
    "resampled by half a pixel": turned(0, 1, (0.5, 0.5)),
    "resampled, turned 3 degrees": turned(3, 1.04, (0.3, 0.7)),
    "one half out of focus": blurred(0.006),
    "one side darker by 18 %": darker(0.18),
}
"""Nothing is deformed."""
