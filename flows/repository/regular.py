"""What is no file is not waited for: DVC reads a pipe in a data folder without end, and says nothing.

In: nothing. Out: DVC's function that computes a file's digest, in this process, which refuses by name what no program
can read to its end. `vermilion rebuild`, `status`, `results`, `score` and `make demo` use it. The program `dvc` itself
waits: it runs nothing of ours before it looks at the folder.
"""

from pathlib import Path
from typing import Any

from dvc.exceptions import DvcException
from dvc_data.hashfile import build
from dvc_data.hashfile.hash import hash_file as by_dvc
from dvc_objects.fs.local import LocalFileSystem

from tasks.base.escaping import visible
from tasks.ingest.tables.file_names import unreadable


def use() -> None:
    """From now on this process asks first what a thing is."""
    vars(build)["hash_file"] = _hash_file


def _hash_file(path: str, fs: Any, *rest: Any, **named: Any) -> Any:
    """As DVC's, which see. DvcException: it is a pipe or device."""
    if isinstance(fs, LocalFileSystem) and (why := unreadable(Path(path))):
        raise DvcException(f"{visible(path)} is {why}; DVC cannot read it: take it out of its folder")
    return by_dvc(path, fs, *rest, **named)
