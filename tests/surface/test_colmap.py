"""A process that has opened COLMAP ends as any other does."""

import signal
import subprocess
import sys


def test_sigterm_ends_it_without_a_word() -> None:
    code = "import os, signal, tasks.surface.features; os.kill(os.getpid(), signal.SIGTERM)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGTERM, "", "")
