"""A real PostgreSQL on loopback, in a folder of its own, gone with the test."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.flows.clusters import wait_for
from tests.server import free_port

NOBODY = 65534


def programs() -> Path | None:
    """Where PostgreSQL's programs lie, the newest if there are several; None where there are none."""
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    return Path(found).parent if found else folders[-1] if folders else None


@contextmanager
def postgres(bin_folder: Path) -> Iterator[str]:
    """The address of a database for SQLAlchemy and asyncpg. The server refuses root, so it runs as nobody then."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        root, port, other = Path(name), free_port(), _other_user()
        password, data, log = root / "password", root / "data", root / "log"
        password.write_text("secret")
        if other:
            for path in (root, password):
                os.chown(path, NOBODY, NOBODY)
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
        create: list[str | Path] = [
            bin_folder / "initdb",
            "-D",
            data,
            "-U",
            "prefect",
            "-A",
            "scram-sha-256",
            "--pwfile",
            password,
        ]
        serve: list[str | Path] = [bin_folder / "postgres", "-D", data, "-p", str(port)]
        serve += [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        subprocess.run([*create, "--no-sync"], cwd=root, check=True, capture_output=True, **other)
        with log.open("w") as out:
            server: subprocess.Popen[bytes] = subprocess.Popen(serve, cwd=root, stdout=out, stderr=out, **other)
            try:
                wait_for(port, server, log)
                yield f"postgresql+asyncpg://prefect:secret@127.0.0.1:{port}/postgres"
            finally:
                server.send_signal(signal.SIGINT)
                server.wait(timeout=60)


def _other_user() -> dict[str, Any]:
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
