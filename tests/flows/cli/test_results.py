"""What `vermilion results` prints: a number from few people stands with its people, as in the report."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flows import PROJECT
from flows.cli import app
from tasks.evaluation import chapters
from tasks.evaluation.headlines import numbers_of


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The demo's numbers as a clone has them, with the accuracy of `clp` from one person; the current folder."""
    (tmp_path / "data/reports").mkdir(parents=True)
    for name in ("dvc.yaml", "params.yaml", "data/reports/summary.json", "data/reports/metrics.json"):
        shutil.copy(PROJECT / name, tmp_path / name)
    metrics = record(tmp_path, "metrics")
    metrics["symmetry"]["strategies"]["clp"]["binary"]["test"]["accuracy"] |= {"n_subjects": 1, "low": None}
    (tmp_path / "data/reports/metrics.json").write_text(json.dumps(metrics))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def record(project: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project / f"data/reports/{name}.json").read_text())
    return found


def told() -> str:
    done = CliRunner().invoke(app, ["results"])
    assert done.exception is None, done.exception
    return done.stdout


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("│").split("│")]


def test_a_number_from_few_people_stands_with_them_and_others_do_not(project: Path) -> None:
    own = record(project, "summary")["symmetry"]["clp"]
    said = told()
    tables = [line for line in said.splitlines() if line[:1] in "┏┃┡│└"]
    assert max(map(len, tables)) <= 80
    (line,) = [line for line in tables if line.startswith("│ test accuracy")]
    assert cells(line)[1] == f"{own['test_accuracy']:.3f} from 1"
    (line,) = [line for line in tables if cells(line)[:2] == ["pearson all", f"{own['pearson_all']:.3f}"]]
    assert "from" not in line
    (rule,) = [line for line in said.splitlines() if line.startswith("from N: ")]
    assert "fewer than 20: too few for a headline" in rule
    assert len(rule) <= 80


def test_the_limit_is_the_reports(project: Path) -> None:
    params = (project / "params.yaml").read_text()
    (project / "params.yaml").write_text(params.replace("few_people: 20", "few_people: 3"))
    said = told()
    assert "from 1 " in said
    assert "from 4 " not in said


def test_every_number_of_people_is_told_to_programs(project: Path) -> None:
    found = json.loads(CliRunner().invoke(app, ["results", "--json"]).stdout)
    people = found["people"]
    assert found["few_people"] == 20
    assert people["symmetry"]["clp"]["test_accuracy"] == 1
    summary = record(project, "summary")
    assert people.keys() == summary.keys()
    for name in ("anomaly", "anthropometry", "fairness", "inpainting", "symmetry"):
        assert {c: set(rows) for c, rows in people[name].items()} == {c: set(rows) for c, rows in summary[name].items()}
    assert "released" not in people["synthesis"]["pre"]  # pictures, no people


@pytest.mark.parametrize("broken", [{"reason": None}, {"reason": None, "strategies": {"clp": {"binary": 3}}}])
def test_numbers_whose_people_are_not_known_are_said_to(project: Path, broken: dict[str, Any]) -> None:
    (project / "data/reports/metrics.json").write_text(
        json.dumps(record(project, "metrics") | {"symmetry": {"reason": None, **broken}})
    )
    said = told()
    assert "test accuracy" in said
    assert "symmetry: from how many people is not known" in said


def test_headlines_are_the_committed_summary() -> None:
    """The layout of summary.json is what it was: numbers alone."""
    metrics, summary = record(PROJECT, "metrics"), record(PROJECT, "summary")
    made = {c.NAME: numbers_of(c.headline(metrics[c.NAME])) for c in chapters.CHAPTERS}
    assert made == summary
