"""The network that names findings in a face: MobileNetV2 with one output per label, calibrated, and where it looks.

In: faces cropped as CelebA's are. Out: a probability for each label; for one label, a map of where in the face it comes
from (integrated gradients, Sundararajan et al. 2017). Saved as safetensors with all that is needed to use it. Knows
nothing of labels' sources, nor of training.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import safetensors.torch
import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import nn

from tasks.base.escaping import said
from tasks.base.networks.mobilenet import MobileNetV2, draw_head
from tasks.base.weight_files.tensorfiles import TensorFileError, record, require_finite, tensors, whole
from tasks.base.weights import WeightsError
from tasks.faces.regions import eye_centres
from tasks.ingest.faces.resampling import resample

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
HEADER = "vermilion"
ALIGNED = (218, 178)
"""Height and width of CelebA's aligned pictures."""
EYES = np.array([[69.0, 111.0], [108.5, 111.0]])
"""Where the eyes lie in them, the picture's left one first."""
TOP, SIDE = 30, 178
"""The square of them that the network sees: the head, from the hair to the neck."""
STEPS, BLUR, SMOOTH = 16, 0.1, 0.03
"""Of integrated gradients: pictures between the blurred face and the face; widths of the blur of the one, and of the
map, in sides of the picture."""


class Architecture(BaseModel):
    """What has to be known to build the network before its weights are loaded."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    labels: tuple[str, ...] = Field(min_length=1, max_length=1000)
    input_size: int = Field(ge=32, le=1024, description="side of the cropped face, pixels")
    width: float = Field(gt=0, le=8, description="MobileNetV2's width multiplier")


class FindingsNetwork(nn.Module):
    """Cropped faces to logits. Colour statistics and temperatures are part of it."""

    mean: torch.Tensor
    std: torch.Tensor
    temperature: torch.Tensor  # (labels,): by what each logit is divided

    def __init__(self, architecture: Architecture, dropout: float = 0.0) -> None:
        super().__init__()
        self.architecture = architecture
        trunk = MobileNetV2(width=architecture.width)
        self.features = trunk.features
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(trunk.last_channel, len(architecture.labels))
        draw_head(self.head)
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1))
        self.register_buffer("temperature", torch.ones(len(architecture.labels)))

    def forward(self, faces: torch.Tensor) -> torch.Tensor:
        """(N, 3, S, S) float RGB in [0, 1] -> (N, labels) logits, calibrated."""
        pooled = self.features((faces - self.mean) / self.std).mean((2, 3))
        logits: torch.Tensor = self.head(self.dropout(pooled)) / self.temperature
        return logits


def build(architecture: Architecture, dropout: float, imagenet: Path | None) -> FindingsNetwork:
    """A network with random weights (torch's global generator), or with a MobileNetV2's from a torchvision file.

    WeightsError: the file is none of a MobileNetV2 of this width.
    """
    network = FindingsNetwork(architecture, dropout)
    if imagenet is None:
        return network
    from tasks.base import weights

    try:
        found = weights.tensors(whole(imagenet), source=str(imagenet))
    except (OSError, TensorFileError) as error:
        raise WeightsError(f"{imagenet}: cannot be read: {said(error)}") from error
    trunk = {name.removeprefix("features."): own for name, own in found.items() if name.startswith("features.")}
    try:
        network.features.load_state_dict(trunk, strict=True)
    except RuntimeError as error:
        wide = f"of width {architecture.width:g} (learned_findings.width)"
        raise WeightsError(f"{imagenet}: not a MobileNetV2 {wide}, as torchvision saves it") from error
    return network


def crop(
    image: np.ndarray,  # (H, W, 3) uint8 RGB, upright
    points68: np.ndarray | None,  # (68, 2) px; None: aligned already, as CelebA's pictures are
    *,
    size: int,
) -> np.ndarray:  # (size, size, 3) uint8 RGB
    """The face as the network sees it: eyes where CelebA's aligned pictures have them."""
    scale = SIDE / size
    turn = np.eye(2) * scale
    start = np.array([0.0, TOP]) + (scale - 1) / 2
    if points68 is None:
        full = np.array(image.shape[:2][::-1]) / ALIGNED[::-1]  # a larger copy of such a picture is as good
        return resample(
            image, np.column_stack([turn * full[:, None], start * full]), (size, size), enlarging=cv2.INTER_LINEAR
        )
    right, left = eye_centres(points68)
    across = (left - right) / (EYES[1] - EYES[0])[0]
    own = np.column_stack([across, [-across[1], across[0]]])
    to_image = np.column_stack([own @ turn, right + own @ (start - EYES[0])])
    return resample(image, to_image, (size, size), enlarging=cv2.INTER_LINEAR)


def stacked(faces: Sequence[np.ndarray]) -> torch.Tensor:
    """(N, 3, S, S) float in [0, 1]."""
    return torch.from_numpy(np.stack(faces)).permute(0, 3, 1, 2).float() / 255


def logits_of(network: FindingsNetwork, faces: Sequence[np.ndarray], together: int = 32) -> np.ndarray:  # (N, labels)
    """Calibrated logits, each the mean over the face and its mirror image."""
    network.eval()
    found = []
    with torch.no_grad():
        for start in range(0, len(faces), together):
            batch = stacked(faces[start : start + together]).to(network.mean.device)
            if batch.shape[-1] != (side := network.architecture.input_size):
                batch = nn.functional.interpolate(batch, size=(side, side), mode="bilinear", antialias=True)
            found.append(((network(batch) + network(batch.flip(3))) / 2).cpu().numpy())
    return np.concatenate(found) if found else np.empty((0, len(network.architecture.labels)), np.float32)


def attributions(network: FindingsNetwork, face: np.ndarray, label: str) -> np.ndarray:  # (S, S) float
    """What each pixel adds to the label's logit against the blurred face: integrated gradients. Their sum is what both
    logits differ by, but for the steps' coarseness."""
    network.eval()
    blurred = cv2.GaussianBlur(face, (0, 0), len(face) * BLUR, borderType=cv2.BORDER_REFLECT)
    to, start = stacked([face]).to(network.mean.device), stacked([blurred]).to(network.mean.device)
    shares = (torch.arange(STEPS, device=to.device) + 0.5) / STEPS
    with torch.enable_grad():
        between = (start + shares[:, None, None, None] * (to - start)).requires_grad_()
        at = network.architecture.labels.index(label)
        (gradient,) = torch.autograd.grad(network(between)[:, at].sum(), between)
    return np.asarray(((to - start) * gradient.mean(0)).sum(1)[0].cpu().numpy())


def saliency(network: FindingsNetwork, face: np.ndarray, label: str) -> np.ndarray:  # (S, S) float, 0..1
    """Where in the face it is that speaks for the label, smoothed; 0 everywhere where nothing does."""
    found = cv2.GaussianBlur(attributions(network, face, label), (0, 0), len(face) * SMOOTH).clip(min=0)
    return np.asarray(found / found.max() if found.max() > 0 else found)


def save(network: FindingsNetwork, provenance: Mapping[str, Any]) -> bytes:
    """safetensors bytes; the header holds the architecture and what made the weights. Same input, same bytes."""
    header = {"architecture": network.architecture.model_dump(mode="json"), "provenance": dict(provenance)}
    state = {name: own.detach().cpu().contiguous() for name, own in network.state_dict().items()}
    return safetensors.torch.save(state, {HEADER: json.dumps(header, sort_keys=True)})


def load(source: Path | bytes) -> tuple[FindingsNetwork, dict[str, Any]]:
    """The saved network, on the CPU, and what made it. WeightsError where the file is not one of ours."""
    name = "these bytes" if isinstance(source, bytes) else str(source)
    try:
        content = source if isinstance(source, bytes) else whole(source)
        found = tensors(content)
        require_finite(found)
        header = record(content, HEADER)
        with torch.device("meta"):
            network = FindingsNetwork(Architecture.model_validate(header.get("architecture")))
        kinds = {name: own.dtype for name, own in network.state_dict().items()}
        if strange := [name for name, own in found.items() if kinds.get(name) != own.dtype]:
            raise WeightsError(f"{strange[0]} is of another kind")
        network.load_state_dict(found, strict=True, assign=True)
        return network.eval(), dict(header["provenance"])
    except (TensorFileError, ValidationError, ValueError, RuntimeError, OverflowError, KeyError, TypeError) as error:
        raise WeightsError(f"{name}: not made by `vermilion anthropometry learn`: {said(error)}") from error
