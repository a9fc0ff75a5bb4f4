"""Aspect-ratio buckets: at which size a picture is learnt from.

In: the size of a picture, and the picture. Out: a bucket, or why there is none; the picture cropped and reduced to it.
Rosero et al. 2025, DiffusionCleft, section 3.2: four resolutions, pictures grouped by aspect ratio, proportions kept.
No picture is ever enlarged. Knows nothing of networks.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from tasks.params.synthesis import SynthesisCache

STEP = 16
"""Sides are multiples of it: the VAE halves three times, and the transformer takes patches of 2 x 2."""


@dataclass(frozen=True, order=True)
class Bucket:
    """Sides in pixels."""

    width: int
    height: int

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.width / self.height


@lru_cache
def buckets(side: int, most_aspect: float) -> tuple[Bucket, ...]:
    """The buckets of one resolution by width: area at most side**2 and as near as a step allows, both ways round.

    The square of `side` (rounded down to a multiple of 16) is always one of them.
    """
    found = {Bucket(side // STEP * STEP, side // STEP * STEP)}
    for short in range(STEP, side + 1, STEP):
        long = side * side // short // STEP * STEP
        if short <= long <= most_aspect * short:
            found |= {Bucket(short, long), Bucket(long, short)}
    return tuple(sorted(found))


def nearest(width: int, height: int, *, side: int, most_aspect: float) -> Bucket:
    """The resolution's bucket whose aspect ratio is nearest (in logarithms), whether or not it is filled."""
    wanted = math.log(width / height)
    return min(buckets(side, most_aspect), key=lambda bucket: abs(math.log(bucket.aspect) - wanted))


def bucket_of(width: int, height: int, *, settings: SynthesisCache) -> Bucket | None:
    """The bucket of a picture of this size in pixels: of the largest resolution that it fills without being enlarged.

    None where the picture is too small, or its aspect ratio over `most_aspect`; `refusal` says which.
    """
    if refusal(width, height, settings=settings):
        return None
    return _filled(width, height, settings)


def refusal(width: int, height: int, *, settings: SynthesisCache) -> str | None:
    """Why a picture of this size has no bucket, and what is accepted; None if it has one."""
    if max(width, height) > settings.most_aspect * min(width, height):
        return f"too long: {width} x {height} px; the longer side may be {settings.most_aspect:g} times the shorter"
    if _filled(width, height, settings) is None:
        side = min(settings.sides)
        least = nearest(width, height, side=side, most_aspect=settings.most_aspect)
        return f"too small: {width} x {height} px; {least.width} x {least.height} px are the least at this aspect ratio"
    return None


def _filled(width: int, height: int, settings: SynthesisCache) -> Bucket | None:
    for side in sorted(settings.sides, reverse=True):
        bucket = nearest(width, height, side=side, most_aspect=settings.most_aspect)
        if bucket.width <= width and bucket.height <= height:
            return bucket
    return None


def fitted(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
    bucket: Bucket,
) -> np.ndarray:
    """The picture's middle, as much of it as has the bucket's aspect ratio, reduced: (height, width, 3) uint8 RGB.

    ValueError: the picture does not fill the bucket.
    """
    height, width = image.shape[:2]
    if height < bucket.height or width < bucket.width:
        raise ValueError(f"a picture of {width} x {height} px does not fill {bucket}")
    reduction = min(width / bucket.width, height / bucket.height)
    taken_width, taken_height = round(bucket.width * reduction), round(bucket.height * reduction)
    left, top = (width - taken_width) // 2, (height - taken_height) // 2
    middle = image[top : top + taken_height, left : left + taken_width]
    size = (bucket.width, bucket.height)
    return cv2.resize(np.ascontiguousarray(middle), size, interpolation=cv2.INTER_AREA)
