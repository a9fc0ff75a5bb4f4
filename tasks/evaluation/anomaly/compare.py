"""The anomaly scores against a survey, references and the other systems: Table 1 and what stands around it.

In: ANOMALY_SCORES and ANOMALY_MAPS (without their pictures) as DataFrames, ratings, references, other methods'
scores. Out: one nested record for metrics.json. Hayajneh et al., "Results and Discussion". S is higher where a
face is nearer to what the generator draws; here it is turned round (-S), and so is a survey whose high end is best:
a positive correlation is agreement everywhere. Knows nothing of how a score was made, nor of pages.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from tasks.evaluation.anomaly.words import Normal, findings, state_of
from tasks.params.evaluation import Evaluate
from tasks.schemas.anomaly import HEATMAPS, PROCESSINGS, REGIONS
from tasks.statistics import bootstrap
from tasks.statistics.agreement import ceilings, each_rater
from tasks.statistics.bootstrap import MIN_SUBJECTS, Estimate, missing
from tasks.statistics.correlation import correlate, difference, pearson_difference
from tasks.statistics.detection import detection
from tasks.statistics.ratings import prepare_ratings, rater_roles, rating_matrix

METHOD = "anomaly"
"""The headline score's name among the methods; its score there is -S."""

STATES = ("adapted", "not_adapted")


class Combination(NamedTuple):
    """One of the 48 scores: how it was made."""

    step: int
    region: str
    heatmap: str
    processing: str


class Targets(NamedTuple):
    """What scores are compared with, by image: the survey (higher is worse), references as they are, the subjects."""

    survey: pd.Series
    survey_missing: str | None
    references: Mapping[str, pd.Series]
    subjects: pd.Series


def evaluate_anomaly(
    scores: pd.DataFrame,  # ANOMALY_SCORES
    maps: pd.DataFrame,  # of ANOMALY_MAPS: image_id, steps_to_half, reason
    ratings: pd.DataFrame,  # image_id, rater_id, rater_role, scale, score
    references: pd.DataFrame,  # image_id, measure, value
    methods: pd.DataFrame,  # image_id, method, score: higher is worse
    *,
    headline: Combination,
    against: Normal,
    settings: Evaluate,
    names: Mapping[str, str],  # readable names of other methods
    raters: Mapping[str, Any],  # the raters' own record, on the scale `settings.scale`
) -> dict[str, Any]:
    """Every comparison of the anomaly scores; `{"reason": ...}` alone where there are none.

    `headline.step` is the number of iterations of an adapted face, 0 for a filling. Same inputs give the same result.
    """
    far = turned(scores)
    if headline not in far:
        return {"reason": f"no score was made ({', '.join(map(str, headline))})" if len(scores) else "no scores"}
    subjects = scores.drop_duplicates("image_id").set_index("image_id")["subject_id"].astype(str)
    targets, survey = compared_with(ratings, references, subjects, settings, raters)
    table = published_table(far, headline.step, targets, settings)
    record = {
        "reason": None,
        "headline": headline._asdict(),
        "against": against,
        "photographs": photographs(scores, headline),
        "survey": survey,
        "table1": table,
        "best": best_of(far, headline.step, table, targets, settings),
        "comparisons": comparisons(far, methods, headline, targets, settings),
        "detection": _detection(far[headline], scores, settings),
        "steps_to_half": steps_to_half(maps, int(scores["step"].max()), targets, settings),
    }
    return record | {"findings": findings(record, names)}


def turned(scores: pd.DataFrame) -> dict[Combination, pd.Series]:
    """-S by image, for every combination of every step; refused photographs left out."""
    known = scores[scores["score"].notna()]
    return {
        Combination(int(str(step)), str(region), str(heatmap), str(processing)): -rows.set_index("image_id")[
            "score"
        ].astype(float)
        for (step, region, heatmap, processing), rows in known.groupby(["step", "region", "heatmap", "processing"])
    }


def headline_scores(scores: pd.DataFrame, headline: Combination) -> pd.DataFrame:
    """Rows of SCORES: image_id, subject_id, method, score (-S: higher is worse; null where refused), grade (null)."""
    own = scores[
        (scores["step"] == headline.step)
        & (scores["region"] == headline.region)
        & (scores["heatmap"] == headline.heatmap)
        & (scores["processing"] == headline.processing)
    ]
    rows = own[["image_id", "subject_id"]].assign(method=METHOD, score=-own["score"].astype(float))
    return rows.assign(grade=pd.Series(pd.NA, index=rows.index, dtype="Int8")).sort_values("image_id")


def photographs(scores: pd.DataFrame, headline: Combination) -> dict[str, dict[str, int]]:
    """By population: photographs scored, and refused."""
    own = scores.drop_duplicates("image_id").groupby("population")["image_id"]
    scored = set(headline_scores(scores, headline).dropna(subset="score")["image_id"])
    return {
        str(name): {"scored": int(ids.isin(scored).sum()), "refused": int((~ids.isin(scored)).sum())}
        for name, ids in own
    }


def compared_with(
    ratings: pd.DataFrame,
    references: pd.DataFrame,
    subjects: pd.Series,
    settings: Evaluate,
    record: Mapping[str, Any],
) -> tuple[Targets, dict[str, Any]]:
    """The targets, and what is told of the survey: the mean over those who rated a photograph, any number of raters.

    Where the survey is on the scale that all systems are compared with, its ceiling is the one of the raters' `record`.
    """
    usable = prepare_ratings(ratings[ratings["image_id"].isin(subjects.index)], scale=settings.survey, grades=None)
    matrix = rating_matrix(usable.rows)
    raters = list(matrix.columns)
    why = {0: f"no ratings on the scale {settings.survey}", 1: "one rater: a survey takes two or more"}.get(len(raters))
    mean = pd.Series(dtype=float) if why else matrix.mean(axis=1)
    if settings.survey != settings.scale:
        cluster = subjects.reindex(matrix.index).to_numpy(str)
        every = each_rater(matrix, cluster, rater_roles(usable.rows), settings)
        flagged = [name for name, own in every.items() if own["flagged"]]
        record = {"ceiling": ceilings(usable.rows, matrix, flagged, cluster, settings)}
    told = {
        "scale": settings.survey,
        "best": settings.survey_best,
        "n_raters": len(raters),
        "n_ratings": len(usable.rows),
        "n_images": len(matrix),
        "ceiling": record["ceiling"].get("all") or missing("nobody rated", n_images=0, n_subjects=0),
    }
    worse = mean if settings.survey_best == "low" else -mean
    known = {
        str(name): rows.set_index("image_id")["value"].astype(float) for name, rows in references.groupby("measure")
    }
    return Targets(worse, why, known, subjects), told


def correlated(far: pd.Series, targets: Targets, settings: Evaluate) -> dict[str, Any]:
    """Pearson's r and Spearman's rho with the survey, and with every reference."""
    survey = correlate(far, targets.survey, targets.subjects, settings)
    if targets.survey_missing:
        empty = missing(targets.survey_missing, n_images=0, n_subjects=0)
        survey = {"pearson": empty, "spearman": empty}
    known = {name: correlate(far, value, targets.subjects, settings) for name, value in targets.references.items()}
    return survey | {"references": known}


def published_table(
    far: Mapping[Combination, pd.Series], iterations: int, targets: Targets, settings: Evaluate
) -> dict[str, Any]:
    """Table 1: [adapted or not][region][heatmap][processing], each as `correlated` gives it. 0: nobody is adapted."""
    nothing = pd.Series(dtype=float)
    return {
        name: {
            region: {
                heatmap: {
                    done: correlated(
                        far.get(Combination(step, region, heatmap, done), nothing)
                        if state_of(step) == name
                        else nothing,
                        targets,
                        settings,
                    )
                    for done in PROCESSINGS
                }
                for heatmap in HEATMAPS
            }
            for region in REGIONS
        }
        for name, step in zip(STATES, (iterations, 0), strict=True)
    }


def cells(table: Mapping[str, Any], iterations: int) -> dict[Combination, dict[str, Any]]:
    """The 48 cells of Table 1 by combination."""
    return {
        Combination(iterations if name == "adapted" else 0, region, heatmap, done): found
        for name, regions in table.items()
        for region, heatmaps in regions.items()
        for heatmap, processings in heatmaps.items()
        for done, found in processings.items()
    }


def best_of(
    far: Mapping[Combination, pd.Series],
    iterations: int,
    table: Mapping[str, Any],
    targets: Targets,
    settings: Evaluate,
) -> dict[str, Any] | None:
    """The cell of the highest r, and how much picking it flatters; None without a survey to pick by.

    `optimism` (Efron & Gong 1983): in each resample the best of the 48 is picked anew; the mean of its r there
    minus its r on all photographs.
    """
    known = {c: own["pearson"] for c, own in cells(table, iterations).items() if own["pearson"]["value"] is not None}
    if not known:
        return None
    chosen = max(known, key=lambda c: known[c]["value"])
    record = chosen._asdict() | {"pearson": known[chosen], "candidates": len(known)}
    return record | {"optimism": optimism([far[c] for c in known], targets, settings)}


def optimism(scores: Sequence[pd.Series], targets: Targets, settings: Evaluate) -> float | None:
    """See `best_of`; on the photographs that have every score. None where there are too few."""
    joined = pd.concat([targets.survey, *scores], axis=1, join="inner").dropna().sort_index()
    cluster = targets.subjects.reindex(joined.index).to_numpy(str)
    if len(np.unique(cluster)) < MIN_SUBJECTS:
        return None
    target, *values = joined.to_numpy(float).T

    def r(weights: np.ndarray) -> np.ndarray:
        return np.stack([bootstrap.pearson(weights, value, target) for value in values], axis=1)

    draws = bootstrap.bootstrap(r, cluster, resamples=settings.resamples, seed=settings.seed)
    draws = draws[np.isfinite(draws).all(1)]
    if not len(draws):
        return None
    picked = draws.argmax(1)
    return float((draws.max(1) - r(np.ones((1, len(joined))))[0][picked]).mean())


def comparisons(
    far: Mapping[Combination, pd.Series],
    methods: pd.DataFrame,
    headline: Combination,
    targets: Targets,
    settings: Evaluate,
) -> dict[str, Any]:
    """Paired differences around the headline score: what each step adds, the heatmaps, the other systems.

    On the survey of Pearson's r, as in Table 1; on references of Spearman's rho. Positive: the first is closer.
    """
    plain, other_region = headline._replace(processing="base"), set(REGIONS) - {headline.region}
    pairs = {"adaptation": (headline, headline._replace(step=0))} if headline.step else {}
    pairs |= {done: (headline._replace(processing=done), plain) for done in PROCESSINGS[1:]}
    pairs |= {
        f"{one}_{other}": (headline._replace(heatmap=one), headline._replace(heatmap=other))
        for one, other in (("pse", "lpips"), ("pse", "ssim"), ("lpips", "ssim"))
    }
    pairs["region"] = (headline, headline._replace(region=other_region.pop()))
    duels = {
        name: _duel(far[one], far[other], targets, settings)
        for name, (one, other) in pairs.items()
        if one in far and other in far
    }
    others = {str(name): rows.set_index("image_id")["score"].astype(float) for name, rows in methods.groupby("method")}
    against_others = {name: _duel(far[headline], score, targets, settings) for name, score in others.items()}
    return {"steps": duels, "methods": against_others}


def _duel(one: pd.Series, other: pd.Series, targets: Targets, settings: Evaluate) -> dict[str, Any]:
    found = {
        name: difference(one, other, value, targets.subjects, settings) for name, value in targets.references.items()
    }
    if targets.survey_missing:
        return found
    return {"survey": pearson_difference(one, other, targets.survey, targets.subjects, settings)} | found


def _detection(far: pd.Series, scores: pd.DataFrame, settings: Evaluate) -> dict[str, Estimate]:
    known = scores.drop_duplicates("image_id").set_index("image_id").loc[far.index]
    rows = known[["subject_id", "population"]].assign(distance=far)
    return detection(rows, settings, controls="unseen control", done="scored")


def steps_to_half(maps: pd.DataFrame, until: int, targets: Targets, settings: Evaluate) -> dict[str, Any]:
    """Iterations until what differs has halved, as a severity index: more of them where a face differs more?

    A photograph that did not get there within `until` iterations counts as one that takes longer than all others.
    """
    rows = maps[maps["reason"].isna()].set_index("image_id")["steps_to_half"].astype(float)
    found = correlated(rows.fillna(until + 1.0), targets, settings)
    return found | {"until": until, "reached": int(rows.notna().sum()), "not_reached": int(rows.isna().sum())}
