from typing import Any

import pytest
import torch
from diffusers import FluxTransformer2DModel
from diffusers.training_utils import cast_training_params
from peft import LoraConfig
from torch import Tensor

from tasks import params
from tasks.base import runtime
from tasks.params.synthesis import Precision, SynthesisTrain
from tasks.synthesis import memory, precision

WIDTH = 128
ATTENTION = ("attn.to_q", "attn.to_k", "attn.to_v", "attn.to_out.0", "attn.add_q_proj", "attn.add_k_proj")
REST = ("attn.add_v_proj", "attn.to_add_out", "ff.net.0.proj", "ff.net.2", "ff_context.net.0.proj", "ff_context.net.2")
USUAL = (*ATTENTION, *REST)


def settings(**changes: Any) -> SynthesisTrain:
    published = {"batch_size": 1, "rank": 16, "precision": "bfloat16", "gradient_checkpointing": True}
    return params.load(SynthesisTrain, "synthesis_train").model_copy(update=published | changes)


def config(doubles: int = 1, singles: int = 1) -> dict[str, Any]:
    return dict(memory.SCHNELL) | {
        "num_layers": doubles, "num_single_layers": singles, "attention_head_dim": 32,
        "num_attention_heads": WIDTH // 32, "joint_attention_dim": 64, "pooled_projection_dim": 32,
        "axes_dims_rope": (8, 12, 12),
    }  # fmt: skip


def model(kind: Precision, doubles: int = 1, singles: int = 1) -> FluxTransformer2DModel:
    with runtime.settled(threads=1, seed=1):
        made = FluxTransformer2DModel(**config(doubles, singles)).requires_grad_(requires_grad=False)
    return precision.prepare(made, kind)


def held(weight: Tensor) -> int:
    parts = [getattr(weight, name) for name in ("qdata", "scale", "zero_point") if hasattr(weight, name)] or [weight]
    return sum(part.nbytes for part in parts)


def test_schnell_is_counted_exactly() -> None:
    assert memory.network(memory.SCHNELL).numbers == 11_891_178_560
    assert len(memory.network(memory.SCHNELL).linear) == 502


def test_the_usual_adapter_has_the_known_size() -> None:
    sizes = memory.adapter_sizes(memory.network(memory.SCHNELL), settings(targets=USUAL))
    assert len(sizes) == 2 * 342
    assert round(sum(sizes) / 1e6, 1) == 44.8


@pytest.mark.parametrize("kind", ["float32", "bfloat16", "fp8", "int8"])
def test_the_base_takes_the_bytes_that_were_computed(kind: Precision) -> None:
    taken = sum(held(weight) for weight in model(kind).parameters())
    assert taken == pytest.approx(memory.base_bytes(memory.network(config()), kind), rel=0.002)


@pytest.mark.parametrize("kind", ["float32", "bfloat16", "fp8", "int8"])
def test_autograd_keeps_a_block_as_many_bytes_as_were_computed(kind: Precision) -> None:
    of = memory.network(config(1, 1))
    for doubles, singles in ((2, 1), (1, 2)):
        more, less = kept(kind, doubles, singles), kept(kind, 1, 1)
        computed = [
            memory.kept_bytes(
                memory.network(config(*blocks)), tokens=96 + 32, batch=1, precision=kind, checkpointing=False
            )
            for blocks in ((doubles, singles), (1, 1))
        ]
        assert more - less == pytest.approx(computed[0] - computed[1], rel=0.08), (doubles, singles)
    assert of.blocks == 2


def kept(kind: Precision, doubles: int, singles: int) -> int:
    """Bytes of the storages that the backward pass of a forward pass would need, weights as they lie there aside."""
    network = model(kind, doubles, singles)
    targets = [*USUAL, "proj_mlp", "proj_out"]
    network.add_adapter(LoraConfig(r=4, lora_alpha=8, target_modules=targets))
    cast_training_params(network, torch.float32)
    weights = [part.data for weight in network.parameters() for part in plain(weight)]  # held: no address comes twice
    own = {part.untyped_storage().data_ptr() for part in weights}
    found: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        if not hasattr(tensor, "qdata") and tensor.untyped_storage().data_ptr() not in own:
            found[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    dtype = precision.compute_dtype(kind)
    inputs = {"hidden_states": (1, 96, 64), "pooled_projections": (1, 32), "encoder_hidden_states": (1, 32, 64)}
    with runtime.settled(threads=1, seed=1), torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        network(
            **{name: torch.zeros(shape, dtype=dtype) for name, shape in inputs.items()}, return_dict=False,
            timestep=torch.zeros(1, dtype=dtype), txt_ids=torch.zeros(32, 3), img_ids=torch.zeros(96, 3),
        )  # fmt: skip
    return sum(tensor.untyped_storage().nbytes() for tensor in found.values())


def plain(weight: Tensor) -> list[Tensor]:
    return [] if hasattr(weight, "qdata") else [weight]


def test_optimiser_states_take_what_they_should() -> None:
    of, targets = memory.network(memory.SCHNELL), ("proj_mlp",)
    numbers = sum(memory.adapter_sizes(of, settings(targets=targets)))
    whole = memory.adapter_bytes(of, settings(targets=targets, optimiser="adamw"))
    small = memory.adapter_bytes(of, settings(targets=targets, optimiser="adamw8bit"))
    assert whole == 16 * numbers
    assert small == pytest.approx((8 + 2 + 8 / 256) * numbers, rel=1e-6)
    assert memory.adapter_bytes(of, settings(targets=targets, optimiser="adamw8bit", smallest_8bit=10**9)) == whole


@pytest.mark.parametrize(("kind", "measured"), [("bfloat16", 29), ("fp8", 17), ("int8", 17), ("nf4", 12)])
def test_training_at_1024_px_takes_about_what_others_measured(kind: Precision, measured: float) -> None:
    of = memory.network(memory.SCHNELL)
    needed = memory.training_bytes(
        of, settings=settings(targets=USUAL), side=1024, text=256, precision=kind, checkpointing=True
    )
    if kind == "fp8":  # theirs had the modulation layers in 8 bits too
        needed -= sum(i * o for name, (i, o) in of.linear.items() if "norm" in name)
    assert needed / 1e9 == pytest.approx(measured, rel=0.15)


def test_the_table_says_what_fits_which_card() -> None:
    frame = memory.what_fits(settings())
    largest = frame[(frame["side"] == 1024) & (frame["work"] == "train, checkpointing")].set_index("precision")
    assert largest["24 GB"].to_dict() == {"bfloat16": False, "fp8": True, "int8": True, "nf4": True}
    assert largest["40 GB"].all()
    lines = memory.render(frame).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert lines[2].startswith("| train, checkpointing | bfloat16 | ")
    assert lines[2].endswith(" | 40, 80 |")


def test_a_small_card_is_refused_with_what_would_fit() -> None:
    with pytest.raises(
        memory.RoomError, match=r"1024 px in bfloat16 needs about 2\d\.\d GB.*24\.0; what fits: .*int8 with"
    ):
        memory.require_room(24 * 10**9, settings=settings())
    with pytest.raises(memory.RoomError, match="nothing at this side"):
        memory.require_room(4 * 10**9, settings=settings())
    memory.require_room(24 * 10**9, settings=settings(precision="nf4"))
    memory.require_room(40 * 10**9, settings=settings())
