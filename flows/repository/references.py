"""What the project's DVC files refer to, as the artifact store calls it.

In: dvc.yaml, dvc.lock and DVC's cache. Out: the stages that there are, and the keys of the results that their outs
were made of: a table says in its metadata what made it, and the digest of that is the key. Outs are looked up in the
workspace and, as dvc.lock names them, in DVC's cache: either may be without them. Knows nothing of Prefect.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.base import tables
from tasks.base.digests import digest
from tasks.errors import InputError


@dataclass(frozen=True)
class Referred:
    """`stages` in DVC's order, `keys` of the results in their outs; `cache`: where DVC keeps its own copies."""

    stages: tuple[str, ...]
    keys: frozenset[str]
    cache: Path


def referred(root: Path) -> Referred:
    """What the project in `root` refers to now. InputError where DVC cannot read it: then nothing may be removed."""
    from dvc.exceptions import DvcException
    from dvc.stage import PipelineStage

    from flows.repository.looking import opened

    try:
        with opened(root) as repo:
            stages = [stage for stage in repo.index.stages if isinstance(stage, PipelineStage)]
            files = {file for stage in stages for out in stage.outs for file in (*_here(out), *_cached(out))}
            cache = Path(repo.cache.local.path)
    except DvcException as error:
        raise InputError(f"{root}: DVC cannot read this project: {error}") from error
    keys = frozenset(key for file in files if (key := _key(file)))
    return Referred(tuple(stage.name for stage in stages), keys, cache)


def _here(out: Any) -> Iterator[Path]:
    """An out's tables in the workspace."""
    place = Path(out.fs_path)
    yield from place.rglob("*.parquet") if place.is_dir() else [place] if place.suffix == ".parquet" else []


def _cached(out: Any) -> Iterator[Path]:
    """The tables that dvc.lock names for an out, where DVC's cache has them."""
    from dvc_data.hashfile.tree import Tree

    found = out.get_obj()
    named = [(out.fs_path, out.hash_info.value)] if found else []
    if isinstance(found, Tree):
        named = [(key[-1], info.value) for key, _, info in found]
    yield from (Path(out.cache.oid_to_path(value)) for name, value in named if name.endswith(".parquet"))


def _key(file: Path) -> str | None:
    """The key of the result that a table is a copy of or was taken from; None if it is no readable table."""
    try:
        record = tables.provenance_of(file)
    except (OSError, tables.TableError):
        return None
    return digest(record) if record else None
