"""Lenses that somebody calibrated: `cameras.csv` beside a visit's photographs, in COLMAP's own words.

In: a table with the columns `COLUMNS`, a line per camera. Out: by photograph its lens, in pixels of the size at which
it was calibrated, and then of the photograph itself. Opens no photograph.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from tasks.base.escaping import said
from tasks.errors import InputError
from tasks.ingest.tables.cells import NotMeant, number
from tasks.ingest.tables.file_names import called_cameras, is_leftover, table_of, unreadable
from tasks.ingest.tables.raw_layout import Line, read_lines
from tasks.space.views import Camera
from tasks.surface.cameras.distortion import Bend, bent, straight

NAME = "cameras.csv"
COLUMNS = ("files", "model", "width", "height", "params")
"""Which photographs (a name, or a pattern such as `IMG_*`), COLMAP's model, pixels of the picture, its parameters."""
MODELS = {
    "SIMPLE_RADIAL": ("f", "cx", "cy", "k"),
    "OPENCV": ("fx", "fy", "cx", "cy", "k1", "k2", "p1", "p2"),
}
"""COLMAP's models that are read, and their parameters in COLMAP's order."""
FOCAL, MIDDLE = (0.3, 20.0), (0.3, 0.7)
"""Plausible: focal lengths over the longer side, the picture's middle over its sides."""
ALIKE = 0.005
"""By this share the sides of a photograph and of the calibrated picture may be scaled differently: rounding."""
ROUND = 0.5
"""px: a lens must be straightened and bent back to within this at the picture's edge, else it folds the picture."""


class Lens(NamedTuple):
    """A calibrated lens. Pixels are COLMAP's: the first one's centre is (.5, .5)."""

    model: str
    width: int
    height: int
    params: tuple[float, ...]  # of MODELS[model]

    @property
    def focal(self) -> tuple[float, float]:
        """Across and down, px."""
        return self.params[0], self.params[1 if self.model == "OPENCV" else 0]

    @property
    def middle(self) -> tuple[float, float]:
        """Across and down, px."""
        place = 2 if self.model == "OPENCV" else 1
        return self.params[place], self.params[place + 1]

    @property
    def bend(self) -> Bend:
        """Its distortion."""
        return Bend(*self.params[4:]) if self.model == "OPENCV" else Bend(self.params[3])

    def text(self) -> str:
        """As a cell keeps it."""
        return " ".join([self.model, str(self.width), str(self.height), *(repr(float(own)) for own in self.params)])


Told = float | Lens | None
"""What is told of a photograph's lens: px of its focal length by EXIF, all of it by a calibration, or nothing."""


LENS, REFUSED = "lens", "cannot be used:"
"""What cells of SURFACE_SETS begin with: a photograph's lens, or why a set's cameras.csv cannot be used."""


def cells_of(folder: Path, photographs: Mapping[str, str]) -> list[str]:
    """What a folder's cameras.csv says of photographs (by their names there: their image_id), for `lenses_in`."""
    try:
        found = read_calibration(folder, photographs)
    except InputError as error:
        return [f"{REFUSED} {error}"]
    return [f"{LENS} {photographs[name]} {lens.text()}" for name, lens in found.items()]


def lenses_in(cells: Iterable[str]) -> dict[str, Lens]:
    """The lens of every photograph (image_id) that cells tell. InputError: the file could not be used."""
    found = {}
    for cell in cells:
        if cell.startswith(f"{REFUSED} "):
            raise InputError(cell.removeprefix(f"{REFUSED} "))
        if cell.startswith(f"{LENS} "):
            _, name, model, width, height, *params = cell.split()
            found[name] = Lens(model, int(width), int(height), tuple(float(own) for own in params))
    return found


def read_calibration(folder: Path, photographs: Iterable[str]) -> dict[str, Lens]:
    """The lens of every photograph (by its name in the folder) that a cameras.csv speaks of.

    A photograph in a folder below has its lens by the cameras.csv beside it or, without one, by that of `folder`. None
    without such a file. One nearly named so counts, as tables of the house do (tasks.ingest.tables.file_names).
    InputError names the line and what is wrong.
    """
    names = sorted(photographs)
    found = _read(folder, folder, names)
    for place in sorted({PurePosixPath(name).parent for name in names} - {PurePosixPath()}):
        beside = [PurePosixPath(name).name for name in names if PurePosixPath(name).parent == place]
        found |= {(place / name).as_posix(): lens for name, lens in _read(folder / place, folder, beside).items()}
    return found


def _read(folder: Path, root: Path, names: list[str]) -> dict[str, Lens]:
    """What one folder's cameras.csv says of photographs; `root`: the folder that the user knows."""
    path = _table(folder)
    found: dict[str, Lens] = {}
    by: dict[str, int] = {}
    if path is None:
        return {}
    called = path.relative_to(root).as_posix()
    lines = list(read_lines(path, required=COLUMNS, optional=()))
    if not lines:
        raise InputError(f"{called}: a header and no line below it; write one per camera, or take the file away")
    for line in lines:
        where = f"{called}, line {line.number}"
        lens = _lens(line, where)
        for name in _meant(line.cells["files"], names, path, where):
            if name in found:
                raise InputError(f"{where}: {name} has its lens by line {by[name]} already; one line per photograph")
            found[name], by[name] = lens, line.number
    return found


def of_photograph(name: str, lens: Lens, width: int, height: int) -> Lens:
    """The lens in pixels of a photograph of that size. InputError where the picture has another shape."""
    across, down = width / lens.width, height / lens.height
    if abs(across / down - 1) > ALIKE:
        turned = abs(width * lens.width / (height * lens.height) - 1) <= ALIKE
        raise InputError(
            f"{name}: {width} x {height} px, but {NAME} has its lens for {lens.width} x {lens.height}"
            + ("; a camera held upright needs a line of its own, calibrated so" * turned)
        )
    scales = {"f": (across + down) / 2, "fx": across, "cx": across, "fy": down, "cy": down}
    params = tuple(own * scales.get(word, 1.0) for word, own in zip(MODELS[lens.model], lens.params, strict=True))
    return Lens(lens.model, width, height, params)


def told_of(
    sizes: Mapping[str, tuple[int, int]],  # px by photograph, upright
    focals: Mapping[str, float | None],  # by EXIF
    lenses: Mapping[str, Lens],
) -> dict[str, Told]:
    """What is known of every photograph's lens: a calibration goes before EXIF."""
    return {
        name: of_photograph(name, lenses[name], *size) if name in lenses else focals[name]
        for name, size in sizes.items()
    }


def told_in(photographs: Sequence[Mapping[str, Any]]) -> dict[str, Told]:
    """The same, of rows of SURFACE_SETS of one set."""
    lenses = lenses_in(photographs[0]["known"] if photographs else ())
    sizes = {row["photograph"]: (row["width"], row["height"]) for row in photographs}
    return told_of(sizes, {row["photograph"]: row["focal_px"] for row in photographs}, lenses)


def words(told: Told, *, held: bool, doubt: tuple[float, float, float] | None = None) -> str:
    """Where a photograph's lens comes from; `doubt`: focal lengths given and fitted, px; times the error it leaves."""
    if isinstance(told, Lens):
        said = f"calibrated, {'held' if held else 'refined'}"
        if doubt is None:
            return said
        given, fitted, times = doubt
        return f"{said}{BUT}{fitted:.0f} px fits the photographs {times:.1f} times better than its {given:.0f} px"
    return "found, without EXIF" if told is None else "found, from EXIF's focal length on"


BUT = ", but a focal length of "


def doubts_in(lenses: Iterable[str | None]) -> list[str]:
    """What readers must know of lenses that the photographs do not bear out, of their `words`."""
    doubted = sorted({said for said in lenses if said and BUT in said})
    return [
        f"Lens {said}: is {NAME} of this camera, at this zoom, and of pictures that were not cut? Shape and lengths "
        "may be wrong; without the file the lens is found from the photographs."
        for said in doubted
    ]


def _table(folder: Path) -> Path | None:
    """The folder's table of lenses. InputError where two could be it, or it is no file."""
    path = table_of(folder, NAME.removesuffix(".csv"), COLUMNS)
    if path is None and folder.is_dir():
        files = [file for file in folder.iterdir() if called_cameras(file.name)]
        path = min(files, default=None)
    if path is not None and (why := unreadable(path)):
        raise InputError(f"{path.name}: {why}")
    return path


def _meant(pattern: str, names: list[str], table: Path, where: str) -> list[str]:
    """The photographs that a cell means: the one of that name, else those that fit it as a pattern."""
    if pattern in names:
        return [pattern]
    meant = [name for name in names if fnmatchcase(name, pattern)]
    if meant:
        return meant
    others = (file.name for file in table.parent.iterdir() if file != table)
    if any(fnmatchcase(name, pattern) and not is_leftover(PurePosixPath(name)) for name in others):
        return []  # photographs of another visit in the same folder
    near = get_close_matches(pattern, names, 1)
    raise InputError(
        f"{where}: there is no photograph {said(pattern)!r}" + (f"; did you mean {near[0]}?" if near else "")
    )


def _lens(line: Line, where: str) -> Lens:
    model = line.cells["model"].strip().upper()
    if model not in MODELS:
        raise InputError(f"{where}: there is no model {said(line.cells['model'])!r}; there are {', '.join(MODELS)}")
    width, height = (_number(line, side, where) for side in ("width", "height"))
    if min(width, height) < 1 or width % 1 or height % 1:
        raise InputError(f"{where}: {width:g} x {height:g} px; whole numbers above 0 expected")
    given = line.cells["params"].replace(";", " ").replace(",", " ").split()
    names = MODELS[model]
    if len(given) != len(names):
        raise InputError(f"{where}: {len(given)} params; {model} has {len(names)}: {' '.join(names)}")
    params = tuple(_param(cell, word, where) for word, cell in zip(names, given, strict=True))
    lens = Lens(model, int(width), int(height), params)
    _check(lens, where)
    return lens


def _check(lens: Lens, where: str) -> None:
    """InputError where no lens for photographs has such numbers."""
    longer = max(lens.width, lens.height)
    for focal in lens.focal:
        if not FOCAL[0] < focal / longer < FOCAL[1]:
            raise InputError(
                f"{where}: a focal length of {focal:g} px in a picture of {lens.width} x {lens.height}; it is given in "
                f"pixels, {FOCAL[0] * longer:.0f} to {FOCAL[1] * longer:.0f} expected"
            )
    for middle, size, word in zip(lens.middle, (lens.width, lens.height), ("cx", "cy"), strict=True):
        if not MIDDLE[0] < middle / size < MIDDLE[1]:
            raise InputError(f"{where}: {word} {middle:g} px is not near the middle of {size} px")
    edge = np.array([[across * lens.width, down * lens.height] for across in (0, 0.5, 1) for down in (0, 0.5, 1)])
    camera = pinhole(lens, np.eye(3), np.zeros(3))
    back = bent(straight(edge, camera, lens.bend), camera, lens.bend)
    if not np.all(np.abs(back - edge) < ROUND):
        raise InputError(f"{where}: this distortion folds the picture at its edge; the numbers belong to another model")


def pinhole(lens: Lens, rotation: np.ndarray, translation: np.ndarray) -> Camera:
    """The camera of this lens without its distortion, in this house's pixels."""
    (fx, fy), (cx, cy) = lens.focal, lens.middle
    matrix = np.array([[fx, 0, cx - 0.5], [0, fy, cy - 0.5], [0, 0, 1]])
    return Camera(matrix, rotation, translation, lens.width, lens.height)


def _param(cell: str, word: str, where: str) -> float:
    """A parameter as COLMAP writes it, such as -1.2e-05."""
    try:
        found = float(cell)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise InputError(f"{where}: {word} {said(cell)!r} is not a number")
    return found


def _number(line: Line, column: str, where: str) -> float:
    try:
        return number(line.cells[column], decimal_comma=line.decimal_comma)
    except NotMeant as error:
        raise InputError(f"{where}: {column} {error}") from error
