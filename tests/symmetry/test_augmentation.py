"""Augmentation moves both halves of a pair alike, and lets light and sharpness differ as far as it is told."""

import math

import pytest
import torch

from tasks.base import runtime
from tasks.params.symmetry import Augmentation
from tasks.symmetry import augmentation

OFF = Augmentation(**dict.fromkeys(Augmentation.model_fields, 0.0))


def augmented(halves: torch.Tensor, **changes: float) -> torch.Tensor:
    return augmentation.augmented(halves, OFF.model_copy(update=changes), runtime.generator(1))


@pytest.fixture
def halves() -> torch.Tensor:
    """8 pairs of equal halves of smooth random pictures."""
    coarse = torch.rand(8, 3, 9, 9, generator=runtime.generator(2))
    return torch.nn.functional.interpolate(coarse, 36, mode="bilinear").repeat(2, 1, 1, 1)


def test_nothing_asked_nothing_changed(halves: torch.Tensor) -> None:
    torch.testing.assert_close(augmented(halves), halves, rtol=0, atol=1e-5)


@pytest.mark.parametrize("change", [{"flip": 1.0}, {"zoom": 0.3}, {"shift": 0.2}])
def test_geometry_moves_both_halves_alike_however_apart_the_rest_is(
    halves: torch.Tensor, change: dict[str, float]
) -> None:
    changed = augmented(halves, apart=1.0, **change)
    assert (changed - halves).abs().mean() > 0.01
    assert torch.equal(changed[:8], changed[8:])


@pytest.mark.parametrize("name", ["brightness", "contrast", "tone", "colour", "lighting", "blur", "noise", "jpeg"])
def test_light_and_sharpness_differ_between_halves_as_far_as_asked(halves: torch.Tensor, name: str) -> None:
    def difference(apart: float) -> float:
        changed = augmented(halves, apart=apart, **{name: 0.1 if name == "blur" else 0.3})
        assert changed.min() >= 0
        assert changed.max() <= 1
        assert (changed - halves).abs().mean() > 0.002
        return (changed[:8] - changed[8:]).abs().mean().item()

    assert difference(1.0) > 0.003
    if name != "noise":  # grain is never the same twice; only its strength is shared
        assert difference(0.0) == 0


def test_shade_darkens_whole_halves_each_on_its_own(halves: torch.Tensor) -> None:
    ratio = (augmented(halves, shade=0.4) / halves).flatten(1)
    darker = ratio.mean(1)
    torch.testing.assert_close(ratio, darker[:, None].expand_as(ratio), rtol=0.01, atol=0.01)
    assert ((darker > 0.995) | (darker < 0.99)).all()
    assert 3 <= (darker < 0.99).sum() <= 13
    assert darker.min() >= 0.6 - 1e-5
    assert (darker[:8] - darker[8:]).abs().max() > 0.1


def test_flip_is_a_mirror_and_shift_goes_by_whole_pixels_without_blur(halves: torch.Tensor) -> None:
    torch.testing.assert_close(augmented(halves, flip=1.0), halves.flip(3), rtol=0, atol=1e-5)
    up = augmentation._interpolation(torch.arange(36.0).expand(16, 36) + 1) @ halves[:, 0]
    assert torch.equal(up[:, :-1], halves[:, 0, 1:])


def test_a_blurred_point_has_the_asked_spread() -> None:
    matrix = augmentation._gaussian(torch.tensor([[2.0]]), 41)[0]
    variance = (matrix[20] * (torch.arange(41) - 20).square()).sum().item()
    assert math.sqrt(variance) == pytest.approx(2.0, rel=0.01)


def test_cosine_transform_is_orthonormal_also_where_blocks_do_not_fit() -> None:
    basis, _ = augmentation._cosines(36)
    torch.testing.assert_close(basis @ basis.T, torch.eye(36), rtol=0, atol=1e-5)


def test_the_same_generator_draws_the_same_and_another_differently(halves: torch.Tensor) -> None:
    settings = OFF.model_copy(update={"apart": 0.5, "colour": 0.2, "noise": 0.05, "blur": 0.02, "jpeg": 0.1})
    first, again, other = (augmentation.augmented(halves, settings, runtime.generator(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
