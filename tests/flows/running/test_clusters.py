"""The same bytes on threads, on Dask and on Ray: real schedulers, worker processes, server and object store."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from flows import PROJECT
from flows.buckets.incremental import compute_far
from flows.buckets.work import Source, Work, plan_of
from tasks.base import tables
from tasks.base.digests import file_digest
from tasks.errors import InputError
from tasks.params.phantoms import PhantomVariation
from tasks.phantoms.dataset import draw_faces
from tasks.schemas.ingest import IMAGES
from tasks.schemas.symmetry import DISTANCES
from tasks.store.artifacts import Store
from tests.flows import counting
from tests.flows.buckets.test_incremental import image
from tests.flows.clusters import dask_cluster, object_store
from tests.flows.counting import Counting

VARIATION = PhantomVariation(yaw=4, pitch=3, roll=4, shift=0.05, zoom=0.08, opening=0.08, widening=0.3)
INPUTS = {"ingest_landmarks": ("images", "frames"), "ingest_lips": ("images", "frames", "landmarks")}


class Study:
    """Ten drawn faces and two stages on them; what threads made of them is in `landmarks` and `lips`."""

    def __init__(self, root: Path) -> None:
        self.root, self.connections = root, root / "connections.log"
        draw_faces(root / "raw", 10, seed=5, image_size=256, variation=VARIATION, workers=1)
        self.set(runner="threads")
        self.run("ingest_images", raw="raw", added="added", out="images", refusals="refused.parquet")
        (root / "frames").mkdir()
        for stage, out in (("ingest_landmarks", "landmarks"), ("ingest_lips", "lips")):
            self.stage(stage, out)

    def set(self, **runtime: object) -> None:
        numbers = yaml.safe_load((PROJECT / "params.yaml").read_text())
        numbers["runtime"] |= {"workers": 2, "buckets": 256, **runtime}
        numbers["ingest_landmarks"] |= {"detect_side": 256, "enlarge_to": 384}
        (self.root / "params.yaml").write_text(yaml.safe_dump(numbers))

    def start(self, stage: str, url: str | None = None, **given: str) -> "subprocess.Popen[str]":
        env = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT")}
        env |= {
            "PYTHONPATH": f"{PROJECT}{os.pathsep}{PROJECT / 'tests/audit'}",
            "CONNECTIONS_LOG": str(self.connections),
        }
        env |= {"PREFECT_HOME": str(self.root / ".prefect")}
        env |= {name: given.pop(name) for name in list(given) if name.isupper()}
        env |= {"PREFECT_API_URL": url} if url else {}
        options = [word for key, value in given.items() for word in (f"--{key}", value)]
        command = [sys.executable, "-m", "flows", stage, *options]
        return subprocess.Popen(
            command, cwd=self.root, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def run(self, stage: str, url: str | None = None, **given: str) -> str:
        process = self.start(stage, url, **given)
        said, _ = process.communicate(timeout=300)
        assert process.returncode == 0, said[-4000:]
        return said

    def stage(self, stage: str, out: str, url: str | None = None, **extra: str) -> str:
        return self.run(stage, url, **{name: name for name in INPUTS[stage]}, out=out, **extra)

    def digests(self, out: str) -> dict[str, str]:
        return {part.name: file_digest(part) for part in tables.parts(self.root / out)}

    def forget(self) -> None:
        """As on another machine: nothing in the local store."""
        (self.root / "data/.artifacts").rename(self.root / f"forgotten{time.monotonic_ns()}")

    def seen_from(self, folder: Path) -> Path:
        """The project as another machine mounts it, with a disk of its own for the store."""
        folder.mkdir()
        for name in ("raw", "images", "frames", "landmarks"):
            (folder / name).symlink_to(self.root / name)
        return folder


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return Study(tmp_path_factory.mktemp("study"))


def stored(folder: Path) -> int:
    return len(list((folder / "data/.artifacts/objects").rglob("*.parquet")))


@pytest.mark.long
def test_dask_workers_with_disks_of_their_own_meet_in_an_object_store(
    study: Study, server: str, tmp_path: Path
) -> None:
    workers = [study.seen_from(tmp_path / f"worker{number}") for number in range(2)]
    with object_store(tmp_path) as keys, dask_cluster(workers, tmp_path, **keys) as (address, pids):
        study.set(runner="dask", cluster=address, shared_store="s3://results/vermilion")
        study.forget()
        said = study.stage("ingest_landmarks", "landmarks_dask", server, **keys)
        buckets = len(study.digests("landmarks"))
        assert f"0 buckets reused (0 rows, 0 refused); {buckets} buckets computed (10 rows, 0 refused)" in said
        assert study.digests("landmarks_dask") == study.digests("landmarks")
        assert all(stored(worker) for worker in workers), "both computed, each on its own disk"
        assert stored(study.root) == sum(map(stored, workers)) == buckets, "fetched through the object store"
        assert len(list((tmp_path / "objects/results/vermilion/objects").rglob("*.parquet"))) == buckets
        assert_task_runs(server, "ingest_landmarks", buckets)
        study.forget()
        assert f"{buckets} buckets reused" in study.stage("ingest_landmarks", "landmarks_dask", server, **keys)

        os.kill(pids[0], signal.SIGSTOP)  # has work and does not do it
        run = study.start(
            "ingest_lips", server, images="images", frames="frames", landmarks="landmarks", out="lips_dask", **keys
        )
        wait_until(lambda: stored(workers[1]) > stored(workers[0]) + 1, run)
        os.kill(pids[0], signal.SIGKILL)
        said, _ = run.communicate(timeout=300)
        assert run.returncode == 0, said[-4000:]
        assert study.digests("lips_dask") == study.digests("lips")


def wait_until(true: Any, process: "subprocess.Popen[str]") -> None:
    until = time.monotonic() + 120
    while not true() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.2)
    assert true()


def assert_task_runs(server: str, stage: str, count: int) -> None:
    runs = httpx.post(f"{server}/flow_runs/filter", json={"flow_runs": {"name": {"any_": [stage]}}}, timeout=30).json()
    assert runs[0]["state_type"] == "COMPLETED"
    query = {"flow_runs": {"id": {"any_": [runs[0]["id"]]}}}
    until = time.monotonic() + 60
    while time.monotonic() < until:  # the server records them late
        states = [run["state_type"] for run in httpx.post(f"{server}/task_runs/filter", json=query, timeout=30).json()]
        if states == ["COMPLETED"] * count:
            return
        time.sleep(0.5)
    assert states == ["COMPLETED"] * count


@pytest.mark.long
@pytest.mark.parametrize("runner", ["dask", "ray"])
def test_a_cluster_started_for_the_stage_gives_the_same_bytes(study: Study, server: str, runner: str) -> None:
    if not importlib.util.find_spec(f"prefect_{runner}"):
        pytest.skip(f"prefect-{runner} is not installed")
    study.set(runner=runner)
    study.forget()
    log = study.root / f"connections_{runner}.log"
    said = study.stage("ingest_lips", f"lips_own_{runner}", server, CONNECTIONS_LOG=str(log))
    assert runner == "ray" or not outside(log), "Ray looks which cloud it is in: docs/scaling.md"
    assert "(10 rows, 0 refused)" in said
    assert "untracked" not in said
    assert study.digests(f"lips_own_{runner}") == study.digests("lips")


@pytest.mark.long
def test_without_a_server_this_machine_computes_and_says_so(study: Study) -> None:
    study.set(runner="dask", cluster="tcp://127.0.0.1:1")
    study.forget()
    said = study.stage("ingest_lips", "lips_untracked")
    assert "ingest_lips: no Prefect server, so not on dask but on this machine" in said
    assert study.digests("lips_untracked") == study.digests("lips")


@pytest.mark.long
def test_a_cluster_that_does_not_answer_is_one_line(study: Study, server: str) -> None:
    study.set(runner="dask", cluster="tcp://127.0.0.1:1")
    study.forget()
    run = study.start(
        "ingest_lips",
        server,
        images="images",
        frames="frames",
        landmarks="landmarks",
        out="none",
        DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT="2s",
    )
    said, _ = run.communicate(timeout=300)
    assert run.returncode == 1
    assert said.splitlines()[-1].startswith("ingest_lips: ")
    assert "127.0.0.1:1" in said.splitlines()[-1]


@pytest.mark.long
def test_nobody_outside_this_machine_was_asked(study: Study) -> None:
    """Of all the runs above but Ray's."""
    assert not outside(study.connections)


def outside(log: Path) -> list[str]:
    """The connections that were tried to anything but loopback, sockets in the file system and this machine's name."""
    tried = [line.split(" ", 1)[1] for line in log.read_text().splitlines()]
    assert any("127.0.0.1" in line for line in tried)
    here = ("('127.0.0.1'", "'127.0.0.1'", "b'127.0.0.1'", "'/", "b'/", "b'\\x00")
    return [line for line in tried if not line.startswith(here)]


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """One bucket's work, planned in the project's folder, and the folder of a worker."""
    home, away = tmp_path / "home", tmp_path / "away"
    for folder in (home, away):
        (folder / "raw").mkdir(parents=True)
    row = image(1, path="raw/1.bin")
    tables.write(IMAGES.table([row]), home / "images/00.parquet", IMAGES, provenance={})
    (home / "raw/1.bin").write_bytes(b"x")
    work = Work(
        stage="counting",
        compute=counting.measure,
        schema=DISTANCES,
        sources={"images": Source(Path("images"), IMAGES, ("image_id", "subject_id"))},
        settings={"settings": Counting(factor=1)},
    )
    monkeypatch.chdir(home)
    plan = plan_of(work, work.provenance(), "00")
    monkeypatch.chdir(away)
    return work, plan, home, away


def test_a_worker_that_sees_something_else_refuses_instead_of_refusing_photographs(
    bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, plan, home, away = bucket
    store = Store(away / "store")
    with pytest.raises(InputError, match=rf"worker .* in {away}: other inputs than where the run started"):
        compute_far(store, work, [plan])
    (away / "images").symlink_to(home / "images")
    with pytest.raises(InputError, match="1 of 1 raw files of bucket 00 cannot be opened"):
        compute_far(store, work, [plan])
    assert store.lookup("counting", plan.key) is None
    (away / "raw/1.bin").write_bytes(b"x")
    monkeypatch.setattr("flows.buckets.work.code_digest", lambda module: "other")
    with pytest.raises(InputError, match="other code than where the run started"):
        compute_far(store, work, [plan])
    monkeypatch.undo()
    monkeypatch.chdir(away)
    assert compute_far(store, work, [plan]) is None
    assert store.lookup("counting", plan.key)


def test_a_shared_store_that_fails_is_told_by_the_worker(bucket: Any) -> None:
    work, plan, home, _ = bucket
    os.chdir(home)
    trouble = compute_far(Store(home / "store", str(home / "not mounted")), work, [plan])
    assert trouble and "not mounted: no such folder on this machine" in trouble
