"""What of a person lies in a file: the photograph's bytes, its digest, a name; and what could not be looked into.

In: who is looked for (flows.stewards.traces.person) and files. Out: what was found in each. Every file but a Parquet
table is read piece by piece for digests and long names. Besides, a table is looked into column by column, a database
row by row, a text and a picture's metadata word by word, an archive part by part. What can hide a name from all of that
is told. Does not know where to look (flows.stewards.withdrawal.file_actions does), nor what a file is for.
"""

import hashlib
import json
import os
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import IO, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from flows.stewards.traces.archives import DEEPEST, NotOpened, Room, of_pdf, parts
from flows.stewards.traces.file_kinds import CLOSED, HEAD, kind, kind_of
from flows.stewards.traces.in_databases import beside_a_database, in_database
from flows.stewards.traces.person import Person
from flows.stewards.traces.words_in_files import encoding, metadata, words
from tasks.base.digests import file_digest
from tasks.base.tables import PROVENANCE, replacing

PIECE = 2**24
"""Bytes of a file that are looked into at a time."""

OVERLAP = 4096
"""Bytes of the piece before that are looked into again: a name may lie across the border."""

UNLOOKED = "names of fewer than six letters cannot be told from chance in it"


class Look(NamedTuple):
    """What a file has of the person, None for nothing; and why it, or a part of it, could not be looked into.

    `what`: `bytes` (it is a photograph of theirs), `packed` (one lies in it), `digest`, or `name`.
    """

    what: str | None = None
    unread: str | None = None


def same_bytes(file: Path, person: Person) -> bool:
    """Whether the file is one of the photographs."""
    return file.stat().st_size in person.sizes and file_digest(file) in person.images


def traces(file: Path, person: Person) -> str | None:
    """`bytes`, `packed`, `digest` or `name`: what was found in the file; None for nothing."""
    return look(file, person).what


def look(file: Path, person: Person) -> Look:
    """What the file has of the person, and what of it could not be looked into."""
    try:
        if same_bytes(file, person):
            return Look("bytes")
        if kind_of(file) == "database":
            return Look(in_database(file, person))
        size = file.stat().st_size
        with file.open("rb") as opened:
            return _in_open(opened, size, person, Room.of(size), 0)
    except FileNotFoundError:
        return Look()  # gone since it was listed
    except OSError as error:
        return Look(None, f"a file that cannot be read ({error.strerror})")
    except sqlite3.Error as error:
        return Look(None, f"a database that cannot be read ({error})")


def in_content(content: bytes, person: Person) -> str | None:
    """`packed`, `digest` or `name` in the bytes of a file."""
    return _in_open(BytesIO(content), len(content), person, Room.of(len(content)), 0).what


def _in_open(opened: IO[bytes], size: int, person: Person, room: Room, depth: int) -> Look:
    """An open file; `depth`: in how many archives it lies."""
    head = opened.read(HEAD)
    what = kind(head, size)
    if what == "table":
        try:
            return Look(in_table_or_fail(opened, person))
        except (OSError, pa.ArrowException):
            what = "closed"
    opened.seek(0)
    found, binary = _in_pieces(opened, person, told=what in ("page", "other"))
    if found:
        return Look(found)
    opened.seek(0)
    if what == "picture":
        return _in_picture(opened, person)
    if what == "archive":
        return _in_archive(opened, head, person, room, depth)
    if what == "closed":
        return _in_closed(opened, head, person)
    if what == "weights" and head[8:9] == b"{":
        return Look(person.found(opened.read(8 + int.from_bytes(head[:8], "little"))[8:].decode("utf-8", "ignore")))
    return Look(None, UNLOOKED if person.short and (binary or what == "database") else None)


def _in_pieces(opened: IO[bytes], person: Person, *, told: bool) -> tuple[str | None, bool]:
    """What the bytes have, read piece by piece, as text too if `told`; and whether a piece was no text."""
    tail, binary = b"", False
    while piece := opened.read(PIECE):
        content = tail + piece
        if what := person.found_in_bytes(content):
            return what, binary
        said = words(content) if told else None
        if said is not None and (what := person.found(said)):
            return what, binary
        binary |= told and said is None
        tail = content[-OVERLAP - len(content) % 2 :]  # an even number of bytes stays one character of UTF-16 whole
    return None, binary


def _in_picture(opened: IO[bytes], person: Person) -> Look:
    try:
        return Look(next((what for said in metadata(opened) if (what := person.found(said))), None))
    except ValueError:
        return Look(None, UNLOOKED if person.short else None)


def _in_archive(opened: IO[bytes], head: bytes, person: Person, room: Room, depth: int) -> Look:
    if depth >= DEEPEST:
        return Look(None, f"archives in archives, more than {DEEPEST} deep")
    unread = None
    try:
        for name, content in parts(opened, head, room):
            if len(content) in person.sizes and hashlib.sha256(content).hexdigest() in person.images:
                return Look("packed")
            inside = _in_open(BytesIO(content), len(content), person, room, depth + 1)
            if what := inside.what or person.found(name):
                return Look(what)
            unread = unread or inside.unread
    except NotOpened as reason:
        unread = f"an archive: {reason}"
    return Look(None, unread)


def _in_closed(opened: IO[bytes], head: bytes, person: Person) -> Look:
    """What the bytes do not show. Of a PDF, what its packed parts say, if they say it plainly."""
    why = next((said for begin, said in CLOSED.items() if head.startswith(begin)), "a damaged table")
    if head.startswith(b"%PDF"):
        for content in of_pdf(opened.read()):
            joined = re.sub(rb"\)\s*-?[\d.]*\s*\(", b"", content).decode("latin-1")
            if what := person.found(joined):
                return Look(what)
    return Look(None, why)


def made_by(file: Path) -> str | None:
    """The stage that made a table, as it says itself."""
    try:
        said = (pq.read_schema(file).metadata or {}).get(PROVENANCE)
        return str(json.loads(said)["stage"]) if said else None
    except (OSError, pa.ArrowException, ValueError, LookupError, TypeError):
        return None


def in_table(file: Path, person: Person) -> str | None:
    """`digest` or `name` where a text column has one. A damaged table is nobody's."""
    try:
        return in_table_or_fail(file, person)
    except (OSError, pa.ArrowException):
        return None


def in_table_or_fail(source: Path | IO[bytes], person: Person) -> str | None:
    """The same; OSError or ArrowException where the table is damaged."""
    opened = pq.ParquetFile(source)
    schema, found = opened.schema_arrow, None
    leaves = [(field.name, index) for index, field in enumerate(schema) if _has_text(field.type)]
    table = opened.read(columns=[schema.names[index] for _, index in leaves])
    for name, column in zip(table.column_names, table.columns, strict=True):
        for values in _texts_of(column):
            if pc.any(pc.match_substring_regex(values, person.ids.pattern, ignore_case=True)).as_py():
                return "digest"
            cells = pa.array(sorted(person.cells(name)), pa.string())
            if pc.any(pc.is_in(values, value_set=cells)).as_py():
                found = "name"
    return found


def _has_text(type_: pa.DataType) -> bool:
    if pa.types.is_dictionary(type_):
        return _has_text(type_.value_type)
    if pa.types.is_nested(type_):
        return any(_has_text(type_.field(at).type) for at in range(type_.num_fields))
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_) or type_ == pa.string_view())


def _texts_of(column: pa.ChunkedArray) -> Iterator[pa.ChunkedArray]:
    """The texts in a column, also in its lists and structures."""
    type_ = column.type
    if pa.types.is_dictionary(type_):
        yield from _texts_of(column.cast(type_.value_type))
    elif pa.types.is_struct(type_):
        for field in range(type_.num_fields):
            yield from _texts_of(pc.struct_field(column, field))
    elif pa.types.is_map(type_):
        chunks = column.chunks
        for part, of in (("keys", type_.key_type), ("items", type_.item_type)):
            yield from _texts_of(pa.chunked_array([getattr(chunk, part) for chunk in chunks], of))
    elif pa.types.is_nested(type_):
        yield from _texts_of(pc.list_flatten(column))
    elif _has_text(type_):
        yield column.cast(pa.string())


def clean_text(file: Path, person: Person) -> None:
    """Replace every id and name in a file of text, in the encoding that it has; bytes that are no text stay."""
    content = file.read_bytes()
    how = encoding(content) or ""
    if how.startswith("utf-16"):
        whole = len(content) // 2 * 2
        passes = [(how, "surrogatepass")]
        content, tail = content[:whole], content[whole:]
    else:  # a name with an accent may be written in either way
        passes, tail = [("utf-8", "surrogateescape"), *([("latin-1", "strict")] if how != "utf-8" else [])], b""
    for encoded, errors in passes:
        content = person.without(content.decode(encoded, errors)).encode(encoded, errors)
    mode = file.stat().st_mode & 0o777
    with replacing(file) as temporary:
        temporary.write_bytes(content + tail)
        temporary.chmod(mode)


def files_below(
    places: Iterable[Path], skip: Iterable[str], closed: Callable[[OSError], None] | None = None
) -> Iterator[Path]:
    """Every file below the places, each once; folders of these names, and links, are not entered.

    What SQLite keeps beside a database belongs to it and is no file of its own. `closed`: is told of each folder that
    cannot be listed.
    """
    left, seen = frozenset(skip), set[str]()
    for place in places:
        for folder, inner, names in os.walk(place, onerror=closed):
            inner[:] = sorted(name for name in inner if name not in left and not Path(folder, name).is_symlink())
            for name in sorted(names):
                file = Path(folder, name)
                if file.is_file() and str(file) not in seen and not beside_a_database(file):
                    seen.add(str(file))
                    yield file
