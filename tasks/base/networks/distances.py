"""How far two sets of pictures are apart as a whole, by a network's features of them: FID and KID.

In: features, (n, D) and (m, D) (tasks.base.networks.inception). Out: distances. Heusel et al. 2017; KID (Binkowski et
al. 2018) beside it, because FID is biased when pictures are few. Knows nothing of networks and pictures.
"""

import math

import numpy as np

from tasks.base import runtime


def frechet_distance(
    a: np.ndarray,  # (n, D) features, n 2 or more
    b: np.ndarray,  # (m, D)
) -> float:
    """FID: the distance of the normal distributions with the sets' means and (unbiased) covariances.

    The trace of the root of the covariances' product is the nuclear norm of the product of the centred sets.
    """
    if min(len(a), len(b)) < 2:
        raise ValueError(f"FID needs two pictures or more on either side, not {len(a)} and {len(b)}")
    a, b = a.astype(np.float64), b.astype(np.float64)
    x, y = (_rooted(one) for one in (a, b))
    shared = np.linalg.svd(x @ y.T, compute_uv=False).sum()
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + (x**2).sum() + (y**2).sum() - 2 * shared)


def _rooted(values: np.ndarray) -> np.ndarray:
    """A matrix r with r' r the covariance: (n or D, D)."""
    centred = (values - values.mean(0)) / math.sqrt(len(values) - 1)
    return np.asarray(np.linalg.qr(centred, mode="r")) if len(centred) > centred.shape[1] else centred


def kernel_distance(
    a: np.ndarray,  # (n, D) features
    b: np.ndarray,  # (m, D)
    *,
    subsets: int,
    subset_size: int,
    seed: int,
) -> tuple[float, float]:
    """KID: unbiased squared MMD, kernel (x'y / D + 1)^3, mean and standard deviation over random subsets.

    Subsets are no larger than either set. It may be negative. ValueError: fewer than two pictures on a side.
    """
    size = min(subset_size, len(a), len(b))
    if size < 2:
        raise ValueError(f"KID needs two pictures or more on either side, not {len(a)} and {len(b)}")
    rng = np.random.default_rng(runtime.seed_of(seed, "kid"))
    a, b = a.astype(np.float64), b.astype(np.float64)
    found = [
        _mmd(a[rng.choice(len(a), size, replace=False)], b[rng.choice(len(b), size, replace=False)])
        for _ in range(subsets)
    ]
    return float(np.mean(found)), float(np.std(found))


def _mmd(a: np.ndarray, b: np.ndarray) -> float:
    """Of equally many, (n, D) each."""
    n, dims = a.shape
    aa, bb, ab = ((x @ y.T / dims + 1) ** 3 for x, y in ((a, a), (b, b), (a, b)))
    own = aa.sum() - np.trace(aa) + bb.sum() - np.trace(bb)
    return float(own / (n * (n - 1)) - 2 * ab.mean())
