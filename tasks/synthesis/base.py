"""The model that adapters are trained on: a FLUX folder as diffusers keeps it, checked before it is opened.

In: a folder with base.json (the stand-in), or a base.json that names a registered folder. Out: its networks, frozen.
Registering hashes every file once and records licence and consent; a stage that uses the base compares the hashes
again. Only safetensors and text files are opened; pickles beside them are never looked at. Rosero et al. 2025, section
3.1. Knows nothing of adapters and prompts.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, FluxTransformer2DModel
from torch import nn
from transformers import CLIPTextModel, CLIPTokenizer, T5EncoderModel, T5TokenizerFast
from transformers.utils import logging as transformers_logging

from tasks.base.escaping import said
from tasks.synthesis import contents
from tasks.synthesis.manifest import (
    MANIFEST,
    PARTS,
    SCHNELL,
    BaseError,
    Manifest,
    check_presence,
    digested,
    files_of,
    read_manifest,
    registered,
    verify,
    write_manifest,
)
from tasks.synthesis.manifest import register as record

__all__ = [
    "MANIFEST",
    "SCHNELL",
    "Base",
    "BaseError",
    "Manifest",
    "TextEncoders",
    "device_of",
    "digested",
    "open_base",
    "register",
    "registered",
    "scheduler",
    "text_encoders",
    "text_length",
    "transformer",
    "use_registered",
    "vae",
    "verify",
    "write_manifest",
]

COUNTING = "position_ids"
"""How the name of what earlier libraries kept among the weights ends: 0, 1, 2 ... It is made anew."""

transformers_logging.disable_progress_bar()  # a bar a network, each gone in no time


@dataclass(frozen=True)
class Base:
    """A base whose files are there: the FluxPipeline folder, and what is recorded of it."""

    folder: Path
    manifest: Manifest


@dataclass(frozen=True)
class TextEncoders:
    """Both tokenisers and both encoders, frozen."""

    clip_tokenizer: CLIPTokenizer
    clip: CLIPTextModel
    t5_tokenizer: T5TokenizerFast
    t5: T5EncoderModel


def open_base(out: Path) -> Base:
    """The base of `out`/base.json. BaseError: no such record, or a file missing or of another size.

    Contents were compared when base.json was written (stage synthesis_base); here only names and sizes are.
    """
    manifest = read_manifest(out / MANIFEST)
    folder = (out / manifest.folder).resolve()
    check_presence(manifest, folder)
    return Base(folder, manifest)


def register(folder: Path, name: str, *, registry: Path, accept: bool) -> Manifest:
    """As `manifest.register`, once nothing in the folder asks for what it may not. BaseError names the file."""
    if accept:
        files_of(folder.resolve())
        for part in PARTS:
            contents.check_part(folder.resolve() / part)
    return record(folder, name, registry=registry, accept=accept)


def use_registered(name: str, *, registry: Path, out: Path) -> Manifest:
    """Compare every file of a registered base with its record, and write the record to `out` (base.json).

    BaseError: not registered, licence not accepted, a file missing or changed.
    """
    manifest = registered(name, registry=registry)
    verify(manifest)
    write_manifest(manifest, out)
    return manifest


def text_length(base: Base) -> int:
    """Tokens that T5 reads: 256 for schnell, the stand-in's own."""
    return base.manifest.text_length


def vae(base: Base, *, dtype: torch.dtype) -> AutoencoderKL:
    """The autoencoder; latents go through its config's shift_factor and scaling_factor. On the CPU, as all below."""
    return _frozen(_opened(AutoencoderKL, base, "vae", torch_dtype=dtype, use_safetensors=True))


def text_encoders(base: Base, *, dtype: torch.dtype) -> TextEncoders:
    """CLIP and T5 with their tokenisers."""
    found = TextEncoders(
        clip_tokenizer=_opened(CLIPTokenizer, base, "tokenizer"),
        clip=_frozen(_opened(CLIPTextModel, base, "text_encoder", dtype=dtype, use_safetensors=True)),
        t5_tokenizer=_opened(T5TokenizerFast, base, "tokenizer_2"),
        t5=_frozen(_opened(T5EncoderModel, base, "text_encoder_2", dtype=dtype, use_safetensors=True)),
    )
    _require_words(found.clip_tokenizer, found.clip, base.folder / "tokenizer")
    _require_words(found.t5_tokenizer, found.t5, base.folder / "tokenizer_2")
    return found


def _require_words(tokenizer: Any, encoder: Any, folder: Path) -> None:
    """BaseError unless the tokeniser makes of a sentence what its encoder has rows for."""
    rows = int(encoder.get_input_embeddings().weight.shape[0])
    try:
        made = tokenizer(["a face, 1"], padding="max_length", max_length=8, truncation=True).input_ids[0]
        most = max([*made, *tokenizer(["a face, 1"], truncation=False).input_ids[0]])
    except BaseException as error:  # as in `_opened`
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise BaseError(f"{folder}: no tokeniser that can be used: {said(error)}") from error
    if most >= rows:
        raise BaseError(f"{folder}: it makes token {most} of a word, and its encoder has {rows:,}")


def transformer(
    base: Base, *, precision: Literal["float32", "bfloat16", "fp8", "int8", "nf4"]
) -> FluxTransformer2DModel:
    """The transformer, in float32 where that is asked for, else in bfloat16: see precision.py for what is smaller."""
    dtype = torch.float32 if precision == "float32" else torch.bfloat16
    return _frozen(_opened(FluxTransformer2DModel, base, "transformer", torch_dtype=dtype, use_safetensors=True))


def scheduler(base: Base) -> FlowMatchEulerDiscreteScheduler:
    """The base's own scheduler; schnell's does not shift."""
    return _opened(FlowMatchEulerDiscreteScheduler, base, "scheduler")


def device_of(network: nn.Module) -> torch.device:
    """Where a network's weights are."""
    return next(network.parameters()).device


def _opened(kind: Any, base: Base, subfolder: str, **how: Any) -> Any:
    """A part read from the folder alone. BaseError names the part when it is not what its name says."""
    folder, network = base.folder / subfolder, issubclass(kind, nn.Module)
    contents.check_part(folder)
    if network:
        contents.require_room(kind, folder)
        how["output_loading_info"] = True
    load: Callable[..., Any] = kind.from_pretrained
    try:
        found = load(base.folder, subfolder=subfolder, local_files_only=True, **how)
    except BaseException as error:  # the tokenisers' own library panics with what is no Exception
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise BaseError(f"{folder}: cannot be opened as {kind.__name__}: {said(error)}") from error
    return _whole(folder, *found) if network else found


def _whole(folder: Path, network: Any, loaded: Mapping[str, Collection[Any]]) -> Any:
    """The network, if the file has its weights and no others. Its library draws at random what is missing or does not
    fit, and leaves out what it has no place for: less than the whole network, under its name."""
    lacking = [*loaded.get("missing_keys", ()), *(key[0] for key in loaded.get("mismatched_keys", ()))]
    if lacking:
        raise BaseError(
            f"{folder}: the weights are not of the network that config.json describes: {len(lacking)} are missing or "
            f"of another size, first {said(min(lacking))}"
        )
    unused = [key for key in loaded.get("unexpected_keys", ()) if not key.endswith(COUNTING)]
    if unused:
        raise BaseError(
            f"{folder}: the weights are not of the network that config.json describes: it has no use for "
            f"{len(unused)} of them, first {said(min(unused))}"
        )
    return network


def _frozen(network: Any) -> Any:
    return network.requires_grad_(False).eval()
