"""What pairs of photographs found, as one cloud: places on which enough of them agree.

In: views with known cameras. Out: points with the directions in which the surface faces. The points of all pairs are
put into cells of a grid: where enough pairs found the surface in a cell, their mean is a point. Does not know how a
pair finds its points (stereo.py).
"""

from collections.abc import Sequence

import numpy as np

from tasks.errors import InputError
from tasks.params.surface import SurfaceDense
from tasks.space.views import View
from tasks.surface.dense.stereo import Cloud, Look, cloud_of_look, look, pairs_of, reduced

COHERENT = 0.7
"""The pairs' directions in a cell must point alike: length of their mean, 1 where all are equal."""


def cloud_of(
    views: Sequence[View],
    middle: np.ndarray,  # (3,)
    *,
    settings: SurfaceDense,
) -> Cloud:
    """The points on which the pairs agree. InputError where they agree on none."""
    small = [reduced(view, middle, step=settings.step) for view in views]
    looks = [
        look(small[one], small[two], middle, settings=settings)
        for one, two in pairs_of(views, middle, settings=settings)
    ]
    cells = [in_cells(cloud_of_look(seen, middle, settings=settings), middle, settings=settings) for seen in looks]
    agreed = unhindered(_agreed(np.concatenate(cells), len(cells), settings=settings), looks, settings=settings)
    if len(agreed.points) == 0:
        raise InputError(
            f"{len(views)} photographs show no surface on which {settings.agreeing} pairs agree; the cameras or their "
            "scale are wrong, or the pictures are blurred"
        )
    return agreed


def unhindered(cloud: Cloud, looks: Sequence[Look], *, settings: SurfaceDense) -> Cloud:
    """The points through which fewer pairs look at something behind than find the point itself.

    So goes what hangs in the air: an even wall beside the head, whose distance no pair can tell, seems to stand beside
    the face to those who see it there, and others see the face through it.
    """
    found, passed = np.zeros(len(cloud.points), dtype=int), np.zeros(len(cloud.points), dtype=int)
    for seen in looks:
        depth = seen.camera.seen(cloud.points)[:, 2]
        places = np.nan_to_num(seen.camera.project(cloud.points), nan=-1).round().astype(int)
        inside = ((places >= 0) & (places < [seen.camera.width, seen.camera.height])).all(axis=1)
        columns, rows = np.where(inside[:, None], places, 0).T
        behind = np.where(inside, seen.depth[rows, columns] - depth, np.nan)
        found += np.abs(behind) <= 2 * settings.voxel
        passed += behind > 2 * settings.voxel
    return Cloud(*(values[passed < found] for values in cloud))


def in_cells(cloud: Cloud, middle: np.ndarray, *, settings: SurfaceDense) -> np.ndarray:
    """One row per cell in which the pair found the surface: the cell's number, mean point, mean direction (M, 7)."""
    across = int(np.ceil(2 * settings.radius / settings.voxel)) + 2
    place = np.floor((cloud.points - middle + settings.radius) / settings.voxel).astype(np.int64) + 1
    number = (place[:, 0] * across + place[:, 1]) * across + place[:, 2]
    return _means(number, np.hstack([cloud.points, cloud.directions]))[0]


def _means(
    number: np.ndarray,  # (N,)
    values: np.ndarray,  # (N, K)
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of equal number as one: number and mean values (M, 1 + K); and how many they were, (M,)."""
    cells, which, count = np.unique(number, return_inverse=True, return_counts=True)
    sums = [np.bincount(which, column, minlength=len(cells)) for column in values.T]
    return np.column_stack([cells, *(total / np.maximum(count, 1) for total in sums)]), count


def _agreed(
    cells: np.ndarray,  # (M, 7) of all pairs
    pairs: int,
    *,
    settings: SurfaceDense,
) -> Cloud:
    """The cells that enough pairs found, as one point each."""
    means, count = _means(cells[:, 0], cells[:, 1:])
    length = np.linalg.norm(means[:, 4:], axis=1)
    kept = (count >= min(settings.agreeing, pairs)) & (length > COHERENT)
    return Cloud(means[kept, 1:4], means[kept, 4:] / length[kept, None])
