"""The table of norms: how each measure is spread among people without a cleft."""

import pyarrow as pa

from tasks.base.tables import Column, Schema
from tasks.schemas.columns import AGE_GROUPS, GENDERS, NUMBER, REASON, TEXT

NORMS = Schema(
    "norms",
    (
        Column("measure", TEXT, "its name"),
        Column("gender", TEXT, "of whom; all: of everybody", allowed=("all", *GENDERS)),
        Column("age_group", TEXT, "of whom; all: of everybody", allowed=("all", *AGE_GROUPS)),
        Column("unit", TEXT, "of the numbers, as in the measures"),
        Column("people", pa.int64(), "how many, one value each: the mean of a person's photographs", low=0),
        Column("mean", NUMBER, "of the people", nullable=True),
        Column("sd", NUMBER, "their standard deviation", nullable=True, low=0),
        Column("p05", NUMBER, "what 5 per cent of them lie below", nullable=True),
        Column("p95", NUMBER, "what 5 per cent of them lie above", nullable=True),
        REASON,
    ),
    key=("measure", "gender", "age_group"),
)
