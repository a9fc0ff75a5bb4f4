"""Where an image's pixels are: a still's in its raw file, a frame's in the frames table.

In: the images and frames tables of one bucket. Out: a function from image_id to pixels.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.base import images as pictures

Loader = Callable[[str], np.ndarray]
"""image_id to (H, W, 3) uint8 RGB; raises images.UnreadableImage."""


def loader(images: pa.Table, frames: pa.Table) -> Loader:
    """The loader of these images (columns image_id, path) and frames (columns image_id, png)."""
    paths = dict(zip(images["image_id"].to_pylist(), images["path"].to_pylist(), strict=True))

    def load(image_id: str) -> np.ndarray:
        if image_id in paths:
            return pictures.read(Path(paths[image_id]))
        png = frames.filter(pc.equal(frames["image_id"], image_id))["png"][0].as_py()
        return pictures.decode_png(png)

    return load
