"""Our networks against torchvision's, which takes seconds to import and so is used nowhere else but for Inception."""

from typing import Any

import pytest
import torch
from torch import nn
from torchvision import models

from tasks.base.networks.mobilenet import MobileNetV2
from tasks.base.networks.trunks import SHAPES, random_trunk


@pytest.mark.parametrize("width", [0.1, 0.25, 0.35, 0.75, 1.0, 1.4])
def test_the_same_seed_gives_torchvisions_weights_and_numbers(width: float) -> None:
    torch.manual_seed(3)
    theirs = models.MobileNetV2(num_classes=5, width_mult=width, dropout=0.2)
    after = torch.rand(1)
    torch.manual_seed(3)
    ours = MobileNetV2(classes=5, width=width)
    assert torch.equal(torch.rand(1), after)  # as many random numbers were drawn
    assert ours.last_channel == theirs.last_channel
    assert same_weights(ours, theirs)
    pictures = torch.rand(2, 3, 64, 64)
    for mode in (True, False):
        torch.manual_seed(4)
        expected = theirs.train(mode)(pictures)
        torch.manual_seed(4)
        assert torch.equal(ours.train(mode)(pictures), expected)
    assert same_weights(ours, theirs)  # the batch norms' statistics, too


@pytest.mark.parametrize(
    ("net", "whole"), [("squeeze", models.squeezenet1_1), ("alex", models.alexnet), ("vgg", models.vgg16)]
)
def test_trunks_are_torchvisions(net: str, whole: Any) -> None:
    ours = random_trunk(net).eval()
    with torch.device("meta"):  # without the millions of weights that follow the features
        theirs = whole(weights=None).features.eval()
    theirs.load_state_dict(ours.state_dict(), strict=True, assign=True)
    assert [type(layer).__name__ for layer in ours] == [type(layer).__name__ for layer in theirs]
    pictures = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        for mine, other in zip(ours, theirs, strict=True):
            pictures, expected = mine(pictures.clone()), other(pictures.clone())
            assert torch.equal(pictures, expected)
    assert set(SHAPES) == {"squeeze", "alex", "vgg"}


def same_weights(ours: nn.Module, theirs: nn.Module) -> bool:
    mine, other = ours.state_dict(), theirs.state_dict()
    return list(mine) == list(other) and all(torch.equal(value, other[name]) for name, value in mine.items())
