"""A stage's one expensive result, such as a trained network: taken from the store, or made on a card and kept.

In: a provenance, and the function that makes the result. Out: the result as a table, and files in the stage's out. The
function gets a checkpoint, in which it stands while it works. That is removed once the result is safe in the store, so
that a kill at any moment costs what came after the last checkpoint and no more. Knows nothing of what is made.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from flows.buckets import runtime
from flows.buckets.incremental import recall
from flows.buckets.store import open_store
from flows.running.cards import card
from flows.running.progress import reporter
from tasks.base import tables
from tasks.base.digests import digest
from tasks.base.tables import Schema

Make = Callable[[Path, Callable[[int, int], None]], pa.Table]
"""Makes the result, given a file to stand in and a function to tell the steps done and in all."""


def recall_or_train(record: Mapping[str, Any], schema: Schema, make: Make) -> pa.Table:
    """The one result that `record` (a provenance) describes: from the store, or made by `make`, holding a card."""
    stage = str(record["stage"])
    checkpoint = open_store().checkpoint(stage, digest(record))

    def make_on_a_card() -> pa.Table:
        with card(stage, cards=runtime().cards):
            return make(checkpoint, reporter(stage))

    found = recall(record, schema, make_on_a_card)
    checkpoint.unlink(missing_ok=True)
    return found


def leave(out: Path, files: Mapping[str, bytes]) -> None:
    """The files in the folder `out`, in this order, each whole or not there. Names may have folders in them.

    Nothing of an earlier run stays: dvc.yaml keeps some outs until their next network is whole (`persist`).
    """
    for old in [path for path in out.rglob("*") if path.is_file() and str(path.relative_to(out)) not in files]:
        old.unlink()
    for name, content in files.items():
        with tables.replacing(out / name) as temporary:
            temporary.write_bytes(content)
