"""A process that has opened COLMAP ends as any other does."""

import signal
import subprocess
import sys

import pytest

from tasks.surface.cameras.colmap import pycolmap
from tasks.surface.cameras.features import quiet


def test_sigterm_ends_it_without_a_word() -> None:
    code = "import os, signal, tasks.surface.cameras.features; os.kill(os.getpid(), signal.SIGTERM)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGTERM, "", "")


def test_colmap_says_nothing_while_it_is_to_be_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet():
        pycolmap.logging.error("no good initial image pair found in left_30.jpg")
    assert capfd.readouterr() == ("", "")
    pycolmap.logging.error("loud again")
    assert "loud again" in capfd.readouterr().err
