"""Which measure of lip and nose follows raters and references, and all of them taken together.

In: the measures of every photograph, and a study. Out: methods for the comparison, and one nested record of estimates
with intervals over people. Offline AI solutions for cosmetic facial analysis, Solution 1. Knows nothing of pixels.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from tasks.evaluation.anthropometry.against import against_norms
from tasks.evaluation.study import COLUMNS, Study
from tasks.pages.norms import NONE, Norms
from tasks.params.evaluation import Evaluate
from tasks.statistics.bootstrap import Estimate
from tasks.statistics.combination import cross_fitted, not_combined
from tasks.statistics.correlation import correlate
from tasks.statistics.detection import detection

PREFIX = "measure_"
TOGETHER = f"{PREFIX}together"
CLEFT = ("cleft", "outlines")
"""Regions whose measures say how uneven lip and nose are."""
MOST = 6.0
"""Standard deviations of controls beyond which a deviation counts no more: one wild point is not a face."""
LEAST_CONTROLS = 5


def deviations(measures: pd.DataFrame) -> pd.DataFrame:
    """image_id by measure: how far each photograph is from an even face; nan where it was not measured."""
    known = measures[measures["region"].isin(CLEFT) & measures["deviation"].notna()]
    wide: pd.DataFrame = known.pivot(index="image_id", columns="measure", values="deviation").astype(float)
    return wide


def together(measures: pd.DataFrame) -> pd.Series:
    """One number per photograph: the mean over lip and nose of how many deviations of controls it is from an even face.

    Each measure is divided by its root mean square among controls (among everybody where there are fewer than five), so
    that no measure counts more for its unit. No rating has a part in it.
    """
    wide = deviations(measures)
    if wide.empty:
        return pd.Series(dtype=float)
    controls = measures.loc[measures["population"] == "control", "image_id"].unique()
    base = wide[wide.index.isin(controls)]
    base = base if len(base) >= LEAST_CONTROLS else wide
    scale = np.sqrt((base**2).mean())
    known = wide[[name for name in wide.columns if scale[name] > 0]] / scale
    mean: pd.Series = known.clip(upper=MOST).mean(axis=1)
    return mean


def method_scores(measures: pd.DataFrame, named: Mapping[str, str]) -> pd.DataFrame:
    """Rows of the comparison: the methods in `named`; null where a photograph was refused."""
    who = measures[["image_id", "subject_id"]].drop_duplicates("image_id")
    wide, mean = deviations(measures), together(measures)
    parts = []
    for method in named:
        name = method.removeprefix(PREFIX)
        if method != TOGETHER and name not in wide:
            continue
        values = mean if method == TOGETHER else wide[name]
        parts.append(who.assign(method=method, score=who["image_id"].map(values).astype(float)))
    every = pd.concat(parts) if parts else pd.DataFrame(columns=COLUMNS)
    return every.sort_values(["method", "image_id"], ignore_index=True)[COLUMNS]


def unmeasured(measures: pd.DataFrame, named: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """By method in `named` and image_id, why a photograph has no value; `TOGETHER` has none where no measure has."""
    lacking = measures[measures["region"].isin(CLEFT) & measures["deviation"].isna() & measures["reason"].notna()]
    nothing = lacking[~lacking["image_id"].isin(deviations(measures).index)]
    reasons = {}
    for method in named:
        own = nothing if method == TOGETHER else lacking[lacking["measure"] == method.removeprefix(PREFIX)]
        reasons[method] = dict(own.drop_duplicates("image_id").set_index("image_id")["reason"])
    return {method: own for method, own in reasons.items() if own}


def evaluate_anthropometry(
    measures: pd.DataFrame, points: pd.DataFrame, study: Study, norms: Norms = NONE
) -> dict[str, Any]:
    """The chapter's record."""
    wide = deviations(measures)
    if wide.empty:
        return {"reason": "no photograph could be measured", "photographs": _counts(points)}
    targets = {f"{name} ratings": own for name, own in study.targets.ratings.items()} | study.targets.references
    unseen = wide[~wide.index.isin(study.taught)]
    mean = together(measures)
    values = {name: unseen[name].dropna() for name in unseen.columns} | {TOGETHER: mean[mean.index.isin(unseen.index)]}
    return {
        "reason": None,
        "photographs": _counts(points),
        "agreement": {
            target: {
                name: correlate(own, known, study.targets.subjects, study.settings) for name, own in values.items()
            }
            for target, known in targets.items()
        },
        "combined": {target: combined(unseen, known, study) for target, known in targets.items()},
        "detection": _detection(measures, mean, study.settings),
        "norms": {"said": norms.said, "measures": against_norms(measures, norms.rows, study.settings)},
    }


def combined(wide: pd.DataFrame, target: pd.Series, study: Study) -> dict[str, Estimate]:
    """A weighted sum of all measures, its weights fitted on other people, against the target."""
    whole = wide.loc[:, wide.notna().mean() > MOSTLY].dropna()
    found = cross_fitted(whole, target, study.targets.subjects) if len(whole) else None
    if found is None:
        none = not_combined(whole, target, study.targets.subjects)
        return {"pearson": none, "spearman": none}
    return correlate(found, target, study.targets.subjects, study.settings)


MOSTLY = 0.8
"""Share of photographs that a measure must have a value for to take part in a combination."""


def _counts(points: pd.DataFrame) -> dict[str, dict[str, int]]:
    """By population: photographs with points, refused ones, those with a point refined on pixels or placed by hand."""
    rows = points.assign(
        refined=[own is not None and bool((np.asarray(own) == 1).any()) for own in points["refined"]],
        by_hand=[own is not None and bool((np.asarray(own) == 2).any()) for own in points["refined"]],
    )
    return {
        str(name): {
            "measured": int(own["reason"].isna().sum()),
            "refused": int(own["reason"].notna().sum()),
            "refined": int(own["refined"].sum()),
            "by_hand": int(own["by_hand"].sum()),
        }
        for name, own in rows.groupby("population")
    }


def _detection(measures: pd.DataFrame, mean: pd.Series, settings: Evaluate) -> dict[str, Estimate]:
    """AUC: how often a patient's photograph is further from an even face than a control's."""
    who = measures[["image_id", "subject_id", "population"]].drop_duplicates("image_id")
    rows = who.assign(distance=who["image_id"].map(mean).astype(float)).dropna(subset="distance")
    return detection(rows, settings, controls="control", done="measured")


def best(record: Mapping[str, Any], target: str) -> tuple[str, Estimate] | None:
    """The single measure that follows a target most closely, by the size of Spearman's rho; None where none does."""
    known = {
        name: own["spearman"]
        for name, own in record["agreement"][target].items()
        if own["spearman"]["value"] is not None and name != TOGETHER
    }
    if not known:
        return None
    name = max(known, key=lambda one: (abs(known[one]["value"]), one))
    return name, known[name]


def headline(record: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The few numbers that people compare between runs."""
    own: dict[str, Any] = {"auc_controls": record["detection"]["patients"]}
    for target, found in record["agreement"].items():
        name = target.replace(" ", "_")
        own[f"spearman_{name}"] = found[TOGETHER]["spearman"]
        own[f"spearman_{name}_combined"] = record["combined"][target]["spearman"]
    return {"lip_and_nose": own}
