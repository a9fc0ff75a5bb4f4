"""The tables of the pipeline, in the order in which they come about. `docs/tables.md` is written from here."""

import pyarrow as pa
import pyarrow.compute as pc

from tasks.tables import Column, Schema

POPULATIONS = ("control", "repaired", "unrepaired")
SIDES = ("left", "right", "both")
ROLES = ("medical", "lay")
SPLITS = ("train", "validation", "test")

_text, _number, _bytes = pa.string(), pa.float64(), pa.binary()
_numbers = pa.list_(pa.float64())


def _one_split_a_subject(pairs: pa.Table) -> str | None:
    splits = pairs.group_by("subject_id").aggregate([("split", "count_distinct")])
    torn = splits.filter(pc.greater(splits["split_count_distinct"], 1))
    return f"{torn.num_rows} subjects stand in two splits" if torn.num_rows else None


_image_id = Column("image_id", _text, "sha256 of the file's bytes; of a frame: of its clip's id and its number")
_subject = Column("subject_id", _text, "the person, as the data set names them")
_population = Column("population", _text, "control, or a patient before or after repair", allowed=POPULATIONS)
_control = Column("population", _text, "controls only: no patient ever trains a network", allowed=("control",))
_clip = Column("clip_id", _text, "image_id of the clip a frame was taken from; null for a still", nullable=True)
_frame = Column("frame_index", pa.int32(), "the frame's number in its clip, from 0", nullable=True, low=0)
_reason = Column("reason", _text, "why this was refused; null where it was not", nullable=True)
_left = Column("left", _bytes, "PNG of the patient's left half of the lips", "RGB", nullable=True)
_right = Column("right", _bytes, "PNG of the patient's right half of the lips", "RGB", nullable=True)
_region = Column("region", _bytes, "PNG of the levelled lip region", "RGB", nullable=True)

IMAGES = Schema(
    "images",
    (
        _image_id,
        Column("path", _text, "file, relative to the project's folder"),
        Column(
            "names",
            pa.list_(_text),
            "every name of these bytes: a path in the raw folder, or a batch and a path in it",
        ),
        Column("kind", _text, "a photograph or a video", allowed=("still", "clip")),
        _subject,
        _population,
        Column("cleft_side", _text, "the patient's side", nullable=True, allowed=SIDES),
        Column("licence", _text, "what the picture may be used for", nullable=True),
        Column("consent", _text, "what the person agreed to", nullable=True),
        Column("notice", _text, "what a reader of any result must be told about this picture", nullable=True),
        Column("size_bytes", pa.int64(), "file size", "bytes", low=0),
    ),
    key=("image_id",),
)

REFUSALS = Schema(
    "refusals",
    (
        Column("source", _text, "the CSV file that names it"),
        Column("line", pa.int32(), "line in that file, the header being 1", low=1),
        Column("path", _text, "as written there"),
        Column("reason", _text, "why it was refused"),
    ),
    key=("source", "line", "path"),
)

RATINGS = Schema(
    "ratings",
    (
        _image_id,
        Column("rater_id", _text, "the rater, as the data set names them"),
        Column("rater_role", _text, "medical practitioner or lay person", allowed=ROLES),
        Column("scale", _text, "name of the rating scale"),
        Column("score", _number, "the rating, on its scale"),
    ),
    key=("image_id", "rater_id", "scale"),
)

REFERENCES = Schema(
    "references",
    (
        _image_id,
        Column("measure", _text, "what was known or measured by other means, such as a drawn severity"),
        Column("value", _number, "its value"),
    ),
    key=("image_id", "measure"),
)

FRAMES = Schema(
    "frames",
    (
        _image_id,
        Column("clip_id", _text, "image_id of the clip"),
        _subject,
        _population,
        _frame,
        Column("time_s", _number, "position in the clip", "s", nullable=True, low=0),
        Column("png", _bytes, "the frame, upright", "RGB", nullable=True),
        _reason,
    ),
    key=("image_id",),
)

LANDMARKS = Schema(
    "landmarks",
    (
        _image_id,
        _clip,
        _subject,
        _population,
        _frame,
        Column("points", _numbers, "68 points x0, y0, x1, y1, ... in the upright original", "px", nullable=True),
        Column("box", _numbers, "face box: left, top, right, bottom", "px", nullable=True),
        Column("score", _number, "the detector's, higher is surer", nullable=True),
        Column("width", pa.int32(), "of the upright original", "px", nullable=True, low=1),
        Column("height", pa.int32(), "of the upright original", "px", nullable=True, low=1),
        Column("yaw_deg", _number, "head turned to the picture's right", "degrees", nullable=True),
        Column("pitch_deg", _number, "head raised", "degrees", nullable=True),
        Column("roll_deg", _number, "eye line turned clockwise in the picture", "degrees", nullable=True),
        Column("interocular_px", _number, "between the outer eye corners", "px", nullable=True, low=0),
        Column("sharpness", _number, "tasks.ingest.quality.sharpness", nullable=True),
        Column("mouth_contrast", _number, "tasks.ingest.quality.mouth_contrast", nullable=True, low=0),
        _reason,
    ),
    key=("image_id",),
)

LIPS = Schema(
    "lips",
    (
        _image_id,
        _clip,
        _subject,
        _population,
        _frame,
        _region,
        _left,
        _right,
        Column("midline_x", _number, "where the region was split", "px of the region", nullable=True),
        Column("points_region", _numbers, "the 68 points in the region", "px of the region", nullable=True),
        _reason,
    ),
    key=("image_id",),
)

WARPS = Schema(
    "warps",
    (
        Column("warp_id", _text, "image_id, kind and number"),
        _image_id,
        _subject,
        _control,
        Column("kind", _text, "untouched, resampled, both_sided, clp or another deformation"),
        Column("symmetric", pa.bool_(), "both sides were treated alike"),
        Column("side", _text, "the deformed side, the patient's", nullable=True, allowed=("left", "right")),
        Column("severity_drawn", _number, "as drawn from the distribution", nullable=True, low=0),
        Column("severity_applied", _number, "after triangles were kept from folding", nullable=True, low=0),
        Column("displaced", _numbers, "68 points after displacement", "px of the original", nullable=True),
        _region,
        _left,
        _right,
        _reason,
    ),
    key=("warp_id",),
)

PAIRS = Schema(
    "pairs",
    (
        Column("pair_id", _text, "names the two halves"),
        Column("split", _text, "no subject stands in two", allowed=SPLITS),
        _subject,
        _control,
        Column("label", pa.int8(), "1 positive (both halves belong together), 0 negative", low=0, high=1),
        Column("kind", _text, "how the pair was made"),
        Column("severity", _number, "of the deformation; 0 for positives", low=0),
        Column("left_from", _text, "whose left half: a warp_id or an image_id"),
        Column("right_from", _text, "whose right half"),
    ),
    key=("pair_id",),
    rules=(_one_split_a_subject,),
)

HALVES = Schema(
    "halves",
    (
        Column("half_of", _text, "the warp_id or image_id that pairs name"),
        _left,
        _right,
    ),
    key=("half_of",),
)

CURVES = Schema(
    "curves",
    (
        Column("step", pa.int32(), "optimiser steps taken", low=0),
        Column("train_loss", _number, "contrastive loss, mean since the row before"),
        Column("validation_loss", _number, "contrastive loss on the validation pairs"),
        Column("validation_auc", _number, "area under the ROC curve on the validation pairs", low=0, high=1),
        Column("learning_rate", _number, "of the next step"),
    ),
    key=("step",),
)

TRAINED = Schema(
    "trained",
    (
        Column("weights", _bytes, "the best network, safetensors"),
        Column("best_step", pa.int32(), "the step it was best at", low=0),
        Column("steps", pa.int32(), "steps taken", low=0),
        Column("curves", pa.list_(pa.struct([(c.name, c.type) for c in CURVES.columns])), "rows of the table curves"),
    ),
    key=("best_step",),
)

PAIR_DISTANCES = Schema(
    "pair_distances",
    (Column("pair_id", _text, "as in pairs"), Column("distance", _number, "D, Euclidean, of the halves", low=0)),
    key=("pair_id",),
)

DISTANCES = Schema(
    "distances",
    (
        _image_id,
        _subject,
        Column("distance", _number, "D, Euclidean, of the two lip halves", nullable=True, low=0),
        _reason,
    ),
    key=("image_id",),
)

BASELINES = Schema(
    "baselines",
    (
        _image_id,
        _subject,
        Column("cupids_bow_difference", _number, "peaks' height difference", "mouth widths", nullable=True, low=0),
        Column("mirror_difference", _number, "mean difference of region and mirrored region", nullable=True, low=0),
        _reason,
    ),
    key=("image_id",),
)

SCORES = Schema(
    "scores",
    (
        _image_id,
        _subject,
        Column("method", _text, "what was measured, such as distance_clp or mirror_difference"),
        Column("score", _number, "higher is less symmetric", nullable=True),
        Column("grade", pa.int8(), "1 symmetric .. 5 asymmetric; null where the method has no scale", nullable=True),
    ),
    key=("image_id", "method"),
)

ALL = tuple(value for value in vars().copy().values() if isinstance(value, Schema))
