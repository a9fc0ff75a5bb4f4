"""What another account of this machine gets: a function run by a fork that has given up who it is. Root only."""

import os
import pickle
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest

NOBODY = 65534

needs_root = pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root can be another account")


def as_stranger(do: Callable[[], Any]) -> Any:
    """What the function returns for another account, or the OSError that it meets."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        with suppress(BaseException):
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            try:
                result = do()
            except OSError as error:
                result = error
            os.write(writing, pickle.dumps(result))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        told = file.read()
    os.waitpid(child, 0)
    return pickle.loads(told)


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that every account may enter and read, as home folders often are."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        rmtree(folder)
