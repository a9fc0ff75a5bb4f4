"""A measured face in three dimensions as its page shows it: each measure beside its norm, and what lies beyond a limit.

In: a face, its map and measures, norms, findings. Out: `Shown`. Measures nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tasks.findings.formulas import GROUP
from tasks.findings.rules import Finding
from tasks.pages.norms import norm_of
from tasks.surface.measures.catalogue import REGIONS
from tasks.surface.measures.measure import Measure
from tasks.surface.measures.measuring import Measured
from tasks.surface.measuring_faces import plane_of
from tasks.surface.pages.contents import Measured as Line
from tasks.surface.pages.contents import Scale, Shown
from tasks.surface.pages.summary import in_short
from tasks.surface.points.names import DEFINITIONS
from tasks.surface.reconstructing import Face


def shown_of(
    title: str,
    face: Face,
    values: np.ndarray,  # (V,) mm, of `map_of`
    rows: Sequence[Measured],
    *,
    norms: list[dict[str, Any]],  # rows of NORMS; none: no bars
    person: Mapping[str, str | None],  # gender and age_group, as far as they are known
    found: Sequence[Finding],
    provenance: Sequence[tuple[str, str]],
) -> Shown:
    """A visit's page."""
    words = {one.measure.name: one.measure.words for one in rows}
    return Shown(
        title,
        surface=face.surface,
        filled=face.filled,
        origin=plane_of(face).point,
        asymmetry=values,
        points=face.points,
        definitions=DEFINITIONS,
        measures=[_line(one, norm_of(norms, one.measure.name, person["gender"], person["age_group"])) for one in rows],
        short=in_short(rows, share=face.scale_share),
        findings=[(one.sentence(within(words[one.measure])), one.source) for one in found],
        cameras=face.cameras,
        scale=Scale(face.scale_words, face.scale_share),
        provenance=provenance,
    )


DIGITS: Mapping[str, int] = {"mm": 1, "degrees": 1, "ml": 2, "cm2": 2}
UNITS: Mapping[str, str] = {"degrees": "\u00b0", "cm2": "cm\u00b2"}


def within(words: str) -> str:
    """A measure's name within a sentence."""
    return words[:1].lower() + words[1:]


def called(measure: Measure) -> str:
    """A measure's name where its value stands beside it: of a pair the value is how much more the one side has."""
    return f"{measure.words}, difference" if measure.kind == "paired" else measure.words


def digits(measure: Measure) -> int:
    """Decimals: how far a surface lies from its mirror image is told more finely than lengths between points."""
    fine = measure.on_surface and measure.uneven and measure.kind != "paired"
    return 2 if fine else DIGITS.get(measure.unit, 2)


def _line(one: Measured, norm: Mapping[str, Any] | None) -> Line:
    measure = one.measure
    return Line(
        REGIONS.get(measure.region, GROUP),
        called(measure),
        measure.meaning,
        UNITS.get(measure.unit, measure.unit),
        digits(measure),
        one.value,
        one.low,
        one.high,
        one.value if measure.uneven else None,
        one.side or "",
        norm,
        right=one.right,
        left=one.left,
        reason=one.reason,
    )
