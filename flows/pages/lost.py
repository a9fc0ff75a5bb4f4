"""Corrections whose photograph is gone or refused by now: what `vermilion check` tells of them.

In: the project's folder. Out: findings. Opens no picture.
"""

from collections.abc import Collection
from pathlib import Path

from flows.pages.record import CORRECTIONS, POINTS_AT, STILLS
from flows.running.readiness import Finding
from tasks.anthropometry.from_people.corrections import kept
from tasks.base import tables
from tasks.base.words import counted
from tasks.errors import InputError
from tasks.schemas.anthropometry import ANTHROPOMETRY_POINTS
from tasks.schemas.ingest import IMAGES
from tasks.surface.review_corrections import SHEET


def corrected(root: Path) -> list[Finding]:
    """Photographs in which people corrected points, and that the last run did not measure: gone, or refused."""
    points = root / POINTS_AT
    try:
        said = set(kept(root / CORRECTIONS)["image_id"].to_pylist())
        in_space = {one.image_id for one in SHEET.said_in(root / CORRECTIONS)}
    except InputError as error:
        return [Finding("error", "corrections", str(error))]
    return [*_flat(points, said), *_in_space(root / STILLS, in_space)]


def _in_space(stills: Path, said: Collection[str]) -> list[Finding]:
    """Visits in three dimensions whose points hang on a photograph that is gone."""
    if not said or not stills.exists():
        return []
    lost = len(set(said) - set(tables.read(stills, IMAGES, ["image_id"])["image_id"].to_pylist()))
    if not lost:
        return []
    told = f"points in three dimensions hang on {counted(lost, 'photograph')} now gone"
    return [Finding("warning", "corrections", f"{told}; the lines stay in data/corrections/{SHEET.file}")]


def _flat(points: Path, said: set[str]) -> list[Finding]:
    if not said or not points.exists():
        return []
    rows = tables.read(points, ANTHROPOMETRY_POINTS, ["image_id", "reason"]).to_pylist()
    here, refused = ({row["image_id"] for row in rows if bool(row["reason"]) is own} for own in (False, True))
    gone = "gone; the lines stay in data/corrections, and count again if it comes back"
    out = "refused, so the corrections have no effect; the report says why"
    told = {gone: len(said - here - refused), out: len(said & refused)}
    return [
        Finding("warning", "corrections", f"points were corrected in {counted(number, 'photograph')} now {words}")
        for words, number in told.items()
        if number
    ]
