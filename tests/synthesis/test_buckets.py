import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.params.synthesis import SynthesisCache
from tasks.synthesis import resolutions as buckets
from tasks.synthesis.resolutions import Bucket

PUBLISHED = SynthesisCache(sides=(256, 512, 768, 1024), most_aspect=2.0, flips=True, tiling=False, threads=1)
pixels = st.integers(1, 3000)


@given(pixels, pixels)
def test_a_picture_is_never_enlarged_and_sides_are_multiples_of_16(width: int, height: int) -> None:
    bucket = buckets.bucket_of(width, height, settings=PUBLISHED)
    if bucket is not None:
        assert bucket.width <= width
        assert bucket.height <= height
        assert bucket.width % 16 == bucket.height % 16 == 0
    assert (bucket is None) == (buckets.refusal(width, height, settings=PUBLISHED) is not None)


@given(st.sampled_from(PUBLISHED.sides), st.floats(0.5, 2.0))
def test_the_nearest_bucket_keeps_nearly_all_of_any_picture(side: int, aspect: float) -> None:
    bucket = buckets.nearest(round(3000 * aspect), 3000, side=side, most_aspect=2.0)
    kept = math.exp(-abs(math.log(bucket.aspect / aspect)))
    assert kept >= {256: 0.87, 512: 0.93, 768: 0.95, 1024: 0.96}[side]


@given(pixels, pixels)
def test_the_largest_resolution_that_is_filled_is_taken(width: int, height: int) -> None:
    bucket = buckets.bucket_of(width, height, settings=PUBLISHED)
    filled = [
        found
        for side in PUBLISHED.sides
        if (found := buckets.nearest(width, height, side=side, most_aspect=2.0)).width <= width
        and found.height <= height
    ]
    if bucket is not None:
        assert bucket == filled[-1]
        assert bucket.width * bucket.height == max(one.width * one.height for one in filled)


@pytest.mark.parametrize("side", PUBLISHED.sides)
def test_areas_are_at_most_the_squares_and_near_it(side: int) -> None:
    areas = [bucket.width * bucket.height for bucket in buckets.buckets(side, 2.0)]
    assert max(areas) == side * side
    assert min(areas) >= side * side * (1 - 16 / side * 1.5)


def test_the_square_picture_has_the_square_bucket() -> None:
    assert buckets.bucket_of(1024, 1024, settings=PUBLISHED) == Bucket(1024, 1024)
    assert buckets.bucket_of(1023, 1023, settings=PUBLISHED) == Bucket(768, 768)


def test_a_small_and_a_long_picture_are_refused_with_what_is_accepted() -> None:
    assert buckets.bucket_of(255, 255, settings=PUBLISHED) is None
    small, long = (buckets.refusal(*size, settings=PUBLISHED) for size in ((255, 255), (2100, 1000)))
    assert small == "too small: 255 x 255 px; 256 x 256 px are the least at this aspect ratio"
    assert long == "too long: 2100 x 1000 px; the longer side may be 2 times the shorter"


@given(st.integers(64, 200), st.integers(64, 200))
def test_a_fitted_picture_has_the_buckets_size_and_keeps_its_proportions(width: int, height: int) -> None:
    columns = np.broadcast_to(np.arange(width, dtype=np.float64)[None, :], (height, width))
    rows = np.broadcast_to(np.arange(height, dtype=np.float64)[:, None], (height, width))
    image = np.stack([columns, rows, rows], axis=2).astype(np.uint8)
    bucket = Bucket(64, 48)
    small = buckets.fitted(image, bucket).astype(np.float64)
    assert small.shape == (48, 64, 3)
    reduction = min(width / 64, height / 48)
    right, down = (small[24, -1, 0] - small[24, 0, 0]) / 63, (small[-1, 32, 1] - small[0, 32, 1]) / 47
    assert abs(right - reduction) < 0.06  # grey levels a pixel, rounded to whole ones at both ends
    assert abs(down - reduction) < 0.06
    assert abs(small[:, :, 0].mean() - columns.mean()) < 1  # from the middle
    assert abs(small[:, :, 1].mean() - rows.mean()) < 1


def test_reduction_averages_areas_and_does_not_alias() -> None:
    stripes = np.zeros((128, 128, 3), np.uint8)
    stripes[:, ::2] = 200
    assert set(np.unique(buckets.fitted(stripes, Bucket(32, 32)))) == {100}


def test_a_picture_smaller_than_its_bucket_is_an_error() -> None:
    with pytest.raises(ValueError, match="does not fill"):
        buckets.fitted(np.zeros((40, 64, 3), np.uint8), Bucket(64, 48))
