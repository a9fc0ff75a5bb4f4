import pytest
import torch
from diffusers import FluxTransformer2DModel
from diffusers.training_utils import cast_training_params
from peft import LoraConfig
from torch import Tensor

from tasks.base import runtime
from tasks.params.synthesis import Precision
from tasks.synthesis import precision

NEAR = {"float32": 0, "bfloat16": 0.02, "fp8": 0.06, "int8": 0.03, "nf4": 0.2}
"""Largest relative error (Euclidean) of output and of gradient that is borne."""
POSSIBLE = [kind for kind in NEAR if kind != "nf4" or torch.cuda.is_available()]
"""bitsandbytes' 4-bit weights need CUDA."""


def tiny() -> FluxTransformer2DModel:
    with runtime.settled(threads=1, seed=1):
        model = FluxTransformer2DModel(
            patch_size=1, in_channels=64, num_layers=2, num_single_layers=2, attention_head_dim=32,
            num_attention_heads=2, joint_attention_dim=32, pooled_projection_dim=32, guidance_embeds=False,
            axes_dims_rope=(8, 12, 12),
        )  # fmt: skip
    return model.eval().requires_grad_(requires_grad=False)


def output(model: FluxTransformer2DModel, kind: Precision) -> Tensor:
    dtype = precision.compute_dtype(kind)
    seeded = runtime.generator(1, "inputs")
    sides = {"hidden_states": (2, 16, 64), "pooled_projections": (2, 32), "encoder_hidden_states": (2, 8, 32)}
    inputs = {name: torch.randn(shape, generator=seeded).to(dtype) for name, shape in sides.items()}
    inputs["timestep"] = torch.full((2,), 0.5, dtype=dtype)
    inputs["txt_ids"] = torch.zeros(8, 3)
    inputs["img_ids"] = torch.cartesian_prod(torch.zeros(1), torch.arange(4.0), torch.arange(4.0))
    there = {name: value.to(runtime.device()) for name, value in inputs.items()}
    found: Tensor = model(**there, return_dict=False)[0]
    return found


def with_adapter(model: FluxTransformer2DModel) -> FluxTransformer2DModel:
    model.add_adapter(LoraConfig(r=4, lora_alpha=8, target_modules=["attn.to_q", "ff.net.2", "proj_mlp", "proj_out"]))
    cast_training_params(model, torch.float32)
    seeded = runtime.generator(1, "adapter")
    for weight in model.parameters():
        if weight.requires_grad:
            weight.data = torch.randn(weight.shape, generator=seeded) * 0.05
    return model.to(runtime.device())


def learned(kind: Precision, *, checkpointing: bool) -> tuple[Tensor, Tensor]:
    """Output, and all gradients in one line."""
    model = with_adapter(precision.prepare(tiny(), kind))
    if checkpointing:
        model.enable_gradient_checkpointing()
        model.train()
    with runtime.settled(threads=1, seed=1):
        found = output(model, kind)
        torch.autograd.backward(found.float().square().mean())
    grown = {name for name, weight in model.named_parameters() if weight.grad is not None}
    assert grown == {name for name, _ in model.named_parameters() if "lora" in name}
    return found.detach().float(), torch.cat(
        [w.grad.float().flatten() for w in model.parameters() if w.grad is not None]
    )


def apart(one: Tensor, other: Tensor) -> float:
    return float((one - other).norm() / other.norm())


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize("kind", POSSIBLE)
def test_every_precision_draws_and_learns_nearly_as_float32_does(kind: Precision, checkpointing: bool) -> None:
    expected = learned("float32", checkpointing=False)
    found = learned(kind, checkpointing=checkpointing)
    assert [apart(*pair) <= NEAR[kind] for pair in zip(found, expected, strict=True)] == [True, True]


@pytest.mark.parametrize(("kind", "bytes_each"), [("float32", 4), ("bfloat16", 2), ("fp8", 1), ("int8", 1)])
def test_the_weights_take_as_many_bytes_as_they_should(kind: Precision, bytes_each: int) -> None:
    weight = precision.prepare(tiny(), kind).transformer_blocks[0].attn.to_q.weight
    held = getattr(weight, "qdata", weight)
    assert held.element_size() == bytes_each


def test_fp8_weights_stay_small_after_use() -> None:
    model = precision.prepare(tiny(), "fp8").to(runtime.device())
    with torch.no_grad():
        output(model, "fp8")
    assert model.transformer_blocks[0].attn.to_q.weight.dtype == torch.float8_e4m3fn


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_nf4_without_a_gpu_says_what_is_accepted() -> None:
    with pytest.raises(precision.PrecisionError, match="nf4 needs a CUDA GPU.*int8 are accepted"):
        precision.prepare(tiny(), "nf4")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="bitsandbytes' 4-bit weights need CUDA")
def test_nf4_weights_take_half_a_byte_each() -> None:
    weight = precision.prepare(tiny(), "nf4").transformer_blocks[0].attn.to_k.weight
    assert weight.numel() * weight.element_size() == 64 * 64 / 2


@pytest.mark.parametrize("kind", ["bfloat16", "fp8", "int8"])
def test_an_adapter_is_never_held_in_8_bits(kind: Precision) -> None:
    model = precision.prepare(tiny(), kind).to(runtime.device())
    model.add_adapter(LoraConfig(r=4, lora_alpha=8, target_modules=["attn.to_q", "ff.net.2", "proj_mlp", "proj_out"]))
    with torch.no_grad():
        output(model, kind)
    types = {weight.dtype for name, weight in model.named_parameters() if "lora" in name}
    assert types <= {torch.bfloat16, torch.float32}
    assert len(types) == 1
