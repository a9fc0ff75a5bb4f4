"""What lies in the data folders, counted without decoding a picture: what can be known before anything is computed.

In: the raw folder and the batches added to it. Out: persons and files by population and kind, ratings by scale, the
lines that name nothing, and photographs that stand under two persons. Decides nothing about faces: a picture that is
counted here may be refused later.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tasks.base.digests import file_digest
from tasks.ingest.inventory import OPTIONAL, REQUIRED, Refused, files_named, meant
from tasks.ingest.naming import Finder
from tasks.ingest.ratings import RATING_COLUMNS
from tasks.ingest.raw import Folder, read_lines
from tasks.ingest.spelling import key

PIECE = 65_536
"""Bytes of a file that are compared before all of it is."""
Group = tuple[str, str]
"""A population and a kind, `still` or `clip`."""


@dataclass(frozen=True)
class Counts:
    """`files` and `persons` by group; `ratings` by scale; `refused`: lines of images.csv that cannot be used."""

    files: dict[Group, int] = field(default_factory=dict)
    persons: dict[Group, set[str]] = field(default_factory=dict)
    ratings: dict[str, int] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    owners: dict[Path, dict[str, str]] = field(default_factory=dict)  # by file: persons, and the line that says so


def count(folders: Sequence[Folder], *, still_suffixes: Sequence[str], clip_suffixes: Sequence[str]) -> Counts:
    """What the tables of the folders name. RawLayoutError where a table cannot be used as a whole."""
    found = Counts(defaultdict(int), defaultdict(set), defaultdict(int), [])
    for folder in folders:
        if (table := folder.table("images", REQUIRED)) is not None:
            finder = Finder(folder.path)
            for line in read_lines(table, required=REQUIRED, optional=OPTIONAL, prefix=folder.prefix):
                try:
                    cells = meant(line).cells
                    files = files_named(finder, cells["path"], (*still_suffixes, *clip_suffixes))
                except Refused as reason:
                    found.refused.append(f"{line.source}: line {line.number}: {reason}")
                    continue
                _add(found, cells, files, clip_suffixes, f"{line.source}: line {line.number}")
        if (table := folder.table("ratings", RATING_COLUMNS)) is not None:
            for line in read_lines(table, required=RATING_COLUMNS, optional=(), prefix=folder.prefix):
                found.ratings[line.cells["scale"]] += 1
    found.refused[:0] = shared(found.owners)
    return found


def _add(found: Counts, cells: dict[str, str], files: Sequence[Path], clip_suffixes: Sequence[str], line: str) -> None:
    for file in files:
        group = cells["population"], "clip" if file.suffix.lower() in clip_suffixes else "still"
        subject = cells["subject_id"].replace("{folder}", file.parent.name).replace("{stem}", file.stem)
        found.files[group] += 1
        found.persons[group].add(key(subject))
        found.owners.setdefault(file, {}).setdefault(key(subject), f"{line} ({subject})")


def shared(owners: Mapping[Path, Mapping[str, str]]) -> Iterator[str]:
    """Photographs that stand under two persons: the same bytes, in one file or in several.

    Files of other sizes are other photographs. Of equal ones a piece is compared first, and all of it only where those
    pieces are equal.
    """
    alike: list[list[Path]] = [list(owners)]
    for look in (_size, _piece, _whole):
        alike = [group for several in alike for group in _groups(several, look, owners)]
    for group in alike:
        lines = " and ".join(dict.fromkeys(line for file in group for line in owners[file].values()))
        names = ", ".join(file.name for file in group)
        yield f"{names}: one photograph of {len(_persons(group, owners))} persons, {lines}; keep one of them"


def _groups(
    files: Sequence[Path], look: Callable[[Path], object], owners: Mapping[Path, Mapping[str, str]]
) -> Iterator[list[Path]]:
    """Files that look alike and are of several persons."""
    found: dict[object, list[Path]] = defaultdict(list)
    for file in files:
        with suppress(OSError):  # ingest says so
            if seen := look(file):  # an empty file is nobody's photograph
                found[seen].append(file)
    return (group for group in found.values() if len(_persons(group, owners)) > 1)


def _persons(files: Sequence[Path], owners: Mapping[Path, Mapping[str, str]]) -> set[str]:
    return {person for file in files for person in owners[file]}


def _size(file: Path) -> int:
    return file.stat().st_size


def _piece(file: Path) -> bytes:
    """From the middle: heads of files of one camera are alike."""
    with file.open("rb") as opened:
        opened.seek(max(0, _size(file) // 2 - PIECE // 2))
        return opened.read(PIECE)


def _whole(file: Path) -> str:
    return file_digest(file)
