"""No process outlives the `dvc repro` it belongs to: dvc -> shell -> stage -> fork server -> workers."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.family import Family
from tests.project import make_project

STAGE = """
import time
from pathlib import Path

from prefect import flow

from tasks.base.processes import worker_pool


def work(number: int) -> None:
    Path(f"working-{number}").touch()
    time.sleep(3600)


@flow
def sleepy_stage(out: Path) -> None:
    with worker_pool(2) as pool:
        list(pool.map(work, range(2)))
"""


pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one stage, of which two workers sleep."""
    folder = make_project(tmp_path_factory.mktemp("processes") / "project", {}, copy_code=True)
    (folder / "flows/stages/sleepy.py").write_text(STAGE)
    (folder / "dvc.yaml").write_text(
        "stages:\n  sleepy:\n    cmd: python -m flows sleepy_stage --out out\n    outs: [out]\n"
    )
    return folder


def until(seen: Callable[[], object]) -> None:
    end = time.monotonic() + 120
    while not seen():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def of_the_stage(family: Family) -> list[int]:
    """The stage's Python, then its workers and their fork server."""
    found = [
        pid
        for pid, command in family.members().items()
        if "python" in command[0] and "dvc" not in " ".join(command) and "flows.forks" not in command
    ]
    return sorted(found)


@pytest.fixture
def repro(project: Path, request: pytest.FixtureRequest) -> Iterator[Family]:
    """`dvc repro` under the shell that the test names, /bin/sh (which stays between) or bash (which gives way)."""
    for path in project.glob("working-*"):
        path.unlink()
    with Family(project, "dvc", "repro", SHELL=request.param) as family:
        yield family


SHELLS = pytest.mark.parametrize("repro", ["/bin/sh", "/bin/bash"], indirect=True)


@SHELLS
def test_workers_at_work_end_with_dvc(project: Path, repro: Family) -> None:
    until(lambda: len(list(project.glob("working-*"))) == 2)
    assert len(of_the_stage(repro)) >= 4
    repro.kill(repro.head.pid)
    assert not repro.survivors()


@SHELLS
def test_a_stage_that_only_starts_ends_with_dvc(project: Path, repro: Family) -> None:
    """Before it has imported anything it cannot have asked the kernel for the end; it sees then that DVC is gone."""
    until(lambda: len(repro.members()) > 1)
    repro.kill(repro.head.pid)
    assert not repro.survivors()
    assert not list(project.glob("working-*"))


@pytest.mark.parametrize("repro", ["/bin/sh"], indirect=True)
def test_workers_that_only_start_end_with_their_stage(repro: Family) -> None:
    until(lambda: len(of_the_stage(repro)) >= 4)
    repro.kill(of_the_stage(repro)[0])
    assert not repro.survivors()
    assert "failed to run: python -m flows sleepy_stage" in repro.said()


@pytest.mark.parametrize("repro", ["/bin/bash"], indirect=True)
def test_a_killed_worker_ends_the_stage_with_one_line(project: Path, repro: Family) -> None:
    until(lambda: len(list(project.glob("working-*"))) == 2)
    repro.kill(of_the_stage(repro)[-1])
    assert repro.wait() != 0
    assert not repro.survivors()
    assert "a worker process was killed" in repro.said()
    assert "Traceback" not in repro.said()


@pytest.mark.parametrize("repro", ["/bin/bash"], indirect=True)
def test_a_worker_killed_while_the_others_start_hangs_nobody(repro: Family) -> None:
    until(lambda: len(of_the_stage(repro)) >= 4)
    repro.kill(of_the_stage(repro)[3])
    assert repro.wait() != 0
    assert not repro.survivors()


@SHELLS
def test_ctrl_c_is_one_line_and_leaves_nobody(project: Path, repro: Family) -> None:
    """A terminal sends it to DVC, the stage and its workers alike."""
    until(lambda: len(list(project.glob("working-*"))) == 2)
    os.killpg(repro.head.pid, signal.SIGINT)
    assert repro.wait(60) != 0
    assert not repro.survivors()
    said = repro.log.read_text()
    assert "sleepy_stage: interrupted; what was finished is kept; run it again" in said
    assert "Traceback" not in said, said
