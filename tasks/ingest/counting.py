"""What lies in the data folders, counted without opening a picture: what can be known before anything is computed.

In: the raw folder and the batches added to it. Out: persons and files by population and kind, ratings by scale, and
the lines that name nothing. Decides nothing about faces: a picture that is counted here may be refused later.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tasks.ingest.inventory import OPTIONAL, REQUIRED, Refused, files_named, meant
from tasks.ingest.naming import Finder
from tasks.ingest.ratings import RATING_COLUMNS
from tasks.ingest.raw import Folder, read_lines
from tasks.ingest.spelling import key

Group = tuple[str, str]
"""A population and a kind, `still` or `clip`."""


@dataclass(frozen=True)
class Counts:
    """`files` and `persons` by group; `ratings` by scale; `refused`: lines of images.csv that cannot be used."""

    files: dict[Group, int] = field(default_factory=dict)
    persons: dict[Group, set[str]] = field(default_factory=dict)
    ratings: dict[str, int] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)


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
                _add(found, cells, files, clip_suffixes)
        if (table := folder.table("ratings", RATING_COLUMNS)) is not None:
            for line in read_lines(table, required=RATING_COLUMNS, optional=(), prefix=folder.prefix):
                found.ratings[line.cells["scale"]] += 1
    return found


def _add(found: Counts, cells: dict[str, str], files: Sequence[Path], clip_suffixes: Sequence[str]) -> None:
    for file in files:
        group = cells["population"], "clip" if file.suffix.lower() in clip_suffixes else "still"
        subject = cells["subject_id"].replace("{folder}", file.parent.name).replace("{stem}", file.stem)
        found.files[group] += 1
        found.persons[group].add(key(subject))
