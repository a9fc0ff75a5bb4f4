"""One value of a measure per visit: the mean over the visit's photographs, and by their spread how sure it is.

In: measures by photograph, and which visit a photograph belongs to. Out: ANTHROPOMETRY_VISITS rows. A visit is what
images.csv calls one; photographs without one take no part. Knows no points.
"""

from collections import Counter

import numpy as np
import pandas as pd
import pyarrow as pa

from tasks.anthropometry.measures.catalogue import MEASURES
from tasks.anthropometry.measuring import SIZES
from tasks.anthropometry.uncertainty import over_photographs
from tasks.schemas.anthropometry import ANTHROPOMETRY_VISITS

KINDS = {measure.name: measure.kind for measure in MEASURES}
BY = ["subject_id", "visit", "measure"]


def by_visit(
    measures: pa.Table,  # ANTHROPOMETRY_MEASURES
    images: pa.Table,  # IMAGES: image_id, visit
    *,
    confidence: float,
) -> pa.Table:
    """ANTHROPOMETRY_VISITS: each measure of each person and visit, photographs that lack it left out.

    Photographs of a visit need not agree on the side: all are turned to the side that most of them name, the left where
    as many name either.
    """
    found = measures.to_pandas().merge(images.select(["image_id", "visit"]).to_pandas(), on="image_id")
    found = found[found["visit"].notna() & found["value"].notna()]
    rows = []
    for keys, own in found.groupby(BY, sort=True):
        one = together(own, KINDS.get(str(keys[2]), "plain"), confidence=confidence)
        if one is not None:
            told = {"unit": own["unit"].iloc[0], "photographs": len(own)}
            rows.append(dict(zip(BY, keys, strict=True)) | told | one)
    return ANTHROPOMETRY_VISITS.table(rows)


def together(
    own: pd.DataFrame,  # value, side: one measure of one person, by photograph
    kind: str,
    *,
    confidence: float,
) -> dict[str, float | str | None] | None:
    """The columns value, low, high and side of the photographs' mean; None where it is no number."""
    side = side_of(own["side"])
    mean, low, high = over_photographs(turned(own, side, kind), confidence=confidence)
    if not np.isfinite(mean):
        return None
    if mean < 0 and kind in SIZES:  # the fewer photographs show more than the others
        mean, low, high = -mean, *(None if end is None else -end for end in (high, low))
        side = "left" if side == "right" else "right"
    return {"value": mean, "low": low, "high": high, "side": side}


def side_of(sides: pd.Series) -> str | None:
    """The side that most name, the left where as many name either; None where nobody names any."""
    named = Counter(sides.dropna())
    return max(sorted(named), key=lambda name: named[name]) if named else None


def turned(
    own: pd.DataFrame,  # value, side
    side: str | None,
    kind: str,
) -> np.ndarray:
    """The photographs' values (n,), as seen from one side: sizes change their sign, ratios are turned over."""
    values, other = own["value"].to_numpy(float), own["side"].notna() & (own["side"] != side)
    if kind in SIZES:
        return np.where(other, -values, values)
    if kind == "ratio":
        with np.errstate(divide="ignore"):
            return np.where(other, 1 / values, values)
    return values
