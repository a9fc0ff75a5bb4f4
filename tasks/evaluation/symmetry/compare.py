"""The symmetry system against raters and references, beside the plain measures that a network has to beat.

In: DataFrames of pairs with D, scores by method, and the study's targets. Out: one nested record of finite numbers,
strings and nulls with stable keys, and the grades. Strategies and methods come from the data: a strategy `s` is the
key of `pairs`, its score on photographs is the method `distance_s`; every other method is a baseline.
Rosero et al. 2025, Results. Knows nothing of files, figures and pages.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from tasks.evaluation.study import Targets
from tasks.evaluation.symmetry.steady import unsteady, without
from tasks.evaluation.system import Compared
from tasks.params.evaluation import Evaluate, Score
from tasks.statistics.binary import evaluate_pairs
from tasks.statistics.correlation import correlate, difference, finding, graded, within_subject
from tasks.statistics.grading import GradeScale, fit_scale

PREFIX = "distance_"
NONE = pd.Series(dtype=float)


def compare_symmetry(
    pairs: Mapping[str, pd.DataFrame],  # strategy -> pair_id, split, label, kind, severity, subject_id, distance
    scores: pd.DataFrame,  # image_id, subject_id, method, score (null where refused): the system's own
    targets: Targets,
    settings: Evaluate,
    changes: Mapping[str, pd.Series],  # strategy -> image_id -> what crop and light change of D
    limits: Score,
) -> Compared:
    """Every comparison of the symmetry chapter. The same inputs and settings give the same result, bit for bit."""
    methods = _by_method(scores.sort_values(["method", "image_id"], ignore_index=True))
    strategies, grades = {}, {}
    for strategy in sorted(pairs):
        score = methods.get(PREFIX + strategy)
        own, grade = _strategy(pairs[strategy], score, targets, settings)
        if score is not None:
            out = unsteady(changes.get(strategy, NONE), own["threshold"], limits)
            own["steady"] = without(score, out, targets, settings)
        strategies[strategy] = own
        grades[PREFIX + strategy] = grade
    plain = [name for name in methods if name not in grades]
    baselines = {name: _compare(methods[name], targets, settings) for name in plain}
    comparisons, findings = _duels(methods, list(strategies), list(baselines), targets, settings)
    record = {
        "reason": None,
        "strategies": strategies,
        "baselines": baselines,
        "comparisons": comparisons,
        "findings": findings,
    }
    return Compared(record, grades)


def taught(pairs: Mapping[str, pd.DataFrame], scores: pd.DataFrame) -> set[str]:
    """Photographs of people from whom a network or its threshold learned: no method is judged on them."""
    seen = {who for rows in pairs.values() for who in rows.loc[rows["split"] != "test", "subject_id"]}
    return set(scores.loc[scores["subject_id"].isin(seen), "image_id"])


def _by_method(scores: pd.DataFrame) -> dict[str, pd.Series]:
    return {str(name): rows.set_index("image_id")["score"].astype(float) for name, rows in scores.groupby("method")}


def _strategy(
    pairs: pd.DataFrame, score: pd.Series | None, targets: Targets, settings: Evaluate
) -> tuple[dict[str, Any], pd.Series | None]:
    record = evaluate_pairs(pairs, settings)
    record["grade_scale"] = None
    if score is None:
        return record | {"reason": record["reason"] or "no photograph was scored"}, None
    record |= _compare(score, targets, settings)
    try:
        scale = training_scale(pairs, settings)
    except ValueError as error:
        return record | {"cars": {}, "cars_reason": str(error)}, None
    known = score.dropna()
    grade = pd.Series(scale.grade(known.to_numpy()), index=known.index)
    record["grade_scale"] = scale.model_dump()
    record["cars_reason"] = None
    record["cars"] = {name: graded(grade, mean, targets.subjects, settings) for name, mean in targets.ratings.items()}
    return record, grade


def training_scale(pairs: pd.DataFrame, settings: Evaluate) -> GradeScale:
    """The grade scale fixed by one strategy's training pairs; ValueError when they are not set apart."""
    train = pairs[pairs["split"] == "train"]
    return fit_scale(
        train.loc[train["label"] == 1, "distance"].to_numpy(float),
        train.loc[train["label"] == 0, "distance"].to_numpy(float),
        positive_quantile=settings.positive_quantile,
        negative_quantile=settings.negative_quantile,
        grades=settings.grades,
    )


def _compare(score: pd.Series, targets: Targets, settings: Evaluate) -> dict[str, Any]:
    subjects = targets.subjects
    return {
        "n_scored": int(score.notna().sum()),
        "n_unscored": int(score.isna().sum()),
        "ratings": {name: correlate(score, mean, subjects, settings) for name, mean in targets.ratings.items()},
        "references": {
            name: correlate(score, value, subjects, settings)
            | {"spearman_within_subject": within_subject(score, value, subjects, settings)}
            for name, value in targets.references.items()
        },
    }


def _duels(
    methods: dict[str, pd.Series], strategies: list[str], baselines: list[str], targets: Targets, settings: Evaluate
) -> tuple[dict[str, Any], list[str]]:
    """Each network against each baseline on every target, and what that says in words."""
    duels: dict[str, Any] = {}
    findings = []
    named = {f"{name} ratings": s for name, s in targets.ratings.items()} | targets.references
    for strategy in strategies:
        score = methods.get(PREFIX + strategy)
        if score is None:
            continue
        for baseline in baselines:
            for name, target in named.items():
                duel = difference(score, methods[baseline], target, targets.subjects, settings)
                duels.setdefault(strategy, {}).setdefault(baseline, {})[name] = duel
                findings.append(finding(f"D ({strategy})", baseline, name, duel))
    return duels, findings
