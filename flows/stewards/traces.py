"""What of a person lies in a file: the photograph's bytes, its digest, a name; and how each kind of file is cleaned.

In: who is looked for (ids of photographs and frames, names) and files. Out: what was found in each. A table is looked
into column by column, a database row by row; digests are looked for in the bytes of all other files, names in what they
say in words (flows.stewards.wording). Names are whole words; a name that is only digits, or one letter, would be found
everywhere, so it counts only where it is the whole cell of a table.
Does not know where to look (flows.stewards.withdrawal does), nor what a file is for.
"""

import html
import json
import os
import re
import sqlite3
import urllib.parse
from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict

from flows.stewards.wording import LARGEST, text, texts
from tasks.base.digests import file_digest
from tasks.base.tables import PROVENANCE, replacing
from tasks.errors import InputError

GONE = "withdrawn"
"""What stands where a name stood."""

PICTURES = (
    *(b"\x89PNG", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"BM", b"RIFF", b"GIF8"),
    *(b"\xff\x4f\xff\x51", b"\x1aE\xdf\xa3", b"\0\0\x01\xba", b"\0\0\x01\xb3"),
)
"""How pictures and clips begin, of every kind that comes in."""


class Person(BaseModel):
    """Who is withdrawn. `images`: sha256 of photographs and clips; `frames`: ids of frames of the clips.

    `subject`: the person's name where all of the person is withdrawn; `names`: of the photographs; `sizes`: in bytes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))
    subject: str | None
    control: bool
    images: tuple[str, ...]
    frames: tuple[str, ...]
    names: tuple[str, ...]
    sizes: tuple[int, ...]

    @cached_property
    def ids(self) -> re.Pattern[str]:
        """Every id of the person."""
        return re.compile("|".join((*self.images, *self.frames)))

    @cached_property
    def words(self) -> re.Pattern[str] | None:
        """The names as whole words, also as JSON, HTML and URLs write them; None where no name can be told."""
        said = {name for name in (self.subject, *self.names) if name and telling(name)}
        forms = {form for name in said for form in _written(name)}
        if not forms:
            return None
        longest = sorted(forms, key=lambda form: (-len(form), form))
        return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest))})(?![\w-])", re.IGNORECASE)

    def in_path(self, path: Path) -> bool:
        """Whether a file or a folder of the path is called after the person, or the photographs: `p071_small.jpg`."""
        said = {name for name in (self.subject, *(Path(name).stem for name in self.names)) if name and telling(name)}
        words = "|".join(map(re.escape, said))
        return bool(said) and re.search(rf"(?<![^\W_])(?:{words})(?![^\W_])", str(path), re.IGNORECASE) is not None

    def found(self, text: str) -> str | None:
        """`digest` or `name`, where the text has one; None where it has nothing of the person."""
        if self.ids.search(text):
            return "digest"
        return "name" if self.words and self.words.search(text) else None

    def named(self, cell: str) -> bool:
        """Whether the cell of a table is a name of the person's, or has something of theirs."""
        return cell in (self.subject, *self.names) or self.found(cell) is not None

    def without(self, text: str) -> str:
        """The text with every id and name replaced."""
        text = self.ids.sub(GONE, text)
        return self.words.sub(GONE, text) if self.words else text


def telling(name: str) -> bool:
    """Whether finding this word says something: it has a letter, and is longer than one."""
    return len(name) > 1 and any(letter.isalpha() for letter in name)


def _written(name: str) -> set[str]:
    return {name, json.dumps(name)[1:-1], html.escape(name), urllib.parse.quote(name)}


def same_bytes(file: Path, person: Person) -> bool:
    """Whether the file is one of the photographs."""
    return file.stat().st_size in person.sizes and file_digest(file) in person.images


def kind_of(file: Path) -> str:
    """`table`, `database`, `weights`, `picture`, `page` or `other`, by the first bytes."""
    with file.open("rb") as opened:
        head = opened.read(32)
    if head.startswith(b"PAR1"):
        return "table"
    if head.startswith(b"SQLite format 3\0"):
        return "database"
    if head[8:10] == b'{"' or head.startswith((b"PK\x03\x04", b"\x80")):
        return "weights"
    if head.startswith(PICTURES) or head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"jP  "):
        return "picture"
    return "page" if head.lstrip()[:9].lower().startswith((b"<!doctype", b"<html", b"<svg")) else "other"


def traces(file: Path, person: Person) -> str | None:
    """`bytes`, `digest` or `name`: what the file has of the person; None for nothing."""
    if same_bytes(file, person):
        return "bytes"
    kind = kind_of(file)
    if kind == "table":
        return in_table(file, person)
    if kind == "database":
        return in_database(file, person)
    if file.stat().st_size > LARGEST:
        return None
    return in_content(file.read_bytes(), kind, person)


def in_content(content: bytes, kind: str, person: Person) -> str | None:
    """`digest` or `name` in the bytes of a file that is neither a Parquet table nor a database."""
    if person.ids.search(content.decode("latin-1")):
        return "digest"
    return next((what for said in texts(content, kind) if (what := person.found(said))), None)


def made_by(file: Path) -> str | None:
    """The stage that made a table, as it says itself."""
    try:
        said = (pq.read_schema(file).metadata or {}).get(PROVENANCE)
        return str(json.loads(said)["stage"]) if said else None
    except (OSError, pa.ArrowInvalid, ValueError, LookupError, TypeError):
        return None


def in_table(file: Path, person: Person) -> str | None:
    """`digest` or `name` where a text column has one. A damaged table is nobody's."""
    cells = {name for name in (person.subject, *person.names) if name}
    try:
        schema = pq.read_schema(file)
        texts = [field.name for field in schema if _is_text(field.type)]
        table = pq.read_table(file, columns=texts)
    except (OSError, pa.ArrowInvalid):
        return None
    found = None
    for column in table.columns:
        values = pc.list_flatten(column) if pa.types.is_list(column.type) else column
        values = values.cast(pa.string())
        if pc.any(pc.match_substring_regex(values, person.ids.pattern)).as_py():
            return "digest"
        if pc.any(pc.is_in(values, value_set=pa.array(sorted(cells), pa.string()))).as_py():
            found = "name"
    return found


def _is_text(kind: pa.DataType) -> bool:
    inner = kind.value_type if pa.types.is_list(kind) else kind
    return bool(pa.types.is_string(inner) or pa.types.is_large_string(inner))


def in_database(file: Path, person: Person) -> str | None:
    """`digest` or `name` where a row has one."""
    try:
        with closing(sqlite3.connect(f"file:{urllib.parse.quote(str(file))}?mode=ro", uri=True)) as database:
            for table, columns in _text_columns(database):
                for row in database.execute(f"SELECT {', '.join(columns)} FROM {table}"):  # noqa: S608
                    for value in row:
                        if what := person.found(_text(value)):
                            return what
    except sqlite3.Error:
        return None
    return None


def clean_database(file: Path, person: Person) -> int:
    """Replace every id and name in the rows, then give the freed pages back overwritten; how many cells changed."""
    changed = 0
    try:
        with closing(sqlite3.connect(file, timeout=60)) as database:
            database.execute("PRAGMA secure_delete = ON")
            database.create_function("without", 1, lambda value: _replaced(value, person), deterministic=True)
            database.create_function("has", 1, lambda value: person.found(_text(value)) is not None)
            for table, columns in _text_columns(database):
                for column in columns:
                    done = database.execute(f"UPDATE {table} SET {column} = without({column}) WHERE has({column})")  # noqa: S608
                    changed += done.rowcount
            database.commit()
            if changed:
                database.execute("VACUUM")
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise InputError(f"{file}: {error}; end what uses it (vermilion serve), and run the command again") from error
    return changed


def _replaced(value: Any, person: Person) -> Any:
    if isinstance(value, bytes):
        return person.without(value.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    return person.without(value) if isinstance(value, str) else value


def _text(value: object) -> str:
    found = text(value) if isinstance(value, bytes) else value
    return found if isinstance(found, str) else ""


def _text_columns(database: sqlite3.Connection) -> Iterator[tuple[str, list[str]]]:
    """Every table with its columns, quoted; shadow tables of full-text indices and views left out."""
    names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'")
    for (name,) in names.fetchall():
        if name.startswith("sqlite_"):
            continue
        quoted = '"' + name.replace('"', '""') + '"'
        columns = ['"' + row[1].replace('"', '""') + '"' for row in database.execute(f"PRAGMA table_info({quoted})")]
        yield quoted, columns


def clean_text(file: Path, person: Person) -> None:
    """Replace every id and name in a file of text."""
    text = file.read_bytes().decode("utf-8", "surrogateescape")
    mode = file.stat().st_mode & 0o777
    with replacing(file) as temporary:
        temporary.write_bytes(person.without(text).encode("utf-8", "surrogateescape"))
        temporary.chmod(mode)


def files_below(places: Iterable[Path], skip: Iterable[str]) -> Iterator[Path]:
    """Every file below the places, each once; folders of these names, and links, are not entered."""
    left, seen = frozenset(skip), set[str]()
    for place in places:
        for folder, inner, names in os.walk(place):
            inner[:] = sorted(name for name in inner if name not in left and not Path(folder, name).is_symlink())
            for name in sorted(names):
                file = Path(folder, name)
                if file.is_file() and str(file) not in seen:
                    seen.add(str(file))
                    yield file
