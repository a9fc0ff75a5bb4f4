"""Which photographs make a set: those of one person's visit, where one of them was taken around the head.

In: rows of IMAGES and SURFACE_VIEWS, and what is known of photographs by other means. Out: SURFACE_SETS, and which
photographs show a face that a set shows too. Opens no photograph, but
reads the cameras.csv beside them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from tasks.schemas.columns import AROUND
from tasks.schemas.surface import SURFACE_SETS, SURFACE_VISITS
from tasks.surface.cameras.calibration import cells_of
from tasks.surface.scale.ruler import as_text

KNOWN = re.compile(r"distance_mm (\w+) (\w+)")
"""How references.csv names a distance between two points that somebody measured, in millimetres."""

Row = Mapping[str, Any]


def sets_of(images: Iterable[Row]) -> dict[str, list[Row]]:
    """The rows of IMAGES that make a set, in order of image_id, by the set's id (the least image_id among them)."""
    visits: dict[tuple[str, str], list[Row]] = {}
    for row in images:
        if row["kind"] == "still" and row["visit"]:
            visits.setdefault((row["subject_id"], row["visit"]), []).append(row)
    found = {}
    for rows in visits.values():
        if any(row["view"] == AROUND for row in rows):
            ordered = sorted(rows, key=lambda row: str(row["image_id"]))
            found[ordered[0]["image_id"]] = ordered
    return dict(sorted(found.items()))


def members(images: Iterable[Row]) -> frozenset[str]:
    """The photographs that belong to a set."""
    return frozenset(row["image_id"] for rows in sets_of(images).values() for row in rows)


def joined(images: Iterable[Row], views: Iterable[Row], references: Iterable[Row]) -> pa.Table:
    """SURFACE_SETS: what was found in every photograph, set by set, with the distances and lenses that are known."""
    seen = {row["image_id"]: row for row in views}
    known = _known(references)
    return SURFACE_SETS.table(
        row
        for set_id, rows in sets_of(images).items()
        for row in _set(
            set_id,
            rows,
            seen,
            sorted({text for own in rows for text in known.get(own["image_id"], ())} | set(_lenses(rows))),
        )
    )


def _lenses(rows: Iterable[Row]) -> Iterator[str]:
    """What the cameras.csv in the photographs' own folders say of them."""
    folders: dict[Path, dict[str, str]] = {}
    for row in rows:
        path = Path(row["path"])
        folders.setdefault(path.parent, {})[path.name] = row["image_id"]
    for folder, photographs in folders.items():
        yield from cells_of(folder, photographs)


def _set(set_id: str, rows: Iterable[Row], seen: Mapping[str, Row], known: list[str]) -> Iterator[dict[str, Any]]:
    for row in rows:
        who = {name: row[name] for name in ("path", "subject_id", "population", "visit")}
        yield {**seen[row["image_id"]], **who, "image_id": set_id, "photograph": row["image_id"], "known": known}


def _known(references: Iterable[Row]) -> dict[str, list[str]]:
    """By photograph: two points and millimetres, or a ruler's ends in it and millimetres, as text."""
    found: dict[str, list[str]] = {}
    for row in references:
        if said := KNOWN.fullmatch(str(row["measure"])):
            found.setdefault(row["image_id"], []).append(f"{said[1]} {said[2]} {row['value']:g}")
        elif text := as_text(row["image_id"], str(row["measure"]), row["value"]):
            found.setdefault(row["image_id"], []).append(text)
    return found


def visits_of(images: Iterable[Row]) -> pa.Table:
    """SURFACE_VISITS."""
    return SURFACE_VISITS.table(
        {"image_id": row["image_id"], "subject_id": row["subject_id"], "set_id": set_id}
        for set_id, rows in sets_of(images).items()
        for row in rows
    )
