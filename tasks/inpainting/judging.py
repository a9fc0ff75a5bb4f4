"""Which of the kept votes are about the present fillings.

In: votes (INPAINTING_VOTES) and FILLINGS rows. Out: INPAINTING_JUDGED. A network that trained again draws other
pictures, and votes on the earlier ones say nothing about these. Knows nothing of statistics.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from tasks.inpainting.shown import digests, patients_of
from tasks.schemas.columns import POPULATIONS
from tasks.schemas.inpainting import INPAINTING_JUDGED


def judged(votes: pa.Table, fillings: Iterable[Mapping[str, Any]]) -> pa.Table:
    """The votes with the person of each photograph, and whether they are about the present pictures.

    A rater's votes on one photograph are present together or not at all: a rank among pictures that have changed is no
    rank among these.
    """
    rows = votes.to_pylist()
    asked = {row["image_id"] for row in rows}
    filled = [row for row in fillings if row["image_id"] in asked]
    people = {row["image_id"]: row["subject_id"] for row in filled}
    now = digests(patients_of(filled, populations=POPULATIONS))
    earlier = {_saw(row) for row in rows if now.get((row["image_id"], row["method"])) != row["picture"]}
    return INPAINTING_JUDGED.table(
        row | {"subject_id": people.get(row["image_id"]), "present": _saw(row) not in earlier} for row in rows
    )


def _saw(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["image_id"], row["rater_id"]
