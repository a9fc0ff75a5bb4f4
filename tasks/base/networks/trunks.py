"""The convolutional trunks that LPIPS looks through: ImageNet's, from verified files, or a random stand-in.

In: the net's name and the weights folder. Out: torchvision's `features` of it. Zhang et al. 2018 (LPIPS 0.1).
The stand-in is for where no ImageNet weights are at hand: He-initialised by a fixed seed, always the same.
Knows nothing of what features are compared.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from tasks.base import runtime, weights
from tasks.base.weights import WeightsError

VGG = (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0)
TRUNKS = {"squeeze": "squeezenet1_1_features", "alex": "alexnet_torchvision", "vgg": "vgg16_torchvision"}
SHAPES: dict[str, tuple[tuple[int, ...] | str, ...]] = {
    "squeeze": ((64, 3, 2, 0), "max", (16, 64), (16, 64), "max", (32, 128), (32, 128), "max", (48, 192), (48, 192))
    + ((64, 256), (64, 256)),
    "alex": ((64, 11, 4, 2), "max", (192, 5, 1, 2), "max", (384, 3, 1, 1), (256, 3, 1, 1), (256, 3, 1, 1), "max"),
    "vgg": tuple((width, 3, 1, 1) if width else "max" for width in VGG),
}
"""As in torchvision (importing it takes seconds): a convolution's channels, side, stride and margin; a fire module's
channels when narrow and of each wide half; or a maximum over a window."""
WINDOWS = {"squeeze": (3, 2, True), "alex": (3, 2, False), "vgg": (2, 2, False)}
"""A maximum's side and stride, and whether an incomplete window counts."""
SEED = 0


class Fire(nn.Module):
    """Narrow, then wide by two kinds of window side by side: the module that SqueezeNet is made of."""

    def __init__(self, inside: int, narrow: int, wide: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(inside, narrow, 1)
        self.expand1x1 = nn.Conv2d(narrow, wide, 1)
        self.expand3x3 = nn.Conv2d(narrow, wide, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inside, H, W) -> (N, 2 * wide, H, W)."""
        x = self.squeeze(x).relu_()
        return torch.cat([self.expand1x1(x).relu_(), self.expand3x3(x).relu_()], 1)


def trained_trunk(net: str, folder: Path) -> nn.Sequential:
    """The net's trunk with ImageNet weights. WeightsError where its file is missing, another one, or of another net."""
    trunk, name = _shape(net), TRUNKS[net]
    found = weights.state_dict(name, folder)
    kept = {key.removeprefix("features."): t for key, t in found.items() if not key.startswith("classifier.")}
    try:
        trunk.load_state_dict(kept, strict=True, assign=True)
    except RuntimeError as error:
        raise WeightsError(f"{name}: not the features of {net}: {str(error).splitlines()[1].strip()}") from error
    return trunk


def random_trunk(net: str) -> nn.Sequential:
    """He-initialised, always the same one; biases 0."""
    trunk = _shape(net).to_empty(device="cpu")
    generator = runtime.generator(SEED, "perceptual", net)
    for module in trunk.modules():
        if isinstance(module, nn.Conv2d):
            deviation = math.sqrt(2.0 / module.weight[0].numel())
            nn.init.normal_(module.weight, 0.0, deviation, generator=generator)
            nn.init.zeros_(torch.as_tensor(module.bias))
    return trunk


def _shape(net: str) -> nn.Sequential:
    """The trunk without numbers: nothing is drawn or allocated."""
    with torch.device("meta"):
        return nn.Sequential(*_layers(net))


def _layers(net: str) -> Iterator[nn.Module]:
    side, stride, incomplete = WINDOWS[net]
    inside = 3
    for shape in SHAPES[net]:
        match shape:
            case (channels, window, step, margin):
                yield nn.Conv2d(inside, channels, window, step, margin)
                yield nn.ReLU(inplace=True)
                inside = channels
            case (narrow, wide):
                yield Fire(inside, narrow, wide)
                inside = 2 * wide
            case _:
                yield nn.MaxPool2d(side, stride, ceil_mode=incomplete)
