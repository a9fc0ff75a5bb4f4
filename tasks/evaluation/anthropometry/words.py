"""The landmark measures' evaluation in plain words.

In: the record of `evaluate_anthropometry`, and what measures are called. Out: tiles and sentences that stand alone.
Knows nothing of how numbers came about.
"""

from collections.abc import Mapping
from typing import Any

from tasks.base.words import counted_people
from tasks.evaluation.anthropometry.compare import TOGETHER, best
from tasks.pages.chapter import Tile
from tasks.pages.environment import number, share, span
from tasks.statistics.detection import verdict


def tiles(record: Mapping[str, Any]) -> list[Tile]:
    """Patients against controls."""
    area = record["detection"]["patients"]
    told = f"{span(area)}, {area['n_images']} photographs" if area["value"] is not None else str(area["reason"])
    return [Tile("Landmark measures: AUC, patients against controls", number(area["value"]), told, area["n_subjects"])]


def findings(record: Mapping[str, Any], words: Mapping[str, str]) -> list[str]:
    """The result as sentences."""
    found = record["detection"]["patients"]
    said = []
    if found["value"] is not None:
        text = "By landmark measures of lip and nose, a patient\u2019s photograph is further from an even face than a "
        text += f"control\u2019s in {share(found['value'])}\u2009% of comparisons ({span(found, percent=True)})"
        said.append(text + verdict(found))
    return said + [
        line for target in record["agreement"] if _said(target) for line in _target_said(record, target, words)
    ]


def _said(target: str) -> bool:
    """All raters together, and references; single roles of raters stand in the tables."""
    return target == "all ratings" or not target.endswith(" ratings")


def _target_said(record: Mapping[str, Any], target: str, words: Mapping[str, str]) -> list[str]:
    mean = record["agreement"][target][TOGETHER]["spearman"]
    if mean["value"] is None:
        return []
    text = (
        f"With {target.replace('_', ' ')} all landmark measures together have Spearman\u2019s rho "
        f"{number(mean['value'])} ({span(mean)}, {counted_people(mean['n_images'], mean['n_subjects'])})"
    )
    if one := best(record, target):
        name, own = one
        text += (
            f"; the closest single one, {words.get(name, name)}, {number(own['value'])}, picked on these photographs"
        )
    weighted = record["combined"][target]["spearman"]
    if weighted["value"] is not None:
        text += f"; a sum weighted on other people {number(weighted['value'])}"
    return [text + "."]
