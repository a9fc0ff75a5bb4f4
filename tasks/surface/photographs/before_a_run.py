"""What can be said of sets of photographs before a run: what `vermilion check` tells of three dimensions.

In: rows of IMAGES and REFERENCES. Out: sentences. Opens no photograph.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

from tasks.base.words import counted, listed
from tasks.errors import InputError
from tasks.schemas.columns import AROUND
from tasks.surface.photographs.sets_of_visits import KNOWN, sets_of
from tasks.surface.points.names import POINTS
from tasks.surface.scale.ruler import as_text, ruler_of

Row = Mapping[str, Any]
SIZES = ("distance_mm", "ruler_mm")
TOLD = 5
"""So many visits and measures of one kind are named."""


class Foreseen(NamedTuple):
    """`facts`: what there is; `notes`: what should be put right or added."""

    facts: list[str]
    notes: list[str]


def foreseen(images: Sequence[Row], references: Sequence[Row], *, least: int) -> Foreseen:
    """What the sets hold and lack; `least`: photographs that a set needs (surface_cameras.least_views)."""
    sets = sets_of(images)
    alone = sum(row["view"] == AROUND and not row["visit"] for row in images)
    notes = [
        f"{counted(alone, 'photograph')} called around (images.csv, view) without a visit: they belong to no set"
    ] * bool(alone)
    if not sets:
        return Foreseen([], notes)
    photographs = sum(len(rows) for rows in sets.values())
    facts = [f"{counted(len(sets), 'visit')} from several sides, {counted(photographs, 'photograph')}"]
    few = [f"{_named(rows)} ({len(rows)})" for rows in sets.values() if len(rows) < least]
    if few:
        notes.append(
            f"a face in three dimensions needs {least} photographs of a visit; fewer: {listed(few, TOLD)} "
            "(docs/capture.md)"
        )
    return Foreseen(facts, [*notes, *_sizes(sets, references)])


def _sizes(sets: Mapping[str, Sequence[Row]], references: Sequence[Row]) -> Iterator[str]:
    """What the known distances and rulers are not fit for, and which visits have none."""
    of_image = {row["image_id"]: set_id for set_id, rows in sets.items() for row in rows}
    given = [row for row in references if str(row["measure"]).split(" ")[0] in SIZES]
    for wrong in dict.fromkeys(_wrong(str(row["measure"]), row["value"]) for row in given):
        if wrong:
            yield f"references: {wrong}"
    rulers: dict[str, list[str]] = {}
    known = set()
    for row in given:
        set_id, measure = of_image.get(row["image_id"]), str(row["measure"])
        if set_id is None or _wrong(measure, row["value"]):
            continue
        known.add(set_id)
        if text := as_text(row["image_id"], measure, row["value"]):
            rulers.setdefault(set_id, []).append(text)
    for set_id, texts in rulers.items():
        try:
            ruler_of(texts)
        except InputError as error:
            yield f"{_named(sets[set_id])}: {error}"
    if without := [_named(rows) for set_id, rows in sets.items() if set_id not in known]:
        yield (
            f"no known distance: {listed(without, TOLD)}. The irises say how long a millimetre is, and every length "
            "may be 16 % off; add distance_mm to references.csv (docs/surface.md)"
        )


def _wrong(measure: str, value: float) -> str | None:
    """Why a measure of references.csv gives no millimetres; None where it does."""
    if measure.startswith("ruler_mm"):
        fits = as_text("x", measure, value)
        return None if fits else f"{measure!r} is no ruler; ruler_mm x1 y1 x2 y2 expected"
    said = KNOWN.fullmatch(measure)
    if said is None:
        return f"{measure!r} is no distance; distance_mm and two points expected"
    for name in said.groups():
        if name not in POINTS:
            near = get_close_matches(name, POINTS, 1)
            return f"{measure!r}: there is no point {name}" + (f"; did you mean {near[0]}?" if near else "")
    if said[1] == said[2] or not 1 <= value <= 500:
        return f"{measure!r}, {value:g}: two different points and 1 to 500 mm expected"
    return None


def _named(rows: Iterable[Row]) -> str:
    first = next(iter(rows))
    return f"{first['subject_id']}, {first['visit']}"
