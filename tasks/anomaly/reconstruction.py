"""The generator fitted as the second half of an autoencoder: in minutes where adversarial training takes days.

In: pictures of controls (N, 3, S, S), -1..1. Out: a generator whose latents are like the encoder's; the encoder is
thrown away. The loss is the mean absolute difference and 1 - SSIM (Wang et al. 2004), mouth and nose weighing more.
Latents are kept spread like the normal distribution that the mapping is fed with later, and noise is added to them, so
that faces between those of the controls are faces too. Our own choice for small sets of controls, see docs/anomaly.md;
the published generator was trained adversarially (adversarial.py). Knows nothing of files and of the loop around it.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tasks.anomaly.likeness import similarity
from tasks.anomaly.stylegan2 import EPSILON, SLOPE, Generator
from tasks.params.anomaly import AnomalyGenerator

SMALLEST = 4
"""Side of the encoder's last features."""


class Encoder(nn.Module):
    """A picture to a latent: halving convolutions down to 4 pixels a side."""

    def __init__(self, side: int, z_dim: int, *, channels: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs, width = 3, channels
        while side > SMALLEST:
            layers += [nn.Conv2d(inputs, width, 3, 2, 1), nn.LeakyReLU(SLOPE)]
            inputs, width, side = width, min(width * 3 // 2, 4 * channels), side // 2
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(inputs * side * side, z_dim))

    def forward(self, pictures: Tensor) -> Tensor:
        """(N, 3, S, S) -> (N, z_dim), each of mean square 1."""
        z: Tensor = self.layers(pictures)
        return z * (z.square().mean(1, keepdim=True) + EPSILON).rsqrt()


class Reconstruction:
    """A fit under way. `step` takes one optimiser step; `state` and `load` are all that a resumed fit needs."""

    def __init__(self, generator: Generator, mouth: Tensor, settings: AnomalyGenerator) -> None:
        """`mouth`: (S, S) 0..1, where mouths and noses of the controls lie."""
        self.generator, self.settings = generator, settings
        self.encoder = Encoder(generator.resolution, settings.z_dim, channels=32).to(mouth.device)
        weight = 1 + settings.reconstruction.mouth_weight * mouth
        self.weight = (weight / weight.mean())[None, None]
        groups = [
            {"params": list(generator.parameters()), "highest": settings.learning_rate},
            {"params": list(self.encoder.parameters()), "highest": settings.reconstruction.encoder_rate},
        ]
        self.optimiser = torch.optim.Adam(groups, lr=settings.learning_rate, betas=(0.5, 0.99), fused=True)

    def step(self, pictures: Tensor, *, side: int, share: float, draws: torch.Generator, number: int) -> Tensor:
        """One step on a batch at `side` pixels with `share` of the highest rates; the loss before it."""
        own = self.settings.reconstruction
        for group in self.optimiser.param_groups:
            group["lr"] = group["highest"] * share
        z = self.encoder(pictures)
        noise = own.latent_noise * torch.randn(z.shape, generator=draws).to(z)
        drawn = self.generator.synthesise(self.generator.mapping(z + noise), noise="none", side=side)
        loss = self._difference(drawn, pictures).mean() + own.spread_weight * _spread(z)
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        return loss.detach()

    @torch.no_grad()
    def held_out(self, pictures: Tensor) -> float | None:
        """The mean difference at full size on pictures of people who do not train."""
        w = self.generator.mapping(self.encoder(pictures))
        return float(self._difference(self.generator.synthesise(w, noise="none"), pictures).mean())

    def result(self) -> Generator:
        """The generator as it stands."""
        return self.generator

    def state(self) -> dict[str, Any]:
        """Everything that the next step depends on."""
        networks = {"generator": self.generator.state_dict(), "encoder": self.encoder.state_dict()}
        return networks | {"optimiser": self.optimiser.state_dict()}

    def load(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.generator.load_state_dict(state["generator"])
        self.encoder.load_state_dict(state["encoder"])
        self.optimiser.load_state_dict(state["optimiser"])

    def _difference(self, drawn: Tensor, pictures: Tensor) -> Tensor:  # (N,)
        factor = pictures.shape[-1] // drawn.shape[-1]
        pictures, weight = F.avg_pool2d(pictures, factor), F.avg_pool2d(self.weight, factor)
        unlike = self.settings.reconstruction.ssim_weight * (1 - similarity(drawn, pictures))
        return (((drawn - pictures).abs() + unlike) * weight).mean((1, 2, 3))


def _spread(z: Tensor) -> Tensor:
    """How far the batch's latents are from mean 0 and covariance 1."""
    unit = torch.eye(z.shape[1], device=z.device)
    return z.mean(0).square().mean() + (z.t() @ z / len(z) - unit).square().mean()
