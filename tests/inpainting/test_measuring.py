"""Held-out controls are measured under every mask by every method, the same wherever and with whomever."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch

from flows import PROJECT
from tasks import params
from tasks.base.images import decode_png
from tasks.base.networks.inception import inception_features
from tasks.errors import InputError
from tasks.faces.cohort import Split
from tasks.inpainting.filling import fill
from tasks.inpainting.measuring import (
    ITSELF,
    drawn_by,
    held_out,
    landmark_errors,
    mask_of,
    measure_photographs,
)
from tasks.inpainting.network import weights
from tasks.inpainting.quality import qualities
from tasks.params.inpainting import InpaintingControls, InpaintingTrain
from tasks.schemas.inpainting import MASK_KINDS, MEASURED_METHODS, QUALITIES
from tests.inpainting.controls import MEASURE, PERCEPTUAL, SIDE, aligned, face, network
from tests.inpainting.test_quality import NETWORK

AROUND = 0.3


def measured(table: pa.Table, file: Path, **changes: object) -> list[dict[str, Any]]:
    settings = InpaintingControls.model_validate(MEASURE | changes)
    found = measure_photographs(
        table, settings=settings, perceptual=PERCEPTUAL, around=AROUND, network=file, weights="/nowhere"
    )
    rows: list[dict[str, Any]] = found.to_pylist()
    return rows


def test_a_row_per_mask_and_method_and_one_of_the_photograph(tmp_path: Path) -> None:
    rows = measured(aligned({"a": 1}, {"lost": "no face found"}), network(tmp_path))
    pairs = {(row["image_id"], row["mask"], row["method"]) for row in rows}
    wanted = {(name, kind, method) for name in ("a", "lost") for kind in MASK_KINDS for method in MEASURED_METHODS}
    assert pairs == wanted | {(name, "none", "photograph") for name in ("a", "lost")}
    own = [row for row in rows if row["image_id"] == "a"]
    assert all(row["reason"] is None and len(row["features"]) == 64 for row in own)
    assert all(np.isfinite(row[name]) for row in own if row["mask"] != "none" for name in QUALITIES)
    lost = [row for row in rows if row["image_id"] == "lost"]
    assert {row["reason"] for row in lost} == {"no face found"}
    assert all(row["features"] is None and row["psnr"] is None for row in lost)
    errors = {row["method"] for row in own if row["landmark_error"] is not None}
    assert errors == {"network"}


def test_what_a_row_says_is_what_the_filling_shows(tmp_path: Path) -> None:
    """One row of the network's by hand, and the blended one's."""
    file = network(tmp_path)
    rows = measured(aligned({"a": 1}), file, channels="grey")
    picture = decode_png(face(1)["picture"])
    points = np.reshape(face(1)["points"], (68, 2))
    mask = mask_of("clinical", "a", points, SIDE, seed=1, around=AROUND)
    own, _ = weights.load(file)
    with torch.inference_mode():
        drawn, _ = drawn_by(own, picture, mask)
    made = {"blended": fill(picture, mask, drawn, ITSELF)}
    made["network"] = picture.copy()
    made["network"][mask] = np.rint(drawn[mask])
    for method, filled in made.items():
        (wanted,) = qualities(picture, [filled], mask, channels="grey", window=7, perceptual=NETWORK)
        (row,) = (r for r in rows if r["method"] == method and r["mask"] == "clinical")
        assert row["masked_psnr"] == pytest.approx(wanted.masked_psnr)
        assert row["ssim"] == pytest.approx(wanted.ssim)
        assert row["share"] == pytest.approx(mask.mean())
        features = inception_features([filled], network="random", dims=64, threads=1, weights="/nowhere")[0]
        np.testing.assert_array_equal(np.float32(row["features"]), features)


def test_who_else_is_in_the_bucket_changes_nothing(tmp_path: Path) -> None:
    file = network(tmp_path)
    together = measured(aligned({"a": 1, "b": 2}), file)
    assert [row for row in together if row["image_id"] == "b"] == measured(aligned({"b": 2}), file)


def test_masks_depend_on_seed_and_photograph_alone() -> None:
    points = np.reshape(face(1)["points"], (68, 2))

    def mask(kind: str, name: str = "a", seed: int = 1, side: int = SIDE) -> np.ndarray:
        return mask_of(kind, name, points, side, seed=seed, around=AROUND)

    for kind, (low, high) in {"0-20": (0, 0.2), "20-40": (0.2, 0.4), "40-60": (0.4, 0.6)}.items():
        assert low < mask(kind).mean() <= high
        assert (mask(kind) == mask(kind)).all()
        assert (mask(kind) != mask(kind, "b")).any() and (mask(kind) != mask(kind, seed=2)).any()
    assert mask("square").mean() == 0.25
    x, y = np.rint(points[48:60]).astype(int).T
    assert mask("clinical")[y, x].all() and mask("clinical").mean() < 0.4


def test_without_a_branch_there_is_no_landmark_error(tmp_path: Path) -> None:
    rows = measured(aligned({"a": 1}), network(tmp_path, landmarks=False))
    assert all(row["landmark_error"] is None and row["reason"] is None for row in rows)


def test_landmark_errors_are_in_eye_distances() -> None:
    points = np.reshape(face(1)["points"], (68, 2))
    eyes = float(np.hypot(*(points[42:48].mean(0) - points[36:42].mean(0))))
    mask = np.zeros((SIDE, SIDE), bool)
    x, y = np.rint(points[48:68]).astype(int).T
    mask[y.min() : y.max() + 1, x.min() : x.max() + 1] = True
    found = points + 0.0
    found[48:68, 0] += eyes / 2
    errors = landmark_errors(found, points, mask)
    assert errors["landmark_error_inside"] == pytest.approx(0.5)
    assert errors["landmark_error_outside"] == pytest.approx(0)
    assert errors["landmark_error"] == pytest.approx(0.5 * 20 / 68)
    assert landmark_errors(found, points, np.zeros_like(mask))["landmark_error_inside"] is None


def test_a_network_of_another_size(tmp_path: Path) -> None:
    file = network(tmp_path)
    own, _ = weights.load(file)
    file.write_bytes(weights.save(own, size=32, provenance={}))
    with pytest.raises(InputError, match="draws pictures of 32 pixels, not 64"):
        measured(aligned({"a": 1}), file)


def test_a_window_larger_than_the_pictures(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="window: 65 pixels do not fit into pictures of 64"):
        measured(aligned({"a": 1}), network(tmp_path), window=65)


def test_held_out_controls_alone_are_measured_people_before_photographs() -> None:
    train = params.load(InpaintingTrain, "inpainting_train", PROJECT / "params.yaml")
    train = train.model_copy(update={"held_out": 0.5})
    rows = [(f"{person}/{n}", f"c{person}", "control") for person in range(40) for n in range(3)]
    rows += [(f"p{n}", f"p{n}", "unrepaired") for n in range(5)]
    table = pa.table(
        dict(zip(("image_id", "subject_id", "population"), map(list, zip(*rows, strict=True)), strict=True))
    )
    who = {image: subject for image, subject, _ in rows}
    unseen = {s for _, s, p in rows if p == "control" and not Split(train.seed, 0.5).trains(s, p)}
    assert 10 < len(unseen) < 30

    def chosen(most: int) -> frozenset[str]:
        settings = InpaintingControls.model_validate(MEASURE | {"most_photographs": most})
        return held_out(table, settings=settings, train=train)

    everyone = chosen(1000)
    assert {who[image] for image in everyone} == unseen and len(everyone) == 3 * len(unseen)
    once = chosen(len(unseen))
    assert {who[image] for image in once} == unseen
    assert chosen(5) < once
