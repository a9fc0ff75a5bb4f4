"""What is there: images.csv and the files it names, one row for each distinct content.

In: a raw folder (docs/raw-layout.md). Out: the images table and the refused lines. A path may name a file,
a folder (everything in it) or a pattern (`CFD/*/*-N.jpg`); subject_id may be `{folder}` or `{stem}`, so that
public data sets fit without code. Decides nothing about faces: an image that cannot be read is refused later,
where it is read.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from tasks.artifacts import file_digest
from tasks.ingest.raw import Line, RawLayoutError, read_lines, refusals_table
from tasks.schemas import IMAGES, POPULATIONS, SIDES

REQUIRED = ("path", "subject_id", "population")
OPTIONAL = ("cleft_side", "licence", "consent", "notice")


@dataclass(frozen=True)
class _Named:
    """A file that a line names."""

    line: Line
    path: str
    subject_id: str
    image_id: str
    size_bytes: int


def take_inventory(
    raw: Path, *, still_suffixes: Sequence[str], clip_suffixes: Sequence[str]
) -> tuple[pa.Table, pa.Table]:
    """The images and refusals tables of a raw folder. RawLayoutError when images.csv itself is unusable.

    Refused with their line: files that are missing or of another kind, populations and sides that are not
    known, the same photograph under two subjects, and subjects who are both control and patient.
    """
    suffixes = (*still_suffixes, *clip_suffixes)
    refused: list[dict[str, object]] = []
    named: list[tuple[Line, Path]] = []
    for line in read_lines(raw / "images.csv", required=REQUIRED, optional=OPTIONAL):
        reason = _wrong_with(line) or None
        files = [] if reason else list(_files(raw, line.cells["path"], suffixes))
        reason = reason or _wrong_with_files(raw, line.cells["path"], files, suffixes)
        if reason:
            refused.append(line.refused(reason))
        named += [(line, file) for file in files]
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(lambda pair: _identify(raw, *pair), named))
    kept, conflicts = _without_conflicts(found)
    rows = [_row(group, set(clip_suffixes)) for group in kept]
    if not rows and not refused and not conflicts:
        raise RawLayoutError(f"{raw / 'images.csv'}: names no image")
    return IMAGES.table(sorted(rows, key=lambda row: str(row["image_id"]))), refusals_table(refused + conflicts)


def _wrong_with(line: Line) -> str | None:
    cells = line.cells
    if not cells["path"] or not cells["subject_id"]:
        return "path and subject_id must not be empty"
    if cells["population"] not in POPULATIONS:
        return f"population {cells['population']!r} is not one of {', '.join(POPULATIONS)}"
    if cells.get("cleft_side") and cells["cleft_side"] not in SIDES:
        return f"cleft_side {cells['cleft_side']!r} is not one of {', '.join(SIDES)} or empty"
    path = Path(cells["path"])
    if path.is_absolute() or ".." in path.parts:
        return "path must lie inside the folder of images.csv"
    return None


def _files(raw: Path, path: str, suffixes: Sequence[str]) -> Iterator[Path]:
    """The pictures and clips that a path, folder or pattern names, in name order."""
    target = raw / path
    if target.is_file():
        yield from [target] if target.suffix.lower() in suffixes else []
        return
    candidates = target.rglob("*") if target.is_dir() else raw.glob(path)
    yield from sorted(f for f in candidates if f.is_file() and f.suffix.lower() in suffixes)


def _wrong_with_files(raw: Path, path: str, files: Sequence[Path], suffixes: Sequence[str]) -> str | None:
    if files:
        return None
    if (raw / path).is_file():
        return f"not a kind of file that is read; suffixes: {', '.join(suffixes)}"
    return "no such file, or nothing in the folder or pattern that is read"


def _identify(raw: Path, line: Line, file: Path) -> _Named:
    subject = line.cells["subject_id"].replace("{folder}", file.parent.name).replace("{stem}", file.stem)
    return _Named(line, file.relative_to(raw).as_posix(), subject, file_digest(file), file.stat().st_size)


def _without_conflicts(found: Sequence[_Named]) -> tuple[list[list[_Named]], list[dict[str, object]]]:
    """Files grouped by content, and the refusals of what contradicts itself."""
    by_content: dict[str, list[_Named]] = defaultdict(list)
    populations: dict[str, set[bool]] = defaultdict(set)
    for item in found:
        by_content[item.image_id].append(item)
        populations[item.subject_id].add(item.line.cells["population"] == "control")
    kept: list[list[_Named]] = []
    refused: list[dict[str, object]] = []
    for group in by_content.values():
        subjects = sorted({item.subject_id for item in group})
        if len(subjects) > 1:
            lines = ", ".join(str(number) for number in sorted({item.line.number for item in group}))
            reason = f"the same photograph under {len(subjects)} subjects ({', '.join(subjects)}), lines {lines}"
        elif len(populations[subjects[0]]) > 1:
            reason = f"subject {subjects[0]} is both control and patient"
        else:
            kept.append(group)
            continue
        refused += [item.line.refused(reason) | {"path": item.path} for item in group]
    return kept, list({(row["line"], row["path"]): row for row in refused}.values())


def _row(group: Sequence[_Named], clips: set[str]) -> dict[str, object]:
    first = min(group, key=lambda item: (item.path, item.line.number))
    cells = first.line.cells
    optional = {name: cells.get(name) or None for name in OPTIONAL}
    return optional | {
        "image_id": first.image_id,
        "path": first.path,
        "names": sorted({item.path for item in group}),
        "kind": "clip" if Path(first.path).suffix.lower() in clips else "still",
        "subject_id": first.subject_id,
        "population": cells["population"],
        "size_bytes": first.size_bytes,
    }
