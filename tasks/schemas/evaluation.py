"""Tables of the evaluation."""

import pyarrow as pa

from tasks.base.tables import Column, Schema
from tasks.schemas.columns import IMAGE_ID, NUMBER, SUBJECT, TEXT

SCORES = Schema(
    "scores",
    (
        IMAGE_ID,
        SUBJECT,
        Column("method", TEXT, "what was measured, such as distance_clp or mirror_difference"),
        Column("score", NUMBER, "every method turned so that higher is worse", nullable=True),
        Column("grade", pa.int8(), "1 symmetric .. 5 asymmetric; null where the method has no scale", nullable=True),
    ),
    key=("image_id", "method"),
)
