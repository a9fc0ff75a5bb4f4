"""A stage is one flow run when a real server answers, and plain work when none does; both share one store."""

import os
import subprocess
import sys
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from flows import PROJECT
from flows.running.address import owner
from tests.here import stage
from tests.server import free_port, prefect_server


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with params.yaml and eight files that are no pictures: refused quickly, in seven buckets."""
    numbers = yaml.safe_load((PROJECT / "params.yaml").read_text())
    numbers["runtime"] |= {"workers": 1, "buckets": 256}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(numbers))
    raw = tmp_path / "raw"
    raw.mkdir()
    lines = ["path,subject_id,population"]
    for number in range(8):
        (raw / f"{number}.jpg").write_text(f"no picture {number}")
        lines.append(f"{number}.jpg,s{number},control")
    (raw / "images.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def list_images(project: Path, url: str | None) -> str:
    options = ["--raw", "raw", "--added", "added", "--out", "images", "--refusals", "refused.parquet"]
    return stage(project, "ingest_images", *options, server=url)


def sample_clips(project: Path, url: str | None) -> str:
    return stage(project, "ingest_frames", "--images", "images", "--out", "frames", server=url)


def locate_faces(project: Path, url: str | None) -> str:
    options = ["--images", "images", "--frames", "frames", "--out", "landmarks"]
    return stage(project, "ingest_landmarks", *options, server=url)


def runs(server: str, name: str, *, but: Collection[str] = ()) -> list[dict[str, Any]]:
    """The flow runs of this name, but for those with these ids: the server has other tests' runs too."""
    query = {"flow_runs": {"name": {"any_": [name]}}}
    rows = httpx.post(f"{server}/flow_runs/filter", json=query, timeout=30).json()
    return [row for row in rows if row["id"] not in but]


def test_without_a_server_a_stage_runs_and_says_how_to_watch(project: Path) -> None:
    """As a process of its own; the tests below start stages in this one, which spares their imports."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT")}
    env |= {"PYTHONPATH": str(PROJECT), "PREFECT_HOME": str(project / ".prefect"), "DVC_STAGE": "ingest_images"}
    options = ["--raw", "raw", "--added", "added", "--out", "images", "--refusals", "refused.parquet"]
    command = [sys.executable, "-m", "flows", "ingest_images", *options]
    done = subprocess.run(command, cwd=project, env=env, text=True, capture_output=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert "untracked" in done.stdout
    assert "vermilion serve" in done.stdout
    assert "8 images" in done.stdout


def test_with_a_server_named_that_does_not_answer_a_stage_runs_too(project: Path) -> None:
    assert "untracked" in list_images(project, f"http://127.0.0.1:{free_port()}/api")


@pytest.mark.long
def test_tracked_and_untracked_runs_share_the_store(project: Path, server: str) -> None:
    others = {run["id"] for run in runs(server, "ingest_landmarks")}
    for step in (list_images, sample_clips, locate_faces):
        said = step(project, server)
        assert "untracked" not in said
    assert "7 buckets computed (8 rows, 8 refused)" in said
    [run] = runs(server, "ingest_landmarks", but=others)
    assert run["state_type"] == "COMPLETED"
    assert set(run["tags"]) == {"vermilion", "dvc:ingest_landmarks", owner(project)}
    flow_run = {"flow_runs": {"id": {"any_": [run["id"]]}}}
    assert len(recorded(server, "task_runs", flow_run, 7)) == 7
    artifacts = httpx.post(f"{server}/artifacts/filter", json=flow_run, timeout=30).json()
    assert {artifact["type"] for artifact in artifacts} == {"progress", "table"}
    assert "7 buckets reused (8 rows, 8 refused); 0 buckets computed" in locate_faces(project, None)


def recorded(server: str, what: str, query: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """What the server has of it, once it has `count`: what a process would wait for at its end is noted late here."""
    until = time.monotonic() + 60
    while True:
        rows: list[dict[str, Any]] = httpx.post(f"{server}/{what}/filter", json=query, timeout=30).json()
        if len(rows) >= count or time.monotonic() > until:
            return rows
        time.sleep(0.2)


def test_bad_input_is_one_line_and_no_traceback(project: Path, server: str) -> None:
    (project / "raw/images.csv").write_text("path,subject\n")
    for url in (None, server):
        with pytest.raises(SystemExit, match="no column subject_id; no column population"):
            list_images(project, url)


def test_a_stage_whose_system_is_off_completes(project: Path, server: str) -> None:
    numbers = yaml.safe_load((project / "params.yaml").read_text())
    numbers["systems"]["anomaly"] = False
    (project / "params.yaml").write_text(yaml.safe_dump(numbers))
    options = ["--images", "images", "--landmarks", "landmarks", "--out", "aligned"]
    said = stage(project, "anomaly_align", *options, server=server)
    assert "anomaly_align: nothing to do: anomaly is off; write anomaly: true under systems in params.yaml" in said
    assert [run["state_type"] for run in runs(server, "anomaly_align")] == ["COMPLETED"]
    assert [file.name for file in (project / "aligned").iterdir()] == ["absent.json"]


DYING = """
import os, signal, sys, time
from pathlib import Path
import flows
from prefect import flow
from flows.running.tracking import run_stage

@flow
def dying(out: Path) -> None:
    os.kill(int(sys.argv[1]), signal.SIGKILL)
    time.sleep(1)
    out.write_text("done")

run_stage(dying, "dying", out=Path(sys.argv[2]))
"""


@pytest.mark.long
def test_a_server_that_dies_does_not_fail_a_stage_whose_work_is_done(tmp_path: Path) -> None:
    home = tmp_path / "server"
    home.mkdir()
    with prefect_server(home) as url:
        env = os.environ | {"PYTHONPATH": str(PROJECT), "PREFECT_API_URL": url, "PREFECT_HOME": str(tmp_path / "home")}
        command = [sys.executable, "-c", DYING, (home / "server.pid").read_text(), str(tmp_path / "out")]
        done = subprocess.run(command, env=env, text=True, capture_output=True, timeout=200, check=False)
    assert (tmp_path / "out").read_text() == "done"
    assert done.returncode == 0, done.stderr
    assert "could not record it" in done.stderr
