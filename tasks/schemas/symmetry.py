"""Tables of the symmetry stages."""

import pyarrow as pa
import pyarrow.compute as pc

from tasks.base.tables import Column, Schema
from tasks.schemas.columns import (
    BYTES,
    CONTROL,
    IMAGE_ID,
    LEFT,
    NUMBER,
    NUMBERS,
    REASON,
    REGION,
    RIGHT,
    SPLITS,
    SUBJECT,
    TEXT,
)


def _one_split_a_subject(pairs: pa.Table) -> str | None:
    splits = pairs.group_by("subject_id").aggregate([("split", "count_distinct")])
    torn = splits.filter(pc.greater(splits["split_count_distinct"], 1))
    return f"{torn.num_rows} subjects stand in two splits" if torn.num_rows else None


WARPS = Schema(
    "warps",
    (
        Column("warp_id", TEXT, "image_id, kind and number"),
        IMAGE_ID,
        SUBJECT,
        CONTROL,
        Column("kind", TEXT, "untouched, resampled, both_sided, clp or another deformation"),
        Column("symmetric", pa.bool_(), "both sides were treated alike"),
        Column("side", TEXT, "the deformed side, the patient's", nullable=True, allowed=("left", "right")),
        Column("severity_drawn", NUMBER, "as drawn from the distribution", nullable=True, low=0),
        Column("severity_applied", NUMBER, "after triangles were kept from folding", nullable=True, low=0),
        Column("displaced", NUMBERS, "68 points after displacement", "px of the original", nullable=True),
        REGION,
        LEFT,
        RIGHT,
        REASON,
    ),
    key=("warp_id",),
)

SPLIT = Column("split", TEXT, "no subject stands in two", allowed=SPLITS)
LABEL = Column("label", pa.int8(), "1 positive (both halves belong together), 0 negative", low=0, high=1)

PAIRS = Schema(
    "pairs",
    (
        Column("pair_id", TEXT, "names the two halves"),
        SPLIT,
        SUBJECT,
        CONTROL,
        LABEL,
        Column("kind", TEXT, "how the pair was made"),
        Column("severity", NUMBER, "of the deformation; 0 for positives", low=0),
        Column("left_from", TEXT, "whose left half: a warp_id or an image_id"),
        Column("right_from", TEXT, "whose right half"),
    ),
    key=("pair_id",),
    rules=(_one_split_a_subject,),
)

HALVES = Schema(
    "halves",
    (
        Column("half_of", TEXT, "the warp_id or image_id that pairs name"),
        LEFT,
        RIGHT,
    ),
    key=("half_of",),
)

CURVES = Schema(
    "curves",
    (
        Column("step", pa.int32(), "optimiser steps taken", low=0),
        Column("train_loss", NUMBER, "contrastive loss, mean since the row before"),
        Column("validation_loss", NUMBER, "contrastive loss on the validation pairs"),
        Column("validation_auc", NUMBER, "area under the ROC curve on the validation pairs", low=0, high=1),
        Column("learning_rate", NUMBER, "of the next step"),
    ),
    key=("step",),
)

TRAINED = Schema(
    "trained",
    (
        Column("weights", BYTES, "the best network, safetensors"),
        Column("best_step", pa.int32(), "the step it was best at", low=0),
        Column("steps", pa.int32(), "steps taken", low=0),
        Column("curves", pa.list_(pa.struct([(c.name, c.type) for c in CURVES.columns])), "rows of the table curves"),
    ),
    key=("best_step",),
)

PAIR_DISTANCES = Schema(
    "pair_distances",
    (
        Column("pair_id", TEXT, "as in pairs"),
        SPLIT,
        LABEL,
        Column("distance", NUMBER, "D, Euclidean, of the halves", low=0),
    ),
    key=("pair_id",),
)

DISTANCES = Schema(
    "distances",
    (
        IMAGE_ID,
        SUBJECT,
        Column("distance", NUMBER, "D, Euclidean, of the two lip halves", nullable=True, low=0),
        Column(
            "change",
            NUMBER,
            "root mean square of what other crops and light (score.views) change of D",
            nullable=True,
            low=0,
            later=True,
        ),
        REASON,
    ),
    key=("image_id",),
)

BASELINES = Schema(
    "baselines",
    (
        IMAGE_ID,
        SUBJECT,
        Column("cupids_bow_difference", NUMBER, "peaks' height difference", "mouth widths", nullable=True, low=0),
        Column("mirror_difference", NUMBER, "mean difference of region and mirrored region", nullable=True, low=0),
        REASON,
    ),
    key=("image_id",),
)
