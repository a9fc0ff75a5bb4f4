"""A generator's training that takes seconds: blobs on coloured grounds instead of faces, 32 pixels a side."""

from typing import Any

import numpy as np
import torch

from tasks.anomaly.training import Controls
from tasks.params.anomaly import Adversarial, AnomalyGenerator, ControlAugmentation, Reconstruction

SIZE = 32
STILL = ControlAugmentation(flip=0, zoom=0, aspect=0, turn=0, shift=0, elastic=0, tone=0, colour=0)
SETTINGS = AnomalyGenerator(
    source="controls", sha256=None, seed=5, threads=1, held_out=0.25, z_dim=8, w_dim=8, mapping_layers=2,
    mapping_rate=0.1, channel_base=128, channel_max=16, method="reconstruction", steps={8: 20, 32: 20}, batch_size=4,
    learning_rate=0.02, warmup_steps=5, flat_share=0.5, final_share=0.02, evaluate_every=10, face_required=True,
    augmentation=STILL.model_copy(update={"flip": 0.5, "elastic": 0.02, "turn": 2.0, "shift": 0.02}),
    reconstruction=Reconstruction(
        ssim_weight=0.5, mouth_weight=3, latent_noise=0.1, spread_weight=0.05, encoder_rate=0.001
    ),
    adversarial=Adversarial(r1_weight=1, r1_every=4, path_weight=2, path_every=3, mixing=0.9, average=0.9),
)  # fmt: skip


def settings(**changes: Any) -> AnomalyGenerator:
    """The settings with some changed."""
    return SETTINGS.model_copy(update=changes)


def blobs(count: int = 24, *, seed: int = 0) -> Controls:
    """Ellipses of some brightness on a coloured ground; the last quarter is held out."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIZE, :SIZE]
    pictures = np.empty((count, 3, SIZE, SIZE), np.uint8)
    for picture in pictures:
        picture[:] = rng.integers(40, 120, 3)[:, None, None]
        inside = ((x - 15.5) / rng.uniform(6, 12)) ** 2 + ((y - 15.5) / rng.uniform(6, 12)) ** 2 < 1
        picture[:, inside] = rng.integers(150, 250)
    mouth = torch.zeros(SIZE, SIZE)
    mouth[20:28, 10:22] = 1
    last = count - count // 4
    return Controls(torch.from_numpy(pictures[:last]), torch.from_numpy(pictures[last:]), mouth)
