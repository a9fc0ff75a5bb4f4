"""StyleGAN2's own training: a generator against a discriminator (Karras et al. 2020, sections 3.1, 3.2 and appendix B).

In: pictures of controls (N, 3, S, S), -1..1. Out: a generator, the running mean of the trained one. Non-saturating
logistic loss, lazy R1 and path length penalties, mixed styles. The reference where there are thousands of controls
and a GPU; a small set wants reconstruction.py. Knows nothing of files and of the loop around it.
"""

import copy
import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tasks.anomaly.discriminator import Discriminator
from tasks.anomaly.stylegan2 import Generator
from tasks.params.anomaly import AnomalyGenerator

PATH_DECAY = 0.01
"""How fast the mean path length follows."""


class Adversarial:
    """A training under way. `step` moves both networks; `state` and `load` are all that a resumed run needs."""

    def __init__(self, generator: Generator, mouth: Tensor, settings: AnomalyGenerator) -> None:
        """`mouth` only says where to compute: no place in the picture weighs more than another."""
        self.generator, self.settings, self.device = generator, settings, mouth.device
        self.average = copy.deepcopy(generator).requires_grad_(False)
        self.discriminator = Discriminator(generator.architecture).to(self.device)
        self.path_mean = torch.zeros((), device=self.device)
        own = settings.adversarial
        self.drawing = _optimiser(generator, settings.learning_rate, own.path_every if own.path_weight else 1)
        self.judging = _optimiser(self.discriminator, settings.learning_rate, own.r1_every)

    def step(self, pictures: Tensor, *, side: int, share: float, draws: torch.Generator, number: int) -> Tensor:
        """One step of the discriminator and one of the generator; the generator's loss. `side` must be the full one."""
        for optimiser in (self.judging, self.drawing):
            for group in optimiser.param_groups:
                group["lr"] = group["highest"] * share
        self._judge(pictures, draws, penalise=number % self.settings.adversarial.r1_every == 0)
        penalise = number % self.settings.adversarial.path_every == 0 and self.settings.adversarial.path_weight > 0
        loss = self._draw(len(pictures), draws, penalise=penalise)
        kept = self.settings.adversarial.average
        for mean, own in zip(self.average.parameters(), self.generator.parameters(), strict=True):
            mean.lerp_(own.detach(), 1 - kept)
        return loss

    def held_out(self, pictures: Tensor) -> float | None:
        """Nothing is measured on held-out controls: the loss says little of a picture."""
        return None

    def result(self) -> Generator:
        """The running mean of the generator."""
        return self.average

    def state(self) -> dict[str, Any]:
        """Everything that the next step depends on."""
        networks = [network.state_dict() for network in self._networks()]
        return {"networks": networks, "optimisers": self._optimisers_state(), "path_mean": self.path_mean}

    def load(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        for network, kept in zip(self._networks(), state["networks"], strict=True):
            network.load_state_dict(kept)
        for optimiser, kept in zip((self.drawing, self.judging), state["optimisers"], strict=True):
            optimiser.load_state_dict(kept)
        self.path_mean = state["path_mean"].to(self.device)

    def _networks(self) -> tuple[torch.nn.Module, ...]:
        return self.generator, self.average, self.discriminator

    def _optimisers_state(self) -> list[dict[str, Any]]:
        return [self.drawing.state_dict(), self.judging.state_dict()]

    def _judge(self, pictures: Tensor, draws: torch.Generator, *, penalise: bool) -> None:
        with torch.no_grad():
            drawn = self._pictures(self._styles(len(pictures), draws), draws)
        pictures = pictures.detach().requires_grad_(penalise)
        real = self.discriminator(pictures)
        loss = F.softplus(-real).mean() + F.softplus(self.discriminator(drawn)).mean()
        if penalise:
            (slope,) = torch.autograd.grad(real.sum(), pictures, create_graph=True)
            own = self.settings.adversarial
            loss = loss + own.r1_weight / 2 * own.r1_every * slope.square().sum((1, 2, 3)).mean()
        _descend(self.judging, loss)

    def _draw(self, count: int, draws: torch.Generator, *, penalise: bool) -> Tensor:
        styles = self._styles(count, draws)
        drawn = self._pictures(styles, draws)
        loss = F.softplus(-self.discriminator(drawn)).mean()
        total = loss
        if penalise:
            own = self.settings.adversarial
            noise = torch.randn(drawn.shape, generator=draws).to(drawn) / math.sqrt(drawn.shape[-1] ** 2)
            (slope,) = torch.autograd.grad((drawn * noise).sum(), styles, create_graph=True)
            lengths = slope.square().sum(2).mean(1).sqrt()
            self.path_mean = self.path_mean.lerp(lengths.detach().mean(), PATH_DECAY)
            total = loss + own.path_weight * own.path_every * (lengths - self.path_mean).square().mean()
        _descend(self.drawing, total)
        return loss.detach()

    def _styles(self, count: int, draws: torch.Generator) -> Tensor:
        """(N, num_ws, w_dim), some of them from two latents."""
        z = torch.randn(2, count, self.settings.z_dim, generator=draws).to(self.device)
        first, second = self.generator.mapping(z[0]), self.generator.mapping(z[1])
        styles = self.generator.num_ws
        cut = torch.randint(1, styles, (count,), generator=draws)
        cut[torch.rand(count, generator=draws) >= self.settings.adversarial.mixing] = styles
        early = torch.arange(styles)[None, :, None] < cut[:, None, None]
        return torch.where(early.to(self.device), first, second)

    def _pictures(self, styles: Tensor, draws: torch.Generator) -> Tensor:
        sides = self.generator.architecture.noise_sides
        maps = [torch.randn(len(styles), 1, side, side, generator=draws).to(self.device) for side in sides]
        return self.generator.synthesise(styles, noise=maps)


def _optimiser(network: torch.nn.Module, rate: float, every: int) -> torch.optim.Adam:
    """Adam, slowed down as lazy regularisation asks: `every` steps count as `every` + 1."""
    slowed = every / (every + 1) if every > 1 else 1.0
    group = {"params": list(network.parameters()), "highest": rate * slowed}
    return torch.optim.Adam([group], lr=rate * slowed, betas=(0.0, 0.99**slowed), fused=True)


def _descend(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()
