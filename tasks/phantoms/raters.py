"""Phantom raters: people whose bias, noise and unreliability are known, because params.yaml says them.

In: a rater's settings and the true severity of a drawn cleft. Out: a score on the Cleft Aesthetic Rating Scale as the
paper uses it (Rosero et al. 2025, Methods): 1 symmetric .. 5 strongly asymmetric. A score depends on the seed, the
rater and the image's path alone, never on which other images there are. Knows nothing of pictures.
"""

import hashlib

import numpy as np

from tasks.params.phantoms import PhantomRater

SCALE, LOWEST, HIGHEST = "CARS", 1, 5


def rate(rater: PhantomRater, severity: float, *, path: str, seed: int) -> int:
    """The score 1..5 this rater gives the image at `path` with this true severity in [0, 1].

    1 + 4 x severity, plus the rater's bias and normal noise, rounded; in `random_share` of the images any score.
    """
    name = hashlib.sha256(f"{rater.rater_id}\n{path}".encode()).digest()
    rng = np.random.default_rng([seed, int.from_bytes(name[:8], "big")])
    guessing, guess = rng.random() < rater.random_share, int(rng.integers(LOWEST, HIGHEST + 1))
    if guessing:
        return guess
    seen = LOWEST + (HIGHEST - LOWEST) * severity + rater.bias + rng.normal(0, rater.noise)
    return int(np.clip(round(float(seen)), LOWEST, HIGHEST))
