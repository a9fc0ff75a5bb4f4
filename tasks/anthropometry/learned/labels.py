"""Labelled photographs of faces: CelebA's attribute file, or any CSV of labels.

In: the file, or CelebA's folder. Out: each photograph with its person, its labels and, where a partition file says so,
its split. CelebA's partition and identity files are read where they lie beside it. Patients are refused: no photograph
of theirs trains (law 7). Opens no picture.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.base.runtime import seed_of
from tasks.errors import InputError
from tasks.ingest.tables.cells import no_such_word, word
from tasks.ingest.tables.file_names import slashes
from tasks.ingest.tables.raw_layout import read_lines
from tasks.ingest.tables.sheets import read_sheets
from tasks.ingest.tables.spelling import Spellings, key, tidy
from tasks.schemas.columns import POPULATIONS

ATTRIBUTES, PARTITION, IDENTITIES = "list_attr_celeba.txt", "list_eval_partition.txt", "identity_CelebA.txt"
BESIDE = (".", "Anno", "Eval")
"""Where CelebA's lists lie, as it is unpacked."""
PICTURES = ("img_align_celeba", "Img/img_align_celeba", "img_celeba", "images", ".")
SPLITS = ("train", "calibrate", "test")
SHARES = (0.7, 0.85)
"""Of people: those below the first train, those below the second calibrate, the others test."""
PROJECT, CELEBA, TABLE = "project ", "celeba ", "labels "
"""What stands before a person's name, so that two sources' people are never one."""
CONTROL = "control"
NOT_LABELS = ("path", "subject_id", "population")
YES, NO = ("1", "yes", "true"), ("0", "-1", "no", "false")


class LabelsError(InputError):
    """A file of labels cannot be used; the message names the file and the line, and what is accepted."""


@dataclass(frozen=True)
class Labelled:
    """A photograph and what is known of it; a label that is not there is not known."""

    path: Path
    subject: str
    labels: Mapping[str, bool]
    split: str  # of SPLITS


def split_of(subject: str) -> str:
    """The split of a person, always the same one, whoever else there is."""
    share = (seed_of("split", subject) >> 20) / (1 << 43)
    return SPLITS[sum(share >= limit for limit in SHARES)]


def read_labels(source: Path) -> list[Labelled]:
    """The photographs of CelebA's folder or attribute file, or of a CSV. LabelsError: what cannot be used, and why."""
    if source.is_dir():
        found = next((one for place in BESIDE if (one := source / place / ATTRIBUTES).is_file()), None)
        if found is None:
            raise LabelsError(f"{source}: no {ATTRIBUTES} in it; name CelebA's folder, that file, or a CSV of labels")
        return _one_split_each(list(_celeba(found, source)), found)
    if not source.is_file():
        raise LabelsError(f"{source}: there is no such file; CelebA's folder or {ATTRIBUTES}, or a CSV of labels")
    celeba = source.suffix.lower() == ".txt"
    root = source.parent.parent if celeba and source.parent.name in BESIDE else source.parent
    return _one_split_each(list(_celeba(source, root) if celeba else _table(source)), source)


def _one_split_each(found: list[Labelled], source: Path) -> list[Labelled]:
    """Law 7: nobody is in two splits."""
    splits: dict[str, str] = {}
    for one in found:
        if splits.setdefault(one.subject, one.split) != one.split:
            raise LabelsError(f"{source}: person {one.subject} is in {splits[one.subject]} and in {one.split}")
    if not found:
        raise LabelsError(f"{source}: no photograph in it")
    return found


def _celeba(file: Path, root: Path) -> Iterator[Labelled]:
    rows = _text(file).splitlines()
    names = rows[1].split() if len(rows) > 1 else []
    if not names or not rows[0].strip().isdecimal():
        raise LabelsError(f"{file}, line 1: the number of photographs expected, and the labels' names in line 2")
    _check_once(f"{file}, line 2", names)
    if (number := sum(bool(row.strip()) for row in rows[2:])) != int(rows[0]):
        said = f"{rows[0].strip()} photographs, but {number} follow"
        raise LabelsError(f"{file}, line 1: {said}; the list was cut, or this number has to be put right")
    folder = next((root / place for place in PICTURES if (root / place).is_dir()), root)
    parts, people = _beside(root, PARTITION, accepted=("0", "1", "2")), _beside(root, IDENTITIES)
    stood: dict[str, int] = {}
    for number, row in enumerate(rows[2:], 3):
        name, *values = row.split() or [""]
        if not name:
            continue
        if (first := stood.setdefault(name, number)) != number:
            raise LabelsError(f"{file}, line {number}: {name} stands in line {first}, too; a name counts once")
        if len(values) != len(names) or set(values) - {"1", "-1"} or "/" in name or "\\" in name:
            raise LabelsError(f"{file}, line {number}: a file name and {len(names)} numbers, 1 or -1, expected")
        if parts and name not in parts:
            raise LabelsError(f"{file}, line {number}: {name}: {PARTITION} does not say 0, 1 or 2 of it")
        if people and name not in people:
            said = f"{IDENTITIES} does not say who is on it; without that list each is a person"
            raise LabelsError(f"{file}, line {number}: {name}: {said}")
        subject = f"{CELEBA}{people.get(name, name)}"
        split = SPLITS[int(parts[name])] if parts else split_of(subject)
        yield Labelled(
            folder / name, subject, {own: value == "1" for own, value in zip(names, values, strict=True)}, split
        )


def _beside(root: Path, name: str, *, accepted: Sequence[str] = ()) -> dict[str, str]:
    """A list of file names, each with a word (one of `accepted`, if any are named); empty where there is none."""
    file = next((one for place in BESIDE if (one := root / place / name).is_file()), None)
    found: dict[str, str] = {}
    for number, row in enumerate(_text(file).splitlines() if file else (), 1):
        cells = row.split()
        if cells and len(cells) != 2:  # noqa: PLR2004
            raise LabelsError(f"{file}, line {number}: a file name and one number expected")
        if cells and accepted and cells[1] not in accepted:
            raise LabelsError(f"{file}, line {number}: {cells[0]} has {cells[1]!r}; {', '.join(accepted)} are accepted")
        if cells and found.setdefault(cells[0], cells[1]) != cells[1]:
            raise LabelsError(f"{file}, line {number}: {cells[0]} stands above with {found[cells[0]]}")
    return found


def _check_once(where: str, names: Sequence[str]) -> None:
    twice = [name for name, number in Counter(names).items() if number > 1]
    if twice:
        raise LabelsError(f"{where}: {twice[0]} stands there twice; a name counts once")


def _table(file: Path) -> Iterator[Labelled]:
    lines = list(read_lines(file, required=("path",), optional=None))
    (header,) = (one for one in read_sheets(file) if "path" in one.columns and not one.hidden)
    names = {own: tidy(cell) for own, cell in zip(header.columns, header.header.cells, strict=True)}
    names = {own: name for own, name in names.items() if own not in NOT_LABELS}
    if not names:
        raise LabelsError(f"{file}, line {header.header.number}: at least one label's column expected, beside `path`")
    seen, people = set[str](), Spellings()
    for line in lines:
        where, cells = f"{file}, line {line.number}", line.cells
        for column, reason in line.wrong.items():
            if not (cells[column].casefold() in (*YES, *NO) and column in names):  # a spreadsheet's TRUE
                raise LabelsError(f"{where}: {names.get(column, column)} {cells[column]!r} is {reason}")
        if not cells["path"] or cells["path"] in seen:
            raise LabelsError(f"{where}: a path expected that no line above has, not {cells['path']!r}")
        seen.add(cells["path"])
        _check_control(cells.get("population", ""), where)
        given = {name: key(cells[own]) for own, name in names.items() if cells[own]}
        if strange := [name for name, value in given.items() if value not in (*YES, *NO)]:
            raise LabelsError(f"{where}: {strange[0]} is {given[strange[0]]!r}; {', '.join((*YES, *NO))}, or empty")
        subject = f"{TABLE}{people.of(cells.get('subject_id') or cells['path'])}"
        labels = {name: value in YES for name, value in given.items()}
        yield Labelled(file.parent / slashes(cells["path"]), subject, labels, split_of(subject))


def _check_control(cell: str, where: str) -> None:
    """Law 7. An empty cell is a control's, as where there is no such column."""
    population = word(cell, POPULATIONS) if cell else CONTROL
    if population is None:
        raise LabelsError(f"{where}: population {no_such_word(cell, POPULATIONS)}")
    if population != CONTROL:
        raise LabelsError(f"{where}: population {population}; no photograph of a patient trains")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise LabelsError(f"{file}: no text in UTF-8") from error
