"""The generator and LPIPS of a stage, opened once for many buckets, and the precision they compute in.

In: files and settings. Out: networks on the device, in evaluation mode, without gradients on their weights. Knows
nothing of what they are used for.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Literal

import torch

from tasks.anomaly.checkpoints import load_generator
from tasks.anomaly.stylegan2 import Generator
from tasks.base import runtime
from tasks.faces.perceptual import Perceptual, load_perceptual
from tasks.params.faces import PerceptualNet

Precision = Literal["float32", "stored", "bfloat16"]


def generator_at(path: Path) -> Generator:
    """The generator in a file, on the device; opened again when the file has changed. GeneratorError as its reader."""
    return _generator(path, path.stat().st_mtime_ns if path.exists() else 0)


@lru_cache(maxsize=1)
def _generator(path: Path, changed: int) -> Generator:
    return load_generator(path).to(runtime.device())


@lru_cache(maxsize=1)
def perceptual_of(settings: PerceptualNet, weights: str) -> Perceptual:
    """LPIPS by the settings, on the device; `weights` is the folder. WeightsError as its reader."""
    return load_perceptual(settings, Path(weights)).to(runtime.device())


@contextmanager
def computing(generator: Generator, precision: Precision) -> Iterator[None]:
    """What is drawn and compared inside computes in `precision` on a GPU, and in float32 on a CPU.

    "stored": float16 in the generator's highest resolutions, as its file says; "bfloat16": where torch deems it safe.
    """
    here = generator.constant.device.type
    before, generator.half_precision = generator.half_precision, here == "cuda" and precision == "stored"
    try:
        with torch.autocast(here, torch.bfloat16, enabled=here == "cuda" and precision == "bfloat16"):
            yield
    finally:
        generator.half_precision = before
