"""What is found in every photograph whose face has landmarks; refused ones keep their reason, or get one.

In: rows of IMAGES and LANDMARKS, and what is done with one photograph. Out: rows by photograph. Clips are left out.
Does not know what is looked for.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from tasks.ingest.faces.pixels import loader
from tasks.schemas.ingest import FRAMES

Found = Callable[[np.ndarray, np.ndarray, Mapping[str, Any]], dict[str, Any]]
"""Of a picture (H, W, 3) uint8 RGB, its 68 points (68, 2) px and its row of LANDMARKS, the columns of what was found.
OSError and ValueError are the photograph's reason."""


def rows_of_stills(images: pa.Table, landmarks: pa.Table, found: Found) -> Iterator[dict[str, Any]]:
    """A row per photograph: image_id, subject_id, population, reason, and what `found` gives where there is none."""
    load = loader(images, FRAMES.table([]))
    for row in landmarks.to_pylist():
        if row["clip_id"] is not None:
            continue
        names = {name: row[name] for name in ("image_id", "subject_id", "population", "reason")}
        if row["reason"] is None:
            try:
                points = np.reshape(np.asarray(row["points"], float), (-1, 2))
                names |= found(load(row["image_id"]), points, row)
            except (OSError, ValueError) as error:
                names["reason"] = str(error)
        yield names
