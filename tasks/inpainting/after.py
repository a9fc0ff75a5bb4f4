"""The same person's face without the cleft, or after repair, in the crop of the filling (section III.B.1, CleftLip10).

In: the crops of patients before repair, and pictures of what they are held against. Out: AFTER rows. A drawn face's
truth lies pixel on pixel, so the crop's own map is used. A photograph after repair is another photograph: its eyes are
laid where the crop's are. Knows nothing of what is measured.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa

from tasks.base import images as pictures
from tasks.errors import InputError
from tasks.faces.alignment import align
from tasks.ingest.faces.resampling import resample
from tasks.inpainting.fillings import kept_matrix
from tasks.params.inpainting import InpaintingAlign
from tasks.schemas.inpainting import AFTER


def lay(
    fillings: pa.Table,  # image_id, subject_id, to_original, population, proposal, reason
    images: pa.Table,  # image_id, path, subject_id
    landmarks: pa.Table,  # image_id, population, points, reason
    *,
    truths: Mapping[str, Path],  # image_id to the drawn face without the cleft
    settings: InpaintingAlign,
    kept_side: int,
) -> pa.Table:
    """AFTER rows of the patients before repair of whom something is known."""
    paths = dict(zip(images["image_id"].to_pylist(), images["path"].to_pylist(), strict=True))
    repaired = _repaired(landmarks.to_pylist())
    found = []
    for row in fillings.to_pylist():
        if row["population"] != "unrepaired" or row["proposal"] or row["reason"] is not None:
            continue
        if row["image_id"] in truths:
            made = _truth(truths[row["image_id"]], np.reshape(row["to_original"], (2, 3)), kept_side)
            found.append({"image_id": row["image_id"], "against": "without the cleft", "picture": made})
        elif later := repaired.get(row["subject_id"]):
            picture = _later(Path(paths[later["image_id"]]), later["points"], settings, kept_side)
            if picture is not None:
                found.append({"image_id": row["image_id"], "against": "after repair", "picture": picture})
    return AFTER.table(found)


def _repaired(landmarks: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Each subject's first photograph after repair, by image_id."""
    rows = [row for row in landmarks if row["population"] == "repaired" and row["reason"] is None]
    return {row["subject_id"]: row for row in sorted(rows, key=lambda row: str(row["image_id"]), reverse=True)}


def _truth(path: Path, to_original: np.ndarray, side: int) -> bytes:
    return pictures.encode_png(resample(pictures.read(path), to_original, (side, side), enlarging=cv2.INTER_CUBIC))


def _later(path: Path, points: list[float], settings: InpaintingAlign, side: int) -> bytes | None:
    """The photograph after repair in a crop of its own; None where it cannot be cropped."""
    image = pictures.read(path)
    try:
        face = align(image, np.reshape(points, (68, 2)), settings=settings)
    except InputError:
        return None
    matrix = kept_matrix(face.to_original, side, settings.size)
    return pictures.encode_png(resample(image, matrix, (side, side), enlarging=cv2.INTER_CUBIC))
