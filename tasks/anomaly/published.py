"""Other people's StyleGAN2 generators, in our names: NVlabs' PyTorch, NVlabs' TensorFlow, rosinality's.

In: what a file holds (unpickling.py). Out: our architecture and our tensors by name. What would draw another picture
here than there is refused: classes, other architectures, filters and activations. Weights keep their stored magnitudes.
"""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from tasks.anomaly.stylegan2 import FIRST_SIDE, GAIN, TAPS, Architecture
from tasks.anomaly.unpickling import TensorflowNetwork, array_of
from tasks.base.weight_files.pickle_values import Described

Read = tuple[Architecture, dict[str, Tensor]]
PARTS = {"conv0": "first", "conv1": "second", "torgb": "colours"}
REST = {"weight": "conv.weight", "noise_const": "noise"}
KINDS = {"Generator", "MappingNetwork", "SynthesisNetwork", "SynthesisBlock", "SynthesisLayer", "ToRGBLayer"}
KINDS |= {"FullyConnectedLayer"}
TENSORFLOW_PLAIN: dict[str, tuple[object, ...]] = {
    "label_size": (0,),
    "num_channels": (3,),
    "architecture": ("skip",),
    "nonlinearity": ("lrelu",),
    "mapping_nonlinearity": ("lrelu",),
    "use_noise": (True,),
    "normalize_latents": (True,),
    "resample_kernel": (None, [1, 3, 3, 1], (1, 3, 3, 1)),
}
TENSORFLOW_SHAPES = {"latent_size", "dlatent_size", "resolution", "fmap_base", "fmap_max", "fmap_min", "fmap_decay"}
TENSORFLOW_SHAPES |= {"mapping_layers", "mapping_fmaps", "label_fmaps", "w_avg_beta", "dlatent_avg_beta"}
TENSORFLOW_SHAPES |= {"truncation_psi", "truncation_cutoff", "style_mixing_prob", "structure", "conditioning"}
TENSORFLOW_SHAPES |= {"fused_modconv", "randomize_noise", "mapping_lrmul", "num_fp16_res", "conv_clamp"}


class Unsupported(ValueError):
    """A network that this generator cannot draw as its authors do; the message says why."""


def nvlabs(network: Described) -> Read:
    """A generator of stylegan2-ada-pytorch, or StyleGAN2 of stylegan3."""
    modules = dict(_modules(network, ""))
    for path, module in modules.items():
        if module.kind not in KINDS:
            raise Unsupported(f"{path or 'the network'} is a {module.kind}; only StyleGAN2 is read")
    _check_modules(network, modules)
    tensors: dict[str, Tensor] = {}
    for path, module in modules.items():
        for name, value in {**module.state["_parameters"], **module.state["_buffers"]}.items():
            if name == "resample_filter":
                _check_filter(value, f"{path}.{name}")
            elif value is not None:
                tensors[_nvlabs_name(f"{path}.{name}".lstrip("."))] = value
    rates = _values(modules, "mapping.fc", "bias_gain")
    clamps = {m.state.get("conv_clamp") for m in modules.values() if m.kind in ("SynthesisLayer", "ToRGBLayer")}
    halves = [bool(m.state.get("use_fp16")) for _, m in _blocks(modules)]
    if len(clamps) != 1 or len(rates) != 1 or halves != sorted(halves):
        raise Unsupported("its layers differ in clamp, learning rate or precision")
    return _architecture(tensors, rate=float(rates.pop()), clamp=clamps.pop(), half=sum(halves)), tensors


def rosinality(state: Mapping[str, Any], latent_mean: Tensor | None) -> Read:
    """A generator's state dict of rosinality's code; its mapping's learning-rate multiplier is always 0.01."""
    tensors: dict[str, Tensor] = {}
    for name, value in state.items():
        if not isinstance(value, Tensor):
            raise Unsupported(f"{name} is no tensor")
        if name.endswith(".kernel"):
            _check_filter(value / 4, name)
        else:
            ours = _rosinality_name(name)
            tensors[ours] = value.reshape(_short(value.shape, ours))
    if latent_mean is not None:
        tensors["mapper.w_mean"] = latent_mean.reshape(-1)
    return _architecture(tensors, rate=0.01, clamp=None, half=0), tensors


def tensorflow(network: TensorflowNetwork) -> Read:
    """A generator of NVlabs' StyleGAN2 for TensorFlow (format 4 or later)."""
    given = network.state.get("static_kwargs", {})
    if int(network.state.get("version", 0)) < 4:
        raise Unsupported("a TensorFlow network of a format older than StyleGAN2's")
    for name, value in given.items():
        if name not in TENSORFLOW_SHAPES and value not in TENSORFLOW_PLAIN.get(name, ()):
            raise Unsupported(f"its {name} is {value!r}, which is not supported")
    tensors: dict[str, Tensor] = {}
    for name, value in _variables(network, ""):
        if (ours := _tensorflow_name(name)) is not None:
            tensors[ours] = _from_tensorflow(name, array_of(value))
    half = min(int(given.get("num_fp16_res") or 0), sum(name.endswith("colours.bias") for name in tensors) - 1)
    rate = float(given.get("mapping_lrmul") or 0.01)
    return _architecture(tensors, rate=rate, clamp=given.get("conv_clamp"), half=half), tensors


def _architecture(tensors: Mapping[str, Tensor], *, rate: float, clamp: Any, half: int) -> Architecture:
    """What the shapes say, and what the file said beside them."""
    if "constant" not in tensors or "mapper.layers.0.weight" not in tensors:
        raise Unsupported("no StyleGAN2 generator: it has no constant input or no mapping")
    channels: dict[int, int] = {}
    while (name := f"blocks.{len(channels)}.second.conv.weight") in tensors:
        channels[FIRST_SIDE * 2 ** len(channels)] = len(tensors[name])
    if not channels or not 32 <= max(channels) <= 1024:
        raise Unsupported(f"it draws pictures of {max(channels, default=0)} pixels; 32 to 1024 are accepted")
    layers = sum(bool(re.fullmatch(r"mapper\.layers\.\d+\.weight", name)) for name in tensors)
    first, last = tensors["mapper.layers.0.weight"], tensors[f"mapper.layers.{layers - 1}.weight"]
    return Architecture(
        resolution=max(channels),
        z_dim=first.shape[1],
        w_dim=len(last),
        mapping_layers=layers,
        mapping_rate=rate,
        channels=channels,
        conv_clamp=None if clamp is None else float(clamp),
        half_resolutions=half,
    )


def _modules(module: Described, path: str) -> Iterable[tuple[str, Described]]:
    yield path, module
    for name, child in module.state["_modules"].items():
        if isinstance(child, Described):
            yield from _modules(child, f"{path}.{name}".lstrip("."))


def _blocks(modules: Mapping[str, Described]) -> list[tuple[int, Described]]:
    found = [(int(path.rsplit("b", 1)[1]), m) for path, m in modules.items() if m.kind == "SynthesisBlock"]
    return sorted(found, key=lambda pair: pair[0])


def _values(modules: Mapping[str, Described], start: str, attribute: str) -> set[Any]:
    return {module.state.get(attribute) for path, module in modules.items() if path.startswith(start)}


def _check_modules(network: Described, modules: Mapping[str, Described]) -> None:
    if network.state.get("c_dim"):
        raise Unsupported(f"it draws {network.state['c_dim']} classes (c_dim); only generators without are supported")
    if network.state.get("img_channels") != 3:
        raise Unsupported(f"its pictures have {network.state.get('img_channels')} channels, not 3")
    for path, module in modules.items():
        state = module.state
        if module.kind == "SynthesisBlock" and state.get("architecture") != "skip":
            raise Unsupported(f"its architecture is {state.get('architecture')!r}; only 'skip' is supported")
        wanted = "lrelu" if module.kind == "SynthesisLayer" or path.startswith("mapping.fc") else "linear"
        if state.get("activation", wanted) != wanted:
            raise Unsupported(f"the activation of {path} is {state['activation']!r}; {wanted!r} is supported")
        if module.kind == "SynthesisLayer" and not state.get("use_noise", True):
            raise Unsupported("its layers take no noise")
        if module.kind == "SynthesisLayer" and not math.isclose(state.get("act_gain", GAIN), GAIN):
            raise Unsupported(f"the gain of {path} is {state['act_gain']}")


def _check_filter(value: Tensor, name: str) -> None:
    taps = torch.tensor(TAPS)
    if value.shape != (4, 4) or not torch.allclose(value.float(), torch.outer(taps, taps) / 64, atol=1e-6):
        raise Unsupported(f"{name} is another resampling filter than [1, 3, 3, 1]")


def _nvlabs_name(name: str) -> str:
    if match := re.fullmatch(r"mapping\.fc(\d+)\.(weight|bias)", name):
        return f"mapper.layers.{match[1]}.{match[2]}"
    if name in ("mapping.w_avg", "synthesis.b4.const"):
        return {"mapping.w_avg": "mapper.w_mean", "synthesis.b4.const": "constant"}[name]
    match = re.fullmatch(r"synthesis\.b(\d+)\.(conv0|conv1|torgb)\.(.+)", name)
    if not match:
        raise Unsupported(f"it has {name}, which a StyleGAN2 generator without classes has not")
    rest = f"conv.{match[3]}" if match[3].startswith("affine.") else REST.get(match[3], match[3])
    return f"blocks.{int(match[1]).bit_length() - 3}.{PARTS[match[2]]}.{rest}"


def _rosinality_name(name: str) -> str:
    if match := re.fullmatch(r"style\.(\d+)\.(weight|bias)", name):
        return f"mapper.layers.{int(match[1]) - 1}.{match[2]}"
    if name == "input.input":
        return "constant"
    if match := re.fullmatch(r"noises\.noise_(\d+)", name):
        layer = int(match[1])
        return f"blocks.{(layer + 1) // 2}.{'first' if layer % 2 else 'second'}.noise"
    match = re.fullmatch(r"(conv1|to_rgb1|convs\.\d+|to_rgbs\.\d+)\.(.+)", name)
    if not match:
        raise Unsupported(f"it has {name}, which rosinality's generator has not")
    kind, _, number = match[1].partition(".")
    place = {"conv1": 0, "to_rgb1": 0, "convs": int(number or 0) // 2 + 1, "to_rgbs": int(number or 0) + 1}[kind]
    part = "colours" if kind.startswith("to_rgb") else "first" if kind == "convs" and not int(number) % 2 else "second"
    rest = match[2].replace("modulation", "affine").replace("activate.bias", "bias")
    return f"blocks.{place}.{part}.{rest.replace('noise.weight', 'noise_strength')}"


def _short(shape: tuple[int, ...], name: str) -> tuple[int, ...]:
    """The shape without the axes of length one that rosinality's tensors carry."""
    if name.endswith("noise_strength"):
        return ()
    if name.endswith((".noise", "colours.bias", ".bias")):
        return tuple(shape[2:]) if name.endswith(".noise") else (math.prod(shape),)
    return tuple(shape[1:]) if name == "constant" or len(shape) == 5 else tuple(shape)


def _variables(network: TensorflowNetwork, path: str) -> Iterable[tuple[str, Any]]:
    for name, value in network.state.get("variables", ()):
        yield path + name, value
    for name, part in network.state.get("components", {}).items():
        yield from _variables(part, f"{path}{name}/")


def _tensorflow_name(name: str) -> str | None:
    """Our name, or None for what does not touch the picture."""
    if name == "dlatent_avg":
        return "mapper.w_mean"
    if name == "synthesis/4x4/Const/const":
        return "constant"
    if match := re.fullmatch(r"mapping/Dense(\d+)/(weight|bias)", name):
        return f"mapper.layers.{match[1]}.{match[2]}"
    if match := re.fullmatch(r"synthesis/noise(\d+)", name):
        return _rosinality_name(f"noises.noise_{match[1]}")
    if match := re.fullmatch(r"synthesis/(\d+)x\1/(Conv|Conv0_up|Conv1|ToRGB)/(\w+)", name):
        part = {"Conv": "second", "Conv0_up": "first", "Conv1": "second", "ToRGB": "colours"}[match[2]]
        rest = match[3].replace("mod_", "conv.affine.")
        place = int(match[1]).bit_length() - 3
        return f"blocks.{place}.{part}.{'conv.weight' if rest == 'weight' else rest}"
    if name in ("lod", "synthesis/lod"):
        return None
    raise Unsupported(f"it has {name}, which StyleGAN2's skip architecture has not")


def _from_tensorflow(name: str, value: Any) -> Tensor:
    """TensorFlow's order of axes turned to ours; the upsampling kernels are stored mirrored, mod_bias less one."""
    last = name.rsplit("/", 1)[1] if "/" in name else name
    if last == "weight" and value.ndim == 4:
        value = (value[::-1, ::-1] if "Conv0_up" in name else value).transpose(3, 2, 0, 1)
    elif last in ("weight", "mod_weight"):
        value = value.transpose()
    elif last == "mod_bias":
        value = value + 1
    elif last == "const" or last.startswith("noise") and last != "noise_strength":
        value = value.reshape(value.shape[-3:] if last == "const" else value.shape[-2:])
    return torch.tensor(value.copy(), dtype=torch.float32)
