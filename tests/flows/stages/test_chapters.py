"""A system more is found in the evaluation, the report, the results and the scores, which know none by name."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import cv2
import openpyxl
import pytest
from typer.testing import CliRunner

from flows import PROJECT
from flows.cli import app
from flows.cli.project import project_root
from flows.photographs import score as scoring
from flows.photographs.score import open_readers
from flows.stages.evaluate import evaluate
from flows.stages.report import report, report_first
from tasks.base import tables
from tasks.errors import InputError
from tasks.evaluation import chapters
from tasks.evaluation.chapters import CHAPTERS
from tasks.evaluation.system import System
from tasks.schemas.evaluation import SCORES
from tasks.schemas.ingest import IMAGES
from tests.evaluation import toy_chapter
from tests.project import copy_project, set_number
from tests.spreadsheets import active


@pytest.fixture
def project(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small project, with the table of one more system; the current folder."""
    folder = copy_project(built, tmp_path / "project")
    listed = tables.read(folder / "data/ingest/images", IMAGES, ["image_id", "subject_id", "kind"]).to_pandas()
    stills = listed[listed["kind"] == "still"].drop(columns="kind")
    (folder / "data/brightness").mkdir()
    stills.assign(score=range(len(stills))).to_csv(folder / "data/brightness/scores.csv", index=False)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(chapters, "CHAPTERS", (*chapters.CHAPTERS, toy_chapter))
    return folder


def test_one_more_chapter_is_found_everywhere(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, reports = project / "data", project / "data/reports"
    evaluate.fn(
        systems=data,
        images=data / "ingest/images",
        ratings=data / "ingest/ratings.parquet",
        references=data / "ingest/references.parquet",
        repeats=data / "ingest/repeats.parquet",
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
        csv=reports / "photographs.csv",
        xlsx=reports / "photographs.xlsx",
        out=reports / "index.html",
    )
    page = re.sub(r"\s+", " ", (reports / "index.html").read_text())
    assert '<a href="#brightness">Brightness</a>' in page
    assert "Mean brightness" in page
    assert "There was light." in page
    assert '<th scope="row">Brightness</th><td>brightness</td>' in page
    said = CliRunner().invoke(app, ["results"]).stdout
    assert "mean brightness" in said


OTHERS = ["symmetry", "anomaly", "inpainting", "anthropometry"]
"""Systems that read photographs beside the toy."""


def test_one_more_chapter_scores_photographs(project: Path) -> None:
    photo = next((project / "data/raw/phantoms/repaired").rglob("*.png"))
    assert list(open_readers(project, OTHERS).readers) == ["brightness"]
    without = [word for name in OTHERS for word in ("--without", name)]
    done = CliRunner().invoke(app, ["score", str(photo), "--json", *without, "--out", "pages"])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    (record,) = json.loads(done.stdout)
    assert 0 < record["brightness"]["mean"] < 1
    assert record["state"] == "measured"
    said = CliRunner().invoke(app, ["score", str(photo), *without]).stdout
    assert "mean brightness" in said
    assert "Brightness is a toy." in said
    assert max(len(line) for line in said.splitlines()) <= 80
    said = CliRunner().invoke(app, ["score", "nobody.jpg", *without]).stdout
    assert "Not measured: cannot be read: No such file" in said
    assert "Brightness is a toy." not in said  # nothing was read in it


def test_one_more_chapter_says_before_a_run_what_it_needs(project: Path) -> None:
    said = json.loads(CliRunner().invoke(app, ["check", "--json"]).stdout)
    own = [(row["level"], row["said"]) for row in said if row["about"] == "brightness"]
    add = "add clips of two people after repair, in the dark (2 needed, 0 there)"
    skipped = f"brightness at night will be skipped: {add}"
    assert own == [("warning", skipped)]


def test_the_guide_names_all_that_a_chapter_has() -> None:
    """CONTRIBUTING.md, against the protocol and against the toy, which mypy holds to be a whole system."""
    whole: System = toy_chapter
    listed = [name for name in vars(System) if not name.startswith("_")]
    guide = (PROJECT / "CONTRIBUTING.md").read_text()
    chapter = guide[guide.index("4. **Chapter.**") : guide.index("5. **Tests.**")]
    assert [name for name in listed if f"`{name}`" not in chapter] == []
    assert [name for name in listed if not hasattr(whole, name)] == []


def test_a_folder_of_photographs_becomes_one_table(project: Path, tmp_path: Path) -> None:
    """Verdict first, numbers as numbers, the notices beside them; a refused file costs itself alone."""
    mine = tmp_path / "mine"
    (mine / "more").mkdir(parents=True)
    photos = sorted((project / "data/raw/phantoms/repaired").rglob("*.png"))[:2]
    shutil.copy(photos[0], mine / "=1+1.png")
    (mine / "more/broken.JPG").write_bytes(b"no picture")
    (mine / "list.txt").touch()
    picture = cv2.imread(str(photos[1]))
    assert picture is not None
    cv2.imwrite(str(mine / "unknown.png"), cv2.convertScaleAbs(picture, alpha=0.97))
    asked = ["score", str(mine), "--without", "anomaly"]
    done = CliRunner().invoke(app, [*asked, "--table", "all.xlsx"])
    assert isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == 1, done.output
    assert max(len(line) for line in done.stdout.splitlines()) <= 80
    assert done.stdout.index("=1+1.png") < done.stdout.index("unknown.png") < done.stdout.index("Read this too")
    assert done.stdout.index("Read this too") > done.stdout.rindex("Not measured: ")
    if "How far to trust this:" in done.stdout:  # a network that may be guessing says so in place of it
        assert "unseen people" in done.stdout.partition("How far to trust this:")[2]
    header: Any
    rows: list[Any]
    header, *rows = active(openpyxl.load_workbook("all.xlsx")).iter_rows(values_only=True)
    named = {Path(str(row[0])).name: dict(zip(header, row, strict=True)) for row in rows}
    assert {name: own["state"] for name, own in named.items()} == {
        "=1+1.png": "measured",
        "broken.JPG": "refused",
        "unknown.png": "not valid",
    }
    assert isinstance(named["=1+1.png"]["lip outline D"], float)
    assert named["broken.JPG"]["lip outline D"] is None
    assert "not valid here: the networks know drawn faces only" in named["unknown.png"]["verdict"]
    assert "1 other file was passed over" in named["unknown.png"]["notices"]
    records = json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)
    assert [record["verdict"] for record in records] == [row[1] for row in rows]
    assert isinstance(records[0]["quality"]["yaw_deg"], float)
    for own in records[0]["symmetry"].values():  # a network of a minute: the verdict says what it is worth
        tested = own["tested"]
        weak = min(tested["accuracy_interval"][0] or 0, tested["auc_interval"][0] or 0) <= 0.5
        assert own["stands_out"] is None if weak else tested["unseen_people"] > 0
        assert own["doubt"] or f"{tested['unseen_people']} unseen" in records[0]["verdict"]


def test_a_table_that_cannot_be_written_is_said_before_the_work(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = next((project / "data/raw/phantoms/repaired").rglob("*.png"))
    done = CliRunner().invoke(app, ["score", str(photo), "--table", "all.ods"])
    assert isinstance(done.exception, InputError)
    assert "all.ods: a table is written as .csv or .xlsx" in str(done.exception)


def test_what_was_scored_before_an_interruption_is_in_the_table(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photos = [str(path) for path in sorted((project / "data/raw/phantoms/repaired").rglob("*.png"))[:3]]
    whole = scoring.score

    def score(path: Any, *given: Any, **named: Any) -> Any:
        if str(path) == photos[2]:
            raise KeyboardInterrupt
        return whole(path, *given, **named)

    monkeypatch.setattr(scoring, "score", score)
    done = CliRunner().invoke(app, ["score", *photos, "--without", "anomaly", "--table", "all.csv"])
    assert (done.exit_code, "2 of 3 photographs scored" in done.stderr) == (130, True)
    assert len(Path("all.csv").read_text(encoding="utf-8-sig").splitlines()) == 3


def test_the_first_page_names_what_is_still_to_come(project: Path) -> None:
    out = project / "data/reports/first.html"
    report_first.fn(system=project / "data/symmetry", ingest=project / "data/ingest", out=out)
    page = re.sub(r"\s+", " ", out.read_text())
    to_come = len(CHAPTERS)  # all but the first, and the toy
    assert page.count("this page was written") == 2 * to_come  # in front and in the chapter
    assert 'aria-label="Table 1"' in page


def test_a_network_that_was_not_evaluated_is_not_read(project: Path) -> None:
    """A threshold of another network says nothing: the system is left out, with the reason."""
    photo = str(next((project / "data/raw/phantoms/repaired").rglob("*.png")))
    model = project / "data/symmetry/clp/model/model.safetensors"
    other = model.with_name("other")
    shutil.copy(project / "data/symmetry/temporal/model/model.safetensors", other)
    other.replace(model)
    (record,) = json.loads(CliRunner().invoke(app, ["score", photo, "--json", "--without", "anomaly"]).stdout)
    assert set(record["symmetry"]) == {"temporal"}
    assert "Lip outline was not read: its network is not the one that was evaluated" in str(record["notices"])


def test_a_photograph_goes_through_the_numbers_of_its_cohort(project: Path) -> None:
    """What params.yaml says today makes no score that the cohort's can be compared with."""
    photo = str(next((project / "data/raw/phantoms/repaired").rglob("*.png")))
    asked = ["score", photo, "--json", "--without", "symmetry"]
    (before,) = json.loads(CliRunner().invoke(app, asked).stdout)
    set_number(project, "anomaly_invert", "iterations", 3)
    (after,) = json.loads(CliRunner().invoke(app, asked).stdout)
    assert after["anomaly"] == before["anomaly"]
    assert before["anomaly"]["score"] is not None


@pytest.mark.parametrize("content", ["{", '{"anomaly": {"anomaly": {"x": NaN}}}', "[]", '{"clp": {"auc": 1.5}}'])
def test_damaged_results_are_one_line(project: Path, content: str) -> None:
    (project / "data/reports/summary.json").write_text(content)
    done = CliRunner().invoke(app, ["results"])
    assert isinstance(done.exception, InputError)
    assert "summary.json" in str(done.exception)
    assert "run `dvc repro`" in str(done.exception)


def test_a_folder_of_the_project_is_the_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project / "data")
    assert project_root() == project
