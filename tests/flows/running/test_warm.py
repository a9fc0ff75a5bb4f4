"""A stage forked from a warm process does what one that starts by itself does, and ends with whom it serves."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from flows import PROJECT
from flows import forks as warm
from flows.running.logbook import entries
from flows.running.sockets import address_of
from tasks.base.digests import file_digest
from tests.family import Family
from tests.project import make_project
from tests.strangers import NOBODY, as_stranger, needs_root, open_folder


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources, copied, so that a test may change one; params.yaml with a data set that takes minutes to draw."""
    folder = tmp_path_factory.mktemp("warm")
    for name in ("flows", "tasks"):
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    forks = folder / "flows/forks.py"
    assert "SECONDS_TO_ASK = 10.0" in forks.read_text()
    forks.write_text(forks.read_text().replace("SECONDS_TO_ASK = 10.0", "SECONDS_TO_ASK = 2.0"))
    shutil.copy(PROJECT / "dvc.yaml", folder)
    numbers = yaml.safe_load((PROJECT / "params.yaml").read_text())
    (folder / "params.yaml").write_text(yaml.safe_dump(numbers))
    (folder / "raw").mkdir()
    for number in range(4):
        (folder / f"raw/{number}.jpg").write_text(f"photograph {number}")
    (folder / "raw/images.csv").write_text("path,subject_id,population\n.,{stem},control\n")
    return folder


@pytest.fixture(scope="module")
def env(code: Path) -> Iterator[dict[str, str]]:
    """The environment of stages that this process orders as DVC would, beside a warm process that is ready."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
    own |= {"PYTHONPATH": str(code), "PREFECT_HOME": str(code / ".prefect")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "environ", own)
        patch.chdir(code)
        assert wait_for(lambda: warm.run_in_fork(["ingest_nothing"], os.getpid()) is not None), "no fork"
        yield own | {"DVC_STAGE": "ingest_images"}
        (process,) = warm_processes()
        process.kill()


def stage(env: dict[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "flows", *words]
    return subprocess.run(command, env=env, cwd=env["PYTHONPATH"], text=True, capture_output=True, timeout=300)


def list_images(env: dict[str, str], out: str) -> "subprocess.CompletedProcess[str]":
    paths = ["--raw", "raw", "--added", "added", "--out", out, "--refusals", f"{out}.parquet"]
    return stage(env, "ingest_images", *paths)


def alone(env: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name != "DVC_STAGE"}


def warm_processes() -> list[psutil.Process]:
    """Those that belong to this process. Of several that were begun at once, all but one end at once."""
    ours = ["flows.forks", str(os.getpid())]
    return [child for child in psutil.Process().children() if alive(child.pid) and child.cmdline()[-2:] == ours]


def alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def forks() -> list[psutil.Process]:
    """What the warm process has forked and still runs."""
    (parent,) = warm_processes()
    return [child for child in parent.children() if alive(child.pid)]


def test_a_fork_says_and_writes_what_a_stage_alone_does(env: dict[str, str], code: Path) -> None:
    first, second = list_images(env, "warm"), list_images(alone(env), "cold")
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert first.stdout == second.stdout
    assert "4 images" in first.stdout
    parts = {path.name for path in (code / "cold").iterdir()}
    assert {path.name for path in (code / "warm").iterdir()} == parts
    assert all(file_digest(code / "warm" / name) == file_digest(code / "cold" / name) for name in parts)


@pytest.mark.parametrize("words", [("ingest_nothing",), ("ingest_images", "--raw", "x"), ("symmetry_train", "--help")])
def test_a_fork_fails_and_helps_as_a_stage_alone_does(env: dict[str, str], words: Any) -> None:
    first, second = stage(env, *words), stage(alone(env), *words)
    assert (first.returncode, first.stdout, first.stderr) == (second.returncode, second.stdout, second.stderr)


def test_stages_really_are_forks(env: dict[str, str]) -> None:
    asking = draw(env)
    try:
        assert wait_for(lambda: forks()), "the stage did not run as a fork"
    finally:
        asking.kill()
        asking.wait()


def test_a_fork_ends_with_who_asked_for_it(env: dict[str, str]) -> None:
    asking = draw(env)
    assert wait_for(lambda: forks())
    asking.send_signal(signal.SIGKILL)
    asking.wait()
    assert wait_for(lambda: not forks()), "the fork went on"


def draw(env: dict[str, str]) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "flows", "phantoms_draw", "--out", "drawn"]
    return subprocess.Popen(
        command, env=env, cwd=env["PYTHONPATH"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def wait_for(true: Any) -> bool:
    until = time.monotonic() + 120
    while not (found := true()) and time.monotonic() < until:
        time.sleep(0.05)
    return bool(found)


def test_a_killed_fork_is_a_failed_stage(env: dict[str, str]) -> None:
    asking = draw(env)
    assert wait_for(lambda: forks())
    forks()[0].kill()
    assert asking.wait(timeout=60) == 128 + signal.SIGKILL


def test_after_a_change_of_the_code_stages_start_by_themselves(env: dict[str, str], code: Path) -> None:
    source = code / "flows/stages/ingest.py"
    old = "counted(images.num_rows, 'image')"
    assert old in source.read_text()
    source.write_text(source.read_text().replace(old, "counted(images.num_rows, 'picture')"))
    done = list_images(env, "changed")
    assert "4 pictures" in done.stdout, done.stderr


CHAIN = """
import time
from pathlib import Path

import psutil
from prefect import flow


@flow
def chain_stage(number: str, out: Path) -> None:
    out.write_text(" ".join(psutil.Process().parent().cmdline()))
    if Path("asleep").exists() and number == "6":
        Path("asleep").write_text("reached")
        time.sleep(3600)
"""


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with six stages, one after the other, each of which writes down whose child it is."""
    folder = make_project(tmp_path_factory.mktemp("chain") / "project", {}, copy_code=True)
    (folder / "flows/stages/chain.py").write_text(CHAIN)
    stages: dict[str, dict[str, object]] = {}
    for number in range(1, 7):
        command = f"python -m flows chain_stage --number {number} --out {number}.txt"
        stages[f"chain_{number}"] = {"cmd": command, "outs": [f"{number}.txt"], "deps": [f"{number - 1}.txt"]}
    stages["chain_1"].pop("deps")
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    return folder


@pytest.mark.long
@pytest.mark.parametrize("linked", [False, True])
def test_from_the_third_on_a_dvc_runs_stages_are_forks(chain: Path, linked: bool) -> None:
    """Wherever the code lies: a checkout's folders may be links."""
    if linked:
        for name in ("flows", "tasks"):
            (chain / name).rename(chain.parent / name)
            (chain / name).symlink_to(chain.parent / name)
    with Family(chain, "dvc", "repro", "--force", SHELL="/bin/bash") as family:
        assert family.wait() == 0, family.said()
        assert not family.survivors()
    parents = [(chain / f"{number}.txt").read_text() for number in range(1, 7)]
    assert not [parent for parent in parents[:2] if "flows.forks" in parent]
    assert "flows.forks" in parents[-1]


@pytest.mark.long
def test_a_pipelines_stages_are_forks_from_the_first_on(chain: Path) -> None:
    with Family(chain, "vermilion", "rebuild", "--force") as family:
        assert family.wait() == 0, family.said()
        assert not family.survivors()
    assert all("flows.forks" in (chain / f"{number}.txt").read_text() for number in range(1, 7))


@pytest.mark.long
def test_a_pipeline_of_one_stage_begins_no_process(chain: Path) -> None:
    with Family(chain, "vermilion", "rebuild", "chain_1", "--force") as family:
        assert family.wait() == 0, family.said()
    assert "flows.forks" not in (chain / "1.txt").read_text()


@pytest.mark.long
def test_forks_end_with_dvc(chain: Path) -> None:
    (chain / "asleep").write_text("")
    with Family(chain, "dvc", "repro", "--force", SHELL="/bin/sh") as family:
        assert wait_for(lambda: (chain / "asleep").read_text()), family.said()
        fork = next(pid for pid in family.members() if "flows.forks" in psutil.Process(pid).parent().cmdline())
        family.kill(family.head.pid)
        assert wait_for(lambda: not alive(fork))
        assert not family.survivors()


@pytest.mark.long
def test_ctrl_c_ends_a_fork_with_one_line(chain: Path) -> None:
    """A terminal sends it to DVC and to the process that asked for the fork, not to the fork itself."""
    (chain / "asleep").write_text("")
    with Family(chain, "dvc", "repro", "--force", SHELL="/bin/sh") as family:
        assert wait_for(lambda: (chain / "asleep").read_text()), family.said()
        os.killpg(family.head.pid, signal.SIGINT)
        assert family.wait(60) != 0
        assert not family.survivors()
        assert "interrupted; what was finished is kept" in family.said()
        assert "Traceback" not in family.said()
    (chain / "asleep").unlink()
    assert entries(chain)[-1].state == "stopped"  # not killed: nobody shall look for a power cut


@needs_root
def test_another_account_neither_reaches_nor_delays_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder that it may read; the name of the process's socket is no secret."""
    with open_folder() as folder:
        monkeypatch.setenv("PREFECT_HOME", str(folder / ".prefect"))
        with address_of(os.getpid()) as address, socket.socket(socket.AF_UNIX) as listener:
            listener.bind(address)
            listener.listen()
            [own] = (folder / ".prefect/forks").iterdir()
            assert isinstance(as_stranger(lambda: socket.socket(socket.AF_UNIX).connect(str(own))), PermissionError)
            assert isinstance(as_stranger(lambda: own.with_name("squatted").touch()), PermissionError)
        assert "@vermilion" not in Path("/proc/net/unix").read_text()


@needs_root
def test_a_folder_of_another_account_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_folder() as folder:
        (folder / "forks").mkdir()
        os.chown(folder / "forks", NOBODY, NOBODY)
        monkeypatch.setenv("PREFECT_HOME", str(folder))
        with pytest.raises(PermissionError), address_of(os.getpid()):
            pass
        assert warm.run_in_fork(["ingest_nothing"], os.getpid()) is None


def test_one_that_says_nothing_is_not_waited_for(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        with address_of(os.getpid()) as address:
            silent.connect(address)
        assert list_images(env, "beside").returncode == 0


def test_of_one_that_ends_before_it_reads_the_question_nothing_is_expected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / ".prefect"))
    with socket.socket(socket.AF_UNIX) as listener:
        with address_of(os.getpid()) as address:
            listener.bind(address)
        listener.listen()
        ending = threading.Timer(0.5, listener.close)
        ending.start()
        assert warm.run_in_fork(["ingest_nothing"], os.getpid()) is None
        ending.join()
