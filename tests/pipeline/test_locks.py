"""Locks that a killed process left behind, a dvc.lock that was cut off, and two `dvc repro` at once: real processes."""

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows import PROJECT
from tasks.store.artifacts import Store
from tasks.store.collection import StoreBusyError, collect
from tests.family import Family
from tests.flows.toys import make_toys
from tests.project import copy_project, environment, lock, run

RWLOCK = ".dvc/tmp/rwlock"


@pytest.fixture(scope="module")
def toys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven quick stages that have run; what is tested here is DVC's and ours, not what stages compute."""
    folder = make_toys(tmp_path_factory.mktemp("toys") / "project")
    run(folder, "dvc", "repro")
    return folder


@pytest.fixture
def project(toys: Path, tmp_path: Path) -> Path:
    return copy_project(toys, tmp_path / "project")


def dead() -> int:
    """The number of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_locks_of_the_dead_are_taken_away_by_dvc_and_said(project: Path) -> None:
    held = {"pid": dead(), "cmd": "dvc repro"}
    own = {str(project / out["path"]): held for stage in lock(project).values() for out in stage["outs"]}
    (project / RWLOCK).write_text(json.dumps({"write": own, "read": {}}))
    (project / ".dvc/tmp/lock").write_text(f" {dead()}\n")
    done = run(project, "dvc", "repro")
    assert "had been killed. Auto removed it from the lock file" in done.stderr
    assert "up to date" in done.stdout
    assert not any(json.loads((project / RWLOCK).read_text()).values())


CUTS = {"half of the locks": (RWLOCK, "Unable to read RWLock-file"), "no dvc.lock": ("dvc.lock", "dvc.lock")}


@pytest.mark.parametrize("cut", CUTS)
def test_what_was_cut_off_stops_dvc_and_rebuild_puts_it_right(project: Path, cut: Any) -> None:
    """DVC writes both files in place, so a kill can leave a part: 0 bytes, or up to a multiple of 4096."""
    before, (name, said) = lock(project), CUTS[cut]
    text = json.dumps({"write": {}, "read": {}}) if name == RWLOCK else (project / name).read_text()
    (project / name).write_text(text[: len(text) // 2] if name == RWLOCK else "")
    done = run(project, "dvc", "repro", check=False)
    assert done.returncode != 0
    assert said in done.stderr
    done = run(project, "vermilion", "rebuild")
    assert "a DVC was killed while writing it" in done.stdout
    assert "buckets computed" not in done.stdout
    assert lock(project) == before
    assert "up to date" in run(project, "dvc", "repro").stdout


def test_without_dvc_lock_dvc_finds_everything_in_its_cache(project: Path) -> None:
    """The README's word for those who do not want `vermilion rebuild`. What has outs in git alone may run again."""
    before = lock(project)
    (project / "dvc.lock").unlink()
    done = run(project, "dvc", "repro")
    for name in ("first", "trained", "scored", "toy_stage"):
        assert f"Stage '{name}' is cached - skipping run" in done.stdout
    assert set(re.findall(r"Running stage '(.+)'", done.stdout)) <= {"headline"}
    assert lock(project) == before


HOLDING = """
import sys, time
from pathlib import Path
from tasks.store.artifacts import Store
with Store(Path(sys.argv[1])).held():
    print("held", flush=True)
    time.sleep(3600)
"""


def test_the_stores_lock_ends_with_its_holder(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(store.root)], stdout=subprocess.PIPE, env=environment(PROJECT)
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline()
        with pytest.raises(StoreBusyError, match="a stage is running"):
            collect(store, stages=[], keys=[])
        holder.kill()
    assert collect(store, stages=[], keys=[]) == []


def make_stale(folder: Path) -> None:
    """The last four stages have to run again."""
    known = yaml.safe_load((folder / "dvc.lock").read_text())
    known["stages"] = dict(list(known["stages"].items())[:-4])
    (folder / "dvc.lock").write_text(yaml.safe_dump(known, sort_keys=False))
    shutil.rmtree(folder / ".dvc/cache/runs")


@pytest.mark.parametrize("apart", [False, True], ids=["together", "one after the other began"])
def test_of_two_repros_at_once_one_refuses_or_both_are_right(project: Path, apart: bool) -> None:
    before = lock(project)
    make_stale(project)
    with Family(project, "dvc", "repro") as first:
        while apart and "Running stage" not in first.said() and first.head.poll() is None:
            time.sleep(0.05)
        with Family(project, "dvc", "repro") as second:
            codes = {second: second.wait(600), first: first.wait(600)}
    assert 0 in codes.values(), first.said() + second.said()
    for loser in (family for family, code in codes.items() if code):
        assert "is being blocked by" in loser.said() or "Unable to acquire lock" in loser.said(), loser.said()
        assert "Traceback" not in loser.said()
    assert "up to date" in run(project, "dvc", "repro").stdout
    assert lock(project) == before
