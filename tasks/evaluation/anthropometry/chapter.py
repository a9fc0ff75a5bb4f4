"""The chapter of landmark measures: what its stages wrote, compared, summed up and shown."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from tasks.evaluation.anthropometry import compare as compared
from tasks.evaluation.anthropometry.against import lines
from tasks.evaluation.anthropometry.compare import PREFIX, TOGETHER, evaluate_anthropometry, method_scores, unmeasured
from tasks.evaluation.anthropometry.profiles import in_profile
from tasks.evaluation.anthropometry.read import NOTICES, Anthropometry, adjusted, read_anthropometry
from tasks.evaluation.anthropometry.section import agreement_picture, ordered
from tasks.evaluation.anthropometry.words import findings, tiles
from tasks.evaluation.study import Study
from tasks.evaluation.system import Compared, Need, Shown
from tasks.pages.chapter import Chapter

NAME = "anthropometry"
TITLE = "Anthropometry: measures between landmarks"
LEDE = "Points of face, nose and lip are placed, refined on the picture, and measured."
SOURCE = "Offline AI solutions for cosmetic facial analysis, Solution 1; cleft measures after SymNose and Farkas"
NAMES = {
    TOGETHER: "Landmark measures together",
    f"{PREFIX}peak_height_difference": "Refined cupid\u2019s bow height",
    f"{PREFIX}lip_mismatch": "Outline mismatch of the lip",
}
PHOTOGRAPH = "tasks.evaluation.anthropometry.photograph"
"""Reads one photograph. Only who scores imports it."""
NEEDS = (Need("measures of patients", ("repaired", "unrepaired"), "still", 1, "add photographs of patients"),)


def read(folder: Path) -> Anthropometry:
    """What its stages wrote."""
    return read_anthropometry(folder)


def scores(made: Anthropometry, numbers: Path) -> pd.DataFrame:
    """Its methods in the comparison: three ways to say how uneven lip and nose are."""
    return method_scores(made.measures, NAMES)


def taught(made: Anthropometry) -> set[str]:
    """No photograph: nothing here learns from people at hand."""
    return set()


def compare(made: Anthropometry, study: Study, numbers: Path) -> Compared:
    """Its record for metrics.json; it grades nobody."""
    if made.missing:
        return Compared({"reason": made.missing}, {})
    return Compared(evaluate_anthropometry(made.measures, made.points, study, made.norms), {})


def headline(record: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The few numbers that people compare between runs."""
    return compared.headline(record)


def show(made: Anthropometry, record: Mapping[str, Any], shown: Shown) -> Chapter:
    """The chapter as the report has it."""
    empty = Chapter(NAME, TITLE, LEDE, SOURCE, reason=record["reason"])
    if record["reason"]:
        return empty
    named = made.measures.drop_duplicates("measure")
    words = dict(zip(named["measure"], named["words"], strict=True)) | {TOGETHER: "all of them together"}
    return replace(
        empty,
        tiles=tiles(record),
        findings=findings(record, words),
        notices=(*NOTICES, *adjusted(made.adjusted)),
        columns=NAMES,
        doubts=unmeasured(made.measures, NAMES),
        names={**shown.study.names, **words},
        pictures={"methods": agreement_picture(record, words)},
        template="evaluation/anthropometry/section.html.j2",
        context={"own": record, "words": words, "order": ordered(record)}
        | {"normed": lines(record["norms"]["measures"], words)}
        | {"profiles": in_profile(shown.folder, shown.study.settings, made.norms)},
    )
