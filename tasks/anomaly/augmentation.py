"""Changes of a control's picture that leave it a face without a cleft: whatever moves moves left and right alike.

In: pictures (N, 3, S, S), -1..1, and the settings. Out: as many. The elastic field is smooth and symmetric about the
midline, so that a few hundred people stand for more, and none of them gets an asymmetric lip. Not published; see
docs/anomaly.md. Knows nothing of networks.
"""

import math

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from tasks.params.anomaly import ControlAugmentation

KNOTS = 5
"""Points a side between which the elastic field is interpolated."""
DARKEST = 1e-3


def augmented(pictures: Tensor, settings: ControlAugmentation, draws: Generator) -> Tensor:
    """(N, 3, S, S) -> (N, 3, S, S); every change is drawn from `draws`, on the CPU."""
    count, side = len(pictures), pictures.shape[-1]
    grid = F.affine_grid(_affine(count, settings, draws), [count, 3, side, side], align_corners=False)
    grid = grid + _elastic(count, side, settings.elastic, draws)
    moved = F.grid_sample(
        pictures, grid.to(pictures), mode="bicubic", padding_mode="reflection", align_corners=False
    ).clamp(-1, 1)
    gamma = torch.exp(settings.tone * torch.randn(count, 1, 1, 1, generator=draws))
    gain = torch.exp(settings.colour * torch.randn(count, 3, 1, 1, generator=draws))
    light = ((moved + 1) / 2).clamp(DARKEST, 1) ** gamma.to(pictures) * gain.to(pictures)
    return light.clamp(0, 1) * 2 - 1


def _affine(count: int, settings: ControlAugmentation, draws: Generator) -> Tensor:  # (N, 2, 3)
    normal = torch.randn(5, count, generator=draws)
    flip = torch.where(torch.rand(count, generator=draws) < settings.flip, -1.0, 1.0)
    scale, aspect = 1 + settings.zoom * normal[0], 1 + settings.aspect * normal[1]
    angle = math.radians(settings.turn) * normal[2]
    rows = torch.zeros(count, 2, 3)
    rows[:, 0, 0], rows[:, 0, 1] = flip * scale * aspect * angle.cos(), -scale * angle.sin()
    rows[:, 1, 0], rows[:, 1, 1] = flip * scale * angle.sin(), scale / aspect * angle.cos()
    rows[:, :, 2] = settings.shift * normal[3:].t()
    return rows


def _elastic(count: int, side: int, strength: float, draws: Generator) -> Tensor:  # (N, S, S, 2) as x, y
    """Sideways moves are mirrored at the midline, up and down moves are the same on both sides."""
    knots = torch.randn(count, 2, KNOTS, KNOTS, generator=draws)
    field = F.interpolate(knots, size=(side, side), mode="bicubic", align_corners=True)
    mirrored = field.flip(-1)
    return strength * torch.stack(((field[:, 0] - mirrored[:, 0]) / 2, (field[:, 1] + mirrored[:, 1]) / 2), -1)
