"""Every benchmark starts, goes through its real parts at tiny size, and prints its lines. No time is looked at."""

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module, util
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from flows import PROJECT
from tests.project import copy_project, run

HERE = (
    "damage",
    "fairness",
    "inpainting",
    "inpainting --speed",
    "inspection",
    "inversion",
    "landmarks",
    "orchestration buckets",
    "copies",
    "screening",
    "surface_page",
)
"""Commands that run in this process, at --tiny."""
LONGER = (
    "anomaly_real",
    "anthropometry",
    "anthropometry_errors",
    "changed",
    "london",
    "surface_cameras",
    "surface_chain",
    "surface_cost",
    "surface_dense",
    "surface_filling",
    "surface_measures",
    "surface_scale",
)
"""The same, of 5 s and more with their imports."""
SAYS = {
    "anomaly": "held against the nearest face in w+, L1 + 0.5 (1 - SSIM)",
    "anomaly_real": "one side darker by 18 %: 0 of 3",
    "anthropometry": "drawn, unrepaired clefts",
    "anthropometry_errors": "width, joint over independent: ",
    "changed": "show and pass",
    "damage": "whole photographs refused: 0 of 14",
    "demo": "all ",
    "fairness": "largest with skin lightness at equal severity: ",
    "fairness --project .": "S (ssim, base)",
    "ingest one": "one photograph more: ",
    "ingest peer": "mouth points apart, share of eye distance",
    "ingest scale": "ms CPU a photograph",
    "inpainting": "network above the better one of OpenCV's, clinical: ",
    "inpainting --bound": "that mean above the photograph",
    "inpainting --demo": "patients of the demo; a cleft is seen in",
    "inpainting --speed": "filling ",
    "inspection": "files all of one size: ",
    "inversion": "ours, together   inversion",
    "landmarks": "ms of CPU for a face's row",
    "london": "scar-like line on one side flagged",
    "orchestration buckets": "its bytes (checked, and copied into the out)",
    "orchestration dvc": "dvc add after one more",
    "orchestration photographs": "a thousand more",
    "orchestration prefect": "MB of database in the server",
    "rebuild idle": "vermilion rebuild, no server",
    "reevaluation": "re-evaluation with nothing to do",
    "classifiers": "the same children with and without the cleft: ",
    "copies": "(somebody else)",
    "score": "vermilion score, symmetry alone",
    "screening": "(any flag, none planted)",
    "surface_cameras": "ours, focal length unknown: ",
    "surface_chain": "of points in their interval",
    "surface_scale": "ends exchanged in one of two or three photographs within 45 degrees: ",
    "surface_cost": "  matches and cameras ",
    "surface_dense": "of the front within 2 mm, ",
    "surface_filling": "of the hole filled",
    "surface_measures": "distances: median error ",
    "surface_page": "unpacked MB",
    "trigger": "post | ",
}
"""What only its last lines say, by command. bench.synthesis_gpu has tests of its own."""
PARTS = {
    "anomaly_real_faces",
    "anomaly_real_rows",
    "anomaly_real_training",
    "anthropometry_faces",
    "anthropometry_warps",
    "flux_networks",
    "heads",
    "inpainting_bound",
    "inpainting_cleft",
    "inpainting_faces",
    "inpainting_real",
    "inpainting_speed",
    "london_faces",
    "london_judges",
    "london_rows",
    "rephotography",
    "spent",
    "unseen",
}
"""Modules that are run by another one's command."""


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """No benchmark leaves another environment or number of threads behind."""
    threads = torch.get_num_threads()
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
    torch.set_num_threads(threads)


def start(command: str) -> None:
    name, *words = command.split()
    import_module(f"bench.{name}").main([*words, "--tiny"])


def test_every_module_of_bench_is_run() -> None:
    modules = {path.stem for path in (PROJECT / "bench").glob("*.py")} - {"__init__", "__main__"}
    assert modules == {command.split()[0] for command in SAYS} | PARTS | {"synthesis_gpu", "training_pairs"}


@pytest.mark.parametrize("command", [*HERE, *(pytest.param(own, marks=pytest.mark.long) for own in LONGER)])
def test_it_runs(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    start(command)
    assert SAYS[command] in capsys.readouterr().out


@pytest.mark.long
def test_it_runs_whole_programs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Its stages are forks: what they start with is no subject here."""
    begun: list[str] = []

    def fork(command: list[str], *, cwd: Path, env: dict[str, str], **_: object) -> subprocess.CompletedProcess[str]:
        begun.append(command[3])
        return run(cwd, "python", *command[1:], check=False, PYTHONPATH=env["PYTHONPATH"])

    monkeypatch.setattr("bench.ingest.subprocess", SimpleNamespace(run=fork))
    start("ingest one")
    assert SAYS["ingest one"] in capsys.readouterr().out
    assert begun == 2 * ["ingest_images", "ingest_frames", "ingest_landmarks", "ingest_lips"]


@pytest.mark.long
@pytest.mark.parametrize(
    "command", ["demo", "ingest scale", "orchestration dvc", "orchestration photographs", "orchestration prefect"]
)
def test_it_runs_many_programs(command: str, capfd: pytest.CaptureFixture[str]) -> None:
    start(command)
    assert SAYS[command] in capfd.readouterr().out


@pytest.mark.long
def test_the_peer_runs(capfd: pytest.CaptureFixture[str]) -> None:
    if not (PROJECT / ".peers/face_recognition").exists() and not util.find_spec("face_recognition"):
        pytest.skip("face_recognition is not installed: `python -m bench.ingest peer` fetches it")
    start("ingest peer")
    assert SAYS["ingest peer"] in capfd.readouterr().out


@pytest.mark.long
def test_a_reevaluation_runs(built: Path, capfd: pytest.CaptureFixture[str]) -> None:
    start(f"reevaluation --project {built}")
    assert SAYS["reevaluation"] in capfd.readouterr().out


@pytest.mark.parametrize(
    "command",
    [
        *("anomaly", "classifiers", "fairness --project .", "inpainting --bound", "inpainting --demo", "trigger"),
        pytest.param("score", marks=pytest.mark.long),
    ],
)
def test_it_runs_on_a_project(
    command: str, built: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(built)
    start(command)
    assert SAYS[command] in capsys.readouterr().out


@pytest.mark.long
def test_it_runs_in_an_idle_project(built: Path, tmp_path: Path) -> None:
    folder = copy_project(built, tmp_path / "project")
    run(folder, "dvc", "repro")  # `built` comes from another program, which checks out nothing
    words = ["-m", "bench.rebuild", "idle", "--tiny"]
    done = run(folder, sys.executable, *words, PYTHONPATH=f"{folder}{os.pathsep}{PROJECT}")
    assert SAYS["rebuild idle"] in done.stdout


@pytest.mark.long
def test_the_list_of_all_runs_those_that_are_named(capfd: pytest.CaptureFixture[str]) -> None:
    import_module("bench.__main__").main(["training_pairs", "--tiny"])
    said = capfd.readouterr().out
    assert "== bench.training_pairs" in said
    assert "times the plain recipe" in said
    assert "bench.ingest" not in said


def test_the_list_of_all_refuses_a_name_that_is_not_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        import_module("bench.__main__").main(["no_such"])
    assert "no no_such; there are: anthropometry, damage" in capsys.readouterr().err
