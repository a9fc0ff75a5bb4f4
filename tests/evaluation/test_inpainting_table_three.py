"""Tables III and IV: means, intervals by person, paired gains, FID by hand, and reasons where there is too little."""

import json
from typing import Any

import numpy as np
import pytest

from flows import PROJECT
from tasks import params
from tasks.base.networks.distances import frechet_distance
from tasks.evaluation.inpainting.published import SWITCHES, TABLE_3, TABLE_4
from tasks.evaluation.inpainting.table_three import headline, table_three
from tasks.inpainting.network.strokes import BANDS
from tasks.params.evaluation import Evaluate
from tasks.params.inpainting import InpaintingControls, Network
from tasks.schemas.inpainting import (
    INPAINTING_MEASURES,
    LANDMARK_ERRORS,
    MASK_KINDS,
    MEASURED_METHODS,
    PHOTOGRAPH,
    QUALITIES,
    UNMASKED,
)
from tests.inpainting.controls import MEASURE, PERCEPTUAL

EVALUATE = params.load(Evaluate, "evaluate", PROJECT / "params.yaml").model_copy(update={"resamples": 200})
GAIN = {"network": 6.0, "blended": 7.0, "telea": 1.0, "ns": 0.0}


def rows(people: int, photographs: int = 2) -> list[dict[str, Any]]:
    """So many people; a person's photographs are alike, and every method is better than OpenCV's ns by `GAIN`."""
    rng = np.random.default_rng(0)
    made = []
    for person in range(people):
        level = rng.normal(25, 3)
        for number in range(photographs):
            names = {"image_id": f"{person}/{number}", "subject_id": f"p{person}"}
            own = rng.normal(size=64)
            made.append(names | {"mask": UNMASKED, "method": PHOTOGRAPH, "features": own.tolist()})
            for kind in MASK_KINDS:
                for method in MEASURED_METHODS:
                    value = level + GAIN[method]
                    row = dict.fromkeys(QUALITIES, value) | {"mask": kind, "method": method, "share": 0.1}
                    if method == "network":
                        row |= dict.fromkeys(LANDMARK_ERRORS, 0.01 * value)
                    away = 0.1 if method == "network" else 1.0
                    made.append(names | row | {"features": (own + away).tolist()})
    return made


def table(made: list[dict[str, Any]], **changes: object) -> dict[str, Any]:
    settings = InpaintingControls.model_validate(MEASURE | changes)
    measures = INPAINTING_MEASURES.table(made).to_pandas()
    return table_three(measures, settings=settings, perceptual=PERCEPTUAL, evaluate=EVALUATE)


def test_means_intervals_and_counts() -> None:
    made = rows(8)
    found = table(made)
    assert (found["n_photographs"], found["n_subjects"], found["n_refused"]) == (16, 8, 0)
    own = found["masks"]["20-40"]["telea"]["psnr"]
    values = [row["psnr"] for row in made if row["mask"] == "20-40" and row["method"] == "telea"]
    assert own["value"] == pytest.approx(np.mean(values))
    assert own["low"] < own["value"] < own["high"]
    assert (own["n_images"], own["n_subjects"]) == (16, 8)
    spread = np.std(values) / np.sqrt(8)  # people, not photographs: these come in equal pairs
    assert own["high"] - own["low"] == pytest.approx(3.9 * spread, rel=0.35)
    json.dumps(found, allow_nan=False)
    assert headline(found)["psnr_20_40"] == found["masks"]["20-40"]["network"]["psnr"]


def test_landmarks_are_the_networks_alone() -> None:
    found = table(rows(4))["masks"]["square"]
    assert set(LANDMARK_ERRORS) <= set(found["network"]) and not set(LANDMARK_ERRORS) & set(found["blended"])
    without = [row | dict.fromkeys(LANDMARK_ERRORS) for row in rows(4)]
    error = table(without)["masks"]["square"]["network"]["landmark_error"]
    assert error["value"] is None and "no landmark branch" in error["reason"]


def test_gains_are_paired() -> None:
    """People differ by 3 dB; the gain over ns is the same for all, and the table sees that it is."""
    gains = table(rows(6))["gains"]["clinical"]
    assert gains["ns"]["psnr"]["value"] == pytest.approx(6.0)
    assert gains["telea"]["psnr"]["value"] == pytest.approx(5.0)
    assert gains["ns"]["psnr"]["reason"] == "no interval: the same in every resample"


def test_fid_stands_beside_its_network_and_counts() -> None:
    made = rows(6)
    own = table(made)["masks"]["0-20"]
    real, drawn = (
        np.array([row["features"] for row in sorted(made, key=lambda r: r["image_id"]) if row["method"] == method])
        for method in (PHOTOGRAPH, "network")
    )
    near = own["network"]["fid"]
    assert near["fid"] == pytest.approx(frechet_distance(real, drawn[:: len(MASK_KINDS)]), rel=1e-5)
    assert near["fid"] == pytest.approx(64 * 0.01, rel=1e-3) and own["ns"]["fid"]["fid"] == pytest.approx(64, rel=1e-3)
    assert own["ns"]["fid"]["kid"] > near["kid"]
    assert (near["n_photographs"], near["n_fillings"], near["stand_in"]) == (12, 12, True)
    assert near["network"] == "Inception, random, 64 features"
    trained = table(made, inception="pt_inception_fid")["masks"]["0-20"]["network"]
    assert trained["fid"]["stand_in"] is False
    assert trained["lpips"]["network"] == "squeeze, random" and trained["masked_lpips"]["stand_in"] is True
    assert "network" not in trained["psnr"]


def test_refused_photographs_are_counted_and_left_out() -> None:
    lost = [
        {"image_id": "lost", "subject_id": "lost", "mask": mask, "method": method, "reason": "no face found"}
        for mask, method in [(UNMASKED, PHOTOGRAPH), *((k, m) for k in MASK_KINDS for m in MEASURED_METHODS)]
    ]
    whole, some = table(rows(4)), table(rows(4) + lost)
    assert some.pop("n_refused") == 1 and whole.pop("n_refused") == 0
    assert some == whole


def test_one_mask_refused_leaves_the_photograph_out_of_its_fid() -> None:
    made = [
        {**row, "reason": "the mask is empty", "features": None, **dict.fromkeys((*QUALITIES, *LANDMARK_ERRORS))}
        if row["image_id"] == "0/0" and row["mask"] == "clinical"
        else row
        for row in rows(4)
    ]
    found = table(made)["masks"]
    assert found["clinical"]["network"]["fid"]["n_photographs"] == 7
    assert found["square"]["network"]["fid"]["n_photographs"] == 8


@pytest.mark.parametrize("people", [0, 1])
def test_too_little_is_null_with_a_reason(people: int) -> None:
    found = table(rows(people, photographs=1))
    own = found["masks"]["40-60"]["network"]
    assert own["fid"]["fid"] is None and own["fid"]["kid"] is None and "two or more" in own["fid"]["reason"]
    assert own["psnr"]["low"] is None and own["psnr"]["reason"]
    assert (own["psnr"]["value"] is None) == (people == 0)
    json.dumps(found, allow_nan=False)


def test_the_published_tables_agree_where_they_overlap() -> None:
    assert list(TABLE_3) == list(BANDS) and set(TABLE_4) == {*BANDS, "square"} <= set(MASK_KINDS)
    for band in BANDS:
        assert TABLE_3[band]["Ours"] == TABLE_4[band]["Ours"]
    for methods in TABLE_4.values():  # every step of the ablation is better, in every measure
        steps = [methods[name] for name in ("Baseline", "Base+Lmk", "Ours")]
        assert steps == sorted(steps, key=lambda row: (row["psnr"], row["ssim"], -row["fid"]))
        assert [row["fid"] for row in steps] == sorted((row["fid"] for row in steps), reverse=True)
    assert set(SWITCHES) == {"Baseline", "Base+Lmk", "Ours"}
    assert all(set(switches) <= set(Network.model_fields) for switches in SWITCHES.values())
