"""Scores corrected, batches undone, forms for raters: real DVC and git in repositories of their own."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from flows.stewards.batches import additions, corrections, history
from flows.stewards.batches import put_in_place as placing
from flows.stewards.batches.rating_forms import write_form
from flows.stewards.batches.reevaluation import RESULTS
from tasks.base.words import counted
from tasks.errors import InputError
from tests.here import vermilion
from tests.project import run
from tests.spreadsheets import active
from tests.stewards import IMAGES, RATINGS, batch, table

pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning")  # DVC's own use of pygtrie


def add(path: Any, root: Path) -> Any:
    return additions.add(path, root, dry_run=False, commit=True, tell=lambda _: None)


def correct(path: Any, root: Path, *, dry_run: Any = False) -> Any:
    told: list[str] = []
    return corrections.correct(path, root, dry_run=dry_run, commit=True, tell=told.append), "\n".join(told)


def undo(name: Any, root: Path, *, dry_run: Any = False) -> Any:
    told: list[str] = []
    return history.undo(name, root, dry_run=dry_run, commit=True, tell=told.append), "\n".join(told)


def ratings(root: Path) -> Any:
    """By rater: the score that counts and the earlier ones, of the photograph of the raw folder and of the batch."""
    images, found, _, refused = additions.there_already(root)
    names = {row["image_id"]: row["names"][0].rpartition("/")[2] for row in images.to_pylist()}
    rows = {(names[r["image_id"]], r["rater_id"]): (r["score"], r["earlier"]) for r in found.to_pylist()}
    return rows, refused


def subject(root: Path) -> Any:
    return run(root, "git", "log", "-1", "--format=%s").stdout.strip()


def committed(root: Path) -> Any:
    return run(root, "git", "show", "--name-only", "--format=").stdout.split()


def test_corrections_count_in_their_order_and_the_old_scores_stay(root: Path, tmp_path: Path) -> None:
    brought = add(batch(tmp_path / "new"), root)
    later = table(tmp_path / "later.csv", RATINGS, ["first.png,Surgeon,medical,CARS,4", "p3.png,lay_1,lay,CARS,3.5"])
    dry, told = correct(later, root, dry_run=True)
    assert dry.state == "fine"
    assert "first.png: surgeon on CARS: 2 becomes 4" in told
    assert ratings(root)[0]["first.png", "surgeon"] == (2.0, None)
    outcome, told = correct(later, root)
    assert (outcome.state, outcome.ratings) == ("added", 1)
    assert "1 line as it stands already" in told
    assert subject(root) == f"Ratings corrected: 1 score of 1 rater (batch {outcome.batch})"
    assert committed(root) == ["data/added/batches.dvc"]
    for score in ("3", "4"):  # and back: the same words as the first time
        correct(table(tmp_path / "again.csv", RATINGS, [f"first.png,surgeon,medical,CARS,{score}"]), root)
    correct(table(tmp_path / "own.csv", RATINGS, ["p3.png,surgeon,medical,CARS,1"]), root)
    rows, refused = ratings(root)
    assert rows["first.png", "surgeon"] == (4.0, [2.0, 4.0, 3.0])
    assert rows["p3.png", "surgeon"] == (1.0, [2.0])
    assert refused == 0
    assert correct(later, root)[0].state == "there"
    said = [(row["path"], row["was"], row["score"]) for row in corrections.history(root)]
    assert said == [
        ("first.png", "2", "4"), ("first.png", "4", "3"), ("first.png", "3", "4"), (f"{brought.batch}/p3.png", "2", "1")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("first.png,lay_9,lay,CARS,3", "no rater is called lay_9; `vermilion ratings status` has their names."),
        ("first.png,surgon,medical,CARS,3", "no rater is called surgon; did you mean surgeon? New ratings: "),
        ("first.png,surgeon,medical,symmetry,3", "no rating of this photograph on symmetry; there is one on CARS; new"),
        ("first.png,surgeon,medical,CARS,9", "score 9 is outside CARS, 1 to 5"),
        ("nobody.png,surgeon,medical,CARS,3", "no such photograph"),
        ("first.png,surgeon,lay,CARS,3", "rater surgeon is medical elsewhere"),
        ("first.png,surgeon,medical,CARS,", "score is empty: not rated yet"),
    ],
)
def test_what_cannot_be_corrected_changes_nothing(root: Path, tmp_path: Path, line: str, reason: str) -> None:
    path = table(tmp_path / "later.csv", RATINGS, ["first.png,surgeon,medical,CARS,4", line])
    outcome, told = correct(path, root)
    assert (outcome.state, outcome.problems >= 1) == ("rejected", True)
    assert reason in told
    assert reason in (tmp_path / "later-rejected.csv").read_text()
    assert ratings(root)[0] == {("first.png", "surgeon"): (2.0, None)}
    assert subject(root) == "project"


def test_a_folder_is_no_table_of_corrections(root: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a folder; name the table in it, such as .*ratings\.csv"):
        correct(tmp_path, root)


def test_a_correction_of_a_score_that_changed_by_hand_is_a_refused_line(root: Path, tmp_path: Path) -> None:
    correct(table(tmp_path / "later.csv", RATINGS, ["first.png,surgeon,medical,CARS,4"]), root)
    table(root / "data/raw/mine/ratings.csv", RATINGS, ["first.png,surgeon,medical,CARS,5"])
    rows, refused = ratings(root)
    assert rows["first.png", "surgeon"] == (5.0, None)
    assert refused == 1


def test_a_batch_is_undone_and_comes_in_again(root: Path, tmp_path: Path) -> None:
    new = batch(tmp_path / "new")
    first = add(new, root)
    assert undo(first.batch, root, dry_run=True)[0].state == "fine"
    assert len(ratings(root)[0]) == 3
    outcome, told = undo(first.batch[-12:], root)
    assert outcome.batch == first.batch
    assert "git and DVC keep the version" in told
    assert ratings(root) == ({("first.png", "surgeon"): (2.0, None)}, 0)
    assert subject(root) == f"Ratings undone: 1 photograph, 2 ratings, 0 scores (batch {first.batch})"
    assert committed(root) == ["data/added/batches.dvc"]
    assert json.loads(run(root, "dvc", "status", "--json", "data/added/batches.dvc").stdout) == {}
    [row] = history.batches(root)
    assert (row["who"], row["photographs"], row["ratings"], row["there"]) == ("Test", 1, 2, False)
    assert row["undone"] is not None
    with pytest.raises(InputError, match="was undone already"):
        undo(first.batch, root)
    assert add(new, root).state == "added"
    [row] = history.batches(root)
    assert (row["there"], row["undone"]) == (True, None)


def test_a_batch_that_others_build_on_stays(root: Path, tmp_path: Path) -> None:
    first = add(batch(tmp_path / "new"), root)
    second = add(table(tmp_path / "more.csv", RATINGS, ["p3.png,lay_5,lay,CARS,3"]), root)
    with pytest.raises(InputError, match=f"{second.batch} rate or correct what batch {first.batch} brought"):
        undo(first.batch, root)
    third, _ = correct(table(tmp_path / "later.csv", RATINGS, ["p3.png,lay_5,lay,CARS,4"]), root)
    with pytest.raises(InputError, match=third.batch):
        undo(second.batch, root)
    for own in (third, second, first):
        undo(own.batch, root)
    assert ratings(root) == ({("first.png", "surgeon"): (2.0, None)}, 0)


def test_an_undo_that_was_killed_after_its_rename_is_finished_by_the_next(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = add(batch(tmp_path / "new"), root)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(placing, "_finish", killed)
        undo(first.batch, root)
    told: list[str] = []
    placing.settled(root, told.append)
    assert told == [f"batch {first.batch} was left half way; finishing it"]
    assert subject(root).startswith("Ratings undone: ")
    assert json.loads(run(root, "dvc", "status", "--json", "data/added/batches.dvc").stdout) == {}
    assert history.batches(root)[0]["there"] is False


def form_of(path: Path, root: Path, **options: Any) -> int:
    """How many photographs a form asks for, of the evaluation's scale."""
    return write_form(path, root, **{"scale": None, "controls": False, "tell": print} | options)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_form_asks_for_what_a_rater_lacks_and_comes_in_half_filled(root: Path, tmp_path: Path, suffix: str) -> None:
    add(batch(tmp_path / "new"), root)
    add(batch(tmp_path / "newer", seed=4), root)
    form = tmp_path / f"lay{suffix}"
    assert form_of(form, root, rater="lay_2", role="lay") == 3
    assert form.stat().st_mode & 0o777 == 0o600
    with pytest.raises(InputError, match="is there already"):
        form_of(form, root, rater="lay_2", role="lay")
    if suffix == ".xlsx":
        book = load_workbook(form)
        sheet = active(book)
        (rule,) = sheet.data_validations.dataValidation
        assert (rule.type, rule.formula1, rule.formula2, str(rule.sqref)) == ("decimal", "1", "5", "E2:E4")
        assert {sheet["B2"].value, sheet["B4"].value} == {"lay_2"}
        sheet["E3"] = 3
        book.save(form)
    else:
        lines = form.read_text(encoding="utf-8-sig").splitlines()
        form.write_text("\n".join([*lines[:2], lines[2] + "3", *lines[3:]]) + "\n", encoding="utf-8-sig")
    told: list[str] = []
    outcome = additions.add(form, root, dry_run=False, commit=True, tell=told.append)
    assert (outcome.state, outcome.ratings) == ("added", 1)
    assert "note: 2 lines without a score passed over: not rated yet" in told
    assert ratings(root)[1] == 0
    assert form_of(tmp_path / f"rest{suffix}", root, rater="LAY_2", role="") == 2


def test_a_form_knows_roles_and_scales(root: Path, tmp_path: Path) -> None:
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"rater": "new", "role": ""}, "rater new is new; say --role"),
        ({"rater": "surgeon", "role": "lay"}, "surgeon is medical elsewhere"),
        ({"rater": "new", "role": "doctor"}, "'doctor' is not one of medical, lay"),
        ({"rater": "surgeon", "role": "", "scale": "CRAS"}, r"meant: CARS\?"),
    )
    for options, reason in cases:
        with pytest.raises(InputError, match=reason):
            form_of(tmp_path / "form.csv", root, **options)


def test_a_form_asks_who_is_meant_before_it_goes_out(root: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"rater surgoen is new; surgeon has 1 rating: did you mean surgeon\?"):
        form_of(tmp_path / "form.csv", root, rater="surgoen", role="medical")
    assert not (tmp_path / "form.csv").exists()
    assert form_of(tmp_path / "form.csv", root, rater="surgoen", role="medical", new=["surgoen"]) == 1
    told: list[str] = []
    form_of(tmp_path / "capital.csv", root, rater="Surgeon", role="", tell=told.append)
    assert told == ["note: Surgeon is taken for surgeon, who has 1 rating"]
    with (root / "data/raw/mine/ratings.csv").open("a") as file:
        file.write("first.png,Surgéon,medical,CARS,2\n")
    told.clear()
    form_of(tmp_path / "again.csv", root, rater="surgeon", role="", tell=told.append)
    assert told == [
        "note: surgeon and Surgéon look alike; if they are one and the same, first write one name for both in the "
        "table of ratings: the form asks again for the 1 rating of Surgéon"
    ]


def test_an_empty_form_is_told_once(root: Path, tmp_path: Path) -> None:
    add(batch(tmp_path / "new"), root)
    form_of(tmp_path / "lay.xlsx", root, rater="lay_2", role="lay")
    told: list[str] = []
    outcome = additions.add(tmp_path / "lay.xlsx", root, dry_run=True, commit=False, tell=told.append)
    assert (outcome.state, outcome.problems) == ("rejected", 1)
    assert told[0] == "lay.xlsx, line 2: nothing is filled in yet: no line has a score"


def test_photographs_come_in_with_a_form_that_is_still_empty(root: Path, tmp_path: Path) -> None:
    new = batch(tmp_path / "new")
    table(new / "ratings.csv", RATINGS, ["p3.png,surgeon,medical,CARS,"])
    outcome = add(new, root)
    assert (outcome.state, outcome.photographs, outcome.ratings) == ("added", 1, 0)
    assert ratings(root)[1] == 0


def test_what_was_undone_or_is_empty_is_said_so(root: Path, tmp_path: Path) -> None:
    first = add(batch(tmp_path / "new"), root)
    undo(first.batch, root)
    with pytest.raises(InputError, match=rf"batch {first.batch} was undone already, on \d{{4}}-\d\d-\d\d"):
        undo(first.batch[11:], root)
    with pytest.raises(InputError, match="no batch 'x' to undo; `vermilion ratings list` has their names"):
        undo("x", root)
    left = root / "data/added/batches/2026-01-02-0123456789ab"
    table(left / "images.csv", IMAGES, [])
    assert [(row["batch"], row["empty"]) for row in history.batches(root)] == [(left.name, True), (first.batch, False)]
    table(left / "references.csv", ("path", "measure", "value"), ["first.png,severity,0.3"])
    assert not history.batches(root)[0]["empty"]


def test_a_misspelt_batch_is_asked_about(root: Path, tmp_path: Path) -> None:
    add(batch(tmp_path / "new"), root)
    second = add(table(tmp_path / "more.csv", RATINGS, ["first.png,lay_1,lay,CARS,4"]), root)
    slip = second.batch[:-1] + ("0" if second.batch[-1] != "0" else "1")
    for meant in (slip, slip[11:], second.batch[11:15]):
        with pytest.raises(InputError, match=f"did you mean {second.batch}\\?"):
            undo(meant, root)


def test_counts_of_a_batch_that_is_gone_are_read_from_its_commit() -> None:
    said = f"{counted(1, 'photograph')}, {counted(1200, 'rating')} by {counted(2, 'rater')}"
    assert history._counted(said) == {"photographs": 1, "ratings": 1200, "corrections": 0}


def test_the_commands_say_what_they_did(root: Path, tmp_path: Path) -> None:
    first = add(batch(tmp_path / "new"), root)
    later = table(tmp_path / "later.csv", RATINGS, ["p3.png,lay_1,lay,CARS,4"])
    (root / RESULTS).mkdir(parents=True, exist_ok=True)  # as if a run had been here
    said = vermilion(root, "ratings", "correct", str(later), "--no-run").stdout
    assert "to re-evaluate: vermilion rebuild --no-training" in said
    shown = vermilion(root, "ratings", "list", "--corrections").stdout
    assert "3.5" in shown and re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d ", shown)
    refused = vermilion(root, "ratings", "undo", first.batch, "--no-run")
    assert (refused.returncode, "undo them first" in refused.stderr) == (2, True)
    listed = json.loads(vermilion(root, "ratings", "list", "--json").stdout)
    assert [(row["photographs"], row["ratings"], row["corrections"]) for row in listed if row["batch"] == first.batch]
    vermilion(root, "ratings", "sheet", str(tmp_path / "form.xlsx"), "--rater", "lay_1")
