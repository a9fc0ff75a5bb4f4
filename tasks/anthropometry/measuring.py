"""Every measure of many photographs, from the table of their points.

In: ANTHROPOMETRY_POINTS rows. Out: an ANTHROPOMETRY_MEASURES row per photograph and measure, with value, interval,
side and unit, or the reason for which there is none. Opens no photograph. Knows neither norms nor ratings.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tasks.anthropometry import errors, scale, uncertainty
from tasks.anthropometry.frame import Frame, levelled
from tasks.anthropometry.measures.catalogue import MEASURES
from tasks.anthropometry.measures.measure import INTEROCULAR, PERCENT, Measure, both, side_of, value_of
from tasks.anthropometry.names import OUTLINES, POINTS, Face
from tasks.anthropometry.refusals import Faces, refusals
from tasks.params.anthropometry import AnthropometryMeasure
from tasks.schemas.anthropometry import ANTHROPOMETRY_MEASURES

SIGNS: dict[str | None, int] = {"left": 1, "right": -1}
NAMES = {1: "left", -1: "right", 0: None}
SIZES = ("difference", "deviation")
_NUMBERS = ("value", "low", "high", "mm", "mm_low", "mm_high")


def measure_bucket(
    points: pa.Table,  # ANTHROPOMETRY_POINTS
    images: pa.Table,  # IMAGES: image_id, cleft_side
    *,
    settings: AnthropometryMeasure,
    point_errors: Path,  # the table that settings.errors names, on which a bucket's key depends
) -> pa.Table:
    """ANTHROPOMETRY_MEASURES of a bucket's photographs; where a cleft's one side is known, ratios are its side's."""
    sides = dict(zip(images["image_id"].to_pylist(), images["cleft_side"].to_pylist(), strict=True))
    return measure_photographs(points, settings=settings, cleft_sides=sides, point_errors=point_errors)


def measure_photographs(
    points: pa.Table,
    *,
    settings: AnthropometryMeasure,
    cleft_sides: Mapping[str, str] | None = None,
    scales: Mapping[str, scale.Scale] | None = None,
    measures: Sequence[Measure] = MEASURES,
    point_errors: Path | None = None,
) -> pa.Table:
    """ANTHROPOMETRY_MEASURES of ANTHROPOMETRY_POINTS rows.

    `cleft_sides`: by image_id the cleft's side, where it is known to be one: ratios are then the cleft side over the
    other. `scales`: by image_id a known scale; else `settings` say where millimetres come from. `measures`: which;
    a surgeon's own (tasks.anthropometry.own) go here. `point_errors`: a table in place of the one in `settings`.
    """
    faces = _faces(points, settings, cleft_sides or {}, scales or {})
    joint = errors.read(point_errors or errors.table(settings.errors))
    columns = [_column(measure, faces, settings, joint) for measure in measures]
    every = {name: [value for own in columns for value in own[name]] for name in columns[0]}
    names = {name: points[name].to_pylist() * len(measures) for name in ("image_id", "subject_id", "population")}
    order = np.arange(len(measures) * len(points)).reshape(len(measures), len(points)).T.ravel()
    table = pa.table(
        {column.name: pa.array((names | every)[column.name], column.type) for column in ANTHROPOMETRY_MEASURES.columns}
    )
    return ANTHROPOMETRY_MEASURES.check(table.take(order))


def measure_face(
    face: Face,
    *,
    settings: AnthropometryMeasure,
    disturbances: Mapping[str, float],  # yaw (degrees), smile, opening, as far as they are known
    cleft_side: str | None,
    known_scale: scale.Scale | None,
    measures: Sequence[Measure] = MEASURES,
) -> list[dict[str, Any]]:
    """One face's measures, as rows of ANTHROPOMETRY_MEASURES without the photograph's names."""
    outlines = {name: face.outlines.get(name, np.full((number, 2), np.nan))[None] for name, number, _ in OUTLINES}
    faces = _ready(
        face.points[None],
        outlines,
        face.errors[None],
        {name: np.array([disturbances.get(name, np.nan)]) for name in ("yaw", "smile", "opening")},
        (None,),
        [cleft_side],
        [known_scale],
        settings,
    )
    joint = errors.read(errors.table(settings.errors))
    found = [_column(measure, faces, settings, joint) for measure in measures]
    return [{name: values[0] for name, values in own.items()} for own in found]


def _faces(
    table: pa.Table,
    settings: AnthropometryMeasure,
    cleft_sides: Mapping[str, str],
    scales: Mapping[str, scale.Scale],
) -> Faces:
    ids = table["image_id"].to_pylist()
    disturbances = {
        name: np.array(table[column].to_pylist(), float)
        for name, column in (("yaw", "yaw_deg"), ("smile", "smile"), ("opening", "opening"))
    }
    return _ready(
        _arrays(table["points"], len(POINTS), 2),
        {name: _arrays(table[name], number, 2) for name, number, _ in OUTLINES},
        _arrays(table["errors"], len(POINTS), 1)[..., 0],
        disturbances,
        tuple(table["reason"].to_pylist()),
        [cleft_sides.get(own) for own in ids],
        [scales.get(own) for own in ids],
        settings,
    )


def _arrays(column: pa.ChunkedArray, number: int, width: int) -> np.ndarray:  # (n, number, width)
    """A column of lists; NaN where a list or a number in it is null. ValueError where a list has another length."""
    rows = [np.full(number * width, np.nan) if own is None else np.array(own, float) for own in column.to_pylist()]
    if strange := {len(own) for own in rows} - {number * width}:
        raise ValueError(f"lists of {sorted(strange)} numbers where {number * width} are expected; run `dvc repro`")
    return np.reshape(rows, (len(rows), number, width)).astype(float)


def _ready(
    points: np.ndarray,
    outlines: dict[str, np.ndarray],
    placed: np.ndarray,
    disturbances: dict[str, np.ndarray],
    refused: tuple[str | None, ...],
    cleft_sides: Sequence[str | None],
    scales: Sequence[scale.Scale | None],
    settings: AnthropometryMeasure,
) -> Faces:
    quantile = uncertainty.quantile_of(settings.confidence)
    estimated: Sequence[scale.Scale | None] = [None] * len(points)
    if settings.scale == "iris":
        estimated = scale.from_irises(points, settings=settings, quantile=quantile)
    return Faces(
        points,
        outlines,
        placed,
        disturbances,
        refused,
        np.array([SIGNS.get(side, 0) for side in cleft_sides], int),
        tuple(known or own for known, own in zip(scales, estimated, strict=True)),
        levelled(points, outlines),
    )


def _column(measure: Measure, faces: Faces, settings: AnthropometryMeasure, joint: np.ndarray) -> dict[str, list[Any]]:
    """One measure of all faces: the columns of its rows."""
    found = both(measure, faces.frame)
    side = side_of(measure.kind, found, faces.cleft)
    value = value_of(measure.kind, found, side)
    reasons = refusals(measure, value, faces, settings)
    reach = np.full(len(value), np.nan)
    if settings.intervals:
        fine = np.array([reason is None for reason in reasons], bool)
        lines = {name: line[fine] for name, line in faces.frame.outlines.items()}
        frame = Frame(faces.frame.points[fine], lines, faces.frame.unit[fine])
        away = uncertainty.standard_errors(measure, frame, faces.placed[fine], joint, side[fine])
        reach[fine] = uncertainty.quantile_of(settings.confidence) * away
    columns: dict[str, list[Any]] = {name: [] for name in (*_NUMBERS, "deviation", "side", "reason")}
    for number, reason in enumerate(reasons):
        numbers = _numbers(measure, value[number], reach[number], faces.scales[number], faces.frame.unit[number])
        for name, own in zip(_NUMBERS, numbers if reason is None else [None] * len(_NUMBERS), strict=True):
            columns[name].append(own)
        columns["deviation"].append(deviation(measure, value[number]) if reason is None else None)
        columns["side"].append(NAMES[side[number]] if reason is None else None)
        columns["reason"].append(reason)
    same = {"measure": measure.name, "region": measure.region, "words": measure.words, "unit": measure.unit}
    return columns | {name: [text] * len(reasons) for name, text in same.items()}


def deviation(measure: Measure, value: float) -> float | None:
    """How far lip and nose are from an even face, 0 or more; None where evenness means nothing.

    The size of a difference or of a mismatch; of a ratio its logarithm's, so that half and double are as far from even.
    """
    if measure.kind == "ratio":
        return abs(float(np.log(value))) if value > 0 else None
    even = measure.kind in SIZES or measure.region == "outlines"
    return abs(float(value)) if even else None


def _numbers(
    measure: Measure, value: float, reach: float, known: scale.Scale | None, unit: float
) -> list[float | None]:
    """Value, interval, and the same in millimetres: the narrowest and the widest that both intervals allow."""
    low: float | None
    high: float | None
    value, low, high = float(value), None, None
    if np.isfinite(reach):
        value, low, high = (
            uncertainty.folded(value, float(reach))
            if measure.kind in SIZES
            else (value, value - float(reach), value + float(reach))
        )
        if measure.unit == PERCENT and low is not None and high is not None:
            low, high = max(0.0, low), min(100.0, high)
    if known is None or measure.unit != INTEROCULAR:
        return [value, low, high, None, None, None]
    px = float(unit)
    return [
        value,
        low,
        high,
        value * px * known.mm_per_px,
        None if low is None else low * px * known.low,
        None if high is None else high * px * known.high,
    ]
