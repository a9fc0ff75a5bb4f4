"""What a raw folder holds that no line is refused for, but that people should know: passed over, or alike.

In: the raw folder, and the tables made of it. Out: rows of the refusals table of the kinds `passed over` (files that no
line names, tables that are not read) and `asked` (names of subjects, visits or raters that look alike). Batches need
none of it but visits: the rest refuses a batch.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa

from tasks.base.escaping import visible
from tasks.base.words import counted
from tasks.ingest.images.groups import groups_file
from tasks.ingest.images.visits import same_visit, unclear
from tasks.ingest.raw_folders.table_kinds import FOUND_BY, unread_sheets
from tasks.ingest.tables.file_names import NOT_READ, called_cameras, looks_like_table, walk
from tasks.ingest.tables.raw_layout import Folder
from tasks.ingest.tables.spelling import Spellings, lookalikes

Remark = dict[str, Any]
"""A row of the refusals table that stands for no line of a table."""

SOURCE = "raw folder"

LENSES = (
    "read for photographs of its own folder that are called around (images.csv, view): it tells their lenses; of "
    "others it tells nothing"
)
"""What a cameras.csv is for."""
MEND = "Then write one name for both in the table; if not, nothing is to be done"
"""What to do about two names that look alike."""


def passed_over(
    folders: Sequence[Folder], images: pa.Table, refused: pa.Table, *, suffixes: Sequence[str]
) -> Iterator[Remark]:
    """The files of the raw folder (the first of `folders`) that no line names and no stage reads."""
    raw = folders[0]
    named = {name for row in images.select(["names"]).to_pylist() for name in row["names"]}
    named |= {row["path"] for row in refused.to_pylist()}
    read = {kind: table for kind, columns in FOUND_BY.items() if (table := raw.table(kind, columns))}
    named |= {table.name for table in (*read.values(), groups_file(raw.path)) if table}
    elsewhere = [_inside(folder.path, raw.path) for folder in folders[1:]]
    for table, sheet, reason in unread_sheets(read):
        yield _remark("passed over", f"{table.name}, sheet {sheet}", reason)
    for name in walk(raw.path):
        if name in named or name.startswith("~$") or any(place and name.startswith(place) for place in elsewhere):
            continue
        reason = "no line of images.csv names this file"
        if called_cameras(PurePosixPath(name).name):
            reason = LENSES
        elif looks_like_table(name):
            reason = NOT_READ
        elif not name.lower().endswith(tuple(suffixes)):
            reason = "neither a picture nor a clip nor a table that is read"
        yield _remark("passed over", visible(name), reason)


def _inside(path: Path, folder: Path) -> str:
    return f"{path.relative_to(folder).as_posix()}/" if path.is_relative_to(folder) else ""


def subjects_alike(images: pa.Table, batches: Sequence[Folder]) -> Iterator[Remark]:
    """Pairs of subjects of the raw folder whose names look alike, with all of their photographs.

    Those of batches were asked about when they came.
    """
    prefixes = tuple(folder.prefix for folder in batches)
    rows = images.select(["subject_id", "names"]).to_pylist()
    own = [row["subject_id"] for row in rows if not prefixes or not all(n.startswith(prefixes) for n in row["names"])]
    yield from _alike("subjects", own, Counter(row["subject_id"] for row in rows), "file")


def visits_alike(images: pa.Table) -> Iterator[Remark]:
    """Pairs of visits of one person whose names could mean one visit; days of which nobody can tell which they are.

    Of batches' photographs too.
    """
    yield from visits_asked((row["subject_id"], row["visit"]) for row in images.to_pylist())


def visits_asked(photographs: Iterable[tuple[str, str | None]]) -> Iterator[Remark]:
    """The same of photographs' subjects and visits."""
    named, subjects = dict[str, Counter[str]](), Spellings()
    for who, visit in photographs:
        if visit:
            named.setdefault(subjects.of(who), Counter())[visit] += 1
    for subject, count in sorted(named.items()):
        for one, other in combinations(sorted(count), 2):
            if same_visit(one, other):
                yield _asked(f"visits of {subject},", one, other, count, "file")
    every = sum(named.values(), Counter[str]())
    for name in sorted(filter(unclear, every)):
        reason = (
            f"visit {name} ({counted(every[name], 'file')}) is a day of which nobody can tell which one it is; it is "
        )
        yield _remark("asked", name, f"{reason}kept as a name. Write days as 2026-01-31")


def raters_alike(own: pa.Table, ratings: pa.Table) -> Iterator[Remark]:
    """Pairs of raters whose names look alike in `own`, the raw folder's ratings; with all that they rated."""
    yield from _alike("raters", own["rater_id"].to_pylist(), Counter(ratings["rater_id"].to_pylist()), "rating")


def _alike(what: str, names: Sequence[str], count: Mapping[str, int], of: str) -> Iterator[Remark]:
    for pair in lookalikes(sorted(set(names))):
        one, other = sorted(pair)
        yield _asked(what, one, other, count, of)


def _asked(what: str, one: str, other: str, count: Mapping[str, int], of: str) -> Remark:
    much = f"{counted(count[one], of)} and {counted(count[other], of)}"
    reason = f"{what} {one} and {other} look alike ({much}); one and the same? {MEND}"
    return _remark("asked", f"{one}, {other}", reason)


def _remark(kind: str, path: str, reason: str) -> Remark:
    return {"source": SOURCE, "line": 1, "path": path, "reason": reason, "kind": kind}
