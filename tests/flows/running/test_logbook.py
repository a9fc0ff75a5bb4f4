"""The logbook: what ran, how it ended, what was killed; nothing that happens to it stops a run."""

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from threading import Thread

import pytest
from filelock import FileLock

from flows.running import logbook
from flows.running.logbook import entries, noted, units
from tasks.errors import InputError


def test_what_ran_and_how_it_ended_is_kept(tmp_path: Path) -> None:
    with noted(tmp_path, "run", "night 2026-11-29") as note:
        with noted(tmp_path, "stage", "ingest_images"):
            pass
        note.said = "1 ran"
    with pytest.raises(InputError), noted(tmp_path, "run", "rebuild"):
        raise InputError("raw: no such folder\nmake it")
    with pytest.raises(ZeroDivisionError), noted(tmp_path, "stage", "by_hand"):
        raise ZeroDivisionError
    with pytest.raises(KeyboardInterrupt), noted(tmp_path, "run", "ended by hand"):
        raise KeyboardInterrupt
    found = [(entry.name, entry.state, entry.said) for entry in units(tmp_path)]
    assert found == [
        ("night 2026-11-29", "done", "1 ran"),
        ("rebuild", "failed", "raw: no such folder\nmake it"),
        ("dvc repro", "failed", "by_hand: ZeroDivisionError"),
        ("ended by hand", "stopped", "stopped by hand"),
    ]
    assert [entry.kind for entry in entries(tmp_path)] == ["run", "stage", "run", "stage", "run"]
    assert (tmp_path / logbook.FILE).parent.stat().st_mode & 0o077 == 0


HELD = """
import time
from pathlib import Path
from flows.running.logbook import noted
with noted(Path(), "run", "held"):
    print("held", flush=True)
    time.sleep(600)
"""


def test_what_is_running_and_what_was_killed_are_told_apart(tmp_path: Path) -> None:
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", HELD], cwd=tmp_path, env=env, stdout=subprocess.PIPE) as held:
        assert held.stdout and held.stdout.readline()
        assert [entry.state for entry in entries(tmp_path)] == ["running"]
        held.kill()
    assert [entry.state for entry in entries(tmp_path)] == ["killed"]
    assert "killed" in entries(tmp_path)[0].said


def test_a_stage_whose_process_ended_without_a_word_can_be_said_to_be_stopped(tmp_path: Path) -> None:
    """Its last entry alone, and not where it has ended; a run is another entry."""
    logbook.stop(tmp_path, "ingest_images")
    assert entries(tmp_path) == []
    for name in ("ingest_images", "evaluate"):
        with noted(tmp_path, "stage", name):
            pass
    began = {"kind": "stage", "name": "ingest_images", "began": logbook._now(), "pid": 2**22, "born": 1.0}
    logbook._append(tmp_path, {"id": "a", **began})
    assert entries(tmp_path)[-1].state == "killed"
    for name in ("ingest_images", "evaluate", "report"):
        logbook.stop(tmp_path, name)
    found = [(entry.name, entry.state, entry.said) for entry in entries(tmp_path)]
    assert found == [
        ("ingest_images", "done", ""),
        ("evaluate", "done", ""),
        ("ingest_images", "stopped", "stopped by hand"),
    ]


def test_many_that_write_at_once_lose_no_line(tmp_path: Path) -> None:
    code = "from pathlib import Path; from flows.running.logbook import noted; import sys\n"
    code += "for number in range(20):\n with noted(Path(), 'stage', f'{sys.argv[1]} {number}'): pass"
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with ExitStack() as stack:
        for name in "abcd":
            stack.enter_context(subprocess.Popen([sys.executable, "-c", code, name], cwd=tmp_path, env=env))
    found = {entry.name: entry.state for entry in entries(tmp_path)}
    assert found == {f"{name} {number}": "done" for name in "abcd" for number in range(20)}


def test_a_writer_waits_however_long_another_one_takes(tmp_path: Path) -> None:
    with noted(tmp_path, "stage", "first"):
        pass
    with FileLock((tmp_path / logbook.FILE).with_suffix(".lock")) as held:
        writing = Thread(target=logbook._append, args=(tmp_path, {"id": "late"}))
        writing.start()
        writing.join(1.0)
        assert writing.is_alive()
        assert '"late"' not in (tmp_path / logbook.FILE).read_text()
        held.release()
        writing.join(30)
    assert '"late"' in (tmp_path / logbook.FILE).read_text()


def test_a_line_that_a_full_disk_cut_spoils_no_other(tmp_path: Path) -> None:
    with noted(tmp_path, "stage", "one"):
        pass
    with (tmp_path / logbook.FILE).open("ab") as book:
        book.write(b'{"id": "cut')
    with noted(tmp_path, "stage", "two"):
        pass
    assert [(entry.name, entry.state) for entry in entries(tmp_path)] == [("one", "done"), ("two", "done")]


def test_what_ends_after_its_beginning_went_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with noted(tmp_path, "run", "night 2026-11-29"):
        monkeypatch.setattr(logbook, "LARGEST", 400)
        for number in range(9):
            with noted(tmp_path, "stage", f"stage_{number}"):
                pass
        assert "night" not in (tmp_path / logbook.FILE).read_text()
    assert [(entry.name, entry.state) for entry in entries(tmp_path)][0] == ("night 2026-11-29", "done")


def test_a_logbook_that_is_damaged_or_cannot_be_written_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with noted(tmp_path, "stage", "one"):
        pass
    with (tmp_path / logbook.FILE).open("ab") as book:
        book.write(b'{"id": "cut\n[]\n{"id": "x", "ended": 3}\n\xff\n')
    assert [entry.name for entry in entries(tmp_path)] == ["one"]
    monkeypatch.setattr(logbook, "LARGEST", 400)
    for number in range(9):
        with noted(tmp_path, "stage", f"later_{number}"):
            pass
    assert (tmp_path / logbook.FILE).stat().st_size < 1600
    assert entries(tmp_path)[-1].name == "later_8"
    (tmp_path / "file").touch()
    with noted(tmp_path / "file", "stage", "nowhere"):
        pass
    assert entries(tmp_path / "file") == []
