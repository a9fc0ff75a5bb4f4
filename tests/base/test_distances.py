"""FID is the distance of two normal distributions, KID is what its definition says, and both grow with difference."""

import numpy as np
import pytest
from scipy import linalg

from tasks.base.networks.distances import frechet_distance, kernel_distance


@pytest.mark.parametrize(("n", "m", "dims"), [(30, 40, 6), (5, 7, 20), (5, 40, 20)])
def test_fid_is_the_distance_of_two_normal_distributions(n: int, m: int, dims: int) -> None:
    rng = np.random.default_rng(n)
    a, b = rng.normal(size=(n, dims)), rng.normal(1, 2, size=(m, dims))
    first, second = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = linalg.sqrtm(linalg.sqrtm(first) @ second @ linalg.sqrtm(first)).real
    wanted = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(first + second - 2 * root)
    assert frechet_distance(a, b) == pytest.approx(wanted, rel=1e-5)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(a, a + 3) == pytest.approx(9 * dims)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a))


def test_kid_is_unbiased_and_sees_a_shift() -> None:
    rng = np.random.default_rng(0)
    a, b, far = rng.normal(size=(400, 16)), rng.normal(size=(400, 16)), rng.normal(0.7, 1, size=(400, 16))
    same, deviation = kernel_distance(a, b, subsets=50, subset_size=50, seed=1)
    apart, _ = kernel_distance(a, far, subsets=50, subset_size=50, seed=1)
    assert abs(same) < deviation and apart > 10 * abs(same)
    two, other = a[:2], b[:2]

    def kernel(x: np.ndarray, y: np.ndarray) -> float:
        return float((x @ y / 16 + 1) ** 3)

    cross = np.mean([kernel(x, y) for x in two for y in other])
    wanted = kernel(*two) + kernel(*other) - 2 * cross
    assert kernel_distance(two, other, subsets=3, subset_size=9, seed=1)[0] == pytest.approx(wanted)


def test_one_picture_is_too_few() -> None:
    with pytest.raises(ValueError, match="not 1 and 5"):
        frechet_distance(np.zeros((1, 4)), np.zeros((5, 4)))
    with pytest.raises(ValueError, match="not 5 and 1"):
        kernel_distance(np.zeros((5, 4)), np.zeros((1, 4)), subsets=2, subset_size=3, seed=1)
