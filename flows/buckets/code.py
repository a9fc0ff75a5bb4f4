"""The digest of the code that computes, remembered: parsing a stage's sources takes longer than looking up its results.

In: a module of `tasks`. Out: `tasks.base.digests.code_digest` of it. What is remembered holds as long as none of the
files that it was read from has changed, by their time, size and number on the disk, nor a folder that they lie in. The
places are those that links lead to: a copied project whose modules were copied with it knows none of them, one that
shares them knows them all. It lies in the project's `.prefect`, which only its owner enters, and can be deleted. Knows
nothing of what is computed.
"""

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from tasks.base import digests, tables

FILE = "code.json"


def code_digest(module: ModuleType) -> str:
    """sha256 of the code that the module runs, hexadecimal."""
    file, place = Path(os.environ["PREFECT_HOME"]) / FILE, os.path.realpath(str(module.__file__))
    every = _remembered(file)
    with suppress(KeyError, TypeError, AttributeError):  # not remembered, or damaged
        known = every[place]
        if known["state"] == _state(known["files"]):
            return str(known["digest"])
    files = sorted({os.path.realpath(path) for path in [*digests.modules_of(module).values(), Path(digests.__file__)]})
    state = _state(files)
    found = digests.code_digest(module)
    if state == _state(files):
        _remember(file, every | {place: {"files": files, "state": state, "digest": found}})
    return found


def _state(files: Iterable[str]) -> str:
    """What would be another one if a file had been written, replaced, or one been added beside it."""
    paths = {Path(file) for file in files}
    found = []
    for path in sorted(paths | {path.parent for path in paths}):
        with suppress(OSError):
            seen = path.stat()
            found.append([str(path), seen.st_mtime_ns, seen.st_ctime_ns, seen.st_size, seen.st_ino])
    return digests.digest(found)


def _remembered(file: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError, TypeError):
        return dict(json.loads(file.read_bytes()))
    return {}


def _remember(file: Path, every: dict[str, Any]) -> None:
    """Where it cannot be written, the next stage parses the sources again."""
    with suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tables.replacing(file) as temporary:
            temporary.write_text(json.dumps(every), encoding="utf-8")
