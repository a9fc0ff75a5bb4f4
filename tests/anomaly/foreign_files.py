"""Generators' files as other people's code writes them: NVlabs' and TensorFlow's pickles, rosinality's torch files."""

import io
import pickle
import sys
import types
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from tasks.anomaly.stylegan2 import Block, Colours, Generator, Layer

FILTER = torch.outer(*[torch.tensor([1.0, 3.0, 3.0, 1.0])] * 2) / 64


def _reconstruct_persistent_obj(meta: dict[str, Any]) -> None:
    raise AssertionError("code named in a file was run")


class Network:
    """TensorFlow's network: only its state is written."""

    def __init__(self, state: dict[str, Any]) -> None:
        self.state = state

    def __getstate__(self) -> dict[str, Any]:
        return self.state

    def __setstate__(self, state: dict[str, Any]) -> None:
        raise AssertionError("a class named in a file was used")


class EasyDict(dict[str, Any]):
    pass


class Persistent:
    """A module as NVlabs' decorator pickles it: class name, source and state."""

    def __init__(
        self, kind: str, parameters: Any = None, buffers: Any = None, modules: Any = None, **state: Any
    ) -> None:
        held = {"_parameters": parameters, "_buffers": buffers, "_modules": modules}
        self.meta: dict[str, Any] = {
            "type": "class",
            "version": 6,
            "module_src": "raise SystemExit('the source in the file was run')",
            "class_name": kind,
            "state": {name: OrderedDict(value or {}) for name, value in held.items()}
            | {"training": False, "_non_persistent_buffers_set": set(), "_init_kwargs": EasyDict(a=1)}
            | state,
        }

    def __reduce__(self) -> tuple[Any, ...]:
        return _reconstruct_persistent_obj, (self.meta,)


HOMES: dict[Any, str] = {
    _reconstruct_persistent_obj: "torch_utils.persistence",
    Network: "dnnlib.tflib.network",
    EasyDict: "dnnlib.util",
}


@contextmanager
def elsewhere() -> Iterator[None]:
    """What is pickled inside is named as in the packages of others."""
    before = {thing: thing.__module__ for thing in HOMES}
    names = {".".join(home.split(".")[:end]) for home in HOMES.values() for end in range(1, home.count(".") + 2)}
    sys.modules.update({name: types.ModuleType(name) for name in names})
    for thing, home in HOMES.items():
        thing.__module__ = home
        setattr(sys.modules[home], thing.__name__, thing)
    try:
        yield
    finally:
        for thing, home in before.items():
            thing.__module__ = home
        for name in names:
            del sys.modules[name]


def pickled(value: object, protocol: int = 4) -> bytes:
    with elsewhere():
        return pickle.dumps(value, protocol=protocol)


def blocks_of(generator: Generator) -> list[Block]:
    return [block for block in generator.blocks if isinstance(block, Block)]


def _parameter(value: torch.Tensor) -> torch.nn.Parameter:
    return torch.nn.Parameter(value.detach().clone())


def _dense(linear: Any, activation: str) -> Persistent:
    own = {"weight": _parameter(linear.weight), "bias": _parameter(linear.bias)}
    gain = np.float64(linear.gain)
    return Persistent("FullyConnectedLayer", own, activation=activation, bias_gain=linear.rate, weight_gain=gain)


def _layer(layer: Layer, clamp: float | None, changes: dict[str, Any]) -> Persistent:
    own = {"weight": layer.conv.weight, "noise_strength": layer.noise_strength, "bias": layer.bias}
    state = {"activation": "lrelu", "conv_clamp": clamp, "use_noise": True, "act_gain": np.float64(2**0.5)} | changes
    return Persistent(
        "SynthesisLayer",
        {name: _parameter(value) for name, value in own.items()},
        {"resample_filter": FILTER, "noise_const": layer.noise.clone()},
        {"affine": _dense(layer.conv.affine, "linear")},
        **state,
    )


def nvlabs(
    generator: Generator, *, layer: Any = None, block: Any = None, filter_of: Any = FILTER, **changes: Any
) -> Persistent:
    """NVlabs' Generator with this generator's numbers; `changes` to its attributes."""
    clamp, architecture = generator.architecture.conv_clamp, generator.architecture
    blocks: dict[str, Any] = {}
    for place, (side, ours) in enumerate(zip(architecture.sides, blocks_of(generator), strict=True)):
        colours = Persistent(
            "ToRGBLayer",
            {"weight": _parameter(ours.colours.conv.weight), "bias": _parameter(ours.colours.bias)},
            modules={"affine": _dense(ours.colours.conv.affine, "linear")},
            conv_clamp=clamp,
        )
        parts = {} if ours.first is None else {"conv0": _layer(ours.first, clamp, layer or {})}
        parts |= {"conv1": _layer(ours.second, clamp, layer or {}), "torgb": colours}
        state = {"architecture": "skip", "use_fp16": len(architecture.sides) - place <= architecture.half_resolutions}
        own = {} if place else {"const": _parameter(generator.constant)}
        blocks[f"b{side}"] = Persistent(
            "SynthesisBlock", own, {"resample_filter": filter_of}, parts, **(state | (block or {}))
        )
    dense = {f"fc{number}": _dense(own, "lrelu") for number, own in enumerate(generator.mapper.layers)}
    mapping = Persistent("MappingNetwork", {}, {"w_avg": generator.mapper.w_mean.clone()}, dense)
    synthesis = Persistent("SynthesisNetwork", modules=blocks)
    state = {"c_dim": 0, "img_channels": 3} | changes
    return Persistent("Generator", modules={"synthesis": synthesis, "mapping": mapping}, **state)


def snapshot(generator: Generator, **changes: Any) -> dict[str, Any]:
    """What NVlabs' training writes."""
    network = nvlabs(generator, **changes)
    return {"G": network, "D": None, "G_ema": network, "training_set_kwargs": EasyDict(path="x"), "augment_pipe": None}


def rosinality(generator: Generator) -> dict[str, torch.Tensor]:
    """The state dict of rosinality's Generator."""
    state: dict[str, torch.Tensor] = {"input.input": generator.constant[None]}
    for number, dense in enumerate(generator.mapper.layers):
        state |= {f"style.{number + 1}.{part}": getattr(dense, part) for part in ("weight", "bias")}
    for place, block in enumerate(blocks_of(generator)):
        named = {f"convs.{2 * place - 1}" if place else "conv1": block.second}
        if block.first is not None:
            named[f"convs.{2 * place - 2}"] = block.first
        for name, layer in named.items():
            state |= _modulated(name, layer.conv)
            state |= {f"{name}.noise.weight": layer.noise_strength.reshape(1), f"{name}.activate.bias": layer.bias}
            if layer is block.first:
                state[f"{name}.conv.blur.kernel"] = FILTER * 4
        name = f"to_rgbs.{place - 1}" if place else "to_rgb1"
        state |= _modulated(name, block.colours.conv) | {f"{name}.bias": block.colours.bias.reshape(1, 3, 1, 1)}
        if place:
            state[f"{name}.upsample.kernel"] = FILTER * 4
    state |= {f"noises.noise_{number}": layer.noise[None, None] for number, layer in enumerate(generator.layers)}
    return {name: value.detach().clone() for name, value in state.items()}


def _modulated(name: str, conv: Any) -> dict[str, torch.Tensor]:
    affine = {f"{name}.conv.modulation.{part}": getattr(conv.affine, part) for part in ("weight", "bias")}
    return affine | {f"{name}.conv.weight": conv.weight[None]}


def torch_file(value: object, *, zipped: bool = True) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer, _use_new_zipfile_serialization=zipped)
    return buffer.getvalue()


def tensorflow(generator: Generator, **changes: Any) -> Network:
    """TensorFlow's Gs with this generator's numbers: axes in its order, the mirrored kernels, mod_bias less one."""
    variables: list[tuple[str, np.ndarray | np.float32]] = [
        (f"noise{n}", m.noise[None, None].numpy()) for n, m in enumerate(generator.layers)
    ]
    variables.append(("4x4/Const/const", generator.constant[None].detach().numpy()))
    for place, (side, block) in enumerate(zip(generator.architecture.sides, blocks_of(generator), strict=True)):
        named: dict[str, Layer | Colours] = {} if block.first is None else {"Conv0_up": block.first}
        named |= {"Conv1" if place else "Conv": block.second, "ToRGB": block.colours}
        for name, layer in named.items():
            weight = layer.conv.weight.detach().numpy().transpose(2, 3, 1, 0)
            start = f"{side}x{side}/{name}"
            variables += [
                (f"{start}/weight", (weight[::-1, ::-1] if name == "Conv0_up" else weight).copy()),
                (f"{start}/mod_weight", layer.conv.affine.weight.detach().numpy().T.copy()),
                (f"{start}/mod_bias", layer.conv.affine.bias.detach().numpy() - 1),
                (f"{start}/bias", layer.bias.detach().numpy()),
            ]
            if isinstance(layer, Layer):
                variables.append((f"{start}/noise_strength", np.float32(layer.noise_strength.item())))
    dense = [
        (f"Dense{n}/{part}", getattr(own, part).detach().numpy().T)
        for n, own in enumerate(generator.mapper.layers)
        for part in ("weight", "bias")
    ]
    parts = {
        name: Network({"version": 4, "variables": own, "components": {}})
        for name, own in (("synthesis", variables), ("mapping", dense))
    }
    kwargs = {"resolution": generator.resolution, "num_fp16_res": generator.architecture.half_resolutions} | changes
    kwargs["conv_clamp"] = generator.architecture.conv_clamp
    mean = [("dlatent_avg", generator.mapper.w_mean.numpy())]
    return Network({"version": 4, "static_kwargs": EasyDict(kwargs), "components": EasyDict(parts), "variables": mean})
