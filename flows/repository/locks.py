"""What a killed DVC leaves behind: locks that nobody holds are taken away, a cut dvc.lock is mended, and it is said.

DVC itself drops entries of processes that are gone. This adds what it leaves to the user: its file of locks or dvc.lock
was cut off while it was written, or a process's number now belongs to another. In: the current folder's repository.
"""

import os
import re
from pathlib import Path

import psutil
from dvc.fs import LocalFileSystem
from dvc.lock import LockError
from dvc.repo import Repo, lock_repo
from dvc.rwlock import RWLOCK_FILE, _edit_rwlock
from dvc.schema import COMPILED_LOCKFILE_SCHEMA
from dvc.utils.serialize import YAMLFileCorruptedError, parse_yaml
from voluptuous import Invalid

from tasks.base import tables
from tasks.errors import InputError


def recover_damaged() -> None:
    """Remove an unreadable lock file, unless another DVC works here: what it holds would be lost. Else InputError."""
    path = _file()
    for process in _others(Path(Repo.find_root())):
        raise InputError(
            f"{path}: damaged, and process {process.pid} ({' '.join(process.cmdline())[:80]}) still works here: "
            "wait for it or end it, then try again"
        )
    path.unlink(missing_ok=True)
    print(
        f"{path}: damaged (a DVC was killed while writing it); no other DVC works here, so it was removed", flush=True
    )


def release_recycled() -> bool:
    """Drop entries whose process is younger than the file, so cannot have made them; whether there were any."""
    path, found = _file(), False
    written = path.stat().st_mtime if path.exists() else 0.0
    with _edit_rwlock(str(path.parent), LocalFileSystem(), False) as lock:
        for mode, holders in (("read", lock["read"]), ("write", lock["write"])):
            for locked, held in list(holders.items()):
                by = held if isinstance(held, list) else [held]
                alive = [holder for holder in by if not _born_after(int(holder["pid"]), written)]
                if len(alive) == len(by):
                    continue
                found = True
                print(f"{locked}: its lock was left by a process that was killed; taken away", flush=True)
                if alive:
                    lock[mode][locked] = alive
                else:
                    del lock[mode][locked]
    return found


def mend_lockfile() -> bool:
    """Whether to read dvc.lock again: DVC writes it in place, so a kill can cut it off. Its whole stages are kept.

    DVC finds what the others made in its cache. A file that is wrong in another way (a merge) is left as it is.
    """
    try:
        with Repo() as repo, lock_repo(repo):
            return _keep_whole_stages(Path(str(repo.root_dir), "dvc.lock"))
    except LockError:
        return True  # somebody writes it now


def _keep_whole_stages(path: Path) -> bool:
    text = path.read_text(encoding="utf-8") if path.exists() else None
    if text is None or is_whole(text):
        return False
    begun = [match.start() for match in re.finditer(r"^  [^ ].*:$", text, re.MULTILINE)]
    kept = text[: begun[-1]] if len(begun) > 1 else ""
    if kept and not is_whole(kept):
        return False
    with tables.replacing(path) as temporary:
        temporary.write_text(kept or "schema: '2.0'\nstages: {}\n", encoding="utf-8")
    print(f"{path}: cut off (a DVC was killed while writing it); {kept.count('    cmd: ')} stages kept", flush=True)
    return True


def is_whole(text: str) -> bool:
    """Whether DVC would read this text as dvc.lock."""
    try:
        COMPILED_LOCKFILE_SCHEMA(parse_yaml(text, "dvc.lock"))
    except (YAMLFileCorruptedError, Invalid):
        return False
    return True


def _file() -> Path:
    return Path(str(Repo.find_dvc_dir()), "tmp", RWLOCK_FILE)


def _born_after(pid: int, moment: float) -> bool:
    try:
        return bool(psutil.Process(pid).create_time() > moment + 1)
    except psutil.NoSuchProcess:
        return False  # DVC drops these itself


def _others(root: Path) -> list[psutil.Process]:
    """Living DVCs and stages of this repository, without this process and those that wait for it."""
    mine = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    return [process for process in psutil.process_iter() if process.pid not in mine and _works_in(process, root)]


def _works_in(process: psutil.Process, root: Path) -> bool:
    try:
        words = process.cmdline()
        ours = any(Path(word).name == "dvc" or word in ("dvc", "flows.repository.reproduction") for word in words[:4])
        return Path(process.cwd()).is_relative_to(root) and (ours or "DVC_STAGE" in process.environ())
    except (psutil.Error, OSError):
        return False
