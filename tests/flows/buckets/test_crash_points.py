"""A stage killed at each moment at which it touches the disk: whatever stands under a final name is whole.

The random kills of tests/pipeline/test_kills.py hit these moments by chance; here a fork of a process that has imported
everything runs a stage up to its n-th write, rename or removal, and kills itself there.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tasks.base.digests import file_digest
from tasks.store.artifacts import Store
from tests.project import copy_project, lock, outs, run

POINTS = 6
"""Moments tried of each stage, spread over all that there are."""

DRIVER = """
import os, shlex, shutil, signal, sys
from pathlib import Path
from flows.launch import launch as run
from flows.stages import evaluate
from flows.stages import ingest
from flows.stages import report
from flows.stages import symmetry
from tasks.symmetry import training  # slow to import, so before the forks
from tests.flows.buckets.test_crash_points import POINTS, check
from tests.project import lock, outs

ROOT, WHOLE = Path.cwd(), Path(sys.argv[1])
TOUCHES = ("os.rename", "os.remove", "os.mkdir", "open")

def end_at(last, touched):
    def hook(event, arguments):
        if event not in TOUCHES or not isinstance(arguments[0], (str, os.PathLike)):
            return
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)):
            return
        if Path(arguments[0]).absolute().is_relative_to(ROOT / "data"):
            touched.append(event)
            if len(touched) == last:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)

def attempt(stage, command, last):
    # The stage as DVC runs it, without its outs, and as if its results were not in the store.
    for path in outs(stage):
        shutil.rmtree(path) if Path(path).is_dir() else Path(path).unlink(missing_ok=True)
    for folder in Path("data/.artifacts/references").iterdir():
        if folder.name == os.environ["DVC_STAGE"]:
            shutil.rmtree(folder)
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        touched = []
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        end_at(last, touched)
        run(command)
        os.write(writing, str(len(touched)).encode())
        os._exit(0)
    os.close(writing)
    _, status = os.waitpid(pid, 0)
    count = os.read(reading, 20)
    os.close(reading)
    assert os.waitstatus_to_exitcode(status) == (-signal.SIGKILL if last else 0), status
    return int(count or 0)

for plain in sys.argv[2:]:  # of a matrix the first will do
    name, stage = next((name, stage) for name, stage in lock(ROOT).items() if name.partition("@")[0] == plain)
    os.environ["DVC_STAGE"] = name
    command = shlex.split(stage["cmd"])[3:]
    count = attempt(stage, command, 0)
    assert count > 1, name
    for last in sorted({1 + number * (count - 1) // (POINTS - 1) for number in range(POINTS)}):
        attempt(stage, command, last)
        check(ROOT, WHOLE, stage)
    attempt(stage, command, 0)
    assert check(ROOT, WHOLE, stage), name
    print(name, count, flush=True)
"""


def check(folder: Path, whole: Path, stage: dict[str, Any]) -> bool:
    """Every file under its final name is the one of an uninterrupted run; whether all of them are there."""
    for path in outs(stage):
        files = [folder / path] if (folder / path).is_file() else list((folder / path).rglob("*"))
        for file in (file for file in files if file.is_file() and not file.name.endswith(".tmp")):
            assert file.read_bytes() == (whole / file.relative_to(folder)).read_bytes(), file
    store = Store(folder / "data/.artifacts")
    for record in store.root.glob("references/*/*.json"):
        reference = store.recorded(record.parent.name, record.stem)
        assert reference is not None
        assert reference.flaw(store.path(reference)) is None
    for file in store.root.glob("objects/*/*"):
        assert file_digest(file) == file.stem
    for record in store.root.glob("uses/*"):
        json.loads(record.read_bytes())
    wanted = {file for path in outs(stage) for file in [whole / path, *(whole / path).rglob("*")] if file.is_file()}
    return all((folder / file.relative_to(whole)).exists() for file in wanted)


@pytest.mark.parametrize(
    "stages",
    [
        ("ingest_images", "symmetry_pairs"),
        pytest.param(
            ("ingest_ratings", "ingest_lips", "symmetry_train", "symmetry_distances", "evaluate"),
            marks=pytest.mark.long,
        ),
    ],
    ids=" ".join,
)
def test_a_stage_killed_where_it_touches_the_disk_leaves_nothing_half(built: Path, tmp_path: Path, stages: Any) -> None:
    folder = copy_project(built, tmp_path / "copy")
    (folder / "tests").symlink_to(Path(__file__).parents[2])
    (folder / "driver.py").write_text(DRIVER)
    done = run(folder, "python", "driver.py", str(built), *stages)
    assert [line.split("@")[0].split()[0] for line in done.stdout.splitlines() if line[-1:].isdigit()] == list(stages)
    assert lock(folder) == lock(built)
