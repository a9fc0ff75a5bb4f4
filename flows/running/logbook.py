"""The logbook: what ran in this project, when, and how it ended, whether a server watched or not.

In: runs and stages as they begin and end. Out: lines of JSON in `.prefect/runs.jsonl`, read again as one entry each.
The second line of an entry has all that the first has: where the older half went, an entry that ends is still whole.
What has begun and neither ended nor lives was killed. Writers wait for each other, so that no line is lost. A logbook
that cannot be written stops nothing. Knows no stage.
"""

import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Literal

import psutil
from filelock import FileLock

from tasks.base.words import counted
from tasks.errors import InputError

FILE = Path(".prefect/runs.jsonl")
LARGEST = 1 << 19
"""Bytes after which the older half goes."""

ENDED = {"killed": "its process was killed, or the machine went off", "stopped": "stopped by hand"}
"""What is said of an end that said nothing itself."""

State = Literal["running", "done", "failed", "stopped", "killed"]


@dataclass(frozen=True)
class Entry:
    """A run (`vermilion rebuild`, a night, a re-evaluation) or a stage. `said`: its last word, or why it failed."""

    kind: Literal["run", "stage"]
    name: str
    began: datetime
    ended: datetime | None
    state: State
    said: str

    @property
    def well(self) -> bool:
        """Whether nothing went wrong so far."""
        return self.state in ("running", "done")


class Note:
    """What an entry will say at its end, if nothing goes wrong."""

    said = ""


@contextmanager
def noted(root: Path, kind: Literal["run", "stage"], name: str) -> Iterator[Note]:
    """An entry of what is done within; an error is in it, and goes on."""
    note, own = Note(), uuid.uuid4().hex
    began = {"kind": kind, "name": name, "began": _now(), "pid": os.getpid(), "born": _born(os.getpid())}
    _append(root, {"id": own, **began})
    state, said = "done", ""
    try:
        yield note
    except (KeyboardInterrupt, GeneratorExit):
        state = "stopped"
        raise
    except BaseException as error:
        state, said = "failed", str(error) if isinstance(error, InputError | OSError) else _named(error)
        raise
    finally:
        _append(root, {"id": own, **began, "ended": _now(), "state": state, "said": said or note.said})


def stop(root: Path, name: str) -> None:
    """Say that a stage which has begun and not ended was stopped by hand, since its process ends without a word."""
    rows = [row for row in _rows(root) if row.get("kind") == "stage" and row.get("name") == name]
    if rows and "ended" not in rows[-1]:
        _append(root, {**rows[-1], "ended": _now(), "state": "stopped", "said": ""})


def entries(root: Path) -> list[Entry]:
    """Everything in the logbook, in the order of beginning."""
    made = []
    for row in _rows(root):
        with suppress(ValueError, KeyError, TypeError):
            made.append(_entry(row))
    return sorted(made, key=lambda entry: entry.began)


def _rows(root: Path) -> list[dict[str, Any]]:
    """What is said of each entry, in the order in which they stand."""
    found: dict[str, dict[str, Any]] = {}
    try:
        lines = (root / FILE).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    for line in lines:
        with suppress(ValueError, KeyError, TypeError):  # cut off, or touched by somebody
            row = json.loads(line)
            found.setdefault(row["id"], {}).update(row)
    return list(found.values())


def units(root: Path) -> list[Entry]:
    """The runs, and each `dvc repro` by hand as if it were one: stages that followed each other outside of any run."""
    every = entries(root)
    runs = [entry for entry in every if entry.kind == "run"]
    groups: list[list[Entry]] = []
    for stage in (entry for entry in every if entry.kind == "stage"):
        if any(run.began <= stage.began and (run.ended is None or stage.began < run.ended) for run in runs):
            continue
        last = groups[-1][-1].ended if groups else None
        if last is not None and stage.began - last < timedelta(minutes=1):
            groups[-1].append(stage)
        else:
            groups.append([stage])
    return sorted([*runs, *map(_together, groups)], key=lambda entry: entry.began)


def _together(stages: list[Entry]) -> Entry:
    """Stages as one entry, in the words of the one that failed."""
    failed = next((stage for stage in stages if not stage.well), None)
    last = failed or stages[-1]
    said = f"{last.name}: {last.said}" if failed else f"{counted(len(stages), 'stage')} ran"
    return replace(last, kind="run", name="dvc repro", began=stages[0].began, ended=stages[-1].ended, said=said)


def _entry(row: dict[str, Any]) -> Entry:
    ended = datetime.fromisoformat(row["ended"]) if "ended" in row else None
    state: State = row["state"] if ended else "running" if _born(row["pid"]) == row["born"] else "killed"
    said = row.get("said") or ENDED.get(state, "")
    return Entry(row["kind"], row["name"], datetime.fromisoformat(row["began"]), ended, state, said)


def _append(root: Path, row: dict[str, Any]) -> None:
    file = root / FILE
    with suppress(OSError):
        file.parent.mkdir(mode=0o700, exist_ok=True)
        with FileLock(file.with_suffix(".lock")):
            if file.exists() and file.stat().st_size > LARGEST:
                lines = file.read_bytes().splitlines(keepends=True)
                temporary = file.with_suffix(f".{os.getpid()}")
                temporary.write_bytes(b"".join(lines[len(lines) // 2 :]))
                temporary.replace(file)
            with file.open("a+b") as book:
                if book.tell() and _last_byte(book) != b"\n":  # a full disk cut the line before
                    book.write(b"\n")
                book.write(json.dumps(row).encode() + b"\n")


def _last_byte(book: BinaryIO) -> bytes:
    book.seek(-1, os.SEEK_END)
    return book.read(1)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _born(pid: int) -> float | None:
    """When the process of this number began, which tells it from a later one with the same number."""
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return None


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
