"""Colours of a signed map: orange and purple, told apart with any colour vision, as dark as each other at equal size.

In: differences in millimetres. Out: colours. Knows nothing of pages and surfaces.
"""

import matplotlib as mpl
import numpy as np

TINTS = (mpl.colormaps["PuOr"](np.linspace(0, 1, 256))[:, :3] * 255).round().astype(np.uint8)  # (256, 3) RGB
UNKNOWN = (120, 120, 120)
LIMITS = (2.0, 4.0, 8.0, 16.0)
"""Millimetres at which the map may end; few, so that visits are compared on one scale."""


FRONT = -45.0
"""mm from the subnasale forward: behind it lie the jaw's angles and the ears, on which no limit hangs."""


def limit_of(
    values: np.ndarray,  # (N,) mm
    depths: np.ndarray,  # (N,) mm, how far forward each lies in the head's frame
) -> float:
    """The first of `LIMITS` that holds 95 of 100 of the values in `FRONT`, NaN left out."""
    known = np.abs(values[np.isfinite(values) & (depths > FRONT)])
    reach = float(np.percentile(known, 95)) if len(known) else 0.0
    return next((limit for limit in LIMITS if reach <= limit), LIMITS[-1])


def tinted(values: np.ndarray, *, limit: float) -> np.ndarray:
    """Colours (N, 3) uint8 of values (N,): the first of `TINTS` at -limit and below, the last at limit and above."""
    share = np.nan_to_num((values / limit).clip(-1, 1)) * 0.5 + 0.5
    return np.where(np.isfinite(values)[:, None], TINTS[np.rint(share * 255).astype(int)], np.array(UNKNOWN, np.uint8))
