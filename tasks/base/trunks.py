"""The convolutional trunks that LPIPS looks through: ImageNet's, from verified files, or a random stand-in.

In: the net's name and the weights folder. Out: torchvision's `features` of it. Zhang et al. 2018 (LPIPS 0.1).
The stand-in is for where no ImageNet weights are at hand: He-initialised by a fixed seed, always the same.
Knows nothing of what features are compared.
"""

import math
from pathlib import Path

import torch
from torch import nn
from torchvision import models

from tasks.base import runtime, weights
from tasks.base.weights import WeightsError

TRUNKS = {"squeeze": "squeezenet1_1_features", "alex": "alexnet_torchvision", "vgg": "vgg16_torchvision"}
BUILDERS = {"squeeze": models.squeezenet1_1, "alex": models.alexnet, "vgg": models.vgg16}
SEED = 0


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
        trunk: nn.Sequential = BUILDERS[net](weights=None).features
    return trunk
