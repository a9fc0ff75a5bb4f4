"""The face by dlib's detector, its 68 points by dlib's model or the 478-point one, and the quality gate.

In: stills and frames. Out: a landmarks row each (photographs of a set from several sides have none), with the points in
original pixels (sub-pixel), or the reason for which the image was refused. Both models lean towards even faces (a
cleft is under-reported): the points are for aligning and cropping, not a measure of asymmetry.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import cv2
import dlib
import numpy as np
import pyarrow as pa

from tasks.base import weights
from tasks.base.images import UnreadableImage
from tasks.ingest.faces import mesh68
from tasks.ingest.faces.detection import NO_FACE, UNCLEAR, Face, find_face, lying, resized
from tasks.ingest.faces.pixels import Loader, loader
from tasks.ingest.faces.quality import interocular, mouth_contrast, pose_degrees, sharpness
from tasks.ingest.faces.views import IN_PROFILE, VIEWED, unfit_profile, without_face
from tasks.params.ingest import IngestLandmarks, LandmarkModel
from tasks.schemas.columns import AROUND
from tasks.schemas.ingest import LANDMARKS

CARRIED = ("image_id", "clip_id", "subject_id", "population", "frame_index", "reason")
"""What a landmarks row takes over from the image or frame it was found in."""


DECIMALS = 6
"""Of pose and quality in the table: their last bits differ from run to run (sums over arrays that lie elsewhere)."""


SEVERAL = "{} faces found, one wanted; ingest_landmarks.several: largest (params.yaml) takes the largest"
CUT_OFF = "mouth not whole in the picture"


@cache
def _predictor() -> dlib.shape_predictor:
    return dlib.shape_predictor(str(weights.verified("dlib_68_landmarks", Path())))


def locate(images: pa.Table, frames: pa.Table, *, settings: IngestLandmarks) -> pa.Table:
    """The landmarks table of a bucket's stills and frames, refused ones with their reason."""
    load = loader(images, frames)
    return LANDMARKS.table(_row(item, load, settings) for item in _items(images, frames))


def _items(images: pa.Table, frames: pa.Table) -> Iterator[dict[str, object]]:
    for row in images.drop_columns(["path"]).to_pylist():
        if row["kind"] == "still" and row.get("view") != AROUND:
            yield {name: row.get(name) for name in (*CARRIED, "view")}
    for row in frames.drop_columns(["png"]).to_pylist():
        yield {name: row.get(name) for name in CARRIED}


def _row(item: dict[str, object], load: Loader, settings: IngestLandmarks) -> dict[str, object]:
    said = item.pop("view", None)
    if item["reason"]:
        return item
    try:
        image = load(str(item["image_id"]))
    except UnreadableImage as error:
        return item | {"reason": str(error)}
    if view := VIEWED.get(str(said)):
        return item | {"reason": unfit_profile(image, view, settings) or IN_PROFILE}
    found = measure_face(image, settings)
    if found["reason"] == NO_FACE and item["clip_id"] is None:
        found["reason"] = without_face(image, settings)
    return item | found


def measure_face(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
    settings: IngestLandmarks,
) -> dict[str, object]:
    """Size, box, points, pose, quality and the reason for refusal (None if fit): the columns of a landmarks row."""
    return measure_found(image, find_face(image, settings), settings)


def measure_found(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
    face: Face | None,
    settings: IngestLandmarks,
) -> dict[str, object]:
    """The same of a face that was found."""
    height, width = image.shape[:2]
    row: dict[str, object] = {"width": width, "height": height, "reason": None}
    turned = lying(image, face, settings)
    if face is None or turned not in (None, UNCLEAR):
        return row | {"reason": turned or NO_FACE}
    points = place_points(image, face.box, model=settings.model, predict_side=settings.predict_side)
    if turned:  # a face that is cut off looks unsure, too
        return row | {"reason": turned if _mouth_whole(points, width, height) else CUT_OFF}
    yaw, pitch, roll = pose_degrees(points, width, height)
    row |= {"box": face.box.tolist(), "score": face.score, "points": points.ravel().tolist()}
    measured = {
        "yaw_deg": yaw,
        "pitch_deg": pitch,
        "roll_deg": roll,
        "interocular_px": interocular(points),
        "sharpness": sharpness(image, points),
        "mouth_contrast": mouth_contrast(image, points),
    }
    row |= {name: round(value, DECIMALS) for name, value in measured.items()}
    return row | {"reason": _refusal(row, face, points, settings)}


def _refusal(row: dict[str, object], face: Face, points: np.ndarray, settings: IngestLandmarks) -> str | None:
    """The first reason for which this face cannot be measured."""
    limit = settings.second_face_score
    if any(score >= limit for score in face.others):
        return SEVERAL.format(1 + sum(score >= limit for score in face.others))
    if not _mouth_whole(points, int(str(row["width"])), int(str(row["height"]))):
        return CUT_OFF
    at_least = {
        "interocular_px": ("face too small, {:.0f} px between the outer eye corners", settings.min_interocular),
        "sharpness": ("blurred, sharpness {:.2f}", settings.min_sharpness),
        "mouth_contrast": (
            "mouth covered or lips not to be told from skin, contrast {:.2f}",
            settings.min_mouth_contrast,
        ),
    }
    at_most = {
        "yaw_deg": ("head turned {:.0f} degrees to the side", settings.max_yaw),
        "pitch_deg": ("head raised or lowered {:.0f} degrees", settings.max_pitch),
        "roll_deg": ("head tilted {:.0f} degrees", settings.max_roll),
    }
    for name, (text, limit) in at_least.items():
        if (value := float(str(row[name]))) < limit:
            return f"{text.format(value)} (at least {limit:g})"
    for name, (text, limit) in at_most.items():
        if (value := abs(float(str(row[name])))) > limit:
            return f"{text.format(value)} (at most {limit:g})"
    return None


def _mouth_whole(points: np.ndarray, width: int, height: int) -> bool:
    """Whether the mouth's points, of (68, 2) px, lie in the picture."""
    mouth = points[48:68]
    return bool((mouth >= 0).all() and (mouth <= np.array([width, height]) - 1).all())


def place_points(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
    box: np.ndarray,  # (4,) left, top, right, bottom, px
    *,
    model: LandmarkModel,
    predict_side: int,
) -> np.ndarray:
    """The 68 points in a face box, (68, 2) float px of the image.

    dlib rounds points to whole pixels; so it places them in a copy of the face's surroundings in which the
    box is `predict_side` wide, and they come back in 1/scale pixels. `mesh` needs neither that nor dlib's file.
    """
    if model == "mesh":
        return mesh68.place(image, box)
    scale = predict_side / float(box[2] - box[0])
    margin = (box[2:] - box[:2]) * 0.5
    corner = np.floor(box[:2] - margin).astype(int)
    chip = resized(padded_crop(image, corner, np.ceil(box[2:] + margin).astype(int)), scale)
    inner = ((box - np.tile(corner, 2)) * scale).round().astype(int)
    shape = _predictor()(chip, dlib.rectangle(inner[0], inner[1], inner[2] - 1, inner[3] - 1))
    points = np.array([(part.x, part.y) for part in shape.parts()], float)
    placed: np.ndarray = (points + 0.5) / scale - 0.5 + corner
    return placed


def padded_crop(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
    low: np.ndarray,  # (2,) int x, y, first inside
    high: np.ndarray,  # (2,) int x, y, first outside
) -> np.ndarray:
    """The rectangle of the picture; what lies outside repeats its edge."""
    size = np.array(image.shape[1::-1])
    before, after = np.maximum(-low, 0), np.maximum(high - size, 0)
    inside = image[max(low[1], 0) : high[1], max(low[0], 0) : high[0]]
    if not before.any() and not after.any():
        return np.ascontiguousarray(inside)
    return cv2.copyMakeBorder(inside, before[1], after[1], before[0], after[0], cv2.BORDER_REPLICATE)
