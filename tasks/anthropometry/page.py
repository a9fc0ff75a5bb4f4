"""One page per photograph: the face with its midline, mirror images, every measure beside its norm, findings, refusals.

In: a photograph's pictures, its measures, norms and findings. Out: an HTML page that needs no other file and prints.
Every value is escaped. Measures nothing. Knows nothing of files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tasks.anthropometry.measures.catalogue import BY_NAME, REGIONS
from tasks.anthropometry.measures.measure import INTEROCULAR, Measure
from tasks.anthropometry.profiles.measures import NOSE_HEIGHTS, PROFILE_BY_NAME, ProfileMeasure
from tasks.anthropometry.profiles.page import ShownProfile
from tasks.anthropometry.shown import Shown
from tasks.findings.formulas import GROUP
from tasks.findings.rules import CAVEAT, Finding
from tasks.pages.environment import environment, number
from tasks.pages.norms import bar, norm_of
from tasks.pages.overlays import jpeg

UNITS = {INTEROCULAR: "io", "degrees": "°", "%": "%", "": "", NOSE_HEIGHTS: ""}
DIGITS = {INTEROCULAR: 3, "degrees": 1, "%": 1, "": 2, NOSE_HEIGHTS: 3}
IN_PROFILE = "Profile; lengths in nose heights, nasion to subnasale"


@dataclass(frozen=True)
class MeasuredFace:
    """A photograph's page. With a `reason` nothing was measured."""

    name: str
    image_id: str = ""
    reason: str | None = None
    which: str = ""  # which face, where the photograph shows several
    shown: Shown | None = None
    profile: ShownProfile | None = None  # of a photograph in profile, in place of `shown`
    rows: Sequence[Mapping[str, Any]] = ()  # of ANTHROPOMETRY_MEASURES, without the photograph's names
    findings: Sequence[Finding] = ()
    unasked: str = ""  # which rules were not asked, in a sentence
    suggested: Sequence[Any] = ()  # tasks.anthropometry.learned.suggesting.Suggestion, which imports torch
    scale: str = ""  # where millimetres come from, in words
    gender: str | None = None
    age_group: str | None = None
    own: Sequence[Measure] = ()  # a surgeon's own measures
    norms: list[dict[str, Any]] = field(default_factory=list)  # NORMS rows with numbers; none: no bars
    others: Sequence[tuple[str, str]] = field(default=())  # what other methods say of this photograph: name, value
    provenance: Sequence[tuple[str, str]] = field(default=())  # models, versions, settings


@dataclass(frozen=True)
class Line:
    """A measure as the page's table has it."""

    name: str
    words: str
    meaning: str
    value: str
    interval: str
    side: str
    millimetres: str
    bar: Mapping[str, float] | None
    norm: str
    reason: str | None


def render_measured_page(face: MeasuredFace, *, notices: Sequence[str]) -> str:
    """The page of one photograph."""
    known = _known(face)
    pictures = {}
    if face.shown is not None:
        side = max(face.shown.size)
        names = ("face", "blended", "rights", "lefts")
        pictures = {name: jpeg(getattr(face.shown, name), side=side) for name in names}
    return (
        environment()
        .get_template("anthropometry/page.html.j2")
        .render(
            face=face,
            pictures=pictures,
            groups={words: lines for words, lines in lines_of(face).items() if lines},
            refused=refusals_of(face),
            findings=[(own, own.sentence(known[own.measure].words)) for own in face.findings],
            caveat=CAVEAT,
            notices=notices,
            with_norms=bool(face.norms),
        )
    )


def _known(face: MeasuredFace) -> Mapping[str, Measure | ProfileMeasure]:
    """Every measure by its name; a profile's are others."""
    return PROFILE_BY_NAME if face.profile is not None else BY_NAME | {measure.name: measure for measure in face.own}


def lines_of(face: MeasuredFace) -> dict[str, list[Line]]:
    """The table's lines by region, in the order in which they are shown; a region may have none."""
    known = _known(face)
    groups: dict[str, list[Line]] = {words: [] for words in (*REGIONS.values(), GROUP)}
    for row in face.rows:
        measure = known[row["measure"]]
        norm = norm_of(face.norms, measure.name, face.gender, face.age_group)
        region = REGIONS.get(measure.region, GROUP) if isinstance(measure, Measure) else IN_PROFILE
        groups.setdefault(region, []).append(_line(row, measure, norm))
    return groups


def refusals_of(face: MeasuredFace) -> list[tuple[str, list[str]]]:
    """Why measures have no value, each reason with its measures."""
    found: dict[str, list[str]] = {}
    for row in face.rows:
        if row["reason"] is not None:
            found.setdefault(row["reason"], []).append(_known(face)[row["measure"]].words)
    return list(found.items())


def _line(row: Mapping[str, Any], measure: Measure | ProfileMeasure, norm: Mapping[str, Any] | None) -> Line:
    digits, unit = DIGITS[measure.unit], UNITS[measure.unit]
    gap = "" if unit in ("", "°") else " "

    def said(value: float | None) -> str:
        return number(value, digits)

    interval = "" if row["low"] is None else f"{said(row['low'])} to {said(row['high'])}"
    millimetres = "" if row["mm"] is None else f"{number(row['mm'], 1)} mm"
    if row["mm_low"] is not None:
        millimetres += f" ({number(row['mm_low'], 1)} to {number(row['mm_high'], 1)})"
    said_norm = "" if norm is None else f"{said(norm['p05'])} to {said(norm['p95'])}"
    value = "" if row["value"] is None else f"{said(row['value'])}{gap}{unit}"
    return Line(
        measure.name,
        measure.words,
        measure.meaning,
        value,
        interval,
        row["side"] or "",
        millimetres,
        None if norm is None or row["value"] is None else bar(row, norm),
        said_norm,
        row["reason"],
    )
