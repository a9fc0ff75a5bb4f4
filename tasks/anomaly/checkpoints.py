"""A generator's file: read from the forms that people have, written in one of our own.

In: a path. Out: a `Generator` in eval mode whose parameters carry no gradients. Nothing in a file is ever run. Our own
form is safetensors with one JSON record in its header: what the weights do not say (the architecture) and where they
come from. Does not know how a generator is trained or used.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from pydantic import ValidationError
from torch import Tensor

from tasks.anomaly.stylegan2 import Architecture, Generator
from tasks.errors import InputError

RECORD = "vermilion_generator"
ACCEPTED = (
    "a StyleGAN2 generator is accepted as safetensors written by Vermilion, as .pkl of stylegan2-ada-pytorch or "
    "stylegan3, as .pt of rosinality's stylegan2-pytorch, or as TensorFlow .pkl"
)


class GeneratorError(InputError):
    """A generator's file cannot be read, or the generator is of no use here; the message names the file."""


def load_generator(path: Path) -> Generator:
    """The generator in a file, in eval mode, its parameters without gradients. GeneratorError names the file."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise GeneratorError(f"{path}: cannot be read ({error.strerror}); {ACCEPTED}") from error
    try:
        architecture, tensors = _own(content)
        return _built(architecture, tensors)
    except GeneratorError as error:
        raise GeneratorError(f"{path}: {error}; {ACCEPTED}") from error


def save_generator(generator: Generator, *, provenance: Mapping[str, Any]) -> bytes:
    """Safetensors bytes: weights, noise maps and mean w, and in the header the architecture and `provenance` (JSON)."""
    record = {"architecture": generator.architecture.model_dump(), "provenance": dict(provenance)}
    tensors = {name: value.detach().cpu().contiguous() for name, value in generator.state_dict().items()}
    # One record only: the header's order of several is not settled, and same generators give the same bytes.
    return safetensors.torch.save(tensors, {RECORD: json.dumps(record, sort_keys=True)})


def provenance_of(path: Path) -> dict[str, Any]:
    """What `save_generator` was told of where the generator comes from."""
    record = _record(path.read_bytes())
    provenance: dict[str, Any] = record["provenance"]
    return provenance


def require_size(generator: Generator, size: int) -> None:
    """GeneratorError unless the generator draws pictures of `size`."""
    if generator.resolution != size:
        raise GeneratorError(
            f"the generator draws pictures of {generator.resolution} pixels, not {size}; "
            f"set anomaly_align.size to {generator.resolution} or give another generator"
        )


def _own(content: bytes) -> tuple[Architecture, dict[str, Tensor]]:
    """Our own form."""
    try:
        architecture = Architecture.model_validate(_record(content)["architecture"])
        return architecture, safetensors.torch.load(content)
    except (safetensors.SafetensorError, ValidationError, KeyError, TypeError) as error:
        raise GeneratorError(f"damaged: {_one_line(error)}") from error


def _record(content: bytes) -> dict[str, Any]:
    """The JSON record of our own form."""
    length = int.from_bytes(content[:8], "little")
    try:
        record = json.loads(json.loads(content[8 : 8 + length])["__metadata__"][RECORD])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise GeneratorError("neither a pickle nor a file with Vermilion's record") from error
    if not isinstance(record, dict):
        raise GeneratorError("its record is damaged")
    return record


def _built(architecture: Architecture, tensors: Mapping[str, Tensor]) -> Generator:
    """The generator with exactly these tensors. GeneratorError where one is missing, left over or of another shape."""
    try:
        with torch.device("meta"):
            generator = Generator(architecture)
        generator.load_state_dict(dict(tensors), strict=True, assign=True)
    except (RuntimeError, KeyError) as error:
        raise GeneratorError(f"its weights do not fit its architecture: {_one_line(error)}") from error
    return generator.eval().requires_grad_(False)


def _one_line(error: Exception) -> str:
    """The error's first words."""
    return " ".join(str(error).split())[:300]
