"""An inversion that takes a second: a tiny random generator, faces that it drew itself, and settings for them.

Run as a script, it inverts slowly enough to be killed: `python small_inversion.py CHECKPOINT SECONDS_AN_ITERATION`.
"""

import sys
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from tasks.anomaly.inversion import Inversion, invert, mean_latent
from tasks.anomaly.search import MeanLatent
from tasks.anomaly.stylegan2 import Architecture, Generator
from tasks.base.training import Progress
from tasks.faces.perceptual import Perceptual, load_perceptual
from tasks.params.anomaly import AnomalyInvert, AnomalyPerceptual, FaceLoss

ARCHITECTURE = Architecture(
    resolution=32, z_dim=16, w_dim=16, mapping_layers=2, mapping_rate=0.01, channels={4: 16, 8: 16, 16: 8, 32: 8},
    conv_clamp=None, half_resolutions=0,
)  # fmt: skip
PERCEPTUAL = AnomalyPerceptual(net="squeeze", trunk="random", size=64)
SETTINGS = AnomalyInvert(
    seed=5, threads=1, together=3, populations=("control",), space="w", mean_latents=200, iterations=12,
    learning_rate=0.1, ramp_up=0.05, ramp_down=0.25, latent_noise=0.05, noise_until=0.75, noise_weight=1e5,
    loss=FaceLoss(lpips=1, l2=0, l1=0, ssim=0),
    smallest_noise=8, curve_points=4, checkpoint_every=4, starts=2, precision="float32",
)  # fmt: skip


@lru_cache
def networks() -> tuple[Generator, Perceptual]:
    """The generator, its layers fed with noise of strength 0.02, and LPIPS on a random trunk."""
    torch.set_num_threads(1)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        generator = Generator(ARCHITECTURE).eval().requires_grad_(requires_grad=False)
    for layer in generator.layers:
        layer.noise_strength.fill_(0.02)
    return generator, load_perceptual(PERCEPTUAL, Path("nowhere"))


def settings(**changes: Any) -> AnomalyInvert:
    """SETTINGS, some of them changed."""
    return AnomalyInvert.model_validate(SETTINGS.model_dump() | changes)


def middle() -> MeanLatent:
    """The generator's mean latent."""
    return mean_latent(networks()[0], settings=SETTINGS)


@torch.no_grad()
def drawn(count: int) -> torch.Tensor:
    """Pictures (count, 3, 32, 32) that the generator draws from latents of its own, scaled to -1..1."""
    generator, _ = networks()
    z = torch.randn(count, ARCHITECTURE.z_dim, generator=torch.Generator().manual_seed(1))
    return generator.synthesise(generator.mapping(z), noise="stored").clamp(-1, 1)


def small_inversion(
    pictures: torch.Tensor, names: list[str], *, checkpoint: Path | None = None, on_progress: Progress | None = None,
    **changes: Any,
) -> list[Inversion]:  # fmt: skip
    """Invert with SETTINGS, some of them changed."""
    generator, perceptual = networks()
    return invert(
        pictures, names, generator, perceptual, latent=middle(), settings=settings(**changes), checkpoint=checkpoint,
        on_progress=on_progress,
    )  # fmt: skip


if __name__ == "__main__":
    torch.save(
        [vars(face) for face in small_inversion(
            drawn(2), ["a", "b"], checkpoint=Path(sys.argv[1]), on_progress=lambda *_: time.sleep(float(sys.argv[2]))
        )],
        sys.argv[3],
    )  # fmt: skip
