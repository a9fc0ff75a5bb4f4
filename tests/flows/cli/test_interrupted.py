"""Ctrl-C is one line, whenever it comes: while programs are imported, and while they work."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.project import environment


@pytest.mark.parametrize("after", [0.2, 1.0, 2.5])
def test_ctrl_c_is_one_line(root: Path, tmp_path: Path, after: float) -> None:
    """`watch` waits for ever, so it is always interrupted."""
    (tmp_path / "drop").mkdir()
    command = [str(Path(sys.executable).with_name("vermilion")), "watch", str(tmp_path / "drop")]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=root, env=environment(root)
    )
    time.sleep(after)
    os.kill(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert "Traceback" not in said
    assert len(said.splitlines()) <= 3
