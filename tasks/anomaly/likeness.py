"""How far drawn pictures are from photographs: a weighted sum of LPIPS, pixel differences and structure.

In: photographs and drawn pictures (N, 3, R, R), -1..1. Out: one number per face. Hayajneh et al. take LPIPS alone in
the inversion (Algorithm 1), LPIPS + L2 in the adaptation (equation 2). The other terms are ours, for small generators
where no trained LPIPS is at hand (docs/anomaly.md). Knows nothing of generators.
"""

import torch.nn.functional as F
from torch import Tensor

from tasks.faces.perceptual import Perceptual
from tasks.params.anomaly import FaceLoss

WINDOW = 7
"""Side of SSIM's window, pixels."""
STABILISERS = (0.02**2, 0.06**2)
"""SSIM's constants for a range of 2."""


class Likeness:
    """Photographs that drawn pictures are held against; what LPIPS sees in them is looked at once."""

    def __init__(self, photographs: Tensor, perceptual: Perceptual, weights: FaceLoss) -> None:
        self.photographs, self.perceptual, self.weights = photographs, perceptual, weights
        self.features = perceptual.features(photographs) if weights.lpips else []

    def distance(self, drawn: Tensor) -> Tensor:
        """(N, 3, R, R) -> (N,)."""
        weights, away = self.weights, drawn - self.photographs
        found = drawn.new_zeros(len(drawn))
        if weights.lpips:
            found = found + weights.lpips * self.perceptual.distance(self.perceptual.features(drawn), self.features)
        if weights.l2:
            found = found + weights.l2 * away.square().mean((1, 2, 3))
        if weights.l1:
            found = found + weights.l1 * away.abs().mean((1, 2, 3))
        if weights.ssim:
            found = found + weights.ssim * (1 - similarity(drawn, self.photographs)).mean((1, 2, 3))
        return found


def similarity(x: Tensor, y: Tensor) -> Tensor:
    """SSIM (Wang et al. 2004) around every pixel of two (N, C, H, W), -1..1: windows are cut off at the border."""
    x, y = x + 1, y + 1

    def mean(values: Tensor) -> Tensor:
        return F.avg_pool2d(values, WINDOW, 1, padding=WINDOW // 2, count_include_pad=False)

    mean_x, mean_y = mean(x), mean(y)
    variances = mean(x * x) - mean_x.square() + mean(y * y) - mean_y.square()
    covariance = mean(x * y) - mean_x * mean_y
    c1, c2 = STABILISERS
    light: Tensor = (2 * mean_x * mean_y + c1) / (mean_x.square() + mean_y.square() + c1)
    return light * (2 * covariance + c2) / (variances + c2)
