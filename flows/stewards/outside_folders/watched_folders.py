"""Who watches which drop folder of a project: one process a folder, and its own place for copies of what lies there.

In: the project's folder and a drop folder. Out: the turn to watch it, and the folders that were ever watched. Does not
look into any of them.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from tasks.base.tables import replacing
from tasks.errors import InputError

WATCHED = Path("data/.watched.json")
"""Inside the project: which folders were watched."""

PLACES = Path(".dvc/tmp/dropped")
"""Inside the project: a place for each folder that was watched, for copies of a batch while it is tried."""

WHO = "watcher"
"""In such a place: the number of the process that watches."""


def watched(root: Path) -> list[Path]:
    """The drop folders that were ever watched for this project, so that a withdrawal finds what lies in them."""
    try:
        return [Path(name) for name in json.loads((root / WATCHED).read_bytes())]
    except (OSError, ValueError, TypeError):
        return []


def note_watched(root: Path, folder: Path) -> None:
    """Remember that this folder is watched."""
    names = sorted({*map(str, watched(root)), str(folder)})
    with replacing(root / WATCHED) as temporary:
        temporary.write_text(json.dumps(names), encoding="utf-8")


def place_of(root: Path, folder: Path) -> Path:
    """Where copies of what lies in the folder are made."""
    place = root / PLACES / sha256(os.fsencode(folder)).hexdigest()[:16]
    place.mkdir(parents=True, exist_ok=True)
    return place


@contextmanager
def only_watcher(root: Path, folder: Path) -> Iterator[None]:
    """The one process that watches the folder for this project. InputError where there is another.

    Copies that watchers left when they were killed go: of this folder, and of others that nobody watches now.
    """
    own = place_of(root, folder)
    with _held(own) as held:
        if not held:
            other = (own / WHO).read_text() if (own / WHO).exists() else "it has just begun"
            raise InputError(f"{folder}: another `vermilion watch` runs for this folder ({other}); end that one first")
        for place in (root / PLACES).iterdir():
            with _held(place) as free:
                if place == own or free:
                    _empty(place)
        (own / WHO).write_text(f"process {os.getpid()}")
        try:
            yield
        finally:
            (own / WHO).unlink(missing_ok=True)


@contextmanager
def _held(place: Path) -> Iterator[bool]:
    """Whether this process has the place for itself, until the end. The kernel frees it when the process dies."""
    opened = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        held = True
    except BlockingIOError:
        held = False
    try:
        yield held
    finally:
        os.close(opened)


def _empty(place: Path) -> None:
    """Remove what lies there, but not the place: somebody may be about to hold it."""
    for left in place.iterdir():
        shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)
