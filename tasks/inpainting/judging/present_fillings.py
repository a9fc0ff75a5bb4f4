"""Which of the kept votes and scores are about the present fillings.

In: votes (INPAINTING_VOTES) or scores (INPAINTING_SCORES), and FILLINGS rows. Out: INPAINTING_JUDGED or
INPAINTING_SCORED. A network that trained again draws other pictures, and what was said of the earlier ones says nothing
about these. A rater's second answers stand beside the first ones, on the same pictures. Knows nothing of statistics.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from tasks.inpainting.judging.results_shown import digests, patients_of
from tasks.schemas.columns import POPULATIONS
from tasks.schemas.inpainting import INPAINTING_JUDGED
from tasks.schemas.inpainting_scores import INPAINTING_SCORED


def judged(votes: pa.Table, again: pa.Table, fillings: Iterable[Mapping[str, Any]]) -> pa.Table:
    """The votes with the person of each photograph, and whether they are about the present pictures.

    A rater's votes on one photograph are present together or not at all: a rank among pictures that have changed is no
    rank among these. `again`: votes on photographs that came a second time.
    """
    return INPAINTING_JUDGED.table(_with_second(_marked(votes, fillings), again, ("valid", "rank")))


def scored(scores: pa.Table, again: pa.Table, fillings: Iterable[Mapping[str, Any]]) -> pa.Table:
    """The same of scores: what was seen side by side counts together."""
    return INPAINTING_SCORED.table(_with_second(_marked(scores, fillings), again, ("score",)))


def _with_second(rows: list[dict[str, Any]], again: pa.Table, names: Sequence[str]) -> list[dict[str, Any]]:
    second = {(*_saw(row), row["method"], row["picture"]): row for row in again.to_pylist()}
    found = (second.get((*_saw(row), row["method"], row["picture"]), {}) for row in rows)
    return [row | {f"{name}_again": own.get(name) for name in names} for row, own in zip(rows, found, strict=True)]


def _marked(said: pa.Table, fillings: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    rows = said.to_pylist()
    asked = {row["image_id"] for row in rows}
    filled = [row for row in fillings if row["image_id"] in asked]
    people = {row["image_id"]: row["subject_id"] for row in filled}
    now = digests(patients_of(filled, populations=POPULATIONS))
    earlier = {_saw(row) for row in rows if now.get((row["image_id"], row["method"])) != row["picture"]}
    return [row | {"subject_id": people.get(row["image_id"]), "present": _saw(row) not in earlier} for row in rows]


def _saw(row: Mapping[str, Any]) -> tuple[str, str, str | None]:
    return row["image_id"], row["rater_id"], row.get("scale")
