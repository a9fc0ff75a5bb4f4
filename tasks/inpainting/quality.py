"""How near a filling is to the photograph that it hides a part of: PSNR, SSIM, LPIPS (Chen et al., Table III).

In: a photograph, fillings of it, the mask. Out: six numbers per filling: each measure on the whole picture, filled
where the mask is and the photograph elsewhere, as published; and on the masked region alone, which is all that changed.
Colour or grey, and SSIM's window, are parameters, because the paper does not say (docs/inpainting.md). Knows
nothing of how the picture was filled, nor of tables.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from tasks.errors import InputError
from tasks.faces.heatmaps import similarity
from tasks.faces.perceptual import Perceptual
from tasks.faces.pictures import to_tensor
from tasks.params.inpainting import Channels
from tasks.schemas.inpainting import ALIKE

GREY = np.array([0.2125, 0.7154, 0.0721])
"""Of red, green and blue: scikit-image's rgb2gray, as in the code that the published one descends from."""


@dataclass(frozen=True)
class Quality:
    """The six numbers. SSIM: 1 is equal. LPIPS: 0 is equal."""

    psnr: float  # dB
    ssim: float
    lpips: float
    masked_psnr: float  # dB, at most `ALIKE`
    masked_ssim: float
    masked_lpips: float


def check_window(window: int, side: int) -> None:
    """InputError where SSIM's window does not fit into pictures of this side."""
    if window > side:
        raise InputError(
            f"inpainting_controls: window: {window} pixels do not fit into pictures of {side}; take an odd number "
            "below that, such as 7"
        )


def qualities(
    photograph: np.ndarray,  # (S, S, 3) uint8 RGB
    fillings: Sequence[np.ndarray],  # (S, S, 3) uint8 RGB each; outside the mask the photograph
    mask: np.ndarray,  # (S, S) bool, True was filled; not empty
    *,
    channels: Channels,
    window: int,  # of SSIM, odd
    perceptual: Perceptual,
) -> list[Quality]:
    """Each filling's numbers."""
    whole, under = _perceptual(photograph, fillings, mask, perceptual)
    truth, found = _values(photograph, channels), []
    for filling, lpips, masked_lpips in zip(fillings, whole, under, strict=True):
        drawn = _values(filling, channels)
        error = np.square(drawn - truth).mean(axis=2)
        like, edge = similarity(truth, drawn, window=window), window // 2
        found.append(
            Quality(
                psnr=decibels(float(error.mean()), share=float(mask.mean())),
                ssim=float(like[edge:-edge, edge:-edge].mean()),  # windows inside the picture, as scikit-image's
                lpips=lpips,
                masked_psnr=decibels(float(error[mask].mean()), share=1.0),
                masked_ssim=float(like[mask].mean()),
                masked_lpips=masked_lpips,
            )
        )
    return found


def decibels(error: float, *, share: float) -> float:
    """PSNR of a mean squared error of values in [0, 1], of which `share` could differ: never infinite (`ALIKE`)."""
    least = share * 10 ** (-ALIKE / 10)
    return float(-10 * np.log10(max(error, least)))


def _values(picture: np.ndarray, channels: Channels) -> np.ndarray:
    """(S, S, C) float in [0, 1]."""
    values = picture.astype(np.float64) / 255
    return values if channels == "rgb" else (values @ GREY)[..., None]


@torch.inference_mode()
def _perceptual(
    photograph: np.ndarray, fillings: Sequence[np.ndarray], mask: np.ndarray, network: Perceptual
) -> tuple[list[float], list[float]]:
    """LPIPS of each filling, and the mean of its map under the mask."""
    batch = torch.stack([to_tensor(picture / 255) for picture in (photograph, *fillings)])
    features = network.features(batch.to(network.shift.device))
    own, drawn = [layer[:1] for layer in features], [layer[1:] for layer in features]
    maps = network.spatial(own, drawn, len(mask)).double().cpu().numpy()
    return network.distance(own, drawn).double().cpu().tolist(), [float(heat[mask].mean()) for heat in maps]
