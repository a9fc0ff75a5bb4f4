"""The named points of the 478-point model, in this room's order.

Does not know how the model is run (tasks.ingest.faces.mesh), nor what is refined or measured.
"""

import numpy as np

from tasks.anthropometry.names import INDEX, POINTS
from tasks.ingest.faces.mesh import MIDLINE, PAIRED


def named(
    found: np.ndarray,  # (478, 2) float
) -> np.ndarray:
    """Our points in the order of POINTS, (45, 2)."""
    points = np.full((len(POINTS), 2), np.nan)
    for name, numbers in MIDLINE.items():
        points[INDEX[name]] = found[list(numbers)].mean(axis=0)
    for name, pair in PAIRED.items():
        points[[INDEX[f"{name}_right"], INDEX[f"{name}_left"]]] = found[list(pair)]
    return points
