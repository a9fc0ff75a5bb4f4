"""Tables of the anthropometry stages."""

from dataclasses import replace

import pyarrow as pa

from tasks.base.tables import Column, Schema
from tasks.schemas.columns import (
    IMAGE_ID,
    NUMBER,
    NUMBERS,
    POPULATION,
    PROFILES,
    REASON,
    SUBJECT,
    TEXT,
)

OUTLINE_COLUMNS = ("upper_vermilion", "lower_vermilion", "nose", "hairline", "nostril_right", "nostril_left")

ANTHROPOMETRY_POINTS = Schema(
    "anthropometry_points",
    (
        IMAGE_ID,
        SUBJECT,
        POPULATION,
        Column(
            "points",
            NUMBERS,
            "x0, y0, x1, y1, ... of tasks.anthropometry.names.POINTS; null: not seen",
            "px",
            nullable=True,
        ),
        Column("errors", NUMBERS, "standard error of each point that a person placed, else null", "px", nullable=True),
        Column(
            "refined",
            NUMBERS,
            "1 where a point was refined on the pixels, 2 where a person placed it, else 0",
            nullable=True,
        ),
        *(
            Column(name, NUMBERS, f"outline {name}: x0, y0, x1, y1, ...", "px", nullable=True, later=name == "hairline")
            for name in OUTLINE_COLUMNS
        ),
        Column("interocular_px", NUMBER, "distance between the outer eye corners", "px", nullable=True, low=0),
        Column("pupil_distance_px", NUMBER, "distance between the pupils", "px", nullable=True, low=0),
        Column(
            "disagreement",
            NUMBER,
            "mean distance of both models' points, or of one's two looks",
            "pupil distances",
            nullable=True,
            low=0,
        ),
        Column("yaw_deg", NUMBER, "head turned, from the landmarks table", "degrees", nullable=True),
        Column("smile", NUMBER, "mouth width over pupil distance", nullable=True, low=0),
        Column("opening", NUMBER, "gap between the lips over pupil distance", nullable=True, low=0),
        Column(
            "source",
            TEXT,
            "whose points these are: both models', or the 478-point model's alone (ingest_landmarks.model)",
            nullable=True,
        ),
        REASON,
    ),
    key=("image_id",),
)

ANTHROPOMETRY_PROFILES = Schema(
    "anthropometry_profiles",
    (
        IMAGE_ID,
        SUBJECT,
        POPULATION,
        Column("view", TEXT, "the side of the face that is seen", allowed=PROFILES),
        Column(
            "points", NUMBERS, "x0, y0, ... of tasks.ingest.faces.profile.POINTS; null: hidden", "px", nullable=True
        ),
        Column("dorsum", NUMBERS, "the outline from nasion to the tip of the nose: x0, y0, ...", "px", nullable=True),
        Column("nose_height_px", NUMBER, "distance from nasion to subnasale", "px", nullable=True, low=0),
        Column(
            "misfit", NUMBER, "of the outline from a usual profile (tasks.ingest.faces.profile)", nullable=True, low=0
        ),
        REASON,
    ),
    key=("image_id",),
)
ANTHROPOMETRY_VISITS = Schema(
    "anthropometry_visits",
    (
        SUBJECT,
        Column("visit", TEXT, "the visit, as images.csv has it"),
        Column("measure", TEXT, "its name"),
        Column("unit", TEXT, "of value, low and high, as in anthropometry_measures"),
        Column("photographs", pa.int64(), "of the visit that have this measure", low=1),
        Column("value", NUMBER, "mean of the photographs; of differences and deviations the size"),
        Column("low", NUMBER, "lower end of its interval, by the photographs' spread; null: one alone", nullable=True),
        Column("high", NUMBER, "upper end of its interval", nullable=True),
        Column("side", TEXT, "as in anthropometry_measures", nullable=True, allowed=("left", "right")),
    ),
    key=("subject_id", "visit", "measure"),
)

MEASURE_COLUMNS = (
    Column("measure", TEXT, "its name, of tasks.anthropometry.measures.catalogue"),
    Column("region", TEXT, "the part of the face, or how its sides are compared"),
    Column("words", TEXT, "what it is called on pages"),
    Column("value", NUMBER, "in the row's unit; of differences and deviations the size", nullable=True),
    Column("low", NUMBER, "lower end of its interval, by the points' errors; null: not known", nullable=True),
    Column("high", NUMBER, "upper end of its interval", nullable=True),
    Column(
        "side",
        TEXT,
        "the patient's side: where there is more, towards which it lies, or whose number stands over the other's",
        nullable=True,
        allowed=("left", "right"),
    ),
    Column(
        "unit",
        TEXT,
        "of value, low and high; interocular: distances between the outer eye corners; nose heights: of a profile, "
        "from nasion to subnasale; empty: a ratio",
    ),
    Column(
        "deviation",
        NUMBER,
        "how far from an even face: size, or the size of a ratio's logarithm; null: evenness means nothing",
        nullable=True,
        low=0,
    ),
    Column("mm", NUMBER, "the value of a length by the photograph's scale", "mm", nullable=True),
    Column("mm_low", NUMBER, "lower end of its interval, the scale's included", "mm", nullable=True),
    Column("mm_high", NUMBER, "upper end of its interval", "mm", nullable=True),
    REASON,
)
ANTHROPOMETRY_MEASURES = Schema(
    "anthropometry_measures",
    (IMAGE_ID, SUBJECT, POPULATION, *MEASURE_COLUMNS),
    key=("image_id", "measure"),
)
ANTHROPOMETRY_CORRECTIONS = Schema(
    "anthropometry_corrections",
    (
        IMAGE_ID,
        Column("point", TEXT, "name of the point (tasks.anthropometry.names)"),
        Column("x", NUMBER, "where a person placed it", "px"),
        Column("y", NUMBER, "where a person placed it", "px"),
        Column("corrector_id", TEXT, "who placed it last"),
        Column("at", TEXT, "when, UTC"),
    ),
    key=("image_id", "point"),
)
MEASURED_PHOTOGRAPHS = Schema(
    "measured_photographs",
    (
        Column("photograph", TEXT, "the file, as it was named on the command line"),
        Column("image_id", TEXT, "sha256 of its bytes; null: it could not be opened", nullable=True),
        Column("face", TEXT, "of several faces the one that was measured; empty: there is one"),
        Column("measure", TEXT, "its name; empty: the photograph was refused"),
        *(replace(column, nullable=True) for column in MEASURE_COLUMNS if column.name != "measure"),
    ),
    key=("photograph", "face", "measure"),
)
"""What `vermilion measure --table` writes: of a refused photograph one row, with nothing but its reason."""
