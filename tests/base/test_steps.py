"""The loop around every training: which steps, when it is kept, who is told, and what a key depends on."""

import numpy as np
import pytest

from tasks.base import runtime
from tasks.base.training import TrainingError, bytes_of, due, key_of, mean_loss, steps
from tasks.params import Block


class Numbers(Block):
    rate: float


def test_a_step_is_kept_then_told_and_the_last_one_is_always_kept() -> None:
    seen: list[object] = []
    for number in steps(0, 5, every=2, keep=lambda done: seen.append(("kept", done)),
                        on_progress=lambda *told: seen.append(told)):  # fmt: skip
        seen.append(number)
    assert seen == [0, (1, 5), 1, ("kept", 2), (2, 5), 2, (3, 5), 3, ("kept", 4), (4, 5), 4, ("kept", 5), (5, 5)]


def test_it_goes_on_where_it_stood_and_a_finished_training_has_no_steps() -> None:
    assert list(steps(3, 5)) == [3, 4]
    assert list(steps(5, 5)) == []


def test_who_leaves_early_keeps_no_more() -> None:
    kept: list[int] = []
    for number in steps(0, 5, keep=kept.append):
        if number == 2:
            break
    assert kept == [1, 2]


def test_the_bar_says_what_is_done_and_what_stands_beside(capsys: pytest.CaptureFixture[str]) -> None:
    list(steps(2, 4, what="learning", beside=lambda: "loss=0.5"))
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


def test_a_mean_that_is_no_number_names_the_setting() -> None:
    assert mean_loss([1.0, 2.0], step=2, lower="x") == 1.5
    with pytest.raises(TrainingError, match="at step 7: lower symmetry_train: learning_rate"):
        mean_loss([1.0, float("nan")], step=7, lower="symmetry_train: learning_rate")
