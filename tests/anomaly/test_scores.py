"""Scores by equation 6, and the two tables: every combination, refused rows kept, the same bytes in any order."""

import math
from itertools import product
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pytest
import torch

from tasks.anomaly.scores import (
    FLOOR,
    NAMES,
    anomaly_score,
    map_photographs,
    norm_per_pixel,
    score_photographs,
    steps_to_half,
)
from tasks.base.images import decode_png, encode_png
from tasks.errors import InputError
from tasks.faces.pictures import decode, encode, to_tensor
from tasks.faces.regions import region_masks
from tasks.params.anomaly import AnomalyPerceptual, AnomalyScore
from tasks.schemas.anomaly import (
    ADAPTATIONS,
    INVERSIONS,
    PROCESSINGS,
    REGIONS,
)
from tasks.schemas.faces import ALIGNED

SIDE = 48
SETTINGS = AnomalyScore(
    threads=1,
    erosion=3,
    soft_edge=0.0,
    heatmap="pse",
    processing="both",
    region="mouth",
    normal="data/anomaly/adaptations",
    brightness="as_is",
)
PERCEPTUAL = AnomalyPerceptual(net="squeeze", trunk="random", size=32)
STEPS = (0, 5, 10)
SHARES = (1.0, 0.6, 0.3)
"""Of the difference that is left at each step."""
COMBINATIONS = list(product(NAMES, PROCESSINGS, REGIONS))


def test_equation_6_by_hand() -> None:
    heat = np.array([[3.0, 4.0], [100.0, 0.0]])
    mask = np.array([[1.0, 1.0], [0.0, 1.0]])
    assert norm_per_pixel(heat, mask) == pytest.approx(5 / 3)
    assert anomaly_score(heat, mask) == pytest.approx(-math.log(5 / 3))
    channels = np.stack([heat * 0.6, heat * 0.8], axis=2)  # of the same length
    assert anomaly_score(channels, mask) == pytest.approx(-math.log(5 / 3))


def test_it_is_the_norm_of_the_heatmap_and_not_of_the_difference() -> None:
    """The paper's two expressions differ: the first one squares twice."""
    difference, mask = np.array([[0.5, 0.1]]), np.ones((1, 2))
    found = anomaly_score(difference**2, mask)
    assert found == pytest.approx(-math.log(math.sqrt(0.5**4 + 0.1**4) / 2))
    assert found != pytest.approx(-math.log(math.sqrt(0.5**2 + 0.1**2) / 2))


def test_soft_masks_weigh() -> None:
    heat, mask = np.full((1, 2), 2.0), np.array([[1.0, 0.5]])
    assert norm_per_pixel(heat, mask) == pytest.approx(math.sqrt(4 + 1) / 1.5)


def test_equal_pictures_score_the_floor_and_the_least_difference_less() -> None:
    mask = np.ones((1024, 1024))
    heat = np.zeros((1024, 1024))
    assert anomaly_score(heat, mask) == pytest.approx(36.84, abs=0.01) == -math.log(FLOOR)
    heat[500, 500] = (1 / 65535) ** 2
    assert anomaly_score(heat, mask) < -math.log(FLOOR)


def test_an_empty_mask_is_refused() -> None:
    with pytest.raises(InputError, match="outside the picture"):
        anomaly_score(np.ones((4, 4)), np.zeros((4, 4)))


def test_steps_to_half() -> None:
    assert steps_to_half((0, 10, 20), (8.0, 6.0, 2.0)) == 15
    assert steps_to_half((0, 10, 20), (8.0, 4.0, 4.0)) == 10
    assert steps_to_half((0, 10, 20), (8.0, 2.0, 9.0)) == pytest.approx(20 / 3)
    assert steps_to_half((0, 10, 20), (8.0, 7.0, 4.1)) is None
    assert steps_to_half((0, 10), (0.0, 0.0)) is None
    assert steps_to_half((0,), (1.0,)) is None


def base(seed: Any) -> Any:
    rng = np.random.default_rng(seed)
    return cv2.resize(rng.uniform(0.3, 0.7, (6, 6, 3)), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)


@pytest.fixture
def points(even_face: Any) -> np.ndarray:
    scaled: np.ndarray = even_face.landmarks * (SIDE / len(even_face.image))
    return scaled


def changed(picture: Any, points: np.ndarray, by: Any) -> Any:
    """The picture with a square about the upper lip brighter."""
    x, y = np.rint(points[51]).astype(int)
    other = picture.copy()
    other[y - 3 : y + 4, x - 3 : x + 4] += by
    return other


def aligned_row(image_id: str, picture: Any, points: Any, reason: Any = None) -> Any:
    row = {"image_id": image_id, "subject_id": f"s{image_id}", "population": "repaired", "reason": reason}
    if reason is not None:
        return row
    png = encode_png(np.rint(picture * 255).astype(np.uint8))
    return row | {
        "picture": png,
        "to_original": [1.0, 0.0, 2.0, 0.0, 1.0, 3.0],
        "points": points.ravel().tolist(),
        "face_share": 0.5,
        "outside_share": 0.0,
    }


def drawn_rows(image_id: Any, pictures: Any, steps: Any = STEPS) -> Any:
    return [
        {"image_id": image_id, "step": step, "subject_id": f"s{image_id}", "picture": encode(to_tensor(p)), "loss": 0.1}
        for step, p in zip(steps, pictures, strict=True)
    ]


class Cohort:
    """Photographs a (much to normalise) and b (little), one that alignment and one that inversion refused."""

    def __init__(self, points: np.ndarray) -> None:
        self.originals = {"a": changed(base(1), points, 0.2), "b": changed(base(2), points, 0.1)}
        self.aligned = [aligned_row(name, picture, points) for name, picture in self.originals.items()]
        self.aligned += [aligned_row("c", None, None, "no face"), aligned_row("d", base(3), points)]
        self.aligned += [aligned_row("not-inverted", base(4), points)]
        self.drawn = []
        for name, by, seed in (("a", 0.2, 1), ("b", 0.1, 2)):
            pictures = [changed(base(seed), points, by * (1 - share)) for share in SHARES]
            self.drawn += drawn_rows(name, pictures)
        for name, reason in (("c", "no face"), ("d", "no start gave a number")):
            self.drawn.append({"image_id": name, "step": 0, "subject_id": f"s{name}", "reason": reason})

    def tables(self, *, backwards: Any = False) -> Any:
        order = -1 if backwards else 1
        return ALIGNED.table(self.aligned[::order]), ADAPTATIONS.table(self.drawn[::order])

    def inversions(self) -> Any:
        rows = [{"image_id": name, "subject_id": f"s{name}", "curve": [0.5, 0.25]} for name in "ab"]
        return INVERSIONS.table([*rows, *({"image_id": n, "subject_id": f"s{n}", "reason": "no"} for n in "cd")])


@pytest.fixture
def cohort(points: np.ndarray) -> Cohort:
    return Cohort(points)


def scored(aligned: Any, adaptations: Any, *, settings: Any = SETTINGS) -> Any:
    return score_photographs(
        aligned, adaptations, weights="/nowhere", settings=settings, perceptual=PERCEPTUAL, iterations=10
    )


def mapped(cohort: Cohort, settings: Any = SETTINGS, iterations: Any = 10) -> Any:
    aligned, adaptations = cohort.tables()
    inversions = cohort.inversions()
    table = map_photographs(
        aligned, inversions, adaptations, weights="/nowhere", settings=settings, perceptual=PERCEPTUAL,
        iterations=iterations,
    )  # fmt: skip
    return {row["image_id"]: row for row in table.to_pylist()}


def by_key(table: Any) -> Any:
    names = ("image_id", "heatmap", "processing", "region", "step")
    return {tuple(row[name] for name in names): row for row in table.to_pylist()}


def test_every_combination_at_every_step_and_48_rows_for_the_refused(cohort: Cohort) -> None:
    table = scored(*cohort.tables())
    rows = table.to_pylist()
    for name, steps in (("a", STEPS), ("b", STEPS), ("c", (0, 10)), ("d", (0, 10))):
        found = {(r["step"], r["heatmap"], r["processing"], r["region"]) for r in rows if r["image_id"] == name}
        assert found == {(step, *each) for step in steps for each in COMBINATIONS}
    assert len(rows) == 2 * 72 + 2 * 48
    assert {r["reason"] for r in rows if r["image_id"] == "c"} == {"no face"}
    assert {r["reason"] for r in rows if r["image_id"] == "d"} == {"no start gave a number"}
    assert all((r["score"] is None) == (r["reason"] is not None) for r in rows)
    assert {r["population"] for r in rows} == {"repaired"} and rows[0]["subject_id"] == "sa"


def test_scores_rise_as_the_difference_shrinks(cohort: Cohort) -> None:
    found = by_key(scored(*cohort.tables()))
    for name, each in product("ab", COMBINATIONS):
        scores = [found[(name, *each, step)]["score"] for step in STEPS]
        assert scores == sorted(scores) and scores[-1] > scores[0], each
    for each in COMBINATIONS:
        assert found[("b", *each, 0)]["score"] > found[("a", *each, 0)]["score"], each


def test_the_numbers_are_those_of_one_heatmap_at_a_time(cohort: Cohort, points: np.ndarray) -> None:
    row = by_key(scored(*cohort.tables()))[("a", "pse", "base", "mouth", 5)]
    original = np.rint(cohort.originals["a"] * 255) / 255
    drawn = changed(base(1), points, 0.2 * 0.4)
    mask = region_masks(points, SIDE, soft_edge=0.0)["mouth"]
    expected = -math.log(np.linalg.norm(((original - drawn) ** 2 * mask[..., None]).ravel()) / mask.sum())
    assert row["score"] == pytest.approx(expected, abs=1e-3)


def test_a_difference_outside_the_mask_changes_nothing(points: np.ndarray) -> None:
    picture = base(1)
    far = changed(picture, points, 0.1)
    far[:2, :2] += 0.2  # a corner; LPIPS looks further than a pixel, so it is left out
    near = changed(picture, points, 0.1)
    aligned = ALIGNED.table([aligned_row(name, picture, points) for name in ("far", "near")])
    drawn = ADAPTATIONS.table(drawn_rows("far", [far], (0,)) + drawn_rows("near", [near], (0,)))
    found = by_key(scored(aligned, drawn))
    for heatmap, *each in COMBINATIONS:
        if heatmap != "lpips":
            far_score, near_score = (found[(name, heatmap, *each, 0)]["score"] for name in ("far", "near"))
            assert far_score == pytest.approx(near_score, abs=1e-9 if heatmap == "ssim" else 0)  # sums run along rows


def test_the_same_picture_scores_the_floor_in_all_48(points: np.ndarray) -> None:
    picture = np.rint(base(1) * 255) / 255
    aligned = ALIGNED.table([aligned_row("a", picture, points)])
    rows = scored(aligned, ADAPTATIONS.table(drawn_rows("a", [picture, picture], (0, 10)))).to_pylist()
    assert len(rows) == 48
    assert all(row["score"] == pytest.approx(-math.log(FLOOR)) for row in rows if row["heatmap"] == "pse")
    assert all(math.isfinite(row["score"]) and row["score"] > 25 for row in rows)


def test_the_same_bytes_twice_in_any_order_and_alone(cohort: Cohort) -> None:
    first, second = scored(*cohort.tables()), scored(*cohort.tables(backwards=True))
    assert first.equals(second)
    aligned, adaptations = (table.filter(pa.compute.equal(table["image_id"], "b")) for table in cohort.tables())
    assert scored(aligned, adaptations).equals(first.filter(pa.compute.equal(first["image_id"], "b")))


def test_erosions_size_changes_eroded_scores_alone(cohort: Cohort) -> None:
    small, large = (
        by_key(scored(*cohort.tables(), settings=SETTINGS.model_copy(update={"erosion": side}))) for side in (3, 7)
    )
    for key, row in small.items():
        if row["reason"] is None:
            assert (row["score"] == large[key]["score"]) == (row["processing"] in ("base", "ycbcr"))


def test_a_picture_of_another_size_and_a_mouth_outside_are_reasons(points: np.ndarray) -> None:
    aligned = ALIGNED.table([aligned_row("size", base(1), points), aligned_row("out", base(1), points - 500)])
    drawn = ADAPTATIONS.table(drawn_rows("size", [base(1)[:32, :32]], (0,)) + drawn_rows("out", [base(2)], (0,)))
    rows = scored(aligned, drawn).to_pylist()
    assert len(rows) == 96
    reasons = {row["image_id"]: row["reason"] for row in rows}
    assert reasons["size"] == "drawn at 32 px a side, aligned at 48"
    assert "outside the picture" in reasons["out"]


def test_maps_hold_the_headline_inside_its_mask(cohort: Cohort, points: np.ndarray) -> None:
    row = mapped(cohort)["a"]
    heat = cv2.imdecode(np.frombuffer(row["heat"], np.uint8), cv2.IMREAD_UNCHANGED)
    assert heat is not None
    assert heat.shape == (SIDE, SIDE) and heat.dtype == np.uint16 and heat.max() == 65535
    mask = region_masks(points, SIDE, soft_edge=0.0)["mouth"]
    assert (heat[mask == 0] == 0).all()
    norm = np.linalg.norm(heat / 65535 * row["heat_high"]) / mask.sum()
    score = by_key(scored(*cohort.tables()))[("a", "pse", "both", "mouth", 10)]["score"]
    assert -math.log(norm) == pytest.approx(score, abs=1e-3)
    x, y = points[51]
    peak = np.unravel_index(heat.argmax(), heat.shape)
    assert np.hypot(peak[0] - y, peak[1] - x) < 7


def test_maps_show_the_pictures_and_keep_what_is_known(cohort: Cohort) -> None:
    rows = mapped(cohort)
    a = rows["a"]
    assert a["reason"] is None and a["curve"] == [0.5, 0.25] and a["to_original"] == [1, 0, 2, 0, 1, 3]
    assert np.array_equal(decode_png(a["picture"]), decode_png(cohort.aligned[0]["picture"]))
    for name, step in (("inverted", 0), ("normalised", 2)):
        assert np.abs(decode_png(a[name]) / 255 - decode(cohort.drawn[step]["picture"])).max() <= 0.5 / 255 + 1e-9
    assert a["steps_to_half"] == pytest.approx(5 * 0.5 / (1 - 0.6**2), abs=0.02)  # 0.6 of the difference at step 5
    assert set(rows) == {"a", "b", "c", "d"}
    assert rows["c"]["reason"] == "no face" and rows["c"]["picture"] is None
    assert rows["d"]["reason"] == "no start gave a number" and rows["d"]["picture"] and rows["d"]["heat"] is None


def test_equal_pictures_have_a_black_map(points: np.ndarray) -> None:
    picture = np.rint(base(1) * 255) / 255
    cohort = Cohort(points)
    cohort.aligned, cohort.drawn = [aligned_row("a", picture, points)], drawn_rows("a", [picture, picture], (0, 10))
    row = mapped(cohort, SETTINGS.model_copy(update={"heatmap": "ssim"}))["a"]
    assert row["heat_high"] == pytest.approx(0, abs=1e-9) and row["steps_to_half"] is None


def test_a_step_that_was_not_kept_is_told(cohort: Cohort) -> None:
    with pytest.raises(InputError, match=r"kept the steps \(0, 5, 10\); the heatmap's, 7, is not among them"):
        mapped(cohort, iterations=7)


def test_a_callers_threads_and_random_numbers_are_left_alone(cohort: Cohort) -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    threads = torch.get_num_threads()
    scored(*cohort.tables())
    assert torch.get_num_threads() == threads and torch.equal(torch.rand(1), expected)


EVENED = SETTINGS.model_copy(update={"brightness": "evened"})


@pytest.mark.parametrize(("settings", "far"), [(SETTINGS, 2 * math.log(2)), (EVENED, 0.0)], ids=["as_is", "evened"])
def test_half_the_brightness_counts_as_nearer_only_as_it_is(points: np.ndarray, settings: Any, far: float) -> None:
    """Of squared errors in equation 6 the score rises by twice the logarithm; evened it stays."""
    found = []
    for share in (1.0, 0.5):
        original, drawn = share * changed(base(1), points, 0.2), share * base(1)
        aligned = ALIGNED.table([aligned_row("a", original, points)])
        table = scored(aligned, ADAPTATIONS.table(drawn_rows("a", [drawn] * 3)), settings=settings)
        found.append(by_key(table)["a", "pse", "base", "mouth", 10]["score"])
    assert found[1] - found[0] == pytest.approx(far, abs=0.06)  # the photograph has 256 levels


def test_the_headline_s_map_is_evened_as_the_scores_are(cohort: Cohort) -> None:
    """The norm of the map inside the region, as its score has it."""
    aligned, adaptations = cohort.tables()
    ssim = EVENED.model_copy(update={"heatmap": "pse", "processing": "base"})
    score = by_key(scored(aligned, adaptations, settings=ssim))["a", "pse", "base", "mouth", 10]["score"]
    row = mapped(cohort, ssim)["a"]
    deep = np.asarray(cv2.imdecode(np.frombuffer(row["heat"], np.uint8), cv2.IMREAD_UNCHANGED), np.float64)
    heat = deep / 65535 * row["heat_high"]
    mask = region_masks(np.reshape(cohort.aligned[0]["points"], (68, 2)), SIDE, soft_edge=0.0)["mouth"]
    assert anomaly_score(heat, mask) == pytest.approx(score, abs=0.01)
    assert row["normalised"] == mapped(cohort, SETTINGS)["a"]["normalised"]  # to look at: as it was drawn
