"""Data that are not there: an out that says so, and why.

In: an out's path, a reason. Out: a folder, table or JSON file that is empty and says what is missing and what to add.
Nothing old stays in it. Knows no stage.
"""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.base import tables

MARKER = "absent.json"
"""In a folder without its data."""


class Absent(Exception):
    """A stage has not the data that it needs. Nothing is wrong: the reason says what is missing and what to add."""


def mark(out: Path, reason: str) -> None:
    """Make the out say that it is absent. What was in it is removed; OSError where that cannot be."""
    if out.suffix == ".parquet":
        empty = pa.table({}).replace_schema_metadata({tables.ABSENT: reason.encode()})
        with tables.replacing(out) as temporary:
            pq.write_table(empty, temporary)
        return
    file = out if out.suffix == ".json" else out / MARKER
    with tables.replacing(file) as temporary:
        temporary.write_text(json.dumps({"reason": reason}) + "\n", encoding="utf-8")
    for old in out.iterdir() if out.is_dir() else ():
        if old.is_dir() and not old.is_symlink():
            shutil.rmtree(old)
        elif old != file:
            old.unlink()


def clear(out: Path) -> None:
    """Take away the mark of an earlier run, if there is one."""
    if out.is_dir():
        (out / MARKER).unlink(missing_ok=True)


def reason_of(path: Path) -> str | None:
    """Why the out at `path` is absent; None where it is present, or not there at all."""
    if path.suffix == ".parquet":
        return tables.absence_of(path)
    file = path / MARKER if path.is_dir() else path
    if file.suffix != ".json" or not file.exists():
        return None
    found = json.loads(file.read_text(encoding="utf-8"))
    return str(found["reason"]) if set(found) == {"reason"} else None


def require(*paths: Path) -> None:
    """Absent, with its reason, where one of the paths is absent."""
    for path in paths:
        if reason := reason_of(path):
            raise Absent(reason)


def require_any(paths: Iterable[Path]) -> None:
    """Absent, with the first reason, where all of the paths are absent."""
    reasons = [reason_of(path) for path in paths]
    if reasons and all(reasons):
        raise Absent(str(reasons[0]))
