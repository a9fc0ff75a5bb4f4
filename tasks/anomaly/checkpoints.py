"""A generator's file: read from the forms that people have, written in one of our own.

In: a path. Out: a `Generator` in eval mode whose parameters carry no gradients. Nothing in a file is ever run
(unpickling.py), other people's names are turned into ours (published.py). Our own form is safetensors with one JSON
record in its header: what the weights do not say (the architecture) and where they come from. Does not know how a
generator is trained or used.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import dlib
import numpy as np
import safetensors.torch
import torch
from pydantic import ValidationError
from torch import Tensor

from tasks.anomaly import published
from tasks.anomaly.stylegan2 import Architecture, Generator
from tasks.anomaly.unpickling import TensorflowNetwork, described
from tasks.base.escaping import said
from tasks.base.weight_files import torchfiles
from tasks.base.weight_files.pickle_values import Described, Unpicklable
from tasks.base.weight_files.tensorfiles import TensorFileError, record, require_finite, tensors, whole
from tasks.errors import InputError

MEAN_LATENTS = 10_000
"""Drawn for the mean w where a file has none."""
FACE_SIDES = (256, 512)
"""Sides to which the mean picture is enlarged before dlib looks for a face in it, pixels; its smallest face has 80."""
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
        content = whole(path)
    except OSError as error:
        raise GeneratorError(f"{path}: cannot be read ({error.strerror}); {ACCEPTED}") from error
    except TensorFileError as error:
        raise GeneratorError(f"{error}; {ACCEPTED}") from error
    try:
        return _built(*_read(content))
    except (GeneratorError, Unpicklable, TensorFileError, published.Unsupported) as error:
        raise GeneratorError(f"{path}: {said(error)}; {ACCEPTED}") from error


def save_generator(generator: Generator, *, provenance: Mapping[str, Any]) -> bytes:
    """Safetensors bytes: weights, noise maps and mean w, and in the header the architecture and `provenance` (JSON)."""
    written = {"architecture": generator.architecture.model_dump(), "provenance": dict(provenance)}
    tensors = {name: value.detach().cpu().contiguous() for name, value in generator.state_dict().items()}
    # One record only: the header's order of several is not settled, and same generators give the same bytes.
    return safetensors.torch.save(tensors, {RECORD: json.dumps(written, sort_keys=True)})


def provenance_of(path: Path) -> dict[str, Any]:
    """What `save_generator` was told of where the generator comes from."""
    try:
        found: dict[str, Any] = record(whole(path), RECORD)["provenance"]
    except (KeyError, TensorFileError) as error:
        raise GeneratorError(f"{path}: not a generator written by Vermilion: {said(error)}") from error
    return found


def require_size(generator: Generator, size: int) -> None:
    """GeneratorError unless the generator draws pictures of `size`."""
    if generator.resolution != size:
        raise GeneratorError(
            f"the generator draws pictures of {generator.resolution} pixels, not {size}; "
            f"set anomaly_align.size to {generator.resolution} or give another generator"
        )


def require_faces(generator: Generator) -> None:
    """GeneratorError unless dlib finds a face in the generator's mean picture (mean w, no noise)."""
    with torch.no_grad():
        w = generator.mapper.w_mean.expand(1, generator.num_ws, -1)
        drawn = generator.synthesise(w, noise="none")[0]  # (3, R, R)
    levels = ((drawn.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()
    if not any(_has_face(levels, side) for side in FACE_SIDES):
        raise GeneratorError("no face was found in the generator's mean picture: it does not draw faces")


def _has_face(picture: np.ndarray, side: int) -> bool:  # (R, R, 3) uint8 RGB
    """Whether dlib finds a face at this side. The edge is repeated around: a close crop leaves the detector no room."""
    enlarged = cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC)
    margin = side // 4
    framed = cv2.copyMakeBorder(enlarged, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    return len(dlib.get_frontal_face_detector()(np.ascontiguousarray(framed), 0)) > 0


def _read(content: bytes) -> tuple[Architecture, dict[str, Tensor]]:
    """Told apart by the first bytes and by what is in it, never by its name."""
    if not torchfiles.is_torch(content) and not content.startswith(b"\x80"):
        return _own(content)
    found = torchfiles.read(content) if torchfiles.is_torch(content) else described(content)
    try:
        return _rosinality(found) if torchfiles.is_torch(content) else _nvidia(found)
    except (GeneratorError, published.Unsupported):
        raise
    except Exception as error:  # anything may stand in the place of anything
        raise GeneratorError(f"not the parts that a generator has: {type(error).__name__} {said(error)}") from error


def _nvidia(found: Any) -> tuple[Architecture, dict[str, Tensor]]:
    """NVlabs' snapshot, a network of it alone, or TensorFlow's three networks."""
    if isinstance(found, tuple) and len(found) == 3:
        found = found[2]
    if isinstance(found, dict):
        found = found.get("G_ema")
    if isinstance(found, TensorflowNetwork):
        return published.tensorflow(found)
    if isinstance(found, Described):
        return published.nvlabs(found)
    raise GeneratorError("a pickle without a generator's moving average (G_ema, or the third network of TensorFlow)")


def _rosinality(found: Any) -> tuple[Architecture, dict[str, Tensor]]:
    """A checkpoint with g_ema, or a generator's state dict alone."""
    state = found.get("g_ema", found) if isinstance(found, dict) else None
    if not isinstance(state, dict) or "conv1.conv.weight" not in state:
        raise GeneratorError("a torch file without a generator's moving average (g_ema)")
    mean = found.get("latent_avg")
    return published.rosinality(state, mean if isinstance(mean, Tensor) else None)


def _own(content: bytes) -> tuple[Architecture, dict[str, Tensor]]:
    """Our own form."""
    try:
        return Architecture.model_validate(record(content, RECORD).get("architecture")), tensors(content)
    except ValidationError as error:
        raise GeneratorError(f"its record is damaged: {said(error)}") from error
    except TensorFileError as error:
        raise GeneratorError(f"neither a pickle nor a file with Vermilion's record: {said(error)}") from error


def _built(architecture: Architecture, found: Mapping[str, Tensor]) -> Generator:
    """The generator with exactly these tensors. GeneratorError where one is missing, left over or of another shape."""
    if strange := [name for name, value in found.items() if not isinstance(value, Tensor) or not value.numel()]:
        raise GeneratorError(f"{strange[0]} is no tensor, or has no numbers")
    values = {name: value.detach().float().contiguous() for name, value in found.items()}
    require_finite(values)
    known = "mapper.w_mean" in values
    values.setdefault("mapper.w_mean", torch.zeros(architecture.w_dim))
    try:
        with torch.device("meta"):
            generator = Generator(architecture)
        generator.load_state_dict(values, strict=True, assign=True)
    except (RuntimeError, KeyError) as error:
        raise GeneratorError(f"its weights do not fit its architecture: {said(error)}") from error
    generator.eval().requires_grad_(False)
    if not known:  # training checkpoints of rosinality's keep none
        z = torch.randn(MEAN_LATENTS, architecture.z_dim, generator=torch.Generator().manual_seed(0))
        generator.mapper.w_mean.copy_(generator.mapper(z).mean(0))
    return generator
