"""The inpainting stages on a small project: what each writes, and what a change computes again."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from tasks.base import tables
from tasks.base.images import decode_png, read
from tasks.base.tables import Schema
from tasks.faces.cohort import split_of
from tasks.inpainting.network import weights
from tasks.inpainting.network.training import controls_of
from tasks.params import load
from tasks.params.inpainting import InpaintingTrain
from tasks.schemas.faces import ALIGNED
from tasks.schemas.ingest import IMAGES
from tasks.schemas.inpainting import AFTER, FILLING_DISTANCES, FILLINGS, INPAINTING_CURVES, NEARNESS, NETWORK_FILE
from tests.here import stages
from tests.project import copy_project, set_number

SIZE, KEPT = 32, 64


def table(project: Path, name: str, schema: Schema) -> pd.DataFrame:
    found: pd.DataFrame = tables.read(project / "data/inpainting" / name, schema).to_pandas()
    return found


def settings(project: Path) -> InpaintingTrain:
    return load(InpaintingTrain, "inpainting_train", project / "params.yaml")


def test_phantoms_uncleft_draws_the_same_stills_without_the_cleft(built: Path) -> None:
    drawn = sorted((built / "data/raw/phantoms/unrepaired").rglob("*.png"))
    truths = [built / "data/uncleft" / path.relative_to(built / "data/raw/phantoms") for path in drawn]
    assert sorted((built / "data/uncleft").rglob("*.png")) == truths
    for one, other in zip(map(read, drawn), map(read, truths), strict=True):
        differs = (one != other).any(axis=2)
        rows = np.flatnonzero(differs.any(axis=1))
        assert differs.any()
        assert rows.min() > 0.35 * len(one)  # nose and lips alone


def test_inpainting_align_crops_to_the_networks_size(built: Path) -> None:
    aligned = table(built, "aligned", ALIGNED)
    assert {decode_png(png).shape for png in aligned["picture"].dropna()} == {(SIZE, SIZE, 3)}


def test_inpainting_train_learns_from_controls_alone(built: Path) -> None:
    network, size = weights.load(built / "data/inpainting/model" / NETWORK_FILE)
    assert size == SIZE
    assert network.settings == settings(built).network
    assert table(built, "model/curves.parquet", INPAINTING_CURVES)["step"].tolist() == [2, 4]
    aligned = tables.read(built / "data/inpainting/aligned", ALIGNED)
    controls = [row for row in aligned.to_pylist() if row["population"] == "control"]
    training, held_out = controls_of(ALIGNED.table(controls), settings=settings(built))
    assert len(training.pictures) + len(held_out.pictures) == len(controls)


def test_inpainting_fill_fills_patients_and_controls_who_taught_nothing(built: Path) -> None:
    found, own = table(built, "fillings", FILLINGS), settings(built)
    stills = tables.read(built / "data/ingest/images", IMAGES).to_pandas().query("kind == 'still'")
    asked = [
        not split_of(own).trains(who, population)
        for who, population in zip(stills["subject_id"], stills["population"], strict=True)
    ]
    assert set(found["image_id"]) == set(stills.loc[asked, "image_id"])
    good = found[found["reason"].isna()]
    assert set(good["proposal"]) == {0, 1}
    for row in good.to_dict("records"):
        photograph, filled, mask = (decode_png(row[name]) for name in ("photograph", "filled", "mask"))
        assert photograph.shape == (KEPT, KEPT, 3)
        assert np.array_equal(photograph[mask == 0], filled[mask == 0])
        assert not np.array_equal(photograph[mask > 0], filled[mask > 0])


def test_inpainting_measure_holds_fillings_against_the_face_without_the_cleft(built: Path) -> None:
    found, after = table(built, "nearness", NEARNESS), table(built, "after", AFTER)
    fillings = table(built, "fillings", FILLINGS)
    patients = fillings[(fillings["population"] == "unrepaired") & fillings["reason"].isna()]
    assert set(after["image_id"]) == set(patients["image_id"])
    assert set(after["against"]) == {"without the cleft"}
    assert found.groupby("image_id")["method"].apply(sorted).tolist() == [["input", "network", "ns", "telea"]] * len(
        after
    )
    for image_id, png in zip(after["image_id"], after["picture"], strict=True):
        row = patients[patients["image_id"] == image_id].iloc[0]
        mask = decode_png(row["mask"])[..., 0] > 0
        apart = np.abs(decode_png(png).astype(int) - decode_png(row["photograph"])).max(axis=2)
        assert apart[~mask].mean() < 0.5  # pixel on pixel
        assert (apart[mask] > 16).sum() >= 0.99 * (apart > 16).sum()  # the cleft lies under the mask
    distances = table(built, "distances", FILLING_DISTANCES)
    assert set(distances["image_id"]) == set(fillings["image_id"])
    assert (distances.loc[distances["reason"].isna(), ["pse", "ssim", "lpips"]] > 0).all(axis=None)


def test_a_changed_margin_trains_nothing_and_fills_all(built: Path, tmp_path: Path) -> None:
    project = copy_project(built, tmp_path / "project")
    set_number(project, "inpainting_fill", "around", 0.35)
    said = stages(project, "inpainting_train", "inpainting_fill")
    assert "inpainting_train: reused" in said
    assert re.search(r"inpainting_fill: 0 buckets reused .* \d+ buckets computed", said)
