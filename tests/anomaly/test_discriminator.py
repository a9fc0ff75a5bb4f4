"""The discriminator's parts against plain formulas, and the penalties that need a gradient of a gradient."""

import numpy as np
import torch
from scipy.signal import convolve2d

from tasks.anomaly.discriminator import Conv, Discriminator, _spread
from tasks.anomaly.training import architecture_of
from tests.anomaly.small_generator import SETTINGS


def test_halving_blurs_and_takes_every_second_pixel() -> None:
    torch.manual_seed(0)
    for side in (1, 3):
        conv = Conv(1, 1, side, down=True, active=False)
        x = torch.randn(1, 1, 8, 8)
        taps = np.array([1, 3, 3, 1]) / 8
        around = 1 + side // 2
        blurred = convolve2d(np.pad(x[0, 0].numpy(), around), np.outer(taps, taps), mode="valid")
        weight = conv.weight[0, 0].detach().numpy() * conv.gain
        plain = convolve2d(blurred, weight[::-1, ::-1], mode="valid")[::2, ::2]
        assert conv(x).shape == (1, 1, 4, 4)
        assert np.allclose(conv(x).detach().numpy()[0, 0], plain, atol=1e-5)


def test_the_spread_is_the_mean_deviation_over_each_group() -> None:
    x = torch.randn(8, 3, 4, 4, generator=torch.Generator().manual_seed(1))
    found = _spread(x)
    group = x[[0, 2, 4, 6]]
    assert found.shape == (8, 1, 4, 4)
    assert torch.allclose(found[0], group.std(0, unbiased=False).mean().expand(1, 4, 4), atol=1e-4)
    assert torch.equal(found[0], found[2])
    assert not torch.equal(found[0], found[1])


def test_a_verdict_a_picture_and_a_gradient_of_its_gradient() -> None:
    torch.manual_seed(0)
    network = Discriminator(architecture_of(32, SETTINGS))
    pictures = torch.randn(4, 3, 32, 32, requires_grad=True)
    verdicts = network(pictures)
    assert verdicts.shape == (4,)
    (slope,) = torch.autograd.grad(verdicts.sum(), pictures, create_graph=True)
    torch.autograd.backward(slope.square().sum())
    reached = network.get_parameter("blocks.0.first.weight").grad
    assert reached is not None and reached.abs().sum() > 0
