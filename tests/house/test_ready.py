"""A fork of tests/ready.py is what a new process is: its files, folder, environment, arguments, umask, exit code."""

import os
import time
from pathlib import Path

import pytest

from tests import ready
from tests.project import connections, make_project, run, started

pytestmark = pytest.mark.skipif(ready.PLACE not in os.environ, reason="forks are for Linux")

STAGE = """
import logging, os, signal, socket, sys
from pathlib import Path
from prefect import flow
from prefect.settings import PREFECT_HOME, PREFECT_API_URL
from tasks.errors import InputError

HOME = os.environ["PREFECT_HOME"]  # read at import

@flow
def told_stage(how: str) -> None:
    mask = os.umask(0o022)
    os.umask(mask)
    socket.socket().connect_ex(("127.0.0.1", 9))
    main = sys.modules["__main__"]
    own = [name for name in os.environ if name.startswith("PREFECT") and "SERVER" not in name]
    names = sorted({own.partition(".")[0] for own in sys.modules} & {"flows", "tasks", "tests", "pytest"})
    print(sys.argv, main.__spec__.name, Path.cwd(), oct(mask), Path(__file__).resolve(), names)
    print(PREFECT_HOME.value() == Path(HOME), PREFECT_API_URL.value(), sorted(own), os.environ["GIVEN"], sys.path[:3])
    print(sys.stdin.isatty(), sys.stdout.isatty(), signal.getsignal(signal.SIGINT), logging.getLogger().handlers)
    sys.stdout.flush()
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "wrong":
        raise InputError("it was refused")
    if how == "broken":
        raise ValueError("unforeseen")
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_project(tmp_path_factory.mktemp("ready") / "project", {}, copy_code=True)
    (folder / "flows/stages/told.py").write_text(STAGE)
    return folder


@pytest.mark.parametrize(("how", "code"), [("wrong", 1), ("broken", 1), ("killed", -9)])
def test_a_fork_is_what_a_new_process_is(project: Path, how: str, code: int) -> None:
    log = connections(project)
    found = []
    for begin in (started, run):
        log.unlink(missing_ok=True)
        command = ["python", "-m", "flows", "told_stage", "--how", how]
        done = begin(project, *command, check=False, GIVEN=f"given {how}")
        noted = [line for line in log.read_text().splitlines() if "('127.0.0.1', 9)" in line]
        found.append((done.returncode, done.stdout, done.stderr.splitlines()[-1:], noted))
    assert found[0] == found[1]
    assert (found[0][0], len(found[0][3])) == (code, 1)
    assert str(project / "flows/stages/told.py") in found[0][1]


def test_a_command_that_takes_too_long_is_ended(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "flows/stages/slow.py").write_text(
        "import os, time\nfrom pathlib import Path\nfrom prefect import flow\n\n\n@flow\ndef slow_stage() -> None:\n"
        "    Path('pid').write_text(str(os.getpid()))\n    time.sleep(600)\n"
    )
    monkeypatch.setattr("tests.project.SECONDS", 10)
    with pytest.raises(TimeoutError):
        run(project, "python", "-m", "flows", "slow_stage")
    until = time.monotonic() + 30
    while Path(f"/proc/{(project / 'pid').read_text()}").exists():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_of_other_programs_and_without_the_process_a_process_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ready.answers(("vermilion", "status"))
    assert not ready.answers(("git", "status"))
    assert not ready.answers(("python", "-c", "pass"))
    monkeypatch.delenv(ready.PLACE)
    assert not ready.answers(("vermilion", "status"))
