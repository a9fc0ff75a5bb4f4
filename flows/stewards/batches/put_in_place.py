"""A checked batch put into the project: the whole of it or nothing, whatever is killed at whatever moment.

In: the batch's files and digests. Out: its folder in data/added/batches, tracked by DVC, committed to git. One steward
at a time; nobody sees half a batch, since one rename puts it in place; what a killed add left is settled by the next.
Does not know what a batch means: flows.stewards.batches.additions has checked it.
"""

import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, ValidationError

from flows.repository.commits import commit_only, remove_stale_locks
from flows.running.privacy import forbidden
from flows.stewards.batches.dvc_tracking import Tell, track, writing
from tasks import params
from tasks.base.tables import replacing
from tasks.errors import InputError
from tasks.ingest.tables.raw_layout import BATCHES
from tasks.params.running import Data

INCOMING = Path("data/.incoming")
"""Where batches are put together and stewards take turns. Not seen by git, DVC and the stages."""

WITHDRAWAL = Path("data/.withdrawal.json")
"""Whose withdrawal is under way; it names the person, so it goes at the end."""

JOURNAL = "journal.json"
"""Inside it: what an add is about to do."""


class Journal(BaseModel):
    """What an add or undo is about to do, written before it does it, so that whoever comes next can finish it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    batch: str
    message: str
    commit: bool
    undo: bool = False


@contextmanager
def steward(root: Path, tell: Tell, *, withdrawing: bool = False) -> Iterator[None]:
    """One steward at a time, after what an interrupted one left is finished. A second steward waits.

    The kernel frees the lock of one that was killed. InputError: a withdrawal was cut off, which comes first.
    """
    (root / INCOMING).mkdir(parents=True, exist_ok=True)
    lock = FileLock(root / INCOMING / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        tell("another steward is adding; waiting")
        lock.acquire()
    try:
        if (root / WITHDRAWAL).exists() and not withdrawing:  # asked in the lock: it may have begun while this waited
            raise InputError("a withdrawal was begun and not finished; run `vermilion withdraw` (without a name) first")
        _settle(root.resolve(), added_folder(root.resolve()), tell)
        yield
    finally:
        lock.release()


def added_folder(root: Path) -> Path:
    """Where the project's batches lie."""
    return root / params.load(Data, "data", root / "params.yaml").added


def settled(root: Path, tell: Tell) -> None:
    """Finish what an interrupted add left, if one did. Waits for an add that is at work."""
    if (root / INCOMING / JOURNAL).exists():
        with steward(root, tell):
            pass


def _settle(root: Path, added: Path, tell: Tell) -> None:
    """Finish or forget what an interrupted add left."""
    journal = root / INCOMING / JOURNAL
    for left in (root / INCOMING).iterdir():
        if left.is_dir():
            shutil.rmtree(left)
        elif left.name not in ("lock", journal.name):
            left.unlink()
    try:
        begun = Journal.model_validate_json(journal.read_bytes())
    except FileNotFoundError:
        return
    except ValidationError:
        journal.unlink()
        return
    if (added / BATCHES / begun.batch).is_dir() != begun.undo:
        tell(f"batch {begun.batch} was left half way; finishing it")
        if begun.commit:
            remove_stale_locks(root, tell)
        _finish(root, added, begun, tell)
    journal.unlink()


def place(
    root: Path,
    added: Path,
    *,
    batch: str,
    sources: Mapping[str, Path],
    contents: Mapping[str, str],
    texts: Mapping[str, bytes],
    message: str,
    commit: bool,
    tell: Tell,
) -> None:
    """Bring the files `sources` in as folder `batch`; `texts` stand in for some. Call with the steward's lock held.

    InputError when a file is no longer what was checked (`contents`, sha256 by name). OSError (a full disk) names
    the file. Either leaves nothing.
    """
    staging = root / INCOMING / uuid.uuid4().hex
    journal = Journal(batch=batch, message=message, commit=commit)
    try:
        staging.mkdir(mode=0o777 & ~forbidden(root))  # so is the batch's folder, whatever the umask
        for name, source in sources.items():
            _copy(source, staging / name, contents[name])
        for name, text in texts.items():
            (staging / name).write_bytes(text)
        _flush(staging)
        with replacing(root / INCOMING / JOURNAL) as temporary:
            temporary.write_text(journal.model_dump_json(), encoding="utf-8")
        (added / BATCHES).mkdir(parents=True, exist_ok=True)
        with writing(root, added, tell):
            staging.rename(added / BATCHES / batch)
            _flush_folder(added / BATCHES)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    _finish(root, added, journal, tell)
    (root / INCOMING / JOURNAL).unlink()


def take_away(root: Path, added: Path, *, batch: str, message: str, commit: bool, tell: Tell) -> None:
    """Take a batch out again, by one rename. Call with the steward's lock held. DVC and git keep the version."""
    journal = Journal(batch=batch, message=message, commit=commit, undo=True)
    removed = root / INCOMING / uuid.uuid4().hex
    with replacing(root / INCOMING / JOURNAL) as temporary:
        temporary.write_text(journal.model_dump_json(), encoding="utf-8")
    with writing(root, added, tell):
        (added / BATCHES / batch).rename(removed)
        _flush_folder(added / BATCHES)
    shutil.rmtree(removed)
    _finish(root, added, journal, tell)
    (root / INCOMING / JOURNAL).unlink()


def _finish(root: Path, added: Path, journal: Journal, tell: Tell) -> None:
    """What is left to do once the batch is in place, or gone: DVC's record of it, and the commit."""
    try:
        track(root, added, tell)
        if journal.commit:
            commit_only(root, [added / f"{BATCHES}.dvc", added / ".gitignore"], journal.message)
    except InputError as error:
        now = "gone" if journal.undo else "in place"
        raise InputError(
            f"{error}\nbatch {journal.batch} is {now}, but not recorded; put that right, and the next "
            "`vermilion ratings add` or nightly run goes on from here"
        ) from error


def _copy(source: Path, target: Path, digest: str) -> None:
    """Copy the bytes, checked and flushed. Who may read them says the umask (flows.running.privacy)."""
    target.parent.mkdir(parents=True, exist_ok=True)
    hasher = hashlib.sha256()
    try:
        with source.open("rb") as read, target.open("xb") as write:
            while chunk := read.read(2**20):
                hasher.update(chunk)
                write.write(chunk)
            write.flush()
            os.fsync(write.fileno())
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror}, while copying into the project", str(source)) from error
    if hasher.hexdigest() != digest:
        raise InputError(f"{source}: changed while it was being added; nothing was added, try again")


def _flush(folder: Path) -> None:
    """Files' names onto the disk, innermost folder first."""
    for inner in sorted(folder.rglob("*"), reverse=True):
        if inner.is_dir():
            _flush_folder(inner)
    _flush_folder(folder)


def _flush_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
