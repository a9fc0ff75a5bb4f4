"""Features of photographs and generated pictures, from which FID and KID tell how near the two are as a whole.

In: photographs with captions, generated pictures. Out: the features table. Rosero et al. 2025, DiffusionCleft, section
4.3.2, by pytorch-fid (tasks.base.networks.inception). Photographs are cut as adapters saw them and reduced to the
generated pictures' side first: else the distance would measure resolution. Knows nothing of conditions beyond their
names.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tasks.base import images as pictures
from tasks.base.images import UnreadableImage
from tasks.base.networks.inception import inception_features
from tasks.params.synthesis import SynthesisMeasure
from tasks.schemas.synthesis import CONDITIONS, FEATURES
from tasks.synthesis.framing import framed
from tasks.synthesis.resolutions import Bucket, fitted


def photograph_features(
    images: pa.Table,  # image_id, path
    captions: pa.Table,  # image_id, condition, split, frame, reason
    *,
    side: int,
    settings: SynthesisMeasure,
    weights: str,
) -> pa.Table:
    """A features row for every photograph that an adapter learnt from. `side`: of the generated pictures, pixels."""
    paths = dict(zip(images["image_id"].to_pylist(), images["path"].to_pylist(), strict=True))
    rows, read = [], []
    for told in captions.select(["image_id", "condition", "split", "frame", "reason"]).to_pylist():
        if told["reason"] is None and told["split"] == "train" and told["condition"] in CONDITIONS:
            rows.append({"image_id": told["image_id"], "condition": told["condition"], "origin": "real"})
            read.append(_photograph(paths[told["image_id"]], told["frame"], side))
    return _featured(rows, read, settings, weights)


def generated_features(
    generated: pa.Table,  # image_id, condition, picture, reason
    *,
    settings: SynthesisMeasure,
    weights: str,
) -> pa.Table:
    """A features row for every generated picture, with a reason where it was not drawn. `weights`: a folder."""
    rows, read = [], []
    for row in generated.to_pylist():
        rows.append({"image_id": row["image_id"], "condition": row["condition"], "origin": "generated"})
        read.append(row["reason"] or pictures.decode_png(row["picture"]))
    return _featured(rows, read, settings, weights)


def _photograph(path: str, frame: list[float] | None, side: int) -> np.ndarray | str:
    """The picture or why there is none."""
    try:
        return square(framed(pictures.read(Path(path)), frame), side)
    except UnreadableImage as error:
        return str(error)


def square(
    picture: np.ndarray,  # (H, W, 3) uint8 RGB
    side: int,
) -> np.ndarray:
    """The middle square, reduced to `side` pixels where it is larger: (S, S, 3) uint8 RGB, S at most `side`."""
    least = min(side, *picture.shape[:2])
    return fitted(picture, Bucket(least, least))


def _featured(
    rows: list[dict[str, Any]], read: list[np.ndarray | str], settings: SynthesisMeasure, folder: str
) -> pa.Table:
    shown = [one for one in read if not isinstance(one, str)]
    seen = inception_features(
        shown, network=settings.inception, dims=settings.dims, threads=settings.threads, weights=folder
    )
    found = iter(seen)
    return FEATURES.table(
        row | ({"features": None, "reason": one} if isinstance(one, str) else {"features": next(found).tolist()})
        for row, one in zip(rows, read, strict=True)
    )
