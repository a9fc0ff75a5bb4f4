"""A sheet goes out without a word about the methods, and comes back as votes, or with every bad line told."""

import base64
import csv
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

from tasks.base.images import decode_png, encode_png
from tasks.errors import InputError
from tasks.ingest.tables.raw_layout import read_lines
from tasks.inpainting.judging import votes
from tasks.inpainting.judging.letters import FORM_COLUMNS
from tasks.inpainting.judging.present_fillings import judged
from tasks.inpainting.judging.results_shown import HOLE, Patient, digests, patients_of
from tasks.inpainting.judging.sheet import PAGE, SheetError, write_sheet
from tasks.schemas.inpainting import INPAINTING_VOTES
from tests.spreadsheets import active

METHODS = ("zeta_network", "telea", "navier")
SIDE = 24


def plain(level: int) -> np.ndarray:
    return np.full((SIDE, SIDE, 3), level % 256, np.uint8)


def some(count: int = 3, methods: tuple[str, ...] = METHODS) -> list[Patient]:
    """Patients whose pictures tell by their grey level which patient and method they are."""

    def grey(level: int) -> Callable[[], np.ndarray]:
        return lambda: plain(level)

    return [
        Patient(f"{number:064x}", grey(200 + number), {name: grey(10 * number + at) for at, name in enumerate(methods)})
        for number in range(count)
    ]


class Reading:
    """A sheet that was made, and its form to fill in."""

    def __init__(self, folder: Path, patients: list[Patient], rater: str = "surgeon_a", seed: int = 1) -> None:
        self.out, self.keys = folder / "out", folder / "keys"
        self.key = write_sheet(self.out, self.keys, patients, rater=rater, seed=seed, side=SIDE)
        self.form = self.out / "votes.csv"
        with self.form.open(encoding="utf-8-sig", newline="") as file:
            self.rows = list(csv.DictReader(file))

    def fill(self, answer: Callable[[dict[str, str]], tuple[str, object]]) -> None:
        for row in self.rows:
            row["valid"], row["rank"] = answer(row)[0], str(answer(row)[1])

    def write(self, *more: dict[str, str]) -> Path:
        with self.form.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, FORM_COLUMNS)
            writer.writeheader()
            writer.writerows([*self.rows, *more])
        return self.form

    def read(self, *more: dict[str, str]) -> tuple[list[dict[str, Any]], list[str]]:
        _, rows, problems = votes.read_form(self.write(*more), self.keys)
        return rows, problems

    def lines(self) -> list[dict[str, str]]:
        return [line.cells for line in read_lines(self.key, required=("letter", "method"), optional=None)]


def by_letter(row: dict[str, str]) -> tuple[str, object]:
    """All valid, A the best."""
    return "yes", "ABC".index(row["letter"]) + 1


@pytest.fixture
def reading(tmp_path: Path) -> Reading:
    made = Reading(tmp_path, some())
    made.fill(by_letter)
    return made


def pictures_on(page: str) -> list[np.ndarray]:
    return [decode_png(base64.b64decode(found)) for found in re.findall(r"data:image/png;base64,([^\"]+)", page)]


def test_nothing_in_the_folder_names_a_method_or_a_photograph(reading: Reading) -> None:
    files = [file for file in reading.out.rglob("*") if file.is_file()]
    assert {file.name for file in files} == {PAGE, "votes.csv", "votes.xlsx"}
    with_unpacked = [file.read_bytes() for file in files]
    book = active(openpyxl.load_workbook(reading.out / "votes.xlsx"))
    with_unpacked.append(repr(list(book.iter_rows(values_only=True))).encode())
    for content in with_unpacked:
        for secret in (*METHODS, *(patient.image_id for patient in some())):
            assert secret.encode() not in content
    for found in re.findall(rb"data:image/png;base64,([^\"]+)", (reading.out / PAGE).read_bytes()):
        chunks = re.findall(rb"IHDR|IDAT|IEND|tEXt|zTXt|iTXt|eXIf|tIME", base64.b64decode(found))
        assert set(chunks) == {b"IHDR", b"IDAT", b"IEND"}


def test_the_page_needs_no_other_file_and_shows_every_picture_beside_its_input(reading: Reading) -> None:
    page = (reading.out / PAGE).read_text()
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert addresses
    assert all(address.startswith("data:") for address in addresses)
    levels = [int(picture[0, 0, 0]) for picture in pictures_on(page)]
    assert sorted(levels) == sorted([0, 1, 2, 10, 11, 12, 20, 21, 22, 200, 201, 202])
    for start in range(0, len(levels), 4):  # the input, then its own three
        assert {level // 10 for level in levels[start + 1 : start + 4]} == {levels[start] - 200}


@pytest.mark.parametrize(("side", "shown"), [(2 * SIDE, SIDE), (SIDE // 2, SIDE // 2)])
def test_a_picture_is_made_smaller_and_never_larger(tmp_path: Path, side: int, shown: int) -> None:
    write_sheet(tmp_path / "sheet", tmp_path / "keys", some(), rater="a", seed=1, side=side)
    found = pictures_on((tmp_path / "sheet" / PAGE).read_text())
    assert {picture.shape for picture in found} == {(shown, shown, 3)}


def test_the_key_says_which_picture_each_letter_is(reading: Reading) -> None:
    levels = [int(picture[0, 0, 0]) for picture in pictures_on((reading.out / PAGE).read_text())]
    results = [level for level in levels if level < 200]
    told = [10 * int(line["image_id"], 16) + METHODS.index(line["method"]) for line in reading.lines()]
    assert told == results
    assert [(line["patient"], line["letter"]) for line in reading.lines()] == [
        (row["patient"], row["letter"]) for row in reading.rows
    ]


def test_files_are_their_owners_alone_and_the_key_lies_elsewhere(reading: Reading) -> None:
    for file in (*reading.out.iterdir(), reading.key):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert reading.out not in reading.key.parents


def orders(reading: Reading) -> list[tuple[str, str, str]]:
    return [(line["image_id"], line["letter"], line["method"]) for line in reading.lines()]


def test_the_order_is_drawn_from_seed_rater_and_patient(tmp_path: Path) -> None:
    patients = some(30)
    one = Reading(tmp_path / "1", patients)
    again = Reading(tmp_path / "2", patients[::-1])
    assert orders(one) == orders(again)
    for name in (PAGE, "votes.csv", "votes.xlsx"):
        assert (one.out / name).read_bytes() == (again.out / name).read_bytes()
    first = {tuple(method for _, _, method in orders(one)[start : start + 3]) for start in range(0, 90, 3)}
    assert len(first) == 6  # every order of three occurs
    assert [image for image, _, _ in orders(one)] != sorted(image for image, _, _ in orders(one))
    for other in (Reading(tmp_path / "3", patients, seed=2), Reading(tmp_path / "4", patients, rater="surgeon_b")):
        assert orders(other) != orders(one)
        assert other.key.name != one.key.name


def test_a_sheet_of_other_pictures_has_another_id(tmp_path: Path) -> None:
    """A network that trained again draws others: its form is not taken for that of the first."""
    later = some()
    later[0].filled["telea"] = lambda: plain(99)  # type: ignore[index]
    assert Reading(tmp_path / "1", some()).key.name != Reading(tmp_path / "2", later).key.name


def test_a_filled_form_comes_back_as_votes_on_methods(reading: Reading) -> None:
    reading.fill(lambda row: ("no", "") if row["letter"] == "B" else ("Yes", "1" if row["letter"] == "C" else "2.0"))
    rows, problems = reading.read()
    assert not problems
    known = {(line["image_id"], line["method"]): line for line in reading.lines()}
    present = digests(some())
    assert len(rows) == 9
    for row in rows:
        letter = known[row["image_id"], row["method"]]["letter"]
        assert (row["valid"], row["rank"]) == {"A": (True, 2), "B": (False, None), "C": (True, 1)}[letter]
        assert row["rater_id"] == "surgeon_a"
        assert row["picture"] == present[row["image_id"], row["method"]]


def test_the_workbook_comes_back_as_the_csv_does(reading: Reading) -> None:
    path = reading.out / "votes.xlsx"
    book = openpyxl.load_workbook(path)
    sheet = active(book)
    for row in range(2, 11):
        letter = sheet.cell(row, 3).value
        sheet.cell(row, 4).value = "yes" if letter == "A" else letter == "C"  # a spreadsheet's own TRUE and FALSE
        sheet.cell(row, 5).value = {"A": 1, "C": 2}.get(str(letter))
    sheet.cell(1, 6).value = "remarks"
    sheet.cell(2, 6).value = "a third nostril, perhaps"
    book.save(path)
    reading.fill(lambda row: {"A": ("yes", 1), "B": ("no", ""), "C": ("yes", 2)}[row["letter"]])
    assert votes.read_form(path, reading.keys)[1:] == reading.read()


def test_the_workbook_takes_only_what_the_form_accepts(reading: Reading) -> None:
    sheet = active(openpyxl.load_workbook(reading.out / "votes.xlsx"))
    rules = {
        str(rule.sqref): (rule.type, rule.formula1, rule.formula2) for rule in sheet.data_validations.dataValidation
    }
    assert rules == {"D2:D10": ("list", '"yes,no"', None), "E2:E10": ("decimal", "1", "3")}


@pytest.mark.parametrize("word", ["yes", " YES ", "y", "true", "1", "Valid"])
def test_yes_in_its_usual_spellings(reading: Reading, word: str) -> None:
    reading.rows[0]["valid"] = word
    assert reading.read()[0][0]["valid"] is True


@pytest.mark.parametrize("word", ["no", "N", "FALSE", "0", "invalid"])
def test_no_in_its_usual_spellings(reading: Reading, word: str) -> None:
    reading.fill(lambda row: (word, ""))
    rows, problems = reading.read()
    assert not problems
    assert not any(row["valid"] for row in rows)


BAD: list[tuple[dict[str, str], str]] = [
    ({"valid": "perhaps"}, "line 3: valid 'perhaps' is not one of yes, no"),
    ({"valid": ""}, "line 3: valid is empty; write yes or no"),
    ({"rank": ""}, "line 3: rank is empty, and the result is valid; write whole numbers from 1 (best)"),
    ({"rank": "best"}, "line 3: rank 'best' is not a number; accepted: whole numbers from 1 (best) to 3"),
    ({"rank": "4"}, "line 3: rank 4; accepted: whole numbers from 1 (best) to 3"),
    ({"rank": "1.5"}, "line 3: rank 1.5; accepted"),
    ({"rank": "0"}, "line 3: rank 0; accepted"),
    ({"rank": "1"}, "line 3: rank 1 stands twice for patient 1 (line 2 too)"),
    ({"valid": "no"}, "line 3: rank 2 of a result that is not valid; leave it empty, or write valid yes"),
    ({"valid": "no", "rank": ""}, "line 4: ranks 1, 3 of patient 1: the ranks of 2 valid results are 1 to 2"),
    ({"letter": "A"}, "line 3: patient 1, letter A stands twice (line 2 too)"),
    ({"letter": "D"}, "line 3: patient 1, letter 'D' is not on sheet-"),
    ({"patient": "7"}, "line 3: patient 7, letter 'B' is not on sheet-"),
    ({"patient": "one"}, "line 3: patient 'one' is not a number"),
    ({"sheet": "sheet-0123456789"}, "line 3: sheet 'sheet-0123456789', but this is a form of sheet-"),
]


@pytest.mark.parametrize(("cells", "told"), BAD, ids=lambda value: str(value)[:40])
def test_a_bad_line_is_told_with_what_is_accepted_and_nothing_comes_in(
    reading: Reading, cells: dict[str, str], told: str
) -> None:
    reading.rows[1] |= cells
    rows, problems = reading.read()
    assert not rows
    assert problems[0].startswith(f"votes.csv, {told}")
    assert len(problems) == 1 + bool({"letter", "patient", "sheet"} & set(cells))  # the line that it should have been
    assert len(problems) == 1 or problems[1] == "votes.csv: no line for patient 1, letter B; every letter needs one"


def test_every_bad_line_is_told_at_once_and_missing_ones_too(reading: Reading) -> None:
    reading.rows[0]["valid"] = "?"
    reading.rows[4]["rank"] = "x"
    gone = reading.rows.pop()
    _, problems = reading.read()
    assert [problem.split(":")[0] for problem in problems] == ["votes.csv, line 2", "votes.csv, line 6", "votes.csv"]
    assert (
        problems[2]
        == f"votes.csv: no line for patient {gone['patient']}, letter {gone['letter']}; every letter needs one"
    )


@pytest.mark.parametrize("sheet", ["sheet-0123456789", "../key", "", "study 3"])
def test_a_form_of_a_sheet_that_is_not_known_is_refused(reading: Reading, sheet: str) -> None:
    for row in reading.rows:
        row["sheet"] = sheet
    with pytest.raises(votes.VotesError, match="is no sheet of this project, whose keys lie in"):
        reading.read()


def test_a_table_that_is_no_form_is_refused_with_the_columns(reading: Reading) -> None:
    reading.form.write_text("path,score\na.jpg,2\n")
    with pytest.raises(InputError, match="no column sheet; no column patient; no column letter"):
        votes.read_form(reading.form, reading.keys)
    reading.form.write_text(",".join(FORM_COLUMNS) + "\n")
    with pytest.raises(votes.VotesError, match="no line in it"):
        votes.read_form(reading.form, reading.keys)


def test_of_a_withdrawn_patient_the_lines_are_told(reading: Reading) -> None:
    gone = reading.lines()[0]["image_id"]
    kept = [line for line in reading.key.read_text(encoding="utf-8-sig").splitlines() if gone not in line]
    reading.key.write_text("\n".join(kept) + "\n")
    _, problems = reading.read()
    assert len(problems) == 3
    assert all("of a patient who was withdrawn, delete the lines" in problem for problem in problems)
    reading.rows = [row for row in reading.rows if row["patient"] != "1"]
    rows, problems = reading.read()
    assert (len(rows), problems) == (6, [])


def test_what_cannot_be_blind_is_refused(tmp_path: Path) -> None:
    larger = some()
    larger[1].filled["telea"] = lambda: np.zeros((SIDE + 1, SIDE, 3), np.uint8)  # type: ignore[index]
    with pytest.raises(SheetError, match=r"telea: 24 x 25 pixels, the input has 24 x 24: the rater would see it"):
        Reading(tmp_path / "1", larger)
    with pytest.raises(SheetError, match="filled by telea; others by navier, telea, zeta_network"):
        Reading(tmp_path / "2", [*some(1), *some(2, ("telea",))[1:]])
    with pytest.raises(SheetError, match="the key would lie with the sheet"):
        write_sheet(tmp_path / "3", tmp_path / "3" / "keys", some(), rater="a", seed=1, side=SIDE)
    with pytest.raises(SheetError, match="nobody to judge"):
        Reading(tmp_path / "4", [])
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_folder_that_holds_anything_is_left_alone(tmp_path: Path) -> None:
    made = Reading(tmp_path, some())
    before = made.form.read_bytes()
    with pytest.raises(SheetError, match="is not empty, and a sheet in it may be filled in"):
        Reading(tmp_path, some(), seed=3)
    assert made.form.read_bytes() == before


def test_votes_are_kept_and_come_back_the_same(reading: Reading, tmp_path: Path) -> None:
    reading.fill(lambda row: ("no", "") if row["letter"] == "C" else by_letter(row))
    rows, _ = reading.read()
    votes.keep(tmp_path / "votes", {reading.key.stem: rows}, replace=False)
    assert stat.S_IMODE((tmp_path / "votes" / reading.key.name).stat().st_mode) == 0o600
    assert votes.kept(tmp_path / "votes").to_pylist() == rows
    assert votes.kept(tmp_path / "none").num_rows == 0
    assert votes.rater_named(" Surgeon_A", tmp_path / "votes") == "surgeon_a"


def test_a_raters_second_word_on_a_photograph_needs_replace(tmp_path: Path) -> None:
    folder = tmp_path / "votes"

    def keep(made: Reading, answer: Callable[[dict[str, str]], tuple[str, object]], *, replace: bool) -> None:
        made.fill(answer)
        votes.keep(folder, {made.key.stem: made.read()[0]}, replace=replace)

    first = Reading(tmp_path / "1", some(3))
    keep(first, by_letter, replace=False)
    for again in (first, Reading(tmp_path / "2", some(2), rater="Surgeon_A", seed=5)):
        with pytest.raises(
            votes.VotesError, match=r"(?i)surgeon_a has judged photographs of sheet-.* before .*--replace"
        ):
            keep(again, lambda row: ("no", ""), replace=False)
    assert all(row["valid"] for row in votes.kept(folder).to_pylist())
    keep(again, lambda row: ("no", ""), replace=True)  # of two of the three
    found = votes.kept(folder).to_pylist()
    assert len(found) == 9
    assert sum(row["valid"] for row in found) == 3
    keep(Reading(tmp_path / "3", some(3), rater="surgeon_b"), by_letter, replace=False)
    assert votes.kept(folder).num_rows == 18
    assert sorted(set(votes.kept(folder)["rater_id"].to_pylist()), key=str.casefold)[1:] == ["surgeon_b"]


def test_two_sheets_of_one_rater_with_the_same_photographs_do_not_come_in_together(tmp_path: Path) -> None:
    made = [Reading(tmp_path / str(seed), some(), seed=seed) for seed in (1, 2)]
    for one in made:
        one.fill(by_letter)
    with pytest.raises(votes.VotesError, match="are both of surgeon_a and have photographs in common"):
        votes.keep(tmp_path / "votes", {one.key.stem: one.read()[0] for one in made}, replace=True)
    assert votes.kept(tmp_path / "votes").num_rows == 0


def test_a_damaged_line_of_votes_is_named(reading: Reading, tmp_path: Path) -> None:
    votes.keep(tmp_path / "votes", {reading.key.stem: reading.read()[0]}, replace=False)
    path = tmp_path / "votes" / reading.key.name
    path.write_text(path.read_text(encoding="utf-8-sig").replace("yes", "perhaps", 1))
    with pytest.raises(votes.VotesError, match=r"\.csv, line 2: not as it was written"):
        votes.kept(tmp_path / "votes")


def filling(**changes: Any) -> dict[str, Any]:
    """A FILLINGS row, as far as sheets look at it."""
    face, mask = (
        np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3), np.uint8),
        np.zeros((SIDE, SIDE, 3), np.uint8),
    )
    mask[8:16, 8:16] = 255
    row = {"image_id": "p", "subject_id": "s", "proposal": 0, "population": "unrepaired", "reason": None}
    pictures = {"photograph": face, "filled": np.where(mask > 0, np.uint8(77), face), "mask": mask}
    return row | {name: encode_png(picture) for name, picture in pictures.items()} | changes


def test_fillings_become_patients_with_opencvs_two_beside_the_network() -> None:
    row = filling()
    face, filled, mask = (decode_png(row[name]) for name in ("photograph", "filled", "mask"))
    others = [filling(proposal=1), filling(population="control"), filling(reason="no face")]
    (patient,) = patients_of([row, *others], populations=("unrepaired",))
    assert list(patient.filled) == ["telea", "ns", "network"]
    hidden = mask[..., 0] > 0
    assert (patient.masked()[hidden] == HOLE).all()
    np.testing.assert_array_equal(patient.masked()[~hidden], face[~hidden])
    np.testing.assert_array_equal(patient.filled["network"](), filled)
    for method in ("telea", "ns"):
        picture = patient.filled[method]()
        np.testing.assert_array_equal(picture[~hidden], face[~hidden])
        assert (picture[hidden] != face[hidden]).any()


def test_votes_on_pictures_of_an_earlier_network_are_told_from_present_ones(tmp_path: Path) -> None:
    rows = [filling(), filling(image_id="q", subject_id="t"), filling(image_id="r", subject_id="u")]
    made = Reading(tmp_path, patients_of(rows, populations=("unrepaired",)))
    made.fill(by_letter)
    said = INPAINTING_VOTES.table(made.read()[0])
    none = INPAINTING_VOTES.table([])
    assert all(judged(said, none, rows)["present"].to_pylist())
    drawn_again = filling(image_id="q", subject_id="t", filled=encode_png(plain(5)))
    found = judged(said, said, [rows[0], drawn_again]).to_pylist()
    assert [row["rank"] for row in found] == [row["rank_again"] for row in found]
    assert {(row["image_id"], row["subject_id"], row["present"]) for row in found} == {
        ("p", "s", True),
        ("q", "t", False),  # also of OpenCV's two, which are the same: the rank was among other pictures
        ("r", None, False),
    }
    assert len(found) == 9
