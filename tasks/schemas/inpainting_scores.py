"""Tables of what raters gave filled faces on a scale."""

import pyarrow as pa

from tasks.base.tables import Column, Schema
from tasks.schemas.columns import IMAGE_ID, NUMBER, ROLES, TEXT

_score = (
    Column("rater_id", TEXT, "who rated"),
    Column("rater_role", TEXT, "as what", allowed=ROLES),
    Column("scale", TEXT, "a scale of ingest_ratings.scales"),
    Column("method", TEXT, "what filled the picture; the rater did not know"),
    Column("picture", TEXT, "sha256 of the pixels that were rated: a network that trained again draws others"),
    Column("score", NUMBER, "the answer, within the scale"),
)
_KEY = ("image_id", "rater_id", "scale", "method")

INPAINTING_SCORES = Schema("inpainting_scores", (IMAGE_ID, *_score), key=_KEY)

INPAINTING_SCORED = Schema(
    "inpainting_scored",
    (
        IMAGE_ID,
        Column("subject_id", TEXT, "the person; null where the photograph is not filled any more", nullable=True),
        *_score,
        Column("score_again", NUMBER, "the second answer; null where the photograph came once", nullable=True),
        Column("present", pa.bool_(), "all that the rater saw of this photograph are the present fillings"),
    ),
    key=_KEY,
)
