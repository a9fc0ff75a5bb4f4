"""A pipe in a data folder: whoever of ours asks DVC says so, and does not wait for a writer that never comes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows import PROJECT
from flows.repository import regular
from tests.project import environment, make_project, run

PIPELINE = """stages:
  evaluate: {cmd: ls here > b, deps: [here], outs: [b]}
  report: {cmd: cp b c, deps: [b], outs: [c]}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run once; then somebody made a pipe."""
    folder = make_project(tmp_path_factory.mktemp("regular") / "project", {})
    (folder / "here").mkdir()
    (folder / "here/a.txt").write_text("a")
    (folder / "dvc.yaml").write_text(PIPELINE)
    run(folder, "dvc", "repro", "-q")
    os.mkfifo(folder / "here/b.jpg")
    return folder


@pytest.mark.parametrize("words", [("flows.repository", "repro"), ("flows.repository.currency", ".")])
def test_a_pipe_is_named_and_not_waited_for(project: Path, words: tuple[str, ...]) -> None:
    """`make demo`; `vermilion status`, `results` and `score`."""
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=project, env=environment(project) | {"PYTHONPATH": str(PROJECT)},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "here/b.jpg is a pipe or device, not a file; DVC cannot read it" in done.stdout + done.stderr


def test_whoever_runs_the_pipeline_uses_it() -> None:
    for name in ("reproduction", "looking", "__main__"):
        assert "regular.use()" in (Path(regular.__file__).with_name(f"{name}.py")).read_text()
