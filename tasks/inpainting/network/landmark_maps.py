"""Landmarks as a map, one channel per point, through which gradients reach the landmarks (Chen et al., equation 6).

In: points as shares of a picture's side. Out: a map with a bump at each point; or, with a spread of 0, equation 6's
ones and zeros, whose gradient is that of a bump one pixel wide. The published code puts all points into every channel
and cuts the gradient (docs/inpainting.md). Knows nothing of networks.
"""

import torch
from torch import Tensor

POINTS = 68


def point_map(points: Tensor, side: int, spread: float) -> Tensor:
    """(N, P, 2) x, y in shares of the side -> (N, P, side, side) in 0..1, rows are y.

    A share of 0 is the first pixel's outer edge, so pixel k's centre is at (k + 0.5) / side. `spread`: the bump's
    deviation in pixels of the map; 0: a single 1 per point, at the pixel that the point lies in, none where it lies
    outside.
    """
    places = torch.arange(side, device=points.device, dtype=points.dtype) + 0.5
    x, y = (_bumps(points[..., axis] * side, places, spread or 1.0) for axis in (0, 1))
    smooth = y[..., :, None] * x[..., None, :]
    if spread:
        return smooth
    ones = [(torch.floor(points[..., axis, None] * side) == torch.floor(places)).to(points.dtype) for axis in (0, 1)]
    hard = ones[1][..., :, None] * ones[0][..., None, :]
    return hard + (smooth - smooth.detach())


def _bumps(centre: Tensor, places: Tensor, spread: float) -> Tensor:
    """(N, P) px and (side,) -> (N, P, side), 1 at the centre."""
    return torch.exp(-0.5 * ((places - centre[..., None]) / spread).square())
