"""What the files of a FLUX folder may ask for, looked at before diffusers and transformers open them.

In: the folder of one part (text_encoder, tokenizer, ...). Out: nothing, or BaseError that names the file.
Configurations, lists of shards and vocabularies are text that says how much is built, which files are opened and which
patterns are searched: each could be made to ask for hours or terabytes, or lead to other files. Weights are looked at
by their headers. Knows nothing of how the parts are used.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn

from tasks.base.escaping import said
from tasks.base.weight_files import tensorfiles
from tasks.base.weight_files.tensorfiles import TensorFileError
from tasks.synthesis.manifest import LARGEST_TEXT, BaseError

EXTRA = 1000
"""Tokens that a tokeniser may add to its own; T5's adds 100."""

DEEPEST = 32
LAYERS = 256
"""Of one kind in a network; FLUX.1 has 57."""
WIDEST = 1 << 20
"""Any other whole number in a network's configuration; the largest of FLUX.1-schnell is its vocabulary, 49,408."""
FOREIGN = ("quantization_config", "auto_map", "attn_implementation", "_attn_implementation", "trust_remote_code")
"""What makes a library import other code, or look for it."""
PATTERNS = {
    r"\s+",
    " {2,}",
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+",
    r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+",
}
"""Patterns of CLIP's and T5's tokenisers. Others could take for ever on a prompt."""
SHARE = 2
"""How many times the numbers that its files hold a network may have: T5's and CLIP's files leave out what is shared."""


def check_part(part: Path) -> None:
    """BaseError names the first file of the part's folder that asks for what it may not."""
    if (adapter := part / "adapter_config.json").exists():
        raise BaseError(f"{adapter}: would have other weights opened instead of these; remove it")
    for path in sorted(part.glob("*")):
        if path.suffix == ".safetensors":
            _headers(path)
        elif path.suffix == ".json":
            _check_text(path)
        elif path.suffix in (".txt", ".model"):
            _sized(path)


def require_room(kind: Any, part: Path) -> None:
    """BaseError unless the part's files hold the numbers of the network that its configuration describes.

    Where there are no safetensors at all, the library that opens the part says so.
    """
    held = sum(_count(shape) for path in part.glob("*.safetensors") for shape in _headers(path).values())
    if not held:
        return
    try:
        with torch.device("meta"):
            network = _described(kind, part)
    except Exception as error:  # of two libraries, about anything that a configuration may say
        raise BaseError(f"{part / 'config.json'}: describes no {kind.__name__}: {said(error)}") from error
    wanted = sum(_count(value.shape) for value in network.parameters())
    if wanted > SHARE * held:
        raise BaseError(f"{part / 'config.json'}: describes a network of {wanted:,} numbers; its files hold {held:,}")


def _described(kind: Any, part: Path) -> nn.Module:
    """The network of a configuration, without numbers: diffusers' or transformers'."""
    if hasattr(kind, "load_config"):
        network: nn.Module = kind.from_config(kind.load_config(part))
    else:
        network = kind(kind.config_class.from_pretrained(part, local_files_only=True))
    return network


def _count(shape: Any) -> int:
    return int(torch.Size(shape).numel())


def _headers(path: Path) -> dict[str, tuple[int, ...]]:
    try:
        return tensorfiles.shapes(path)
    except TensorFileError as error:
        raise BaseError(str(error)) from error


def _sized(path: Path) -> bytes:
    if (size := path.stat().st_size) > LARGEST_TEXT:
        raise BaseError(f"{path}: {size:,} bytes; {LARGEST_TEXT:,} at most are accepted")
    return path.read_bytes()


def _check_text(path: Path) -> None:
    try:
        found = json.loads(_sized(path))
    except (ValueError, RecursionError) as error:
        raise BaseError(f"{path}: not JSON, or nested too deep: {said(error)}") from error
    if not isinstance(found, dict):
        raise BaseError(f"{path}: not a JSON object")
    if path.name.endswith(".index.json"):
        _check_shards(path, found.get("weight_map"))
    for depth, key, value in _walked(found):
        if depth > DEEPEST:
            raise BaseError(f"{path}: has more than {DEEPEST} levels within each other")
        if key in FOREIGN and value is not None:
            raise BaseError(f"{path}: {key} is given; it would have other code looked for. Plain networks are accepted")
        if key == "Regex" and not (isinstance(value, str) and value in PATTERNS):
            raise BaseError(f"{path}: the pattern {said(value)!r} is not one of CLIP's or T5's tokenisers")
        if key == "extra_ids" and not (isinstance(value, int) and 0 <= value <= EXTRA):
            raise BaseError(f"{path}: extra_ids is {said(value)}; 0 to {EXTRA:,} is accepted")
        if path.name == "config.json" and isinstance(value, int | float):
            _check_number(path, key, value)


def _check_number(path: Path, key: str, value: float) -> None:
    most = LAYERS if re.search("layers|blocks", key) else WIDEST
    if not abs(value) <= most:
        raise BaseError(f"{path}: {key} is {said(value)}; {most:,} at most is accepted")


def _check_shards(path: Path, places: Any) -> None:
    names = places.values() if isinstance(places, dict) else [None]
    for name in names:
        if not isinstance(name, str) or not re.fullmatch(r"[\w.-]+\.safetensors", name):
            raise BaseError(f"{path}: {said(name)!r} is no safetensors file of this folder")


def _walked(found: Any) -> Iterator[tuple[int, str, Any]]:
    """Depth, key and value of everything in a JSON value; what is in a list has the list's key."""
    waiting: list[tuple[int, str, Any]] = [(0, "", found)]
    while waiting:
        depth, key, value = waiting.pop()
        yield depth, key, value
        if isinstance(value, dict):
            waiting += [(depth + 1, name, inner) for name, inner in value.items()]
        elif isinstance(value, list):
            waiting += [(depth + 1, key, inner) for inner in value]
