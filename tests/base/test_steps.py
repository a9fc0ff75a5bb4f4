"""The loop around every training: which steps, when it is kept, who is told, and what a key depends on."""

import re

import numpy as np
import pytest
import torch

from tasks.base import runtime
from tasks.base.training import Losses, TrainingError, bytes_of, due, key_of, steps
from tasks.params import Block


class Numbers(Block):
    rate: float


def quiet() -> Losses:
    """Of a training that says nothing of its losses."""
    return Losses("x.learning_rate")


def test_a_step_is_kept_then_told_and_the_last_one_is_always_kept() -> None:
    seen: list[object] = []
    for number in steps(0, 5, losses=quiet(), every=2, keep=lambda done: seen.append(("kept", done)),
                        on_progress=lambda *told: seen.append(told)):  # fmt: skip
        seen.append(number)
    assert seen == [0, (1, 5), 1, ("kept", 2), (2, 5), 2, (3, 5), 3, ("kept", 4), (4, 5), 4, ("kept", 5), (5, 5)]


def test_it_goes_on_where_it_stood_and_a_finished_training_has_no_steps() -> None:
    assert list(steps(3, 5, losses=quiet())) == [3, 4]
    assert list(steps(5, 5, losses=quiet())) == []


def test_who_leaves_early_keeps_no_more() -> None:
    kept: list[int] = []
    for number in steps(0, 5, losses=quiet(), keep=kept.append):
        if number == 2:
            break
    assert kept == [1, 2]


def test_the_bar_says_what_is_done_and_what_stands_beside(capsys: pytest.CaptureFixture[str]) -> None:
    list(steps(2, 4, losses=quiet(), what="learning", beside=lambda: "loss=0.5"))
    said = capsys.readouterr().err
    assert "learning" in said
    assert "4/4" in said
    assert "loss=0.5" in said


@pytest.mark.parametrize(("done", "expected"), [(3, True), (4, False), (6, True), (7, True)])
def test_it_is_time_every_so_many_steps_and_at_the_end(done: int, expected: bool) -> None:
    assert due(done, 7, 3) is expected


def test_a_key_is_of_settings_data_code_and_device(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers, data = Numbers(rate=0.1), bytes_of([np.arange(4)])
    key = key_of("tasks.base.schedules", numbers, data)
    assert key == key_of("tasks.base.schedules", numbers, data)
    others = {
        key_of("tasks.base.schedules", Numbers(rate=0.2), data),
        key_of("tasks.base.schedules", numbers, bytes_of([np.arange(5)])),
        key_of("tasks.base.runtime", numbers, data),
    }
    monkeypatch.setattr(runtime, "device", lambda: "another")
    assert len(others | {key, key_of("tasks.base.schedules", numbers, data)}) == 5


def test_bytes_are_the_same_however_an_array_lies_in_memory() -> None:
    array = np.arange(12).reshape(3, 4)
    assert bytes_of([array]) == bytes_of([np.asfortranarray(array)]) == bytes_of([array[:1], array[1:]])


def losses_of(*values: float) -> Losses:
    found = Losses("symmetry_train.learning_rate")
    for value in values:
        found.add(torch.tensor(value))
    return found


def test_the_mean_is_of_the_losses_since_the_last_one() -> None:
    losses = losses_of(1.0, 2.0)
    losses.check(2)
    losses.add(torch.tensor(6.0))
    assert losses.mean(3) == 3.0
    losses.add(torch.tensor(5.0))
    assert losses.mean(4) == 5.0


def test_a_training_that_goes_on_takes_its_losses_along() -> None:
    losses = losses_of(1.0, 2.0)
    losses.check(2)
    again = Losses("x.learning_rate", list(losses.kept))
    again.add(torch.tensor(6.0))
    assert again.mean(3) == 3.0


@pytest.mark.parametrize(
    ("last", "said"), [(float("nan"), "nan"), (float("inf"), "inf"), (-1e9, "-1e+09"), (2001.0, "2e+03")]
)
def test_a_loss_that_is_no_number_or_exploded_names_step_loss_and_setting(last: float, said: str) -> None:
    losses_of(2.0, 1999.0).check(2)  # much, and not yet a divergence
    with pytest.raises(
        TrainingError, match=re.escape(f"diverged: by step 7 the loss is {said}; lower symmetry_train.learning_rate")
    ):
        losses_of(2.0, last, 1.0).check(7)


def test_a_training_that_diverged_is_never_kept() -> None:
    losses, kept = Losses("x.learning_rate"), list[int]()
    with pytest.raises(TrainingError, match="by step 4"):
        for number in steps(0, 9, losses=losses, every=2, keep=kept.append):
            losses.add(torch.tensor(1.0 if number < 2 else float("nan")))
    assert kept == [2]
