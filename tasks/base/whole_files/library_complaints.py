"""What libraries in C write to stderr while they decode: their only word on damage.

In: something to do. Out: what it gives, and what was written to stderr meanwhile, which does not reach the process's
own. A thread of Linux can have files of its own; where that is forbidden, the process's stderr leads aside for as long.
Knows no format.
"""

import ctypes
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

Result = TypeVar("Result")

MOST = 100_000
"""Bytes of what is said that are handed on at once."""


class Aside:
    """A thread in which everything is done, and whose stderr is its own. What it opens must be closed in it."""

    def __enter__(self) -> Self:
        self._thread = ThreadPoolExecutor(1)
        self._kept, self._own = self._thread.submit(_listen).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.submit(os.close, self._kept).result()
        self._thread.shutdown()

    def do(self, work: Callable[[], Result]) -> Result:
        """What `work` gives, done in the thread."""
        return self._thread.submit(work if self._own else lambda: self._led_aside(work)).result()

    def heard(self) -> bytes:
        """What was said since this was asked last."""
        return self._thread.submit(_taken, self._kept).result()

    def _led_aside(self, work: Callable[[], Result]) -> Result:
        own = os.dup(2)
        os.dup2(self._kept, 2)
        try:
            return work()
        finally:
            os.dup2(own, 2)
            os.close(own)


def own_files() -> None:
    """Give this thread its own table of open files, so that its stderr can lead elsewhere. OSError where none can."""
    if sys.platform != "linux":
        raise OSError("threads cannot have files of their own")
    system = ctypes.CDLL(None, use_errno=True)
    unshare_files, largest = 0x400, ctypes.c_uint(0xFFFFFFFF)
    if system.unshare(unshare_files) and system.close_range(largest, largest, ctypes.c_uint(2)):
        raise OSError(ctypes.get_errno(), "threads cannot have files of their own")


def _listen() -> tuple[int, bool]:
    """The file that hears, and whether this thread's stderr leads there for good."""
    try:
        own_files()
        own = True
    except OSError:
        own = False
    kept = os.memfd_create("heard")
    if own:
        os.dup2(kept, 2)
    return kept, own


def _taken(kept: int) -> bytes:
    said = os.pread(kept, MOST, 0)
    os.ftruncate(kept, 0)
    os.lseek(kept, 0, os.SEEK_SET)
    return said
