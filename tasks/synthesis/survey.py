"""A survey of realism and plausibility: generated pictures and photographs mixed, so that raters do not know which.

In: generated pictures, photographs, how many of each. Out: a folder of numbered PNGs without metadata, a sheet to fill
in, and a key that raters must not see; and, from filled sheets, lines for ratings.csv (docs/raw-layout.md).
Rosero et al. 2025, DiffusionCleft, sections 4.3.4 and 5.3: 50 generated pictures and 10 photographs, half of each
before and half after repair; realism and anatomical plausibility from 1 to 5. Knows nothing of statistics.
"""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from tasks.base import images, runtime, tables
from tasks.errors import InputError
from tasks.ingest.tables.cells import NotMeant, number
from tasks.ingest.tables.file_names import Names
from tasks.ingest.tables.raw_layout import Line, read_lines
from tasks.ingest.tables.sheets import RawLayoutError
from tasks.schemas.synthesis import CONDITIONS

SHEET, KEY = "sheet.csv", "key.csv"
KEY_COLUMNS = ("picture", "path")
QUESTIONS = ("realism", "plausibility")
SHEET_COLUMNS = ("picture", *QUESTIONS)
RATING_COLUMNS = ("path", "rater_id", "rater_role", "scale", "score")


class SurveyError(InputError):
    """A survey cannot be made or read; the message names the file, the line and what is accepted."""


@dataclass(frozen=True)
class Candidate:
    """A picture that may be shown: how ratings.csv names it, its condition, and how to get its pixels."""

    path: str
    condition: str
    pixels: Callable[[], np.ndarray]  # (H, W, 3) uint8 RGB


def choose(candidates: Sequence[Candidate], count: int, *, seed: int, what: str) -> list[Candidate]:
    """`count` of them, half of each condition, by `seed` and their names alone. SurveyError: there are too few."""
    chosen: list[Candidate] = []
    for place, condition in enumerate(CONDITIONS):
        wanted = (count + 1 - place) // 2
        own = [candidate for candidate in candidates if candidate.condition == condition]
        own.sort(key=lambda candidate: runtime.seed_of(seed, "survey", candidate.path))
        if len(own) < wanted:
            raise SurveyError(f"{what}, condition {condition}: {len(own)} pictures, {wanted} are asked for")
        chosen += own[:wanted]
    return chosen


def write_survey(out: Path, chosen: Iterable[Candidate], *, side: int, seed: int) -> int:
    """Write the folder: pictures in random order, all of one size, the sheet, the key; how many.

    `side`: every picture is cut to its central square and brought to this many pixels, so that size tells nothing.
    SurveyError: the folder holds a survey already, whose key would be lost.
    """
    if (out / KEY).exists():
        raise SurveyError(f"{out / KEY}: there is a survey in this folder; name an empty one")
    order = sorted(chosen, key=lambda candidate: runtime.seed_of(seed, "order", candidate.path))
    names = [f"{number:03d}.png" for number in range(1, len(order) + 1)]
    for name, candidate in zip(names, order, strict=True):
        with tables.replacing(out / "pictures" / name) as temporary:
            temporary.write_bytes(images.encode_png(_square(candidate.pixels(), side)))
    _write_csv(out / SHEET, SHEET_COLUMNS, [(name, "", "") for name in names])
    _write_csv(out / KEY, KEY_COLUMNS, [(name, one.path) for name, one in zip(names, order, strict=True)])
    return len(order)


def _square(picture: np.ndarray, side: int) -> np.ndarray:
    height, width = picture.shape[:2]
    short = min(height, width)
    top, left = (height - short) // 2, (width - short) // 2
    square = picture[top : top + short, left : left + short]
    how = cv2.INTER_AREA if short > side else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(square, (side, side), interpolation=how), np.uint8)


def read_sheet(survey: Path, sheet: Path, *, rater_id: str, role: str) -> list[tuple[str, ...]]:
    """A filled sheet as lines of ratings.csv (RATING_COLUMNS); empty cells are ratings that were not given.

    SurveyError names file and line: a picture that the key does not have, a picture twice, a score that is no whole
    number from 1 to 5, no rating at all.
    """
    known = Names({line.cells["picture"]: line.cells["path"] for line in _read(survey / KEY, KEY_COLUMNS)})
    rows: list[tuple[str, ...]] = []
    seen: set[str] = set()
    for line in _read(sheet, SHEET_COLUMNS):
        where, name = f"{sheet}, line {line.number}", line.cells["picture"]
        path = known.exactly(name) or known.nearly(name)
        if path is None:
            raise SurveyError(
                f"{where}: picture {name!r} is not one of this survey ({survey / KEY}); "
                "if it was withdrawn since, delete this line"
            )
        if path in seen:
            raise SurveyError(f"{where}: picture {name} stands twice")
        seen.add(path)
        for question in QUESTIONS:
            if line.cells[question]:
                rows.append((path, rater_id, role, question, _score(line, question, where)))
    if not rows:
        raise SurveyError(f"{sheet}: no rating in it")
    return rows


def _score(line: Line, question: str, where: str) -> str:
    """A whole number from 1 to 5, also where a spreadsheet wrote 3.0."""
    written = line.cells[question]
    told = f"{where}: {question} {written!r}; accepted: 1, 2, 3, 4, 5 or empty"
    try:
        score = number(written, decimal_comma=line.decimal_comma)
    except NotMeant as error:
        raise SurveyError(told) from error
    if score not in (1, 2, 3, 4, 5) or question in line.wrong:
        raise SurveyError(f"{told} {line.wrong.get(question, '')}".rstrip())
    return f"{score:.0f}"


def write_ratings(path: Path, rows: Iterable[tuple[str, ...]]) -> None:
    """The lines as a ratings.csv, whole or not at all."""
    _write_csv(path, RATING_COLUMNS, rows)


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[tuple[str, ...]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    with tables.replacing(path) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")


def _read(path: Path, columns: Sequence[str]) -> list[Line]:
    """The lines of a sheet or key; other columns are passed over."""
    try:
        return list(read_lines(path, required=columns, optional=None))
    except RawLayoutError as error:
        raise SurveyError(str(error)) from error
