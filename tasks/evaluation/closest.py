"""Which method follows the raters most closely, how far the others are behind, and how many people that stands on.

In: a study. Out: a record of finite numbers. The first and each other method are compared on the same photographs and
the same resamples of people, so that what they share cancels. The first was picked on the photographs it is judged on,
which flatters it a little; the paired differences are what to read. Knows no system.
"""

from collections.abc import Mapping
from typing import Any

from tasks.evaluation.study import Study
from tasks.statistics.correlation import pearson_difference

TARGET = "all"
"""The raters whose mean is followed."""


def closest(study: Study, methods: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The record; `methods`: [method][target] of tasks.evaluation.comparison. `reason` where nothing can be said."""
    found = {name: own[f"{TARGET} ratings"]["pearson"] for name, own in methods.items() if f"{TARGET} ratings" in own}
    known = {name: own["value"] for name, own in found.items() if own["value"] is not None}
    if not known:
        why = next((own["reason"] for own in found.values()), "nobody rated a photograph that was scored")
        return {"reason": why}
    first = min(known, key=lambda name: (-known[name], name))
    scores = study.compared()
    mean = study.targets.ratings[TARGET]
    behind = {
        name: pearson_difference(scores[first], scores[name], mean, study.targets.subjects, study.settings)
        for name in sorted(known, key=lambda name: (-known[name], name))
        if name != first
    }
    return {
        "reason": None,
        "first": first,
        "pearson": found[first],
        "behind": behind,
        "order": [first, *behind],
        "ceiling": study.raters["ceiling"][TARGET],
        "n_raters": study.raters["n_raters"],
        "n_rated": int(mean.notna().sum()),
        "unscored": unscored(study, list(scores.columns)),
    }


def unscored(study: Study, methods: list[str]) -> dict[str, int]:
    """By method, how many rated photographs it did not score; where it scored all of them there is no entry."""
    rated = study.targets.ratings[TARGET].dropna().index
    wide = study.scores.pivot(index="image_id", columns="method", values="score").reindex(rated)
    missing = wide[methods].isna().sum()
    return {str(name): int(count) for name, count in missing[missing > 0].items()}
