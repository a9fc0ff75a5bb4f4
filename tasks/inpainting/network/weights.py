"""The trained network as a file: safetensors, with its settings and what made it in one JSON record of the header.

In: a network, or a file. Out: bytes, or a network ready to fill. A file is opened without running code; one that is not
ours, or whose weights do not fit its own settings, is refused by name. Knows nothing of how a network is trained.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from pydantic import ValidationError

from tasks.base.escaping import said
from tasks.base.weight_files.tensorfiles import TensorFileError, record, require_finite, tensors, whole
from tasks.errors import InputError
from tasks.inpainting.network.generator import Generator
from tasks.params.inpainting import Network

RECORD = "inpainting"


class NetworkFileError(InputError):
    """The file holds no network that can fill; the message names it and says why."""


def save(network: Generator, *, size: int, provenance: Mapping[str, Any]) -> bytes:
    """Safetensors bytes. `size`: the side of the pictures it learned from. Same network, same bytes."""
    written = {"network": network.settings.model_dump(), "size": size, "provenance": dict(provenance)}
    state = {name: value.detach().float().cpu().contiguous() for name, value in network.state_dict().items()}
    return safetensors.torch.save(state, {RECORD: json.dumps(written, sort_keys=True)})


def load(path: Path) -> tuple[Generator, int]:
    """The network, in eval mode and without gradients, and its pictures' side. NetworkFileError: see above."""
    try:
        content = whole(path)
        head = record(content, RECORD)
        state = tensors(content)
        require_finite(state)
        settings, size = Network.model_validate(head["network"]), int(head["size"])
        with torch.device("meta"):
            network = Generator(settings)
        network.load_state_dict(state, strict=True, assign=True)
    except OSError as error:
        raise NetworkFileError(f"{path}: cannot be read ({error.strerror}); run the stage inpainting_train") from error
    except (KeyError, TypeError, ValidationError, TensorFileError) as error:
        raise NetworkFileError(f"{path}: not a network that inpainting_train wrote ({said(error)})") from error
    except RuntimeError as error:  # torch names the first that does not fit
        first = str(error).splitlines()[1].strip()
        raise NetworkFileError(f"{path}: its weights are of another network than it says ({first})") from error
    network = network.to(memory_format=torch.channels_last)  # convolutions take less time so
    return network.requires_grad_(requires_grad=False).eval(), size


def provenance_of(path: Path) -> dict[str, Any]:
    """What `save` was told of what made the network. NetworkFileError: see `load`."""
    try:
        found: dict[str, Any] = record(whole(path), RECORD)["provenance"]
    except (OSError, KeyError, TensorFileError) as error:
        raise NetworkFileError(f"{path}: not a network that inpainting_train wrote ({said(error)})") from error
    return found
