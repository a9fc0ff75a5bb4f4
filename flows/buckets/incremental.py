"""Work split by content: look what is there, run what is missing, join the parts.

In: work (flows/buckets/work.py), whose buckets have a key each. Out: a folder of parts. Results lie in the
artifact store, which runs with and without a Prefect server share. Knows nothing of what is computed, nor of the order
of stages.
"""

import os
import socket
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import nullcontext
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
from prefect.artifacts import create_table_artifact

from flows.buckets.store import using
from flows.buckets.work import Plan, Work, compute_group, plan_of, side_by_side
from flows.running.cards import card
from flows.running.progress import progress
from flows.running.runners import run_far, run_here
from flows.running.tracking import artifact_key, show, tracked
from tasks.base import tables
from tasks.base.digests import digest
from tasks.base.processes import worker_pool
from tasks.base.tables import Schema
from tasks.base.words import tally
from tasks.errors import InputError
from tasks.params.running import Runtime
from tasks.store.artifacts import Reference, Store

LOOKUPS = 8
"""Buckets looked up at a time: a shared store takes its time to answer."""

ONE_AT_A_TIME = threading.Lock()
"""A cluster's worker may have threads; what computes (dlib) is made for one."""


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


def run_buckets(work: Work, out: Path, *, runtime: Runtime, here: bool = False, pool: Executor | None = None) -> None:
    """Bring every bucket's result into the folder `out`, computing only what the store does not have.

    `here` computes in this process alone, holding a card if there is one: for work on a GPU or with threads of its own.
    `pool`: processes that stay for the stage's next work, so that each opens its models once.
    """
    common = work.provenance()
    plans = [plan_of(work, common, bucket) for bucket in work.buckets()]
    with using() as use:
        results = _look_up(use.store, work.stage, plans)
        use.warn()
        missing = [plan for plan in plans if plan.bucket not in results]
        _tell_damage(use.store, work.stage, missing)
        results |= _compute(use.store, work, missing, runtime, here, pool)
        _join(use.store, work, results, out, common)
        use.note(work.stage, [plan.key for plan in plans])
    _tell(work.stage, results, {plan.bucket for plan in missing})


def _look_up(store: Store, stage: str, plans: Sequence[Plan]) -> dict[str, Reference]:
    """The results that the store has, by bucket."""
    with ThreadPoolExecutor(LOOKUPS) as threads:
        found = threads.map(lambda plan: store.lookup(stage, plan.key), plans)
        return {plan.bucket: reference for plan, reference in zip(plans, found, strict=True) if reference}


def _tell_damage(store: Store, stage: str, missing: Sequence[Plan]) -> None:
    """Say which stored results are damaged or missing now."""
    flaws = [flaw for plan in missing if (flaw := store.damage(stage, plan.key))]
    if flaws:
        said = f"{len(flaws)} buckets in the store were damaged or missing ({tally(flaws)}) and are computed again"
        print(f"{stage}: {said}", flush=True)


def _join(store: Store, work: Work, results: Mapping[str, Reference], out: Path, common: Mapping[str, Any]) -> None:
    """The folder of parts: every bucket that has rows, and nothing of an earlier run. `common`: the provenance."""
    out.mkdir(parents=True, exist_ok=True)
    filled: dict[str, list[Reference]] = {}
    for bucket, reference in sorted(results.items()):
        if reference.rows:
            filled.setdefault(f"{bucket.partition('-')[0]}.parquet", []).append(reference)
    for stale in (part for part in out.glob("*.parquet") if part.name not in filled):
        stale.unlink()
    if not work.together:
        side_by_side(lambda part: store.copy(filled[part][0], out / part), sorted(filled))
        return
    for name, references in sorted(filled.items()):
        found = pa.concat_tables(tables.read(store.path(reference), work.schema) for reference in references)
        tables.write(found, out / name, work.schema, provenance=common)


def _compute(
    store: Store, work: Work, missing: Sequence[Plan], runtime: Runtime, here: bool, pool: Executor | None
) -> dict[str, Reference]:
    """The missing buckets' results: in this process, in processes of this machine, or on a cluster."""
    if not missing:
        return {}
    size = max(1, work.together)
    groups = {plans[0].bucket: plans for plans in (missing[at : at + size] for at in range(0, len(missing), size))}
    calls = {name: {"store": store, "work": work, "plans": plans} for name, plans in groups.items()}
    with progress(len(groups), work.stage, "group" if work.together else "bucket") as advance:
        if not here and _far(runtime, work.stage):
            troubles = run_far(work.stage, compute_far, calls, runtime, advance)
            return {p.bucket: _collect(store, work, p, troubles[name]) for name, plans in groups.items() for p in plans}
        return dict(chain.from_iterable(d.items() for d in _compute_near(work, calls, runtime, here, pool, advance)))


def _compute_near(
    work: Work,
    calls: Mapping[str, Mapping[str, Any]],
    runtime: Runtime,
    here: bool,
    pool: Executor | None,
    advance: Callable[[int], None],
) -> Iterable[dict[str, Reference]]:
    """The groups' results, in this process or in processes of this machine."""
    if here:
        with card(work.stage, cards=runtime.cards):
            return run_here(work.stage, _compute_here, calls, 1, advance).values()
    if runtime.workers < 2 or len(calls) == 1:
        return run_here(work.stage, _compute_here, calls, 1, advance).values()
    with nullcontext(pool) if pool else stage_pool(min(runtime.workers, len(calls)), work.compute) as workers:
        pooled = {name: {**given, "pool": workers} for name, given in calls.items()}
        return run_here(work.stage, _compute_here, pooled, runtime.workers, advance).values()


def stage_pool(workers: int, *computes: Callable[..., pa.Table]) -> Executor:
    """Processes of this machine for `computes`; they start with their first work."""
    return worker_pool(workers, compute_group.__module__, *(compute.__module__ for compute in computes))


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


def _compute_here(
    store: Store, work: Work, plans: Sequence[Plan], pool: Executor | None = None
) -> dict[str, Reference]:
    """Compute a group in this process or in the pool's, and send it to the shared store if there is one."""
    if pool is None:
        references = compute_group(store, work, plans)
    else:
        references = pool.submit(compute_group, store, work, plans).result()
    for plan in plans:
        store.share(work.stage, plan.key, references[plan.bucket])
    return references


def compute_far(store: Store, work: Work, plans: Sequence[Plan]) -> str | None:
    """Compute and share a group on a worker. Why the shared store did not take it, or None.

    InputError where the worker does not see the same code, tables, files and raw pictures as the parent.
    """
    import cv2

    with ONE_AT_A_TIME:
        cv2.setNumThreads(1)
        for plan in plans:
            _require_same(work, plan)
        references = compute_group(store, work, plans)
        for plan in plans:
            store.share(work.stage, plan.key, references[plan.bucket])
        return store.trouble


def _require_same(work: Work, plan: Plan) -> None:
    """InputError unless this worker would plan the bucket alike, and can open its raw files."""
    where = f"worker {socket.gethostname()} in {Path.cwd()}"
    try:
        own = plan_of(work, work.provenance(), plan.bucket)
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
