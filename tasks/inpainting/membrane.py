"""A smooth skin over a hole: what the border says, carried inwards as a soap film would (Laplace's equation).

In: values known around a hole. Out: values in the hole. With it, a drawn patch is brought to the level of its
surroundings: the film over the border's differences is added to the patch (Perez et al. 2003, "Poisson image editing",
with the patch's own gradients). A constant difference is taken away exactly; no difference changes nothing. Where the
hole meets the picture's edge nothing is known, and the film lies level. Knows nothing of faces.
"""

import numpy as np

RELAXATIONS = 30
"""Sweeps per size. The coarse sizes carry far, so that few are needed at the fine ones."""
OVER = 1.6
"""Over-relaxation of a sweep."""
SMALLEST = 4
"""Side at which a hole is not made coarser any more."""


def film(values: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """(H, W, C) float and (H, W) bool -> (H, W, C) float32: the film in the hole, the values elsewhere.

    At least one pixel must lie outside the hole.
    """
    if not hole.any():
        return values.astype(np.float32)
    rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
    top, bottom = max(rows[0] - 1, 0), min(rows[-1] + 2, len(hole))
    left, right = max(columns[0] - 1, 0), min(columns[-1] + 2, hole.shape[1])
    inside = (slice(top, bottom), slice(left, right))
    found = values.astype(np.float32).copy()
    found[inside] = _solved(found[inside], hole[inside])
    return found


def _solved(values: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Coarse first: the coarse film, enlarged, is where the fine one starts."""
    known = ~hole
    if min(hole.shape) <= SMALLEST:
        start = np.where(known[..., None], values, values[known].mean(axis=0))
    else:
        coarse, seen = _halved(values, known)
        start = np.where(known[..., None], values, _doubled(_solved(coarse, ~seen), hole.shape))
    return _relaxed(start, hole)


def _halved(values: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means of what is known in each 2 x 2 pixels, and where something is."""
    pad = [(0, side % 2) for side in known.shape]
    weights = np.pad(known.astype(np.float32), pad)
    sums = np.pad(values * known[..., None], [*pad, (0, 0)])
    count = _quads(weights[..., None])
    means = _quads(sums) / np.maximum(count, 1)
    return means, count[..., 0] > 0


def _quads(x: np.ndarray) -> np.ndarray:
    height, width, channels = x.shape
    summed: np.ndarray = x.reshape(height // 2, 2, width // 2, 2, channels).sum(axis=(1, 3))
    return summed


def _doubled(x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return x.repeat(2, 0).repeat(2, 1)[: shape[0], : shape[1]]


def _relaxed(x: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Red and black pixels in turn, each towards the mean of its neighbours in the picture."""
    neighbours = _around(np.ones((*hole.shape, 1), np.float32))
    chequered = np.add.outer(np.arange(hole.shape[0]), np.arange(hole.shape[1])) % 2 == 0
    for _ in range(RELAXATIONS):
        for colour in (hole & chequered, hole & ~chequered):
            mean = _around(x) / neighbours
            x = np.where(colour[..., None], x + OVER * (mean - x), x)
    return x


def _around(x: np.ndarray) -> np.ndarray:
    """The sum over the up to four neighbours inside the picture."""
    total = np.zeros_like(x)
    total[1:] += x[:-1]
    total[:-1] += x[1:]
    total[:, 1:] += x[:, :-1]
    total[:, :-1] += x[:, 1:]
    return total
