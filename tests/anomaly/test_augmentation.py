"""What may happen to a control's picture in training: it stays a face without a cleft."""

import pytest
import torch

from tasks.anomaly.augmentation import _elastic, augmented
from tests.anomaly.small_generator import STILL


def draws(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def pictures() -> torch.Tensor:
    smooth = torch.nn.functional.interpolate(torch.rand(6, 3, 6, 6, generator=draws()), size=32, mode="bicubic")
    return (smooth * 2 - 1).clamp(-0.99, 1)


def test_nothing_asked_for_changes_nothing(pictures: torch.Tensor) -> None:
    assert torch.allclose(augmented(pictures, STILL, draws()), pictures, atol=1e-3)


def test_the_elastic_field_moves_left_and_right_alike() -> None:
    field = _elastic(5, 32, 0.1, draws())
    assert torch.allclose(field[..., 0], -field.flip(2)[..., 0], atol=1e-6)
    assert torch.allclose(field[..., 1], field.flip(2)[..., 1], atol=1e-6)
    assert field.abs().amax() > 0.05


def test_a_symmetric_picture_stays_symmetric_under_the_elastic_field(pictures: torch.Tensor) -> None:
    both = (pictures + pictures.flip(-1)) / 2
    moved = augmented(both, STILL.model_copy(update={"elastic": 0.1}), draws())
    assert (moved - both).abs().amax() > 0.1
    assert torch.allclose(moved, moved.flip(-1), atol=1e-4)


def test_flips_mirror_some_pictures_and_leave_the_others(pictures: torch.Tensor) -> None:
    moved = augmented(pictures, STILL.model_copy(update={"flip": 0.5}), draws())
    mirrored = [torch.allclose(own, was.flip(-1), atol=2e-3) for own, was in zip(moved, pictures, strict=True)]
    left = [torch.allclose(own, was, atol=2e-3) for own, was in zip(moved, pictures, strict=True)]
    assert all(one != other for one, other in zip(mirrored, left, strict=True))
    assert any(mirrored)
    assert any(left)


@pytest.mark.parametrize("change", ["zoom", "aspect", "turn", "shift", "elastic", "tone", "colour"])
def test_each_change_changes_the_picture_and_stays_in_range(pictures: torch.Tensor, change: str) -> None:
    strength = 10.0 if change == "turn" else 0.2
    moved = augmented(pictures, STILL.model_copy(update={change: strength}), draws())
    assert (moved - pictures).abs().mean() > 0.01
    assert moved.amin() >= -1
    assert moved.amax() <= 1


def test_the_same_draws_give_the_same_pictures(pictures: torch.Tensor) -> None:
    lively = STILL.model_copy(update={"flip": 0.5, "elastic": 0.05, "tone": 0.2})
    assert torch.equal(augmented(pictures, lively, draws(3)), augmented(pictures, lively, draws(3)))
    assert not torch.equal(augmented(pictures, lively, draws(3)), augmented(pictures, lively, draws(4)))
