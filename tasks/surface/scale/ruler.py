"""A ruler's two ends as somebody clicked them in photographs of a visit: what gives a face its millimetres.

In: a table with the columns `COLUMNS`, a line per photograph; or measures of references.csv. Out: a `Ruler`, and the
millimetres per unit that it gives. Opens no photograph.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tasks.errors import InputError
from tasks.ingest.tables.cells import NotMeant, number
from tasks.ingest.tables.raw_layout import Line, read_lines
from tasks.params.surface import SurfaceScale
from tasks.space.views import Camera
from tasks.surface.cameras.distortion import Bend, straight
from tasks.surface.scale import millimetres
from tasks.surface.scale.swapped_ends import check_ends

COLUMNS = ("file", "x1", "y1", "x2", "y2", "mm")
"""The photograph, both ends in its pixels (the first pixel's centre is 0, 0), and the distance between them."""
REFERENCE = re.compile(r"ruler_mm" + 4 * r" (-?[0-9]{1,6}(?:\.[0-9]+)?)")
"""How references.csv names a ruler in a photograph: `ruler_mm x1 y1 x2 y2`; its value is the millimetres."""
LEAST, SHORTEST, LONGEST = 2, 1.0, 1000.0
"""Photographs, and millimetres."""

Pixel = tuple[float, float]


class Ruler(NamedTuple):
    """Both ends, px by photograph, and the distance between them."""

    first: Mapping[str, Pixel]
    second: Mapping[str, Pixel]
    mm: float


def read_ruler(path: Path, photographs: Collection[str]) -> Ruler:
    """The ruler of a table; `photographs`: the visit's. InputError names the line and what is wrong."""
    ends: dict[str, tuple[Pixel, Pixel, float]] = {}
    for line in read_lines(path, required=COLUMNS, optional=()):
        where = f"{path}, line {line.number}"
        file = line.cells["file"]
        if file not in photographs:
            near = get_close_matches(file, sorted(photographs), 1)
            raise InputError(
                f"{where}: there is no photograph {file!r}" + (f"; did you mean {near[0]}?" if near else "")
            )
        if file in ends:
            raise InputError(f"{where}: {file} stands there twice")
        x1, y1, x2, y2, mm = (_number(line, column, where) for column in COLUMNS[1:])
        ends[file] = (x1, y1), (x2, y2), mm
    return _ruler(ends, str(path))


def ruler_of(said: Iterable[str]) -> Ruler | None:
    """The ruler of cells of SURFACE_SETS (`as_text`); None: there is none. InputError: they do not fit together."""
    ends: dict[str, tuple[Pixel, Pixel, float]] = {}
    for text in said:
        word, photograph, *numbers = text.split()
        if word == "ruler":
            x1, y1, x2, y2, mm = (float(one) for one in numbers)
            ends[photograph] = (x1, y1), (x2, y2), mm
    return _ruler(ends, "ruler_mm in references.csv") if ends else None


def as_text(photograph: str, measure: str, mm: float) -> str | None:
    """A measure of references.csv as a cell of SURFACE_SETS; None where it is no ruler."""
    said = REFERENCE.fullmatch(measure)
    return None if said is None else f"ruler {photograph} {' '.join(said.groups())} {mm:g}"


def factor_of(
    ruler: Ruler, cameras: Mapping[str, Camera], bends: Mapping[str, Bend], *, settings: SurfaceScale
) -> millimetres.Factor:
    """Millimetres per unit of cameras (tasks.surface.cameras.solution). A photograph without one counts nothing.

    InputError: too few have one, an end lies outside its photograph, or they cannot say how long a millimetre is.
    """
    there = [name for name in ruler.first if name in cameras]
    if len(there) < LEAST:
        raise InputError(
            f"the ruler: {len(there)} of the {len(ruler.first)} photographs in which its ends were clicked found their "
            f"place; {LEAST} or more are needed"
        )
    ends = [{name: _straight(own[name], name, cameras, bends) for name in there} for own in (ruler.first, ruler.second)]
    try:
        check_ends(cameras, ends[0], ends[1], settings=settings)
        return millimetres.ruler(cameras, ends[0], ends[1], ruler.mm, settings=settings)
    except millimetres.ScaleError as error:
        raise InputError(f"the ruler: {error}") from error


def check_inside(ruler: Ruler, sizes: Mapping[str, tuple[int, int]]) -> None:
    """InputError where an end lies outside its photograph; `sizes`: px across and down of those that can be read."""
    for name in ruler.first:
        if name in sizes:
            for end in (ruler.first[name], ruler.second[name]):
                _inside(end, name, *sizes[name])


def _inside(pixel: Pixel, name: str, width: int, height: int) -> None:
    if not (-0.5 <= pixel[0] <= width and -0.5 <= pixel[1] <= height):
        size = f"{width} x {height}"
        raise InputError(f"the ruler: {pixel[0]:g}, {pixel[1]:g} lies outside {name}, which has {size} pixels")


def _straight(pixel: Pixel, name: str, cameras: Mapping[str, Camera], bends: Mapping[str, Bend]) -> Pixel:
    camera = cameras[name]
    _inside(pixel, name, camera.width, camera.height)
    x, y = straight(np.array([pixel]), camera, bends[name])[0]
    return float(x), float(y)


def _ruler(ends: Mapping[str, tuple[Pixel, Pixel, float]], where: str) -> Ruler:
    if len(ends) < LEAST:
        raise InputError(f"{where}: a ruler in {len(ends)} photograph; click its ends in {LEAST} or more")
    lengths = sorted({mm for _, _, mm in ends.values()})
    if len(lengths) > 1:
        raise InputError(f"{where}: {lengths[0]:g} and {lengths[1]:g} mm; all lines must be of the same two ends")
    if not SHORTEST <= lengths[0] <= LONGEST:
        raise InputError(f"{where}: {lengths[0]:g} mm between the ends; {SHORTEST:g} to {LONGEST:g} expected")
    if same := [name for name, (first, second, _) in ends.items() if first == second]:
        raise InputError(f"{where}: in {same[0]} both ends lie in one place")
    return Ruler({name: own[0] for name, own in ends.items()}, {name: own[1] for name, own in ends.items()}, lengths[0])


def _number(line: Line, column: str, where: str) -> float:
    try:
        if reason := line.wrong.get(column):
            raise InputError(f"{where}: {column} {line.cells[column]!r} is {reason}")
        return number(line.cells[column], decimal_comma=line.decimal_comma)
    except NotMeant as error:
        raise InputError(f"{where}: {column} {error}") from error
