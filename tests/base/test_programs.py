"""Programs run to their end or to a limit: real ones."""

import subprocess
import time
from pathlib import Path

import psutil
import pytest

from tasks.base import programs
from tasks.base.programs import last_words, run_within
from tasks.errors import InputError


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


def test_a_program_that_never_stops_talking_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "MOST_SAID", 2**20)
    with pytest.raises(InputError, match="it said more than 1 MiB and was stopped"):
        run_within(60, ["yes"], tmp_path)
    with pytest.raises(InputError, match="more than 1 MiB"):  # by itself it ends before anybody looks
        run_within(60, ["head", "-c", "2000000", "/dev/zero"], tmp_path)


def test_the_last_words_are_the_last_that_show() -> None:
    assert last_words("one\n\x1b[31mtwo\a\x1b[0m\n \x1b[0m\n") == "two\\x07"
    assert last_words(" \n", "out\n") == "out"
    assert last_words("", "") == ""
