"""Lip and nose as learned: their gradients, their regression, and what it shows of a raised peak that it never saw."""

from pathlib import Path

import numpy as np
import pytest

from tasks.anthropometry.locating import descent
from tasks.anthropometry.locating.locate import Located, find
from tasks.anthropometry.names import INDEX, POINTS
from tests.anthropometry.drawn import SETTINGS, face
from tests.anthropometry.test_points import EYES, PEAKS, peak_difference

BOW, TOLD = ([INDEX[name] for name in names] for names in (descent.BOW, descent.TOLD))
NOSE = [INDEX[name] for name in descent.NOSE]
BASES = [INDEX[f"alar_base_{side}"] for side in ("right", "left")]


def located(image: np.ndarray, points68: np.ndarray, refinement: str) -> Located:
    return find(image, points68, settings=SETTINGS.model_copy(update={"refinement": refinement}))


def test_a_raised_peak_of_a_drawn_face_is_seen_by_what_learned_from_photographs_alone() -> None:
    true, shown = np.empty(5), np.empty(5)
    for number, severity in enumerate((0.2, 0.4, 0.6, 0.8, 1.0)):
        image, points68, truth = face(number, severity, ("left", "right")[number % 2])
        points = located(image, points68, "learned").face.points
        true[number] = peak_difference(truth, truth[[36, 45]], truth[[50, 52]])
        shown[number] = peak_difference(points, points[EYES], points[PEAKS])
    assert np.polyfit(true, shown, 1)[0] > 0.6
    assert np.corrcoef(true, shown)[0, 1] > 0.95


def test_both_takes_the_bow_half_way_and_the_wings_as_far_as_the_sides_agree() -> None:
    image, points68, _ = face(1, 0.7)
    edges, told, both = (located(image, points68, name).face.points for name in ("edges", "learned", "both"))
    assert not np.allclose(edges[BOW], told[BOW], atol=0.1)
    assert np.allclose(both[BOW], (edges[BOW] + told[BOW]) / 2)
    assert np.allclose(both[NOSE], told[NOSE])
    assert not np.allclose(both[BASES], edges[BASES], atol=0.1)
    assert peak_difference(both, both[EYES], both[BASES]) == pytest.approx(
        peak_difference(edges, edges[EYES], edges[BASES]), abs=2e-3
    )  # the nostrils alone say how they differ
    others = np.setdiff1d(np.arange(len(POINTS)), TOLD)
    assert np.array_equal(edges[others], told[others], equal_nan=True)


def test_gradients_know_no_brightness_and_a_flat_picture_has_none() -> None:
    rng = np.random.default_rng(0)
    points = np.full((len(POINTS), 2), 60.0) + rng.uniform(-20, 20, (len(POINTS), 2))
    picture = rng.integers(60, 180, (120, 120, 3), dtype=np.uint8)
    found = descent.gradients(picture, points)
    assert found.shape == (len(descent.CHANNELS) * len(descent.SQUARES) * 5 * descent.CELLS**2 * descent.DIRECTIONS,)
    assert np.abs(descent.gradients(picture + 20, points) - found).mean() < 0.02
    assert np.abs(descent.gradients(rng.integers(60, 180, picture.shape, dtype=np.uint8), points) - found).mean() > 0.02
    assert not descent.gradients(np.full_like(picture, 90), points).any()


def test_a_regression_finds_what_it_was_made_of_and_comes_back_from_its_file(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    slopes, shown = rng.normal(0, 3, (20, 8)), rng.uniform(0, 1, (200, 20))
    regression = descent.fit(shown, shown @ slopes + 2, ridge=1e-6)
    assert np.allclose((shown[:5] - regression.mean) @ regression.slopes + regression.start, shown[:5] @ slopes + 2)
    descent.write(regression, tmp_path / "made.npz")
    with np.load(tmp_path / "made.npz") as saved:
        assert np.allclose(saved["slopes"], regression.slopes, rtol=1e-3)
    image, points68, _ = face(1, 0.7)
    nothing = descent.Regression(*(np.zeros_like(part, float) for part in descent._regression()))
    settings = SETTINGS.model_copy(update={"refinement": "learned"})
    still = find(image, points68, settings=settings, regression=nothing)
    assert np.allclose(still.face.points[TOLD], still.model[TOLD])


@pytest.mark.parametrize("size", [0.0, 1.0])
def test_warped_pixels_lie_where_the_moved_points_say(size: float) -> None:
    from bench.anthropometry_warps import MOVES, moved, warped

    image, points68, _ = face(2)
    placed = np.tile(points68[[57]], (189, 1)) + np.arange(189)[:, None] * [0.2, 0.1]
    truth = np.tile(points68[30], (len(POINTS), 1)) + np.random.default_rng(3).uniform(-60, 60, (len(POINTS), 2))
    truth[[INDEX["exocanthion_right"], INDEX["exocanthion_left"]]] = points68[[36, 45]]
    truth[INDEX["crista_philtri_left"]] = points68[52]
    moves = {name: np.array(move) * size for name, move in MOVES.items()}
    there = moved(truth, moves)[INDEX["crista_philtri_left"]]
    assert np.hypot(*(there - points68[52])) == pytest.approx(
        size * 0.101 * np.hypot(*(points68[45] - points68[36])), rel=0.01
    )
    dotted = np.zeros_like(image)
    x, y = points68[52].round().astype(int)
    dotted[y - 1 : y + 2, x - 1 : x + 2] = 255
    seen = warped(dotted, points68, placed, truth, moves)[..., 0].astype(float)
    rows, columns = np.mgrid[: seen.shape[0], : seen.shape[1]]
    middle = np.array([(columns * seen).sum(), (rows * seen).sum()]) / seen.sum()
    assert np.hypot(*(middle - there)) < 2.5
