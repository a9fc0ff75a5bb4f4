"""Where a person whose consent is gone may be outside: folders that batches were added from, sheets that went out.

In: the project's folder, and what a steward brought. Out: a record on this machine alone (under `.dvc/tmp`, which
neither git nor DVC takes anywhere), and for a withdrawal the folders that are there, and the blinded sheets that show
the person. Enters the folders to look for photographs by size and digest; changes nothing there.
"""

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from flows.stewards.outside_folders.watched_folders import watched
from flows.stewards.traces.in_files import files_below, same_bytes
from flows.stewards.traces.person import Person
from tasks.base.tables import replacing
from tasks.base.words import counted

RECORD = Path(".dvc/tmp/brought_from.json")

KEYS = Path("data/sheet_keys")
"""Inside the project: of each blinded sheet whom it shows."""


def note_source(root: Path, brought: Path) -> None:
    """Remember the folder that a batch was added from: the batch's own, or the one that its table lies in."""
    folder = brought if brought.is_dir() else brought.parent
    known = _noted(root)
    if str(folder) in known or folder.resolve().is_relative_to(root.resolve()):
        return
    record = root / RECORD
    with suppress(OSError):  # a full disk: the batch is in, all the same
        record.parent.mkdir(parents=True, exist_ok=True)
        with replacing(record) as temporary:
            temporary.touch(mode=0o600)
            temporary.write_text(json.dumps(sorted({*known, str(folder)})), encoding="utf-8")


def sources(root: Path, also: Sequence[Path]) -> list[Path]:
    """The folders that batches were added from, those that are there; without those entered anyway (drop, `also`)."""
    entered = [*map(_real, watched(root)), *map(_real, also)]
    there = (Path(name) for name in _noted(root) if Path(name).is_dir())
    return [folder for folder in there if not any(_real(folder).is_relative_to(place) for place in entered)]


def said_of_source(folder: Path, person: Person) -> str:
    """What to do about such a folder, and how many of the photographs it still has."""
    closed: list[OSError] = []
    number = 0
    for file in files_below([folder], (), closed.append):
        try:
            number += same_bytes(file, person)
        except OSError as error:
            closed.append(error)
    has = f"it still has {counted(number, 'file')} with a photograph of the person" if number else ""
    unread = "not all of it can be looked into" if closed else ""
    told = ", ".join(filter(None, (has, unread))) or "tables there may still name the person"
    return f"{folder}, from which a batch was added: {told}; delete files and lines there"


def sheets_showing(root: Path, person: Person) -> list[str]:
    """The blinded sheets that show the person, without any name; once their keys lose the person nobody can tell."""
    keys = ((file.stem, file.read_text(encoding="utf-8", errors="replace")) for file in (root / KEYS).glob("*.csv"))
    return sorted(name for name, text in keys if any(image in text for image in person.images))


def _noted(root: Path) -> list[str]:
    try:
        return [str(name) for name in json.loads((root / RECORD).read_bytes())]
    except (OSError, ValueError, TypeError):
        return []


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))
