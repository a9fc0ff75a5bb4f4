"""How the frozen base's weights are held, so that it fits a card: prepare it before an adapter is put on.

In: a FLUX transformer. Out: the same one with its weights in float32, bfloat16, or smaller: fp8 layer by layer (8-bit
floats that are widened where a layer computes), int8 (torchao, weights only), nf4 (bitsandbytes, CUDA only). All but
float32 compute in bfloat16. Rosero et al. 2025 do not say how they held it. Knows nothing of adapters or of memory.
"""

from types import SimpleNamespace

import torch
from diffusers import FluxTransformer2DModel
from torch import nn

from tasks.errors import InputError
from tasks.params.synthesis import Precision


class PrecisionError(InputError):
    """The weights cannot be held as asked for on this machine; the message says what can."""


def compute_dtype(precision: Precision) -> torch.dtype:
    """What layers compute in, and what they are to be given."""
    return torch.float32 if precision == "float32" else torch.bfloat16


def require_possible(precision: Precision) -> None:
    """PrecisionError where the machine cannot hold weights so; asked before anything is loaded."""
    if precision == "nf4" and not torch.cuda.is_available():
        raise PrecisionError(
            "precision: nf4 needs a CUDA GPU (bitsandbytes); here float32, bfloat16, fp8 and int8 are accepted"
        )


def prepare(transformer: FluxTransformer2DModel, precision: Precision) -> FluxTransformer2DModel:
    """The transformer itself, its weights held in `precision`; to be done before an adapter is put on.

    fp8 leaves the modulation layers (a quarter of the weights) in bfloat16, as diffusers does: their numbers scale
    whole blocks. PrecisionError: nf4 without a GPU.
    """
    require_possible(precision)
    nn.Module.to(transformer, dtype=compute_dtype(precision))  # diffusers' own warns of an empty list of exceptions
    if precision == "fp8":
        _to_fp8(transformer)
    elif precision == "int8":
        _to_int8(transformer)
    elif precision == "nf4":
        _to_nf4(transformer)
    return transformer


def _to_fp8(transformer: FluxTransformer2DModel) -> None:
    """PEFT gives an adapter the type of a layer's weights, 8 bits, unless the layer says what it computes in."""
    transformer.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=torch.bfloat16)
    for layer in transformer.modules():
        if isinstance(layer, nn.Linear):
            layer.compute_dtype = torch.bfloat16  # type: ignore[assignment]


def _to_int8(transformer: FluxTransformer2DModel) -> None:
    """One scale an output channel. PEFT looks for a way to quantise again in `hf_quantizer`, and warns without one."""
    from torchao.quantization import Int8WeightOnlyConfig, quantize_  # seconds to import, and noisy

    quantize_(transformer, Int8WeightOnlyConfig())
    again = SimpleNamespace(get_apply_tensor_subclass=Int8WeightOnlyConfig)
    transformer.hf_quantizer = SimpleNamespace(quantization_config=again)


def _to_nf4(transformer: FluxTransformer2DModel) -> None:
    """Every linear layer in 4 bits, a scale every 64 numbers. Quantised as a layer moves to the GPU, one by one."""
    from bitsandbytes.nn import Linear4bit, Params4bit

    for name, layer in list(transformer.named_modules()):
        if isinstance(layer, nn.Linear):
            small = Linear4bit(
                layer.in_features, layer.out_features, bias=layer.bias is not None, quant_type="nf4",
                compute_dtype=torch.bfloat16, device="meta",
            )  # fmt: skip
            small.weight = Params4bit(layer.weight.data, requires_grad=False, quant_type="nf4")
            small.bias = layer.bias
            parent, _, own = name.rpartition(".")
            setattr(transformer.get_submodule(parent), own, small.to("cuda"))
