"""A made-up study through the evaluation, and chapters made of it, as the report's flow makes them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from tasks.evaluation.anomaly import chapter as anomaly
from tasks.evaluation.anomaly.section import Face
from tasks.evaluation.closest import closest
from tasks.evaluation.comparison import Evaluation, combine_methods, compare_methods, table_of
from tasks.evaluation.metrics import finite
from tasks.evaluation.photographs import Photographs
from tasks.evaluation.report import render_report
from tasks.evaluation.study import make_study
from tasks.evaluation.symmetry import chapter as symmetry
from tasks.evaluation.symmetry import words
from tasks.evaluation.symmetry.compare import compare_symmetry, taught
from tasks.evaluation.symmetry.names import NAMES, called
from tasks.evaluation.symmetry.section import Example, template_context
from tasks.evaluation.synthesis import chapter as synthesis
from tasks.evaluation.synthesis.section import Section
from tasks.pages.chapter import Chapter
from tasks.pages.environment import Picture
from tasks.params.evaluation import Evaluate, Report, Score

SETTINGS = Report(examples=4, gallery=5, opacity=0.7, sheet=4, few_people=20, table=100, show_training_pairs=False)
LIMITS = Score(clear=0.05, views=[(0.03, 0, 0)], reach=3, most_spread=1, most_unlike=2)
NUMBERS = Path("params.yaml")
Pictures = Mapping[str, Sequence[Picture]]


def evaluate(
    pairs: Mapping[str, pd.DataFrame],
    scores: pd.DataFrame,
    ratings: pd.DataFrame,
    references: pd.DataFrame,
    settings: Evaluate,
    changes: Mapping[str, pd.Series] = MappingProxyType({}),
) -> Evaluation:
    """The symmetry chapter's record beside the raters' and the comparison of all methods."""
    study = make_study(ratings, references, scores, frozenset(taught(pairs, scores)), settings, NAMES)
    found = compare_symmetry(pairs, study.scores, study.targets, settings, changes, LIMITS)
    methods = compare_methods(study)
    metrics = {
        "raters": study.raters,
        "methods": methods,
        "combined": combine_methods(study),
        "closest": closest(study, methods),
        "settings": settings.model_dump(),
        "symmetry": found.record,
    }
    return Evaluation(finite(metrics), table_of(study.scores, found.grades), {})


def symmetry_chapter(
    evaluation: Evaluation, *, examples: Sequence[Example] = (), pictures: Pictures | None = None
) -> Chapter:
    """The symmetry chapter of a study."""
    record, metrics = evaluation.metrics["symmetry"], evaluation.metrics
    return Chapter(
        symmetry.NAME,
        symmetry.TITLE,
        symmetry.LEDE,
        symmetry.SOURCE,
        tiles=words.tiles(record),
        findings=words.findings(record, metrics["raters"]["ceiling"]),
        notices=words.unsteady(record),
        pictures=pictures or {},
        columns={name: called(name) for name in metrics["methods"]},
        names=NAMES,
        template="evaluation/symmetry/section.html.j2",
        context=template_context(record, metrics["raters"], metrics["settings"], examples),
    )


def anomaly_chapter(record: dict[str, Any], *, faces: Sequence[Face] = (), pictures: Pictures | None = None) -> Chapter:
    """The anomaly chapter of a record."""
    return Chapter(
        anomaly.NAME,
        anomaly.TITLE,
        anomaly.LEDE,
        anomaly.SOURCE,
        reason=record["reason"],
        findings=record.get("findings", ()),
        pictures=pictures or {},
        template="evaluation/anomaly/section.html.j2",
        context=anomaly.context(finite(record), list(faces)),
    )


def synthesis_chapter(
    record: dict[str, Any],
    settings: Mapping[str, Any],
    *,
    section: Section | None = None,
    pictures: Pictures | None = None,
) -> Chapter:
    """The synthesis chapter of a record."""
    section = section or Section()
    return Chapter(
        synthesis.NAME,
        synthesis.TITLE,
        synthesis.LEDE,
        synthesis.SOURCE,
        reason=record["reason"],
        findings=record.get("findings", ()),
        notices=section.notices,
        pictures=pictures or {},
        template="evaluation/synthesis/section.html.j2",
        context=synthesis.context(finite(record), section, settings),
    )


def render(evaluation: Evaluation, *chapters: Chapter, **given: Any) -> str:
    """The report of these chapters."""
    rest: dict[str, Any] = {"census": [], "refusals": [], "provenance": [], "notices": [], "files": []}
    rest |= {"photographs": Photographs([], []), "settings": SETTINGS}
    return render_report(metrics=evaluation.metrics, chapters=chapters, **(rest | given))
