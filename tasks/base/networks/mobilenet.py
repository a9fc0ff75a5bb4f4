"""MobileNetV2, layer by layer as in torchvision: same names, same random weights by the same seed, same numbers.

In: pictures, (N, 3, H, W) float, normalised. Out: one value per class, or `features` alone. Sandler et al. 2018.
Written here because importing torchvision takes longer than everything else that a photograph's score needs: it brings
torch's compiler with it. tests/base/test_mobilenet.py holds it against torchvision's.
"""

from torch import Tensor, nn

BLOCKS = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Expansion, channels at width 1, how many of them, and the first one's stride: Table 2 of the paper."""
FIRST, LAST = 32, 1280
EIGHT = 8
"""Channels are multiples of it."""


class InvertedResidual(nn.Module):
    """Wider, each channel by itself, narrower; added to what came in where both are of one shape."""

    def __init__(self, inside: int, outside: int, *, stride: int, expansion: int) -> None:
        super().__init__()
        self.is_added = stride == 1 and inside == outside
        hidden = inside * expansion
        wider = [convolved(inside, hidden, side=1)] if expansion != 1 else []
        single = convolved(hidden, hidden, side=3, stride=stride, groups=hidden)
        narrower = nn.Conv2d(hidden, outside, 1, bias=False)
        self.conv = nn.Sequential(*wider, single, narrower, nn.BatchNorm2d(outside))

    def forward(self, x: Tensor) -> Tensor:
        """(N, inside, H, W) -> (N, outside, H / stride, W / stride)."""
        found: Tensor = self.conv(x)
        return x + found if self.is_added else found


class MobileNetV2(nn.Module):
    """`width`: the multiplier of channels. Weights are random by torch's global generator."""

    def __init__(self, *, width: float, classes: int = 1000, dropout: float = 0.2) -> None:
        super().__init__()
        inside = _channels(FIRST * width)
        self.last_channel = _channels(LAST * max(1.0, width))
        layers: list[nn.Module] = [convolved(3, inside, side=3, stride=2)]
        for expansion, channels, count, first in BLOCKS:
            outside = _channels(channels * width)
            for number in range(count):
                stride = 1 if number else first
                layers.append(InvertedResidual(inside, outside, stride=stride, expansion=expansion))
                inside = outside
        self.features = nn.Sequential(*layers, convolved(inside, self.last_channel, side=1))
        self.classifier = nn.Sequential(nn.Dropout(dropout), nn.Linear(self.last_channel, classes))
        for module in self.modules():
            if isinstance(module, nn.Conv2d) and not module.weight.is_meta:
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
            elif isinstance(module, nn.Linear):
                draw_head(module)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, classes)."""
        pooled = nn.functional.adaptive_avg_pool2d(self.features(x), 1).flatten(1)
        found: Tensor = self.classifier(pooled)
        return found


def draw_head(head: nn.Linear) -> None:
    """Small random weights, no bias. Nothing is drawn of weights without numbers (device meta): for them torch would
    import its compiler, which takes seconds.
    """
    if not head.weight.is_meta:
        nn.init.normal_(head.weight, 0, 0.01)
        nn.init.zeros_(head.bias)


def convolved(inside: int, outside: int, *, side: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """A convolution that keeps the size but for its stride, batch norm, and ReLU up to 6."""
    layer = nn.Conv2d(inside, outside, side, stride, (side - 1) // 2, groups=groups, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(outside), nn.ReLU6(inplace=True))


def _channels(wanted: float) -> int:
    """The nearest multiple of eight, at least eight, and never less than nine tenths of what is wanted."""
    found = max(EIGHT, int(wanted + EIGHT / 2) // EIGHT * EIGHT)
    return found if found >= 0.9 * wanted else found + EIGHT
