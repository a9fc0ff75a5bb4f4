"""Norms as files: those of the project's own controls, or any table of norms.

In: a table of ANTHROPOMETRY_NORMS. Out: `Norms`, with whose they are, or why there are none. Does not know how norms
are made (tasks.anthropometry.norms).
"""

from pathlib import Path
from typing import Any

from tasks.base import absence, tables
from tasks.base.words import counted
from tasks.errors import InputError
from tasks.pages.norms import ALL, Norms
from tasks.schemas.anthropometry import ANTHROPOMETRY_NORMS

FILE = "norms.parquet"
"""Where the stage `anthropometry_norms` leaves the norms of the project's own controls, below data/anthropometry."""
MAGIC = b"PAR1"
"""How every Parquet file begins."""


def read_norms(path: Path, whose: str) -> Norms:
    """A table of norms. `whose`: the people's, in words, such as "this project's". OSError where it is not there."""
    check_parquet(path, "`vermilion norms --out FILE.parquet`")
    if reason := absence.reason_of(path):
        return Norms([], f"There are no norms: {reason}.")
    if not tables.parts(path):
        raise InputError(f"{path} holds no table of norms; `vermilion norms` writes one")
    every: list[dict[str, Any]] = tables.read(path, ANTHROPOMETRY_NORMS).to_pylist()
    rows = [row for row in every if row["reason"] is None]
    if not rows:
        reasons = (row["reason"] for row in every if row["gender"] == row["age_group"] == ALL)
        why = next(reasons, "no control could be measured")
        return Norms([], f"There are no norms: {why}. Add photographs of people without a cleft.")
    notices = tables.provenance_of(path).get("notices", [])
    only = notices[0] if len(notices) == 1 else ""
    people = counted(max(row["people"] for row in rows), "person", "people")
    return Norms(rows, f"Norms are {whose}, {people}{only and f' ({only})'}.", only)


def check_parquet(path: Path, made_by: str) -> None:
    """InputError for a file that is no Parquet file, whatever it is called. `made_by`: the command that writes one."""
    if not path.is_file():
        return
    with path.open("rb") as opened:
        if opened.read(len(MAGIC)) == MAGIC:
            return
    raise InputError(f"{path}: not a Parquet file (text and spreadsheets are for reading); {made_by} writes one")


def own_norms(folder: Path) -> Norms:
    """Those of the project's own controls, as the last run left them in `folder`, the anthropometry system's."""
    if not (folder / FILE).exists():
        return Norms([], "There are no norms yet: `dvc repro` makes them of this project's controls.")
    return read_norms(folder / FILE, "those of this project's controls")
