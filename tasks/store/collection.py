"""What of a store is in use, and the removal of what nothing refers to any more.

In: a store, the stages that there are, and the keys of the results that present tables were made of. Out: the store's
files, whose they are, and which could go. Of a stage that there is, these stay:

    what its last good run used (`Store.note_uses`),
    what present tables were made of,
    what was stored since its last good run: the run after one that was killed goes on from there.

The rest goes: results and checkpoints of other numbers, photographs and code, and of stages that are no more; objects
without a record; what killed processes were writing. Nothing is lost but the time to compute it again. The shared
store is never touched. Knows nothing of DVC.
"""

import fcntl
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from tasks.errors import InputError
from tasks.store.artifacts import Store


class StoreBusyError(InputError):
    """A stage that runs holds the store."""


Kind = Literal["result", "object", "checkpoint", "leftover"]


@dataclass(frozen=True)
class Item:
    """A file of the store. `stage`: whose it is, empty if nobody's; `goes`: whether nothing refers to it."""

    kind: Kind
    stage: str
    path: Path
    size: int  # bytes
    goes: bool


def survey(store: Store, *, stages: Collection[str], keys: Collection[str]) -> list[Item]:
    """Every file of the store but its lock and its records of uses; a result's record comes before its object.

    `stages`: those that there are, as the store calls them; `keys`: of the results that present tables were made of.
    """
    uses = {stage: _last_use(store.root / "uses" / f"{stage}.json") for stage in stages}

    def goes(stage: str, path: Path) -> bool:
        used, ended = uses.get(stage, ((), _NEVER))
        return path.stem not in keys and path.stem not in used and _status(path)[1] < ended

    records = [
        _item("result", path.parent.name, path, goes(path.parent.name, path))
        for path in sorted(store.root.glob("references/*/*.json"))
    ]
    owners = {}
    for record in sorted(records, key=lambda item: not item.goes):  # of two that share an object the one that stays
        if reference := store.recorded(record.stage, record.path.stem):
            owners[store.path(reference)] = record
    objects = [
        _item("object", owners[path].stage, path, owners[path].goes)
        if path in owners
        else _item("leftover", "", path, goes=True)
        for path in sorted(store.root.glob("objects/*/*.parquet"))
    ]
    finished = {record.path.stem for record in records}
    checkpoints = [
        _item("checkpoint", path.parent.name, path, path.stem in finished or goes(path.parent.name, path))
        for path in sorted(store.root.glob("checkpoints/*/*.pt"))
    ]
    return [*records, *objects, *checkpoints, *_leftovers(store.root, stages)]


def collect(store: Store, *, stages: Collection[str], keys: Collection[str]) -> list[Item]:
    """Remove what goes, and say what that was. StoreBusyError, with nothing removed, while a stage runs.

    Records go before their objects: a kill in between leaves objects without a record, which go next time.
    """
    with alone(store):
        gone = [item for item in survey(store, stages=stages, keys=keys) if item.goes]
        for item in gone:
            item.path.unlink(missing_ok=True)
    return gone


_KEYS = TypeAdapter(list[str])
_NEVER = 2**63
"""Later than any file: a stage that there is not has no use for what is stored after its last run either."""


def _last_use(record: Path) -> tuple[frozenset[str], int]:
    """The keys that a stage's last good run used, and when it ended; nothing, and 0, if none did."""
    try:
        return frozenset(_KEYS.validate_json(record.read_bytes())), record.stat().st_mtime_ns
    except (OSError, ValidationError):
        return frozenset(), 0


def _leftovers(root: Path, stages: Collection[str]) -> list[Item]:
    """What processes that were killed were writing, and what is known of stages that are no more."""
    paths = {*root.glob("staging/*"), *root.glob("tmp*"), *root.glob("**/.*.tmp"), *root.glob("checkpoints/*.pt")}
    paths |= {path for path in root.glob("uses/*.json") if path.stem not in stages}
    return [_item("leftover", "", path, goes=True) for path in sorted(paths) if path.is_file()]


def _item(kind: Kind, stage: str, path: Path, goes: bool) -> Item:
    return Item(kind, stage, path, _status(path)[0], goes)


def _status(path: Path) -> tuple[int, int]:
    """Size in bytes and time of the last change in ns; zeros when a running stage has just removed the file."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


@contextmanager
def alone(store: Store) -> Iterator[None]:
    """While nobody else uses the store. StoreBusyError while a stage runs."""
    store.root.mkdir(parents=True, exist_ok=True)
    with (store.root / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreBusyError(f"{store.root}: a stage is running; nothing was removed, try again later") from error
        yield
