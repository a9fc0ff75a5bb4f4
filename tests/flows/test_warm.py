"""A stage forked from a warm process does what one that starts by itself does, and ends with whom it serves."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml

from flows import PROJECT, warm
from tasks.digests import file_digest


@pytest.fixture(scope="module")
def code(tmp_path_factory) -> Path:
    """The sources, copied, so that a test may change one; params.yaml with a data set that takes minutes to draw."""
    folder = tmp_path_factory.mktemp("warm")
    for name in ("flows", "tasks"):
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "dvc.yaml", folder)
    numbers = yaml.safe_load((PROJECT / "params.yaml").read_text())
    (folder / "params.yaml").write_text(yaml.safe_dump(numbers))
    (folder / "raw").mkdir()
    for number in range(4):
        (folder / f"raw/{number}.jpg").write_text(f"photograph {number}")
    (folder / "raw/images.csv").write_text("path,subject_id,population\n.,{stem},control\n")
    return folder


@pytest.fixture(scope="module")
def env(code):
    """The environment of stages beside a warm process that is ready."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
    own |= {"PYTHONPATH": str(code), "PREFECT_HOME": str(code / ".prefect")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "environ", own)
        patch.chdir(code)
        with warm.stages() as address:
            until = time.monotonic() + 180
            while not Path(address[warm.ADDRESS]).exists() and time.monotonic() < until:
                time.sleep(0.2)
            yield own | address


def stage(env: dict[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "flows", *words]
    return subprocess.run(command, env=env, cwd=env["PYTHONPATH"], text=True, capture_output=True, timeout=300)


def list_images(env: dict[str, str], out: str) -> "subprocess.CompletedProcess[str]":
    paths = ["--raw", "raw", "--added", "added", "--out", out, "--refusals", f"{out}.parquet"]
    return stage(env, "ingest_images", *paths)


def alone(env: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name != warm.ADDRESS}


def forks(env: dict[str, str]) -> list[psutil.Process]:
    """What the warm process has forked and still runs."""
    (parent,) = [p for p in psutil.Process().children() if env[warm.ADDRESS] in p.cmdline()]
    return [child for child in parent.children() if child.status() != psutil.STATUS_ZOMBIE]


def test_a_fork_says_and_writes_what_a_stage_alone_does(env, code):
    first, second = list_images(env, "warm"), list_images(alone(env), "cold")
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert first.stdout == second.stdout
    assert "4 images" in first.stdout
    parts = {path.name for path in (code / "cold").iterdir()}
    assert {path.name for path in (code / "warm").iterdir()} == parts
    assert all(file_digest(code / "warm" / name) == file_digest(code / "cold" / name) for name in parts)


@pytest.mark.parametrize("words", [("ingest_nothing",), ("ingest_images", "--raw", "x"), ("symmetry_train", "--help")])
def test_a_fork_fails_and_helps_as_a_stage_alone_does(env, words):
    first, second = stage(env, *words), stage(alone(env), *words)
    assert (first.returncode, first.stdout, first.stderr) == (second.returncode, second.stdout, second.stderr)


def test_stages_really_are_forks(env):
    asking = draw(env)
    try:
        assert wait_for(lambda: forks(env)), "the stage did not run as a fork"
    finally:
        asking.kill()
        asking.wait()


def test_a_fork_ends_with_who_asked_for_it(env):
    asking = draw(env)
    assert wait_for(lambda: forks(env))
    asking.send_signal(signal.SIGKILL)
    asking.wait()
    assert wait_for(lambda: not forks(env)), "the fork went on"


def draw(env: dict[str, str]) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "flows", "phantoms_draw", "--out", "drawn"]
    return subprocess.Popen(
        command, env=env, cwd=env["PYTHONPATH"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def wait_for(true) -> bool:
    until = time.monotonic() + 120
    while not (found := true()) and time.monotonic() < until:
        time.sleep(0.05)
    return bool(found)


def test_a_killed_fork_is_a_failed_stage(env):
    asking = draw(env)
    assert wait_for(lambda: forks(env))
    forks(env)[0].kill()
    assert asking.wait(timeout=60) == 128 + signal.SIGKILL


def test_after_a_change_of_the_code_stages_start_by_themselves(env, code):
    source = code / "flows/ingest.py"
    source.write_text(source.read_text().replace("images, {refused", "pictures, {refused"))
    done = list_images(env, "changed")
    assert "4 pictures" in done.stdout, done.stderr


def test_without_a_warm_process_stages_start_by_themselves(env, tmp_path):
    done = list_images(env | {warm.ADDRESS: str(tmp_path / "nobody")}, "nobody")
    assert done.returncode == 0, done.stderr
