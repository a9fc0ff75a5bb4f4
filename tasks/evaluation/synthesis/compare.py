"""What the synthesis drew, held against photographs and people: Table 2 and what stands around it.

In: `Synthesis` (the tables of the synthesis stages, without pictures, and measures.json), ratings. Out: one nested
record for metrics.json that names no picture. Rosero et al. 2025, DiffusionCleft, sections 5.2, 5.3 and 5.5.
Knows nothing of how pictures were drawn or measured, nor of pages.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from tasks.evaluation.synthesis.words import findings
from tasks.params.evaluation import Evaluate
from tasks.schemas.synthesis import CONDITIONS, FLAGS, ORIGINS, TASKS
from tasks.statistics.agreement import icc_2k, mean_pairwise_kappa
from tasks.statistics.binary import binary_metrics
from tasks.statistics.bootstrap import Estimate, missing, share_with_interval, with_interval
from tasks.statistics.ratings import prepare_ratings, rating_matrix

METHOD = "synthesis"
LIKERT = 5
"""Grades of realism and of plausibility; 5 is best (section 4.3.4)."""

PARTS = ("person", "skin_tone", "hair", "eyes", "cleft")
"""Of a prompt, those with several values."""

STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("one_face", ("no_face", "several_faces")),
    ("whole_and_frontal", ("cropped", "not_frontal")),
    ("nothing_in_the_way", ("eyes_covered", "text")),
    ("sharp", ("blurred",)),
    ("as_asked_for", ("skin_tone", "age")),
)
"""Steps of the screening, and the flags that end there; each also needs all steps before it."""

GROUPS = (*CONDITIONS, "all")
REASON = "not measured"


class Synthesis(NamedTuple):
    """What the synthesis stages wrote; a table that is not there is empty, measures that are not there are {}."""

    prompts: pd.DataFrame  # PROMPTS
    screened: pd.DataFrame  # SCREENED
    identity: pd.DataFrame  # IDENTITY
    captions: pd.DataFrame  # CAPTIONS
    classified: pd.DataFrame  # CLASSIFIED
    released: frozenset[str]  # image_id of the pictures that may be shown
    measures: Mapping[str, Any]  # measures.json
    trigger: Mapping[str, Mapping[str, float | None]]  # by condition, trigger.json
    missing: Mapping[str, str] = MappingProxyType({})  # by condition, why its pictures were not drawn


def evaluate_synthesis(made: Synthesis, ratings: pd.DataFrame, *, settings: Evaluate) -> dict[str, Any]:
    """Every number of the synthesis' section; `{"reason": ...}` alone where no picture was asked for.

    The same inputs give the same result. `ratings`: image_id, rater_id, rater_role, scale, score.
    """
    if made.prompts.empty:
        return {"reason": "no pictures were generated"}
    people = rated_people(made)
    record = {
        "reason": None,
        "funnel": {name: funnel(made, name) for name in CONDITIONS},
        "flags": {flag: {name: flagged(made, name, flag) for name in CONDITIONS} for flag in FLAGS},
        "coverage": {part: coverage(made, part) for part in PARTS},
        "photographs": photographs(made.captions),
        "table2": table2(made.measures),
        "matched": {name: matched(made.identity, name, settings) for name in CONDITIONS},
        "repeats": {name: int(_own(made.identity, name)["repeats"].sum()) for name in CONDITIONS},
        "quarantined": {name: int(_own(made.identity, name)["quarantined"].sum()) for name in CONDITIONS},
        "trigger": {name: dict(own) for name, own in made.trigger.items()},
        "network": dict(made.measures.get("network", {})),
        "ratings": {
            scale: rated(ratings, people, scale=scale, settings=settings)
            for scale in (settings.realism, settings.plausibility)
        },
        "classifiers": {task: classified(made.classified, task, settings) for task in TASKS},
    }
    return record | {"findings": findings(record, realism=settings.realism, plausibility=settings.plausibility)}


def _own(rows: pd.DataFrame, condition: str) -> pd.DataFrame:
    return rows[rows["condition"] == condition]


def _flags(rows: pd.DataFrame) -> pd.Series:  # sets
    return rows["flags"].map(lambda flags: frozenset(() if flags is None else flags))


def funnel(made: Synthesis, condition: str) -> dict[str, int]:
    """By step how many pictures are left: asked for, drawn, each of `STEPS`, not quarantined, released.

    A step that was not made (no table) is left out.
    """
    asked = set(_own(made.prompts, condition)["image_id"])
    left = {"asked_for": len(asked)}
    looked = _own(made.screened, condition)
    if len(looked):
        flags = _flags(looked)
        seen = looked["reason"].isna() | flags.map(bool)  # a reason without a flag: there was no picture to look at
        kept, flags = looked[seen], flags[seen]
        left["drawn"] = len(kept)
        for step, ending in STEPS:
            fine = ~flags.map(lambda own, ending=ending: bool(own & set(ending))).astype(bool)
            kept, flags = kept[fine], flags[fine]
            left[step] = len(kept)
    compared = _own(made.identity, condition)
    if len(looked) and len(compared):
        safe = set(compared.loc[~compared["quarantined"].astype(bool), "image_id"])
        left["not_quarantined"] = int(kept["image_id"].isin(safe).sum())
    if made.released or "not_quarantined" in left:
        left["released"] = len(asked & made.released)
    return left


def flagged(made: Synthesis, condition: str, flag: str) -> int:
    """Pictures that bear the flag, whatever others they bear."""
    return int(_flags(_own(made.screened, condition)).map(lambda own: flag in own).sum())


def coverage(made: Synthesis, part: str) -> dict[str, dict[str, dict[str, int]]]:
    """[value][condition] of one part of the prompts: asked for, and released."""
    rows = made.prompts.assign(released=made.prompts["image_id"].isin(made.released))
    return {
        str(value): {
            name: {"asked_for": len(own), "released": int(own["released"].sum())}
            for name in CONDITIONS
            if len(own := _own(group, name))
        }
        for value, group in rows.groupby(part, sort=True)
    }


def photographs(captions: pd.DataFrame) -> dict[str, dict[str, int]]:
    """By condition: photographs that adapters learn from (train), are kept for tests (test), were refused; people."""
    good = captions[captions["reason"].isna()]
    return {
        str(name): {
            "train": int((own["split"] == "train").sum()),
            "test": int((own["split"] == "test").sum()),
            "refused": int((captions["condition"] == name).sum()) - len(own),
            "subjects": int(own["subject_id"].nunique()),
        }
        for name, own in good.groupby("condition", sort=True)
    }


def table2(measures: Mapping[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """[fir, fid, kid or lpips][pre, post or all]: value, low, high, reason, and what it was counted on."""
    sources = {"fir": ("identity", "fir"), "fid": ("fidelity", "fid"), "kid": ("fidelity", "kid")}
    sources["lpips"] = ("diversity", "lpips")
    sizes = {"fir": ("pairs", "matching_pairs", "pictures", "pictures_with_match", "mean"), "lpips": ("pairs",)}
    sizes |= {"fid": ("n_real", "n_generated"), "kid": ("n_real", "n_generated", "kid_std")}
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for name, (family, key) in sources.items():
        found[name] = {}
        for group in CONDITIONS if name == "fir" else GROUPS:
            own = measures.get(family, {}).get(group) or {}
            value = own.get(key)
            ends = (own.get("low"), own.get("high")) if name == "lpips" else (None, None)
            why = None if value is not None else own.get("reason") or REASON
            counted = {size: own.get(size) for size in sizes[name]}
            found[name][group] = {"value": value, "low": ends[0], "high": ends[1], "reason": why} | counted
    return found


def matched(identity: pd.DataFrame, condition: str, settings: Evaluate) -> Estimate:
    """Share of the generated pictures that match at least one training photograph, each picture on its own."""
    rows = _own(identity, condition)
    rows = rows[rows["reason"].isna() & (rows["pairs"] > 0)]
    if rows.empty:
        return missing("no picture could be compared", n_images=0, n_subjects=0)
    hit = (rows["matches"] > 0).to_numpy(float)
    return share_with_interval(float(hit.mean()), _mean_of(hit), rows["image_id"].to_numpy(str), settings)


def _mean_of(values: np.ndarray) -> Any:  # (n,)
    return lambda weights: weights @ values / weights.sum(1)


def rated_people(made: Synthesis) -> pd.DataFrame:
    """What may be rated: image_id, condition, origin, cluster (a generated picture is its own)."""
    drawn = made.prompts[["image_id", "condition"]].assign(origin=ORIGINS[1], cluster=made.prompts["image_id"])
    real = made.captions[["image_id", "condition"]].assign(origin=ORIGINS[0], cluster=made.captions["subject_id"])
    return pd.concat([drawn, real], ignore_index=True).drop_duplicates("image_id").astype(str)


def rated(ratings: pd.DataFrame, people: pd.DataFrame, *, scale: str, settings: Evaluate) -> dict[str, Any]:
    """Likert ratings on one scale: means by origin and condition, generated less real, and how raters agree."""
    usable = prepare_ratings(ratings[ratings["image_id"].isin(people["image_id"])], scale=scale, grades=LIKERT).rows
    matrix = rating_matrix(usable)
    rows = people.set_index("image_id").loc[matrix.index].assign(mean=matrix.mean(axis=1) if len(matrix) else [])
    cluster = rows["cluster"].to_numpy(str)
    grades = settings.model_copy(update={"grades": LIKERT})
    complete = matrix.notna().all(axis=1).to_numpy()
    return {
        "n_raters": matrix.shape[1],
        "n_ratings": len(usable),
        "means": {origin: _means(rows[rows["origin"] == origin], settings) for origin in ORIGINS},
        "difference": difference_of_means(rows, settings),
        "icc_2k": icc_2k(matrix[complete], cluster[complete], grades),
        "quadratic_kappa": mean_pairwise_kappa(matrix, cluster, grades),
    }


def _means(rows: pd.DataFrame, settings: Evaluate) -> dict[str, Estimate]:
    groups = {name: _own(rows, name) for name in sorted({*CONDITIONS, *rows["condition"]}, key=_place)}
    groups["all"] = rows[rows["condition"].isin(CONDITIONS)]
    return {name: _mean(own, settings) for name, own in groups.items()}


def _place(condition: str) -> tuple[int, str]:
    return (CONDITIONS.index(condition) if condition in CONDITIONS else len(CONDITIONS), condition)


def _mean(rows: pd.DataFrame, settings: Evaluate) -> Estimate:
    if rows.empty:
        return missing("none was rated", n_images=0, n_subjects=0)
    values = rows["mean"].to_numpy(float)
    return with_interval(float(values.mean()), _mean_of(values), rows["cluster"].to_numpy(str), settings)


def difference_of_means(rows: pd.DataFrame, settings: Evaluate) -> Estimate:
    """Mean rating of generated pictures less that of photographs; of patients, both conditions together."""
    own = rows[rows["condition"].isin(CONDITIONS)]
    drawn, values = (own["origin"] == ORIGINS[1]).to_numpy(float), own["mean"].to_numpy(float)
    size = {"n_images": len(own), "n_subjects": int(own["cluster"].nunique())}
    if not 0 < drawn.sum() < len(drawn):
        return missing("generated pictures and photographs were not both rated", **size)

    def statistic(weights: np.ndarray) -> np.ndarray:
        sides = [_safe(weights @ (mask * values), weights @ mask) for mask in (drawn, 1 - drawn)]
        return np.asarray(sides[0] - sides[1])

    value = float(statistic(np.ones((1, len(own))))[0])
    return with_interval(value, statistic, own["cluster"].to_numpy(str), settings)


def _safe(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    return np.asarray(top / np.where(bottom > 0, bottom, np.nan))


def classified(rows: pd.DataFrame, task: str, settings: Evaluate) -> dict[str, Any]:
    """One network trained on generated pictures, on photographs: accuracy, balanced, AUC, counts by truth and answer.

    `commoner`: the share that always giving the commoner answer would get right. 1 is cleft, or after repair.
    """
    own = rows[rows["task"] == task].sort_values("image_id")
    if own["truth"].nunique() < 2:
        why = (
            "one side has no picture to train on, or none kept for tests: add people"
            if own.empty
            else "photographs of one class only"
        )
        return {"reason": why}
    pairs = pd.DataFrame(
        {"label": own["truth"].astype(int), "distance": 1.0 - own["probability"], "subject_id": own["subject_id"]}
    ).reset_index(drop=True)
    found = binary_metrics(pairs, 0.5, settings)
    truth, said = pairs["label"].to_numpy(), (pairs["distance"] <= 0.5).to_numpy(int)  # noqa: PLR2004
    return {
        "reason": None,
        "n": found["n"],
        "n_subjects": found["n_subjects"],
        "accuracy": found["accuracy"],
        "balanced_accuracy": balanced(truth, said, pairs["subject_id"], settings),
        "auc": found["auc"],
        "commoner": float(max(truth.mean(), 1 - truth.mean())),
        "confusion": [[int(((truth == t) & (said == s)).sum()) for s in (0, 1)] for t in (0, 1)],
    }


def balanced(truth: np.ndarray, said: np.ndarray, subjects: pd.Series, settings: Evaluate) -> Estimate:
    """Mean of the shares that are right among either class; 0.5 is guessing, however many there are of each."""
    right = (truth == said).astype(float)

    def statistic(weights: np.ndarray) -> np.ndarray:
        shares = [_safe(weights @ (right * mask), weights @ mask) for mask in (1.0 * (truth == 0), 1.0 * (truth == 1))]
        return np.asarray((shares[0] + shares[1]) / 2)

    value = float(statistic(np.ones((1, len(truth))))[0])
    return share_with_interval(value, statistic, subjects.to_numpy(str), settings)
