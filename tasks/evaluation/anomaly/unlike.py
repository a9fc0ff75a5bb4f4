"""Whether the generator can draw a photograph at all: how far off it still is beside mouth and nose.

In: the headline's scores in both regions, and the 68 points in the aligned picture. Out: what is left of equation 6's
norm in the rest of the face, and from where on S says nothing. A cleft changes mouth and nose; where brows and cheeks
are not found again either, skin, light, glasses or the kind of picture is what the generator does not know.
Knows nothing of generators and of tables on disk.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from tasks.evaluation.anomaly.compare import Combination
from tasks.faces.regions import region_masks

LEAST = 5
"""Unseen controls below which nothing is said."""

SHORT = "the generator cannot draw it"
"""Why S says nothing, in a cell of a table."""


def rest(
    scores: Mapping[str, float],  # S by region
    points: np.ndarray,  # (68, 2) px of the aligned picture
    size: int,
    *,
    soft_edge: float,
) -> float:
    """The norm of the heat in the face without mouth and nose, per pixel of it; NaN where nothing of it is seen."""
    masks = region_masks(points, size, soft_edge=soft_edge)
    pixels = {region: float(mask.sum()) for region, mask in masks.items()}
    heat = {region: np.exp(-scores[region]) * pixels[region] for region in masks}
    left = pixels["face"] - pixels["mouth"]
    return float(np.sqrt(max(0.0, heat["face"] ** 2 - heat["mouth"] ** 2)) / left) if left > 0 else float("nan")


def rests(
    scores: pd.DataFrame,  # ANOMALY_SCORES
    aligned: pd.DataFrame,  # ALIGNED: image_id, points
    size: int,
    made: Combination,
    *,
    soft_edge: float,
) -> pd.Series:
    """The same of every photograph that was scored, image_id -> per pixel; NaN where nothing of it is seen."""
    own = scores[scores["score"].notna()]
    for name in ("step", "heatmap", "processing"):
        own = own[own[name] == getattr(made, name)]
    by_region = own.pivot_table(index="image_id", columns="region", values="score").dropna()
    found = {
        name: rest(by_region.loc[name].to_dict(), np.array(points, float).reshape(-1, 2), size, soft_edge=soft_edge)
        for name, points in zip(aligned["image_id"], aligned["points"], strict=True)
        if name in by_region.index and points is not None
    }
    return pd.Series(found, dtype=float)


def rest_of_controls(
    scores: pd.DataFrame,  # ANOMALY_SCORES
    aligned: pd.DataFrame,  # ALIGNED: image_id, points
    size: int,
    made: Combination,
    *,
    soft_edge: float,
) -> np.ndarray:
    """The same of every unseen control, (n,)."""
    controls = scores[scores["population"] == "control"]
    return rests(controls, aligned, size, made, soft_edge=soft_edge).dropna().to_numpy()


def undrawn(
    rests: pd.Series,  # image_id -> how far off beside mouth and nose
    controls: np.ndarray,  # (n,)
    *,
    most: float,
) -> frozenset[str]:
    """The photographs whose S says nothing, by the rule of `unlike`."""
    return frozenset(str(name) for name, own in rests.items() if unlike(own, controls, most=most))


def unlike(own: float, controls: np.ndarray, *, most: float) -> str | None:
    """Why S says nothing of this photograph; None where it may. `most`: times a usual control, the median."""
    if len(controls) < LEAST or not own > most * np.median(controls):
        return None
    times = own / np.median(controls)
    return (
        f"the generator cannot draw this photograph: beside mouth and nose it stays {times:.1f} times as far off as a "
        f"usual one of {len(controls)} controls"
    )
