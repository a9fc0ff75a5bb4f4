"""The anomaly chapter: what its stages wrote, compared, summed up and shown. Hayajneh et al."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from tasks.base import tables
from tasks.evaluation.anomaly.compare import METHOD, Combination, evaluate_anomaly, headline_scores
from tasks.evaluation.anomaly.published import FACES, MISPRINT, TABLE
from tasks.evaluation.anomaly.read import Anomaly, doubted, headline_combination, held_against, notices, read_anomaly
from tasks.evaluation.anomaly.section import Face, draw_anomaly, gallery
from tasks.evaluation.anomaly.unlike import SHORT
from tasks.evaluation.anomaly.words import MEASURE, headline_cell, tiles, undrawn_said
from tasks.evaluation.study import COLUMNS, Study
from tasks.evaluation.system import Compared, Need, Shown
from tasks.pages.chapter import Chapter
from tasks.schemas.anomaly import ANOMALY_MAPS

NAME = "anomaly"
TITLE = "Anomaly: what a face has that its nearest unaffected face has not"
LEDE = "S sums what differs between a face and the nearest face that a generator of control faces draws."
LEDE_FILLED = "S sums what differs between a photograph and the same photograph with lips and nose filled."
SOURCE = "Hayajneh et al., detecting, localising and rating cleft lip anomalies with StyleGAN2"
NAMES = {METHOD: f"{MEASURE.capitalize()} S"}
PHOTOGRAPH = "tasks.evaluation.anomaly.photograph"
"""Reads one photograph. Only who scores imports it: torch takes seconds."""
NEEDS = (
    Need("training a generator", ("control",), "still", 8, "add photographs of controls, hundreds if you can"),
    Need("patients' scores", ("repaired", "unrepaired"), "still", 1, "add photographs of patients"),
)


def read(folder: Path) -> Anomaly:
    """What its stages wrote."""
    return read_anomaly(folder)


def scores(made: Anomaly, numbers: Path) -> pd.DataFrame:
    """Its method in the comparison: the headline score, tidy."""
    return headline_scores(made.scores, headline_combination(numbers))[COLUMNS]


def taught(made: Anomaly) -> set[str]:
    """No photograph: scores of controls that the generator learned from are not made."""
    return set()


def compare(made: Anomaly, study: Study, numbers: Path) -> Compared:
    """Its record for metrics.json; it grades nobody."""
    if made.missing:
        return Compared({"reason": made.missing}, {})
    others = study.scores[(study.scores["method"] != METHOD) & ~study.scores["image_id"].isin(study.taught)]
    record = evaluate_anomaly(
        made.scores,
        made.maps,
        study.ratings,
        study.of_photographs,
        others,
        headline=headline_combination(numbers),
        against=held_against(numbers),
        settings=study.settings,
        names=study.names,
        raters=study.raters,
    )
    return Compared(record, {})


def headline(record: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The few numbers that people compare between runs."""
    found, half = headline_cell(record), record["steps_to_half"]
    own = {
        "pearson_survey": found["pearson"],
        "auc_controls": record["detection"]["patients"],
        **{f"spearman_{name}": known["spearman"] for name, known in found["references"].items()},
        **{f"half_spearman_{name}": known["spearman"] for name, known in half["references"].items()},
    }
    return {METHOD: own}


def show(made: Anomaly, record: Mapping[str, Any], shown: Shown) -> Chapter:
    """The chapter as the report has it."""
    empty = Chapter(NAME, TITLE, LEDE, SOURCE, reason=record["reason"])
    if record["reason"]:
        return empty
    study = shown.study
    filled = record.get("against") == "filling"  # a record of older code has none
    out = doubted(shown.folder, made.scores, Combination(**record["headline"]), shown.numbers)
    known = made.scores[~made.scores["image_id"].isin(out)]
    faces = _faces(record, shown.folder / "maps", known, shown)
    return replace(
        empty,
        lede=LEDE_FILLED if filled else LEDE,
        tiles=tiles(record),
        findings=record["findings"],
        notices=[*notices(shown.folder), *undrawn_said(len(out), made.scores["image_id"].nunique())],
        pictures=draw_anomaly(record, made.scores, made.maps, study.ratings, study.of_photographs, study.settings),
        columns=NAMES,
        names=study.names,
        template="evaluation/anomaly/section.html.j2",
        context=context(record, faces),
        doubts={METHOD: dict.fromkeys(sorted(out), SHORT)} if out else {},
    )


def context(record: Mapping[str, Any], faces: list[Face]) -> dict[str, Any]:
    """What the template needs beside the figures."""
    return {"own": record, "faces": faces, "published": TABLE, "misprint": MISPRINT, "published_faces": FACES}


def _faces(record: Mapping[str, Any], maps: Path, found: pd.DataFrame, shown: Shown) -> list[Face]:
    parts = tables.read_each(maps, ANOMALY_MAPS) if maps.exists() else iter(())
    return gallery(parts, found, Combination(**record["headline"]), shown.settings)
