"""How far photographs are from their fillings, and how near fillings are to the same person without the cleft.

In: the distances and nearness that the stages measured, and a study. Out: one nested record of estimates with
intervals over people. Chen et al., section III.B. Knows nothing of pictures.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from tasks.evaluation.study import Study
from tasks.params.evaluation import Evaluate
from tasks.statistics.bootstrap import Estimate, with_interval
from tasks.statistics.correlation import correlate
from tasks.statistics.detection import detection

METHOD = "inpainting"
MEASURES = ("psnr", "lpips")
OTHERS = ("input", "telea", "ns")
"""What the network's filling is held against."""


def method_scores(distances: pd.DataFrame, heatmap: str) -> pd.DataFrame:
    """Rows of the comparison: how far each photograph is from its filling; null where it was refused."""
    rows = distances[["image_id", "subject_id"]].assign(method=METHOD, score=distances[heatmap].astype(float))
    return rows.sort_values("image_id", ignore_index=True)


def evaluate_inpainting(
    distances: pd.DataFrame, nearness: pd.DataFrame, study: Study, *, heatmap: str
) -> dict[str, Any]:
    """The chapter's record."""
    known = distances[distances["reason"].isna()]
    if known.empty:
        return {"reason": "no photograph could be filled", "photographs": _counts(distances)}
    far = known.set_index("image_id")[heatmap].astype(float)
    far = far[~far.index.isin(study.taught)]
    targets = {f"{name} ratings": own for name, own in study.targets.ratings.items()} | study.targets.references
    return {
        "reason": None,
        "heatmap": heatmap,
        "photographs": _counts(distances),
        "agreement": {
            name: correlate(far, values, study.targets.subjects, study.settings) for name, values in targets.items()
        },
        "detection": detection(
            known.assign(distance=known[heatmap].astype(float)),
            study.settings,
            controls="unseen control",
            done="filled",
        ),
        "nearness": nearness_record(nearness, study.settings),
    }


def _counts(distances: pd.DataFrame) -> dict[str, dict[str, int]]:
    """By population: photographs filled, and refused."""
    return {
        str(name): {"filled": int(rows["reason"].isna().sum()), "refused": int(rows["reason"].notna().sum())}
        for name, rows in distances.groupby("population")
    }


def nearness_record(nearness: pd.DataFrame, settings: Evaluate) -> dict[str, Any]:
    """[against][measure]: each method's mean, and by how much the network's filling is nearer than each other."""
    known = nearness[nearness["reason"].isna()]
    return {
        str(against): {measure: _measured(rows, measure, settings) for measure in MEASURES}
        for against, rows in known.groupby("against")
    }


def _measured(rows: pd.DataFrame, measure: str, settings: Evaluate) -> dict[str, dict[str, Estimate]]:
    wide = rows.pivot(index="image_id", columns="method", values=measure).astype(float)
    subjects = rows.drop_duplicates("image_id").set_index("image_id")["subject_id"].reindex(wide.index).to_numpy()
    sign = 1 if measure == "psnr" else -1  # higher is nearer; a distance: lower is
    return {
        "mean": {str(name): mean_of(wide[name].to_numpy(), subjects, settings) for name in wide.columns},
        "nearer_than": {
            name: mean_of(sign * (wide["network"] - wide[name]).to_numpy(), subjects, settings)
            for name in OTHERS
            if name in wide
        },
    }


def mean_of(values: np.ndarray, subjects: np.ndarray, settings: Evaluate) -> Estimate:
    """The mean over photographs, with its interval over people."""

    def mean(weights: np.ndarray) -> np.ndarray:
        total = weights.sum(1)
        found: np.ndarray = (weights @ values) / np.where(total > 0, total, np.nan)
        return found

    return with_interval(float(values.mean()), mean, subjects, settings)


def headline(record: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The few numbers that people compare between runs."""
    agreement = {f"pearson_{name.replace(' ', '_')}": own["pearson"] for name, own in record["agreement"].items()}
    near = {
        f"{'' if against == 'without the cleft' else 'after_repair_'}decibels_nearer_than_{name}": own
        for against, found in record["nearness"].items()
        for name, own in found["psnr"]["nearer_than"].items()
    }
    return {METHOD: {"auc_controls": record["detection"]["patients"], **agreement, **near}}
