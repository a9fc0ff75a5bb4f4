"""Item-wise work and its keys: which rows of which tables a bucket is, and everything that its result depends on.

In: tables cut into parts, the function that computes, its numbers and files. Out: plans, a key each; and, in a worker,
the buckets' rows in the store. Workers import this and no Prefect, which takes seconds. Knows nothing of what is
computed.
"""

import errno
import importlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel

from flows.buckets.code import code_digest
from tasks.base import tables
from tasks.base.digests import digest, file_digest, table_digest
from tasks.base.tables import Schema
from tasks.store.artifacts import Reference, Store

FLUSHED = 16
"""Files that are written at a time: a disk flushes many together in the time of one."""


@dataclass(frozen=True)
class Source:
    """An input table cut into buckets. `keyed_by`: the columns a result depends on (None: all).

    A bucket is a part, `3f`, or the rows of one image in it, `3f-3fa0...`; of images, `only` these are looked at.
    """

    path: Path
    schema: Schema
    keyed_by: tuple[str, ...] | None = None
    only: frozenset[str] | None = None

    def part(self, bucket: str) -> Path:
        """The file that has the bucket's rows; it need not exist."""
        return self.path / f"{bucket.partition('-')[0]}.parquet"

    def read(self, bucket: str) -> pa.Table:
        """The bucket's rows; none where it has no file."""
        part = self.part(bucket)
        if not part.exists():
            return self.schema.table([])
        _, _, image = bucket.partition("-")
        table = _read_part(part, part.stat().st_mtime_ns, self.schema)
        return table.filter(pc.equal(table["image_id"], image)) if image else table

    def digest(self, bucket: str) -> str | None:
        """Digest of the columns that a result depends on; None where the bucket has no file."""
        part = self.part(bucket)
        if not part.exists():
            return None
        if "-" not in bucket:
            return table_digest(tables.read(part, self.schema, self.keyed_by))
        table = self.read(bucket)
        return table_digest(table.select(list(self.keyed_by)) if self.keyed_by else table)

    def images(self) -> list[str]:
        """One bucket per image."""
        found = ((part.stem, tables.read(part, self.schema, ["image_id"])) for part in tables.parts(self.path))
        named = ((stem, image) for stem, table in found for image in table["image_id"].unique().to_pylist())
        return [f"{stem}-{image}" for stem, image in named if self.only is None or image in self.only]


@lru_cache(maxsize=2)
def _read_part(part: Path, changed: int, schema: Schema) -> pa.Table:
    """A part's rows, kept while its images are asked for one after the other."""
    return tables.read(part, schema)


@dataclass(frozen=True)
class Work:
    """A stage's item-wise work. `compute(**bucket tables, **files, **settings) -> table`.

    `compute` is a function of a module in tasks. `files` (or folders) are keyed by their bytes, `settings` by
    their numbers. Where raw files lie is in the images table, in columns that are not keyed. Expensive work has one
    result per image, by its image_id, and computes `together` images in one call (0: a part of the table per call).
    `resumable`: compute takes a `checkpoint`, a file that is its own until the call has ended well.
    """

    stage: str
    compute: Callable[..., pa.Table]
    schema: Schema
    sources: Mapping[str, Source]
    settings: Mapping[str, BaseModel | float | str]
    files: Mapping[str, Path] = field(default_factory=dict)
    together: int = 0
    resumable: bool = False

    def provenance(self) -> dict[str, Any]:
        """What every bucket's result depends on besides its own rows."""
        module = importlib.import_module(self.compute.__module__)
        return provenance(self.stage, module, self.schema, self.settings, self.files)

    def buckets(self) -> list[str]:
        """The buckets that any input has, in order."""
        if self.together:
            return sorted({image for source in self.sources.values() for image in source.images()})
        return sorted({part.stem for source in self.sources.values() for part in tables.parts(source.path)})


@dataclass(frozen=True)
class Plan:
    """One bucket: what it depends on, and its key."""

    bucket: str
    key: str
    provenance: Mapping[str, Any]


def provenance(
    stage: str,
    module: ModuleType,
    schema: Schema,
    settings: Mapping[str, BaseModel | float | str],
    files: Mapping[str, Path],
    inputs: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What makes a result: stage, table, numbers, the digests of files, of the code that computes, and of `inputs`."""
    numbers = {k: v.model_dump(mode="json") if isinstance(v, BaseModel) else v for k, v in settings.items()}
    digests = {name: _content(path) for name, path in files.items()}
    made = {"stage": stage, "table": digest(str(schema.columns)), "parameters": numbers, "files": digests}
    return made | {"code": code_digest(module)} | ({"inputs": dict(inputs)} if inputs is not None else {})


def _content(path: Path) -> str:
    """Digest of a file, or of the names and bytes of a folder's files."""
    if path.is_dir():
        return digest({file.name: file_digest(file) for file in sorted(path.iterdir()) if file.is_file()})
    return file_digest(path)


def write_parts(table: pa.Table, out: Path, schema: Schema, made: Mapping[str, Any], *, buckets: int) -> None:
    """The table as parts, by the first two bytes of the image_id."""
    rows: dict[int, list[int]] = {}
    for row, image_id in enumerate(table["image_id"].to_pylist()):
        rows.setdefault(int(image_id[:4], 16) * buckets // 65536, []).append(row)
    digits = max(2, len(f"{buckets - 1:x}"))
    out.mkdir(parents=True, exist_ok=True)

    def write(bucket: int) -> None:
        tables.write(table.take(rows[bucket]), out / f"{bucket:0{digits}x}.parquet", schema, provenance=made)

    side_by_side(write, sorted(rows))


def side_by_side(write: Callable[[Any], None], parts: Sequence[Any]) -> None:
    """Write every part, many at a time; on a full disk one by one, so that the error says how much is missing."""
    try:
        with ThreadPoolExecutor(FLUSHED) as threads:
            list(threads.map(write, parts))
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        for part in parts:
            write(part)


def plan_of(work: Work, common: Mapping[str, Any], bucket: str) -> Plan:
    """The bucket's plan; `common`: the work's provenance."""
    inputs = {name: source.digest(bucket) for name, source in work.sources.items()}
    record = {**common, "inputs": inputs, "bucket": bucket}
    return Plan(bucket, digest(record), record)


def compute_group(store: Store, work: Work, plans: Sequence[Plan]) -> dict[str, Reference]:
    """Compute buckets in one call and store each one's rows; runs in this process or a worker."""
    inputs = {
        name: pa.concat_tables([source.read(plan.bucket) for plan in plans]) for name, source in work.sources.items()
    }
    checkpoint = store.checkpoint(work.stage, digest([plan.key for plan in plans])) if work.resumable else None
    extra = {"checkpoint": checkpoint} if checkpoint else {}
    table = work.compute(**inputs, **work.files, **work.settings, **extra)
    references = {}
    for plan in plans:
        _, _, image = plan.bucket.partition("-")
        rows = table.filter(pc.equal(table["image_id"], image)) if image else table
        references[plan.bucket] = store.put(work.stage, plan.key, rows, work.schema, provenance=plan.provenance)
    if checkpoint:
        checkpoint.unlink(missing_ok=True)
    return references
