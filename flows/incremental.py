"""Work split by content: look what is there, run what is missing, join the parts.

In: tables cut into buckets (parts of the same name), and the function that computes a bucket's result.
Out: a folder of parts. A bucket's key says everything its result depends on: the columns it is keyed by,
the numbers, the files (weights), and the code as parsed. Results lie in the artifact store, which runs with
and without a Prefect server share. Knows nothing of what is computed, nor of the order of stages.
"""

import importlib
import os
import socket
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
from prefect.artifacts import create_table_artifact
from pydantic import BaseModel

from flows.cards import card
from flows.processes import worker_pool
from flows.progress import progress
from flows.runners import run_far, run_here
from flows.store import using
from flows.tracking import artifact_key, show, tracked
from tasks import tables
from tasks.artifacts import Reference, Store
from tasks.digests import code_digest, digest, file_digest, table_digest
from tasks.errors import InputError
from tasks.params import Runtime
from tasks.tables import Schema

LOOKUPS = 8
"""Buckets looked up at a time: a shared store takes its time to answer."""

ONE_AT_A_TIME = threading.Lock()
"""A cluster's worker may have threads; what computes (dlib) is made for one."""


@dataclass(frozen=True)
class Source:
    """An input table cut into buckets. `keyed_by`: the columns a result depends on (None: all)."""

    path: Path
    schema: Schema
    keyed_by: tuple[str, ...] | None = None

    def part(self, bucket: str) -> Path:
        """The bucket's file, which need not exist."""
        return self.path / f"{bucket}.parquet"

    def read(self, bucket: str) -> pa.Table:
        """The bucket's rows; none where it has no file."""
        return tables.read(self.part(bucket), self.schema) if self.part(bucket).exists() else self.schema.table([])

    def digest(self, bucket: str) -> str | None:
        """Of the columns a result depends on; None where the bucket has no file."""
        part = self.part(bucket)
        return table_digest(tables.read(part, self.schema, self.keyed_by)) if part.exists() else None


@dataclass(frozen=True)
class Work:
    """A stage's item-wise work. `compute(**bucket tables, **files, **settings) -> table`.

    `compute` is a function of a module in tasks. `files` (or folders) are keyed by their bytes, `settings` by
    their numbers. Where raw files lie is in the images table, in columns that are not keyed.
    """

    stage: str
    compute: Callable[..., pa.Table]
    schema: Schema
    sources: Mapping[str, Source]
    settings: Mapping[str, BaseModel | int | str]
    files: Mapping[str, Path] = field(default_factory=dict)

    def provenance(self) -> dict[str, Any]:
        """What every bucket's result depends on besides its own rows."""
        module = importlib.import_module(self.compute.__module__)
        return provenance(self.stage, module, self.schema, self.settings, self.files)

    def buckets(self) -> list[str]:
        """The buckets that any input has, in order."""
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
    settings: Mapping[str, BaseModel | int | str],
    files: Mapping[str, Path],
) -> dict[str, Any]:
    """What makes a result: stage, table, numbers, the files' digests and the digest of the code that computes."""
    numbers = {k: v.model_dump(mode="json") if isinstance(v, BaseModel) else v for k, v in settings.items()}
    digests = {name: _content(path) for name, path in files.items()}
    made = {"stage": stage, "table": digest(str(schema.columns)), "parameters": numbers, "files": digests}
    return made | {"code": code_digest(module)}


def _content(path: Path) -> str:
    """Digest of a file, or of the names and bytes of a folder's files."""
    if path.is_dir():
        return digest({file.name: file_digest(file) for file in sorted(path.iterdir()) if file.is_file()})
    return file_digest(path)


def recall(record: Mapping[str, Any], schema: Schema, make: Callable[[], pa.Table]) -> pa.Table:
    """The one result that `record` (a provenance) describes: from the store, or made by `make()` and stored."""
    stage, key = str(record["stage"]), digest(record)
    with using() as use:
        store = use.store
        reference = store.lookup(stage, key)
        use.warn()
        if reference is None and (flaw := store.damage(stage, key)):
            print(f"{stage}: the result in the store was {flaw} and is computed again", flush=True)
        print(f"{stage}: {'reused' if reference else 'computing'}", flush=True)
        if reference is None:
            reference = store.put(stage, key, make(), schema, provenance=record)
            store.share(stage, key, reference)
        use.note(stage, [key])
        return tables.read(store.path(reference), schema)


def run_buckets(work: Work, out: Path, *, runtime: Runtime, here: bool = False) -> None:
    """Bring every bucket's result into the folder `out`, computing only what the store does not have.

    `here` computes in this process alone, holding a card if there is one: for work on a GPU or with threads of its own.
    """
    common = work.provenance()
    plans = [_plan(work, common, bucket) for bucket in work.buckets()]
    with using() as use:
        results = _look_up(use.store, work.stage, plans)
        use.warn()
        missing = [plan for plan in plans if plan.bucket not in results]
        _tell_damage(use.store, work.stage, missing)
        results |= _compute(use.store, work, missing, runtime, here)
        _join(use.store, results, out)
        use.note(work.stage, [plan.key for plan in plans])
    _tell(work.stage, results, {plan.bucket for plan in missing})


def _look_up(store: Store, stage: str, plans: Sequence[Plan]) -> dict[str, Reference]:
    """What there is, by bucket."""
    with ThreadPoolExecutor(LOOKUPS) as threads:
        found = threads.map(lambda plan: store.lookup(stage, plan.key), plans)
        return {plan.bucket: reference for plan, reference in zip(plans, found, strict=True) if reference}


def _tell_damage(store: Store, stage: str, missing: Sequence[Plan]) -> None:
    """Say what was stored once and is whole no more."""
    flaws = Counter(flaw for plan in missing if (flaw := store.damage(stage, plan.key)))
    if flaws:
        kinds = ", ".join(f"{count} {flaw}" for flaw, count in sorted(flaws.items()))
        said = f"{flaws.total()} buckets in the store were damaged or missing ({kinds}) and are computed again"
        print(f"{stage}: {said}", flush=True)


def _join(store: Store, results: Mapping[str, Reference], out: Path) -> None:
    """The folder of parts: every bucket that has rows, and nothing of an earlier run."""
    out.mkdir(parents=True, exist_ok=True)
    filled = {f"{bucket}.parquet": reference for bucket, reference in results.items() if reference.rows}
    for stale in (part for part in out.glob("*.parquet") if part.name not in filled):
        stale.unlink()
    for name in sorted(filled):
        store.copy(filled[name], out / name)


def _plan(work: Work, common: Mapping[str, Any], bucket: str) -> Plan:
    inputs = {name: source.digest(bucket) for name, source in work.sources.items()}
    record = {**common, "inputs": inputs, "bucket": bucket}
    return Plan(bucket, digest(record), record)


def _compute(store: Store, work: Work, missing: Sequence[Plan], runtime: Runtime, here: bool) -> dict[str, Reference]:
    """The missing buckets' results: in this process, in processes of this machine, or on a cluster."""
    if not missing:
        return {}
    calls = {plan.bucket: {"store": store, "work": work, "plan": plan} for plan in missing}
    with progress(len(missing), work.stage, "bucket") as advance:
        if not here and _far(runtime, work.stage):
            troubles = run_far(work.stage, compute_far, calls, runtime, advance)
            return {plan.bucket: _collect(store, work, plan, troubles[plan.bucket]) for plan in missing}
        if here:
            with card(work.stage, cards=runtime.cards):
                return run_here(work.stage, _compute_here, calls, 1, advance)
        if runtime.workers < 2 or len(missing) == 1:
            return run_here(work.stage, _compute_here, calls, 1, advance)
        with worker_pool(min(runtime.workers, len(missing))) as pool:
            pooled = {name: {**given, "pool": pool} for name, given in calls.items()}
            return run_here(work.stage, _compute_here, pooled, runtime.workers, advance)


def _far(runtime: Runtime, stage: str) -> bool:
    """Whether a cluster computes. It needs a Prefect server; without one this machine computes, and says so."""
    if runtime.runner != "threads" and not tracked():
        print(f"{stage}: no Prefect server, so not on {runtime.runner} but on this machine", flush=True)
    return runtime.runner != "threads" and tracked()


def _collect(store: Store, work: Work, plan: Plan, trouble: str | None) -> Reference:
    """The result that a worker stored. InputError where this machine does not see it."""
    reference = store.lookup(work.stage, plan.key)
    if reference is None:
        elsewhere = "workers store elsewhere; start them in this folder on a shared disk, or set runtime.shared_store"
        why = trouble or store.trouble or elsewhere
        raise InputError(f"bucket {plan.bucket} was computed, but its result is not in {store.root}: {why}")
    return reference


def _compute_here(store: Store, work: Work, plan: Plan, pool: Executor | None = None) -> Reference:
    """Compute one bucket in this process or in the pool's, and send it to the shared store if there is one."""
    if pool is None:
        reference = compute_bucket(store, work, plan)
    else:
        reference = pool.submit(compute_bucket, store, work, plan).result()
    store.share(work.stage, plan.key, reference)
    return reference


def compute_far(store: Store, work: Work, plan: Plan) -> str | None:
    """Compute and share one bucket on a worker. Why the shared store did not take it, or None.

    InputError where the worker does not see the same code, tables, files and raw pictures as the parent.
    """
    import cv2

    with ONE_AT_A_TIME:
        cv2.setNumThreads(1)
        _require_same(work, plan)
        store.share(work.stage, plan.key, compute_bucket(store, work, plan))
        return store.trouble


def _require_same(work: Work, plan: Plan) -> None:
    """InputError unless this worker would plan the bucket alike, and can open its raw files."""
    where = f"worker {socket.gethostname()} in {Path.cwd()}"
    try:
        own = _plan(work, work.provenance(), plan.bucket)
    except (OSError, InputError) as error:
        raise InputError(f"{where}: {error}; start workers in the project's folder") from error
    if own.key != plan.key:
        other = [name for name, value in own.provenance.items() if value != plan.provenance.get(name)]
        raise InputError(f"{where}: other {', '.join(other)} than where the run started; it must see the same folder")
    for source in work.sources.values():
        named = "path" in (column.name for column in source.schema.columns)
        paths = source.read(plan.bucket)["path"].to_pylist() if named else []
        if lost := [path for path in paths if not os.access(path, os.R_OK)]:
            raise InputError(f"{where}: {len(lost)} of {len(paths)} raw files of bucket {plan.bucket} cannot be opened")


def compute_bucket(store: Store, work: Work, plan: Plan) -> Reference:
    """Compute one bucket and store it; runs in this process or a worker."""
    inputs = {name: source.read(plan.bucket) for name, source in work.sources.items()}
    table = work.compute(**inputs, **work.files, **work.settings)
    return store.put(work.stage, plan.key, table, work.schema, provenance=plan.provenance)


def _tell(stage: str, results: Mapping[str, Reference], computed: set[str]) -> None:
    """Say, on the terminal and in the UI, how much was reused, computed and refused."""
    rows = [
        {
            "buckets": name,
            "count": len(chosen),
            "rows": sum(reference.rows for reference in chosen),
            "refused": sum(reference.refused for reference in chosen),
        }
        for name, chosen in (
            ("reused", [reference for bucket, reference in results.items() if bucket not in computed]),
            ("computed", [reference for bucket, reference in results.items() if bucket in computed]),
        )
    ]
    text = "; ".join(f"{r['count']} buckets {r['buckets']} ({r['rows']} rows, {r['refused']} refused)" for r in rows)
    print(f"{stage}: {text}", flush=True)
    show(lambda: create_table_artifact(rows, key=artifact_key(f"{stage} buckets"), description=stage))
