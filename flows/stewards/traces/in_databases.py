"""A person's names and digests in SQLite's files: found row by row, and replaced so that no page keeps them.

In: a database, with what SQLite keeps beside it (-wal, -shm, -journal), and who is looked for. Out: what was found; or
the database without it. A server may have it open: nothing beside it is touched but by SQLite itself. Knows no table.
"""

import sqlite3
import urllib.parse
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from flows.stewards.traces.file_kinds import kind_of
from flows.stewards.traces.person import Person
from flows.stewards.traces.words_in_files import text
from tasks.errors import InputError

BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database: part of it, and no file of its own."""

PATIENCE = 60.0
"""Seconds to wait for others who write."""

BYTES = 2**24
"""Of the file itself, looked into at a time."""


def beside_a_database(file: Path) -> bool:
    """Whether the file belongs to a database that is there."""
    for ending in BESIDE:
        if file.name.endswith(ending):
            own = file.with_name(file.name.removesuffix(ending))
            return own.is_file() and kind_of(own) == "database"
    return False


def in_database(file: Path, person: Person) -> str | None:
    """`digest` or `name` where a row has one, or what is left of one. sqlite3.Error where it cannot be looked into."""
    with closing(sqlite3.connect(f"file:{urllib.parse.quote(str(file))}?mode=ro", uri=True)) as database:
        for table, columns in _text_columns(database):
            for row in database.execute(f"SELECT {', '.join(columns)} FROM {table}"):  # noqa: S608
                for value in row:
                    if what := person.found(_text(value)):
                        return what
    for part in (file, *(file.with_name(file.name + ending) for ending in BESIDE if ending != "-shm")):
        if part.exists() and (what := _in_pages(part, person)):
            return what
    return None


def _in_pages(file: Path, person: Person) -> str | None:
    """What pages that were freed, or wait to be put in, have of the person."""
    with file.open("rb") as opened:
        tail = b""
        while piece := opened.read(BYTES):
            if what := person.found_in_bytes(tail + piece):
                return what
            tail = piece[-1024:]
    return None


def clean_database(file: Path, person: Person) -> int:
    """Replace every id and name in the rows, then give the freed pages back overwritten; how many cells changed.

    A row that would then be there twice goes. REPLACE would see to that, but calls the functions that are columns'
    defaults, and only the database's own program has those.

    InputError where somebody else keeps pages of the log (-wal) from being put in: the log would still have the names.
    """
    changed = 0
    try:
        with closing(sqlite3.connect(file, timeout=PATIENCE)) as database:
            database.execute("PRAGMA secure_delete = ON")
            database.create_function("without", 1, lambda value: _replaced(value, person), deterministic=True)
            database.create_function("has", 1, lambda value: person.found(_text(value)) is not None)
            for table, columns in _text_columns(database):
                for column in columns:
                    where = f"WHERE has({column})"
                    for how in (f"UPDATE OR IGNORE {table} SET {column} = without({column})", f"DELETE FROM {table}"):
                        changed += database.execute(f"{how} {where}").rowcount
            database.commit()
            database.execute("VACUUM")
            busy, _, _ = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error as error:
        in_use = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
        what = (
            "end what uses it (vermilion serve)" if in_use else "if it is damaged, delete it or bring back a whole one"
        )
        raise InputError(f"{file}: {error}; {what}, and run the command again") from error
    if busy:
        raise InputError(
            f"{file}: cleaned, but its log {file.name}-wal is in use and may still have the names; "
            "end what uses it (vermilion serve), and run the command again"
        )
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
