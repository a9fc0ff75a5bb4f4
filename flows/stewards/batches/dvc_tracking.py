"""What DVC knows of the batches: its lock while one is put in place, its record afterwards, what may be missing.

In: the project's folder and that of its batches. Out: data/added/batches.dvc that says what lies there. Waits for
stages that read the batches. Knows neither what a batch means nor git's commits.
"""

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml

from flows.repository.commits import ignored
from tasks.base.words import counted
from tasks.errors import InputError
from tasks.ingest.tables.raw_layout import BATCHES

Tell = Callable[[str], None]
"""Takes a line for the steward."""

COPIES = 2
"""A photograph comes to lie in data/added and in DVC's cache."""

SPARE = 64 * 2**20
"""Bytes that must be left on the disk."""


@contextmanager
def writing(root: Path, added: Path, tell: Tell) -> Iterator[None]:
    """DVC's own lock for writing on `added`: no stage reads it meanwhile. Waits for those that do."""
    from dvc.rwlock import rwlock

    from flows.repository.looking import opened

    with opened(root) as repo, ExitStack() as locks:
        hardlink = bool(repo.config["core"].get("hardlink_lock", False))
        command, written = " ".join(sys.argv), [str(added)]
        _patiently(
            tell,
            lambda: locks.enter_context(rwlock(repo.tmp_dir, repo.fs, command, [], written, hardlink)),
        )
        yield


def track(root: Path, added: Path, tell: Tell) -> None:
    """`dvc add`: the batches into DVC's cache, their digest into batches.dvc. The files themselves are not touched.

    Only the first time is DVC asked whose output they could be, too: for that it reads all of dvc.yaml and dvc.lock.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import lock_repo

    from flows.repository.looking import opened

    record = added / f"{BATCHES}.dvc"
    if record.exists() and not record.stat().st_size:
        record.unlink()  # DVC was killed while writing it
    try:
        with opened(root) as repo:
            repo.scm_context.quiet = True
            if not record.exists():
                _patiently(tell, lambda: repo.add(str(added / BATCHES), relink=False))
                return

            def add_to_it() -> None:
                with lock_repo(repo):
                    stage = repo.stage.load_one(str(record))
                    stage.add_outs(relink=False)
                    stage.dump()

            _patiently(tell, add_to_it)
    except DvcException as error:
        raise InputError(f"dvc add {added / BATCHES}: {error}") from error


def _patiently(tell: Tell, action: Callable[[], object]) -> None:
    """Do it, again and again while a running stage or another `dvc` is in the way."""
    from dvc.lock import LockError
    from dvc.rwlock import RWLockFileCorruptedError

    from flows.repository.locks import recover_damaged

    told = False
    while True:
        try:
            action()
            return
        except RWLockFileCorruptedError:
            recover_damaged()
        except LockError:
            if not told:
                tell("a running stage reads the batches, or another dvc is at work; waiting")
            told = True
            time.sleep(0.5)


def check_room(root: Path, added: Path, *, size: int) -> None:
    """InputError unless `size` bytes can be brought in and everything that batches.dvc names lies there."""
    if not added.resolve().is_relative_to(root.resolve()) or not added.is_dir():
        raise InputError(f"{added}: data.added in params.yaml must name a folder of the project")
    needed, free = COPIES * size + SPARE, shutil.disk_usage(added).free
    if free < needed:
        raise InputError(f"{added}: the batch needs {needed / 1e6:,.0f} MB of disk, {free / 1e6:,.0f} MB are free")
    record = added / f"{BATCHES}.dvc"
    if ignored(root, record):
        raise InputError(f"{record}: git ignores it, so DVC could not track the batches; see .gitignore")
    if absent := _absent(root, added, record):
        raise InputError(
            f"{counted(absent, 'file')} that {record} names {'is' if absent == 1 else 'are'} not there; "
            f"run `dvc pull {record}` first"
        )


def _absent(root: Path, added: Path, record: Path) -> int:
    """How many files of the batches DVC knows and this folder lacks: adding now would drop them from the record."""
    from flows.repository.looking import opened

    if not record.exists() or not record.stat().st_size:
        return 0
    try:
        recorded = yaml.safe_load(record.read_bytes())["outs"][0].get("nfiles", 0)
    except (yaml.YAMLError, TypeError, LookupError) as error:
        raise InputError(f"{record}: not DVC's (a merge that was not finished?); put it right first") from error
    with opened(root) as repo:
        tree = repo.stage.load_one(str(record)).outs[0].get_obj()  # by its path, DVC reads all of dvc.yaml and dvc.lock
    if tree is None:  # not in the cache: only their number is known
        return max(int(recorded) - sum(file.is_file() for file in (added / BATCHES).rglob("*")), 0)
    return sum(not (added / BATCHES).joinpath(*key).exists() for key, _, _ in tree)
