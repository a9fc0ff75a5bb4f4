"""The chapter of three dimensions: what its stages wrote, compared, summed up and shown."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from tasks.base import absence, tables
from tasks.evaluation.study import Study
from tasks.evaluation.surface import compare as compared
from tasks.evaluation.surface.compare import METHODS, evaluate_surfaces, method_scores
from tasks.evaluation.surface.read import Surfaces, read_surfaces
from tasks.evaluation.surface.words import findings, tiles
from tasks.evaluation.system import Compared, Need, Shown
from tasks.pages.chapter import Chapter
from tasks.pages.environment import Picture
from tasks.schemas.surface import SURFACE_FACES

NAME = "surface"
TITLE = "Three dimensions: the face from all sides"
LEDE = "Photographs of one visit from several sides become a surface in millimetres, held against its mirror image."
SOURCE = "Offline AI solutions for cosmetic facial analysis, Solution 2"
NAMES = METHODS
PHOTOGRAPH = None
"""One photograph is measured in two dimensions."""
NEEDS: tuple[Need, ...] = ()


def read(folder: Path) -> Surfaces:
    """What its stages wrote."""
    return read_surfaces(folder)


def scores(made: Surfaces, numbers: Path) -> pd.DataFrame:
    """Its methods in the comparison: how far the visit's face lies from its mirror image."""
    return method_scores(made)


def taught(made: Surfaces) -> set[str]:
    """No photograph: nothing is learned."""
    return set()


def compare(made: Surfaces, study: Study, numbers: Path) -> Compared:
    """Its record for metrics.json; it grades nobody."""
    return Compared({"reason": made.missing} if made.missing else evaluate_surfaces(made, study), {})


def headline(record: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The few numbers that people compare between runs."""
    return compared.headline(record)


def show(made: Surfaces, record: Mapping[str, Any], shown: Shown) -> Chapter:
    """The chapter as the report has it."""
    empty = Chapter(NAME, TITLE, LEDE, SOURCE, reason=record["reason"])
    if record["reason"]:
        return empty
    agreement = {
        target: found
        for target, found in record["agreement"].items()
        if any(one["spearman"]["value"] is not None for one in found.values())
    }
    return replace(
        empty,
        tiles=tiles(record),
        findings=findings(record),
        pictures={"faces": _faces(shown.folder / "faces", count=shown.settings.gallery)},
        columns=NAMES,
        names={**shown.study.names},
        template="evaluation/surface/section.html.j2",
        context={
            "own": record,
            "refused": made.surfaces["reason"].dropna().value_counts().to_dict(),
            "shown_agreement": agreement,
            "beyond": made.findings.sort_values(["subject_id", "visit"], kind="stable").to_dict("records"),
            "norms": made.norms.said,
        },
    )


def _faces(folder: Path, *, count: int) -> list[Picture]:
    """Two pictures of each of the first faces: as photographed, and its asymmetry."""
    if not folder.exists() or absence.reason_of(folder):
        return []
    columns = ["image_id", "population", "front", "map", "reason"]
    rows = [row for row in tables.read(folder, SURFACE_FACES, columns).to_pylist() if row["reason"] is None][:count]
    return [
        Picture(row[name], f"{row['population'].capitalize()}: {words}.", f"a face from the front, {words}")
        for row in rows
        for name, words in (("front", "as its photographs show it"), ("map", "where it is uneven"))
        if row[name]
    ]
