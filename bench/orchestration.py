"""What the machinery around the computing costs, and how that grows: the slopes of docs/scaling.md.

    python -m bench.orchestration                              all of it
    python -m bench.orchestration buckets [--size 256]         the store: a bucket's metadata, and MB of results
    python -m bench.orchestration prefect [--size 500]         a server's work for task runs
    python -m bench.orchestration dvc [--size 10000]           hashing folders of small files
    python -m bench.orchestration photographs [--size 10000]   listing photographs
    python -m bench.orchestration [...] --tiny                 any of them, as small as can be

CPU seconds count more than wall seconds: they hardly change when the machine is busy.
"""

import argparse
import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa

from flows import PROJECT

SIZES = {"buckets": 256, "prefect": 500, "dvc": 10_000, "photographs": 10_000}
TINY = {"buckets": 8, "prefect": 5, "dvc": 10, "photographs": 10}


@dataclass(frozen=True)
class Cost:
    """What a program or a call took."""

    wall: float
    cpu: float
    peak_mb: float = 0.0

    def __str__(self) -> str:
        return f"{self.wall:.2f} s, {self.cpu:.2f} s CPU" + (f", {self.peak_mb:.0f} MB" if self.peak_mb else "")


def run(folder: Path, *command: str) -> Cost:
    """A program's cost, with that of the processes it waited for."""
    environment = os.environ | {"PYTHONPATH": str(PROJECT), "PREFECT_HOME": str(folder / ".prefect")}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    start = time.perf_counter()
    with (folder / "said").open("w") as said:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=said, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}:\n{(folder / 'said').read_text()[-2000:]}")
    return Cost(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def call(function: Callable[[], object]) -> Cost:
    """A call's cost in this process; what it prints is not shown."""
    start, before = time.perf_counter(), time.process_time()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        function()
    return Cost(time.perf_counter() - start, time.process_time() - before)


@contextmanager
def folder() -> Iterator[Path]:
    """A project's folder with params.yaml, which is the current one for as long."""
    with tempfile.TemporaryDirectory() as name:
        shutil.copy(PROJECT / "params.yaml", name)
        with contextlib.chdir(name):
            yield Path(name)


def halves(images: pa.Table, *, size: int) -> pa.Table:
    """A bucket's result of about `size` bytes: the stage that is timed."""
    from tasks.schemas.symmetry import HALVES

    noise = np.random.default_rng(images.num_rows).bytes(size // 2 + 1)
    return HALVES.table([{"half_of": images["image_id"][0].as_py(), "left": noise, "right": noise[::-1]}])


def buckets(count: int) -> None:
    """A stage with nothing to compute: what each bucket costs, and each MB of results."""
    from flows.buckets.incremental import run_buckets
    from flows.buckets.work import Source, Work
    from tasks import params
    from tasks.base import tables
    from tasks.params.running import Runtime
    from tasks.schemas.ingest import IMAGES
    from tasks.schemas.symmetry import HALVES

    def measured(count: int, size: int) -> Cost:
        with folder() as here:
            for number in range(count):
                image_id = f"{number:02x}{number:062x}"
                row = {"image_id": image_id, "path": "x", "names": ["x"], "kind": "still", "subject_id": str(number)}
                table = IMAGES.table([row | {"population": "control", "size_bytes": 1}])
                tables.write(table, here / f"images/{number:04x}.parquet", IMAGES, provenance={})
            work = Work("bench", halves, HALVES, {"images": Source(here / "images", IMAGES)}, {"size": size})
            runtime = params.load(Runtime, "runtime").model_copy(update={"workers": 1})
            first = call(lambda: run_buckets(work, Path("out"), runtime=runtime))
            shutil.rmtree("out")
            again = call(lambda: run_buckets(work, Path("out"), runtime=runtime))
            print(f"{count} buckets of {size / 2**20:.0f} MB: first {first}; with all of them there {again}")
            if not size:
                records = [path.stat().st_size for path in Path("data/.artifacts/references").rglob("*.json")]
                files = sum(1 for path in Path("data/.artifacts").rglob("*") if path.is_file())
                print(f"metadata: {np.mean(records):.0f} bytes a record, {files / count:.1f} files a bucket and stage")
        return again

    each = measured(count, 0).cpu / count
    many, megabytes = count // 8, 16
    a_megabyte = (measured(many, megabytes * 2**20).cpu - each * many) / (many * megabytes)
    print(f"a bucket that is there: {1000 * each:.2f} ms CPU")
    print(f"its bytes (checked, and copied into the out): {1000 * a_megabyte:.2f} ms CPU a MB")


def prefect(runs: int) -> None:
    """A server's work for task runs that do nothing, beyond what a flow costs anyway."""
    with folder() as here:
        from tests.server import free_port

        port = free_port()
        os.environ |= {"PREFECT_HOME": str(here), "PREFECT_API_URL": f"http://127.0.0.1:{port}/api"}
        from flows.serving.server import own_secret, own_server

        os.environ["PREFECT_API_AUTH_STRING"] = own_secret()
        with own_server(port, own_secret()):
            server = next(p for p in psutil.Process().children(recursive=True) if _listens(p, port))
            few, many = (_task_runs(server, here, number) for number in (20, runs + 20))
    per = 1000 / runs
    print(f"20 task runs {few}\n{runs + 20} task runs {many}")
    calls, client, cpu, disk = ((many[name] - few[name]) * per for name in ("calls", "client_cpu", "server_cpu", "mb"))
    print(f"a thousand task runs: {calls:.0f} HTTP calls beside the event stream, {client:.1f} s CPU in the stage")
    print(f"a thousand task runs: {cpu:.1f} s CPU and {disk:.0f} MB of database in the server")


def _listens(process: psutil.Process, port: int) -> bool:
    return any(one.status == "LISTEN" and one.laddr.port == port for one in process.net_connections())


TASK_RUNS = """
import json, sys, time
import httpx
calls = 0
for kind in (httpx.Client, httpx.AsyncClient):
    def count(self, *given, send=kind.send, **more):
        global calls
        calls += 1
        return send(self, *given, **more)
    kind.send = count
import flows
from prefect import flow
from flows.running.runners import run_here
from flows.running.tracking import run_stage

def nothing() -> None: ...

@flow
def bench() -> None:
    run_here("bench", nothing, {f"{n:05d}": {} for n in range(int(sys.argv[1]))}, 4, lambda count: None)

run_stage(bench, "bench")
print("calls", json.dumps({"calls": calls, "client_cpu": time.process_time()}))
"""


def _task_runs(server: psutil.Process, here: Path, runs: int) -> dict[str, float]:
    before, disk = _cpu(server), _database(here)
    done = subprocess.run(
        [sys.executable, "-c", TASK_RUNS, str(runs)],
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        text=True,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    used = _cpu(server)
    while True:  # the server records task runs late
        time.sleep(3)
        used, last = _cpu(server), used
        if used - last < 0.3:
            break
    counted = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("calls"))[6:])
    return {**counted, "server_cpu": round(used - before, 2), "mb": round(_database(here) - disk, 2)}


def _cpu(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user) + float(used.system)


def _database(here: Path) -> float:
    return float(sum(path.stat().st_size for path in here.glob("prefect.db*"))) / 2**20


def dvc(files: int) -> None:
    """A folder of small files under DVC: added, asked for, a stage that depends on it."""
    costs = {}
    for count in (files // 10, files):
        with folder() as here:
            for number in range(count):
                path = here / f"raw/{number % 100:02d}/{number}.jpg"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(number.to_bytes(4, "big") * 256)
            Path("dvc.yaml").write_text("stages:\n  s:\n    cmd: touch out\n    deps: [raw]\n    outs: [out]\n")
            for command in (("git", "init", "-q"), ("dvc", "init", "-q"), ("dvc", "config", "core.analytics", "false")):
                run(here, *command)
            cost = {"add": run(here, "dvc", "add", "-q", "raw"), "first repro": run(here, "dvc", "repro", "-q", "s")}
            cost |= {"status": run(here, "dvc", "status", "-q"), "idle repro": run(here, "dvc", "repro", "-q", "s")}
            (here / "raw/one_more.jpg").write_bytes(b"one more")
            cost["add after one more"] = run(here, "dvc", "add", "-q", "raw")
            costs[count] = cost
    for name in costs[files]:
        few, many = (costs[count][name] for count in costs)
        slope = 1000 * (many.cpu - few.cpu) / (files - files // 10)
        print(f"dvc {name}: {files // 10} files {few}; {files} files {many}; {slope:.3f} s CPU a thousand files more")


def photographs(count: int) -> None:
    """The stage that lists photographs: it alone holds one row of each in memory."""
    costs = {}
    for number in (count // 10, count):
        with folder() as here:
            (here / "raw").mkdir()
            for one in range(number):
                (here / f"raw/{one}.jpg").write_bytes(one.to_bytes(4, "big") * 256)
            (here / "raw/images.csv").write_text("path,subject_id,population\n.,{stem},control\n")
            options = ("--raw", "raw", "--added", "added", "--out", "images", "--refusals", "refused.parquet")
            costs[number] = run(here, sys.executable, "-m", "flows", "ingest_images", *options)
            print(f"ingest_images, {number} photographs of 1 kB: {costs[number]}")
    few, many = costs.values()
    thousands = (count - count // 10) / 1000
    cpu, memory = (many.cpu - few.cpu) / thousands, (many.peak_mb - few.peak_mb) / thousands
    print(f"a thousand more: {cpu:.2f} s CPU, {memory:.1f} MB")


def main(given: list[str] | None = None) -> None:
    """One of them, or each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=list(SIZES))
    parser.add_argument("--size", type=int)
    parser.add_argument("--tiny", action="store_true", help="sizes at which the slopes mean nothing")
    options = parser.parse_args(given)
    if options.what:
        globals()[options.what](options.size or (TINY if options.tiny else SIZES)[options.what])
        return
    for what in SIZES:
        print(f"\n== {what}", flush=True)
        tiny = ["--tiny"] if options.tiny else []
        subprocess.run([sys.executable, "-m", "bench.orchestration", what, *tiny], check=True)


if __name__ == "__main__":
    main()
