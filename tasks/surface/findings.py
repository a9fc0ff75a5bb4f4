"""What lies beyond the rules' limits in faces in three dimensions, as the stage surface_findings finds it.

In: SURFACE_MEASURES, rows of IMAGES, norms. Out: SURFACE_FINDINGS, by the default rules. Opens no photograph.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from tasks.findings.rules import DEFAULT, Rule, findings
from tasks.pages.norms import Norms
from tasks.schemas.surface import SURFACE_FINDINGS
from tasks.surface.beside_norms import within
from tasks.surface.finding_rules import read_rules

Row = Mapping[str, Any]
WHO = ("image_id", "subject_id", "population", "visit")


def find_sets(
    measures: pa.Table,  # SURFACE_MEASURES
    images: Iterable[Row],  # of IMAGES
    *,
    norms: Norms,
) -> pa.Table:
    """SURFACE_FINDINGS of every set that was measured."""
    by_set: dict[str, list[dict[str, Any]]] = {}
    for row in measures.to_pylist():
        by_set.setdefault(row["image_id"], []).append(row)
    rules = read_rules(DEFAULT)
    people = {row["image_id"]: row for row in images}  # a set has the id of one of its photographs
    return SURFACE_FINDINGS.table(
        row for set_id, rows in sorted(by_set.items()) for row in _found(rows, people[set_id], rules, norms)
    )


def _found(rows: Sequence[Row], person: Row, rules: Sequence[Rule], norms: Norms) -> Iterator[dict[str, Any]]:
    words = {row["measure"]: within(row["words"]) for row in rows}
    fit = norms.for_picture(person["notice"]).rows
    who = {name: person[name] for name in ("population", "gender", "age_group")}
    for one in findings(rows, rules, norms=fit, **who):
        yield {name: rows[0][name] for name in WHO} | {
            "measure": one.measure,
            "finding": one.finding,
            "certainty": one.certainty,
            "sentence": one.sentence(words[one.measure]),
            "source": one.source,
        }
