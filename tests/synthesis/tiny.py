"""A base model that takes seconds: the real stand-in's build with next to no training, 32 pixels a side."""

from pathlib import Path
from typing import Any

from tasks.params.synthesis import StandIn

SETTINGS = StandIn(
    seed=1, size=32, faces=8, frame=1.5, vae_channels=(8, 12, 16), latent_channels=4, vae_steps=2, vae_batch=2,
    vae_rate=0.002, width=32, double_blocks=1, single_blocks=1, text_width=32, text_length=48, directions=4, steps=2,
    batch=2, rate=0.001, matrix_rate=0.01, average=0.5,
)  # fmt: skip


def settings(**changes: Any) -> StandIn:
    """The settings with some changed."""
    return SETTINGS.model_copy(update=changes)


def tiny_base(folder: Path, **changes: Any) -> Path:
    """Build it into `folder`; the path of its base.json."""
    from tasks.synthesis.standin.build import (
        build_stand_in,
    )  # torch and diffusers, of which xdist's own process needs none

    build_stand_in(folder, settings=settings(**changes), threads=1, checkpoint=None)
    return folder / "base.json"
