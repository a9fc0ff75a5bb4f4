"""Tables of the ingest stages."""

import pyarrow as pa

from tasks.base.tables import Column, Schema
from tasks.schemas.columns import (
    AGE_GROUPS,
    ASYMMETRIES,
    BYTES,
    CLIP,
    FRAME,
    GENDERS,
    IMAGE_ID,
    LEFT,
    NUMBER,
    NUMBERS,
    POPULATION,
    REASON,
    REGION,
    RIGHT,
    ROLES,
    SCARRINGS,
    SIDES,
    SUBJECT,
    TEXT,
    VIEWS,
)

IMAGES = Schema(
    "images",
    (
        IMAGE_ID,
        Column("path", TEXT, "file, relative to the project's folder"),
        Column(
            "names",
            pa.list_(TEXT),
            "every name of these bytes: a path in the raw folder, or a batch and a path in it",
        ),
        Column("kind", TEXT, "a photograph or a video", allowed=("still", "clip")),
        SUBJECT,
        POPULATION,
        Column("cleft_side", TEXT, "the patient's side", nullable=True, allowed=SIDES),
        Column("age_group", TEXT, "as the data set tells it", nullable=True, allowed=AGE_GROUPS),
        Column("gender", TEXT, "as the data set tells it", nullable=True, allowed=GENDERS),
        Column(
            "asymmetry", TEXT, "of lip and nose, as seen by whoever described it", nullable=True, allowed=ASYMMETRIES
        ),
        Column("scarring", TEXT, "of the lip, as seen by whoever described it", nullable=True, allowed=SCARRINGS),
        Column(
            "view",
            TEXT,
            "from the front (also: null), the side of the face that is seen, or one of a set from several sides",
            nullable=True,
            allowed=VIEWS,
            later=True,
        ),
        Column("visit", TEXT, "the person's visit: its date, or a name for it", nullable=True, later=True),
        Column("licence", TEXT, "what the picture may be used for", nullable=True),
        Column("consent", TEXT, "what the person agreed to", nullable=True),
        Column("notice", TEXT, "what a reader of any result must be told about this picture", nullable=True),
        Column("size_bytes", pa.int64(), "file size", "bytes", low=0),
    ),
    key=("image_id",),
)

SHOWN = Schema(
    "shown",
    (
        IMAGE_ID,
        Column("pixels", TEXT, "sha256 of the picture's size and pixels; none where it cannot be read", nullable=True),
    ),
    key=("image_id",),
)

REFUSALS = Schema(
    "refusals",
    (
        Column("source", TEXT, "the table that names it; `raw folder` where none does"),
        Column("line", pa.int32(), "line in that table, the header being 1; 1 where no table names it", low=1),
        Column("path", TEXT, "as written there; of names that look alike, both"),
        Column("reason", TEXT, "why it does not count, or what is asked"),
        Column(
            "kind",
            TEXT,
            "a line that does not count, a file that no line names or that is not read, or a question to people",
            allowed=("refused", "passed over", "asked"),
        ),
    ),
    key=("source", "line", "path"),
)

RATINGS = Schema(
    "ratings",
    (
        IMAGE_ID,
        Column("rater_id", TEXT, "the rater, as the data set names them"),
        Column("rater_role", TEXT, "medical practitioner or lay person", allowed=ROLES),
        Column("scale", TEXT, "name of the rating scale"),
        Column("score", NUMBER, "the rating that counts, on its scale"),
        Column(
            "earlier", NUMBERS, "the scores that it replaced, the oldest first; null: never corrected", nullable=True
        ),
    ),
    key=("image_id", "rater_id", "scale"),
)

REPEATS = Schema(
    "repeats",
    (
        IMAGE_ID,
        SUBJECT,
        Column("rater_id", TEXT, "the rater"),
        Column("rater_role", TEXT, "medical practitioner or lay person", allowed=ROLES),
        Column("scale", TEXT, "name of the rating scale"),
        Column("first", NUMBER, "what the rater said at first"),
        Column("again", NUMBER, "what the same rater said when the photograph came again, hidden among others"),
    ),
    key=("image_id", "rater_id", "scale"),
)

REFERENCES = Schema(
    "references",
    (
        IMAGE_ID,
        Column("measure", TEXT, "what was known or measured by other means, such as a drawn severity"),
        Column("value", NUMBER, "its value"),
    ),
    key=("image_id", "measure"),
)

GROUPS = Schema(
    "groups",
    (
        IMAGE_ID,
        Column("grouping", TEXT, "a column of groups.csv, or gender or age_group of images.csv"),
        Column("word", TEXT, "the group that the photograph is in; null where the column holds numbers", nullable=True),
        Column("number", NUMBER, "its number; null where the column holds words", nullable=True),
    ),
    key=("image_id", "grouping"),
)

FRAMES = Schema(
    "frames",
    (
        IMAGE_ID,
        Column("clip_id", TEXT, "image_id of the clip"),
        SUBJECT,
        POPULATION,
        FRAME,
        Column("time_s", NUMBER, "position in the clip", "s", nullable=True, low=0),
        Column("png", BYTES, "the frame, upright", "RGB", nullable=True),
        REASON,
    ),
    key=("image_id",),
)

LANDMARKS = Schema(
    "landmarks",
    (
        IMAGE_ID,
        CLIP,
        SUBJECT,
        POPULATION,
        FRAME,
        Column("points", NUMBERS, "68 points x0, y0, x1, y1, ... in the upright original", "px", nullable=True),
        Column("box", NUMBERS, "face box: left, top, right, bottom", "px", nullable=True),
        Column("score", NUMBER, "the detector's, higher is surer", nullable=True),
        Column("width", pa.int32(), "of the upright original", "px", nullable=True, low=1),
        Column("height", pa.int32(), "of the upright original", "px", nullable=True, low=1),
        Column("yaw_deg", NUMBER, "head turned to the picture's right", "degrees", nullable=True),
        Column("pitch_deg", NUMBER, "head raised", "degrees", nullable=True),
        Column("roll_deg", NUMBER, "eye line turned clockwise in the picture", "degrees", nullable=True),
        Column("interocular_px", NUMBER, "between the outer eye corners", "px", nullable=True, low=0),
        Column("sharpness", NUMBER, "tasks.ingest.faces.quality.sharpness", nullable=True),
        Column("mouth_contrast", NUMBER, "tasks.ingest.faces.quality.mouth_contrast", nullable=True, low=0),
        REASON,
    ),
    key=("image_id",),
)

LIPS = Schema(
    "lips",
    (
        IMAGE_ID,
        CLIP,
        SUBJECT,
        POPULATION,
        FRAME,
        REGION,
        LEFT,
        RIGHT,
        Column("midline_x", NUMBER, "where the region was split", "px of the region", nullable=True),
        Column("points_region", NUMBERS, "the 68 points in the region", "px of the region", nullable=True),
        REASON,
    ),
    key=("image_id",),
)
