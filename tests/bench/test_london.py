"""What bench.london counts: who is on a picture, whose halves are joined, what an interval holds, who is left out."""

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from bench import unseen
from bench.london_faces import NUMBERS, numbers_of, others, usual
from bench.london_judges import Judging, _mean, _splits, _threshold
from bench.london_rows import _strangers, seen, show_first, steadiness
from bench.rephotography import photographed_anew
from tasks.params.ingest import IngestLips
from tasks.symmetry.views import AS_CUT

JUDGING = Judging(networks=3, cross_fitted=True, views=[AS_CUT], shaken=[AS_CUT], flagged=None)


def test_pictures_of_a_folder_are_of_one_person_each_or_of_whom_their_folder_names(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.PNG", "notes.txt", "anna/1.jpg", "anna/2.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [(path.name, who) for path, who in others(tmp_path)] == [
        ("a.jpg", "a"),
        ("1.jpg", "anna"),
        ("2.jpg", "anna"),
        ("b.PNG", "b"),
    ]


def test_halves_of_two_people_are_joined_and_never_of_one() -> None:
    people = ["a", "a", "b", "c"]
    halves = np.arange(4.0)

    def tell(right: np.ndarray, left: np.ndarray) -> np.ndarray:
        assert all(people[int(i)] != people[int(j)] for i, j in zip(right, left, strict=True))
        return right

    assert len(_strangers(halves, halves, people, tell)) == 4
    assert len(_strangers(halves[:2], halves[:2], people[:2], tell)) == 0


def test_intervals_that_hold_what_comes_are_counted_and_the_steadiest_move_least() -> None:
    before = np.array([[0.3, 0.3], [0.4, 0.3], [0.2, 0.3]])
    after = np.array([[0.35, 0.5], [0.36, 0.8], [0.34, 0.2]])
    found = steadiness(before, after)
    assert found["D photographed anew within the interval, reach 1"] == 0.5
    assert found["how far D moved, steadiest 100 % kept"] == pytest.approx(0.125)
    assert found["how far D moved, steadiest 40 % kept"] == pytest.approx(0.05)


def test_cross_fitted_networks_leave_out_everybody_but_test_people_once() -> None:
    people = np.array([f"p{i}" for i in range(10) for _ in range(2)])
    split = np.where(np.arange(20) < 4, "test", np.where(np.arange(20) < 8, "validation", "train"))
    found = np.array(_splits(split, people, JUDGING))
    assert (found[:, :4] == "test").all()
    assert ((found == "validation").sum(axis=0)[4:] == 1).all()
    together = np.array(_splits(split, people, JUDGING.model_copy(update={"cross_fitted": False})))
    assert (together == split).all()


def test_a_threshold_rests_on_people_a_network_has_not_seen() -> None:
    nan = np.nan
    own = _mean(np.array([[0.1, nan, nan, 0.9], [nan, nan, 0.3, 0.7]]))
    assert own.tolist()[0] == 0.1
    assert np.isnan(own[1])
    assert own[3] == pytest.approx(0.8)
    label, kinds = np.array([1, 1, 1, 0]), np.array(["untouched", "untouched", "untouched", "clp"])
    assert _threshold(own, label, kinds, None) == pytest.approx(0.55)
    assert _threshold(own, label, kinds, 0.5) == pytest.approx(0.2)


def test_the_first_table_says_what_is_met(capsys: pytest.CaptureFixture[str]) -> None:
    show_first("somebody", [{"flagged, symmetric: untouched": 0.02}, {"flagged, symmetric: untouched": 0.06}])
    said = capsys.readouterr().out
    assert "0.020   0.060   mean  0.040  <= 0.05 met" in said
    assert "NOT MET" not in said  # what was not measured is neither


def test_a_face_photographed_anew_is_smaller_and_the_same_each_time() -> None:
    image = np.random.default_rng(0).integers(0, 255, (30, 24, 3), np.uint8).repeat(50, axis=0).repeat(50, axis=1)
    one, again = (photographed_anew(image, np.random.default_rng(4)) for _ in range(2))
    assert np.array_equal(one, again)
    assert 480 <= max(one.shape) <= 1100
    assert one.shape[0] / one.shape[1] == pytest.approx(1.25, abs=0.01)


def test_one_side_gets_darker_by_the_share_asked_for() -> None:
    image = np.full((100, 100, 3), 200, np.uint8)
    points = np.zeros((68, 2))
    points[36:42], points[42:48], points[48], points[54], points[51] = (30, 30), (70, 30), (35, 70), (65, 70), (50, 65)
    dark = unseen.darker(0.18)(image, points, (1,))
    assert dark[50, 5].tolist() == [200] * 3
    assert dark[50, 95].tolist() == [164] * 3


def test_a_landmark_sees_what_lies_beyond_its_own_spread() -> None:
    untouched = np.random.default_rng(0).normal(3, 1, 100_000)
    assert seen(untouched, 0) == pytest.approx(0.05, abs=0.002)
    assert seen(untouched, 1.96) == pytest.approx(0.5, abs=0.01)
    assert seen(untouched, 10) == 1


def test_every_file_of_numbers_fits() -> None:
    for file in NUMBERS.parent.glob("london*.yaml"):
        assert usual(file).landmarks == usual().landmarks
        assert numbers_of(Judging, "judging", file).views == [AS_CUT]


def test_a_file_has_its_own_numbers_and_the_others_of_the_one_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "first.yaml").write_text(NUMBERS.read_text())
    (tmp_path / "second.yaml").write_text("over: first.yaml\nsymmetry_train: {steps: 7, augmentation: {jpeg: 0.5}}\n")
    (tmp_path / "third.yaml").write_text("over: second.yaml\nsymmetry_train: {steps: 8}\n")
    before, second, third = usual().train, *(usual(tmp_path / f"{name}.yaml").train for name in ("second", "third"))
    augmentation = before.augmentation.model_copy(update={"jpeg": 0.5})
    assert second == before.model_copy(update={"steps": 7, "augmentation": augmentation})
    assert third == second.model_copy(update={"steps": 8})


def test_a_mistyped_number_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(f"over: {NUMBERS}\ningest_lips: {{split_by_noze: 1}}\n")
    with pytest.raises(ValidationError, match="split_by_noze"):
        numbers_of(IngestLips, "ingest_lips", tmp_path / "own.yaml")
