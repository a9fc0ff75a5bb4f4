"""The generator's training: it learns, it resumes exactly, patients and held-out people never train."""

import math
import os
import signal
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tasks.anomaly import training
from tasks.anomaly.adversarial import Adversarial
from tasks.anomaly.checkpoints import load_generator
from tasks.anomaly.training import controls_of, rate_share, train
from tasks.base import checkpoints as standing
from tasks.base.images import encode_png
from tasks.base.training import TrainingError
from tasks.errors import InputError
from tasks.faces.cohort import NOBODY_TRAINS, split_of
from tasks.schemas.faces import ALIGNED
from tests.anomaly.small_generator import SETTINGS, SIZE, blobs, settings
from tests.ready import python


@pytest.fixture(scope="module")
def trained() -> Any:
    return train(blobs(), settings=SETTINGS, checkpoint=None, provenance={"stage": "test"})


def test_the_loss_falls_on_those_who_train_and_those_who_do_not(trained: Any) -> None:
    first, *_, last = trained.curves
    at_full_size = [row for row in trained.curves if row["step"] > 20]
    assert [row["step"] for row in trained.curves] == [10, 20, 30, 40]
    assert at_full_size[-1]["loss"] < first["loss"]
    assert last["held_out"] < 0.8 * first["held_out"]


def test_the_file_is_a_generator_with_its_mean_latent(trained: Any, tmp_path: Path) -> None:
    path = tmp_path / "generator.safetensors"
    path.write_bytes(trained.weights)
    generator = load_generator(path)
    z = torch.randn(2000, SETTINGS.z_dim, generator=torch.Generator().manual_seed(1))
    assert generator.resolution == SIZE
    assert torch.allclose(generator.mapper.w_mean, generator.mapper(z).mean(0), atol=0.1)
    assert generator.mapper.w_mean.abs().sum() > 0


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(trained: Any) -> None:
    again = train(blobs(), settings=SETTINGS, checkpoint=None, provenance={"stage": "test"})
    other = train(blobs(), settings=settings(seed=6), checkpoint=None, provenance={"stage": "test"})
    assert again == trained
    assert other.weights != trained.weights


@pytest.mark.parametrize("method", ["reconstruction", "adversarial"])
def test_a_training_that_was_stopped_goes_on_as_if_nothing_had_happened(tmp_path: Path, method: str) -> None:
    few = settings(method=method, steps={8: 4, 32: 8}, evaluate_every=4)
    whole = train(blobs(), settings=few, checkpoint=None, provenance={})

    def stop(step: Any, total: Any) -> None:
        if step == 6:
            raise InterruptedError

    path, seen = tmp_path / "standing.pt", []
    with pytest.raises(InterruptedError):
        train(blobs(), settings=few, checkpoint=path, provenance={}, on_progress=stop)
    again = train(
        blobs(), settings=few, checkpoint=path, provenance={}, on_progress=lambda step, total: seen.append(step)
    )
    assert seen == list(range(5, 13))
    assert again == whole


def test_adversarial_training_moves_both_networks_and_keeps_a_running_mean() -> None:
    few = settings(method="adversarial", steps={32: 6}, evaluate_every=3)
    before = training._method(blobs(), few, torch.device("cpu"))
    assert isinstance(before, Adversarial)
    drawn = train(blobs(), settings=few, checkpoint=None, provenance={})
    assert all(
        row["loss"] is not None and math.isfinite(row["loss"]) and row["held_out"] is None for row in drawn.curves
    )
    assert before.result() is before.average
    assert before.result() is not before.generator


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"steps": {32: 5, 64: 5}}, "the pictures' side"),
        ({"steps": {24: 5, 32: 5}}, "powers of two"),
        ({"steps": {16: 5}}, "must be there"),
    ],
)
def test_sides_that_do_not_fit_are_told(changes: Any, said: str) -> None:
    with pytest.raises(TrainingError, match=said):
        train(blobs(), settings=settings(**changes), checkpoint=None, provenance={})


def test_a_loss_that_is_no_number_is_told() -> None:
    with pytest.raises(TrainingError, match="learning_rate"):
        train(blobs(), settings=settings(learning_rate=1e12), checkpoint=None, provenance={})


def test_the_rate_rises_stays_and_falls() -> None:
    shares = [rate_share(number, 100, SETTINGS) for number in range(100)]
    assert shares[0] == pytest.approx(1 / 6)
    assert shares[10:50] == [1.0] * 40
    assert shares[75] == pytest.approx(0.5)
    assert shares[99] == pytest.approx(0.02)


def rows(people: dict[str, str], reason: str | None = None) -> Any:
    """A row a person: their population; the face is a flat picture with points all over it."""
    x, y = np.meshgrid(np.linspace(4, 28, 17), np.linspace(4, 28, 4))
    points = np.stack([x.ravel(), y.ravel()], 1)
    known: dict[str, Any] = {
        "picture": encode_png(np.full((SIZE, SIZE, 3), 90, np.uint8)),
        "points": points.ravel().tolist(),
    }
    known |= {"to_original": [1.0, 0, 0, 0, 1, 0], "face_share": 0.5, "outside_share": 0.0}
    who = [{"image_id": f"{name}0", "subject_id": name, "population": kind} for name, kind in people.items()]
    return ALIGNED.table([row | ({"reason": reason} if reason else known) for row in who])


def test_patients_and_people_held_out_never_train() -> None:
    people = {f"c{n:03d}": "control" for n in range(40)} | {f"p{n}": "repaired" for n in range(5)}
    split = split_of(SETTINGS)
    controls = controls_of(rows({name: kind for name, kind in people.items() if kind == "control"}), settings=SETTINGS)
    teaching = {name for name, kind in people.items() if split.trains(name, kind)}
    assert len(controls.pictures) == len(teaching)
    assert len(controls.pictures) + len(controls.held_out) == 40
    assert 20 <= len(teaching) <= 38
    table = rows(people)
    judged = [row["image_id"] for row in split.unseen(table, ("control", "repaired"))]
    assert sorted(judged) == sorted(f"{name}0" for name in people if name not in teaching)
    assert {f"p{n}0" for n in range(5)} == {row["image_id"] for row in split.unseen(table, ("repaired",))}
    assert len(NOBODY_TRAINS.unseen(table, ("control",))) == 40
    with pytest.raises(InputError, match="5 photographs of patients"):
        controls_of(table, settings=SETTINGS)


def test_a_new_photograph_moves_nobody_to_the_other_side() -> None:
    before = {name: split_of(SETTINGS).trains(name, "control") for name in ("anna", "ben")}
    assert before == {name: split_of(SETTINGS).trains(name, "control") for name in ("ben", "anna")}


def test_too_few_controls_are_told() -> None:
    with pytest.raises(InputError, match="7 aligned photographs of controls"):
        controls_of(rows({f"c{n}": "control" for n in range(7)}), settings=settings(held_out=0.0))
    few = [
        row | {"subject_id": f"c{n % 7}"}
        for n, row in enumerate(rows({f"c{n}": "control" for n in range(20)}).to_pylist())
    ]
    with pytest.raises(InputError, match="7 people among the controls, 8 are needed"):
        controls_of(ALIGNED.table(few), settings=settings(held_out=0.0))
    with pytest.raises(InputError, match="0 aligned"):
        controls_of(rows({f"c{n}": "control" for n in range(20)}, reason="no face"), settings=SETTINGS)


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_a_training_killed_at_any_moment_goes_on(trained: Any, tmp_path: Path) -> None:
    path = tmp_path / "standing.pt"
    script = f"""
        from pathlib import Path
        from tasks.anomaly.training import train
        from tests.anomaly.small_generator import SETTINGS, blobs
        train(blobs(), settings=SETTINGS, checkpoint=Path({str(path)!r}), provenance={{"stage": "test"}},
              on_progress=lambda step, total: print(step, flush=True))
    """
    told, said = os.pipe()
    process = python("-c", textwrap.dedent(script), output=said)
    os.close(said)
    with open(told) as lines:  # noqa: PTH123 - a pipe
        for line in lines:
            if int(line) >= 13:
                process.kill()
                break
    assert process.wait() == -signal.SIGKILL
    assert path.exists()
    steps = []
    again = train(
        blobs(),
        settings=SETTINGS,
        checkpoint=path,
        provenance={"stage": "test"},
        on_progress=lambda step, total: steps.append(step),
    )
    assert steps[0] > 10
    assert again == trained


def test_a_checkpoint_of_another_training_is_as_good_as_none(trained: Any, tmp_path: Path) -> None:
    path = tmp_path / "standing.pt"
    standing.write(path, "another", {"method": {}, "curves": []})
    assert train(blobs(), settings=SETTINGS, checkpoint=path, provenance={"stage": "test"}) == trained
