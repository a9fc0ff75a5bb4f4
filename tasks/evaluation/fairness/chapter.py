"""The chapter of fairness: every method of all chapters is asked whether it follows skin, light, hair or a group."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from tasks import params
from tasks.evaluation.fairness import compare as compared
from tasks.evaluation.fairness.compare import SETS, evaluate_fairness
from tasks.evaluation.fairness.read import Fairness, read_fairness, refused_lines, traits_of
from tasks.evaluation.fairness.words import findings, left_out, missing, notices, tiles
from tasks.evaluation.study import COLUMNS, Study
from tasks.evaluation.system import Compared, Need, Shown
from tasks.pages.chapter import Chapter
from tasks.params.fairness import Fairness as Settings

NAME = "fairness"
TITLE = "Fairness: does a measure follow what it must not?"
LEDE = "At equal severity no measure may follow skin, light, hair or the group that somebody belongs to."
SOURCE = "Spearman 1904, within bands of severity; lightness in CIELAB"
NAMES: Mapping[str, str] = {}
PHOTOGRAPH = None
"""One photograph shows nothing of fairness."""
NEEDS = (
    Need("fairness among controls", ("control",), "still", 10, "add photographs of controls"),
    Need("fairness at equal severity", ("repaired",), "still", 10, "add photographs after repair"),
)


def read(folder: Path) -> Fairness:
    """What its stages wrote."""
    return read_fairness(folder)


def scores(made: Fairness, numbers: Path) -> pd.DataFrame:
    """No method of its own: it asks those of the others."""
    return pd.DataFrame(columns=COLUMNS)


def taught(made: Fairness) -> set[str]:
    """No photograph: nothing is learned."""
    return set()


def compare(made: Fairness, study: Study, numbers: Path) -> Compared:
    """Its record for metrics.json; it grades nobody."""
    if made.missing:
        return Compared({"reason": made.missing}, {})
    return Compared(evaluate_fairness(made, study, params.load(Settings, "fairness", numbers)), {})


def headline(record: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The few numbers that people compare between runs."""
    return compared.headline(record)


def show(made: Fairness, record: Mapping[str, Any], shown: Shown) -> Chapter:
    """The chapter as the report has it."""
    empty = Chapter(NAME, TITLE, LEDE, SOURCE, reason=record["reason"])
    if record["reason"]:
        return empty
    from tasks.evaluation.fairness.figures import pictures  # matplotlib takes a while, and no photograph asks for it

    names, least = shown.study.names, params.load(Settings, "fairness", shown.numbers).least_people
    small = traits_of(made, least=least)[1]
    return replace(
        empty,
        tiles=tiles(record, names),
        findings=findings(record, names),
        notices=notices(record, names),
        missing=missing(record),
        pictures={"rho": pictures(record, names)},
        names=names,
        template="evaluation/fairness/section.html.j2",
        context={"own": record, "sets": SETS, "small": left_out(small, refused_lines(made.refused), least=least)},
    )
