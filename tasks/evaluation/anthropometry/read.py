"""The anthropometry system's tables as DataFrames, and what a reader must know of its points.

In: the folder of its stages. Out: measures, points and norms. Whatever is not there has no rows. Knows the tables'
schemas, not the code that wrote them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from tasks.base import absence, tables
from tasks.base.tables import Schema
from tasks.base.words import listed
from tasks.evaluation.norms import own_norms
from tasks.pages.norms import NONE, Norms
from tasks.schemas.anthropometry import ANTHROPOMETRY_MEASURES, ANTHROPOMETRY_POINTS

PLACED = ["image_id", "subject_id", "population", "refined", "disagreement", "reason"]


class Anthropometry(NamedTuple):
    """What the stages wrote. `missing`: why they wrote nothing."""

    measures: pd.DataFrame  # ANTHROPOMETRY_MEASURES
    points: pd.DataFrame  # PLACED of ANTHROPOMETRY_POINTS
    missing: str | None
    norms: Norms = NONE
    adjusted: Sequence[str] = ()  # kinds of points that are moved as people's corrections taught


def read_anthropometry(folder: Path) -> Anthropometry:
    """The stages' tables, without the points themselves."""
    return Anthropometry(
        _read(folder / "measures", ANTHROPOMETRY_MEASURES),
        _read(folder / "placed", ANTHROPOMETRY_POINTS, PLACED),
        absence.reason_of(folder / "measures"),
        own_norms(folder),
        _adjusted(folder / "placed"),
    )


def _adjusted(placed: Path) -> list[str]:
    files = tables.parts(placed) if placed.exists() else []
    found: list[str] = tables.provenance_of(files[0]).get("adjusted", []) if files else []
    return found


def _read(path: Path, schema: Schema, columns: list[str] | None = None) -> pd.DataFrame:
    if not path.exists() or absence.reason_of(path):
        empty: pd.DataFrame = schema.table([]).to_pandas()
        return empty[columns] if columns else empty
    found: pd.DataFrame = tables.read(path, schema, columns).to_pandas()
    return found


def adjusted(kinds: Sequence[str]) -> tuple[str, ...]:
    """The notice that points were moved; none where no adjustment is in use."""
    if not kinds:
        return ()
    named = listed([kind.replace("_", " ") for kind in kinds], 5)
    return (
        f"Points are moved as people's corrections taught ({named}): an adjustment is in use, whose versions "
        "vermilion anthropometry versions lists.",
    )


NOTICES = (
    "Landmark measures stand on points that a model placed: they are findings, not diagnoses. Place points by hand "
    "with vermilion review where they matter.",
)
