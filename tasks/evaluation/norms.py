"""Norms as files: those of the project's own controls, or any table of norms.

In: a table of NORMS. Out: `Norms`, with whose they are, or why there are none. Does not know how norms
are made (tasks.findings.norms).
"""

from pathlib import Path
from typing import Any

from tasks.base import absence, tables
from tasks.errors import InputError
from tasks.pages.norms import OWN, Norms, made_of
from tasks.schemas.norms import NORMS

FILE = "norms.parquet"
"""Where a system's stage leaves the norms of the project's own controls, below its folder."""
MAGIC = b"PAR1"
"""How every Parquet file begins."""


def read_norms(path: Path, whose: str) -> Norms:
    """A table of norms. `whose`: the people's, in words, such as "this project's". OSError where it is not there."""
    check_parquet(path, "`vermilion norms --out FILE.parquet`")
    if reason := absence.reason_of(path):
        return Norms([], f"There are no norms: {reason}.")
    if not tables.parts(path):
        raise InputError(f"{path} holds no table of norms; `vermilion norms` writes one")
    every: list[dict[str, Any]] = tables.read(path, NORMS).to_pylist()
    return made_of(every, tables.provenance_of(path).get("notices", []), whose)


def check_parquet(path: Path, made_by: str) -> None:
    """InputError for a file that is no Parquet file, whatever it is called. `made_by`: the command that writes one."""
    if not path.is_file():
        return
    with path.open("rb") as opened:
        if opened.read(len(MAGIC)) == MAGIC:
            return
    raise InputError(f"{path}: not a Parquet file (text and spreadsheets are for reading); {made_by} writes one")


def own_norms(folder: Path) -> Norms:
    """Those of the project's own controls, as the last run left them in a system's `folder`."""
    if not (folder / FILE).exists():
        return Norms([], "There are no norms yet: `dvc repro` makes them of this project's controls.")
    return read_norms(folder / FILE, OWN)
