"""What the VAE makes of every photograph, once; and pictures out of latents.

In: the tables of photographs and of captions, and a base. Out: the table LATENTS, one row per picture and way round, or
a reason; bytes of disk that the caches need. Rosero et al. 2025, DiffusionCleft, section 3.2. Photographs go through
the VAE one by one, so a row does not depend on its neighbours. The latent is the posterior's mode: a draw would be kept
for ever, and learnt as if it were the photograph's. Knows nothing of transformers or training.
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from diffusers import AutoencoderKL
from torch import Tensor

from tasks.base import images as pictures
from tasks.base import runtime
from tasks.errors import InputError
from tasks.params.synthesis import SynthesisCache
from tasks.schemas.synthesis import LATENTS
from tasks.synthesis.base import Base, device_of, open_base, text_length, vae
from tasks.synthesis.framing import framed
from tasks.synthesis.resolutions import bucket_of, fitted, refusal

FLOAT = 4
"""Bytes of a number in the caches."""
COPIES = 2
"""The store keeps a result, and the stage's output is a copy of it."""


class DiskError(InputError):
    """The disk is too small for the caches; the message names the folder, the bytes needed and the bytes free."""


@dataclass(frozen=True)
class Layout:
    """Sizes of what a base's VAE and text encoders make."""

    channels: int
    reduction: int
    """Pixels a latent's side."""
    pooled: int
    tokens: int
    token_width: int


def cache_latents(
    images: pa.Table,  # image_id, path
    captions: pa.Table,  # image_id, split, frame, reason
    *,
    base: Path,
    settings: SynthesisCache,
) -> pa.Table:
    """LATENTS of the photographs of the split train that have a caption, in the captions' order.

    Refused captions keep their reason; photographs kept for tests have no row: nothing here may learn from them.
    `base`: its base.json. A photograph that cannot be read, has no bucket, or of which the VAE makes no finite numbers
    is one row with a reason. BaseError: the base cannot be opened.
    """
    paths = {row["image_id"]: Path(row["path"]) for row in images.select(["image_id", "path"]).to_pylist()}
    told = captions.select(["image_id", "split", "frame", "reason"]).to_pylist()
    rows = [row for row in told if row["split"] == "train"]
    with runtime.settled(threads=settings.threads, seed=0):
        return LATENTS.table(entry for row in rows for entry in _entries(row, paths, base, settings))


def _entries(
    row: dict[str, Any], paths: dict[str, Path], base: Path, settings: SynthesisCache
) -> Iterator[dict[str, Any]]:
    refused = {"image_id": row["image_id"], "flipped": False, "width": 0, "height": 0}
    if row["reason"] is not None:
        yield refused | {"reason": row["reason"]}
        return
    try:
        image = framed(pictures.read(paths[row["image_id"]]), row["frame"])
    except pictures.UnreadableImage as error:
        yield refused | {"reason": str(error)}
        return
    height, width = image.shape[:2]
    bucket = bucket_of(width, height, settings=settings)
    if bucket is None:
        yield refused | {"reason": refusal(width, height, settings=settings)}
        return
    shown, network = fitted(image, bucket), vae_of(base, tiling=settings.tiling)
    found = [encode(network, way) for way in ([shown, shown[:, ::-1]] if settings.flips else [shown])]
    if not all(bool(latent.isfinite().all()) for latent in found):
        yield refused | {"reason": "the VAE makes no finite numbers of it"}
        return
    for flipped, latent in enumerate(found):
        sides = {"width": bucket.width, "height": bucket.height}
        yield {"image_id": row["image_id"], "flipped": bool(flipped), **sides, "latent": latent.flatten().numpy()}


@torch.no_grad()
def encode(
    network: AutoencoderKL,
    picture: np.ndarray,  # (H, W, 3) uint8 RGB
) -> Tensor:  # (C, h, w) float32, on the CPU
    """The posterior's mode, shifted and scaled as the transformer takes it."""
    values = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].float() / 127.5 - 1
    mode = network.encode(values.to(device_of(network), network.dtype)).latent_dist.mode()
    latent: Tensor = (mode - network.config.shift_factor) * network.config.scaling_factor
    return latent[0].float().cpu()


@torch.no_grad()
def decode(
    network: AutoencoderKL,
    latents: Tensor,  # (n, C, h, w), as `encode` makes them
) -> np.ndarray:  # (n, H, W, 3) uint8 RGB
    """The pictures, one by one."""
    drawn = [_decoded(network, latent[None]) for latent in latents]
    return np.concatenate(drawn)


def _decoded(network: AutoencoderKL, latent: Tensor) -> np.ndarray:
    """As FluxPipeline decodes, and rounds: half to even."""
    values = latent.to(device_of(network), network.dtype) / network.config.scaling_factor + network.config.shift_factor
    picture = (network.decode(values, return_dict=False)[0] / 2 + 0.5).clamp(0, 1)
    pixels: np.ndarray = (picture.permute(0, 2, 3, 1).float().cpu().numpy() * 255).round().astype(np.uint8)
    return pixels


def vae_of(base: Path, *, tiling: bool, dtype: torch.dtype = torch.float32) -> AutoencoderKL:
    """The VAE on the device, opened once for many calls; opened again when base.json has changed."""
    return _vae(base, base.stat().st_mtime_ns if base.exists() else 0, tiling, dtype)


@lru_cache(maxsize=1)
def _vae(base: Path, changed: int, tiling: bool, dtype: torch.dtype) -> AutoencoderKL:
    network = vae(open_base(base.parent), dtype=dtype).to(runtime.device())
    if tiling:
        network.enable_tiling()
        network.tile_sample_min_size = 512
        network.tile_latent_min_size = 512 // 2 ** (len(network.config.block_out_channels) - 1)
    return network


def layout(base: Base) -> Layout:
    """The sizes, by the base's configurations; no weights are opened."""
    read = {part: json.loads((base.folder / part / "config.json").read_text()) for part in
            ("vae", "text_encoder", "text_encoder_2")}  # fmt: skip
    return Layout(
        channels=read["vae"]["latent_channels"],
        reduction=2 ** (len(read["vae"]["block_out_channels"]) - 1),
        pooled=read["text_encoder"]["hidden_size"],
        tokens=text_length(base),
        token_width=read["text_encoder_2"]["d_model"],
    )


def disk_needed(photographs: int, *, layout: Layout, settings: SynthesisCache) -> int:
    """Bytes of both caches, in the store and in the stage's output, at most.

    As if every photograph filled the largest resolution, and nothing got smaller by compression.
    """
    side = max(settings.sides) // layout.reduction
    latent = layout.channels * side * side * (2 if settings.flips else 1)
    text = layout.pooled + layout.tokens * layout.token_width
    return COPIES * FLOAT * photographs * (latent + text)


def require_disk(
    captions: pa.Table,  # split, reason
    folder: Path,
    *,
    base: Path,
    settings: SynthesisCache,
) -> None:
    """DiskError where the disk of `folder` (or of the nearest one above that exists) is too small for both caches."""
    photographs = sum(row["reason"] is None for row in captions.select(["reason"]).to_pylist())
    needed = disk_needed(photographs, layout=layout(open_base(base.parent)), settings=settings)
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    free = shutil.disk_usage(there).free
    if needed > free:
        raise DiskError(
            f"{folder}: the caches of {photographs} photographs may need {needed:,} bytes and {free:,} are free; "
            "make room, or set smaller sides"
        )
