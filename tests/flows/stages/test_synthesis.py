"""The synthesis stages in a project that has run: what each leaves, and what a change makes them do again."""

import csv
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image

from tasks.base import tables
from tasks.schemas.ingest import IMAGES
from tasks.schemas.synthesis import (
    CAPTIONS,
    CONDITIONS,
    EMBEDDINGS,
    GENERATED,
    IDENTITY,
    LATENTS,
    PROMPT_COVERAGE,
    PROMPTS,
    SCREENED,
    TEXTS,
)
from tests.here import stages
from tests.project import copy_project, set_number

FOLDER = "data/synthesis"


def table(project: Path, name: str, schema: Any) -> pd.DataFrame:
    found: pd.DataFrame = tables.read(project / FOLDER / name, schema).to_pandas()
    return found


@pytest.fixture(scope="module")
def captions(built: Path) -> pd.DataFrame:
    return table(built, "captions", CAPTIONS)


def test_synthesis_captions_has_every_patient_and_the_trigger_once(built: Path, captions: pd.DataFrame) -> None:
    images = tables.read(built / "data/ingest/images", IMAGES).to_pandas().query("kind == 'still'")
    patients = images[images["population"] != "control"]
    assert set(patients["image_id"]) <= set(captions["image_id"])
    known = captions[captions["reason"].isna()]
    for condition, trigger in (("pre", "[CLP] "), ("post", "[CLPrep] ")):
        own = known[known["condition"] == condition]
        assert len(own)
        assert own["prompt"].str.startswith(trigger).all()
        assert (own["prompt"].str.count("CLP") == 1).all()
    assert not captions.query("condition == 'control'")["prompt"].fillna("").str.contains("CLP").any()
    assert captions.groupby("subject_id")["split"].nunique().max() == 1


def test_synthesis_cache_keeps_those_who_train_and_their_mirror_images(built: Path, captions: pd.DataFrame) -> None:
    training = set(captions.query("split == 'train' and reason.isna()")["image_id"])
    latents, texts = table(built, "latents", LATENTS), table(built, "texts", TEXTS)
    assert set(latents["image_id"]) == training
    assert (latents.groupby("image_id")["flipped"].nunique() == 2).all()
    assert training <= set(texts["image_id"])


def test_synthesis_base_is_a_stand_in_that_says_so(built: Path) -> None:
    manifest = json.loads((built / FOLDER / "base/base.json").read_text())
    assert manifest["stand_in"] is True
    assert (built / FOLDER / "base/model_index.json").exists()


@pytest.mark.parametrize("condition", CONDITIONS)
def test_synthesis_train_leaves_an_adapter_its_card_and_its_samples(built: Path, condition: Any) -> None:
    folder = built / FOLDER / condition / "adapter"
    assert (folder / "pytorch_lora_weights.safetensors").stat().st_size > 1000
    assert "stand-in" in (folder / "README.md").read_text()
    assert list((folder / "samples").glob("*.png"))


def test_synthesis_prompts_and_synthesis_generate_agree(built: Path) -> None:
    prompts = table(built, "prompts", PROMPTS)
    assert prompts.groupby("condition").size().to_dict() == {"pre": 4, "post": 4}
    for condition in CONDITIONS:
        generated = table(built, f"{condition}/generated", GENERATED)
        assert set(generated["image_id"]) == set(prompts.query("condition == @condition")["image_id"])
        assert generated["picture"].notna().all()
    coverage = table(built, "prompt_coverage.parquet", PROMPT_COVERAGE)
    assert set(coverage["part"]) >= {"person", "skin_tone", "hair", "eyes", "cleft"}


def test_synthesis_screen_and_synthesis_identity_know_every_picture(built: Path, captions: pd.DataFrame) -> None:
    ids = set(table(built, "prompts", PROMPTS)["image_id"])
    screened = pd.concat(table(built, f"screened/{condition}", SCREENED) for condition in CONDITIONS)
    identity = table(built, "identity.parquet", IDENTITY)
    assert set(screened["image_id"]) == set(identity["image_id"]) == ids
    assert not identity.query("reason.isna() and matches > 0")["quarantined"].eq(False).any()
    known = table(built, "embeddings/photographs", EMBEDDINGS)
    learnt_from = captions.query("reason.isna() and split == 'train'")
    assert set(known["image_id"]) == set(learnt_from["image_id"])


def test_synthesis_measure_and_synthesis_classify_leave_finite_numbers(built: Path) -> None:
    measures = json.loads((built / FOLDER / "measures.json").read_text(), parse_constant=pytest.fail)
    assert set(measures) == {"identity", "fidelity", "diversity", "network"}
    assert measures["fidelity"]["all"]["n_generated"] == 8
    assert measures["fidelity"]["all"]["fid"] > 0
    assert (built / FOLDER / "classified.parquet").exists()


def test_synthesis_release_shows_what_nobody_doubts(built: Path) -> None:
    screened = pd.concat(table(built, f"screened/{condition}", SCREENED) for condition in CONDITIONS)
    clear = set(screened[screened["flags"].map(len).eq(0) & screened["reason"].isna()]["image_id"])
    clear -= set(table(built, "identity.parquet", IDENTITY).query("quarantined")["image_id"])
    folder = built / FOLDER / "released"
    with (folder / "released.csv").open() as lines:
        listed = list(csv.DictReader(lines))
    pictures = sorted(folder.rglob("*.png"))
    assert len(listed) == len(pictures) == len(clear)
    for path in pictures:
        with Image.open(path) as picture:
            assert "not a photograph" in picture.info["Description"]


def test_more_pictures_draw_only_the_new_ones_and_an_edited_caption_reaches_the_training(
    built: Path, tmp_path: Path
) -> None:
    project = copy_project(built, tmp_path / "project")
    set_number(project, "synthesis_prompts", "count", 6)
    said = stages(project, "synthesis_prompts", "synthesis_generate@pre")
    assert "4 buckets reused (4 rows, 0 refused); 2 buckets computed (2 rows, 0 refused)" in said
    image_id = table(project, "captions", CAPTIONS).query("condition == 'pre' and reason.isna()")["image_id"].iloc[0]
    (project / "data/captions/mine.csv").write_text(f"image_id,caption\n{image_id},A baby's whole face with a cleft.\n")
    stages(project, "synthesis_captions")
    row = table(project, "captions", CAPTIONS).set_index("image_id").loc[image_id]
    assert (row["prompt"], row["edited"]) == ("[CLP] A baby's whole face with a cleft.", True)
    (project / "data/captions/mine.csv").write_text(f"image_id,caption\n{'0' * 64},A face.\n")
    with pytest.raises(SystemExit, match="mine.csv"):
        stages(project, "synthesis_captions")
