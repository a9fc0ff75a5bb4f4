"""Every method's value for every photograph: all chapters compared with raters and references in one pass.

In: the chapters, their tables' folders, ratings, references. Out: the records of metrics.json, the tidy table of scores
and grades, the headline numbers. Knows no system by name.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from tasks.evaluation.closest import closest
from tasks.evaluation.headlines import numbers_of
from tasks.evaluation.metrics import finite, rounded
from tasks.evaluation.study import COLUMNS, Study, make_study
from tasks.evaluation.system import System
from tasks.params.evaluation import Evaluate
from tasks.statistics.bootstrap import Estimate
from tasks.statistics.combination import cross_fitted, not_combined
from tasks.statistics.correlation import correlate


class Evaluation(NamedTuple):
    """`metrics` for metrics.json; `scores` with columns image_id, subject_id, method, score, grade; `summary`."""

    metrics: dict[str, Any]
    scores: pd.DataFrame
    summary: dict[str, Any]


def gather(
    chapters: Sequence[System],
    data: Path,
    ratings: pd.DataFrame,
    references: pd.DataFrame,
    *,
    settings: Evaluate,
    numbers: Path,
    repeats: pd.DataFrame | None = None,
) -> tuple[dict[str, Any], Study]:
    """What each chapter's stages wrote (under `data`/NAME), and the study that all are compared in."""
    made = {chapter.NAME: chapter.read(data / chapter.NAME) for chapter in chapters}
    scores = [chapter.scores(made[chapter.NAME], numbers) for chapter in chapters]
    seen = [frozenset(chapter.taught(made[chapter.NAME])) for chapter in chapters]
    taught = frozenset[str]().union(*seen)
    everything = pd.concat([own for own in scores if len(own)] or [pd.DataFrame(columns=COLUMNS)], ignore_index=True)
    names = {name: title for chapter in chapters for name, title in chapter.NAMES.items()}
    study = make_study(ratings, references, everything, taught, settings, names, repeats)
    by_method = {name: own for table, own in zip(scores, seen, strict=True) for name in table["method"].unique()}
    return made, study._replace(taught_by=by_method)


def evaluate(chapters: Sequence[System], made: Mapping[str, Any], study: Study, *, numbers: Path) -> Evaluation:
    """Every comparison that the report shows. The same inputs and settings give the same result, bit for bit."""
    compared = {chapter.NAME: chapter.compare(made[chapter.NAME], study, numbers) for chapter in chapters}
    grades = {method: own for found in compared.values() for method, own in found.grades.items()}
    records = {name: finite(found.record) for name, found in compared.items()}
    methods = compare_methods(study)
    common = {
        "raters": study.raters,
        "methods": methods,
        "combined": combine_methods(study),
        "closest": closest(study, methods),
        "settings": study.settings.model_dump(),
    }
    summary = {c.NAME: numbers_of(c.headline(records[c.NAME])) for c in chapters if not records[c.NAME]["reason"]}
    metrics = rounded(finite(common | records))
    return Evaluation(metrics, table_of(study.scores, grades), rounded(finite(summary)))


def compare_methods(study: Study) -> dict[str, Any]:
    """[method][target]: Pearson's r and Spearman's rho, on the photographs that all methods scored.

    Targets are mean ratings by role, and references. Photographs that a network learned from are left out.
    """
    targets, methods = _targets(study), study.compared()
    return {
        str(name): {
            target: correlate(methods[name], values, study.targets.subjects, study.settings)
            for target, values in targets.items()
        }
        for name in methods.columns
    }


def combine_methods(study: Study) -> dict[str, dict[str, Estimate]]:
    """[target]: Pearson's r and Spearman's rho of all methods' weighted sum, its weights fitted on other people.

    Nothing where there is one method alone. How far the sum is ahead of each method is what the others add to it.
    """
    methods = study.compared()
    if methods.shape[1] < 2:
        return {}
    return {target: _combined(methods, values, study) for target, values in _targets(study).items()}


def _combined(methods: pd.DataFrame, target: pd.Series, study: Study) -> dict[str, Estimate]:
    found = cross_fitted(methods, target, study.targets.subjects)
    if found is None:
        none = not_combined(methods, target, study.targets.subjects)
        return {"pearson": none, "spearman": none}
    return correlate(found, target, study.targets.subjects, study.settings)


def _targets(study: Study) -> dict[str, pd.Series]:
    return {f"{name} ratings": values for name, values in study.targets.ratings.items()} | study.targets.references


def table_of(scores: pd.DataFrame, grades: Mapping[str, pd.Series | None]) -> pd.DataFrame:
    """Scores with the grade of those methods that give one."""
    table = scores[COLUMNS].copy()
    grade = pd.Series(pd.NA, index=table.index, dtype="Int8")
    for method, values in grades.items():
        if values is not None:
            own = table["method"] == method
            grade[own] = table.loc[own, "image_id"].map(values).astype("Int8")
    return table.assign(grade=grade)
