"""A blinded sheet for one rater: every patient's results side by side, shuffled, without a word about who made them.

In: patients, a rater, a seed. Out: a folder to hand out (one page that needs no other file, and a form as CSV and as
XLSX), and apart from it the key that says which letter is which method. Pictures are laid into the page as PNG of the
same size, pixels only; the order of patients and of letters depends on the seed, the rater and the patient. The same
patients, rater and seed give the same bytes. Reading the form back: tasks.inpainting.judging.votes. Chen et al.,
III.B.1.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from pathlib import Path

import cv2
import numpy as np

from tasks.base import runtime, sheets
from tasks.base.images import encode_png
from tasks.base.tables import replacing
from tasks.errors import InputError
from tasks.ingest.tables.spelling import key, tidy
from tasks.inpainting.judging.letters import ANSWERS, FORM_COLUMNS, KEY_COLUMNS, LETTERS, Result
from tasks.inpainting.judging.results_shown import Patient, digest_of
from tasks.pages.environment import environment

PAGE, FORMS = "sheet.html", ("votes.csv", "votes.xlsx")


class SheetError(InputError):
    """A sheet cannot be made; the message says what of, and what to do."""


@dataclass(frozen=True)
class Drawn:
    """What a rater is asked: patients in their order, what their letters are, and the key's lines."""

    name: str
    lines: tuple[Result, ...]
    patients: tuple[tuple[Patient, Mapping[str, str]], ...]
    side: int

    def masked(self, number: int) -> bytes:
        """The photograph of a patient, from 1, with its hole: PNG."""
        return _png(self.patients[number - 1][0].masked(), self.side)

    def result(self, number: int, letter: str) -> bytes:
        """A patient's result under a letter: PNG. KeyError: there is no such letter."""
        patient, letters = self.patients[number - 1]
        return _png(patient.filled[letters[letter]](), self.side)


@dataclass(frozen=True)
class _Shown:
    """A patient on the page: PNG bytes of the masked input and, by letter, of the results."""

    number: int
    masked: bytes
    results: dict[str, bytes]


def write_sheet(out: Path, keys: Path, patients: Sequence[Patient], *, rater: str, seed: int, side: int) -> Path:
    """Write the folder `out` and the key, whose path is returned: the sheet's id in `keys`, a folder elsewhere.

    `side`: the longer side of every picture in the page, pixels, at most. SheetError: nobody to show, a folder that is
    not empty or holds the key, patients whose methods differ, results of other sizes (they would give a method away).
    """
    _check_places(out, keys)
    made = drawn(patients, rater=rater, seed=seed, side=side)
    path = keep_key(keys, made)  # first: a sheet without its key is worthless
    for form in FORMS:
        within = {"rank": (1.0, float(len(patients[0].filled)))}
        cells = [[asdict(line).get(column) for column in FORM_COLUMNS] for line in made.lines]
        sheets.write(out / form, FORM_COLUMNS, cells, within=within, among={"valid": ANSWERS})
    shown = [
        _Shown(number, made.masked(number), {letter: made.result(number, letter) for letter in letters})
        for number, (_, letters) in enumerate(made.patients, 1)
    ]
    _write_page(out / PAGE, made.name, tidy(rater), shown)
    return path


def drawn(
    patients: Sequence[Patient],
    *,
    rater: str,
    seed: int,
    side: int,
    pictures: Mapping[tuple[str, str], str] | None = None,
) -> Drawn:
    """Who is shown to a rater in which order, under which letters. SheetError: as `write_sheet`, but for folders.

    `pictures`: what `alike` gave of these patients, where it is known already.
    """
    _check(patients, rater)
    known = alike(patients) if pictures is None else pictures
    lines: list[tuple[int, str, str, str, str]] = []
    ordered: list[tuple[Patient, Mapping[str, str]]] = []
    for number, patient in enumerate(_shuffled(patients, rater, seed), 1):
        letters, own = dict(zip(LETTERS, _order(patient, rater, seed), strict=False)), patient.image_id
        lines += [(number, letter, method, own, known[own, method]) for letter, method in letters.items()]
        ordered.append((patient, letters))
    name = "sheet-" + hashlib.sha256(repr((tidy(rater), seed, side, lines)).encode()).hexdigest()[:10]
    return Drawn(name, tuple(Result(name, tidy(rater), *own) for own in lines), tuple(ordered), side)


def alike(patients: Iterable[Patient]) -> dict[tuple[str, str], str]:
    """By image_id and method the digest of each result. SheetError: one is not of its photograph's size."""
    found = {}
    for patient in patients:
        shape = patient.masked().shape
        for method in patient.filled:
            found[patient.image_id, method] = digest_of(_alike(patient, method, shape))
    return found


def keep_key(keys: Path, made: Drawn) -> Path:
    """Write what the letters are into the folder of keys."""
    path = keys / f"{made.name}.csv"
    sheets.write(path, KEY_COLUMNS, [astuple(line) for line in made.lines])
    return path


def _check_places(out: Path, keys: Path) -> None:
    if out.is_dir() and any(child.name != ".gitignore" for child in out.iterdir()):
        raise SheetError(f"{out}: is not empty, and a sheet in it may be filled in; name a new folder")
    places = [out.resolve(), keys.resolve()]
    if places[0].is_relative_to(places[1]) or places[1].is_relative_to(places[0]):
        raise SheetError(f"{out}: the key would lie with the sheet ({keys}); name a folder elsewhere")


def _check(patients: Sequence[Patient], rater: str) -> None:
    if not key(rater)[:1].isalnum():
        raise SheetError(f"rater {tidy(rater)!r}: a name begins with a letter or a digit")
    if not patients:
        raise SheetError("nobody to judge: no patient's photograph was filled")
    methods = set(patients[0].filled)
    for patient in patients:
        if set(patient.filled) != methods:
            there = ", ".join(sorted(patient.filled)) or "none"
            raise SheetError(f"{patient.image_id}: filled by {there}; others by {', '.join(sorted(methods))}")
    if not 1 <= len(methods) <= len(LETTERS):
        raise SheetError(f"{len(methods)} methods; a sheet has letters for 1 to {len(LETTERS)}")


def _shuffled(patients: Sequence[Patient], rater: str, seed: int) -> list[Patient]:
    return sorted(patients, key=lambda patient: runtime.seed_of(seed, "patients", key(rater), patient.image_id))


def _order(patient: Patient, rater: str, seed: int) -> list[str]:
    """The methods as A, B, C, ... show them."""
    return sorted(
        patient.filled, key=lambda method: runtime.seed_of(seed, "letters", key(rater), patient.image_id, method)
    )


def _alike(patient: Patient, method: str, shape: tuple[int, ...]) -> np.ndarray:
    """A result, which is of the input's size."""
    picture = patient.filled[method]()
    if picture.shape != shape or picture.dtype != np.uint8:
        size, wanted = (f"{own[1]} x {own[0]}" for own in (picture.shape, shape))
        raise SheetError(f"{patient.image_id}, {method}: {size} pixels, the input has {wanted}: the rater would see it")
    return picture


def _png(picture: np.ndarray, side: int) -> bytes:
    """The picture, no larger than `side` pixels; the page enlarges it as it needs."""
    factor = side / max(picture.shape[:2])
    if factor >= 1:
        return encode_png(picture)
    size = (max(1, round(picture.shape[1] * factor)), max(1, round(picture.shape[0] * factor)))
    return encode_png(np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8))


def _write_page(path: Path, name: str, rater: str, shown: Sequence[_Shown]) -> None:
    html = (
        environment().get_template("inpainting/judging/sheet.html.j2").render(sheet=name, rater=rater, patients=shown)
    )
    with replacing(path) as temporary:
        temporary.touch(mode=0o600)
        temporary.write_text(html, encoding="utf-8")
