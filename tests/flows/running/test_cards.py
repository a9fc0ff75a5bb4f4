"""Two processes never share a card: real processes, real locks, and cards that are only named."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows import PROJECT
from flows.running import cards
from tasks.errors import InputError

HOLD = """
import os, sys
from flows.running.cards import card
if len(sys.argv) > 3:
    import flows.running.tracking  # another user may not read what is installed here
    os.setuid(int(sys.argv[3]))
with card(sys.argv[1], cards=eval(sys.argv[2])) as name:
    print("has", name, os.environ.get("CUDA_VISIBLE_DEVICES"), flush=True)
    sys.stdin.readline()
print("after", os.environ.get("CUDA_VISIBLE_DEVICES"), flush=True)
"""


class Holder:
    """A process that takes a card and keeps it until told."""

    def __init__(self, folder: Path, stage: str, cards: int | None, *more: str, **extra: str) -> None:
        environment = os.environ | {"PYTHONPATH": str(PROJECT), "VERMILION_CARDS": str(folder)} | extra
        command = [sys.executable, "-c", HOLD, stage, repr(cards), *more]
        self.process = subprocess.Popen(
            command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def says(self) -> str:
        assert self.process.stdout
        line = self.process.stdout.readline().strip()
        assert line, self.process.communicate()[1]
        return line

    def end(self) -> str:
        out, errors = self.process.communicate("\n", timeout=60)
        assert not errors, errors
        return out.strip()


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where the locks lie: made by the first process, in a folder that every user can reach."""
    with tempfile.TemporaryDirectory(dir="/tmp") as above:
        Path(above).chmod(0o755)
        yield Path(above) / "cards"


def test_the_second_waits_and_says_for_whom_until_the_first_is_killed(folder: Path) -> None:
    first = Holder(folder, "symmetry_train@clp", 1)
    assert first.says() == "has 0 0"
    second = Holder(folder, "symmetry_train@temporal", 1)
    pid = first.process.pid
    waiting = f"symmetry_train@temporal: waiting for a card: 0 is held by pid {pid} (symmetry_train@clp)"
    assert second.says() == waiting
    assert second.process.poll() is None
    first.process.send_signal(signal.SIGKILL)
    assert second.says() == "has 0 0"
    first.process.communicate()
    assert second.end() == "after None"


def test_two_cards_serve_two_processes_and_a_third_waits(folder: Path) -> None:
    holders = [Holder(folder, stage, None, CUDA_VISIBLE_DEVICES="3,7") for stage in ("a", "b")]
    assert sorted(holder.says() for holder in holders) == ["has 3 3", "has 7 7"]
    third = Holder(folder, "c", 1, CUDA_VISIBLE_DEVICES="7")
    assert third.says().startswith("c: waiting for a card: 7 is held by pid ")
    assert {holder.end() for holder in holders} == {"after 3,7"}
    assert third.says() == "has 7 7"
    assert third.end() == "after 7"


def test_without_cards_nobody_waits(folder: Path) -> None:
    holders = [Holder(folder, "a", None) for _ in range(2)] + [Holder(folder, "a", 0, CUDA_VISIBLE_DEVICES="0")]
    assert [holder.says() for holder in holders] == ["has None None", "has None None", "has None"]
    assert [holder.end() for holder in holders] == ["after None", "after None", "after 0"]
    assert not folder.exists()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_users_share_the_locks(folder: Path) -> None:
    first = Holder(folder, "a", 1)
    assert first.says() == "has 0 0"
    second = Holder(folder, "b", 1, "65534")
    assert second.says().endswith(f"0 is held by pid {first.process.pid} (a)")
    first.end()
    assert second.says() == "has 0 0"
    second.end()
    assert folder.stat().st_mode & 0o1777 == 0o1777, "nobody may remove another's lock"


LISTED = """GPU 0: NVIDIA A100 (UUID: GPU-aaaa-1)
GPU 1: NVIDIA A100 (UUID: GPU-bbbb-2)
  MIG 3g.20gb     Device  0: (UUID: MIG-cccc-3)
  MIG 3g.20gb     Device  1: (UUID: MIG-dddd-4)
GPU 2: NVIDIA A100 (UUID: GPU-eeee-5)
"""


@pytest.fixture
def listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose nvidia-smi lists three cards, one of them divided."""
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{LISTED}END\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")


@pytest.mark.usefixtures("listed")
def test_a_card_has_one_name_however_it_is_called() -> None:
    there = ["GPU-aaaa-1", "MIG-cccc-3", "MIG-dddd-4", "GPU-eeee-5"]
    assert cards._names(None, None) == there
    assert cards._names(2, None) == there[:2]
    assert cards._names(None, "0") == cards._names(None, "GPU-aaaa-1") == cards._names(None, "GPU-aa") == there[:1]
    assert cards._names(0, None) == cards._names(None, "") == []
    with pytest.raises(InputError, match=r"runtime.cards: 5, but this machine shows 4"):
        cards._names(5, None)


def test_a_process_keeps_its_card(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CUDA looks once which cards there are: a second `with` may not give another."""
    monkeypatch.setattr(cards, "FOLDER", folder)
    monkeypatch.setattr(cards, "_mine", None)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,7")
    with cards.card("a", cards=None) as name:
        other = Holder(folder, "b", None, CUDA_VISIBLE_DEVICES="3,7")
        assert (name, other.says()) == ("3", "has 7 7")
    rival = Holder(folder, "c", None, CUDA_VISIBLE_DEVICES="3")
    assert rival.says() == "has 3 3"
    other.end()
    assert cards._try("3", "a") is None
    rival.end()
    with cards.card("a", cards=None) as name:
        assert name == "3"
