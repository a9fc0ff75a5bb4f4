"""A batch as a steward brings it: a folder, or one table, in the raw layout (docs/raw-layout.md).

In: its path. Out: its lines, the files they name with their digests, and the problems that show without opening a
picture. Stricter than the raw folder: every photograph has a consent, is named by one line and lies inside the batch,
and no file lies there unnamed. Changes nothing, and does not know what is there already
(tasks.ingest.raw_folders.admission does).
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from tasks.base.digests import digest, file_digest
from tasks.base.escaping import visible
from tasks.errors import InputError
from tasks.ingest.images.inventory import Refused, check_size, files_named, meant
from tasks.ingest.images.photograph_meant import stands_for
from tasks.ingest.raw_folders.table_kinds import COLUMNS, FOUND_BY, MORE, kinds_in, table_name, unread_sheets
from tasks.ingest.tables.file_names import (
    NOT_READ,
    Finder,
    called_cameras,
    is_leftover,
    looks_like_table,
    table_of,
    walk,
)
from tasks.ingest.tables.raw_layout import Line, one_cell, read_lines
from tasks.ingest.tables.sheets import RawLayoutError, read_sheets
from tasks.params.ingest import IngestImages

UNFINISHED = (".part", ".partial", ".crdownload", ".download", ".filepart", ".tmp")
"""What programs call a file that is still on its way."""

Problem = dict[str, Any]
"""Why a line or file cannot come in, as a row of the refusals table: source, line, path, reason."""


@dataclass(frozen=True)
class Photograph:
    """A picture or clip that a line of images.csv names. `name`: its path inside the batch."""

    line: Line
    name: str
    file: Path
    subject_id: str
    image_id: str

    def refused(self, reason: str) -> Problem:
        """This photograph as a problem."""
        return self.line.refused(reason) | {"path": self.name}


@dataclass(frozen=True)
class Batch:
    """What a folder or table holds. `sources`: the file behind each name inside the batch; `contents`: its sha256.

    `shared`: the kinds of tables that lie in one workbook with another. `told`: paths, folders and patterns of its own
    pictures that a problem is about.
    """

    lines: Mapping[str, Sequence[Line]]
    photographs: Sequence[Photograph]
    sources: Mapping[str, Path]
    contents: Mapping[str, str]
    problems: Sequence[Problem]
    shared: frozenset[str] = frozenset()
    told: Sequence[str] = ()

    @property
    def digest(self) -> str:
        """Of names and bytes: the same batch twice is the same batch."""
        return digest(dict(self.contents))


def read_batch(path: Path, *, settings: IngestImages) -> Batch:
    """The batch at `path`. InputError when there is nothing of that name."""
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    tables, problems = _tables(path)
    finder = Finder(path if path.is_dir() else path.parent)
    lines: dict[str, list[Line]] = {}
    for kind, table in tables.items():
        try:
            lines[kind] = list(read_lines(table, required=COLUMNS[kind], optional=MORE[kind]))
        except RawLayoutError as error:
            problems.append(_unusable(table, error))
    photographs, refused = _photographs(finder, lines.get("images", []), settings)
    problems += refused
    if path.is_dir() and tables and ("images" in lines or "images" not in tables):
        problems += _unnamed(path, tables, photographs, refused)
    if not problems and not any(lines.values()):
        problems.append(_problem(path, "there is nothing in it but headers"))
    called = {kind: table_name(kind, table) for kind, table in tables.items()}
    sources = {called[kind]: table for kind, table in tables.items()} | {p.name: p.file for p in photographs}
    contents = {called[kind]: file_digest(table) for kind, table in tables.items() if kind in lines}
    contents |= {photograph.name: photograph.image_id for photograph in photographs}
    shared = frozenset(kind for kind, table in tables.items() if list(tables.values()).count(table) > 1)
    told = [str(row["path"]) for row in problems if row["path"]]
    if "images" in tables and "images" not in lines:  # nobody knows which pictures it names
        told += walk(finder.folder)
    return Batch(lines, photographs, sources, contents, problems, shared, told)


def named_files(table: Path, *, settings: IngestImages) -> list[Path]:
    """The files that a table of images names and that are there, without opening them; none for other kinds."""
    suffixes = (*settings.still_suffixes, *settings.clip_suffixes)
    files: set[Path] = set()
    finder = Finder(table.parent)
    try:
        if "images" not in kinds_in(table):
            return []
        for line in read_lines(table, required=COLUMNS["images"], optional=MORE["images"]):
            with suppress(Refused):
                files.update(files_named(finder, meant(line).cells["path"], suffixes))
    except (RawLayoutError, OSError):
        return []
    return sorted(files)


def _tables(path: Path) -> tuple[dict[str, Path], list[Problem]]:
    """The tables by kind. What a single file holds is told by its columns."""
    names = ", ".join(f"{kind}.csv" for kind in COLUMNS)
    try:
        if path.is_dir():
            inside = {kind: table_of(path, kind, columns) for kind, columns in FOUND_BY.items()}
            found = {k: table for k, table in inside.items() if table and _stays(table, path) and table.exists()}
            reason = f"a batch has at least one of {names}, as files or as sheets of one workbook, and no link that "
            reason += "leads out"
        else:
            found = dict.fromkeys(kinds_in(path), path)
            reason = "; ".join(f"{kind}.csv has the columns {', '.join(columns)}" for kind, columns in COLUMNS.items())
            reason = f"line 1 has the columns of none of {names}: {reason}"
            sheets = read_sheets(path)
            reason = reason + one_cell(sheets[0]) if sheets else "there is nothing in it"
    except RawLayoutError as error:
        return {}, [_unusable(path, error)]
    if not found:
        return {}, [_problem(path, reason)]
    unread = [_problem(table, f"sheet {sheet!r}: {why}") for table, sheet, why in unread_sheets(found)]
    return found, unread


def _problem(file: Path, reason: str) -> Problem:
    """What is wrong with a file as a whole."""
    return {"source": file.name, "line": 1, "path": "", "reason": reason}


def _stays(table: Path, folder: Path) -> bool:
    return table.resolve().is_relative_to(folder.resolve())


def _unusable(table: Path, error: RawLayoutError) -> Problem:
    """A table that cannot be read at all, as one problem."""
    reason = str(error).removeprefix(f"{table}: ").removeprefix(f"{table}, ")
    number = re.search(r"line (\d+)", reason)
    reason = re.sub(r"(^|^sheet [^:]*: )line \d+: ", r"\1", reason)  # which the row says already
    return _problem(table, reason) | {"line": int(number[1]) if number else 1}


def _photographs(
    finder: Finder, lines: Sequence[Line], settings: IngestImages
) -> tuple[list[Photograph], list[Problem]]:
    """The photographs that lines name, each once, and what cannot be one."""
    folder = finder.folder
    suffixes = (*settings.still_suffixes, *settings.clip_suffixes)
    kept: dict[str, Photograph] = {}
    contents: dict[str, Photograph] = {}
    problems: list[Problem] = []
    for written in lines:
        line = written
        try:
            line = _agreed(written)
            files = files_named(finder, line.cells["path"], suffixes)
        except Refused as reason:
            problems.append(line.refused(str(reason)))
            continue
        for file in files:
            name = file.relative_to(folder).as_posix()
            try:
                photograph = _photograph(folder, line, file, name, settings)
                if name in kept:
                    raise Refused(f"named by line {kept[name].line.number} too")
                if twin := contents.get(photograph.image_id):
                    raise Refused(f"the same content as {twin.name} in this batch (line {twin.line.number})")
            except Refused as reason:
                problems.append(line.refused(str(reason)) | {"path": visible(name)})
            else:
                kept[name] = contents[photograph.image_id] = photograph
    return list(kept.values()), problems


def _agreed(line: Line) -> Line:
    """The line with its words as this project spells them. Refused where one is wrong, or nobody consented."""
    line = meant(line)
    if not line.cells["consent"]:
        raise Refused("consent must not be empty: what the person agreed to")
    return line


def _photograph(folder: Path, line: Line, file: Path, name: str, settings: IngestImages) -> Photograph:
    """The photograph, or Refused where its name or place would not survive the move into the project."""
    subject = line.cells["subject_id"].replace("{folder}", file.parent.name).replace("{stem}", file.stem)
    if any(part.startswith(".") for part in Path(name).parts):
        raise Refused("hidden files and folders do not come in")
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in name):
        raise Refused("its name holds characters that no name should")
    if "{folder}" in line.cells["subject_id"] and "/" not in name:
        raise Refused("{folder} would be the batch's own folder, which gets another name; write the subject_id out")
    try:
        if not file.resolve(strict=True).is_relative_to(folder.resolve()):
            raise Refused("a link that leads out of the batch; bring the file itself")
        check_size(file, settings)
        return Photograph(line, name, file, subject, file_digest(file))
    except OSError as error:
        raise Refused(f"cannot be opened: {error.strerror}") from error


def _unnamed(
    path: Path, tables: Mapping[str, Path], photographs: Sequence[Photograph], refused: Sequence[Problem]
) -> Iterator[Problem]:
    """The files of a folder that no line names: forgotten, or not meant to come along."""
    named = {photograph.name for photograph in photographs} | {table.name for table in tables.values()}
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path).as_posix()
        if is_leftover(PurePosixPath(name)) or name in named or not file.is_file():
            continue
        if any(stands_for(str(row["path"]), name) or str(row["path"]) == visible(name) for row in refused):
            continue  # that line's own problem is enough
        reason = NOT_READ if looks_like_table(file.name) else "no line of images.csv names this file"
        if called_cameras(file.name):
            reason = "lenses of a visit's photographs do not come in with a batch; take the file out"
        if name.lower().endswith(UNFINISHED) or file.name.startswith("~$"):
            reason = "its name says that it is still being copied or edited"
        yield {"source": path.name, "line": 1, "path": visible(name), "reason": reason}
