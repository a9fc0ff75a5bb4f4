"""One git commit of exactly the files that are meant; whatever else the user has changed or staged stays as it is.

In: the project's folder, files, a message. Out: a commit, or InputError in git's own words. Knows nothing of DVC.
"""

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from tasks.base.escaping import visible
from tasks.base.programs import run_within
from tasks.errors import InputError

PATIENCE = 20.0
"""Seconds to wait while another git holds the index."""

LIMIT = 600.0
"""Seconds that git gets, with its hooks."""

NOBODY = ("Please tell me who you are", "empty ident name", "auto-detect email", "auto-detect name")
"""What git says where nobody is named who commits."""

UNFINISHED = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")


def git(root: Path, *arguments: str, check: bool = True) -> str:
    """What git prints in the project. InputError with git's words when it fails and `check` is on, or does not end."""
    try:
        done = run_within(LIMIT, ["git", *arguments], root, environment=os.environ | {"LANGUAGE": "C"})
    except subprocess.TimeoutExpired:
        hint = "a hook (.git/hooks) or gpg that waits for somebody? Try the same by hand"
        raise InputError(f"git {arguments[0]} did not end within {LIMIT:.0f} s and was stopped; {hint}") from None
    except InputError as error:
        raise InputError(f"git {arguments[0]}: {error}") from None
    if check and done.code:
        said = (done.err or done.out).strip()
        if any(words in said for words in NOBODY):
            how = "`git config user.name NAME` and `git config user.email ADDRESS`"
            raise InputError(f"git does not know who commits; in {root}: {how}")
        raise InputError(f"git {arguments[0]}: {said}")
    return done.out.strip()


def check_git(root: Path) -> None:
    """InputError unless a commit could be made now: a repository, someone to sign it, no merge half way."""
    git(root, "rev-parse", "--is-inside-work-tree")
    git(root, "var", "GIT_AUTHOR_IDENT")
    for name in UNFINISHED:
        if (root / git(root, "rev-parse", "--git-path", name)).exists():
            raise InputError(f"{root}: git is in the middle of a merge or rebase ({name}); finish it first")


def ignored(root: Path, file: Path) -> bool:
    """Whether git ignores this file of the project."""
    return bool(git(root, "check-ignore", str(file.relative_to(root)), check=False))


def commit_only(root: Path, files: Sequence[Path], message: str) -> None:
    """Commit these files and nothing else, whatever is staged. No commit where nothing changed.

    InputError when git refuses (a hook, a lock that stays).
    """
    paths = [str(file.relative_to(root)) for file in files if file.exists()]
    until = time.monotonic() + PATIENCE
    while True:
        try:
            git(root, "add", "--", *paths)
            if git(root, "status", "--porcelain", "--", *paths):
                git(root, "commit", "--quiet", "--only", "--message", visible(message, keep="\n"), "--", *paths)
            return
        except InputError as error:
            if ".lock" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.3)


def remove_stale_locks(root: Path, tell: Callable[[str], None]) -> None:
    """Remove the locks of a git that was killed with the program that had called it. Only if no git runs here now."""
    branch = git(root, "symbolic-ref", "--quiet", "HEAD", check=False) or "HEAD"
    locks = [root / git(root, "rev-parse", "--git-path", f"{name}.lock") for name in ("index", "HEAD", branch)]
    for lock in locks:
        if lock.exists() and not _git_runs(root):
            tell(f"{lock}: left by a git that was killed; removed")
            lock.unlink(missing_ok=True)


def _git_runs(root: Path) -> bool:
    """Whether some git works in the project."""
    for process in psutil.process_iter(["name", "cwd"]):
        name, folder = process.info["name"] or "", process.info["cwd"]
        if name.startswith("git") and folder and Path(folder).is_relative_to(root.resolve()):
            return True
    return False
