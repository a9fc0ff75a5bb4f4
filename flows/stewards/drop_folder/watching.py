"""A drop folder: what people put into it comes in by itself once it is whole.

In: a folder. A subfolder is a batch, and so is a table (CSV, .xlsx) lying in it, with the pictures that it names. Out:
accepted batches in its subfolder `added`; beside rejected ones a CSV file of reasons, and no second try until something
of them changes, the reasons are deleted, or `new.txt` says who is new. Looks again and again instead of waiting for
notices, so that network shares work. Says batches' ids and counts, never the name of a person or a photograph.
"""

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import NoReturn

from flows.stewards.batches.additions import Outcome, add
from flows.stewards.batches.dvc_tracking import Tell
from flows.stewards.batches.put_in_place import added_folder
from flows.stewards.batches.reevaluation import evaluated
from flows.stewards.batches.rejections import REASONS, reasons_beside, share
from flows.stewards.drop_folder.moving_to_added import ACCEPTED, free_name, remember, remembered, set_aside
from flows.stewards.drop_folder.without_links import copied
from flows.stewards.outside_folders.watched_folders import note_watched, only_watcher
from tasks import params
from tasks.base.digests import digest
from tasks.base.words import counted
from tasks.errors import InputError
from tasks.ingest.raw_folders.batch import Problem, named_files
from tasks.ingest.tables.delimited import read_names
from tasks.ingest.tables.file_names import is_leftover, looks_like_table
from tasks.ingest.tables.raw_layout import BATCHES
from tasks.ingest.tables.sheets import RawLayoutError
from tasks.params.ingest import IngestImages

NEW = ("new.txt", "new.txt.txt")
"""In the folder: names of raters and subjects that are new though they look like others, one per line."""

EVERY_SECONDS = 2.0
AGAIN_SECONDS = 60.0
"""When to try again what could not be added for a reason that is not its own (a merge half way, a full disk)."""


@dataclass(frozen=True)
class Dropped:
    """A batch in the folder: what is added, and the files that belong to it."""

    path: Path
    files: tuple[Path, ...]

    @property
    def is_ratings(self) -> bool:
        """A table none of whose pictures lie here: ratings, whose photographs came or come in another batch."""
        return self.files == (self.path,)


@dataclass
class Watch:
    """What a watcher knows: since when each batch has been as it is, and which were tried as they are.

    `unlisted`: those whose reasons could not be written.
    """

    folder: Path
    root: Path
    settle: float
    tell: Tell
    since: dict[str, tuple[str, float]] = field(default_factory=dict)
    tried: dict[str, str] = field(default_factory=dict)
    moving: dict[str, str] = field(default_factory=dict)
    unlisted: set[str] = field(default_factory=set)
    rejected: int = 0
    repeated: set[str] = field(default_factory=set)

    def tell_once(self, line: str) -> None:
        """Tell what every look would find again."""
        if line not in self.repeated:
            self.repeated.add(line)
            self.tell(line)

    def new(self) -> tuple[list[str], list[Problem]]:
        """Who is new, by what lies in the folder now; and why a list of them cannot be read."""
        names: set[str] = set()
        problems: list[Problem] = []
        for file in sorted(path for path in self.folder.iterdir() if path.name.casefold() in NEW):
            try:
                names.update(read_names(file))
            except RawLayoutError as error:
                problems.append(_unread(file, str(error).removeprefix(f"{file}: ")))
            except OSError as error:
                problems.append(_unread(file, f"cannot be read: {error.strerror}"))
        return sorted(names), problems


def _unread(file: Path, reason: str) -> Problem:
    return {"source": file.name, "line": 1, "path": "", "reason": reason}


def watch(folder: Path, root: Path, *, settle: float, once: bool, tell: Tell) -> int:
    """Bring in what is dropped into `folder`, for ever; `once`: what lies there and is whole. How many were rejected.

    `settle`: seconds for which nothing of a batch may have changed. InputError: no such folder, or another process
    watches it.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    state = Watch(folder.resolve(), root, settle, lambda line: tell(f"{datetime.now():%H:%M:%S} {line}"))
    with only_watcher(root, state.folder):
        state.tried, state.moving = remembered(state.folder, state.tell)
        note_watched(root, state.folder)
        look(state)
        if not once:
            _go_on(state)
        time.sleep(settle)
        look(state)
        return state.rejected


def _go_on(state: Watch) -> NoReturn:
    """Look again and again."""
    trouble = ""
    while True:
        time.sleep(min(max(state.settle, 0.1), EVERY_SECONDS))
        try:
            look(state)
            trouble = ""
        except OSError as error:  # a network share that is away for a while
            if trouble != (trouble := str(error.strerror)):
                state.tell(f"the folder cannot be used now: {trouble}; trying again")


def look(state: Watch) -> None:
    """One look at the folder: whatever has settled and was not tried as it is now is tried."""
    _finish_moves(state)
    waiting = False
    for dropped in sorted(_dropped(state), key=lambda item: (item.is_ratings, item.path.name)):
        name, mark, now = dropped.path.name, _mark(state, dropped), time.monotonic()
        if name in state.moving:
            continue
        if state.tried.get(name) == mark and (name in state.unlisted or _reasons(dropped).exists()):
            continue
        before, since = state.since.get(name, ("", now))
        if before != mark:
            state.since[name] = (mark, since := now)
        if now - since < state.settle or (dropped.is_ratings and waiting):
            waiting = waiting or not dropped.is_ratings
            continue
        _try(state, dropped, mark)


def _try(state: Watch, dropped: Dropped, mark: str) -> None:
    """Add the batch; move it away, or remember that it was rejected as it is."""
    name = dropped.path.name
    try:
        outcome = _add(state, dropped)
    except (InputError, OSError) as error:
        state.since[name] = (mark, time.monotonic() + AGAIN_SECONDS)
        state.tell(f"nothing can be added now: {_without_names(str(error), dropped)}")
        return
    if outcome.state == "rejected":
        _reject(state, dropped, mark, outcome.problems)
        return
    state.tell(_said(outcome, state.root))
    _move(state, dropped, outcome.batch)
    if os.path.lexists(dropped.path):  # it could not be moved: later
        state.since[name] = (mark, time.monotonic() + AGAIN_SECONDS)


def _add(state: Watch, dropped: Dropped) -> Outcome:
    """Add a copy of the batch that nobody else can change: what is checked is what comes in."""
    new, wrong = state.new()
    inside = dropped.path.relative_to(state.folder)
    names = [PurePosixPath(file.relative_to(state.folder)) for file in dropped.files]
    with copied(state.root, state.folder, names) as place:
        if dropped.path.is_dir():
            (place / inside).mkdir(exist_ok=True)
        return add(
            place / inside,
            state.root,
            dry_run=False,
            commit=True,
            tell=lambda _: None,
            new=new,
            besides=wrong,
            reasons=_reasons(dropped),
        )


def _reject(state: Watch, dropped: Dropped, mark: str, problems: int) -> None:
    """Remember that the batch was rejected as it is, and whether its reasons could be written."""
    state.rejected += 1
    state.tried[dropped.path.name] = mark
    if _reasons(dropped).exists():
        state.unlisted.discard(dropped.path.name)
        share(_reasons(dropped))
    else:
        state.unlisted.add(dropped.path.name)
    _save(state)
    state.tell(f"rejected a batch: {counted(problems, 'problem')}, listed beside it")


def _reasons(dropped: Dropped) -> Path:
    return reasons_beside(dropped.path)


def _said(outcome: Outcome, root: Path) -> str:
    if outcome.state == "there":
        return f"there already as batch {outcome.batch}"
    follows = "the re-evaluation starts" if outcome.announced else "no server runs; the nightly run re-evaluates"
    if not evaluated(root):
        follows = "nothing was evaluated here yet: the first run, `vermilion rebuild` or the nightly one, counts it"
    what = f"{counted(outcome.photographs, 'photograph')}, {counted(outcome.ratings, 'rating')}"
    return f"added {what} as batch {outcome.batch}; {follows}"


def _without_names(message: str, dropped: Dropped) -> str:
    """The message without the batch's files, here or in the copy."""
    folder = dropped.path.parent
    for file in sorted((*dropped.files, dropped.path), key=lambda file: -len(str(file))):
        message = re.sub(rf"[^\s:]*{re.escape(f'/{file.relative_to(folder).as_posix()}')}", "a file", message)
    return message


def _dropped(state: Watch) -> Iterator[Dropped]:
    """Batches that lie in the folder. Links are not followed: they might lead to files that are not for sharing."""
    kinds = params.load(IngestImages, "ingest_images", state.root / "params.yaml")
    inside = [path for path in sorted(state.folder.iterdir()) if not path.is_symlink() and path.name[0] != "~"]
    here = [path for path in inside if not is_leftover(PurePosixPath(path.name))]
    claimed: set[Path] = set()
    for path in here:
        if looks_like_table(path.name) and not path.name.endswith(REASONS) and path.is_file():
            named = named_files(path, settings=kinds)
            claimed.update(named)
            yield Dropped(path, tuple(sorted({path, *named})))
    for path in here:
        if path.is_dir() and path.name != ACCEPTED and path.name.casefold() not in NEW:
            files = tuple(sorted(file for file in path.rglob("*") if file.is_file()))
            if not claimed.intersection(files):
                yield Dropped(path, files)


def _mark(state: Watch, dropped: Dropped) -> str:
    """Another one whenever a file of the batch changes, or who is new; for ratings, whenever a batch came in, too."""
    sizes = {}
    for file in dropped.files:
        try:
            found = file.stat()
            sizes[str(file.relative_to(state.folder))] = (found.st_size, found.st_mtime_ns)
        except OSError:
            sizes[str(file.relative_to(state.folder))] = (0, 0)  # gone since it was listed
    inside = added_folder(state.root) / BATCHES
    there = sorted(path.name for path in inside.iterdir()) if dropped.is_ratings and inside.is_dir() else []
    return digest([sizes, there, *state.new()])


def _move(state: Watch, dropped: Dropped, batch: str) -> None:
    """Take the batch out of sight, into `added`; a kill between two files is made good by the next look."""
    stem = dropped.path.stem if dropped.path.suffix else dropped.path.name
    target = PurePosixPath(ACCEPTED, free_name(state.folder, stem, batch))
    whole = [dropped.path] if dropped.path.is_dir() else dropped.files
    for path in whole:
        name = path.relative_to(state.folder).as_posix()
        state.moving[name] = str(target if path.is_dir() else target / name)
    for known in (state.since, state.tried):
        known.pop(dropped.path.name, None)
    _save(state)
    _finish_moves(state)


def _finish_moves(state: Watch) -> None:
    if not state.moving:
        return
    before, state.moving = state.moving, set_aside(state.folder, state.moving, state.tell_once)
    if state.moving != before:
        _save(state)


def _save(state: Watch) -> None:
    here = {path.name for path in state.folder.iterdir()}
    state.tried = {name: mark for name, mark in state.tried.items() if name in here}
    try:
        remember(state.folder, state.tried, state.moving)
    except OSError as error:
        state.tell_once(f"a restart will not know what was rejected: {error}")
