"""What a night costs when there is nothing to do.

    python -m bench.rebuild idle     in a project that is up to date: `vermilion rebuild` against `dvc repro`

Both are whole programs, timed from outside. With a server and without: a server of its own is started for it.
--tiny: everything once and two stages, without a server.
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

from flows.serving.server import api_url, own_secret, own_server
from tasks.errors import InputError

TIMES = 3
BIN = Path(sys.executable).parent


def idle(*, tiny: bool) -> None:
    """Medians of three runs of each, and that no stage ran."""
    said = _run([str(BIN / "dvc"), "status", "--json"])[1]
    if said.strip() != "{}":
        sys.exit("bench.rebuild idle: there is something to do in this project; run `dvc repro` first")
    rows = [("dvc repro (the peer)", [str(BIN / "dvc"), "repro"], False)]
    rows += [("every stage with dvc repro --single-item", [], False)]
    command = [str(BIN / "vermilion"), "rebuild", "--publish"]
    rows += [("vermilion rebuild, no server", command, False)]
    rows += [] if tiny else [("the nightly flow, in the UI", command, True)]
    for name, words, tracked in rows:
        print(f"{name:45} {_median(words, tracked=tracked, tiny=tiny):6.1f} s", flush=True)


def _median(words: list[str], *, tracked: bool, tiny: bool) -> float:
    with tempfile.TemporaryDirectory() as home:
        os.environ["PREFECT_HOME"] = home
        os.environ.pop("PREFECT_API_URL", None)
        port = _free_port()
        with own_server(port, own_secret()) if tracked else nullcontext():
            if tracked:
                os.environ |= {"PREFECT_API_URL": api_url(port), "PREFECT_API_AUTH_STRING": own_secret()}
            seconds = []
            for _ in range(TIMES if words and not tiny else 1):
                spent, said = _run(words) if words else _one_by_one(2 if tiny else None)
                assert "Running stage" not in said, said
                seconds.append(spent)
    return statistics.median(seconds)


def _one_by_one(most: int | None) -> tuple[float, str]:
    """A program of DVC's for every stage (or so many): how a flow over stages would do it plainly."""
    listed = _run([str(BIN / "dvc"), "stage", "list", "--name-only"])[1].split()[:most]
    done = [_run([str(BIN / "dvc"), "repro", "--single-item", name]) for name in listed]
    return sum(spent for spent, _ in done), "".join(said for _, said in done)


def _run(words: list[str]) -> tuple[float, str]:
    """Wall seconds of a program and what it printed."""
    begun = time.perf_counter()
    done = subprocess.run(words, text=True, capture_output=True, check=False)
    if done.returncode:
        raise InputError(f"{' '.join(words)} exited {done.returncode}:\n{done.stdout}{done.stderr}")
    return time.perf_counter() - begun, done.stdout + done.stderr


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main(given: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser("python -m bench.rebuild", description=__doc__)
    parser.add_argument("what", choices=["idle"])
    parser.add_argument("--tiny", action="store_true")
    idle(tiny=parser.parse_args(given).tiny)


if __name__ == "__main__":
    main()
