"""A Prefect server of this project's own, on loopback: checked, started, waited for, stopped.

In: a port and a secret that every client has to know. Out: the address of its API. Its database, its log and the secret
lie in PREFECT_HOME, which no other account may enter. Knows nothing of what runs on it.
"""

import os
import secrets
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path

from flows.running.address import answers
from flows.running.elsewhere import DATABASES
from flows.running.ports import HOST, listening
from tasks.base.processes import die_with_parent
from tasks.errors import InputError

LOG = "server.log"
SECRET = "secret"
START_SECONDS = 180.0
STOP_SECONDS = 20.0

SETTINGS = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
    "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
    "PREFECT_SERVER_SERVICES_SCHEDULER_MAX_SCHEDULED_TIME": "P7D",  # a week of nights in the UI, not a hundred days
    # One at a time, as Prefect has it, a task run costs the server 21 ms and SQLite stalls; in batches 6 ms.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_TRIGGERS_READ_BATCH_SIZE": "100",
}
"""What the server gets unless the environment says otherwise."""


def api_url(port: int) -> str:
    """The address of the API of a server on that port."""
    return f"http://{HOST}:{port}/api"


def own_secret() -> str:
    """The project's secret, made at the first call; then it stays, so that browsers need be told but once."""
    home = Path(os.environ["PREFECT_HOME"])
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)  # InputError's kin, an OSError, where it is another account's
    kept = home / SECRET
    if not kept.exists():
        temporary = kept.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"vermilion:{secrets.token_urlsafe(32)}")
        temporary.replace(kept)
    kept.chmod(0o600)
    secret = kept.read_text(encoding="utf-8").strip()
    if len(secret) < len("vermilion:") + 32:
        raise InputError(f"{kept}: holds no secret; remove it and start again")
    return secret


@contextmanager
def own_server(port: int, secret: str) -> Iterator[Callable[[], bool]]:
    """A healthy server, which is stopped at the end and dies with this process; whether it still runs.

    InputError: the port is taken, or the database cannot be used.
    """
    home = Path(os.environ["PREFECT_HOME"])
    if not any(name in os.environ for name in DATABASES):
        _check_database(home / "prefect.db")
    log = home / LOG
    with listening(port) as opened:
        server = _start(port, log, opened.fileno(), secret)
    try:
        _wait(server, log, port)
        yield lambda: server.poll() is None
    finally:
        _stop(server)


def _check_database(path: Path) -> None:
    """Refuse a damaged file before the server stumbles over it hours later."""
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path, timeout=30)) as database:
            [(found,)] = database.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found != "ok":
        raise InputError(_unusable(path, f"is damaged ({found})"))


def _unusable(path: Path, why: str) -> str:
    return f"{path}: {why}; move it away and start again. It holds the history of runs, no results"


def _start(port: int, log: Path, listening: int, secret: str) -> "subprocess.Popen[bytes]":
    own = {
        "PREFECT_API_URL": api_url(port),
        "PREFECT_SERVER_API_AUTH_STRING": secret,
        "PREFECT_API_AUTH_STRING": secret,
    }
    command = [sys.executable, "-m", "flows.serving.guarded", str(listening)]
    with log.open("wb") as file:
        return subprocess.Popen(
            command,
            env=SETTINGS | os.environ | own,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            pass_fds=[listening],
            start_new_session=True,  # Ctrl-C is for us; the server goes last
            preexec_fn=partial(die_with_parent, os.getpid()),
        )


def _wait(server: "subprocess.Popen[bytes]", log: Path, port: int) -> None:
    print("starting the Prefect server ...", flush=True)
    until = time.monotonic() + START_SECONDS
    while not answers(api_url(port)):
        if server.poll() is not None:
            raise InputError(_why(log))
        if time.monotonic() > until:
            raise InputError(f"the Prefect server does not answer after {START_SECONDS:.0f} s; see {log}")
        time.sleep(0.2)


def _why(log: Path) -> str:
    """Why the server did not start, from its log."""
    said = log.read_text(encoding="utf-8", errors="replace")
    if "Can't locate revision" in said:
        return _unusable(log.with_name("prefect.db"), "was written by another version of Prefect")
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return f"the Prefect server ended: {lines[-1] if lines else 'it said nothing'}; see {log}"


def _stop(server: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        server.terminate()
    try:
        server.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
