"""The small project after its first run, whose store is kept from one run of the tests to the next.

A result's key holds the code, the numbers and the inputs that made it, so what is found under it can only be right; and
whatever was changed is computed. The libraries are no part of it: another requirements.lock begins with an empty store.
`test_two_runs_from_scratch_give_the_same_digests` holds a run that began with nothing against this one.
"""

import shutil
from pathlib import Path

from filelock import FileLock

from flows import PROJECT
from tasks.base.digests import file_digest
from tests.project import SMALL, make_project, run

KEPT = PROJECT / ".cache/tests"


def make_built(folder: Path) -> None:
    """Make the project and run it, with what was kept of earlier runs; keep what it uses."""
    make_project(folder, SMALL)
    store = folder / "data/.artifacts"
    libraries = file_digest(PROJECT / "requirements.lock")
    kept = KEPT / libraries
    KEPT.mkdir(parents=True, exist_ok=True)
    with FileLock(KEPT / "lock"):
        recalled = kept.exists()
        if recalled:
            shutil.copytree(kept, store)
    run(folder, "vermilion", "rebuild")
    if recalled:
        run(folder, "vermilion", "artifacts", "collect")
    run(folder, "git", "add", ".")
    run(folder, "git", "commit", "-qm", "first run")
    new = shutil.copytree(store, folder.with_name("store"))
    with FileLock(KEPT / "lock"):
        for old in KEPT.iterdir():
            if old.is_dir():
                shutil.rmtree(old)
        shutil.move(new, kept)
