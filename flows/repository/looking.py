"""Looking at a project as it stands: DVC parses its files and asks each file and folder for its digest once.

DVC asks for the digest of `tasks/base` once for each of forty stages that read it, and parses params.yaml as often. In:
nothing. Out: DVC's own functions, in this process, with a memory, for as long as the context lasts. Whoever enters it
sees the project of one moment, so nothing that runs stages belongs inside.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dvc.output import Output
from dvc.repo import Repo

from flows.repository import folder_lists, parsing, regular


@contextmanager
def opened(root: Path) -> Iterator[Any]:
    """The project's repository as DVC opens it; its files are parsed once (parsing.py), which halves the time."""
    folder_lists.use()
    with parsing.used(), Repo(str(root)) as repo:
        yield repo


@contextmanager
def at_once() -> Iterator[None]:
    """Within it, what DVC has seen of a file, folder or text is not looked at again."""
    regular.use()
    folder_lists.use()
    found: dict[tuple[Any, ...], Any] = {}
    by_dvc = Output._get_hash_meta

    def remembered(out: Output) -> Any:
        key = (out.fs.protocol, out.fs_path, out.hash_name, bool(out.use_cache))
        if key not in found:
            found[key] = by_dvc(out)
        return found[key]

    Output._get_hash_meta = remembered
    try:
        with parsing.used():
            yield
    finally:
        Output._get_hash_meta = by_dvc
