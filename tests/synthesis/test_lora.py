"""The adapter's file: whoever reads it has the strength that was trained."""

import json
from pathlib import Path
from typing import Any

import pytest
import safetensors
import safetensors.torch
import torch
from diffusers import FluxPipeline

from tasks.base import runtime
from tasks.synthesis import base as bases
from tasks.synthesis import lora
from tasks.synthesis.adapter.examples import batch_at
from tasks.synthesis.adapter.matching import velocity
from tests.synthesis.small_adapter import SETTINGS, small_examples, small_training

TARGETS = ["attn.to_q", "proj_mlp"]


@pytest.fixture(scope="module")
def trained(base: Path) -> bytes:
    return small_training(base).weights


@pytest.fixture
def network(base: Path) -> Any:
    return bases.transformer(bases.open_base(base.parent), precision="float32")


def said(network: Any) -> torch.Tensor:
    """What the transformer makes of one batch, on the device."""
    network.to(runtime.device())
    batch = batch_at(0, small_examples(), SETTINGS)
    noisy = batch.latents.reshape(len(batch.latents), 4, 8, 8)
    with torch.no_grad():
        return velocity(network, noisy, torch.full((len(noisy),), 0.5), batch, dtype=torch.float32).cpu()


def scalings(network: Any, name: str) -> set[float]:
    return {layer.scaling[name] for layer in network.modules() if hasattr(layer, "scaling") and name in layer.scaling}


def test_a_new_adapter_changes_nothing_and_is_all_that_trains(network: Any) -> None:
    before = said(network)
    weights = lora.add(network, rank=4, alpha=8, targets=TARGETS, seed=1)
    assert torch.equal(said(network), before)
    assert {weight.dtype for weight in weights} == {torch.float32}
    assert sum(w.numel() for w in network.parameters() if w.requires_grad) == sum(w.numel() for w in weights)


def test_a_target_without_a_layer_is_told_with_those_that_exist(network: Any) -> None:
    with pytest.raises(lora.LoraError, match=r"targets attn.to_qq: no such layer; there are: .*attn.to_q"):
        lora.add(network, rank=4, alpha=8, targets=["attn.to_qq"], seed=1)


@pytest.mark.parametrize("header", [True, False], ids=["header", "no header"])
def test_diffusers_reads_the_trained_strength_with_and_without_the_header(
    base: Path, network: Any, tmp_path: Path, header: bool
) -> None:
    lora.add(network, rank=4, alpha=8, targets=TARGETS, seed=1)
    with torch.no_grad():
        for weight in lora.trainable(network):
            weight.add_(0.05 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(weight.numel())))
    assert scalings(network, lora.NAME) == {2.0}
    content = lora.save(network, rank=4, alpha=8)
    if not header:
        content = safetensors.torch.save(safetensors.torch.load(content))
    (tmp_path / "adapter.safetensors").write_bytes(content)
    pipeline = FluxPipeline.from_pretrained(base.parent, local_files_only=True, dtype=torch.float32)
    pipeline.load_lora_weights(str(tmp_path), weight_name="adapter.safetensors", adapter_name="read")
    assert scalings(pipeline.transformer, "read") == {1.0}
    plain = bases.transformer(bases.open_base(base.parent), precision="float32")
    assert (said(network) - said(plain)).abs().max() > 1e-2
    assert torch.allclose(said(pipeline.transformer), said(network), atol=1e-5)


def test_the_file_has_one_header_diffusers_names_and_the_same_bytes_each_time(
    trained: bytes, base: Path, tmp_path: Path
) -> None:
    (tmp_path / "a.safetensors").write_bytes(trained)
    with safetensors.safe_open(tmp_path / "a.safetensors", "pt") as file:
        metadata, names = file.metadata(), list(file.keys())
    assert list(metadata) == ["lora_adapter_metadata"]
    told = json.loads(metadata["lora_adapter_metadata"])
    assert told["transformer.r"] == told["transformer.lora_alpha"] == 4
    assert all(name.startswith("transformer.") and ".lora_" in name for name in names)
    assert small_training(base).weights == trained


def test_going_on_from_a_state_is_exact(network: Any, base: Path) -> None:
    lora.add(network, rank=4, alpha=8, targets=TARGETS, seed=1)
    state = lora.state_of(network)
    other = bases.transformer(bases.open_base(base.parent), precision="float32")
    lora.add(other, rank=4, alpha=8, targets=TARGETS, seed=2)
    lora.put_state(other, state)
    assert all(torch.equal(a, b) for a, b in zip(state.values(), lora.state_of(other).values(), strict=True))
    assert len(lora.trainable(other)) == len(state)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"not safetensors", "not an adapter of this base's transformer"),
        (safetensors.torch.save({"x.lora_A.weight": torch.zeros(4, 4)}), "bad.safetensors"),
        (safetensors.torch.save({"transformer.transformer_blocks.0.attn.to_q.lora_A.weight": torch.zeros(4, 7),
                                 "transformer.transformer_blocks.0.attn.to_q.lora_B.weight": torch.zeros(9, 4)}),
         "not an adapter of this base's transformer"),
    ],
    ids=["no safetensors", "no prefix", "other shapes"],
)  # fmt: skip
def test_files_that_are_no_adapter_of_this_base_are_refused(
    network: Any, tmp_path: Path, content: Any, words: str
) -> None:
    (tmp_path / "bad.safetensors").write_bytes(content)
    with pytest.raises(lora.LoraError, match=words):
        lora.load(network, tmp_path / "bad.safetensors", name="read")


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda name: name.removeprefix("transformer."), "no such matrix of this base's transformer"),
        (lambda name: name.replace("blocks.0", "blocks.7"), "no such matrix of this base's transformer"),
        (lambda _: None, "lora_B.weight is missing"),
    ],
    ids=["one without prefix", "one of another block", "one missing"],
)
def test_a_file_of_which_only_a_part_fits_is_refused(
    network: Any, trained: bytes, tmp_path: Path, edit: Any, words: str
) -> None:
    state = safetensors.torch.load(trained)
    name = next(name for name in sorted(state) if ".lora_B." in name)
    weight, renamed = state.pop(name), edit(name)
    (tmp_path / "bad.safetensors").write_bytes(safetensors.torch.save(state | ({renamed: weight} if renamed else {})))
    with pytest.raises(lora.LoraError, match=words):
        lora.load(network, tmp_path / "bad.safetensors", name="read")
