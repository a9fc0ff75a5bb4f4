"""What a night costs when there is nothing to do.

    python -m bench.rebuild idle     in a project that is up to date: `vermilion rebuild` against `dvc repro`

Both are whole programs, timed from outside. With a server and without: a server of its own is started for it.
--tiny: everything once and two stages, without a server.
"""

import argparse
import os
import socket
import statistics
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

from bench.spent import Spent, spent
from flows.serving.server import api_url, own_secret, own_server

TIMES = 3
BIN = Path(sys.executable).parent


def idle(*, tiny: bool) -> None:
    """Medians of three runs of each, and that no stage ran."""
    said = _run([str(BIN / "dvc"), "status", "--json"]).said
    if said.strip() != "{}":
        sys.exit("bench.rebuild idle: there is something to do in this project; run `dvc repro` first")
    rows = [("dvc repro (the peer)", [str(BIN / "dvc"), "repro"], False)]
    rows += [("every stage with dvc repro --single-item", [], False)]
    command = [str(BIN / "vermilion"), "rebuild", "--publish"]
    rows += [("vermilion rebuild, no server", command, False)]
    rows += [] if tiny else [("the nightly flow, in the UI", command, True)]
    for name, words, tracked in rows:
        wall, cpu = _median(words, tracked=tracked, tiny=tiny)
        print(f"{name:45} {wall:6.1f} s {cpu:6.1f} CPU s", flush=True)


def _median(words: list[str], *, tracked: bool, tiny: bool) -> tuple[float, float]:
    """Wall seconds and CPU seconds; without a server's."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["PREFECT_HOME"] = home
        os.environ.pop("PREFECT_API_URL", None)
        port = _free_port()
        with own_server(port, own_secret()) if tracked else nullcontext():
            if tracked:
                os.environ |= {"PREFECT_API_URL": api_url(port), "PREFECT_API_AUTH_STRING": own_secret()}
            found = []
            for _ in range(TIMES if words and not tiny else 1):
                found += [_run(words)] if words else [_one_by_one(2 if tiny else None)]
                assert "Running stage" not in found[-1].said, found[-1].said
    return statistics.median(own.wall for own in found), statistics.median(own.cpu for own in found)


def _one_by_one(most: int | None) -> Spent:
    """A program of DVC's for every stage (or so many): how a flow over stages would do it plainly."""
    listed = _run([str(BIN / "dvc"), "stage", "list", "--name-only"]).said.split()[:most]
    done = [_run([str(BIN / "dvc"), "repro", "--single-item", name]) for name in listed]
    return Spent(sum(own.wall for own in done), sum(own.cpu for own in done), "".join(own.said for own in done))


def _run(words: list[str]) -> Spent:
    with tempfile.TemporaryDirectory() as name:
        return spent(words, Path(), os.environ, Path(name) / "answer")


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
