"""The iterations of an inversion: one batch of faces from one start (Hayajneh et al., Algorithm 1).

In: pictures, a generator, LPIPS, the mean latent. Out: a batch that can be advanced, kept and put back between any two
iterations. One row of numbers per face, w first and the noise maps after it, so that the optimiser sees one tensor
however many maps there are. Knows nothing of files, of other starts, or of what becomes of the faces.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from tasks.anomaly import noise, rows, schedules
from tasks.anomaly.likeness import Likeness
from tasks.anomaly.networks import computing
from tasks.anomaly.stylegan2 import Generator
from tasks.base import runtime
from tasks.faces.perceptual import Perceptual
from tasks.params.anomaly import AnomalyInvert

IMPORTED_LATER = ("torch._dynamo",)
"""What an optimiser imports when it steps: imported once for all stages (flows/forks.py)."""

BLOCK = 32
"""Iterations whose latent noise is drawn together. A constant and no parameter: another number draws other noise."""
OFFSET = 0.5
"""How far from the mean a later start is, in the distances at which latents lie from it."""
SLOWER = 0.5
"""A later start's learning rate, as a share of the one before."""


@dataclass(frozen=True)
class MeanLatent:
    """The middle of the latents, and how far they lie from it (root of the mean squared distance)."""

    mean: Tensor  # (w_dim,) float32
    spread: float


@dataclass
class Batch:
    """Faces of one start between two iterations."""

    places: list[int]
    """Places of its faces among those asked for, without the filling."""
    names: list[str]
    """As many as the batch has faces."""
    start: int
    likeness: Likeness
    flat: Tensor  # (together, numbers): w, then the noise maps
    optimiser: torch.optim.Adam
    curve: Tensor  # (points, together)
    finite: Tensor  # (together,) bool
    step: int = 0
    jitter: Tensor | None = None  # (BLOCK, together, styles, w_dim)


@dataclass(frozen=True)
class Search:
    """What stays the same over all iterations and starts."""

    pictures: Tensor
    names: Sequence[str]
    generator: Generator
    perceptual: Perceptual
    latent: MeanLatent
    settings: AnomalyInvert

    @property
    def styles(self) -> int:
        """How many latents are searched for a face."""
        return self.generator.num_ws if self.settings.space == "w_plus" else 1

    def begin(self, places: list[int], start: int) -> Batch:
        """The batch of these faces before its first iteration."""
        settings, device = self.settings, self.generator.constant.device
        filled = places + places[-1:] * (settings.together - len(places))
        names = [self.names[place] for place in filled]
        first = torch.stack([self._first(name, start) for name in names])
        flat = rows.packed([first]).to(device).requires_grad_()
        with torch.no_grad(), computing(self.generator, settings.precision):
            likeness = Likeness(self.pictures[filled].to(device), self.perceptual, settings.loss)
        points = len(schedules.curve_steps(settings))
        return Batch(
            places=places,
            names=names,
            start=start,
            likeness=likeness,
            flat=flat,
            optimiser=torch.optim.Adam([flat], fused=True),
            curve=torch.zeros(points, len(names), device=device),
            finite=torch.ones(len(names), dtype=torch.bool, device=device),
        )

    def _first(self, name: str, start: int) -> Tensor:
        """Where a face begins: the mean latent, from the second start on a little off it; and noise."""
        seeded = runtime.generator(self.settings.seed, "start", name, start)
        mean = self.latent.mean.cpu()
        away = torch.randn(mean.shape, generator=seeded) * (OFFSET * self.latent.spread / len(mean) ** 0.5)
        w = mean + away if start else mean
        numbers = sum(side * side for side in self.generator.architecture.noise_sides)
        return torch.cat([w.repeat(self.styles), torch.randn(numbers, generator=seeded)])

    def parts(self, flat: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Rows of numbers as latents (N, styles, w_dim) and noise maps, views of the same memory."""
        shapes = [(self.styles, self.generator.w_dim), *noise.shapes(self.generator.architecture)]
        w, *maps = rows.unpacked(flat, shapes)
        return w, maps

    def drawn(self, w: Tensor, maps: Sequence[Tensor]) -> Tensor:
        """The pictures (N, 3, R, R) of these latents and maps."""
        return self.generator.synthesise(w.expand(-1, self.generator.num_ws, -1), maps)

    @torch.no_grad()
    def found(self, batch: Batch) -> dict[int, tuple[Tensor, Tensor, Tensor, Tensor]]:
        """By place w, noise, picture and curve of the faces whose loss was a number all along, on the CPU."""
        w, maps = self.parts(batch.flat)
        with computing(self.generator, self.settings.precision):
            pictures = self.drawn(w, maps)
            batch.curve[-1] = batch.likeness.distance(pictures)
        finite = batch.finite & pictures.flatten(1).isfinite().all(1) & batch.flat.isfinite().all(1)
        noises = torch.cat([own.flatten(1) for own in maps], dim=1)
        parts = [x.detach().float().cpu() for x in (w.flatten(1), noises, pictures, batch.curve.t())]
        w, noises, pictures, curves = parts
        return {  # cloned, or each would hold on to the whole batch
            place: (w[i].clone(), noises[i].clone(), pictures[i].clone(), curves[i].clone())
            for i, place in enumerate(batch.places)
            if finite[i]
        }


def advance(batch: Batch, search: Search) -> None:
    """One iteration; the curve takes the distance as it was before."""
    settings = search.settings
    batch.optimiser.param_groups[0]["lr"] = schedules.learning_rate(batch.step, settings) * SLOWER**batch.start
    w, maps = search.parts(batch.flat)
    if (strength := schedules.latent_noise(batch.step, settings) * search.latent.spread) > 0:
        w = w + strength * _jitter(batch, settings.seed, w[0].shape)
    with computing(search.generator, settings.precision):
        distance = batch.likeness.distance(search.drawn(w, maps))
    loss = distance + settings.noise_weight * noise.regulariser(maps, smallest=settings.smallest_noise)
    batch.finite &= loss.detach().isfinite()
    batch.optimiser.zero_grad()
    torch.autograd.backward(loss.sum())
    batch.optimiser.step()
    noise.renew(search.parts(batch.flat.detach())[1])
    if batch.step in (points := schedules.curve_steps(settings)):
        batch.curve[points.index(batch.step)] = distance.detach()
    batch.step += 1


def _jitter(batch: Batch, seed: int, shape: torch.Size) -> Tensor:
    """This iteration's normal numbers, (together, *shape): a face's depend on its name, the start and the iteration."""
    block, place = divmod(batch.step, BLOCK)
    if batch.jitter is None or place == 0:
        faces = (runtime.generator(seed, "latent noise", name, batch.start, block) for name in batch.names)
        drawn = [torch.randn(BLOCK, *shape, generator=face) for face in faces]
        batch.jitter = torch.stack(drawn, dim=1).to(batch.flat.device)
    return batch.jitter[place]


def state(batch: Batch) -> dict[str, Any]:
    """All that a killed call needs to go on: plain values and tensors."""
    return {
        "start": batch.start,
        "step": batch.step,
        "flat": batch.flat.detach(),
        "optimiser": batch.optimiser.state_dict(),
        "curve": batch.curve,
        "finite": batch.finite,
    }


def resume(batch: Batch, state: dict[str, Any]) -> None:
    """Put the batch where the state says it stood."""
    batch.step = state["step"]
    with torch.no_grad():
        batch.flat.copy_(state["flat"])
        batch.curve.copy_(state["curve"])
        batch.finite.copy_(state["finite"])
    batch.optimiser.load_state_dict(state["optimiser"])
