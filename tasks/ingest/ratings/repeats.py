"""Photographs that a rater rated twice without knowing: both answers, a line for each.

In: the folder of repeats, pairs of answers. Out: rows by photograph, rater and scale. Lines lie as CSV beside the
batches, so that a withdrawal finds a person's; the later line of a pair counts. Knows no page and no statistics.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from tasks.base import lines
from tasks.errors import InputError
from tasks.ingest.tables.spelling import Spellings
from tasks.schemas.columns import ROLES

FILE = "repeats.csv"
COLUMNS = ("at", "rater_id", "rater_role", "scale", "image_id", "first", "again")
BY = "the rating page"


class Repeat(NamedTuple):
    """A photograph's two answers by one rater on one scale, and when they were handed in."""

    at: str
    rater: str
    role: str
    scale: str
    image_id: str
    first: int
    again: int


def keep(folder: Path, repeats: Iterable[Repeat]) -> None:
    """Append the lines; when this returns they are on the disk."""
    for one in repeats:
        lines.append(folder / FILE, COLUMNS, dict(zip(COLUMNS, one, strict=True)))


def read_repeats(folder: Path) -> list[dict[str, Any]]:
    """A row per photograph, rater and scale, in order. A rater goes under the first spelling, and has the last role.

    InputError names a damaged line.
    """
    names = Spellings()
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    roles: dict[str, str] = {}
    for where, cells in lines.read(folder / FILE, COLUMNS, by=BY):
        _, rater, role, scale, image_id, first, again = cells
        if not all(cells) or role not in ROLES or not _whole(first) or not _whole(again):
            raise InputError(f"{where}: not as {BY} wrote it; put it right, or delete the line")
        rater = names.of(rater)
        roles[rater] = role
        row = {"image_id": image_id, "rater_id": rater, "scale": scale, "first": float(first), "again": float(again)}
        found[image_id, rater, scale] = row
    return [found[about] | {"rater_role": roles[about[1]]} for about in sorted(found)]


def _whole(cell: str) -> bool:
    return cell.removeprefix("-").isdecimal()
