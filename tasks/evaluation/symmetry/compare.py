"""The evaluation as one pure function: every method against raters and references, ready for metrics.json.

In: DataFrames of pairs with D, scores, ratings and references. Out: one nested dict of finite numbers,
strings and nulls with stable keys, and one tidy table of scores and grades. Strategies and methods come
from the data: a strategy `s` is the key of `pairs`, its score on photographs is the method `distance_s`;
every other method is a baseline. Rosero et al. 2025, Results. Knows nothing of files, figures and pages.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from tasks.params.evaluation import Evaluate
from tasks.statistics.agreement import evaluate_raters, rater_ceiling
from tasks.statistics.binary import evaluate_pairs
from tasks.statistics.bootstrap import clusters
from tasks.statistics.correlation import correlate, difference, finding, graded, within_subject
from tasks.statistics.grading import GradeScale, fit_scale
from tasks.statistics.ratings import mean_rating, prepare_ratings, rating_matrix, role_members

PREFIX = "distance_"


class Evaluation(NamedTuple):
    """`metrics` for metrics.json; `scores` with columns image_id, subject_id, method, score, grade."""

    metrics: dict[str, Any]
    scores: pd.DataFrame


class _Targets(NamedTuple):
    """What scores are compared with, by name, and the subject of every image."""

    ratings: dict[str, pd.Series]
    references: dict[str, pd.Series]
    subjects: pd.Series


def evaluate(
    pairs: Mapping[str, pd.DataFrame],  # strategy -> pair_id, split, label, kind, severity, subject_id, distance
    scores: pd.DataFrame,  # image_id, subject_id, method, score (null where refused)
    ratings: pd.DataFrame,  # image_id, rater_id, rater_role, scale, score [, reason]
    references: pd.DataFrame,  # image_id, measure, value
    settings: Evaluate,
) -> Evaluation:
    """Every comparison the report shows. The same inputs and settings give the same result, bit for bit.

    Photographs of subjects in training or validation pairs are left out of every comparison. ValueError
    when a photograph has two scores of one method.
    """
    scores = scores.sort_values(["method", "image_id"], ignore_index=True)
    if scores.duplicated(["image_id", "method"]).any():
        raise ValueError("a photograph has two scores of one method")
    learned_from = taught(pairs, scores)
    usable = prepare_ratings(
        ratings[~ratings["image_id"].isin(learned_from)], scale=settings.scale, grades=settings.grades
    )
    untaught = references[~references["image_id"].isin(learned_from)]
    subjects = _subjects(scores, usable.rows, references)
    raters = evaluate_raters(usable.rows, subjects, settings)
    matrix = rating_matrix(usable.rows)
    groups = role_members(usable.rows, flagged=raters["flagged"])
    cluster = subjects.reindex(matrix.index).to_numpy()
    peers = [name for name in matrix.columns if name not in raters["flagged"]]
    raters["ceiling"] = {name: rater_ceiling(matrix, who, peers, cluster, settings) for name, who in groups.items()}
    raters["dropped"] = usable.dropped | _count("subject used in training", ratings["image_id"].isin(learned_from))
    known = {str(name): rows.set_index("image_id")["value"] for name, rows in untaught.groupby("measure")}
    targets = _Targets({name: mean_rating(matrix, who) for name, who in groups.items()}, known, subjects)
    methods = _by_method(scores)
    symmetry, grades = {}, {}
    for strategy in sorted(pairs):
        symmetry[strategy], grade = _strategy(pairs[strategy], methods.get(PREFIX + strategy), targets, settings)
        grades[PREFIX + strategy] = grade
    plain = [name for name in methods if name not in grades]
    baselines = {name: _compare(methods[name], targets, settings) for name in plain}
    comparisons, findings = _duels(methods, list(symmetry), list(baselines), targets, settings)
    metrics = {
        "symmetry": symmetry,
        "baselines": baselines,
        "raters": raters,
        "comparisons": comparisons,
        "findings": findings,
        "settings": settings.model_dump(),
    }
    return Evaluation(finite(metrics), _table(scores, grades))


def taught(pairs: Mapping[str, pd.DataFrame], scores: pd.DataFrame) -> set[str]:
    """Photographs of people from whom a network or its threshold learned: no method is judged on them."""
    seen = {who for rows in pairs.values() for who in rows.loc[rows["split"] != "test", "subject_id"]}
    return set(scores.loc[scores["subject_id"].isin(seen), "image_id"])


def _count(why: str, rows: pd.Series) -> dict[str, int]:
    return {why: int(rows.sum())} if rows.any() else {}


def _subjects(scores: pd.DataFrame, ratings: pd.DataFrame, references: pd.DataFrame) -> pd.Series:
    """A cluster name for every image in sight; an image without a known subject is its own cluster."""
    known = scores[["image_id", "subject_id"]].drop_duplicates("image_id")
    ids = pd.concat([ratings["image_id"], references["image_id"]]).drop_duplicates()
    rest = pd.DataFrame({"image_id": ids[~ids.isin(known["image_id"])]}).assign(subject_id=None)
    everyone = pd.concat([known.astype(object), rest.astype(object)], ignore_index=True)
    return pd.Series(clusters(everyone), index=everyone["image_id"].to_numpy(), dtype=object)


def _by_method(scores: pd.DataFrame) -> dict[str, pd.Series]:
    return {str(name): rows.set_index("image_id")["score"].astype(float) for name, rows in scores.groupby("method")}


def _strategy(
    pairs: pd.DataFrame, score: pd.Series | None, targets: _Targets, settings: Evaluate
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


def _compare(score: pd.Series, targets: _Targets, settings: Evaluate) -> dict[str, Any]:
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
    methods: dict[str, pd.Series], strategies: list[str], baselines: list[str], targets: _Targets, settings: Evaluate
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


def _table(scores: pd.DataFrame, grades: Mapping[str, pd.Series | None]) -> pd.DataFrame:
    table = scores[["image_id", "subject_id", "method", "score"]].copy()
    grade = pd.Series(pd.NA, index=table.index, dtype="Int8")
    for method, values in grades.items():
        if values is not None:
            own = table["method"] == method
            grade[own] = table.loc[own, "image_id"].map(values).astype("Int8")
    return table.assign(grade=grade)


def finite(value: Any) -> Any:
    """The same nested value in plain Python types with sorted keys; ValueError on NaN or infinity."""
    if isinstance(value, Mapping):
        return {str(key): finite(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("metrics must be finite; a missing value is null with a reason")
    return value.item() if hasattr(value, "item") else value
