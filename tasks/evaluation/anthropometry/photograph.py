"""One photograph's points placed and measured: the landmark measures' part of `vermilion score`.

In: a photograph, and what `dvc repro` left behind (measures of others). Out: its reading. The same functions as the
stages call. Writes nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tasks import params
from tasks.anthropometry.from_people import adjustment
from tasks.anthropometry.locating.locate import Located, find
from tasks.anthropometry.measuring import measure_face
from tasks.anthropometry.shown import Shown, shown
from tasks.base import tables
from tasks.errors import InputError
from tasks.evaluation.anthropometry.chapter import NAME, SOURCE
from tasks.evaluation.anthropometry.read import NOTICES, adjusted, read_anthropometry
from tasks.evaluation.photograph import Photograph
from tasks.ingest.faces.quality import pose_degrees
from tasks.pages.chapter import Reading, Said
from tasks.pages.norms import NONE, Norms, bar, norm_of
from tasks.pages.overlays import jpeg
from tasks.params.anthropometry import AnthropometryMeasure, AnthropometryPoints
from tasks.schemas.ingest import IMAGES

TITLE = "Landmark measures"
SPOKEN = ("peak_height_difference", "lip_mismatch")
"""Measures that a photograph's verdict counts: those that follow raters and drawn severity best (docs/demo.md)."""
LISTED = ("cleft", "outlines")
"""Regions whose measures stand in the table of the page."""
STANDS_OUT = 0.95
"""Share of controls above which a measure stands out."""
LEAST_CONTROLS = 20
LINE, DOT = (255, 255, 255), (255, 214, 10)
DIGITS = {"": 2, "interocular": 3, "degrees": 1, "%": 1}


@dataclass(frozen=True)
class AnthropometryReader:
    """What a photograph is measured with and read beside."""

    points: AnthropometryPoints
    measures: AnthropometryMeasure
    controls: Mapping[str, np.ndarray]  # measure -> deviations of controls
    norms: Norms = NONE
    kinds: Mapping[str, str | None] = field(default_factory=dict)  # image_id -> notice, of the project's photographs
    learned: Sequence[adjustment.Learned] = ()
    notices: tuple[str, ...] = NOTICES
    steps: int = 1

    def read(self, photograph: Photograph, advance: Callable[[int], None]) -> Reading:
        """The measures of lip and nose; a reason where no points can be placed."""
        try:
            located = find(photograph.image, photograph.landmarks, settings=self.points)
            points = adjustment.move(located.face.points[None], self.learned)[0]
            located = located._replace(face=located.face._replace(points=points))
        except InputError as error:
            empty = dict.fromkeys(SPOKEN)
            return Reading(NAME, TITLE, empty | {"reason": str(error)}, empty, reason=str(error), source=SOURCE)
        finally:
            advance(self.steps)
        norms = self.norms.for_picture(self.kinds.get(photograph.image_id))
        strange = norms is not self.norms
        rows = self._measured(photograph, located)
        values = {row["measure"]: row["value"] for row in rows}
        listed = [row | {"shown": _shown(row)} | _normed(row, norms) for row in rows if row["region"] in LISTED]
        return Reading(
            NAME,
            TITLE,
            {"measures": values, "reason": None},
            {row["words"]: row["value"] for row in rows if row["measure"] in SPOKEN},
            said=[self._said(row, strange=strange) for row in rows if row["measure"] in SPOKEN],
            caveat="Points are placed by a model and refined on the picture; check them on the page.",
            source=SOURCE,
            template="evaluation/anthropometry/photo.html.j2",
            context={
                "rows": listed,
                "norms": norms.said,
                "picture": annotated(shown(photograph.image, located.face)),
            },
        )

    def _measured(self, photograph: Photograph, located: Located) -> list[dict[str, Any]]:
        height, width = photograph.image.shape[:2]
        yaw, _, _ = pose_degrees(photograph.landmarks, width, height)
        return measure_face(
            located.face,
            settings=self.measures,
            disturbances={"yaw": yaw, "smile": located.smile, "opening": located.opening},
            cleft_side=None,
            known_scale=None,
        )

    def _said(self, row: Mapping[str, Any], *, strange: bool) -> Said:
        if row["reason"]:
            return Said(row["words"], "not measured", "", None, doubt=row["reason"])
        if strange:
            return Said(row["words"], _shown(row), "compared with nobody: all controls are of another kind", None)
        among = self.controls.get(row["measure"], np.array([]))
        if len(among) < LEAST_CONTROLS:
            return Said(row["words"], _shown(row), "there are too few controls to compare with", None)
        below = float((among < row["deviation"]).mean())
        place = f"larger than {100 * below:.0f} % of {len(among)} photographs of controls"
        return Said(row["words"], _shown(row), place, below > STANDS_OUT)


def _normed(row: Mapping[str, Any], norms: Norms) -> dict[str, Any]:
    norm = norm_of(norms.rows, row["measure"], None, None)
    return {"bar": None if norm is None or row["value"] is None else bar(row, norm)}


def annotated(face: Shown) -> bytes:
    """The levelled face with its points, outlines and midline, as JPEG."""
    picture = face.face.copy()
    middle = round(face.midline_x)
    cv2.line(picture, (middle, 0), (middle, len(picture) - 1), LINE, 1, cv2.LINE_AA)
    for outline in face.outlines:
        cv2.polylines(picture, [np.rint(outline).astype(np.int32)], False, LINE, 1, cv2.LINE_AA)
    for x, y in face.points.values():
        cv2.circle(picture, (round(x), round(y)), 3, DOT, -1, cv2.LINE_AA)
    return jpeg(picture)


def _shown(row: Mapping[str, Any]) -> str:
    """A value with its unit, side and interval, or why there is none."""
    if row["reason"]:
        return str(row["reason"])
    digits = DIGITS[row["unit"]]
    unit = {"": "", "interocular": " eye distances", "%": " %"}.get(row["unit"], f" {row['unit']}")
    side = f", {row['side']}" if row["side"] else ""
    span = "" if row["low"] is None else f" ({row['low']:.{digits}f} to {row['high']:.{digits}f})"
    return f"{row['value']:.{digits}f}{unit}{side}{span}"


def open_reader(root: Path) -> AnthropometryReader | str:
    """What the anthropometry stages left under a project's folder, or why there is nothing to read with."""
    made = read_anthropometry(root / "data" / NAME)
    if made.missing:
        return made.missing
    if made.measures.empty:
        return "there are no measures; run `dvc repro`"
    numbers = root / "params.yaml"
    listed = tables.read(root / "data/ingest/images", IMAGES, ["image_id", "notice"]).to_pylist()
    learned = adjustment.of_project(root)
    controls = made.measures[(made.measures["population"] == "control") & made.measures["deviation"].notna()]
    return AnthropometryReader(
        params.load(AnthropometryPoints, "anthropometry_points", numbers),
        params.load(AnthropometryMeasure, "anthropometry_measure", numbers),
        {str(name): own["deviation"].to_numpy(float) for name, own in controls.groupby("measure")},
        made.norms,
        {row["image_id"]: row["notice"] for row in listed},
        learned,
        (*NOTICES, *adjusted([one.kind for one in learned if one.used])),
    )
