"""What the commands for single photographs leave in any folder: known again, and taken away with the person.

In: a file, and who is withdrawn. Out: whether `score`, `measure`, `inpaint`, `reconstruct` or `capture check` wrote it;
of a page or picture the files that belong to it, of a table or list the person's rows. One rule for all: a page or
picture of the person goes with what belongs to it, tables and lists lose the person's rows. Knows the files by marks
(flows.photographs.marks), columns and names, wherever they lie.
"""

import io
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from flows.stewards.traces.file_kinds import kind_of
from flows.stewards.traces.person import Person
from tasks.base.tables import TableError, provenance_of, replacing
from tasks.ingest.raw_folders import removal
from tasks.ingest.raw_folders.removal import Place, rows_of
from tasks.ingest.tables.sheets import RawLayoutError, read_sheets

NEAR = 1024
"""Bytes from the beginning in which a mark stands."""

SOFTWARE = b"Software\0vermilion "
"""Of every PNG that a command wrote (flows.photographs.marks)."""

PAGE = re.compile(rb'<meta name="generator" content="vermilion (score|measure|inpaint|reconstruct)">')

FILLED = "-filling.html"
"""How the name of a page of `vermilion inpaint` ends (flows.photographs.marks)."""

BELONGS = {
    "score": r"(?!)",
    "measure": r"{stem}\.(pdf|csv)",
    "inpaint": r"{stem}(-proposal-\d+)?-(filled|mask|masked)\.png",
    "reconstruct": r"(photographs|points|measures)\.csv|face\.(ply|glb|stl)",
}
"""Names of the files that belong to a page, by the command that wrote it."""

SCORED_COLUMNS = ("photograph", "verdict", "state", "stands out", "measures disagree", "image_id")
"""Columns of every table of `vermilion score --table`."""

MEASURED_COLUMNS = ("photograph", "image_id", "face", "measure", "reason")
"""Columns of every table of `vermilion measure`; a Parquet table says itself which command made it."""

ABOUT = ("photograph", "image_id")
"""Those of them that say whose a row is."""

DONE = ".measured.jsonl"
"""What `vermilion measure --out` keeps of each photograph, a line each, for the next call."""

SURVEY_KEY, SURVEY_COLUMNS, SURVEY_PICTURES = "key.csv", ("picture", "path"), "pictures"
"""Of a survey of realism: which picture of its folder is whose photograph."""

SHEET_COLUMNS = ("picture", "realism", "plausibility")
"""Of a survey's sheets, empty or filled, which name a picture by its number alone."""

TABLES = (".csv", ".tsv", ".xlsx", ".xlsm")


def belonging(file: Path) -> frozenset[Path] | None:
    """The files that belong to this page or picture; None where no command of these wrote it."""
    kind = kind_of(file)
    if kind not in ("page", "picture"):
        return None
    with file.open("rb") as opened:
        head = opened.read(NEAR)
    if kind == "picture":
        return frozenset() if SOFTWARE in head else None
    wrote = PAGE.search(head)
    if wrote is None:
        return None
    named = re.compile(
        BELONGS[wrote[1].decode()].replace("{stem}", re.escape(file.name.removesuffix(FILLED).removesuffix(".html")))
    )
    others = (other for other in file.parent.iterdir() if named.fullmatch(other.name) and other.is_file())
    return frozenset(other for other in others if wrote[1] == b"measure" or not _of_measure(other))


def _of_measure(table: Path) -> bool:
    """Whether a table is one of `vermilion measure`, which may write into the same folder, under the same name."""
    with suppress(RawLayoutError, OSError):
        return table.suffix == ".csv" and rows_of(table, MEASURED_COLUMNS, ABOUT, bool) is not None
    return False


class Surveyed(NamedTuple):
    """What a survey's key tells of a person: their rows, their pictures, and rows of sheets that lie with it."""

    rows: set[Place]
    pictures: frozenset[Path]
    sheets: Mapping[Path, set[Place]]


def surveyed(file: Path, person: Person) -> Surveyed | None:
    """The person in a survey, whose pictures and sheets do not name them; None where the file is no survey's key."""
    if file.name != SURVEY_KEY:
        return None
    with suppress(RawLayoutError):
        (sheet,) = read_sheets(file)
        if tuple(sheet.columns) == SURVEY_COLUMNS:
            own = [row for row in sheet.rows if person.found(row.cells[1])]
            names = {Path(row.cells[0]).name for row in own}
            pictures = (file.parent / SURVEY_PICTURES / name for name in names)
            return Surveyed(
                {(sheet.name, row.number) for row in own},
                frozenset(one for one in pictures if one.is_file()),
                dict(_answers(file.parent, names)),
            )
    return None


def _answers(folder: Path, names: Collection[str]) -> Iterator[tuple[Path, set[Place]]]:
    """Rows of the sheets in a survey's folder, or one below it, that are about these pictures."""
    for table in sorted({*folder.glob("*"), *folder.glob("*/*")}):
        if table.suffix.lower() in TABLES and table.is_file():
            with suppress(RawLayoutError, OSError):
                found = rows_of(table, SHEET_COLUMNS, SHEET_COLUMNS[:1], lambda cell: Path(cell.strip()).name in names)
                if found and found[0]:
                    yield table, found[0]


def rows(file: Path, person: Person) -> tuple[set[Place], set[Place]] | None:
    """The person's rows of a table or list that a command wrote, and the others'; None where none wrote it."""
    if file.name == DONE:
        lines = file.read_text(encoding="utf-8", errors="replace").split("\n")
        own = {("", number) for number, line in enumerate(lines) if person.found(line)}
        return own, {("", number) for number, line in enumerate(lines) if line.strip()} - own
    if kind_of(file) == "table":
        return _rows_of_parquet(file, person)
    if file.suffix.lower() in TABLES:
        for columns in (SCORED_COLUMNS, MEASURED_COLUMNS):
            with suppress(RawLayoutError):
                if (found := rows_of(file, columns, ABOUT, person.found)) is not None:
                    return found
    return None


def _rows_of_parquet(file: Path, person: Person) -> tuple[set[Place], set[Place]] | None:
    """Of a table that a command made (a stage says otherwise what made it)."""
    try:
        if not str(provenance_of(file).get("command", "")).startswith("vermilion "):
            return None
        columns = [name for name in pq.read_schema(file).names if name in ABOUT]
        lines = pq.read_table(file, columns=columns).to_pylist()
    except (OSError, TableError, ValueError, TypeError, pa.ArrowException):
        return None
    own = {("", at) for at, line in enumerate(lines) if any(person.found(str(cell)) for cell in line.values() if cell)}
    return own, {("", at) for at in range(len(lines))} - own


def without(file: Path, lines: Collection[Place]) -> bytes:
    """What the table or list is without these rows."""
    gone = {number for _, number in lines}
    if file.name == DONE:
        kept = file.read_bytes().split(b"\n")
        return b"\n".join(line for number, line in enumerate(kept) if number not in gone)
    if kind_of(file) == "table":
        table = pq.read_table(file)
        made = io.BytesIO()
        keep = pa.array([number not in gone for number in range(table.num_rows)], pa.bool_())
        pq.write_table(table.filter(pc.fill_null(keep, True)), made, compression="zstd", use_dictionary=False)
        return made.getvalue()
    return removal.without(file, lines)


def write_without(file: Path, lines: Collection[Place]) -> None:
    """The table or list without these rows, whole or not at all."""
    mode, content = file.stat().st_mode & 0o777, without(file, lines)
    with replacing(file) as temporary:
        temporary.write_bytes(content)
        temporary.chmod(mode)
