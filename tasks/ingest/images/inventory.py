"""What is there: images.csv and the files it names, one row for each distinct content.

In: the raw folder and the batches added to it (docs/raw-layout.md). Out: the images table and the refused lines. A
path may name a file, a folder (everything in it) or a pattern (`CFD/*/*-N.jpg`); subject_id may be `{folder}` or
`{stem}`, so that public data sets fit without code. Links are followed where a line names one, wherever they lead
(DVC's cache may be made of them); inside a folder, linked files are taken and linked folders are not entered, so no
loop is walked. Hidden files (`._a.jpg`, which macOS leaves beside each photograph) count only where a line names them
in full. Decides nothing about faces: an image that cannot be decoded is refused later, where it is decoded.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path, PurePath, PurePosixPath

import pyarrow as pa

from tasks.base.digests import file_digest
from tasks.ingest.images.visits import NoDay, visit_of
from tasks.ingest.images.withdrawn import REASON, SAME
from tasks.ingest.tables.cell_text import DATE, TRUTH
from tasks.ingest.tables.cells import no_such_word, word
from tasks.ingest.tables.file_names import Ambiguous, Finder, is_leftover, slashes
from tasks.ingest.tables.no_table import no_table
from tasks.ingest.tables.raw_layout import Folder, Line, read_lines, refusals_table
from tasks.ingest.tables.sheets import RawLayoutError
from tasks.ingest.tables.spelling import Spellings, key
from tasks.params.ingest import IngestImages
from tasks.schemas.columns import (
    AGE_GROUPS,
    AROUND,
    ASYMMETRIES,
    GENDERS,
    POPULATIONS,
    PROFILES,
    SCARRINGS,
    SIDES,
    VIEWS,
)
from tasks.schemas.ingest import IMAGES

WORDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "cleft_side": ("cleft sides", SIDES),
    "age_group": ("age groups", AGE_GROUPS),
    "gender": ("genders", GENDERS),
    "asymmetry": ("asymmetries", ASYMMETRIES),
    "scarring": ("scarrings", SCARRINGS),
    "view": ("views", VIEWS),
}
"""Optional columns of fixed words: what several of them are called, and the words."""

REQUIRED = ("path", "subject_id", "population")
FREE = ("licence", "consent", "notice")
"""Columns of any text: a day, or the words true and false, may be what was meant."""
OPTIONAL = (*WORDS, "visit", *FREE)


class NoImages(RawLayoutError):
    """No images.csv names a photograph or a clip. Nothing in them is wrong."""


@dataclass(frozen=True)
class Named:
    """A file that a line names."""

    line: Line
    file: Path
    path: str  # as CSV files name it
    subject_id: str
    image_id: str
    size_bytes: int


class Refused(Exception):
    """Why a line cannot be used."""


def take_inventory(
    folders: Sequence[Folder],
    *,
    settings: IngestImages,
    withdrawn: Container[str] = (),
    same: Container[str] = (),
    identify: Callable[[Path], str] = file_digest,
) -> tuple[pa.Table, pa.Table]:
    """The images and refusals tables. `folders`: the raw folder first, which must have an images.csv.

    `withdrawn`: ids of photographs that are refused wherever they lie; `same`: of those that show the same.
    `identify`: a file's content to its id. RawLayoutError when an images.csv is unusable; NoImages when none of them
    names an image. Refused with their line: files that are missing or of another kind, cells that are not what was
    typed, words that are not known, files that cannot be opened, the same photograph under two subjects, populations,
    sides or other words, and subjects who are both control and patient.
    """
    found, refused = name_files(folders, settings, identify)
    for ids, reason in ((withdrawn, REASON), (same, SAME)):
        refused += [item.line.refused(reason) | {"path": item.path} for item in found if item.image_id in ids]
        found = [item for item in found if item.image_id not in ids]
    kept, conflicts = _without_conflicts(found)
    rows = [_row(group, set(settings.clip_suffixes)) for group in kept]
    if not rows and not refused and not conflicts:
        raise NoImages(f"{folders[0].path / 'images.csv'}: names no image")
    return IMAGES.table(sorted(rows, key=lambda row: str(row["image_id"]))), refusals_table(refused + conflicts)


def name_files(
    folders: Sequence[Folder], settings: IngestImages, identify: Callable[[Path], str] = file_digest
) -> tuple[list[Named], list[dict[str, object]]]:
    """Every file that a line of an images.csv names, its subject under the first spelling; and the refused lines."""
    suffixes = (*settings.still_suffixes, *settings.clip_suffixes)
    refused: list[dict[str, object]] = []
    named: list[tuple[Folder, Line, Path]] = []
    for number, folder in enumerate(folders):
        table = folder.table("images", REQUIRED)
        if table is None and number:
            continue  # a batch of ratings alone
        finder = Finder(folder.path)
        if table is None:
            raise RawLayoutError(no_table(folder.path, suffixes, required=REQUIRED, optional=OPTIONAL))
        for written in read_lines(table, required=REQUIRED, optional=OPTIONAL, prefix=folder.prefix):
            line = written
            try:
                line = meant(written)
                named += [(folder, line, file) for file in files_named(finder, line.cells["path"], suffixes)]
            except Refused as reason:
                refused.append(line.refused(str(reason)))
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(lambda triple: _identify(triple, settings, identify), named))
    refused += [item for item in found if isinstance(item, dict)]
    return _one_spelling(item for item in found if isinstance(item, Named)), refused


def _one_spelling(found: Iterable[Named]) -> list[Named]:
    """Subjects, and each subject's visits, under their first spelling."""
    subjects, visits = Spellings(), defaultdict[str, Spellings](Spellings)
    files = []
    for item in found:
        subject, cells = subjects.of(item.subject_id), item.line.cells
        if cells.get("visit"):
            cells = cells | {"visit": visits[subject].of(cells["visit"])}
        files.append(replace(item, subject_id=subject, line=replace(item.line, cells=cells)))
    return files


def meant(line: Line) -> Line:
    """The line with its words as this project spells them; Refused where the cells themselves are wrong."""
    cells = line.cells
    for column, reason in line.wrong.items():
        if column != "visit" and not (column in FREE and reason in (DATE, TRUTH)):
            raise Refused(f"{column} {cells[column]!r} is {reason}")
    if not cells["path"] or not key(cells["subject_id"]):
        raise Refused("path and subject_id must not be empty")
    said = {"population": word(cells["population"], POPULATIONS)}
    if said["population"] is None:
        raise Refused(f"population {no_such_word(cells['population'], POPULATIONS)}")
    for column, (_, words) in WORDS.items():
        if cells.get(column):
            said[column] = word(cells[column], words)
            if said[column] is None:
                raise Refused(f"{column} {no_such_word(cells[column], words)} or empty")
    if cells.get("visit") or "visit" in line.wrong:
        try:
            said["visit"] = visit_of(cells["visit"], line.wrong.get("visit"))
        except NoDay as error:
            raise Refused(f"visit {cells['visit']!r} {error}") from error
    path = PurePosixPath(slashes(cells["path"]))
    if path.is_absolute() or ".." in path.parts or re.match("[A-Za-z]:/", str(path)):
        raise Refused("path must lie inside the folder of images.csv")
    return replace(line, cells=cells | {column: str(value) for column, value in said.items()})


def files_named(finder: Finder, path: str, suffixes: Sequence[str]) -> list[Path]:
    """The pictures and clips that a path, folder or pattern names, in name order. Refused where there are none."""
    if "\0" in path:
        raise Refused("no such file: no name holds a zero byte")
    try:
        target = finder.exactly(path)
        if target.is_file() and target.suffix.lower() not in suffixes:
            raise Refused(f"not a kind of file that is read; suffixes: {', '.join(suffixes)}")
        if target.is_file():
            return [target]
        candidates = target.rglob("*") if target.is_dir() else finder.fitting(path)
        seen = (file for file in candidates if not _left_behind(file.relative_to(finder.folder), path))
        files = sorted(file for file in seen if file.suffix.lower() in suffixes and file.is_file())
    except Ambiguous as error:
        raise Refused(str(error)) from error
    except OSError as error:
        raise Refused(f"cannot be looked for: {error.strerror}") from error
    except ValueError as error:  # pathlib of a pattern such as `a**`
        raise Refused(f"not a usable path or pattern: {error}") from error
    if not files:
        raise Refused(f"no such file, or nothing in the folder or pattern that is read{finder.hint(path)}")
    return files


def _left_behind(file: PurePath, path: str) -> bool:
    """Whether a system left the file, below the folders that the path itself names."""
    named = PurePosixPath(slashes(path)).parts
    return is_leftover(PurePosixPath(*(part for part in file.parts if part not in named)))


def check_size(file: Path, settings: IngestImages) -> None:
    """Refused for a file over its kind's limit, of which nothing has been read yet. OSError where it is not there."""
    clip = file.suffix.lower() in settings.clip_suffixes
    size, most = file.stat().st_size, settings.most_clip_megabytes if clip else settings.most_still_megabytes
    if size > most * 1_000_000:
        kind = "clips" if clip else "photographs"
        limit = f"params.yaml, ingest_images.most_{'clip' if clip else 'still'}_megabytes"
        raise Refused(f"too large: {size / 1e6:,.0f} MB; {kind} of up to {most:,} MB are read ({limit})")


def _check_view(line: Line, file: Path, settings: IngestImages) -> None:
    """Refused for a clip that is not from the front, and for one of a set that does not say of which visit."""
    view = line.cells.get("view")
    if view in (*PROFILES, AROUND) and file.suffix.lower() in settings.clip_suffixes:
        raise Refused("view: of clips only those from the front are measured; leave it empty, or leave the clip out")
    if view == AROUND and not line.cells.get("visit"):
        raise Refused(f"visit: missing; photographs whose view is `{AROUND}` belong to a visit: write its date or name")


def _identify(
    named: tuple[Folder, Line, Path], settings: IngestImages, identify: Callable[[Path], str]
) -> Named | dict[str, object]:
    """The file and its content's id, or its refusal."""
    folder, line, file = named
    name = folder.prefix + file.relative_to(folder.path).as_posix()
    subject = line.cells["subject_id"].replace("{folder}", file.parent.name).replace("{stem}", file.stem)
    try:
        check_size(file, settings)
        _check_view(line, file, settings)
        return Named(line, file, name, subject, identify(file), file.stat().st_size)
    except Refused as reason:
        return line.refused(str(reason)) | {"path": name}
    except OSError as error:
        return line.refused(f"cannot be opened: {error.strerror}") | {"path": name}


def _without_conflicts(found: Sequence[Named]) -> tuple[list[list[Named]], list[dict[str, object]]]:
    """Files grouped by content, and the refusals of what contradicts itself."""
    by_content: dict[str, list[Named]] = defaultdict(list)
    populations: dict[str, set[bool]] = defaultdict(set)
    for item in found:
        by_content[item.image_id].append(item)
        populations[item.subject_id].add(item.line.cells["population"] == "control")
    kept: list[list[Named]] = []
    refused: list[dict[str, object]] = []
    for group in by_content.values():
        reason = _contradiction(group)
        subject = group[0].subject_id
        if reason is None and len(populations[subject]) > 1:
            reason = f"subject {subject} is both control and patient"
        if reason is None:
            kept.append(group)
        else:
            refused += [item.line.refused(reason) | {"path": item.path} for item in group]
    return kept, list({(row["line"], row["path"]): row for row in refused}.values())


def _contradiction(group: Sequence[Named]) -> str | None:
    """What the lines that name the same bytes do not agree on, if anything."""
    said = {
        "subjects": {item.subject_id for item in group},
        "populations": {item.line.cells["population"] for item in group},
    } | {several: {item.line.cells.get(column, "") for item in group} - {""} for column, (several, _) in WORDS.items()}
    for what, values in said.items():
        if len(values) > 1:
            lines = ", ".join(str(number) for number in sorted({item.line.number for item in group}))
            return f"the same photograph under {len(values)} {what} ({', '.join(sorted(values))}), lines {lines}"
    visits = {item.line.cells.get("visit", "") for item in group} - {""}
    return f"the same photograph under {len(visits)} visits ({', '.join(sorted(visits))})" if len(visits) > 1 else None


def _row(group: Sequence[Named], clips: set[str]) -> dict[str, object]:
    group = sorted(group, key=lambda item: (item.path, item.line.number))
    first = group[0]
    said = {name: [item.line.cells.get(name) for item in group] for name in OPTIONAL}
    optional = {name: next(filter(None, cells), None) for name, cells in said.items()}
    return optional | {
        "image_id": first.image_id,
        "path": first.file.as_posix(),
        "names": sorted({item.path for item in group}),
        "kind": "clip" if Path(first.path).suffix.lower() in clips else "still",
        "subject_id": first.subject_id,
        "population": first.line.cells["population"],
        "size_bytes": first.size_bytes,
    }
