"""An adapter's training: exact resume, what takes part, and what the file says to its readers."""

import signal
import time
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from flows import PROJECT
from tasks.base.absence import Absent
from tasks.base.training import TrainingError
from tasks.params.synthesis import Timesteps
from tasks.schemas.synthesis import CAPTIONS
from tasks.synthesis.adapter.examples import ExamplesError, batch_at, examples_of, steps_of
from tasks.synthesis.adapter.timesteps import levels
from tasks.synthesis.adapter.training import network_of
from tests.ready import python
from tests.synthesis.small_adapter import SETTINGS, small_examples, small_training, tables


@pytest.mark.parametrize("optimiser", ["adamw8bit", "adamw"])
def test_a_killed_training_goes_on_to_the_same_bytes(base: Path, tmp_path: Path, optimiser: str) -> None:
    whole = small_training(base, optimiser=optimiser)
    checkpoint = tmp_path / "checkpoint"
    script = PROJECT / "tests/synthesis/small_adapter.py"
    process = python(str(script), str(base), str(checkpoint), optimiser, "0.2")
    deadline = time.monotonic() + 120
    while not checkpoint.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    steps: list[int] = []
    resumed = small_training(base, optimiser=optimiser, checkpoint=checkpoint, on_progress=lambda s, _: steps.append(s))
    assert steps[0] > 1
    assert resumed == whole


def test_two_trainings_give_the_same_bytes_and_another_seed_others(base: Path) -> None:
    assert small_training(base) == small_training(base)
    assert small_training(base, seed=4).weights != small_training(base).weights


def test_the_loss_falls_and_samples_come_at_intervals(base: Path) -> None:
    done = small_training(base, steps_per_image=30, preservation=0.0)
    losses = [row["loss"] for row in done.curves]
    assert sum(losses[-10:]) < sum(losses[:10])
    assert [row["step"] for row in done.samples] == [*range(6, 90, 6), 90]
    assert len({row["picture"] for row in done.samples}) > 1


def test_the_rate_rises_stays_and_falls_or_stays_for_good(base: Path) -> None:
    def rates(flat_share: float) -> list[float]:
        curves = small_training(base, steps_per_image=10, flat_share=flat_share, learning_rate=0.01).curves
        return [row["rate"] for row in curves]

    falling, constant = rates(0.5), rates(1.0)
    assert falling[:16] == constant[:16] == pytest.approx([0.01 / 3, 0.02 / 3, *[0.01] * 14])
    assert constant[16:] == pytest.approx([0.01] * 14)
    steps = [before - after for before, after in pairwise(falling[15:])]
    assert steps == pytest.approx([steps[0]] * 14)
    assert falling[-1] - steps[0] == pytest.approx(0.01 / 50)


def test_ten_steps_a_photograph_of_those_who_train(base: Path) -> None:
    examples = small_examples()
    assert (examples.photographs, examples.subjects, examples.own) == (3, 3, 6)
    assert steps_of(examples, SETTINGS.model_copy(update={"steps_per_image": 10})) == 30


def test_nobody_of_the_test_split_is_among_the_examples() -> None:
    captions, latents, texts = tables()
    examples = examples_of(captions, latents, texts, condition="pre")
    kept = {row["image_id"] for row in captions.to_pylist() if row["split"] == "test"}
    place = {image_id: row for row, image_id in enumerate(texts["image_id"].to_pylist())}
    assert not {place[image_id] for image_id in kept} & set(examples.text)


def test_every_example_comes_once_a_round() -> None:
    examples, settings = small_examples(people=6), SETTINGS.model_copy(update={"preservation": 0.0})
    rounds = -(-examples.own // settings.batch_size)
    for start in (0, rounds):
        seen = [
            row.tolist() for step in range(start, start + rounds) for row in batch_at(step, examples, settings).latents
        ]
        assert sorted(seen) == sorted(row.tolist() for row in examples.latents[: examples.own])


def test_a_control_of_the_patients_own_words_comes_in_its_place_where_there_is_one() -> None:
    captions, latents, texts = tables(people=4, controls=3)
    told = captions.to_pylist()
    words = {"patient-0": "baby girl", "patient-1": "man", "control-0": "baby girl", "control-1": "woman"}
    for row in told:
        face = f"A {words.get(row['subject_id'], 'boy')}'s whole face"
        row["prompt"] = f"[CLP] {face} with an unrepaired cleft lip." if row["condition"] == "pre" else f"{face}."
    examples = examples_of(CAPTIONS.table(told), latents, texts, condition="pre")
    place = {image_id: row for row, image_id in enumerate(texts["image_id"].to_pylist())}
    subject = {place[row["image_id"]]: row["subject_id"] for row in told}
    found = {
        subject[examples.text[row]]: {subject[examples.text[other]] for other in examples.alike[row]}
        for row in range(examples.own)
    }
    assert found["patient-0"] == {"control-0"}
    assert found["patient-1"] == {"control-0", "control-1", "control-2"}
    assert found["patient-2"] == {"control-2"}


def test_controls_take_their_share_and_only_theirs() -> None:
    examples = small_examples(people=6)
    controls = {tuple(row.tolist()) for row in examples.latents[examples.own :]}
    for share in (0.0, 0.5):
        settings = SETTINGS.model_copy(update={"preservation": share})
        drawn = [
            tuple(row.tolist()) in controls for step in range(200) for row in batch_at(step, examples, settings).latents
        ]
        assert sum(drawn) / len(drawn) == pytest.approx(share, abs=0.08)


def test_without_photographs_the_error_says_what_is_needed() -> None:
    captions, latents, texts = tables()
    with pytest.raises(Absent, match="no photograph of a patient after repair to learn from"):
        examples_of(captions, latents, texts, condition="post")
    with pytest.raises(ExamplesError, match="has no text; run the stage synthesis_cache"):
        examples_of(captions, latents, texts.slice(0, 0), condition="pre")


def test_a_loss_that_is_no_number_stops_with_the_step(base: Path) -> None:
    with pytest.raises(TrainingError, match="diverged: by step .* the loss is .*; lower synthesis_train.learning_rate"):
        small_training(base, learning_rate=1e30, clip_norm=1e30, optimiser="adamw", steps_per_image=8)


def test_the_assistant_takes_part_in_training_alone_and_stays_frozen(base: Path, tmp_path: Path) -> None:
    plain = small_training(base)
    (base.parent / "assistant.safetensors").write_bytes(small_training(base, seed=9).weights)
    helped = small_training(base, training_adapter="assistant.safetensors")
    assert helped.weights != plain.weights
    settings = SETTINGS.model_copy(update={"training_adapter": "assistant.safetensors"})
    network = network_of(base, settings, base.parent, largest=32)
    assert {n.split(".")[-2] for n, w in network.named_parameters() if w.requires_grad} == {"trained"}
    assert set(network.active_adapters()) == {"assistant", "trained"}


@pytest.mark.parametrize("precision", ["bfloat16", "fp8", "int8"])
def test_every_precision_trains_its_adapter_in_float32(base: Path, precision: str) -> None:
    done = small_training(base, precision=precision, gradient_checkpointing=True)
    assert all(torch.isfinite(torch.tensor(row["loss"])) for row in done.curves)
    assert done.weights != small_training(base).weights


def test_gradient_checkpointing_changes_no_result(base: Path) -> None:
    kept, again = small_training(base), small_training(base, gradient_checkpointing=True)
    assert [row["loss"] for row in again.curves] == pytest.approx([row["loss"] for row in kept.curves], rel=1e-4)


def test_noise_levels_are_distributed_as_their_formulas_say() -> None:
    def drawn(kind: str, **numbers: float) -> torch.Tensor:
        settings = Timesteps.model_validate({"kind": kind, "mean": 0.0, "deviation": 1.0, "shift": 3.0} | numbers)
        return levels(20_000, torch.Generator().manual_seed(0), settings)

    assert float(drawn("uniform").mean()) == pytest.approx(0.5, abs=0.01)
    normal = torch.logit(drawn("logit_normal", mean=0.5, deviation=2.0).double())
    assert (float(normal.mean()), float(normal.std())) == pytest.approx((0.5, 2.0), abs=0.05)
    assert float(drawn("shifted").median()) == pytest.approx(3 * 0.5 / (1 + 2 * 0.5), abs=0.01)
