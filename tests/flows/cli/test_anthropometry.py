"""`vermilion anthropometry bias`: what people's corrections say of the models' points."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows import cli
from tasks.anthropometry.corrections import Said, keep, now
from tasks.errors import InputError
from tests.flows.pages import reviewed


def said(*words: str) -> str:
    return CliRunner().invoke(cli.app, ["anthropometry", "bias", *words], catch_exceptions=False).output


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
