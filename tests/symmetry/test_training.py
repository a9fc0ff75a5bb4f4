"""Training is exact: repeated, killed and resumed it gives the same bytes; what it keeps is the best it saw."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load as load_tensors

from tasks.base.training import TrainingError
from tasks.symmetry import distances, training
from tasks.symmetry.halves import PairedHalves
from tasks.symmetry.network import contrastive_loss, load_network, provenance_of
from tasks.symmetry.training import Trained, learning_rate
from tests.ready import python
from tests.symmetry.small_training import AUGMENTATION, SETTINGS, bars, small_training

OFF = AUGMENTATION.model_copy(update=dict.fromkeys(type(AUGMENTATION).model_fields, 0.0))


@pytest.fixture(scope="module")
def uninterrupted() -> Trained:
    return small_training()


def validation_loss(trained: Trained, pairs: PairedHalves) -> float:
    network, rows = load_network(trained.weights), pairs.where("validation")
    embedded = torch.from_numpy(distances.embedded(network, pairs.halves))
    label = torch.from_numpy(pairs.label[rows])
    left, right = embedded[pairs.left[rows]], embedded[pairs.right[rows]]
    return contrastive_loss(left, right, label, margin=SETTINGS.margin).item()


def test_two_trainings_give_the_same_bytes(uninterrupted: Trained) -> None:
    torch.manual_seed(int(time.time()))  # the caller's random numbers do not matter
    again = small_training()
    assert again.weights == uninterrupted.weights
    assert again.curves.equals(uninterrupted.curves)


def test_another_seed_gives_other_weights(uninterrupted: Trained) -> None:
    assert small_training(seed=8).weights != uninterrupted.weights


def test_the_callers_random_numbers_and_threads_are_left_alone() -> None:
    torch.manual_seed(5)
    expected, threads = torch.rand(3), torch.get_num_threads()
    torch.manual_seed(5)
    small_training(steps=2)
    assert torch.equal(torch.rand(3), expected)
    assert torch.get_num_threads() == threads


def test_killed_and_resumed_it_ends_with_the_same_bytes(tmp_path: Path, uninterrupted: Trained) -> None:
    """A real kill (SIGKILL) of a real process between two evaluations."""
    checkpoint = tmp_path / "training.checkpoint"
    process = python("-m", "tests.symmetry.small_training", str(checkpoint), "0.2")
    while not checkpoint.exists() and process.poll() is None:
        time.sleep(0.02)
    time.sleep(0.3)
    process.kill()
    assert process.wait() == -9
    steps: list[int] = []
    resumed = small_training(checkpoint=checkpoint, on_progress=lambda step, *_: steps.append(step))
    assert 2 < steps[0] < 12, "the training started anew, or nothing was left to do"
    assert resumed.weights == uninterrupted.weights
    assert resumed.curves.equals(uninterrupted.curves)
    assert [path.name for path in tmp_path.iterdir()] == [checkpoint.name]


def interrupted(checkpoint: Path, after: int, **changes: Any) -> None:
    def stop(step: int, *_: object) -> None:
        if step == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        small_training(checkpoint=checkpoint, on_progress=stop, **changes)


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_resuming_is_exact_for_each_optimiser(tmp_path: Path, optimiser: str) -> None:
    changes: dict[str, Any] = {"optimiser": optimiser, "learning_rate": 0.01}
    interrupted(tmp_path / "c", 7, **changes)
    assert small_training(checkpoint=tmp_path / "c", **changes).weights == small_training(**changes).weights


def test_a_finished_training_is_not_trained_again(tmp_path: Path, uninterrupted: Trained) -> None:
    small_training(checkpoint=tmp_path / "c")
    steps: list[int] = []
    again = small_training(checkpoint=tmp_path / "c", on_progress=lambda step, *_: steps.append(step))
    assert (again.weights, steps) == (uninterrupted.weights, [])


def test_a_checkpoint_of_another_training_is_not_used(tmp_path: Path) -> None:
    interrupted(tmp_path / "c", 7)
    for change in ({"margin": 2.0}, {"pairs": bars(seed=1)}):
        steps: list[int] = []
        small_training(checkpoint=tmp_path / "c", on_progress=lambda step, *_, s=steps: s.append(step), **change)
        assert steps[0] == 1


@pytest.mark.parametrize("content", [b"", b"damaged", b"PK\x03\x04"])
def test_a_damaged_checkpoint_is_no_checkpoint(tmp_path: Path, uninterrupted: Trained, content: bytes) -> None:
    (tmp_path / "c").write_bytes(content)
    assert small_training(checkpoint=tmp_path / "c").weights == uninterrupted.weights


def test_it_learns_and_keeps_the_best_weights_not_the_last() -> None:
    """Validation labels are turned round: the more is learned, the worse it looks, so the best weights are early."""
    pairs = bars(192)
    pairs.label[pairs.where("validation")] ^= 1
    changes: dict[str, Any] = {
        "steps": 90,
        "evaluate_every": 10,
        "batch_size": 16,
        "learning_rate": 0.1,
        "dropout": 0.0,
    }
    trained = small_training(pairs=pairs, augmentation=OFF.model_dump(), **changes)
    losses, areas = (trained.curves[name].to_pylist() for name in ("validation_loss", "validation_auc"))
    assert areas[-1] < 0.05, "it has not learned to tell bars at unequal heights"
    best = int(np.argmin(losses))
    assert best < 5
    assert trained.best_step == 10 * (best + 1)
    assert validation_loss(trained, pairs) == pytest.approx(losses[best], abs=1e-6)


def test_it_stops_after_patience_and_says_how_far_it_went() -> None:
    """6 steps an epoch; nothing improves at a rate of almost 0 after the first looks."""
    trained = small_training(steps=600, learning_rate=1e-12, warmup_steps=0, patience_epochs=3, dropout=0.0)
    since = trained.steps - trained.best_step
    assert since == 18
    assert trained.steps < 600


def test_it_never_stops_before_its_time() -> None:
    changes: dict[str, Any] = {"learning_rate": 1e-12, "warmup_steps": 0, "patience_epochs": 0.5, "steps": 40}
    early, late = small_training(**changes), small_training(**changes, patience_from=0.75)
    assert early.steps < 30
    assert late.steps >= 30


def test_epochs_bound_the_steps() -> None:
    assert small_training(steps=500, max_epochs=1).steps == 6


def test_the_header_says_what_made_the_weights(uninterrupted: Trained) -> None:
    assert provenance_of(uninterrupted.weights) == {"made by": "a test"}
    assert all(tensor.isfinite().all() for tensor in load_tensors(uninterrupted.weights).values())


def test_progress_is_told_step_by_step() -> None:
    seen: list[tuple[int, int, bool]] = []
    small_training(steps=4, on_progress=lambda *told: seen.append((*told[:2], "validation_auc" in told[2])))
    assert seen == [(1, 4, False), (2, 4, True), (3, 4, True), (4, 4, True)]


def test_learning_rate_by_hand() -> None:
    settings = SETTINGS.model_copy(update={"learning_rate": 1.0, "warmup_steps": 3, "flat_share": 0.5})
    rates = [learning_rate(step, 101, settings) for step in (0, 1, 2, 3, 50, 100)]
    assert rates == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0, 0.02])
    cosine = settings.model_copy(update={"schedule": "cosine", "flat_share": 0.0, "warmup_steps": 0})
    assert [learning_rate(step, 101, cosine) for step in (0, 50, 100)] == pytest.approx([1.0, 0.51, 0.02])
    assert learning_rate(100, 101, settings.model_copy(update={"schedule": "constant"})) == 1.0


def test_a_loss_that_is_no_number_is_an_error() -> None:
    with pytest.raises(TrainingError, match=r"diverged: by step .*lower symmetry_train\.learning_rate"):
        small_training(learning_rate=1e30, normalise_embedding=False, steps=30, warmup_steps=0)


@pytest.mark.parametrize("split", ["train", "validation"])
def test_pairs_of_one_class_are_refused(split: str) -> None:
    pairs = bars()
    pairs.label[pairs.where(split)] = 1
    with pytest.raises(TrainingError, match=rf"the {split} pairs have labels \[1\]"):
        small_training(pairs=pairs)


def test_each_epoch_sees_each_pair_once_in_an_order_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[np.ndarray] = []
    rows = training._rows

    def noted(run: Any) -> Any:
        seen.append(rows(run))
        return seen[-1]

    monkeypatch.setattr(training, "_rows", noted)
    small_training(steps=12)
    first, second = np.concatenate(seen[:6]), np.concatenate(seen[6:])
    assert sorted(first) == sorted(second) == bars().where("train").tolist()
    assert first.tolist() != second.tolist()
