"""Adaptation: the generator fitted a little to one face, its latent and noise frozen, so that it draws that person.

In: pictures (N, 3, R, R) in -1..1 with their inversions, a generator, LPIPS; or tables. Out: of each face the pictures
that the generator draws after 0, `keep_every`, ... iterations; or the table ADAPTATIONS. Hayajneh et al., section
1.2.2, Algorithm 2 and equation 2. Every face has weights of its own, which are thrown away; the generator given is left
as it is.

Batches as in inversion.py: on a CPU a face's result is the same bytes whoever shares its batch. Knows nothing of files.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor, nn
from torch.func import functional_call

from tasks.anomaly import networks, noise, rows
from tasks.anomaly.checkpoints import require_size
from tasks.anomaly.likeness import Likeness
from tasks.anomaly.stylegan2 import Generator
from tasks.base import runtime
from tasks.faces import pictures
from tasks.faces.perceptual import Perceptual
from tasks.params.anomaly import AnomalyAdapt, AnomalyPerceptual
from tasks.schemas.anomaly import ADAPTATIONS

IMPORTED_LATER = ("torch._dynamo",)
"""What an optimiser imports when it steps: imported once for all stages (flows/forks.py)."""

Progress = Callable[[int, int], None]
"""Called with iterations done and iterations in all."""
FROZEN = "mapper."
"""Parameters that are not fitted: the latent is frozen, so they draw nothing."""


@dataclass(frozen=True)
class Kept:
    """What the generator draws after `step` iterations, and how far that is from the photograph."""

    step: int
    picture: Tensor  # (3, R, R), about -1..1
    loss: float


class _Synthesis(nn.Module):
    """A generator's synthesis as its forward pass: what `functional_call` can call with other weights."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, styles: Tensor, maps: Sequence[Tensor]) -> Tensor:
        """One face: (num_ws, w_dim) and maps (1, side, side) -> (3, R, R)."""
        return self.generator.synthesise(styles[None], maps)[0]


def kept_steps(settings: AnomalyAdapt) -> list[int]:
    """0, `keep_every`, ... up to `until`, and `iterations`."""
    return sorted({*range(0, settings.until + 1, settings.keep_every), settings.iterations})


def adapt(
    targets: Tensor,  # (N, 3, R, R) in -1..1
    w: Tensor,  # (N, w_dim), or (N, num_ws * w_dim)
    noises: Tensor,  # (N, sum of side**2)
    generator: Generator,
    perceptual: Perceptual,
    *,
    settings: AnomalyAdapt,
    on_progress: Progress | None,
) -> list[list[Kept]]:
    """The pictures kept of each face; an empty list where its loss was no number."""
    steps, count, whole = kept_steps(settings), len(targets), settings.together
    starts = range(0, count, whole)
    faces: list[list[Kept]] = []
    with runtime.settled(threads=settings.threads, seed=0):
        for number, start in enumerate(starts):
            places = [min(start + place, count - 1) for place in range(whole)]  # filled up with the last face
            batch = _Batch(targets[places], w[places], noises[places], generator, perceptual, settings)
            found: list[list[Kept]] = [[] for _ in places]
            for step in range(steps[-1] + 1):
                drawn, losses = batch.advance(learn=step < steps[-1])
                if step in steps:
                    for face, picture, loss in zip(found, drawn.cpu(), losses.tolist(), strict=True):
                        face.append(Kept(step, picture.clone(), loss))
                if on_progress is not None:
                    on_progress(number * steps[-1] + step, len(starts) * steps[-1])
            faces += [face if _is_sound(face) else [] for face in found[: count - start]]
    return faces


def _is_sound(face: Sequence[Kept]) -> bool:
    """Weights that once were no numbers stay so: it shows in every later step."""
    return all(np.isfinite(kept.loss) and bool(kept.picture.isfinite().all()) for kept in face)


class _Batch:
    """Faces that share a pass, each with weights of its own: one layer of all of them is one grouped convolution."""

    def __init__(
        self,
        targets: Tensor,
        w: Tensor,
        noises: Tensor,
        generator: Generator,
        perceptual: Perceptual,
        settings: AnomalyAdapt,
    ) -> None:
        device, count = generator.constant.device, len(targets)
        self.generator, self.settings = generator, settings
        styles = w.view(count, -1, generator.w_dim).to(device)
        self.styles = styles.expand(-1, generator.num_ws, -1)
        self.maps = rows.unpacked(noises.to(device), noise.shapes(generator.architecture))
        fitted = {name: value for name, value in generator.named_parameters() if not name.startswith(FROZEN)}
        self.shapes = {f"generator.{name}": value.shape for name, value in fitted.items()}
        self.flat = rows.packed([value.detach().expand(count, *value.shape) for value in fitted.values()])
        self.flat.requires_grad_()
        self.optimiser = torch.optim.Adam([self.flat], lr=settings.learning_rate, fused=True)
        synthesis = _Synthesis(generator)
        self.draw = torch.vmap(lambda weights, *inputs: functional_call(synthesis, weights, inputs))
        with torch.no_grad(), networks.computing(generator, settings.precision):
            self.likeness = Likeness(targets.to(device), perceptual, settings.loss)

    def advance(self, *, learn: bool) -> tuple[Tensor, Tensor]:
        """The pictures (N, 3, R, R) as they are drawn now and their losses (N,); then one iteration, if it learns."""
        settings = self.settings
        with torch.set_grad_enabled(learn), networks.computing(self.generator, settings.precision):
            weights = dict(zip(self.shapes, rows.unpacked(self.flat, list(self.shapes.values())), strict=True))
            drawn = self.draw(weights, self.styles, self.maps)
            loss = self.likeness.distance(drawn)
        if learn:
            self.optimiser.zero_grad()
            torch.autograd.backward(loss.sum())
            self.optimiser.step()
        return drawn.detach(), loss.detach()


def adapt_photographs(
    aligned: pa.Table,
    inversions: pa.Table,
    *,
    generator: Path,
    weights: str,
    settings: AnomalyAdapt,
    perceptual: AnomalyPerceptual,
    on_progress: Progress | None = None,
) -> pa.Table:
    """ADAPTATIONS of the rows of INVERSIONS; a refused one has one row, step 0, with its reason.

    `aligned` has their photographs. Step 0 is the inversion's own picture. Errors as in `invert_photographs`.
    """
    shown = dict(zip(aligned["image_id"].to_pylist(), aligned["picture"].to_pylist(), strict=True))
    given = inversions.select(["image_id", "subject_id", "w", "noise", "picture", "reason"]).to_pylist()
    good = [row for row in given if row["reason"] is None]
    found: dict[str, list[Kept]] = {}
    if good:
        network = networks.generator_at(generator)
        targets = torch.stack([pictures.to_tensor(pictures.decode(shown[row["image_id"]])) for row in good])
        require_size(network, targets.shape[-1])
        faces = adapt(
            targets, torch.tensor([row["w"] for row in good]), torch.tensor([row["noise"] for row in good]),
            network, networks.perceptual_of(perceptual, weights), settings=settings, on_progress=on_progress,
        )  # fmt: skip
        found = dict(zip((row["image_id"] for row in good), faces, strict=True))
    return ADAPTATIONS.table(new for row in given for new in _rows(row, found.get(row["image_id"])))


def _rows(row: Mapping[str, Any], face: Sequence[Kept] | None) -> list[dict[str, Any]]:
    names = {"image_id": row["image_id"], "subject_id": row["subject_id"]}
    if not face:
        why = row["reason"] if face is None else "adaptation: the loss was no number; lower anomaly_adapt.learning_rate"
        return [names | {"step": 0, "reason": why}]
    return [
        names
        | {"step": kept.step, "loss": kept.loss}
        | {"picture": row["picture"] if kept.step == 0 else pictures.encode(kept.picture)}
        for kept in face
    ]
