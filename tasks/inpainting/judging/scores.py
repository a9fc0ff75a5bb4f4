"""Scores of filled faces on a rating scale, kept: one CSV file per sheet, in a folder inside that of votes.

In: rows that were checked (tasks.inpainting.judging.score_checks). Out: rows of INPAINTING_SCORES. Scores lie as CSV,
so that a withdrawal finds a person's lines. Knows nothing of statistics.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from tasks.base import sheets
from tasks.errors import InputError
from tasks.ingest.tables.raw_layout import read_lines
from tasks.ingest.tables.spelling import Spellings, key
from tasks.schemas.inpainting_scores import INPAINTING_SCORES

FOLDER = "scales"
"""Inside the folder of votes."""
COLUMNS = tuple(column.name for column in INPAINTING_SCORES.columns)

Row = dict[str, Any]


class ScoresError(InputError):
    """Scores, or a file of them, cannot be used as a whole; the message says what to do."""


def keep(folder: Path, sheet: str, rows: Sequence[Row], *, replace: bool) -> None:
    """Write the sheet's scores into the folder `FOLDER` of `folder`.

    ScoresError: the rater has rated one of these photographs on the scale before, and not `replace`. With it, what they
    gave before goes, whatever sheet it came from.
    """
    inside = folder / FOLDER
    inside.mkdir(mode=0o700, exist_ok=True)
    own = {_said(row) for row in rows}
    files = {file: _read_kept(file) for file in sorted(inside.glob("*.csv"))}
    again = [file for file, before in files.items() if any(_said(row) in own for row in before)]
    if again and not replace:
        raise ScoresError(
            f"{rows[0]['rater_id']} has rated photographs of this sheet on {rows[0]['scale']} before ({again[0]})"
        )
    for file in (file for file in again if file.stem != sheet):
        if rest := [row for row in files[file] if _said(row) not in own]:
            _write(file, rest)
        else:
            file.unlink()
    _write(inside / f"{sheet}.csv", rows)


def _said(row: Row) -> tuple[str, str, str]:
    """Who rated which photograph on what."""
    return key(row["rater_id"]), row["image_id"], row["scale"]


def kept(folder: Path) -> pa.Table:
    """All scores below the folder of votes, as INPAINTING_SCORES. A rater goes under the first spelling of the name.

    ScoresError names a damaged line.
    """
    names = Spellings()
    rows = [row for file in sorted((folder / FOLDER).glob("*.csv")) for row in _read_kept(file)]
    return INPAINTING_SCORES.table(row | {"rater_id": names.of(row["rater_id"])} for row in rows)


def raters_in(table: pa.Table) -> dict[str, tuple[str, int]]:
    """By rater the role and how many rows there are, of ratings or scores."""
    rows = table.select(["rater_id", "rater_role"]).to_pylist()
    count = Counter(row["rater_id"] for row in rows)
    return {row["rater_id"]: (row["rater_role"], count[row["rater_id"]]) for row in rows}


def _read_kept(file: Path) -> list[Row]:
    rows = []
    for line in read_lines(file, required=COLUMNS, optional=()):
        row: Row = dict(line.cells)
        try:
            rows.append(row | {"score": float(row["score"])})
        except ValueError:
            raise ScoresError(f"{file}, line {line.number}: not as it was written; rate again with replacing") from None
    return rows


def _write(path: Path, rows: Sequence[Row]) -> None:
    sheets.write(path, COLUMNS, [[row[name] for name in COLUMNS] for row in rows])
