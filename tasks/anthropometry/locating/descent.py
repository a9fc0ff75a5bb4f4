"""Points of lip and nose as they were learned from photographs that were warped like clefts.

In: mouth and nose in the levelled frame. Out: where the points lie. Histograms of gradients around the
model's points go through one ridge regression to how far the model is off (after supervised descent, Xiong and De la
Torre 2013). What it learned from: London's people, who have no cleft, warped so that one peak rises as after a repair
(bench/anthropometry_warps.py); no patient, no drawn face. Does not know whether the lips can be seen at all.
"""

import hashlib
import io
from functools import cache
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from tasks.anthropometry.locating.levelled import Levelled
from tasks.anthropometry.locating.meshed import named
from tasks.anthropometry.names import INDEX, SIDES
from tasks.errors import InputError

AROUND = ("crista_philtri_right", "labiale_superius", "crista_philtri_left", "alar_base_right", "alar_base_left")
"""Points around which gradients are looked at."""
BOW = AROUND[:3]
NOSE = (
    "subnasale",
    "columella_right",
    "columella_left",
    "philtrum_top_right",
    "philtrum_top_left",
    "alare_right",
    "alare_left",
)
PAIRS = ("alar_base", "nostril_outer", "nostril_inner")
"""Points that go with the nostrils' dark spots, too."""
TOLD = (*BOW, *NOSE, *(f"{name}_{side}" for name in PAIRS for side in SIDES))
"""Points that are told. Corners and the lower lip were tried: the model has them as well."""
CHANNELS, DIRECTIONS, CELLS = (0, 1), 8, 4
"""Of Lab: lightness and red against green. Directions of a gradient, and cells along a square's side."""
SQUARES = (24, 56)
"""Sides of the squares around a point, px of the levelled picture."""
SMOOTH, FAINT = 1.0, 20.0
"""Deviation of the blur, px; and what is added to a square's length, so that a flat one stays small."""
FILE = Path(__file__).with_name("lip_and_nose.npz")
SHA256 = "951b7116c36ae7cd2279815ec13dc62b93852c77d41096bb019fe912e45d62c2"
"""The file's, as `python -m bench.anthropometry_warps` said when it was made."""


class DescentError(InputError):
    """The regression's file is missing or is another one."""


class Regression(NamedTuple):
    """From gradients to how far the model is off, px of the levelled picture."""

    mean: np.ndarray  # (features,)
    slopes: np.ndarray  # (features, 2 * len(TOLD))
    start: np.ndarray  # (2 * len(TOLD),)


def places(face: Levelled, *, reach: float, regression: Regression | None = None) -> dict[str, np.ndarray]:
    """Where TOLD lie, (2,) px of the levelled picture each; no further than `reach` px from where the model has them.

    `regression`: in place of the one that is kept.
    """
    regression = regression or _regression()
    points = named(face.found)
    off = ((gradients(face.picture, points) - regression.mean) @ regression.slopes + regression.start).reshape(-1, 2)
    off *= np.minimum(1, reach / np.maximum(np.hypot(*off.T), 1e-9))[:, None]
    return {name: points[INDEX[name]] + own for name, own in zip(TOLD, off, strict=True)}


@cache
def _regression() -> Regression:
    """The one that is kept, of London's people (Face Research Lab London Set, DeBruine and Jones, CC BY 4.0)."""
    content = FILE.read_bytes() if FILE.is_file() else b""
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise DescentError(f"{FILE} is missing or damaged: get it from the repository again")
    with np.load(io.BytesIO(content), allow_pickle=False) as saved:
        return Regression(*(saved[name].astype(float) for name in Regression._fields))


def write(regression: Regression, path: Path) -> None:
    """The regression as a file."""
    np.savez_compressed(path, **{k: v.astype(np.float16) for k, v in regression._asdict().items()})


def fit(gradients: np.ndarray, off: np.ndarray, *, ridge: float) -> Regression:
    """Ridge regression. `gradients`: (n, features); `off`: (n, 2 * len(TOLD)) px."""
    mean, start = gradients.mean(axis=0), off.mean(axis=0)
    away = gradients - mean
    alike = away @ away.T + ridge * np.eye(len(away))
    return Regression(mean, away.T @ np.linalg.solve(alike, off - start), start)


def gradients(
    picture: np.ndarray,  # (H, W, 3) uint8 RGB
    points: np.ndarray,  # (len(POINTS), 2) px
) -> np.ndarray:
    """Histograms of gradients in the cells of squares around AROUND, (features,) float; the square root of shares."""
    lab = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2LAB).astype(np.float32), (0, 0), SMOOTH)
    middles = points[[INDEX[name] for name in AROUND]]
    found = []
    for channel in CHANNELS:
        directions = _directions(np.ascontiguousarray(lab[..., channel]))
        for side in SQUARES:
            cell = side / CELLS
            wide = round(cell * 1.5)
            blurred = cv2.blur(directions, (wide, wide), borderType=cv2.BORDER_REPLICATE)
            steps = (np.arange(CELLS) - (CELLS - 1) / 2) * cell
            grid = np.stack(np.meshgrid(steps, steps), axis=-1)
            square = _at(blurred, middles[:, None, None] + grid).reshape(len(middles), -1)
            found.append(np.sqrt(square / (np.linalg.norm(square, axis=1, keepdims=True) + FAINT)).ravel())
    return np.concatenate(found)


def _directions(values: np.ndarray) -> np.ndarray:  # (H, W, DIRECTIONS)
    """Each pixel's gradient, shared out between the two directions that it lies between."""
    length, angle = cv2.cartToPolar(
        cv2.Sobel(values, cv2.CV_32F, 1, 0, ksize=3), cv2.Sobel(values, cv2.CV_32F, 0, 1, ksize=3)
    )
    turn = angle * np.float32(DIRECTIONS / (2 * np.pi))
    low = np.floor(turn)
    upper = (turn - low) * length
    below = low.astype(int) % DIRECTIONS
    shared = np.zeros((*values.shape, DIRECTIONS), np.float32)
    rows, columns = np.ogrid[: values.shape[0], : values.shape[1]]
    shared[rows, columns, below] = length - upper
    shared[rows, columns, (below + 1) % DIRECTIONS] += upper
    return shared


def _at(values: np.ndarray, places: np.ndarray) -> np.ndarray:  # (..., channels)
    """Values between pixels, never below 0; beyond the edge those of the edge. `places`: (..., 2) x, y."""
    inside = np.clip(places, 0, np.array(values.shape[1::-1]) - 1.001)
    first = inside.astype(int)
    x, y = first[..., 0], first[..., 1]
    right, down = np.moveaxis(inside - first, -1, 0)[..., None]
    upper = values[y, x] * (1 - right) + values[y, x + 1] * right
    lower = values[y + 1, x] * (1 - right) + values[y + 1, x + 1] * right
    return np.asarray(np.maximum(upper * (1 - down) + lower * down, 0), float)
