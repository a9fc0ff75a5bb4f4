"""The stand-in's transformer: diffusers' FluxTransformer2DModel, tiny, trained by flow matching on latents of faces.

In: latents of drawn faces, captions and their embeddings, the settings. Out: the network, a running mean of its
weights. x_s = (1 - s) x_0 + s noise, and the network learns noise - x_0 (Lipman et al. 2023; Esser et al. 2024).
FLUX.1-schnell draws in 4 steps because it was distilled; here the same is had by choosing noise and face together
(`paired`): what the caption does not say of a face, in its main directions, is the noise in these directions, so paths
are nearly straight and 4 steps are enough. The noise stays normally distributed. Half of the noise levels are those of
the 4 steps. Muon (Jordan et al. 2024) trains the blocks' matrices, for it needs half of AdamW's steps. Steps are
functions of the seed and their number. Knows nothing of files.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from diffusers import FluxPipeline, FluxTransformer2DModel
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from tasks.base import runtime
from tasks.base.training import Losses, set_rate, steps
from tasks.params.synthesis import StandIn
from tasks.synthesis.standin.muon import Muon
from tasks.synthesis.standin.vae import KEEP_EVERY, State, rate_share

LOWER = "synthesis_base.stand_in.rate and synthesis_base.stand_in.matrix_rate"
"""What to do where the training diverges."""
HEAD = 32
AXES = (8, 12, 12)
"""Of a head's dimensions: none for text, for rows, for columns."""
LEVELS = (1.0, 0.75, 0.5, 0.25)
"""Noise levels of schnell's 4 steps."""
BLOCKS = "transformer_blocks."
"""In the name of every weight of a block, double or single."""
RIDGE = 3.0
LOOSE = 0.25
"""Standard deviation of the noise beside the face's own, so that neighbouring noises draw the same face."""


@dataclass(frozen=True)
class Lessons:
    """What the transformer learns from: several captions per face, by row."""

    latents: Tensor  # (n, C, h, w)
    faces: Tensor  # (m,) long, the face of each caption
    captions: Sequence[str]  # m
    pooled: Tensor  # (m, P)
    tokens: Tensor  # (m, L, D)


def transformer_of(settings: StandIn) -> FluxTransformer2DModel:
    """Untrained, from torch's global generator."""
    return FluxTransformer2DModel(
        patch_size=1,
        in_channels=4 * settings.latent_channels,
        num_layers=settings.double_blocks,
        num_single_layers=settings.single_blocks,
        attention_head_dim=HEAD,
        num_attention_heads=settings.width // HEAD,
        joint_attention_dim=settings.text_width,
        pooled_projection_dim=settings.text_width,
        guidance_embeds=False,
        axes_dims_rope=AXES,
    )


def train(
    lessons: Lessons,
    *,
    settings: StandIn,
    state: State | None,
    keep: Callable[[State], None],
    on_step: Callable[[], None],
) -> FluxTransformer2DModel:
    """The trained network, eval and frozen; goes on from `state`, and hands its state to `keep` now and then."""
    network = transformer_of(settings)
    mean = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(settings.average))  # type: ignore[no-untyped-call]
    optimisers = optimisers_of(network, settings)
    highest = (settings.matrix_rate, settings.rate)
    first = 0
    if state:
        network.load_state_dict(state["network"])
        mean.load_state_dict(state["mean"])
        for optimiser, kept in zip(optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(kept)
        first = state["step"]
    directions, own = paired(lessons, settings)
    weights = list(network.parameters())

    def stand(done: int) -> None:
        kept = {"network": network.state_dict(), "mean": mean.state_dict()}
        keep(kept | {"optimisers": [each.state_dict() for each in optimisers], "step": done})

    total, told, losses = settings.steps, lambda *_: on_step(), Losses(LOWER)
    for number in steps(
        first, total, losses=losses, what="transformer", every=KEEP_EVERY, keep=stand, on_progress=told
    ):
        draws = runtime.generator(settings.seed, "flow", number)
        for optimiser, rate in zip(optimisers, highest, strict=True):
            set_rate(optimiser, rate * rate_share(number, total))
        rows = torch.randint(len(lessons.faces), (settings.batch,), generator=draws)
        loss = _loss(network, lessons, rows, noise_of(own[rows], directions, draws), draws)
        for optimiser in optimisers:
            optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        for optimiser in optimisers:
            optimiser.step()
        mean.update_parameters(network)
        losses.add(loss)
    found: FluxTransformer2DModel = mean.module
    losses.check_weights(found.state_dict(), total)
    return found.requires_grad_(False).eval()


def optimisers_of(network: FluxTransformer2DModel, settings: StandIn) -> tuple[Muon, torch.optim.AdamW]:
    """Muon for the blocks' matrices, AdamW for everything else."""
    named = dict(network.named_parameters())
    matrices = {name for name, weight in named.items() if BLOCKS in name and weight.ndim == 2}
    rest = [weight for name, weight in named.items() if name not in matrices]
    return (
        Muon([named[name] for name in sorted(matrices)], lr=settings.matrix_rate, weight_decay=0.01),
        torch.optim.AdamW(rest, lr=settings.rate, betas=(0.9, 0.99), weight_decay=0.01, fused=True),
    )


def _loss(
    network: FluxTransformer2DModel, lessons: Lessons, rows: Tensor, noise: Tensor, draws: torch.Generator
) -> Tensor:
    faces = lessons.latents[lessons.faces[rows]]
    noise = noise.reshape(faces.shape)
    level = levels(len(rows), draws)
    beside = level[:, None, None, None]
    found = velocity(network, (1 - beside) * faces + beside * noise, level, lessons.pooled[rows], lessons.tokens[rows])
    loss: Tensor = (found - packed(noise - faces)).square().mean()
    return loss


def levels(count: int, draws: torch.Generator) -> Tensor:
    """(count,) noise levels: by chance one of the 4 steps', or anything in 0..1."""
    even = torch.rand(count, generator=draws)
    step = torch.tensor(LEVELS)[torch.randint(len(LEVELS), (count,), generator=draws)]
    return torch.where(torch.rand(count, generator=draws) < 0.5, step, even)


def velocity(
    network: FluxTransformer2DModel,
    latents: Tensor,  # (n, C, h, w)
    level: Tensor,  # (n,)
    pooled: Tensor,  # (n, P)
    tokens: Tensor,  # (n, L, D)
) -> Tensor:
    """What the network makes of it, packed as FLUX packs: (n, h / 2 * w / 2, 4 C)."""
    height, width = latents.shape[-2] // 2, latents.shape[-1] // 2
    found: Tensor = network(
        hidden_states=packed(latents),
        timestep=level,
        pooled_projections=pooled,
        encoder_hidden_states=tokens,
        txt_ids=torch.zeros(tokens.shape[1], 3),
        img_ids=FluxPipeline._prepare_latent_image_ids(1, height, width, latents.device, latents.dtype),
        return_dict=False,
    )[0]
    return found


def packed(latents: Tensor) -> Tensor:
    """(n, C, h, w) as tokens of 2 x 2."""
    found: Tensor = FluxPipeline._pack_latents(latents, *latents.shape)
    return found


def noise_of(own: Tensor, directions: Tensor, draws: torch.Generator) -> Tensor:
    """(n, d) normal noise that is `own` (n, K), loosened a little, in the K directions (d, K)."""
    free = torch.randn(len(own), len(directions), generator=draws)
    there = free @ directions
    kept = (1 - LOOSE**2) ** 0.5 * own + LOOSE * there
    found: Tensor = free + (kept - there) @ directions.t()
    return found


def paired(lessons: Lessons, settings: StandIn) -> tuple[Tensor, Tensor]:
    """The faces' main directions (d, K), and the noise in them that belongs to each caption's face (m, K).

    From a face's place along the directions goes what its caption's words say of it (ridge regression); the rest is
    made uncorrelated and, direction by direction, normally distributed by rank.
    """
    flat = lessons.latents.flatten(1).double()
    centred = flat - flat.mean(0)
    count = min(settings.directions, len(flat) - 1)
    directions = torch.linalg.svd(centred, full_matrices=False)[2][:count].t()
    place = (centred @ directions)[lessons.faces]
    words = _words(lessons.captions)
    penalty = RIDGE * torch.eye(words.shape[1], dtype=torch.float64)
    rest = place - words @ torch.linalg.solve(words.t() @ words + penalty, words.t() @ place)
    spread, axes = torch.linalg.eigh(rest.t() @ rest / len(rest))
    white = rest @ axes @ torch.diag(spread.clamp(min=1e-9).rsqrt()) @ axes.t()
    ranks = white.argsort(0).argsort(0).double()
    normal = torch.special.ndtri((ranks + 0.5) / len(ranks))
    return directions.float(), normal.float()


def _words(captions: Sequence[str]) -> Tensor:
    """(m, words) 1 where a caption has the word, and a column of ones."""
    known = sorted({word for text in captions for word in text.split()})
    rows = [[1.0, *(float(word in said) for word in known)] for said in (set(text.split()) for text in captions)]
    return torch.tensor(rows, dtype=torch.float64)
