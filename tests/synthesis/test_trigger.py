"""Where drawn pictures lie between controls and patients; the demo's numbers: tests/pipeline/test_demo.py."""

import pytest
import torch

from tasks import params
from tasks.params.synthesis import SynthesisCaptions, SynthesisPrompts
from tasks.phantoms.identity import identity
from tasks.phantoms.motion import FRONTAL
from tasks.phantoms.render import render
from tasks.phantoms.shape import NEUTRAL, NO_CLEFT
from tasks.synthesis.adapter.trigger import mouth, place, without_trigger
from tasks.synthesis.framing import frame_of
from tasks.synthesis.prompts import plan_prompts


def test_controls_are_at_0_patients_at_1_and_what_is_beside_the_way_does_not_count() -> None:
    controls, patients = torch.tensor([[0.0, 0.0], [2.0, 0.0]]), torch.tensor([[1.0, 4.0], [1.0, 4.0]])
    assert place(controls, patients, controls) == 0
    assert place(patients, patients, controls) == pytest.approx(1)
    assert place(torch.tensor([[9.0, 1.0]]), patients, controls) == pytest.approx(0.25)
    assert place(torch.tensor([[1.0, -4.0]]), patients, controls) == pytest.approx(-1)


def test_the_mouth_of_a_framed_face_is_where_it_is_looked_for() -> None:
    for seed in range(20):
        drawn = render(identity(seed), size=256, expression=NEUTRAL, pose=FRONTAL, cleft=NO_CLEFT, frame=0)
        left, top, side = frame_of(drawn.landmarks, 1.5)
        columns, rows = ((drawn.landmarks[48:60] - [left, top]) * 64 / side).round().astype(int).T
        assert mouth(64, 64)[rows, columns].all()
    assert mouth(64, 64).sum() == 28 * 32


def test_what_tells_patients_from_controls_counts_for_more_than_what_varies() -> None:
    draws = torch.Generator().manual_seed(1)
    spread = torch.tensor([0.5, 10.0])  # a lip, and hair
    controls = torch.randn(400, 2, generator=draws) * spread
    patients = torch.randn(400, 2, generator=draws) * spread + torch.tensor([1.0, 1.0])
    assert place(torch.tensor([[1.0, 0.0]]), patients, controls) > 0.8
    assert abs(place(torch.tensor([[0.0, 1.0]]), patients, controls)) < 0.2


@pytest.mark.parametrize("condition", ["pre", "post"])
def test_without_the_trigger_nothing_of_the_cleft_is_asked_for(condition: str) -> None:
    settings = params.load(SynthesisPrompts, "synthesis_prompts")
    triggers = params.load(SynthesisCaptions, "synthesis_captions").triggers
    prompts = plan_prompts(condition=condition, triggers=triggers, settings=settings)["prompt"].to_pylist()
    for prompt in prompts:
        plain = without_trigger(prompt)
        assert not {"CLP", "CLPrep", "cleft", "scar", "scars", "asymmetry"} & set(plain.replace(".", " ").split())
        assert "[" not in plain
        assert prompt.split(". ", 1)[1] == plain.split(". ", 1)[1]


def test_captions_lose_their_trigger_too() -> None:
    caption = "[CLP] A baby girl's whole face with an unrepaired cleft lip, with marked lip and nose asymmetry."
    assert without_trigger(caption) == "A baby girl's whole face."
    assert without_trigger("A man's whole face.") == "A man's whole face."
