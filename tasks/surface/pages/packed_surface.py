"""A surface as a short text that a page carries and its script unpacks.

In: a surface, a value per vertex. Out: base64 of deflated bytes, and the numbers that unpack them. Places are kept to
0.01 mm. What is not known is kept as such.

Bytes: the differences of successive numbers, column by column, lowest bytes first: all first bytes, then all second
ones, and so on. Columns: x, y, z (2 bytes each), the corners of the faces in one (4), values (2), red, green, blue and
seen (1 each; 2 where a template filled).
"""

import base64
import zlib
from typing import Any

import numpy as np

from tasks.space.views import Surface

STEP = 0.01  # mm
UNKNOWN = -32768
"""The number of steps that stands for a value that is not known."""
FILLED = 2
_MOST = 32767


def packed(
    surface: Surface,
    values: np.ndarray,  # (V,) mm, NaN where not known
    *,
    measured: int,  # vertices; those after them a template filled
) -> tuple[str, dict[str, Any]]:
    """The text, and `vertices`, `faces`, `middle` (mm), `step` (mm) and `unknown` with which a script unpacks it."""
    low, high = surface.vertices.min(axis=0), surface.vertices.max(axis=0)
    middle = (low + high) / 2
    step = max(STEP, float((high - low).max()) / 2 / _MOST)
    steps = np.rint(np.nan_to_num(values) / STEP).clip(-_MOST, _MOST)
    columns = [
        *np.rint((surface.vertices - middle) / step).astype("<i2").T,
        surface.faces.ravel().astype("<i4"),
        np.where(np.isfinite(values), steps, UNKNOWN).astype("<i2"),
        *surface.colours.T,
        np.where(np.arange(len(surface.seen)) < measured, surface.seen, FILLED).astype(np.uint8),
    ]
    text = base64.b64encode(zlib.compress(b"".join(_bytes(column) for column in columns), 9)).decode("ascii")
    return text, {
        "vertices": len(surface.vertices),
        "faces": len(surface.faces),
        "middle": middle.tolist(),
        "step": step,
        "value_step": STEP,
        "unknown": UNKNOWN,
    }


def _bytes(column: np.ndarray) -> bytes:
    """The differences of a column of integers, which wrap around, their first bytes first."""
    kind = column.dtype.str.replace("i", "u").replace("<", "<" if column.itemsize > 1 else "|")
    whole = column.view(kind)
    steps = np.diff(whole, prepend=whole.dtype.type(0))
    return steps.view(np.uint8).reshape(-1, column.itemsize).T.tobytes()
