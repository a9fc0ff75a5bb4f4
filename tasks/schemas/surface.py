"""Tables of the stages of three dimensions. A set: one person at one visit, photographed from all sides."""

import pyarrow as pa

from tasks.base.tables import Column, Schema
from tasks.schemas.columns import BYTES, IMAGE_ID, NUMBER, NUMBERS, POPULATION, REASON, SUBJECT, TEXT

CERTAINTIES = ("clear", "borderline", "no interval")
VISIT = Column("visit", TEXT, "the visit, as images.csv has it")
SET_ID = Column("image_id", TEXT, "of the set: the least image_id of its photographs")

SURFACE_VIEWS = Schema(
    "surface_views",
    (
        IMAGE_ID,
        Column("width", pa.int32(), "of the photograph, upright", "px", nullable=True, low=1),
        Column("height", pa.int32(), "of the photograph, upright", "px", nullable=True, low=1),
        Column(
            "focal_px", NUMBER, "focal length, by the file's own word; null: it has none", "px", nullable=True, low=0
        ),
        Column(
            "sharpness", NUMBER, "share of the gradients that a small blur takes away", nullable=True, low=0, high=1
        ),
        Column("face", NUMBERS, "left, top, right, bottom; null: no face was found", "px", nullable=True),
        Column("keypoints", BYTES, "float32 rows of x, y, scale (px) and orientation (radians)", nullable=True),
        Column("descriptors", BYTES, "a row of 128 bytes per keypoint", nullable=True),
        REASON,
    ),
    key=("image_id",),
)
"""What is found in every photograph by itself."""

SURFACE_SETS = Schema(
    "surface_sets",
    (
        SET_ID,
        Column("photograph", TEXT, "image_id of the photograph"),
        Column("path", TEXT, "file, relative to the project's folder"),
        SUBJECT,
        POPULATION,
        VISIT,
        Column("known", pa.list_(TEXT), "distances that are known: two points and millimetres each"),
        *(column for column in SURFACE_VIEWS.columns if column.name != "image_id"),
    ),
    key=("image_id", "photograph"),
)
"""The photographs of every set, side by side."""

SURFACES = Schema(
    "surfaces",
    (
        SET_ID,
        SUBJECT,
        POPULATION,
        VISIT,
        Column("photographs", pa.int32(), "of the set", low=1),
        Column("placed", pa.int32(), "photographs whose camera was found", nullable=True, low=0),
        Column("cameras", TEXT, "per photograph: where its camera stood and how well it fits, or why not; JSON"),
        Column("vertices", BYTES, "float32 rows of x, y, z in the head's frame, mm", nullable=True),
        Column("faces", BYTES, "int32 rows of three vertices", nullable=True),
        Column("colours", BYTES, "rows of red, green, blue per vertex", nullable=True),
        Column("seen", BYTES, "a byte per vertex: 1 where a photograph saw it", nullable=True),
        Column("middle", NUMBER, "x of the mid-sagittal plane in the head's frame", "mm", nullable=True),
        Column("points", TEXT, "named points: x, y, z, interval (mm), photographs, reason; JSON", nullable=True),
        Column("scale_words", TEXT, "where the millimetres come from", nullable=True),
        Column("scale_share", NUMBER, "half of the 95 % interval of a length, as a share of it", nullable=True, low=0),
        REASON,
    ),
    key=("image_id",),
)

SURFACE_FACES = Schema(
    "surface_faces",
    (
        SET_ID,
        SUBJECT,
        POPULATION,
        VISIT,
        Column("photographs", pa.list_(TEXT), "image_id of the set's photographs"),
        Column(
            "asymmetry",
            NUMBERS,
            "per vertex: farther out than the mirrored other side; null: not known",
            "mm",
            nullable=True,
        ),
        Column("front", BYTES, "the surface from the front", "PNG", nullable=True),
        Column("map", BYTES, "the asymmetry on the surface, from the front", "PNG", nullable=True),
        REASON,
    ),
    key=("image_id",),
)

SURFACE_HAND = Schema(
    "surface_hand",
    (
        SET_ID,
        SUBJECT,
        Column("points", TEXT, "points that people placed: x, y, z in the head's frame, mm; JSON"),
    ),
    key=("image_id",),
)
"""Points by hand that count, of the sets that have any."""

SURFACE_FINDINGS = Schema(
    "surface_findings",
    (
        SET_ID,
        SUBJECT,
        POPULATION,
        VISIT,
        Column("measure", TEXT, "its name, of tasks.surface.measures"),
        Column("finding", TEXT, "the rule's words"),
        Column("certainty", TEXT, "clear: the whole interval lies beyond the limit", allowed=CERTAINTIES),
        Column("sentence", TEXT, "the finding with value, interval and limit, and that it is no diagnosis"),
        Column("source", TEXT, "where the limit is from"),
    ),
    key=("image_id", "measure", "finding"),
)
"""What lies beyond a rule's limit."""

SURFACE_VISITS = Schema(
    "surface_visits",
    (
        IMAGE_ID,
        SUBJECT,
        Column("set_id", TEXT, "image_id of the set that was photographed at the same visit"),
    ),
    key=("image_id",),
)
"""Which photographs show a face that was measured in three dimensions on the same day: the set's own, and others."""

SURFACE_MEASURES = Schema(
    "surface_measures",
    (
        SET_ID,
        SUBJECT,
        POPULATION,
        VISIT,
        Column("measure", TEXT, "its name, of tasks.surface.measures"),
        Column("region", TEXT, "the part of the face"),
        Column("words", TEXT, "what it is called on pages"),
        Column("value", NUMBER, "in the row's unit; of differences of sides the size", nullable=True),
        Column("low", NUMBER, "lower end of its 95 % interval", nullable=True),
        Column("high", NUMBER, "upper end of its interval", nullable=True),
        Column("left", NUMBER, "of a difference of sides, the left side's own value", nullable=True),
        Column("right", NUMBER, "of a difference of sides, the right side's own value", nullable=True),
        Column("side", TEXT, "the patient's side: where there is more", nullable=True, allowed=("left", "right")),
        Column("unit", TEXT, "of value, low and high; empty: a ratio"),
        Column("deviation", NUMBER, "how far from an even face; null: evenness means nothing", nullable=True, low=0),
        REASON,
    ),
    key=("image_id", "measure"),
)
