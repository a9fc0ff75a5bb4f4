"""Ctrl-C is one line, whenever it comes: while programs are imported, and while they work."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import flows.__main__ as stage_command
from tasks.errors import INTERRUPTED
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


HOOK = """
import sys
sys.excepthook = lambda kind, error, trace: print("mine:", error)
import flows
raise {error}
"""


@pytest.mark.parametrize(("error", "told"), [("ValueError('x')", "mine: x"), ("KeyboardInterrupt", "interrupted")])
def test_an_earlier_hook_still_gets_all_else(error: str, told: str) -> None:
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", HOOK.format(error=error)]
    done = subprocess.run(command, env=env, text=True, capture_output=True, check=False, timeout=60)
    assert (done.stdout + done.stderr).strip() == told


def test_ctrl_c_before_a_stage_is_named_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def stopped() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(stage_command, "_run", stopped)
    monkeypatch.setattr(sys, "argv", ["flows"])
    with pytest.raises(SystemExit) as end:
        stage_command.main()
    assert end.value.code == INTERRUPTED
    assert capsys.readouterr().err == "flows: interrupted; what was finished is kept; run it again\n"
