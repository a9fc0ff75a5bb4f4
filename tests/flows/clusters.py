"""Real clusters on loopback for tests: a Dask scheduler with workers in folders of their own, and an object store."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from flows import PROJECT
from tests.server import free_port, stop


@contextmanager
def running(command: Sequence[str], folder: Path, log: Path, **extra: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A program in a folder, ended with the context; what it says is in `log`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
    environment |= {"PYTHONPATH": str(PROJECT), "PREFECT_HOME": str(log.with_suffix(".prefect")), **extra}
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=out)
        try:
            yield process
        finally:
            stop(process)


def wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Until something listens on the port of this machine."""
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(1)
            if not probe.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.2)
    raise RuntimeError(f"nothing listens on {port}:\n{log.read_text()[-2000:]}")


@contextmanager
def dask_cluster(folders: Sequence[Path], logs: Path, **extra: str) -> Iterator[tuple[str, list[int]]]:
    """A scheduler's address, and the process ids of one worker for each folder, started in it."""
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port)]
    with ExitStack() as stack:
        log = logs / "scheduler.log"
        wait_for(port, stack.enter_context(running([*command, "--no-dashboard"], logs, log)), log)
        workers = []
        for number, folder in enumerate(folders):
            worker = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny"]
            worker += ["--no-dashboard", "--name", str(number), "--local-directory", str(logs / f"scratch{number}")]
            workers.append(stack.enter_context(running(worker, folder, logs / f"worker{number}.log", **extra)))
        yield address, [worker.pid for worker in workers]


@contextmanager
def object_store(folder: Path) -> Iterator[dict[str, str]]:
    """The environment in which s3://results is a bucket of a real S3-compatible server; its files lie in `folder`."""
    port = free_port()
    (folder / "objects/results").mkdir(parents=True)
    command = [sys.executable, "-m", "localbucket", "objects", "--port", str(port)]
    with running(command, folder, folder / "objects.log") as server:
        wait_for(port, server, folder / "objects.log")
        yield {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
