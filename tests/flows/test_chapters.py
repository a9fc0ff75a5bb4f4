"""A system more is found in the evaluation, the report, the results and the scores, which know none by name."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.photographs.score import open_readers
from flows.stages.evaluate import evaluate
from flows.stages.report import report, report_first
from tasks.base import tables
from tasks.evaluation import chapters
from tasks.schemas.evaluation import SCORES
from tasks.schemas.ingest import IMAGES
from tests.evaluation import toy_chapter
from tests.project import copy_project


@pytest.fixture
def project(built, tmp_path, monkeypatch) -> Path:
    """The small project, with the table of one more system; the current folder."""
    folder = copy_project(built, tmp_path / "project")
    listed = tables.read(folder / "data/ingest/images", IMAGES, ["image_id", "subject_id", "kind"]).to_pandas()
    stills = listed[listed["kind"] == "still"].drop(columns="kind")
    (folder / "data/brightness").mkdir()
    stills.assign(score=range(len(stills))).to_csv(folder / "data/brightness/scores.csv", index=False)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(chapters, "CHAPTERS", (*chapters.CHAPTERS, toy_chapter))
    return folder


def test_one_more_chapter_is_found_everywhere(project, monkeypatch):
    data, reports = project / "data", project / "data/reports"
    evaluate.fn(
        systems=data,
        ratings=data / "ingest/ratings.parquet",
        references=data / "ingest/references.parquet",
        metrics=reports / "metrics.json",
        summary=reports / "summary.json",
        scores=data / "evaluation/scores.parquet",
    )
    found = json.loads((reports / "summary.json").read_text())["brightness"]
    scored = tables.read(data / "evaluation/scores.parquet", SCORES).to_pandas()
    own = scored[scored["method"] == "brightness"]
    assert found == {"all photographs": {"mean_brightness": own["score"].mean()}}
    report.fn(
        systems=data,
        ingest=data / "ingest",
        metrics=reports / "metrics.json",
        scores=data / "evaluation/scores.parquet",
        figures=reports / "figures",
        out=reports / "index.html",
    )
    page = re.sub(r"\s+", " ", (reports / "index.html").read_text())
    assert '<a href="#brightness">Brightness</a>' in page
    assert "Mean brightness" in page
    assert "There was light." in page
    assert '<th scope="row">Brightness</th><td>brightness</td>' in page
    said = CliRunner().invoke(app, ["results"]).stdout
    assert "mean brightness" in said


def test_one_more_chapter_scores_photographs(project):
    photo = next((project / "data/raw/phantoms/repaired").rglob("*.png"))
    assert list(open_readers(project, ["symmetry", "anomaly"])) == ["brightness"]
    done = CliRunner().invoke(
        app, ["score", str(photo), "--json", "--without", "anomaly", "--without", "symmetry", "--out", "pages"]
    )
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    (record,) = json.loads(done.stdout)
    assert 0 < record["brightness"]["mean"] < 1
    table = CliRunner().invoke(app, ["score", str(photo), "--without", "anomaly", "--without", "symmetry"]).stdout
    assert "mean brightness" in table
    assert "Brightness is a toy." in table


def test_the_first_page_names_what_is_still_to_come(project):
    out = project / "data/reports/first.html"
    report_first.fn(system=project / "data/symmetry", ingest=project / "data/ingest", out=out)
    page = re.sub(r"\s+", " ", out.read_text())
    assert page.count("this page was written") == 2 * 3  # in the summary and in the chapter, of three systems
    assert 'aria-label="Table 1"' in page
