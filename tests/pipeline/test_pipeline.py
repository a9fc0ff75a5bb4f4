"""The whole DAG in a repository of its own: real DVC, drawn faces, a tiny network. Slow, so one run serves many tests.

Every stage's out is checked here: phantoms_draw, ingest_images, ingest_ratings, ingest_frames, ingest_landmarks,
ingest_lips, symmetry_warp, symmetry_pairs, symmetry_train, symmetry_distances, symmetry_baselines, evaluate, report.
"""

import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import cv2
import pandas as pd
import pytest

from flows import PROJECT
from tasks import params
from tasks.base import tables
from tasks.params.evaluation import Score
from tasks.schemas.anomaly import ANOMALY_SCORES
from tasks.schemas.evaluation import SCORES
from tasks.schemas.ingest import FRAMES, IMAGES, LANDMARKS, LIPS, RATINGS, REFERENCES, REFUSALS
from tasks.schemas.symmetry import BASELINES, CURVES, DISTANCES, HALVES, PAIR_DISTANCES, PAIRS, WARPS
from tests.here import stages, vermilion
from tests.project import SMALL, connections, copy_project, lock, make_project, outs, run, set_number, started

OUTS = {
    "ingest/images": IMAGES,
    "ingest/images_refused.parquet": REFUSALS,
    "ingest/ratings.parquet": RATINGS,
    "ingest/references.parquet": REFERENCES,
    "ingest/frames": FRAMES,
    "ingest/landmarks": LANDMARKS,
    "ingest/lips": LIPS,
    "symmetry/warps": WARPS,
    "symmetry/clp/pairs/pairs.parquet": PAIRS,
    "symmetry/temporal/pairs/halves": HALVES,
    "symmetry/clp/model/curves.parquet": CURVES,
    "symmetry/temporal/distances/pairs.parquet": PAIR_DISTANCES,
    "symmetry/clp/distances/photographs": DISTANCES,
    "symmetry/baselines": BASELINES,
    "evaluation/scores.parquet": SCORES,
}


@pytest.fixture(scope="module")
def project(built: Path) -> Path:
    return built


@pytest.mark.parametrize("out", OUTS)
def test_every_stage_leaves_a_table_that_fits_its_schema(project: Path, out: Any) -> None:
    table = tables.read(project / "data" / out, OUTS[out])
    assert table.num_rows or out.endswith("refused.parquet")
    assert tables.provenance_of(project / "data" / out)["stage"]


def test_a_second_repro_does_nothing(project: Path) -> None:
    assert "Data and pipelines are up to date" in run(project, "dvc", "repro").stdout
    assert json.loads(run(project, "dvc", "status", "--json").stdout) == {}


def test_the_store_holds_what_the_stages_use_and_collecting_removes_nothing(project: Path) -> None:
    held = json.loads(vermilion(project, "artifacts", "--json").stdout)
    assert {"ingest_lips", "symmetry_train@clp", "symmetry_distances@temporal"} < set(held["stages"])
    assert set(held["stages"]) < set(lock(project))
    assert all(row["results"] == row["in_use"] > 0 == row["free_bytes"] for row in held["stages"].values())
    assert held["leftovers"]["bytes"] == 0
    removed = json.loads(vermilion(project, "artifacts", "collect", "--json").stdout)
    assert removed == {"removed": True, "results": 0, "files": 0, "bytes": 0}


@pytest.mark.long
def test_two_runs_from_scratch_give_the_same_digests(project: Path, tmp_path: Path) -> None:
    other = make_project(tmp_path / "other", SMALL)
    started(other, "vermilion", "rebuild")  # with another seed of hashes
    assert not connections(other).exists(), "something tried to reach the net"
    first, second = lock(project), lock(other)
    assert {name: outs(stage) for name, stage in first.items()} == {name: outs(stage) for name, stage in second.items()}


def test_a_whole_run_opens_no_connection(project: Path) -> None:
    log = connections(project)
    run(project, "python", "-c", "import socket; socket.socket().connect_ex(('127.0.0.1', 9))")
    lines = log.read_text().splitlines()
    assert len(lines) == 1, f"something tried to reach the net: {lines}"
    assert "127.0.0.1" in lines[0]


def test_no_subject_crosses_splits_and_no_patient_trains(project: Path) -> None:
    listed = tables.read(project / "data/ingest/images", IMAGES, ["subject_id", "population"]).to_pylist()
    population = {row["subject_id"]: row["population"] for row in listed}
    for strategy in ("clp", "temporal"):
        pairs = tables.read(project / f"data/symmetry/{strategy}/pairs/pairs.parquet", PAIRS).to_pandas()
        assert (pairs.groupby("subject_id")["split"].nunique() == 1).all()
        assert {population[subject] for subject in pairs["subject_id"]} == {"control"}
        assert (pairs.groupby("split")["label"].mean() == 0.5).all()


def test_metrics_have_both_strategies_with_intervals(project: Path) -> None:
    metrics = json.loads((project / "data/reports/metrics.json").read_text())
    for strategy in ("clp", "temporal"):
        record = metrics["symmetry"]["strategies"][strategy]
        assert set(record["binary"]) == {"train", "validation", "test"}
        assert {"medical", "lay"} <= set(record["ratings"])
        assert "drawn_severity" in record["references"]
        assert {"value", "low", "high"} <= set(record["binary"]["test"]["accuracy"])
    shown = run(project, "dvc", "metrics", "show", "--json").stdout
    assert "test_accuracy" in shown


def test_the_report_needs_no_other_file_and_says_what_was_drawn(project: Path) -> None:
    page = (project / "data/reports/index.html").read_text()
    assert "drawn face" in page
    assert "random weights" in page
    assert 'src="http' not in page
    assert "<script src" not in page
    assert len(list((project / "data/reports/figures").glob("*.png"))) >= 4


def test_dvcs_own_commands_work(project: Path) -> None:
    assert "symmetry_train@clp" in run(project, "dvc", "dag").stdout
    run(project, "dvc", "plots", "show")
    assert "jsdelivr" not in (project / "dvc_plots/index.html").read_text()
    assert run(project, "dvc", "metrics", "diff").returncode == 0
    shutil.rmtree(project / "dvc_plots")


def test_a_steward_adds_a_photograph_nothing_trains_and_one_bucket_is_computed(project: Path, tmp_path: Path) -> None:
    copy = copy_project(project, tmp_path / "copy")
    old = next((project / "data/raw/phantoms/repaired").rglob("*.png"))
    new = tmp_path / "new"
    new.mkdir()
    picture = cv2.imread(str(old))
    assert picture is not None
    cv2.imwrite(str(new / "new.png"), cv2.convertScaleAbs(picture, alpha=0.98))
    (new / "images.csv").write_text("path,subject_id,population,consent\nnew.png,new,repaired,drawn\n")
    (new / "ratings.csv").write_text("path,rater_id,rater_role,scale,score\nnew.png,surgeon,medical,CARS,2\n")
    trained = outs(lock(copy)["symmetry_train@clp"])
    said = run(copy, "vermilion", "ratings", "add", str(new), "--run").stdout
    assert "added as batch" in said
    one = (
        "ingest_landmarks",
        "ingest_lips",
        "symmetry_baselines",
        "symmetry_distances@clp",
        "anomaly_invert",
        "anomaly_adapt",
        "inpainting_fill",
        "anthropometry_points",
        "anthropometry_measure",
    )
    for stage in one:
        assert re.search(rf"{stage}: .*; 1 buckets computed", said), said
    assert "Running stage 'symmetry_train@clp'" not in said
    assert "inpainting_train: computing" not in said
    assert outs(lock(copy)["symmetry_train@clp"]) == trained
    before, after = (len(tables.read(f / "data/evaluation/scores.parquet", SCORES)) for f in (project, copy))
    assert after == before + 9


def test_vermilion_scores_photographs_and_says_why_not(project: Path, tmp_path: Path) -> None:
    good = next((project / "data/raw/phantoms/repaired").rglob("*.png"))
    bad = tmp_path / "bad.jpg"
    bad.write_text("no picture")
    pages = tmp_path / "pages"
    done = vermilion(project, "score", str(good), str(bad), "--json", "--out", str(pages))
    assert done.returncode == 1, done.stderr
    fine, refused = json.loads(done.stdout)
    assert set(fine["symmetry"]) == {"clp", "temporal"}
    assert fine["reason"] is None
    assert "not a picture" in refused["reason"]
    assert refused["symmetry"] is None
    known = tables.read(project / "data/symmetry/clp/distances/photographs", DISTANCES).to_pylist()
    same = next(row for row in known if row["image_id"] == fine["image_id"])
    assert fine["symmetry"]["clp"]["distance"] == same["distance"]
    reach = params.load(Score, "score", project / "params.yaml").reach  # the report marks what `score` would not count
    assert fine["symmetry"]["clp"]["interval"][1] == pytest.approx(same["distance"] + reach * same["change"], abs=2e-6)
    scores = tables.read(project / "data/anomaly/scores", ANOMALY_SCORES).to_pandas()
    own = {name: fine["anomaly"][name] for name in ("heatmap", "processing", "region")}
    there = scores[(scores[list(own)] == pd.Series(own)).all(axis=1) & (scores["image_id"] == fine["image_id"])]
    inverted_among_others = there.loc[there["step"] == 2, "score"].item()
    assert fine["anomaly"]["score"] == pytest.approx(inverted_among_others, rel=0.01)
    assert set(fine["anomaly"]["percentile_among"]) == {"unseen_controls", "patients"}
    page, _ = sorted(pages.glob("*.html"))
    assert page.read_text().count("data:image/jpeg") == 4 + 3 + 1  # anomaly, inpainting, anthropometry
    table = vermilion(project, "score", str(good.relative_to(project)), "--without", "anomaly")
    assert table.returncode == 0
    assert table.stdout.startswith(f"{good.relative_to(project)}\n")
    assert max(len(line) for line in table.stdout.splitlines()) <= 80


def test_vermilion_results_prints_the_table_and_the_report(project: Path) -> None:
    done = vermilion(project, "results")
    assert "test accuracy" in done.stdout
    assert "On these pictures: " in done.stdout and "drawn" in done.stdout
    assert str(project / "data/reports/index.html") in done.stdout


def test_without_models_vermilion_says_what_to_run(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "fresh", SMALL)
    done = vermilion(folder, "score", "any.jpg")
    assert done.returncode == 2
    assert "dvc repro" in done.stderr


@pytest.mark.long
def test_what_operations_advises_to_look_at_fits_a_terminal(built: Path, tmp_path: Path) -> None:
    """The commands as the page quotes them, after an experiment, with every headline number changed."""
    project = copy_project(built, tmp_path / "project")
    page = (PROJECT / "docs/operations.md").read_text()
    block = page[page.index("## Rebuild, look, compare") :].split("```")[1]
    lines = [line.partition("  #")[0].strip() for line in block.splitlines()[1:]]
    run(project, "dvc", "exp", "run", "-S", "report.examples=1")  # cheap; the one that is quoted trains
    summary = project / "data/reports/summary.json"
    summary.write_text(re.sub(r"\b0\.\d+", "0.12345678", summary.read_text()))
    looking = [line for line in lines if line and not line.startswith(("dvc repro", "dvc exp run", "dvc plots"))]
    said = {line: run(project, *shlex.split(line), COLUMNS="80").stdout for line in looking}
    # sentences, which a terminal breaks
    sentence = re.compile(r"report: |Of these results: |On these pictures: |.* was not measured: ")
    widths = {
        line: max(len(row) for row in text.splitlines() if not sentence.match(row)) for line, text in said.items()
    }
    assert widths.pop("dvc metrics diff --no-path") <= 90
    wide = {
        line: [row for row in text.splitlines() if len(row) > 80 and not sentence.match(row)]
        for line, text in said.items()
    }
    assert max(widths.values()) <= 80, wide
    found = " ".join(said.values())
    for word in (
        "Experiment",
        "node1",
        "symmetry_train@clp",
        "report.examples",
        "symmetry.clp.test_auc",
        "symmetry_train.margin",
    ):
        assert word in found


def test_a_clone_with_the_demos_numbers_scores_nothing_and_says_whose_they_are(project: Path, tmp_path: Path) -> None:
    """metrics.json and summary.json are in git; networks, tables and the report are not."""
    folder = make_project(tmp_path / "fresh", SMALL)
    (folder / "data/reports").mkdir(parents=True)
    for name in ("metrics.json", "summary.json"):
        shutil.copy(project / "data/reports" / name, folder / "data/reports" / name)
    done = vermilion(folder, "score", "any.jpg")
    assert (done.returncode, "there is no trained network; run `dvc repro`" in done.stderr) == (2, True), done.stderr
    said = vermilion(folder, "results").stdout
    assert "no report is here: these numbers came with the files (the demo's drawn faces)" in said
    assert "index.html" not in said


def test_the_demo_is_not_drawn_beside_own_data(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "own", SMALL)
    set_number(folder, "data", "raw", "mine")
    said = stages(folder, "phantoms_draw")
    assert "phantoms_draw: nothing to do: data.raw is mine" in said
    assert [path.name for path in (folder / "data/raw/phantoms").iterdir()] == ["absent.json"]
