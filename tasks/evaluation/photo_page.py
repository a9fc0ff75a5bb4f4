"""One page per photograph: what was measured, what each system reads in it, or why nothing was measured.

In: one photograph's lip region, halves and points, and the systems' readings. Out: an HTML page that needs no other
file. Every value is escaped. Knows no system, and nothing of networks, files and tables.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from markupsafe import Markup

from tasks.pages.chapter import Reading
from tasks.pages.environment import environment
from tasks.pages.notices import for_a_page

OUTLINES = {"outer lip": (*range(48, 60), 48), "inner lip": (*range(60, 68), 60), "nose": tuple(range(31, 36))}
"""Chains of the 68 points that are drawn as lines (indices from 0)."""


@dataclass(frozen=True)
class Measure:
    """One more thing that was measured: its name, its value with unit, and what is accepted or how to read it."""

    name: str
    value: str
    meaning: str = ""


@dataclass(frozen=True)
class Photo:
    """A photograph's page. `reason` is given when it was refused; then pictures and readings may be missing."""

    name: str
    image_id: str
    reason: str | None = None
    region: bytes | None = None  # PNG, levelled lip region, RGB
    left: bytes | None = None  # PNG, the patient's left half
    right: bytes | None = None  # PNG, the patient's right half
    points: np.ndarray | None = None  # (68, 2) pixels of the region
    midline_x: float | None = None  # pixels of the region
    mirrored: Literal["left", "right"] | None = None  # the half that was mirrored
    readings: Sequence[Reading] = ()
    measures: Sequence[Measure] = field(default=())
    face: str = ""  # which face, where the photograph shows several


DECLINES = (
    "no face is found, or more than one",
    "the head is turned, tilted or raised too far for left and right to be compared",
    "the picture is too small or too blurred around the mouth",
    "the mouth is covered, as far as the landmarks can tell",
)
"""When no D is given; said on every page."""


def render_photo_page(
    photo: Photo,
    *,
    notices: Sequence[str],
    verdict: Sequence[str] = (),
    trust: Sequence[str] = (),
    valid: bool = True,
    declines: Sequence[str] = DECLINES,
) -> str:
    """The page of one photograph, measured or refused. `verdict`: its result, shown first, line by line; `trust`: how
    far to trust it; `valid`: whether it lets the numbers count."""
    page = environment().get_template("evaluation/photo.html.j2")
    drawn = None if photo.region is None else overlay(photo)
    readings = [] if photo.reason else [(reading, _body(reading, valid)) for reading in photo.readings]
    return page.render(
        photo=photo,
        verdict=verdict,
        trust=trust,
        valid=valid,
        notices=[for_a_page(line) for line in notices],
        declines=declines,
        overlay=drawn,
        readings=readings,
    )


def _body(reading: Reading, valid: bool) -> Markup:
    """The reading's own template, filled in. `valid`: whether its numbers count."""
    if not reading.template:
        return Markup()
    page = environment().get_template(reading.template)
    return Markup(page.render(reading=reading, valid=valid, **reading.context))  # noqa: S704 (it escapes)


def overlay(photo: Photo) -> dict[str, Any]:
    """Size of the region and the marks drawn on it, in its pixels; points outside the region are left out."""
    assert photo.region is not None
    width, height = png_size(photo.region)
    lines, dots = [], []
    if photo.points is not None:
        inside = np.all((photo.points >= 0) & (photo.points <= (width, height)), axis=1)
        for chain in OUTLINES.values():
            if inside[list(chain)].all():
                lines.append(" ".join(f"{x:.2f},{y:.2f}" for x, y in photo.points[list(chain)]))
        dots = [(round(float(x), 2), round(float(y), 2)) for x, y in photo.points[inside]]
    return {"width": width, "height": height, "lines": lines, "dots": dots, "radius": round(width / 110, 2)}


def png_size(png: bytes) -> tuple[int, int]:
    """Width and height from a PNG's header. ValueError when it is none."""
    if png[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError("not a PNG")
    width, height = struct.unpack(">II", png[16:24])
    return width, height
