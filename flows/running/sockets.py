"""Where a DVC process's forks are asked for: a socket in a folder that no other account can enter.

In: DVC's process id. Out: the socket's address. Linux. Knows nothing of what is said there.
"""

import fcntl
import hashlib
import json
import os
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def address_of(dvc: int) -> Iterator[str]:
    """Where the process of a DVC process listens. Short, however long the project's path is; valid in the block, which
    one process at a time enters.

    OSError: the folder cannot be made, or belongs to another account.
    """
    folder = os.open(_folder(), os.O_RDONLY | os.O_DIRECTORY)
    try:
        if os.fstat(folder).st_uid != os.getuid():
            raise PermissionError(f"{_folder()} belongs to another account")
        os.fchmod(folder, 0o700)
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield f"/proc/self/fd/{folder}/{_name(dvc)}"
    finally:
        os.close(folder)


def socket_of(dvc: int) -> Path:
    """The socket's file."""
    return _folder() / _name(dvc)


def _folder() -> Path:
    folder = Path(os.environ["PREFECT_HOME"]) / "forks"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _name(dvc: int) -> str:
    started = Path(f"/proc/{dvc}/stat").read_text().rpartition(")")[2].split()[19]
    whose = json.dumps([dvc, started, sys.executable, str(Path.cwd())])
    return f"{dvc}-{hashlib.sha256(whose.encode()).hexdigest()[:32]}"


def is_taken(address: str) -> bool:
    """Whether another stage was faster."""
    with socket.socket(socket.AF_UNIX) as asking, suppress(FileNotFoundError, ConnectionRefusedError):
        asking.connect(address)
        return True
    return False


def tidy() -> None:
    """Remove the sockets of DVC processes that are gone."""
    for left in _folder().iterdir():
        if not Path(f"/proc/{left.name.partition('-')[0]}").exists():
            left.unlink(missing_ok=True)


def is_ours(other: socket.socket) -> bool:
    """Whether the same user is at the other end."""
    _, user, _ = struct.unpack("3i", other.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return bool(user == os.getuid())
