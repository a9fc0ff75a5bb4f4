"""One GPU for one process of this machine at a time, by file locks, with or without a Prefect server.

In: the stage that wants a card. Out: the card, held for the length of a `with`, and the only one that CUDA will show
this process; nothing where there is none. A card is freed when its process ends, however it ends. Knows nothing of
what is computed, and nothing of processes that do not ask here.
"""

import fcntl
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tasks.errors import InputError

FOLDER = Path(os.environ.get("VERMILION_CARDS", "/tmp/vermilion-cards"))
"""The same for all users of a machine, whatever their TMPDIR; VERMILION_CARDS names another (a container's mount)."""

VISIBLE = "CUDA_VISIBLE_DEVICES"
LOOK_EVERY_SECONDS = 0.5
SAY_EVERY_SECONDS = 30.0

_mine: str | None = None
"""The card that this process has used. CUDA does not let a process change it."""


@contextmanager
def card(stage: str, *, cards: int | None) -> Iterator[str | None]:
    """Hold a card, waiting for one if all are taken; None where there is none. Enter before torch asks for CUDA.

    `cards`: how many of those that CUDA_VISIBLE_DEVICES shows may be used, from the first; 0: the CPU computes;
    None: all. InputError if there are fewer.
    """
    global _mine
    before = os.environ.get(VISIBLE)
    names = [_mine] if _mine else _names(cards, before)
    lock = None
    try:
        if names:
            lock, _mine = _take(names, stage)
        if names or cards == 0:
            os.environ[VISIBLE] = _mine or ""
        yield _mine
    finally:
        if before is None:
            os.environ.pop(VISIBLE, None)
        else:
            os.environ[VISIBLE] = before
        if lock is not None:
            os.close(lock)


def _names(cards: int | None, shown: str | None) -> list[str]:
    """The cards that may be used. Where nvidia-smi does not list them, `cards` says how many there are."""
    there = _installed()
    names = there if shown is None else [_full(name.strip(), there) for name in shown.split(",") if name.strip()]
    if not there and shown is None:
        names = [str(number) for number in range(cards or 0)]
    if cards is not None and cards > len(names):
        raise InputError(f"params.yaml, runtime.cards: {cards}, but this machine shows {len(names)}")
    return names[:cards]


def _installed() -> list[str]:
    """The UUIDs of this machine's cards, of a divided card those of its parts; asked without starting CUDA."""
    if not shutil.which("nvidia-smi"):
        return []
    said = subprocess.run(["nvidia-smi", "-L"], text=True, capture_output=True, timeout=60, check=False).stdout
    found: list[str] = []
    for uuid in re.findall(r"UUID: ((?:GPU|MIG)-[^)\s]+)", said):
        if uuid.startswith("MIG") and found and found[-1].startswith("GPU"):
            found.pop()
        found.append(uuid)
    return found


def _full(name: str, there: Sequence[str]) -> str:
    """One name for a card, whether it is called by its number, its UUID or the start of it."""
    if name.isdigit():
        return there[int(name)] if int(name) < len(there) else name
    return next((uuid for uuid in there if uuid.startswith(name)), name)


def _take(names: Sequence[str], stage: str) -> tuple[int, str]:
    """The first free card's lock and name, waiting until there is one and saying for whom."""
    said = float("-inf")
    while True:
        for name in names:
            if (lock := _try(name, stage)) is not None:
                return lock, name
        if time.monotonic() - said > SAY_EVERY_SECONDS:
            said = time.monotonic()
            _say(f"{stage}: waiting for a card: " + "; ".join(f"{name} is held by {_holder(name)}" for name in names))
        time.sleep(LOOK_EVERY_SECONDS)


def _try(name: str, stage: str) -> int | None:
    """The card's lock, or None if another process has it. The lock's file says who."""
    lock = _open(FOLDER / name)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    if not (FOLDER / name).exists() or not os.path.samestat(os.fstat(lock), (FOLDER / name).stat()):
        os.close(lock)  # somebody cleaned up between opening and locking
        return None
    os.ftruncate(lock, 0)
    os.write(lock, f"pid {os.getpid()} ({stage})".encode())
    return lock


def _open(path: Path) -> int:
    """A file that every user may lock, in a folder where nobody may remove another's."""
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o1777)
    while True:
        try:  # first without O_CREAT, which the kernel may refuse for another user's file in such a folder
            return os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        except FileNotFoundError:
            try:
                created = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666)
            except FileExistsError:
                continue
            os.fchmod(created, 0o666)
            return created


def _holder(name: str) -> str:
    try:
        return (FOLDER / name).read_text() or "another process"
    except OSError:
        return "another process"


def _say(text: str) -> None:
    """On the terminal, and in the run's log when a server watches."""
    from prefect.logging import get_run_logger  # takes a second, and few have to wait

    from flows.running.tracking import tracked

    print(text, flush=True)
    if tracked():
        get_run_logger().info(text)
