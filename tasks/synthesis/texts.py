"""What the text encoders make of prompts: CLIP's pooled embedding and T5's embeddings, once.

In: prompts, or the table of captions, and a base. Out: arrays, or the table TEXTS, in which every caption also has
the number of its tokens that each encoder does not see because its text is too long: nothing is cut silently.
Rosero et al. 2025, sections 3.1 and 3.2. Knows nothing of pictures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import torch
from torch import Tensor

from tasks.base import runtime
from tasks.schemas.synthesis import TEXTS
from tasks.synthesis.base import TextEncoders, device_of, open_base, text_encoders, text_length

TOGETHER = 32


@dataclass(frozen=True)
class Encoded:
    """n prompts as FLUX reads them, on the CPU in float32; tokens beyond an encoder's length are counted."""

    pooled: Tensor  # (n, P)
    tokens: Tensor  # (n, L, D)
    clip_over: list[int]  # n
    t5_over: list[int]  # n


@torch.no_grad()
def encode(encoders: TextEncoders, prompts: Sequence[str], *, length: int) -> Encoded:
    """As FluxPipeline encodes prompts: CLIP at its own length, T5 at `length` tokens, both padded, no mask."""
    pooled, tokens = [], []
    for start in range(0, len(prompts), TOGETHER):
        batch = list(prompts[start : start + TOGETHER])
        short = _ids(encoders.clip_tokenizer, batch, clip_length(encoders)).to(device_of(encoders.clip))
        pooled.append(encoders.clip(short).pooler_output.float().cpu())
        long = _ids(encoders.t5_tokenizer, batch, length).to(device_of(encoders.t5))
        tokens.append(encoders.t5(long)[0].float().cpu())
    return Encoded(
        torch.cat(pooled),
        torch.cat(tokens),
        _over(encoders.clip_tokenizer, prompts, clip_length(encoders)),
        _over(encoders.t5_tokenizer, prompts, length),
    )


def clip_length(encoders: TextEncoders) -> int:
    """Tokens that CLIP reads: 77."""
    return int(encoders.clip.config.max_position_embeddings)


def cache_texts(captions: pa.Table, *, base: Path) -> pa.Table:
    """Embeddings of every caption (table CAPTIONS; `base`: base.json), as TEXTS. Rows without a caption have none."""
    rows = [row for row in captions.to_pylist() if row["prompt"] is not None and row["reason"] is None]
    if not rows:
        return TEXTS.table([])
    encoders, length = _opened(base, base.stat().st_mtime_ns)
    encoded = encode(encoders, [row["prompt"] for row in rows], length=length)
    return TEXTS.table([_row(row, encoded, number) for number, row in enumerate(rows)])


@lru_cache(maxsize=1)
def _opened(base: Path, changed: int) -> tuple[TextEncoders, int]:
    """The encoders on the device, opened once for many calls; opened again when base.json has changed."""
    opened = open_base(base.parent)
    encoders = text_encoders(opened, dtype=torch.float32)
    encoders.clip.to(runtime.device())
    encoders.t5.to(runtime.device())
    return encoders, text_length(opened)


def _row(row: dict[str, Any], encoded: Encoded, number: int) -> dict[str, Any]:
    return {
        "image_id": row["image_id"],
        "prompt": row["prompt"],
        "pooled": encoded.pooled[number].numpy(),
        "tokens": encoded.tokens[number].flatten().numpy(),
        "clip_over": encoded.clip_over[number],
        "t5_over": encoded.t5_over[number],
    }


def _ids(tokenizer: Any, prompts: list[str], length: int) -> Tensor:  # (n, length)
    found: Tensor = tokenizer(
        prompts, padding="max_length", max_length=length, truncation=True, return_tensors="pt"
    ).input_ids
    return found


def _over(tokenizer: Any, prompts: Sequence[str], length: int) -> list[int]:
    """Tokens of each prompt beyond `length`, the end's counted."""
    return [max(0, len(ids) - length) for ids in tokenizer(list(prompts), truncation=False, verbose=False).input_ids]
