"""A filling in the place of the face that the generator draws: another network's guess at the face without a cleft.

In: aligned photographs, and of each a crop with lips and nose filled. Out: ADAPTATIONS rows of step 0, so that a
filling is scored and mapped as a drawn face is. What was not filled stays the photograph's own and differs by nothing.
Knows nothing of the network that filled.
"""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import pyarrow as pa

from tasks.anomaly.scores import map_photographs, score_photographs
from tasks.base.images import decode_png
from tasks.faces.pictures import decode, encode, to_tensor
from tasks.ingest.faces.resampling import resample
from tasks.params.anomaly import AnomalyPerceptual, AnomalyScore
from tasks.schemas.anomaly import ADAPTATIONS, INVERSIONS

STEP = 0
"""A filling is adapted to nobody."""


def score_fillings(
    aligned: pa.Table, fillings: pa.Table, *, weights: str, settings: AnomalyScore, perceptual: AnomalyPerceptual
) -> pa.Table:
    """ANOMALY_SCORES of each photograph's first filling, at step 0; see `score_photographs`."""
    drawn = as_drawn(aligned, fillings)
    return score_photographs(aligned, drawn, weights=weights, settings=settings, perceptual=perceptual, iterations=STEP)


def map_fillings(
    aligned: pa.Table, fillings: pa.Table, *, weights: str, settings: AnomalyScore, perceptual: AnomalyPerceptual
) -> pa.Table:
    """ANOMALY_MAPS of each photograph's first filling; nothing was inverted, so there is no curve."""
    drawn, none = as_drawn(aligned, fillings), INVERSIONS.table([])
    return map_photographs(
        aligned, none, drawn, weights=weights, settings=settings, perceptual=perceptual, iterations=STEP
    )


def as_drawn(aligned: pa.Table, fillings: pa.Table) -> pa.Table:
    """ADAPTATIONS: the aligned photograph as it was filled, by photograph; a reason where it was not.

    `aligned`: ALIGNED; `fillings`: image_id, proposal, subject_id, photograph, filled, to_original, reason.
    """
    rows = []
    faces = {row["image_id"]: row for row in aligned.to_pylist()}
    for row in fillings.to_pylist():
        face = faces.get(row["image_id"])
        if row["proposal"] or face is None:
            continue
        reason = face["reason"] or row["reason"]
        known = {"image_id": row["image_id"], "subject_id": row["subject_id"], "step": STEP, "reason": reason}
        rows.append(known | ({} if reason else {"picture": encode(to_tensor(_filled(face, row)))}))
    return ADAPTATIONS.table(rows)


def _filled(face: Mapping[str, Any], filling: Mapping[str, Any]) -> np.ndarray:
    """(H, W, 3) float RGB in 0..1: the aligned picture and what the filling changed, sampled as the picture was.

    The change is sampled, not the filling: so beside the mask it is nothing, whatever the two crops' sizes.
    """
    picture = decode(face["picture"])
    changed = decode_png(filling["filled"]).astype(np.float32) - decode_png(filling["photograph"]).astype(np.float32)
    to_crop = cv2.invertAffineTransform(_matrix(filling)) @ np.vstack([_matrix(face), [0, 0, 1]])
    sampled = resample(changed, to_crop, picture.shape[:2], enlarging=cv2.INTER_CUBIC)
    rows, columns = np.indices(picture.shape[:2])
    places = np.stack([columns, rows], axis=-1) @ to_crop[:, :2].T + to_crop[:, 2]
    inside = ((places >= 0) & (places <= len(changed) - 1)).all(axis=-1, keepdims=True)
    return np.asarray(np.clip(picture + inside * sampled / 255, 0, 1))


def _matrix(row: Mapping[str, Any]) -> np.ndarray:
    return np.reshape(np.asarray(row["to_original"], float), (2, 3))
