"""Whether the store's results are what their records say.

In: a store, and the tables' schemas. Out: a line for every result that is not what it says: its object is missing, cut
off or changed, is not the result that its key stands for, has other rows than recorded, or does not fit its table.
A key is the digest of everything that a result depends on, and a result carries that in its metadata: so an object in
another's place is found. What nobody can see here: numbers changed by someone who wrote object, metadata and record to
match. Only computing again shows that. Knows nothing of DVC.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from tasks.base import tables
from tasks.base.digests import digest
from tasks.base.escaping import said
from tasks.base.tables import Schema
from tasks.store.artifacts import Reference, Store


@dataclass(frozen=True)
class Flaw:
    """Something that is not what is recorded of it: whose it is, where it lies, and what is wrong."""

    stage: str
    path: Path
    problem: str


def to_verify(store: Store) -> list[tuple[Path, int]]:
    """The records of results, and the bytes that looking at each one reads."""
    records = sorted(store.root.glob("references/*/*.json"))
    return [(record, _size(store, record)) for record in records]


def verify(store: Store, *, schemas: Sequence[Schema], advance: Callable[[int], None]) -> list[Flaw]:
    """Every result that is not what it says. `advance` is told the bytes that were read."""
    known = {digest(str(schema.columns)): schema for schema in schemas}
    found = []
    with store.held():
        for record, size in to_verify(store):
            if problem := _problem(store, record, known):
                found.append(Flaw(record.parent.name, record, problem))
            advance(size)
    return found


def _problem(store: Store, record: Path, schemas: Mapping[str, Schema]) -> str | None:
    """What is wrong with one result; None if it is what it says."""
    stage, key = record.parent.name, record.stem
    reference = store.recorded(stage, key)
    if reference is None:
        return "the record cannot be read" if record.exists() else None  # collected meanwhile
    path = store.path(reference)
    if flaw := reference.flaw(path):
        return f"its object {_short(reference)} is {flaw}"
    try:
        made = tables.provenance_of(path)
        if digest(made) != key or str(made.get("stage", stage)) != stage:
            return f"its object {_short(reference)} is another result, of {str(made.get('stage', 'no stage'))[:100]}"
        return _misfit(path, reference, schemas.get(str(made.get("table"))))
    except Exception as error:  # a file that somebody made can make pyarrow raise whatever it likes
        return f"its object {_short(reference)} is no readable table: {said(error)}"


def _misfit(path: Path, reference: Reference, schema: Schema | None) -> str | None:
    """How the rows differ from what is recorded; TableError where they do not fit their schema.

    A result of an earlier version, whose schema is no more, is only counted.
    """
    rows = tables.read(path, schema) if schema else pq.read_table(path, partitioning=None)
    refused = rows.num_rows - rows["reason"].null_count if "reason" in rows.column_names else 0
    if (rows.num_rows, refused) != (reference.rows, reference.refused):
        told = f"{reference.rows} rows and {reference.refused} refused are recorded"
        return f"its object {_short(reference)} has {rows.num_rows} rows, {refused} refused; {told}"
    return None


def _short(reference: Reference) -> str:
    """An object's name, as far as it tells it from others; the record has it whole."""
    return reference.sha256[:12]


def _size(store: Store, record: Path) -> int:
    reference = store.recorded(record.parent.name, record.stem)
    return reference.size if reference else 0
