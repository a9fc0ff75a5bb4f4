"""SIGKILL at random moments of a real `dvc repro`: what is left is never half, nobody goes on, the end is the same.

Every kill's moment is drawn from a seed and printed. VERMILION_KILL_SEED draws others, VERMILION_KILLS more.
"""

import hashlib
import json
import os
import random
import re
import shutil
import time
from pathlib import Path

import pytest

from flows.repository.locks import is_whole
from tasks.base.digests import file_digest
from tasks.store.artifacts import Reference, Store
from tests.family import Family
from tests.project import SMALL, lock, make_project, run

SEED = int(os.environ.get("VERMILION_KILL_SEED", "1"))
KILLS = int(os.environ.get("VERMILION_KILLS", "8"))
REPRO, REBUILD = ("dvc", "repro"), ("vermilion", "rebuild")
VICTIMS = {REPRO: ("head", "stage", "worker", "group"), REBUILD: ("head", "group")}
"""A rebuild goes on with other stages when one fails, so only it as a whole is killed."""


def running(family: Family) -> list[str]:
    """The stages begun so far."""
    return re.findall(r"^Running stage '(.+)':", family.said(), re.MULTILINE)


def find(family: Family, victim: str) -> int | None:
    """The victim's process, if there is one now: of a pool's processes, that started last."""
    if victim in ("head", "group"):
        return family.head.pid
    members = family.members()
    stage = [pid for pid, words in members.items() if "flows" in words]
    pool = [pid for pid, words in members.items() if "multiprocessing" in str(words)]
    return max(stage if victim == "stage" else pool, default=None)


def strike(family: Family, rng: random.Random, victim: str, longest: float) -> tuple[str, str, str] | None:
    """Kill at a random moment: the stage it fell into, the victim, the moment. None where the run ended before.

    The moment: so many stages begun, and up to `longest` seconds more.
    """
    begun, delay = rng.randint(0, 2), rng.uniform(0, longest)
    while len(running(family)) < begun and family.head.poll() is None:
        time.sleep(0.01)
    until = time.monotonic() + delay
    while time.monotonic() < until or not (chosen := find(family, victim)):
        if family.head.poll() is not None:
            return None
        if victim == "worker" and len(running(family)) > begun + 2:
            victim = "stage"  # these stages have no workers
        time.sleep(0.01)
    stages = running(family)
    if victim == "group":
        family.kill_group()
    else:
        family.kill(chosen)
    return (stages[-1] if stages else "before any stage"), victim, f"{delay:.2f} s after beginning number {begun}"


def delete_what_was_cut_off(folder: Path) -> None:
    """DVC overwrites two files in place; cut off, they are deleted, as the README says."""
    locks, lockfile = folder / ".dvc/tmp/rwlock", folder / "dvc.lock"
    if locks.exists() and not locks.read_text().endswith("}"):
        print("DVC's file of locks was cut off")
        locks.unlink()
    if lockfile.exists() and not is_whole(lockfile.read_text()):
        print("dvc.lock was cut off")
        lockfile.unlink()


def assert_nothing_half(folder: Path) -> None:
    """What dvc.lock and the store's references name is whole, to the last bit."""
    for name, stage in lock(folder).items() if (folder / "dvc.lock").exists() else ():
        for out in stage.get("outs", []):
            if not out["path"].endswith(".json") and re.fullmatch(r"[0-9a-f]{32}(\.dir)?", out.get("md5") or ""):
                assert_cached(folder, out["md5"], f"{name}: {out['path']}")
    store = Store(folder / "data/.artifacts")
    for record in (store.root / "references").glob("*/*.json"):
        reference = Reference.model_validate_json(record.read_bytes())
        assert file_digest(store.path(reference)) == reference.sha256, record


def assert_cached(folder: Path, md5: str, what: str) -> None:
    content = (folder / ".dvc/cache/files/md5" / md5[:2] / md5[2:]).read_bytes()
    assert hashlib.md5(content).hexdigest() == md5.removesuffix(".dir"), what
    for entry in json.loads(content) if md5.endswith(".dir") else ():
        assert_cached(folder, entry["md5"], f"{what}/{entry['relpath']}")


def forget(folder: Path) -> None:
    """Everything is to be made again."""
    for path in (*(folder / "data").glob("[a-z]*"), folder / "data/.artifacts", folder / ".dvc/cache"):
        if path.name not in ("exemplars", "added"):
            shutil.rmtree(path, ignore_errors=True)
    (folder / "dvc.lock").unlink(missing_ok=True)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_run_killed_at_random_moments_ends_like_one_that_was_not(built: Path, tmp_path: Path) -> None:
    rng = random.Random(SEED)
    folder = make_project(tmp_path / "project", SMALL | {"runtime": SMALL["runtime"] | {"workers": 2}})
    began = time.monotonic()
    run(built, "dvc", "repro")
    longest = 3 * (time.monotonic() - began)  # a stage of nothing but imports; more where the machine is busy
    print(f"seed {SEED}, kills up to {longest:.1f} s into a stage")
    fell: list[tuple[str, str, str]] = []
    while len(fell) < KILLS:
        command = rng.choices((REPRO, REBUILD), (4, 1))[0]
        with Family(folder, *command) as family:
            struck = strike(family, rng, rng.choice(VICTIMS[command]), longest)
            code = family.wait()
            assert not family.survivors(), "somebody outlived the run"
        if struck is None:
            assert code == 0, family.said()
            forget(folder)
            continue
        fell.append(struck)
        print(f"kill {len(fell)}: {', '.join(struck)}; {command[0]} exited {code}", flush=True)
        delete_what_was_cut_off(folder)
        assert_nothing_half(folder)
    run(folder, "dvc", "repro")
    assert lock(folder) == lock(built)
    assert "up to date" in run(folder, "dvc", "repro").stdout
    assert len({stage for stage, *_ in fell}) >= min(6, KILLS // 3), fell
