"""The anomaly stages on a small project: what each writes, and what a change computes again."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flows.repository.verification import stale
from tasks.anomaly.checkpoints import load_generator
from tasks.base import tables
from tasks.base.digests import file_digest
from tasks.base.images import decode_png
from tasks.evaluation.metrics import read_records
from tasks.faces.cohort import split_of
from tasks.params import load
from tasks.params.anomaly import AnomalyAdapt, AnomalyGenerator, AnomalyInvert
from tasks.schemas.anomaly import (
    ADAPTATIONS,
    ANOMALY_MAPS,
    ANOMALY_SCORES,
    INVERSIONS,
)
from tasks.schemas.faces import ALIGNED
from tasks.schemas.ingest import IMAGES, LANDMARKS
from tasks.schemas.inpainting import FILLINGS
from tests.here import stages
from tests.project import copy_project, run, set_number

SIZE = 32


def table(project: Any, name: Any, schema: Any) -> Any:
    return tables.read(project / "data/anomaly" / name, schema).to_pandas()


def test_anomaly_align_has_every_photograph(built: Path) -> None:
    aligned = table(built, "aligned", ALIGNED)
    landmarks = tables.read(built / "data/ingest/landmarks", LANDMARKS).to_pandas()
    stills = tables.read(built / "data/ingest/images", IMAGES).to_pandas().query("kind == 'still'")
    assert set(aligned["image_id"]) == set(stills["image_id"])
    assert set(aligned.loc[aligned["reason"].notna(), "image_id"]) >= set(
        landmarks.loc[landmarks["reason"].notna() & landmarks["image_id"].isin(stills["image_id"]), "image_id"]
    )
    good = aligned[aligned["reason"].isna()]
    assert all(decode_png(png).shape == (SIZE, SIZE, 3) for png in good["picture"])


def test_anomaly_generator_is_a_generator_of_that_size(built: Path) -> None:
    generator = load_generator(built / "data/anomaly/generator/generator.safetensors")
    assert generator.resolution == SIZE
    assert generator.mapper.w_mean.abs().sum() > 0


def test_anomaly_invert_leaves_out_whoever_trained_the_generator(built: Path) -> None:
    settings = load(AnomalyGenerator, "anomaly_generator", built / "params.yaml")
    aligned = table(built, "aligned", ALIGNED)
    teaching = [
        split_of(settings).trains(who, kind) for who, kind in zip(aligned.subject_id, aligned.population, strict=True)
    ]
    assert 0 < sum(teaching) < len(aligned)
    inverted = table(built, "inversions", INVERSIONS)
    asked = load(AnomalyInvert, "anomaly_invert", built / "params.yaml").populations
    assert "unrepaired" not in asked
    wanted = aligned.loc[~np.array(teaching) & aligned["population"].isin(asked), "image_id"]
    assert set(inverted["image_id"]) == set(wanted)
    assert set(aligned.loc[aligned["population"] == "repaired", "image_id"]) <= set(inverted["image_id"])


def test_anomaly_adapt_keeps_the_steps(built: Path) -> None:
    adapted = table(built, "adaptations", ADAPTATIONS)
    settings = load(AnomalyAdapt, "anomaly_adapt", built / "params.yaml")
    good = adapted[adapted["reason"].isna()]
    assert set(good.groupby("image_id")["step"].apply(tuple)) == {(0, 2, 4)}
    assert settings.iterations == 2
    losses = good.pivot(index="image_id", columns="step", values="loss")
    assert (losses[4] < losses[0]).mean() > 0.9


def test_anomaly_score_gives_48_scores_a_photograph_and_a_heatmap(built: Path) -> None:
    scores = table(built, "scores", ANOMALY_SCORES)
    counted = scores[scores["step"].isin([0, 2])].groupby("image_id").size()
    inverted = set(table(built, "inversions", INVERSIONS)["image_id"])
    assert set(counted.index) == inverted
    assert (counted == 48).all()
    assert scores.loc[scores["reason"].isna(), "score"].between(-5, 40).all()
    maps = table(built, "maps", ANOMALY_MAPS)
    assert set(maps["image_id"]) == inverted
    assert (maps.loc[maps["reason"].isna(), "heat_high"] > 0).all()


def test_another_erosion_inverts_nobody_and_one_photograph_less_computes_nothing_anew(
    built: Path, tmp_path: Path
) -> None:
    project = copy_project(built, tmp_path / "project")
    set_number(project, "anomaly_score", "erosion", 5)
    assert [name for name in stale(project) if name.startswith("anomaly")] == ["anomaly_score"]
    before = table(project, "scores", ANOMALY_SCORES)
    stages(project, "anomaly_score")
    assert not table(project, "scores", ANOMALY_SCORES)["score"].equals(before["score"])
    gone = next((project / "data/raw/phantoms/repaired").glob("*/0.png"))
    images = project / "data/raw/phantoms/images.csv"
    name = str(gone.relative_to(project / "data/raw/phantoms"))
    images.write_text("".join(line for line in images.read_text().splitlines(True) if not line.startswith(name)))
    gone.unlink()
    names = ("ingest_images", "ingest_frames", "ingest_landmarks", "anomaly_align", "anomaly_generator")
    said = stages(project, *names, "anomaly_invert", "anomaly_adapt")
    assert "anomaly_generator: reused" in said
    for stage in ("anomaly_invert", "anomaly_adapt"):
        assert re.search(rf"{stage}: \d+ buckets reused .*; 0 buckets computed", said), said[-2000:]


@pytest.mark.long
def test_a_photograph_can_be_held_against_its_own_filling(built: Path, tmp_path: Path) -> None:
    """The numbers, the report and a single photograph's page then say so; nothing of the generator is read."""
    project = copy_project(built, tmp_path / "project")
    set_number(project, "anomaly_score", "normal", "data/inpainting/fillings")
    assert [name for name in stale(project) if name.startswith("anomaly")] == ["anomaly_score"]
    stages(project, "anomaly_score", "evaluate", "report")
    scores = table(project, "scores", ANOMALY_SCORES)
    fillings = tables.read(project / "data/inpainting/fillings", FILLINGS).to_pandas()
    assert set(scores["image_id"]) == set(fillings["image_id"])
    assert set(scores["step"]) == {0}
    record = read_records(project / "data/reports/metrics.json")["anomaly"]
    assert record["against"] == "filling"
    page = (project / "data/reports/index.html").read_text()
    assert "against its own filling by the inpainting network" in page
    assert "nearest face that the generator draws" not in page
    photograph = next((project / "data/raw/phantoms/repaired").glob("*/0.png"))
    said = run(project, "vermilion", "score", str(photograph), "--json", "--out", "pages").stdout
    found = json.loads(said)[0]["anomaly"]
    image_id = file_digest(photograph)
    own = scores[scores["image_id"] == image_id]
    for name in ("heatmap", "processing", "region"):
        own = own[own[name] == found[name]]
    assert found["score"] == pytest.approx(float(own["score"].iloc[0]), abs=1e-6)
    (shown,) = (project / "pages").glob("*.html")
    assert "its own face with lips and nose filled" in shown.read_text()
