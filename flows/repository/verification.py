"""Whether what lies in the project, and in DVC's cache, is what dvc.lock names.

In: dvc.lock, the records of what stewards added (`batches.dvc`), the workspace and DVC's cache. Out: a line for every
file that is not what is named, and the stages that DVC would run again. DVC itself trusts a file whose size and time
of change are as they were; here every byte is read. Knows nothing of Prefect.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.errors import InputError
from tasks.store.verification import Flaw

DIRECTORY = ".dir"
"""How DVC names the list of a folder's files."""


@dataclass(frozen=True)
class Named:
    """A file that dvc.lock names: whose out it is, where it lies, and DVC's copy of it (None: git keeps it)."""

    stage: str
    path: Path
    md5: str
    copy: Path | None


@dataclass(frozen=True)
class Locked:
    """What dvc.lock names, and what is wrong already without reading a file."""

    files: tuple[Named, ...]
    flaws: tuple[Flaw, ...]

    def sizes(self) -> Iterator[int]:
        """Bytes that `verify` reads."""
        for place in {_identity(path): path for named in self.files for path in _places(named)}.values():
            yield place.stat().st_size


def locked(root: Path) -> Locked:
    """What the project's dvc.lock names. InputError where DVC cannot read it."""
    with _opened(root) as repo:
        outs = [(stage, out) for stage in repo.index.stages for out in stage.outs if out.hash_info]
        found = [_named(_name(stage, root), out) for stage, out in outs]
    files = tuple(named for several, _ in found for named in several)
    return Locked(files, tuple(flaw for _, flaws in found for flaw in flaws))


def stale(root: Path) -> list[str]:
    """The stages that DVC would run again. Ask last: where DVC comes upon a damaged copy, it removes it."""
    from flows.repository.looking import at_once

    with _opened(root) as repo, at_once():
        changed = repo.status()
        return sorted(_name(stage, root) for stage in repo.index.stages if stage.addressing in changed)


@contextmanager
def _opened(root: Path) -> Iterator[Any]:
    from dvc.exceptions import DvcException

    from flows.repository.looking import opened

    try:
        with opened(root) as repo:
            yield repo
    except DvcException as error:
        raise InputError(f"{root}: DVC cannot read this project: {error}") from error


def _name(stage: Any, root: Path) -> str:
    """As dvc.yaml has it; for what stewards added the record's path. DVC's own name depends on the current folder."""
    return str(getattr(stage, "name", None) or Path(stage.path).relative_to(root))


def verify(named: Locked, *, advance: Callable[[int], None]) -> list[Flaw]:
    """Every file that is not what dvc.lock names; `advance` is told the bytes that were read."""
    read: dict[tuple[int, int], str] = {}  # a file and DVC's copy of it may be one file with two names

    def md5(path: Path) -> str:
        identity = _identity(path)
        if identity not in read:
            read[identity] = _md5(path)
            advance(path.stat().st_size)
        return read[identity]

    found = list(named.flaws)
    for file in named.files:
        places = _places(file)
        if not places:
            found.append(Flaw(file.stage, file.path, "missing, here and in DVC's cache"))
        for place in places:
            if md5(place) != file.md5:
                whose = "not what dvc.lock names" if place == file.path else "DVC's copy is not what its name says"
                found.append(Flaw(file.stage, place, f"{whose}: its md5 is {read[_identity(place)]}, not {file.md5}"))
    return found


def _named(stage: str, out: Any) -> tuple[list[Named], list[Flaw]]:
    """An out's files by its entry in dvc.lock; flaws: of the list of a folder's files, and files that are not in it."""
    value, place = str(out.hash_info.value), Path(out.fs_path)
    cached = Path(out.cache.oid_to_path(value)) if out.use_cache else None
    if not value.endswith(DIRECTORY) or cached is None:
        return [Named(stage, place, value, cached)], []
    try:
        content = cached.read_bytes()
    except OSError:
        return [], [Flaw(stage, cached, f"DVC's list of the files in {place} is missing; `dvc pull` fetches it")]
    if hashlib.md5(content, usedforsecurity=False).hexdigest() + DIRECTORY != value:
        return [], [Flaw(stage, cached, f"DVC's list of the files in {place} is not what its name says")]
    listed: list[Mapping[str, str]] = json.loads(content)
    files = [
        Named(stage, place / one["relpath"], one["md5"], Path(out.cache.oid_to_path(one["md5"]))) for one in listed
    ]
    there = {path for path in place.rglob("*") if path.is_file()} if place.is_dir() else set()
    strange = sorted(there - {file.path for file in files})
    return files, [Flaw(stage, path, "dvc.lock does not name it") for path in strange if path.name != ".gitignore"]


def _places(named: Named) -> list[Path]:
    """Where the file lies: in the workspace, in DVC's cache, in both or nowhere."""
    return [path for path in (named.path, named.copy) if path is not None and path.is_file()]


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
