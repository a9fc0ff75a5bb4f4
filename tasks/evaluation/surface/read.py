"""The tables of three dimensions as DataFrames.

In: the folder of its stages. Out: surfaces, what was measured on them, the visits they belong to. Whatever is not there
has no rows. Knows the tables' schemas, not the code that wrote them.
"""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from tasks.base import absence, tables
from tasks.base.tables import Schema
from tasks.evaluation.norms import own_norms
from tasks.pages.norms import NONE, Norms
from tasks.schemas.surface import SURFACE_FINDINGS, SURFACE_MEASURES, SURFACE_VISITS, SURFACES

HEAVY = {"vertices", "faces", "colours", "seen"}
LIGHT = [column.name for column in SURFACES.columns if column.name not in HEAVY]


class Surfaces(NamedTuple):
    """What the stages wrote. `missing`: why they wrote nothing."""

    surfaces: pd.DataFrame  # SURFACES without the triangles
    measures: pd.DataFrame  # SURFACE_MEASURES
    visits: pd.DataFrame  # SURFACE_VISITS
    missing: str | None
    findings: pd.DataFrame  # SURFACE_FINDINGS
    norms: Norms = NONE


def read_surfaces(folder: Path) -> Surfaces:
    """The stages' tables."""
    return Surfaces(
        _read(folder / "surfaces", SURFACES, LIGHT),
        _read(folder / "measures", SURFACE_MEASURES),
        _read(folder / "visits.parquet", SURFACE_VISITS),
        absence.reason_of(folder / "surfaces"),
        _read(folder / "findings.parquet", SURFACE_FINDINGS),
        own_norms(folder),
    )


def _read(path: Path, schema: Schema, columns: list[str] | None = None) -> pd.DataFrame:
    there = path.exists() and not absence.reason_of(path)
    found: pd.DataFrame = (tables.read(path, schema, columns) if there else schema.table([])).to_pandas()
    return found
