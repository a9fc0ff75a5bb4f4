"""`vermilion inpainting`: a sheet of a project's fillings goes out, filled forms come in; what is told on the way."""

import csv
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from flows import cli
from flows.photographs.fillings import pictures_of
from flows.photographs.sheets import KEYS, VOTES
from flows.stages.inpainting import inpainting_judge
from tasks.base import absence, tables
from tasks.base.images import encode_png
from tasks.errors import InputError
from tasks.ingest.ratings.answers import AGAIN
from tasks.ingest.raw_folders.removal import rows_with, without
from tasks.inpainting.judging import results_shown, scores, votes
from tasks.inpainting.judging.results_shown import digests
from tasks.schemas.inpainting import FILLINGS, INPAINTING_JUDGED
from tasks.schemas.inpainting_scores import INPAINTING_SCORED

SIDE = 16
ALL = {"A": ("yes", "2"), "B": ("no", ""), "C": ("yes", "1")}


def filling(number: int, population: str) -> dict[str, object]:
    face = np.random.default_rng(number).integers(0, 255, (SIDE, SIDE, 3), np.uint8)
    mask = np.zeros_like(face)
    mask[4:12, 4:12] = 255
    row = {"image_id": f"{number:064x}", "proposal": 0, "subject_id": f"s{number}", "population": population}
    pictures = {"photograph": face, "filled": np.where(mask > 0, np.uint8(90), face), "mask": mask}
    return row | {name: encode_png(picture) for name, picture in pictures.items()}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with fillings of two patients before repair, one after, and a control."""
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    populations = ("unrepaired", "unrepaired", "repaired", "control")
    rows = [filling(number, population) for number, population in enumerate(populations)]
    refused = {"image_id": "f" * 64, "proposal": 0, "subject_id": "s9", "population": "unrepaired", "reason": "no face"}
    path = tmp_path / "data/inpainting/fillings/00.parquet"
    tables.write(FILLINGS.table([*rows, refused]), path, FILLINGS, provenance={})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(cli.app, ["inpainting", *map(str, words)])


def refused(*words: str | Path) -> str:
    error = run(*words).exception
    assert isinstance(error, InputError), error
    return str(error)


def filled(form: Path, answers: Mapping[str, tuple[str, str]] = ALL) -> Path:
    with form.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    with form.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(row | dict(zip(("valid", "rank"), answers[row["letter"]], strict=True)) for row in rows)
    return form


def test_a_sheet_goes_out_and_its_form_comes_back(project: Path) -> None:
    done = run("sheet", "--out", "hand_out", "--rater", "surgeon_a")
    assert done.exit_code == 0, done.output
    out = project / "hand_out"
    assert {file.name for file in out.iterdir()} == {"sheet.html", "votes.csv", "votes.xlsx", ".gitignore"}
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    (key,) = (project / KEYS).glob("*.csv")
    assert str(key) in done.output
    done = run("votes", filled(out / "votes.csv"))
    assert done.exit_code == 0, done.output
    assert "6 votes on 2 photographs by surgeon_a" in done.output
    kept = votes.kept(project / VOTES)
    assert set(kept["method"].to_pylist()) == {"network", "telea", "ns"}
    assert set(kept["image_id"].to_pylist()) == {f"{number:064x}" for number in (0, 1)}
    rows = tables.read(project / "data/inpainting/fillings", FILLINGS).to_pylist()
    now = results_shown.digests(results_shown.patients_of(rows, populations=["unrepaired"]))
    assert all(now[row["image_id"], row["method"]] == row["picture"] for row in kept.to_pylist())
    for folder in (KEYS, VOTES):
        assert stat.S_IMODE((project / folder).stat().st_mode) == 0o700
        assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in (project / folder).glob("*.csv"))


def test_other_populations_by_name(project: Path) -> None:
    done = run("sheet", "--out", "o", "--rater", "a", "--population", "Repaired", "--population", "unrepaired")
    assert done.exit_code == 0, done.output
    assert "3 patients" in (project / "o/sheet.html").read_text()
    assert "--population 'repairde' is not one of control" in refused(
        "sheet", "--out", "p", "--rater", "a", "--population", "repairde"
    )


def test_the_same_raters_second_form_needs_replace(project: Path) -> None:
    run("sheet", "--out", "o", "--rater", "surgeon_a")
    form = filled(project / "o/votes.csv")
    assert run("votes", form).exit_code == 0
    filled(form, {"A": ("no", ""), "B": ("no", ""), "C": ("no", "")})
    assert "surgeon_a has judged photographs of sheet-" in refused("votes", form)
    assert sum(votes.kept(project / VOTES)["valid"].to_pylist()) == 4
    done = run("votes", form, "--replace")
    assert done.exit_code == 0, done.output
    assert not any(votes.kept(project / VOTES)["valid"].to_pylist())


def test_of_two_forms_with_one_bad_line_nothing_comes_in(project: Path) -> None:
    for rater in ("surgeon_a", "surgeon_b"):
        run("sheet", "--out", rater, "--rater", rater)
    good = filled(project / "surgeon_a/votes.csv")
    bad = filled(project / "surgeon_b/votes.csv", ALL | {"B": ("maybe", "")})
    done = run("votes", good, bad)
    assert done.exit_code == 1
    assert done.output.count("valid 'maybe' is not one of yes, no") == 2
    assert "nothing was kept: 2 things to put right" in done.output
    assert votes.kept(project / VOTES).num_rows == 0
    assert "as" in refused("votes", good, good)
    assert run("votes", good, filled(bad)).exit_code == 0
    assert set(votes.kept(project / VOTES)["rater_id"].to_pylist()) == {"surgeon_a", "surgeon_b"}


def test_a_form_that_is_half_filled_in_is_told_in_a_line_for_each_column(project: Path) -> None:
    run("sheet", "--out", "o", "--rater", "surgeon_a")
    done = run("votes", filled(project / "o/votes.csv", {"A": ("yes", ""), "B": ("", ""), "C": ("", "")}))
    assert done.exit_code == 1
    first, second, last = done.output.splitlines()
    assert first.startswith("votes.csv, lines ") and "rank is empty" in first + second
    assert "valid is empty; write yes or no" in first + second
    assert last == "nothing was kept: 2 things to put right"


def test_a_withdrawal_finds_a_persons_lines_in_keys_and_votes(project: Path) -> None:
    """Both are tables that lose lines (tasks.ingest.raw_folders.removal), not files that the steward must see to."""
    run("sheet", "--out", "o", "--rater", "surgeon_a")
    run("votes", filled(project / "o/votes.csv"))
    for folder in (KEYS, VOTES):
        (path,) = (project / folder).glob("*.csv")
        lines = rows_with(path, lambda column: {f"{0:064x}"})
        assert len(lines) == 3
        path.write_bytes(without(path, lines))
    assert set(votes.kept(project / VOTES)["image_id"].to_pylist()) == {f"{1:064x}"}
    assert "of a patient who was withdrawn, delete the lines" in run("votes", project / "o/votes.csv").output


def test_a_name_that_looks_like_a_raters_is_told(project: Path) -> None:
    run("sheet", "--out", "o", "--rater", "surgeon_a")
    run("votes", filled(project / "o/votes.csv"))
    assert "note: Surgeon_A is taken for surgeon_a" in run("sheet", "--out", "n", "--rater", "Surgeon_A").output
    assert "surgeon-a and surgeon_a look alike" in run("sheet", "--out", "p", "--rater", "surgeon-a").output


def test_a_sheet_that_is_there_is_left_alone(project: Path) -> None:
    run("sheet", "--out", "o", "--rater", "surgeon_a")
    form = filled(project / "o/votes.csv")
    before = form.read_bytes()
    assert "is not empty" in refused("sheet", "--out", "o", "--rater", "surgeon_a")
    assert form.read_bytes() == before


def drop(project: Path) -> None:
    (project / "data/inpainting/fillings/00.parquet").unlink()
    (project / "data/inpainting/fillings").rmdir()


def leave_absent(project: Path) -> None:
    absence.mark(project / "data/inpainting/fillings", "no controls to train on; add some")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (drop, "fillings: not there yet; run `dvc repro` first"),
        (leave_absent, "fillings: no fillings: no controls to train on; add some"),
    ],
)
def test_without_fillings_the_command_says_what_is_missing(
    project: Path, change: Callable[[Path], None], told: str
) -> None:
    change(project)
    assert told in refused("sheet", "--out", "o", "--rater", "a")
    assert not os.path.lexists(project / "o")


def test_where_nobody_of_the_population_was_filled_it_says_who_was(project: Path) -> None:
    path = project / "data/inpainting/fillings/00.parquet"
    tables.write(FILLINGS.table([filling(1, "control")]), path, FILLINGS, provenance={})
    assert "no photograph of unrepaired was filled; filled were: control" in refused(
        "sheet", "--out", "o", "--rater", "a"
    )


def test_a_rater_without_a_name_has_no_sheet(project: Path) -> None:
    assert "a name begins with a letter or a digit" in refused("sheet", "--out", "o", "--rater", " ")


def judged(project: Path) -> Path:
    """The stage inpainting_judge, as DVC calls it; its out."""
    out = project / "data/inpainting/judged.parquet"
    fillings, scored = project / "data/inpainting/fillings", out.with_name("scored.parquet")
    inpainting_judge.fn(votes=project / VOTES, fillings=fillings, out=out, scored=scored)
    return out


def test_the_stage_tells_votes_on_present_fillings_from_earlier_ones(project: Path) -> None:
    with pytest.raises(absence.Absent, match="make a sheet for each surgeon"):
        judged(project)
    run("sheet", "--out", "o", "--rater", "surgeon_a")
    run("votes", filled(project / "o/votes.csv"))
    assert tables.read(judged(project), INPAINTING_JUDGED)["present"].to_pylist() == [True] * 6
    path = project / "data/inpainting/fillings/00.parquet"
    again = filling(1, "unrepaired") | {"filled": encode_png(np.zeros((SIDE, SIDE, 3), np.uint8))}
    tables.write(FILLINGS.table([filling(0, "unrepaired"), again]), path, FILLINGS, provenance={})
    rows = tables.read(judged(project), INPAINTING_JUDGED).to_pylist()
    assert {(row["subject_id"], row["present"]) for row in rows} == {("s0", True), ("s1", False)}
    assert tables.read(project / "data/inpainting/scored.parquet", INPAINTING_SCORED).num_rows == 0


def test_the_stage_marks_scores_as_it_marks_votes(project: Path) -> None:
    """Scores alone are enough; what was seen side by side counts together."""
    now = digests(pictures_of(project, ["unrepaired"]))
    said = {"rater_id": "a", "rater_role": "lay", "scale": "realism", "score": 3.0}
    rows = [said | {"image_id": photograph, "method": own, "picture": was} for (photograph, own), was in now.items()]
    rows += [row | {"scale": "symmetry"} for row in rows]
    rows[0]["picture"] = "of an earlier network"
    (project / VOTES).mkdir(exist_ok=True)
    scores.keep(project / VOTES, "sheet-0123456789", rows, replace=False)
    out = judged(project)
    assert tables.read(out, INPAINTING_JUDGED).num_rows == 0
    found = tables.read(out.with_name("scored.parquet"), INPAINTING_SCORED).to_pylist()
    earlier = {(row["image_id"], row["scale"]) for row in found if not row["present"]}
    assert earlier == {(rows[0]["image_id"], "realism")} and len(found) == len(rows)
    assert {row["subject_id"] for row in found} == {"s0", "s1"}
    assert {row["score_again"] for row in found} == {None}
    (project / VOTES / AGAIN).mkdir()
    scores.keep(project / VOTES / AGAIN, "sheet-0123456780", [row | {"score": 5.0} for row in rows[:3]], replace=True)
    judged(project)
    found = tables.read(out.with_name("scored.parquet"), INPAINTING_SCORED).to_pylist()
    second = {(row["image_id"], row["method"], row["scale"]) for row in found if row["score_again"] == 5}
    assert second == {(row["image_id"], row["method"], row["scale"]) for row in rows[:3]}
