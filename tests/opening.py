"""How each kind of model file is opened in the product, by the first word of the file's name; see hostile.py."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tasks.anomaly.checkpoints import load_generator
from tasks.base import weights
from tasks.base.weight_files import tensorfiles
from tasks.symmetry.network import load_network


def _weights(path: Path) -> None:
    weights.tensors(tensorfiles.whole(path), source=str(path))


def _adapter(path: Path) -> None:
    import torch

    from tasks.synthesis import base, lora

    with torch.no_grad():
        lora.load(base.transformer(base.open_base(Path("base")), precision="float32"), path, name="read")


def _folder(path: Path) -> None:
    import torch

    from tasks.synthesis import base

    opened = base.open_base(path)
    base.text_encoders(opened, dtype=torch.float32)
    base.transformer(opened, precision="float32")
    base.vae(opened, dtype=torch.float32)


OPENERS: dict[str, Callable[[Path], Any]] = {
    "generator": load_generator,
    "weights": _weights,
    "network": load_network,
    "adapter": _adapter,
    "folder": _folder,
}
