"""How each kind of model file is opened in the product, by the first word of the file's name; see hostile.py."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tasks.anomaly.checkpoints import load_generator
from tasks.base import tensorfiles, weights
from tasks.symmetry.network import load_network


def _weights(path: Path) -> None:
    weights.tensors(tensorfiles.whole(path), source=str(path))


OPENERS: dict[str, Callable[[Path], Any]] = {
    "generator": load_generator,
    "weights": _weights,
    "network": load_network,
}
