"""One page per photograph in profile: the picture with outline, points and lines, every measure, findings, refusals.

In: a photograph's picture and points, its measures, findings. Out: an HTML page that needs no other file and prints.
Every value is escaped. Measures nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from tasks.anthropometry.profiles.measures import NOSE_HEIGHTS, PROFILE_BY_NAME
from tasks.findings.rules import CAVEAT, Finding
from tasks.ingest.faces.profile import Seen
from tasks.pages.environment import environment, number
from tasks.pages.norms import bar, norm_of
from tasks.pages.overlays import jpeg

SIDE = 900
"""Longest side of the picture on the page, px."""
AROUND = 1.0
"""Nose heights shown around the points."""
LINES = (("Ricketts", "pronasale", "pogonion"), ("nose", "nasion", "pronasale"), ("face", "glabella", "pogonion"))
UNITS = {NOSE_HEIGHTS: "", "degrees": "°"}
DIGITS = {NOSE_HEIGHTS: 3, "degrees": 1}

Place = tuple[float, float]


@dataclass(frozen=True)
class ShownProfile:
    """The picture, (H, W, 3) uint8 RGB, and the marks on it in its pixels."""

    picture: np.ndarray
    points: dict[str, Place]
    outline: list[Place]
    lines: list[tuple[str, Place, Place]]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, px."""
        return self.picture.shape[1], self.picture.shape[0]


def shown_profile(image: np.ndarray, seen: Seen) -> ShownProfile:  # (H, W, 3) uint8 RGB, upright
    """The part of the photograph about the points, no larger than SIDE."""
    places = np.array(list(seen.points.values()))
    low = np.maximum(np.floor(places.min(axis=0) - AROUND * seen.unit), 0).astype(int)
    high = np.minimum(np.ceil(places.max(axis=0) + AROUND * seen.unit), image.shape[1::-1]).astype(int)
    part = image[low[1] : high[1], low[0] : high[0]]
    scale = min(1.0, SIDE / max(part.shape[:2]))
    picture = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else part

    def at(where: np.ndarray) -> Place:
        x, y = (where - low + 0.5) * scale
        return round(float(x), 1), round(float(y), 1)

    inside = ((seen.outline >= low) & (seen.outline < high)).all(axis=1)
    marks = {name: at(own) for name, own in seen.points.items()}
    lines = [(name, marks[one], marks[other]) for name, one, other in LINES]
    x, y = marks["glabella"]
    lines.append(("glabella vertical", (x, y), (x, marks["menton"][1])))
    return ShownProfile(np.ascontiguousarray(picture), marks, [at(own) for own in seen.outline[inside]], lines)


def render_profile_page(
    name: str,
    *,
    image_id: str,
    view: str,
    reason: str | None = None,
    shown: ShownProfile | None = None,
    rows: Sequence[Mapping[str, Any]] = (),
    findings: Sequence[Finding] = (),
    unasked: str = "",
    provenance: Sequence[tuple[str, str]] = (),
    norms: list[dict[str, Any]] | None = None,
    gender: str | None = None,
    age_group: str | None = None,
) -> str:
    """The page of one photograph; with a `reason` nothing was measured. `norms`: rows of NORMS that have numbers;
    `unasked`: which rules lacked one.
    """
    lines = [_line(row, norm_of(norms or [], row["measure"], gender, age_group)) for row in rows]
    return (
        environment()
        .get_template("anthropometry/profiles/page.html.j2")
        .render(
            name=name,
            image_id=image_id,
            view=view,
            reason=reason,
            shown=shown,
            picture=None if shown is None else jpeg(shown.picture, side=max(shown.size)),
            lines=lines,
            with_norms=any(line["bar"] for line in lines),
            millimetres=any(row["mm"] is not None for row in rows),
            findings=[(own, own.sentence(PROFILE_BY_NAME[own.measure].words)) for own in findings],
            unasked=unasked,
            caveat=CAVEAT,
            provenance=provenance,
        )
    )


def _line(row: Mapping[str, Any], norm: Mapping[str, Any] | None) -> dict[str, Any]:
    """A measure as the page's table has it."""
    measure = PROFILE_BY_NAME[row["measure"]]
    digits = DIGITS[measure.unit]

    def span(low: str, high: str, places: int) -> str:
        return "" if row[low] is None else f"{number(row[low], places)} to {number(row[high], places)}"

    return {
        "words": measure.words,
        "meaning": measure.meaning,
        "value": "" if row["value"] is None else number(row["value"], digits) + UNITS[measure.unit],
        "interval": span("low", "high", digits),
        "mm": "" if row["mm"] is None else f"{number(row['mm'], 1)} mm",
        "mm_interval": span("mm_low", "mm_high", 1),
        "bar": None if norm is None or row["value"] is None else bar(row, norm),
        "norm": "" if norm is None else f"{number(norm['p05'], digits)} to {number(norm['p95'], digits)}",
        "reason": row["reason"] or "",
    }
