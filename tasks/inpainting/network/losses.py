"""What the generator and the discriminator are trained by (Chen et al., section II.D, equations 7 and 8).

In: pictures (N, 3, S, S) in [0, 1], masks (N, 1, S, S), points in shares of the side. Out: one number a loss, each a
mean over the batch. The paper follows Yang et al. 2019 and names the losses only; docs/inpainting.md says on what each
is taken here, and what the published code does. Knows nothing of networks or steps.
"""

from collections.abc import Sequence

from torch import Tensor

LANDMARK_SIDE = 256
"""The landmark loss is in pixels of a picture of this side, whatever the side: its weight, 0.00046, is of that unit."""


def pixel(drawn: Tensor, truth: Tensor, mask: Tensor, *, hole_weight: float) -> Tensor:
    """The mean absolute difference; pixels to be filled weigh `hole_weight` times as much as the others."""
    weights = 1 + (hole_weight - 1) * mask
    return ((drawn - truth).abs() * weights).mean() / weights.mean()


def perceptual(drawn: Sequence[Tensor], truth: Sequence[Tensor]) -> Tensor:
    """The mean absolute difference of features, added up over layers (Johnson et al. 2016)."""
    return _total([(a - b).abs().mean() for a, b in zip(drawn, truth, strict=True)])


def style(drawn: Sequence[Tensor], truth: Sequence[Tensor]) -> Tensor:
    """The same of the features' Gram matrices (Gatys et al. 2016)."""
    return _total([(_gram(a) - _gram(b)).abs().mean() for a, b in zip(drawn, truth, strict=True)])


def _gram(features: Tensor) -> Tensor:
    """(N, C, h, w) -> (N, C, C), by the number of places."""
    flat = features.flatten(2)
    return flat @ flat.transpose(1, 2) / flat.shape[2]


def _total(parts: Sequence[Tensor]) -> Tensor:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def variation(merged: Tensor, mask: Tensor) -> Tensor:
    """Mean absolute difference of neighbours, across and down, of which at least one is filled."""
    across = (merged[..., 1:] - merged[..., :-1]).abs() * _either(mask[..., 1:], mask[..., :-1])
    down = (merged[..., 1:, :] - merged[..., :-1, :]).abs() * _either(mask[..., 1:, :], mask[..., :-1, :])
    return across.mean() + down.mean()


def _either(a: Tensor, b: Tensor) -> Tensor:
    return a + b - a * b


def landmarks(points: Tensor, truth: Tensor) -> Tensor:
    """Equation 7: the squared distance of all 68 points together, pixels of a picture of 256, mean over the batch."""
    return ((points - truth) * LANDMARK_SIDE).square().sum((1, 2)).mean()


def real_or_drawn(real: Tensor, drawn: Tensor) -> Tensor:
    """The discriminator's: verdicts on photographs towards 1, on drawn pictures towards 0 (least squares)."""
    return ((real - 1).square().mean() + drawn.square().mean()) / 2


def taken_for_real(drawn: Tensor) -> Tensor:
    """The generator's: verdicts on drawn pictures towards 1."""
    return (drawn - 1).square().mean()
