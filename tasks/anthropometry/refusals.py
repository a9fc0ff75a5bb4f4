"""Why a photograph cannot carry a measure: points that it does not show, a turned head, a smile, an open mouth.

In: faces and a measure. Out: per face a reason, or None. Which measure suffers from what stands beside the measure; the
limits stand in params.yaml. Computes no measure.
"""

from dataclasses import dataclass

import numpy as np

from tasks.anthropometry.frame import Frame
from tasks.anthropometry.measures.measure import Measure
from tasks.anthropometry.names import POINTS
from tasks.anthropometry.scale import Scale
from tasks.base.words import listed
from tasks.params.anthropometry import AnthropometryMeasure

MOST_NAMED = 3
"""Missing points that a reason names."""


@dataclass(frozen=True)
class Faces:
    """What is known of n photographs' faces, ready to be measured."""

    points: np.ndarray  # (n, len(POINTS), 2) px, NaN where not seen
    outlines: dict[str, np.ndarray]  # name: (n, number, 2) px, NaN where not found
    placed: np.ndarray  # (n, len(POINTS)) px: errors of points that people placed; NaN of the models'
    disturbances: dict[str, np.ndarray]  # yaw (degrees), smile, opening: (n,), NaN where not known
    refused: tuple[str | None, ...]  # why a photograph has no points
    cleft: np.ndarray  # (n,) 1 the patient's left, -1 the right, 0 not known
    scales: tuple[Scale | None, ...]
    frame: Frame


WHY = {"hairline": "no hairline to be told: hair over the forehead, no hair, or not in the picture"}
"""Of outlines that many photographs hide."""


def refusals(
    measure: Measure,
    value: np.ndarray,  # (n,)
    faces: Faces,
    settings: AnthropometryMeasure,
) -> list[str | None]:
    """Why the measure has no value on each face; None where it has."""
    reasons: list[str | None] = list(faces.refused)
    disturbed = {own: _disturbed(own, faces.disturbances[own], settings) for own in measure.suffers}
    needed = np.array(measure.needed)
    missing = np.isnan(faces.points[:, needed]).any(axis=2)
    for number in np.flatnonzero(missing.any(axis=1) & np.array([reason is None for reason in reasons], bool)):
        unseen = [POINTS[index].replace("_", " ") for index in needed[missing[number]]]
        reasons[number] = f"not seen: {listed(unseen, MOST_NAMED)}"
    for number in np.flatnonzero(~np.isfinite(value)):
        reasons[number] = reasons[number] or _without_value(measure, faces, int(number))
    for said in disturbed.values():
        reasons = [reason or own for reason, own in zip(reasons, said, strict=True)]
    return reasons


def _without_value(measure: Measure, faces: Faces, number: int) -> str:
    gaps = [name for name in measure.outlines if np.isnan(faces.outlines[name][number]).any()]
    if own := [WHY[name] for name in gaps if name in WHY]:
        return own[0]
    if gaps:
        return f"outline not found: {', '.join(name.replace('_', ' ') for name in gaps)}"
    return "what it is divided by is 0"


def _disturbed(name: str, found: np.ndarray, settings: AnthropometryMeasure) -> list[str | None]:
    """Per face, what a disturbance forbids; one that is not known forbids nothing."""
    words, most = {
        "yaw": ("head turned by {:.0f} degrees (at most {:g})", settings.most_yaw),
        "smile": ("a smile: mouth {:.2f} pupil distances wide (at most {:g})", settings.most_smile),
        "opening": ("mouth open by {:.2f} pupil distances (at most {:g})", settings.most_opening),
    }[name]
    size = np.abs(found)
    return [words.format(own, most) if own > most else None for own in size.tolist()]
