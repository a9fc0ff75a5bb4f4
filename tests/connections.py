"""Programs run under `strace`: every address beyond this machine that any of their threads and children turns to.

In: a command. Out: the system calls, one line each, in which it looked a name up or opened a connection, native
libraries included, which Python's own hooks (tests/audit) cannot see. Linux with strace only.
"""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

CALLS = "connect,sendto,sendmsg,sendmmsg"
ADDRESS = re.compile(r'sa_family=AF_INET6?, .*?(?:inet_addr\("|inet_pton\(AF_INET6, ")([^"]+)"')


def _strace() -> str:
    found = shutil.which("strace")
    if found and subprocess.run([found, "-qq", "-o", "/dev/null", "true"], capture_output=True, check=False).returncode:
        return ""
    return found or ""


STRACE = _strace()
needs_strace = pytest.mark.skipif(not STRACE, reason="no strace, or it may not look at processes here")


@contextmanager
def watched(
    log: Path, command: Sequence[str], *, folder: Path, env: Mapping[str, str]
) -> Iterator["subprocess.Popen[str]"]:
    """The command while it runs; at the end it is asked to stop, if it still runs, and its calls are in `log`."""
    traced = [STRACE, "-f", "--seccomp-bpf", "-qq", "-s", "64", "-e", f"trace={CALLS}", "-o", str(log), *command]
    with subprocess.Popen(
        traced, cwd=folder, env=dict(env), text=True, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)  # strace itself hears no signal while it writes into a file


def beyond(log: Path) -> list[str]:
    """The calls that name an address which is not this machine's own, and what was asked of a name server."""
    lines = log.read_text(errors="replace").splitlines()
    return [line for line in lines if (to := ADDRESS.search(line)) and not _is_own(to[1])]


def _is_own(address: str) -> bool:
    return address.removeprefix("::ffff:").startswith("127.") or address in ("::1", "0.0.0.0", "::")
