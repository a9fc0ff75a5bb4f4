"""`vermilion anthropometry`: what people's corrections say of the models' points, and what is learned from them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows import cli
from flows.pages.record import Project
from tasks.anthropometry.from_people.corrections import Said, keep, now
from tasks.errors import InputError
from tests.flows.pages import reviewed


def said(*words: str, command: str = "bias") -> str:
    return CliRunner().invoke(cli.app, ["anthropometry", command, *words], catch_exceptions=False).output


def test_the_bias_of_points_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = reviewed.make(tmp_path / "project")
    monkeypatch.chdir(project)
    assert "nobody has corrected a point yet" in said()
    for number in (1, 2):
        place = (10.0, 10.0 + number)
        line = Said(now(), "anna", reviewed.image_id(project, number), "pronasale", "moved", place)
        keep(project / "data/corrections", line, None)
    (row,) = json.loads(said("--json"))
    assert (row["point"], row["people"], row["number"]) == ("pronasale", 2, 2)
    assert row["left"] < row["off"]  # both moved it far, to nearly the same place
    table = said()
    assert "pronasale" in table
    assert "2 corrections counted" in table
    assert "left out" not in table
    assert max(map(len, table.splitlines())) <= 80
    assert "…" not in table


def test_corrections_of_a_photograph_that_is_gone_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = reviewed.make(tmp_path / "project")
    monkeypatch.chdir(project)
    for image_id in ("0" * 64, reviewed.image_id(project, reviewed.REFUSED)):
        keep(project / "data/corrections", Said(now(), "anna", image_id, "pronasale", "moved", (1.0, 1.0)), None)
    assert said().strip() == "2 corrections left out: the photograph is not here any more, or is refused"
    assert json.loads(said("--json")) == []


def test_before_the_first_run_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="run `dvc repro` first"):
        said()


def test_an_empty_table_of_versions_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    monkeypatch.chdir(tmp_path)
    for folder, command in (("corrections", ["versions"]), ("learned", ["learn", "--versions"])):
        file = tmp_path / "data" / folder / {"corrections": "adjustments.csv", "learned": "versions.csv"}[folder]
        file.parent.mkdir(parents=True)
        file.write_bytes(b"")
        with pytest.raises(
            InputError, match=rf"{file.name}: empty, where .* wrote lines; get it back .*, or delete it"
        ):
            said(*command[1:], command=command[0])


def test_an_adjustment_is_learned_listed_and_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six chins, each put 6 px and a little lower: the pages show where the adjustment has the next one."""
    project = reviewed.make(tmp_path / "project")
    monkeypatch.chdir(project)
    page = Project(project)
    chin = page.placed(reviewed.image_id(project, 9)).points["menton"]
    for number in range(6):
        line = Said(
            now(), "anna", reviewed.image_id(project, number), "menton", "moved", (chin[0], chin[1] + 6 + number / 9)
        )
        keep(project / "data/corrections", line, chin)
    dry = said("--dry-run", command="correct")
    assert "1 kind of point of 1 moved; nothing was kept" in dry
    assert max(map(len, dry.splitlines())) <= 80
    assert said(command="versions").strip() == "no version counts"
    (row,) = json.loads(said("--json", command="correct"))
    assert (row["kind"], row["people"], row["used"]) == ("menton", 6, True)
    (version,) = json.loads(said("--json", command="versions"))
    assert (version["photographs"], version["counts"]) == (6, True)
    assert version["after"] < version["before"]
    assert 2 < page.placed(reviewed.image_id(project, 9)).points["menton"][1] - chin[1] < 6
    listed = said(command="versions")
    assert "counts" in listed
    assert max(map(len, listed.splitlines())) <= 80
    assert "none counts now" in said("--undo", command="correct")
    assert page.placed(reviewed.image_id(project, 9)).points["menton"] == chin
