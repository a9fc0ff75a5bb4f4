"""One bucket's controls, warped: where photographs, landmarks and the warp meet.

In: the images and landmarks of a bucket. Out: the warps table. Stills of controls only; frames of clips serve
the other strategy (tasks.symmetry.pairs).
"""

from pathlib import Path

import numpy as np
import pyarrow as pa

from tasks.errors import InputError
from tasks.ingest.faces.landmarks import place_points
from tasks.ingest.faces.pixels import loader
from tasks.params.ingest import IngestLips, LandmarkModel
from tasks.params.symmetry import SymmetryWarp
from tasks.schemas.ingest import FRAMES
from tasks.symmetry.warp import warps_table


def warp_controls(
    images: pa.Table,
    landmarks: pa.Table,
    *,
    settings: SymmetryWarp,
    lips: IngestLips,
    model: LandmarkModel,
    predict_side: int,
    exemplars: Path,
) -> pa.Table:
    """The warps table of a bucket. `model`: whose 68 points.

    `exemplars`: a folder of landmark sets (.npy, 68x2) blended into strategy clp.
    """

    def locate(image: np.ndarray, box: np.ndarray) -> np.ndarray:
        return place_points(image, box, model=model, predict_side=predict_side)

    rows = [row for row in landmarks.to_pylist() if row["population"] == "control" and row["clip_id"] is None]
    load = loader(images, FRAMES.table([]))
    return warps_table(rows, load, locate, settings=settings, lips=lips, exemplars=read_exemplars(exemplars))


def read_exemplars(folder: Path) -> np.ndarray | None:  # (n, 68, 2) px
    """The landmark sets of a folder, in name order; None where there are none. InputError names a wrong file."""
    files = sorted(folder.glob("*.npy"))
    sets = []
    for file in files:
        try:
            points = np.load(file, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise InputError(f"{file}: not a NumPy array that can be read: {error}") from error
        if points.shape != (68, 2) or not np.isfinite(points).all():
            raise InputError(f"{file}: shape {points.shape}; 68 finite points (68, 2) are wanted")
        sets.append(points.astype(float))
    return np.stack(sets) if sets else None
