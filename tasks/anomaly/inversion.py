"""Inversion: the face nearest to a photograph among those that the generator draws.

In: pictures (N, 3, R, R) in -1..1, a generator, LPIPS. Out: of each face a latent, noise maps and the picture that they
draw; or the table INVERSIONS. Hayajneh et al., section 1.2.1, Algorithm 1, which is the StyleGAN2 projector (Karras et
al. 2020, appendix D): from the mean latent, Adam over w (or w+) and all noise maps, LPIPS and the noise regulariser.

Faces go through in batches of one size, filled up with the last one, and a face's random numbers depend on its name: on
a CPU its result is the same bytes whoever else is in the batch. Knows nothing of landmarks or of adaptation.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import torch
from torch import Tensor

from tasks.anomaly import networks
from tasks.anomaly.checkpoints import require_size
from tasks.anomaly.search import Batch, MeanLatent, Search, advance, resume, state
from tasks.anomaly.stylegan2 import Generator
from tasks.base import checkpoints, runtime
from tasks.base.training import Progress, bytes_of, key_of
from tasks.faces import pictures
from tasks.faces.perceptual import Perceptual
from tasks.params.anomaly import AnomalyInvert, AnomalyPerceptual
from tasks.schemas.anomaly import INVERSIONS

CHUNK = 1000
"""Latents mapped at a time."""
LOOK = 16
"""Iterations between two looks whether any face is left: a look makes a GPU wait."""


@dataclass(frozen=True)
class Inversion:
    """One face: what draws it, what it looks like, and how it was found; or why not, and nothing else."""

    w: Tensor | None = None  # (w_dim,), or (num_ws * w_dim,) in w+
    noise: Tensor | None = None  # (sum of side**2,), maps in layer order, by rows
    picture: Tensor | None = None  # (3, R, R), about -1..1
    curve: Tensor | None = None  # (points,), the distance at `schedules.curve_steps`, the last one of `picture`
    start: int | None = None
    reason: str | None = None


def invert_photographs(
    aligned: pa.Table,
    *,
    generator: Path,
    weights: str,
    settings: AnomalyInvert,
    perceptual: AnomalyPerceptual,
    checkpoint: Path | None,
    on_progress: Progress | None = None,
) -> pa.Table:
    """INVERSIONS of at most `together` rows of ALIGNED; refused ones keep their reason.

    `generator`: its file; `weights`: the folder of the trunk's; `checkpoint` and `on_progress` as in `invert`.
    GeneratorError: the generator cannot be read, or draws another size. WeightsError: see weights.
    """
    rows = aligned.select(["image_id", "subject_id", "picture", "reason"]).to_pylist()
    good = [row for row in rows if row["reason"] is None]
    found: dict[str, Inversion] = {}
    if good:
        network = networks.generator_at(generator)
        shown = torch.stack([pictures.to_tensor(pictures.decode(row["picture"])) for row in good])
        require_size(network, shown.shape[-1])
        names = [row["image_id"] for row in good]
        faces = invert(
            shown, names, network, networks.perceptual_of(perceptual, weights),
            latent=_middle(generator, generator.stat().st_mtime_ns, settings),
            settings=settings, checkpoint=checkpoint, on_progress=on_progress,
        )  # fmt: skip
        found = dict(zip(names, faces, strict=True))
    return INVERSIONS.table(_row(row, found.get(row["image_id"])) for row in rows)


@lru_cache(maxsize=1)
def _middle(generator: Path, changed: int, settings: AnomalyInvert) -> MeanLatent:
    """The mean latent, found once for many buckets; found again when the file has `changed`."""
    with runtime.settled(threads=settings.threads, seed=settings.seed):
        return mean_latent(networks.generator_at(generator), settings=settings)


def _row(row: Mapping[str, Any], face: Inversion | None) -> dict[str, Any]:
    names = {"image_id": row["image_id"], "subject_id": row["subject_id"]}
    if face is None:
        return names | {"reason": row["reason"]}
    if face.picture is None or face.w is None or face.noise is None or face.curve is None:
        return names | {"reason": face.reason}
    numbers = {"w": face.w.numpy(), "noise": face.noise.numpy(), "curve": face.curve.numpy()}
    return names | numbers | {"picture": pictures.encode(face.picture), "start": face.start}


@torch.no_grad()
def mean_latent(generator: Generator, *, settings: AnomalyInvert) -> MeanLatent:
    """Over `mean_latents` latents, on the generator's device."""
    count, device = settings.mean_latents, generator.constant.device
    shape = (count, generator.architecture.z_dim)
    z = torch.randn(shape, generator=runtime.generator(settings.seed, "mean latent")).to(device)
    w = torch.cat([generator.mapping(part)[:, 0].double() for part in torch.chunk(z, math.ceil(count / CHUNK))])
    mean = w.mean(0)
    return MeanLatent(mean.float(), float((w - mean).square().sum(1).mean().sqrt()))


def invert(
    targets: Tensor,  # (N, 3, R, R) in -1..1
    names: Sequence[str],
    generator: Generator,
    perceptual: Perceptual,
    *,
    latent: MeanLatent,
    settings: AnomalyInvert,
    checkpoint: Path | None,
    on_progress: Progress | None,
) -> list[Inversion]:
    """The nearest face of each picture, at most `together` of them; names are unique and seed what is drawn.

    `checkpoint`: file in which the batch stands every `checkpoint_every` iterations; a killed call goes on from there,
    with the same result. It is left for the caller to remove. Where a face's loss is no number, that face starts again
    elsewhere, after the others are done; after `starts` tries it has a reason.
    ValueError: more pictures than `together`, or not of the generator's size.
    """
    size = generator.resolution
    if len(names) != len(targets) or len(names) > settings.together or targets.shape[1:] != (3, size, size):
        raise ValueError(f"pictures are {tuple(targets.shape)}, {settings.together} of (3, {size}, {size}) at most")
    search = Search(targets, names, generator, perceptual, latent, settings)
    with runtime.settled(threads=settings.threads, seed=settings.seed):
        keeper = _Keeper(checkpoint, _key(search) if checkpoint is not None else "", settings.checkpoint_every)
        begun, done, stood = keeper.read()
        for start in range(begun, settings.starts):
            rows = [place for place in range(len(names)) if place not in done]
            if not rows:
                break
            batch = search.begin(rows, start)
            if stood is not None and start == begun:
                resume(batch, stood)
            _iterate(batch, search, done, keeper, on_progress)
            done |= {place: Inversion(*found, start=start) for place, found in search.found(batch).items()}
    why = f"the loss was no number in any of {settings.starts} starts; lower anomaly_invert.learning_rate"
    return [done.get(place, Inversion(reason=why)) for place in range(len(names))]


@dataclass(frozen=True)
class _Keeper:
    """Where a call stands, if it is kept at all."""

    path: Path | None
    key: str
    every: int

    def read(self) -> tuple[int, dict[int, Inversion], dict[str, Any] | None]:
        """The start under way, the faces that are done, and where the start's batch stood."""
        kept = checkpoints.read(self.path, self.key)
        if kept is None:
            return 0, {}, None
        return kept["start"], {place: Inversion(**found) for place, found in kept["done"].items()}, kept["batch"]

    def write(self, batch: Batch, done: Mapping[int, Inversion]) -> None:
        """Keep it where an interval ends."""
        if self.path and batch.step % self.every == 0:
            found = {place: vars(face) for place, face in done.items()}
            checkpoints.write(self.path, self.key, {"start": batch.start, "done": found, "batch": state(batch)})


def _iterate(
    batch: Batch, search: Search, done: Mapping[int, Inversion], keeper: _Keeper, on_progress: Progress | None
) -> None:
    """The iterations that are left, or fewer where no face's loss is a number any more."""
    iterations = search.settings.iterations
    while batch.step < iterations:
        advance(batch, search)
        keeper.write(batch, done)
        if on_progress is not None:
            on_progress(batch.step, iterations)
        if batch.step % LOOK == 0 and not batch.finite[: len(batch.places)].any():
            return


def _key(search: Search) -> str:
    """Digest of all that the result depends on: settings, faces, networks, code, torch, device."""
    tensors = {"": search.pictures, **search.generator.state_dict(), **search.perceptual.state_dict()}
    data = [list(tensors), bytes_of(tensor.detach().cpu().numpy() for tensor in tensors.values())]
    drawn = [list(search.names), search.latent.spread, str(search.generator.constant.device)]
    return key_of(__name__, search.settings, search.generator.architecture, data, drawn)
