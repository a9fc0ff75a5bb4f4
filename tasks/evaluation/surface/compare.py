"""What was measured in three dimensions, against raters and against what is known of a face.

In: the stages' tables and a study. Out: methods for the comparison, and one nested record. Offline AI solutions for
cosmetic facial analysis, Solution 2. Knows nothing of surfaces.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from tasks.evaluation.study import COLUMNS, Study
from tasks.evaluation.surface.read import Surfaces
from tasks.statistics.correlation import correlate

PREFIX = "surface_"
METHOD = f"{PREFIX}nasolabial_asymmetry"
METHODS = {
    METHOD: "Asymmetry of nose and upper lip in space",
    f"{PREFIX}face_asymmetry": "Asymmetry of the face in space",
}
KNOWN = "asymmetry_mm"
"""The reference that says, in millimetres, how uneven nose and upper lip are known to be."""


def method_scores(made: Surfaces) -> pd.DataFrame:
    """Rows of the comparison: the visit's value for each of its photographs; null where it could not be measured."""
    if made.visits.empty:
        return pd.DataFrame(columns=COLUMNS)
    parts = [
        made.visits.assign(method=method, score=made.visits["set_id"].map(_values(made, method)).astype(float))
        for method in METHODS
    ]
    return pd.concat(parts, ignore_index=True)[COLUMNS]


def _values(made: Surfaces, method: str) -> pd.Series:
    """A measure's values by set."""
    own = made.measures[made.measures["measure"] == method.removeprefix(PREFIX)]
    values: pd.Series = own.set_index("image_id")["value"].astype(float)
    return values


def evaluate_surfaces(made: Surfaces, study: Study) -> dict[str, Any]:
    """The chapter's record."""
    whole = made.surfaces["reason"].isna()
    if not whole.any():
        return {"reason": "of no visit could a face be made in three dimensions", "sets": _counts(made.surfaces)}
    targets = {f"{name} ratings": own for name, own in study.targets.ratings.items()} | study.targets.references
    scores = method_scores(made).dropna(subset="score")
    return {
        "reason": None,
        "sets": _counts(made.surfaces),
        "people": int(made.surfaces.loc[whole, "subject_id"].nunique()),
        "asymmetry": {
            population: spread(_values(made, METHOD).reindex(own["image_id"]).dropna())
            for population, own in made.surfaces[whole].groupby("population")
        },
        "agreement": {
            target: {
                method: correlate(own.set_index("image_id")["score"], values, study.targets.subjects, study.settings)
                for method, own in scores.groupby("method")
            }
            for target, values in targets.items()
        },
        "known": known(made, study.references),
    }


def _counts(surfaces: pd.DataFrame) -> dict[str, dict[str, int]]:
    """By population: sets, surfaces made of them, photographs, those whose camera was found."""
    return {
        str(name): {
            "sets": len(own),
            "surfaces": int(own["reason"].isna().sum()),
            "photographs": int(own["photographs"].sum()),
            "placed": int(own["placed"].fillna(0).sum()),
        }
        for name, own in surfaces.groupby("population")
    }


def spread(values: pd.Series) -> dict[str, Any]:
    """Median and range of one population's values."""
    if values.empty:
        return {"count": 0, "median": None, "low": None, "high": None}
    ends = {"median": values.median(), "low": values.min(), "high": values.max()}
    return {"count": len(values), **{name: float(own) for name, own in ends.items()}}


def known(made: Surfaces, references: pd.DataFrame) -> dict[str, Any]:
    """Measured against known asymmetry, set by set: pairs in mm, Pearson's r, the slope of the line through them."""
    truth = references[references["measure"] == KNOWN].set_index("image_id")["value"].astype(float)
    measured = _values(made, METHOD).dropna()
    pairs = pd.DataFrame({"known": truth.reindex(measured.index), "measured": measured}).dropna().sort_values("known")
    found: dict[str, Any] = {"pairs": pairs.to_dict("records"), "pearson": None, "slope": None}
    if len(pairs) >= LEAST and pairs["known"].nunique() > 1 and pairs["measured"].nunique() > 1:
        x, y = pairs["known"].to_numpy(), pairs["measured"].to_numpy()
        found["pearson"] = float(np.corrcoef(x, y)[0, 1])
        found["slope"] = float(np.polyfit(x, y, 1)[0])
    return found


LEAST = 3
"""Sets through which a line is laid."""


def headline(record: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The few numbers that people compare between runs."""
    sets = record["sets"].values()
    heads, people = len(record["known"]["pairs"]), record["people"]
    own: dict[str, Any] = {
        "surfaces": {"value": sum(each["surfaces"] for each in sets), "n_subjects": people},
        "sets": sum(each["sets"] for each in sets),
        "asymmetry_pearson": {"value": record["known"]["pearson"], "n_subjects": heads},
        "asymmetry_slope": {"value": record["known"]["slope"], "n_subjects": heads},
    }
    return {"faces_in_space": own}
