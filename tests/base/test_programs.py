"""Programs run to their end or to a limit: real ones."""

import subprocess
import time
from pathlib import Path

import psutil
import pytest

from tasks.base.programs import last_words, run_within


def test_a_program_gets_its_input_and_says_how_it_ended(tmp_path: Path) -> None:
    ended = run_within(10, ["sh", "-c", "cat; echo bad >&2; exit 3"], tmp_path, text="Zürich")
    assert (ended.code, ended.out, ended.err) == (3, "Zürich", "bad\n")


def test_a_child_in_the_background_is_not_waited_for(tmp_path: Path) -> None:
    began = time.monotonic()
    assert run_within(10, ["sh", "-c", "sleep 5 & echo ok"], tmp_path).out == "ok\n"
    assert time.monotonic() - began < 4


def test_children_end_at_the_limit(tmp_path: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run_within(0.5, ["sh", "-c", "sleep 60 & echo $! > child; wait"], tmp_path)
    child = int((tmp_path / "child").read_text())
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE


def test_the_last_words_are_the_last_that_show() -> None:
    assert last_words("one\n\x1b[31mtwo\a\x1b[0m\n \x1b[0m\n") == "two\\x07"
    assert last_words(" \n", "out\n") == "out"
    assert last_words("", "") == ""
