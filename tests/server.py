"""A real Prefect server on loopback, with its files in a folder of its own.

Prefect takes 3 s of a core to bring a new database up to date, so an empty one that is stays in `.cache/tests`.
"""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from flows import PROJECT
from tasks.base.digests import file_digest


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def kept_database() -> Path:
    """Where an empty database lies, or would lie, that is up to date for the Prefect which is installed."""
    return PROJECT / f".cache/tests/prefect-{file_digest(PROJECT / 'requirements.lock')[:12]}.db"


def _keep_database(home: Path) -> None:
    """Keep the database of a server that has just started."""
    kept = kept_database()
    kept.parent.mkdir(parents=True, exist_ok=True)
    made = kept.with_suffix(f".{os.getpid()}")
    with closing(sqlite3.connect(home / "prefect.db")) as database, closing(sqlite3.connect(made)) as copy:
        database.backup(copy)
    made.replace(kept)


@contextmanager
def prefect_server(folder: Path, database: str | None = None, secret: str | None = None) -> Iterator[str]:
    """The API's address of a server that runs as long as the context; server.log and server.pid lie in `folder`.

    `database`: its address; None is SQLite in `folder`. `secret`: `name:password` that it asks for, beside CSRF tokens.
    """
    port = free_port()
    env = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
    env |= {"PREFECT_HOME": str(folder), "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
    env |= {"PREFECT_SERVER_DATABASE_CONNECTION_URL": database} if database else {}
    if secret:
        env |= {"PREFECT_SERVER_API_AUTH_STRING": secret, "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true"}
    new = database is None and not (folder / "prefect.db").exists()
    if new and kept_database().exists():
        shutil.copy(kept_database(), folder / "prefect.db")
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(command, env=env, stdout=log, stderr=log)
        (folder / "server.pid").write_text(str(server.pid))
        try:
            _wait(f"http://127.0.0.1:{port}/api/health", server, folder / "server.log")
            if new and not kept_database().exists():
                _keep_database(folder)
            yield f"http://127.0.0.1:{port}/api"
        finally:
            stop(server)


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End a process: asked first, then made to."""
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            if server.poll() is not None:
                break
            time.sleep(0.3)
    raise RuntimeError(f"the Prefect server did not start:\n{log.read_text()[-2000:]}")
