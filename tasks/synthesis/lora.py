"""Adapters: small trained matrices beside the transformer's own, and the file that every reader takes alike.

In: a FLUX transformer, rank, alpha, the names of layers. Out: the same transformer with the adapter on it, and the
adapter as safetensors bytes in diffusers' own format. Rosero et al. 2025, DiffusionCleft, sections 3.2 and 4.2: LoRA of
rank 16 and alpha 32, which is a scale of 2. Readers differ in where they look for alpha (a header, extra keys,
nowhere), so the file holds B times that scale and says alpha = rank: each then has 1. Knows nothing of training.
"""

import json
import re
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from diffusers import FluxPipeline, FluxTransformer2DModel
from peft import LoraConfig, get_peft_model_state_dict, set_peft_model_state_dict
from torch import Tensor, nn

from tasks.base import runtime
from tasks.base.escaping import said
from tasks.base.weight_files.tensorfiles import metadata, record, require_finite, tensors, whole
from tasks.errors import InputError

NAME = "trained"
"""The adapter's name in the transformer."""
PREFIX = "transformer."
PLAIN = re.compile(r"[\w.-]{1,300}", re.ASCII)
MOST_ALPHA = 1e6
ROOM = 4
"""How many times the numbers of a file its adapter may have: a matrix may lack its partner, which is told later."""
BLOCKS = ("transformer_blocks.", "single_transformer_blocks.")
HEADER = "lora_adapter_metadata"
"""Where diffusers looks for ranks and alphas; the file's only metadata, since a second key's place is left to luck."""


class LoraError(InputError):
    """An adapter does not fit its base; the message names the layer or the file."""


def targeted(transformer: nn.Module, targets: Sequence[str]) -> list[str]:
    """The linear layers of the blocks whose names end with a target. LoraError: a target without a layer."""
    layers = [
        name.removesuffix(".base_layer")  # where another adapter is on it already
        for name, layer in transformer.named_modules()
        if name.startswith(BLOCKS) and isinstance(layer, nn.Linear) and ".lora_" not in name
    ]
    found = {target: [name for name in layers if name.endswith(f".{target}")] for target in targets}
    if missing := [target for target, names in found.items() if not names]:
        ends = sorted({name.split(".", 2)[2] for name in layers})
        raise LoraError(f"synthesis_train: targets {', '.join(missing)}: no such layer; there are: {', '.join(ends)}")
    return sorted({name for names in found.values() for name in names})


def add(
    transformer: FluxTransformer2DModel, *, rank: int, alpha: float, targets: Sequence[str], seed: int
) -> list[nn.Parameter]:
    """Put a new adapter on the transformer, which it does not change yet; its matrices, float32 and to be trained."""
    names = targeted(transformer, targets)
    config = LoraConfig(r=rank, lora_alpha=alpha, target_modules=names, init_lora_weights=False)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Already found a `peft_config`")  # the assistant's: as meant
        transformer.add_adapter(config, adapter_name=NAME)
    with torch.no_grad():
        for name, weight in _own(transformer).items():
            if ".lora_A." in name:
                weight.copy_(torch.randn(weight.shape, generator=runtime.generator(seed, "adapter", name)) / rank)
            else:
                weight.zero_()
    return trainable(transformer)


def trainable(transformer: FluxTransformer2DModel) -> list[nn.Parameter]:
    """The adapter's matrices, in float32; everything else is frozen."""
    own = {id(weight) for weight in _own(transformer).values()}
    for weight in transformer.parameters():
        weight.requires_grad_(id(weight) in own)
        if id(weight) in own:
            weight.data = weight.data.float()
    return [weight for weight in transformer.parameters() if weight.requires_grad]


def _own(transformer: FluxTransformer2DModel) -> dict[str, nn.Parameter]:
    mark = (f".lora_A.{NAME}.", f".lora_B.{NAME}.")
    return {name: weight for name, weight in transformer.named_parameters() if any(part in name for part in mark)}


def state_of(transformer: FluxTransformer2DModel) -> dict[str, Tensor]:
    """The adapter's matrices by layer, as they are trained: for going on later."""
    found = get_peft_model_state_dict(transformer, adapter_name=NAME)
    return {name: weight.detach().cpu().clone() for name, weight in found.items()}


def put_state(transformer: FluxTransformer2DModel, state: Mapping[str, Tensor]) -> None:
    """Back to what `state_of` gave."""
    set_peft_model_state_dict(transformer, dict(state), adapter_name=NAME)
    trainable(transformer)


def save(transformer: FluxTransformer2DModel, *, rank: int, alpha: float) -> bytes:
    """The adapter in diffusers' format, float32, its scale in B. The same matrices give the same bytes."""
    state = {}
    for name, weight in state_of(transformer).items():
        folded = weight.float() * (alpha / rank) if ".lora_B." in name else weight.float()
        state[f"transformer.{name}"] = folded.contiguous()
    layers = sorted({name.rpartition(".lora_")[0].removeprefix("transformer.") for name in state})
    header = {"transformer.r": rank, "transformer.lora_alpha": rank, "transformer.target_modules": layers}
    return safetensors.torch.save(state, {HEADER: json.dumps(header, sort_keys=True)})


def load(transformer: FluxTransformer2DModel, file: Path, *, name: str) -> None:
    """Put the adapter of `file` on the transformer, frozen, as diffusers reads it (kohya's and others' formats too).

    LoraError: not readable, or a matrix of it has no place in the transformer or no partner. diffusers only logs that,
    and leaves random numbers where a matrix is missing.
    """
    try:
        state, alphas, header = _read(file)
        held = sorted(state)
        _require_room(transformer, state)
        FluxPipeline.load_lora_into_transformer(
            state, network_alphas=alphas, transformer=transformer, adapter_name=name, metadata=header
        )
    except Exception as error:  # many kinds, of three libraries
        why = str(error).removeprefix(f"{file}: ")
        raise LoraError(f"{file}: not an adapter of this base's transformer: {said(why)}") from error
    if name not in (getattr(transformer, "peft_config", None) or {}):
        raise LoraError(f"{file}: holds no layer `transformer.….lora_A.weight` of this base's transformer")
    _require_whole(transformer, held, file=file, name=name)
    transformer.requires_grad_(requires_grad=False)


def _require_whole(transformer: FluxTransformer2DModel, held: Sequence[str], *, file: Path, name: str) -> None:
    taken = {f"transformer.{key}" for key in get_peft_model_state_dict(transformer, adapter_name=name)}
    given = {key for key in held if not key.startswith("text_encoder") and not key.endswith(".alpha")}
    if strangers := sorted(given - taken):
        raise LoraError(f"{file}: {strangers[0]}: no such matrix of this base's transformer ({len(strangers)} so)")
    if missing := sorted(taken - given):
        raise LoraError(f"{file}: {missing[0]} is missing ({len(missing)} so); the file is not whole")


def _read(file: Path) -> tuple[dict[str, Tensor], Any, Any]:
    """Matrices, alphas and what the header says, as diffusers takes them, where none of it asks for more than it has.

    Names are searched as patterns further on, and a header may name modules to import: so names are plain, and of the
    header only the alphas are taken.
    """
    content = whole(file)
    found = tensors(content)
    require_finite(found)
    if strange := [name for name in found if not PLAIN.fullmatch(name)]:
        raise LoraError(f"{said(strange[0])!r} is no name of a matrix")
    state: dict[str, Tensor]
    state, alphas, _ = FluxPipeline.lora_state_dict(found, return_alphas=True, return_lora_metadata=True)
    return state, alphas, _header(content, state) if HEADER in metadata(content) else None


def _header(content: bytes, state: Mapping[str, Tensor]) -> dict[str, Any] | None:
    """Ranks by the matrices, alphas by the header, in diffusers' words; None where the header says nothing of these."""
    told = {key.removeprefix(PREFIX): value for key, value in record(content, HEADER).items() if key.startswith(PREFIX)}
    if not told:
        return None
    mark = ".lora_B.weight"
    ranks = {
        name.removeprefix(PREFIX).removesuffix(mark): value.shape[1]
        for name, value in state.items()
        if name.startswith(PREFIX) and name.endswith(mark) and value.ndim > 1
    }
    usual = Counter(ranks.values()).most_common(1)[0][0] if ranks else 1
    alpha, alphas = told.get("lora_alpha", usual), told.get("alpha_pattern") or {}
    if not isinstance(alphas, dict) or not all(PLAIN.fullmatch(name) for name in alphas):
        raise LoraError("its header has alphas for what are no layers' names")
    if not all(type(value) in (int, float) and 0 <= value < MOST_ALPHA for value in (alpha, *alphas.values())):
        raise LoraError("its header has alphas that are no numbers")
    if any(told.get(name) for name in ("use_dora", "use_rslora", "lora_bias")):
        raise LoraError("its header says use_dora, use_rslora or lora_bias; plain LoRA is accepted")
    own = {"r": usual, "lora_alpha": alpha, "target_modules": sorted(ranks), "alpha_pattern": alphas}
    own["rank_pattern"] = {name: rank for name, rank in ranks.items() if rank != usual}
    return {f"{PREFIX}{key}": value for key, value in own.items()}


def _require_room(transformer: nn.Module, state: Mapping[str, Tensor]) -> None:
    """LoraError: matrices that peft would make by these ranks are far larger than those that are there."""
    widths = {
        name.removesuffix(".base_layer"): layer.in_features + layer.out_features
        for name, layer in transformer.named_modules()
        if isinstance(layer, nn.Linear)
    }
    held = sum(value.numel() for value in state.values())
    asked = sum(
        value.shape[1] * widths.get(name.removeprefix(PREFIX).partition(".lora_B")[0], 0)
        for name, value in state.items()
        if ".lora_B" in name and value.ndim > 1
    )
    if asked > ROOM * held:
        raise LoraError(f"its ranks ask for {asked:,} numbers, and it holds {held:,}")
