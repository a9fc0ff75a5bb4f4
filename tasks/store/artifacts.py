"""The content-addressed store of Parquet results. The only cache there is.

In: a key that says everything a result depends on, and the result as a checked table. Out: a reference
(digest, rows, size) that finds it again. Layout under the store's root:

    objects/ab/ab12....parquet   results by the sha256 of their bytes
    references/STAGE/KEY.json    which object a key has; relative, so a moved checkout still finds it
    uses/STAGE.json              the keys that the stage's last good run used
    checkpoints/STAGE/KEY.pt     where an unfinished training stands
    staging/                     results that are being written
    lock                         held by whoever uses the store; removing things takes it alone (collection.py)

A kill at any moment leaves a whole file or none. A missing or damaged object makes its key unknown again.
A store may have a second tier that several machines share (tasks/store/sharing.py), objects and references named alike.
Knows nothing of what stages are, of buckets or orchestrators.
"""

import fcntl
import json
import shutil
import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, ValidationError

from tasks.base import tables
from tasks.base.digests import file_digest
from tasks.base.tables import Schema
from tasks.store import sharing
from tasks.store.sharing import NotSharedError, SharedStoreError


class Reference(BaseModel):
    """Where a result lies and how to know that it is whole."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sha256: str
    rows: int
    refused: int
    size: int

    @property
    def name(self) -> str:
        """The object's file, relative to the store."""
        return f"objects/{self.sha256[:2]}/{self.sha256}.parquet"

    def flaw(self, path: Path) -> str | None:
        """What is wrong with the object at `path`: missing, of another size, changed; None if it is whole."""
        try:
            if path.stat().st_size != self.size:
                return "of another size"
            return None if file_digest(path) == self.sha256 else "changed"
        except OSError:
            return "missing"


class Store:
    """A folder of results. Safe to share between processes, and to delete: everything in it can be made again.

    `shared`: a folder or fsspec URL that other machines use too. When it fails, `trouble` says how, it is not asked
    again, and the store goes on without it. A Store is a few strings: cheap to make and to send to other processes.
    """

    def __init__(self, root: Path, shared: str | None = None) -> None:
        self.root = root
        self.shared = shared
        self.trouble: str | None = None
        self._spoilt: set[str] = set()

    def lookup(self, stage: str, key: str) -> Reference | None:
        """The key's reference if its object is there and whole (size and digest), here or shared; else None."""
        reference = self.recorded(stage, key)
        if reference is not None and reference.flaw(self.path(reference)) is None:
            return reference
        return self._fetch(stage, key) if self.shared and not self.trouble else None

    def damage(self, stage: str, key: str) -> str | None:
        """What is wrong with a result that was stored under the key; None if there was none, or it is whole."""
        if not self._record(stage, key).exists():
            return None
        reference = self.recorded(stage, key)
        return reference.flaw(self.path(reference)) if reference else "without a readable record"

    def put(self, stage: str, key: str, table: pa.Table, schema: Schema, *, provenance: Mapping[str, Any]) -> Reference:
        """Store a checked table under its key, here (`share` sends it on). OSError names the path of a full disk."""
        with self.held(), self._staged() as staged:
            tables.write(table, staged, schema, provenance=provenance)
            refused = table.num_rows - table["reason"].null_count if "reason" in table.column_names else 0
            size, sha256 = staged.stat().st_size, file_digest(staged)
            reference = Reference(sha256=sha256, rows=table.num_rows, refused=refused, size=size)
            self._keep(staged, stage, key, reference)
        return reference

    def share(self, stage: str, key: str, reference: Reference) -> bool:
        """Send the result to the shared store, the object before its record. False, and `trouble`, if that failed.

        An object that is there already is not sent again. True without a shared store.
        """
        if self.shared is None:
            return True
        if self.trouble:
            return False
        try:
            there = sharing.size(self.shared, reference.name) == reference.size
            if not there or reference.sha256 in self._spoilt:
                sharing.upload(self.shared, reference.name, self.path(reference))
            sharing.write(self.shared, self._name(stage, key), reference.model_dump_json().encode())
        except SharedStoreError as error:
            self.trouble = str(error)
        return not self.trouble

    def recorded(self, stage: str, key: str) -> Reference | None:
        """What is recorded of the key here, whether or not its object is whole; None without a readable record."""
        try:
            return Reference.model_validate_json(self._record(stage, key).read_bytes())
        except (OSError, ValidationError):
            return None

    def path(self, reference: Reference) -> Path:
        """The object's file."""
        return self.root / reference.name

    def copy(self, reference: Reference, target: Path) -> None:
        """Put a copy of the object at `target`, whole or not at all."""
        with tables.replacing(target, size=reference.size) as temporary:
            shutil.copyfile(self.path(reference), temporary)

    def checkpoint(self, stage: str, key: str) -> Path:
        """Where a training that will have its result under `key` keeps how far it is."""
        return self.root / "checkpoints" / stage / f"{key}.pt"

    def note_uses(self, stage: str, keys: Collection[str]) -> None:
        """Remember what a run of the stage that ended well has used, instead of what the run before it had."""
        with tables.replacing(self.root / "uses" / f"{stage}.json") as temporary:
            temporary.write_text(json.dumps(sorted(keys)))

    @contextmanager
    def held(self) -> Iterator[None]:
        """As long as this lasts nothing is collected. Many may hold the store; the kernel frees it after a kill."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
            yield

    @contextmanager
    def _staged(self) -> Iterator[Path]:
        """A path for an object whose name is not known yet; nothing is left there."""
        staged = self.root / "staging" / f"{uuid.uuid4().hex}.parquet"
        try:
            yield staged
        finally:
            staged.unlink(missing_ok=True)

    def _keep(self, staged: Path, stage: str, key: str, reference: Reference) -> None:
        """A whole, flushed object into its place, and then its record."""
        self.path(reference).parent.mkdir(parents=True, exist_ok=True)
        staged.replace(self.path(reference))
        record = reference.model_dump_json()
        with tables.replacing(self._record(stage, key), size=len(record)) as temporary:
            temporary.write_text(record)

    def _fetch(self, stage: str, key: str) -> Reference | None:
        """The key's result from the shared store, into this one; None where there is none, or none that is whole."""
        assert self.shared is not None
        with self.held(), self._staged() as staged:
            try:
                reference = Reference.model_validate_json(sharing.read(self.shared, self._name(stage, key)))
                with tables.replacing(staged, size=reference.size) as temporary:
                    sharing.download(self.shared, reference.name, temporary)
            except (NotSharedError, ValidationError):
                return None
            except SharedStoreError as error:
                self.trouble = str(error)
                return None
            if reference.flaw(staged):
                self._spoilt.add(reference.sha256)
                return None
            self._keep(staged, stage, key, reference)
            return reference

    def _record(self, stage: str, key: str) -> Path:
        return self.root / self._name(stage, key)

    def _name(self, stage: str, key: str) -> str:
        return f"references/{stage}/{key}.json"
