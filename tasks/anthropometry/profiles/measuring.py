"""Photographs in profile, located and measured: what the stage anthropometry_profiles and `vermilion measure` compute.

In: the images table's photographs whose view is left or right. Out: ANTHROPOMETRY_PROFILES rows, and
ANTHROPOMETRY_MEASURES rows between their points, with intervals by the points' errors; refused ones with their reason.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from tasks.anthropometry.profiles.measures import NOSE_HEIGHTS, PROFILE_MEASURES, ProfileMeasure, Side
from tasks.anthropometry.scale import Scale
from tasks.anthropometry.uncertainty import quantile_of
from tasks.base.words import listed
from tasks.ingest.faces.pixels import loader
from tasks.ingest.faces.profile import POINTS, Seen, View
from tasks.ingest.faces.views import VIEWED, seen_in_profile
from tasks.params.anthropometry import AnthropometryProfiles
from tasks.params.ingest import IngestLandmarks
from tasks.schemas.anthropometry import ANTHROPOMETRY_MEASURES, ANTHROPOMETRY_PROFILES
from tasks.schemas.ingest import FRAMES

REGION = "profile"
DORSUM = 33
"""Places of the nose's bridge that are kept."""
DECIMALS = 4


def locate_profiles(images: pa.Table, *, settings: IngestLandmarks) -> pa.Table:
    """ANTHROPOMETRY_PROFILES of a bucket's photographs in profile; those from the front have no row."""
    load = loader(images, FRAMES.table([]))
    rows = []
    for image in images.to_pylist():
        view = VIEWED.get(str(image["view"]))
        if view is None or image["kind"] != "still":
            continue
        names = {name: image[name] for name in ("image_id", "subject_id", "population", "view")}
        try:
            rows.append(names | row_of(seen_in_profile(load(image["image_id"]), view, settings)))
        except (OSError, ValueError) as error:
            rows.append(names | {"reason": str(error)})
    return ANTHROPOMETRY_PROFILES.table(rows)


def row_of(seen: Seen) -> dict[str, Any]:
    """What the table keeps of a profile."""
    points = np.array([seen.points.get(name, np.full(2, np.nan)) for name in POINTS])
    return {
        "points": _listed(points),
        "dorsum": _listed(dorsum_of(seen)),
        "nose_height_px": seen.unit,
        "misfit": round(seen.misfit, DECIMALS),
    }


def dorsum_of(seen: Seen) -> np.ndarray:
    """The outline from nasion to the tip of the nose, (DORSUM, 2) px."""
    ends = [int(np.hypot(*(seen.outline - seen.points[name]).T).argmin()) for name in ("nasion", "pronasale")]
    return np.asarray(seen.outline[np.linspace(ends[0], ends[1], DORSUM).round().astype(int)])


def _listed(values: np.ndarray) -> list[float | None]:
    return [None if np.isnan(value) else round(float(value), DECIMALS) for value in values.ravel()]


def measure_profiles(profiles: pa.Table, *, settings: AnthropometryProfiles) -> pa.Table:
    """ANTHROPOMETRY_MEASURES of ANTHROPOMETRY_PROFILES rows: of each photograph every measure."""
    found = []
    for row in profiles.to_pylist():
        names = {name: row[name] for name in ("image_id", "subject_id", "population")}
        found += [names | own for own in measure_profile(row, settings=settings, known_scale=None)]
    return ANTHROPOMETRY_MEASURES.table(found)


def measure_profile(
    row: Mapping[str, Any],  # of ANTHROPOMETRY_PROFILES
    *,
    settings: AnthropometryProfiles,
    known_scale: Scale | None,
) -> list[dict[str, Any]]:
    """One profile's measures, as rows of ANTHROPOMETRY_MEASURES without the photograph's names."""
    if row["reason"] is not None:
        return [_named(measure) | {"reason": row["reason"]} for measure in PROFILE_MEASURES]
    side = in_own_axes(row)
    return [_measured(measure, side, row["nose_height_px"], settings, known_scale) for measure in PROFILE_MEASURES]


def in_own_axes(row: Mapping[str, Any]) -> Side:
    """A row's points with x forwards and y upwards, in nose heights."""
    forwards: dict[View, int] = {"left": -1, "right": 1}
    axes = np.array([forwards["left" if row["view"] == "left" else "right"], -1]) / row["nose_height_px"]
    points = np.reshape(np.array(row["points"], float), (-1, 2)) * axes
    dorsum = np.reshape(np.array(row["dorsum"], float), (-1, 2)) * axes
    return Side(dict(zip(POINTS, points, strict=True)), dorsum)


def _named(measure: ProfileMeasure) -> dict[str, Any]:
    return {"measure": measure.name, "region": REGION, "words": measure.words, "unit": measure.unit, **EMPTY}


EMPTY = dict.fromkeys(("value", "low", "high", "side", "deviation", "mm", "mm_low", "mm_high", "reason"))


def _measured(
    measure: ProfileMeasure, side: Side, unit_px: float, settings: AnthropometryProfiles, scale: Scale | None
) -> dict[str, Any]:
    row = _named(measure)
    if hidden := [name for name in measure.points if np.isnan(side[name]).any()]:
        return row | {"reason": f"not seen: {listed([name.replace('_', ' ') for name in hidden], len(hidden))}"}
    value = float(measure.function(side))
    if not np.isfinite(value):
        return row | {"reason": "the nose's bridge is not seen"}
    reach = quantile_of(settings.confidence) * _standard_error(measure, side, settings.errors)
    row |= {"value": value}
    if np.isfinite(reach):
        row |= {"low": value - reach, "high": value + reach}
    if scale is not None and measure.unit == NOSE_HEIGHTS:
        row |= {"mm": value * unit_px * scale.mm_per_px}
        if np.isfinite(reach):
            ends = [
                end * unit_px * factor for end in (value - reach, value + reach) for factor in (scale.low, scale.high)
            ]
            row |= {"mm_low": min(ends), "mm_high": max(ends)}
    return row


def _standard_error(measure: ProfileMeasure, side: Side, errors: Mapping[str, float]) -> float:
    """By how much the value moves when each point that it reads is moved by its error; NaN where that is not known."""
    squares = 0.0
    for name in measure.points:
        steps = errors.get(name, float("nan")) * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
        moved = {own: np.broadcast_to(at, (4, 2)) for own, at in side.points.items()} | {name: side[name] + steps}
        values = measure.function(Side(moved, np.broadcast_to(side.dorsum, (4, *side.dorsum.shape))))
        squares += float(((values - measure.function(side)) ** 2).sum() / 2)
    return float(np.sqrt(squares))
