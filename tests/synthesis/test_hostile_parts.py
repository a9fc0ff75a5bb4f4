"""Adapters and FLUX folders made to harm whoever opens them: refused by name before a library reads them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import Tensor

from tasks.synthesis import base as bases
from tasks.synthesis import lora
from tests.hostile import opened

LAYER = "transformer.transformer_blocks.0.attn.to_q"
EVIL = "(([a-z_.0-9])+)+!"


def pair(rank: int = 2, width: int = 32) -> dict[str, Tensor]:
    return {f"{LAYER}.lora_A.weight": torch.ones(rank, width), f"{LAYER}.lora_B.weight": torch.ones(width, rank)}


def adapter(state: dict[str, Tensor], **header: Any) -> bytes:
    told = {f"transformer.{key}": value for key, value in header.items()}
    return safetensors.torch.save(state, {lora.HEADER: json.dumps(told)} if told else None)


HOSTILE: dict[str, Callable[[], bytes]] = {
    "a layer that is a pattern": lambda: adapter({name.replace("to_q", EVIL): one for name, one in pair().items()}),
    "an alpha of a pattern": lambda: adapter(pair(), lora_alpha=2, alpha_pattern={EVIL: 1}),
    "an alpha that is none": lambda: adapter(pair(), lora_alpha=float("nan")),
    "an alpha of text": lambda: adapter(pair(), lora_alpha="2"),
    "matrices of no numbers": lambda: adapter({name: one * float("nan") for name, one in pair().items()}),
    "a rank of a million": lambda: adapter({f"{LAYER}.lora_B.weight": torch.ones(1, 1_000_000)}),
    "a rank of a million, beside another": lambda: adapter(
        {f"{LAYER}.lora_A.weight": torch.ones(2, 32), f"{LAYER}.lora_B.weight": torch.ones(1, 1_000_000)}
    ),
    "DoRA": lambda: adapter(pair(), r=2, use_dora=True),
    "a header that is none": lambda: safetensors.torch.save(pair(), {lora.HEADER: "[" * 99_999}),
    "nothing": lambda: safetensors.torch.save({}),
}
HARMLESS: dict[str, Callable[[], bytes]] = {
    "a rank of a billion in the header": lambda: adapter(pair(), r=10**9, lora_alpha=2),
    "targets that are a pattern": lambda: adapter(pair(), r=2, lora_alpha=2, target_modules=EVIL),
    "a module to import": lambda: adapter(pair(), r=2, lora_alpha=2, megatron_core="sprung", megatron_config={"a": 1}),
}
"""What the header says of these is not taken: ranks and layers are those of the matrices."""


@pytest.fixture
def network(base: Path) -> Any:
    return bases.transformer(bases.open_base(base.parent), precision="float32")


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_adapter_is_refused_by_name(network: Any, tmp_path: Path, what: str) -> None:
    (tmp_path / "bad.safetensors").write_bytes(HOSTILE[what]())
    with pytest.raises(lora.LoraError, match=r"bad\.safetensors") as error:
        lora.load(network, tmp_path / "bad.safetensors", name="read")
    assert str(error.value).isprintable()
    assert not any("lora" in name for name, _ in network.named_parameters())


@pytest.mark.parametrize("what", HARMLESS)
def test_what_a_header_says_of_ranks_and_modules_is_not_taken(network: Any, tmp_path: Path, what: str) -> None:
    (tmp_path / "odd.safetensors").write_bytes(HARMLESS[what]())
    lora.load(network, tmp_path / "odd.safetensors", name="read")
    added = {name: value.shape for name, value in network.named_parameters() if ".lora_" in name}
    assert {tuple(shape) for shape in added.values()} == {(2, 32), (32, 2)}


def test_alphas_of_a_header_are_taken(network: Any, tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(adapter(pair(), r=2, lora_alpha=6))
    lora.load(network, tmp_path / "a.safetensors", name="read")
    assert {one.scaling["read"] for one in network.modules() if "read" in getattr(one, "scaling", {})} == {3.0}


def edited(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    told = json.loads(path.read_text())
    changed = change(told)
    path.write_text(json.dumps(told if changed is None else changed))


def deep(told: dict[str, Any]) -> None:
    inner: list[Any] = []
    for _ in range(100):
        inner = [inner]
    told["more"] = inner


def pattern(told: dict[str, Any]) -> None:
    told["normalizer"] = {"type": "Replace", "pattern": {"Regex": "(a+)+$"}, "content": " "}


def listed(told: dict[str, Any]) -> None:
    told["normalizer"] = {"type": "Replace", "pattern": {"Regex": []}, "content": " "}


PARTS: dict[str, tuple[str, Callable[[dict[str, Any]], Any], str]] = {
    "ten million layers": (
        "transformer/config.json",
        lambda t: t.update(num_layers=10_000_000),
        "num_layers is 10000000",
    ),
    "ten million of T5's": (
        "text_encoder_2/config.json",
        lambda t: t.update(num_layers=10**7),
        "num_layers is 10000000",
    ),
    "a width of 2^40": ("text_encoder/config.json", lambda t: t.update(hidden_size=1 << 40), "hidden_size is"),
    "a width that is not there": ("transformer/config.json", lambda t: t.update(joint_attention_dim=1 << 19), "hold"),
    "a vocabulary that is not there": ("text_encoder/config.json", lambda t: t.update(vocab_size=900_000), "hold"),
    "layers that are not there": ("text_encoder_2/config.json", lambda t: t.update(num_layers=200), "hold"),
    "text for a width": ("transformer/config.json", lambda t: t.update(attention_head_dim="32"), "describes no Flux"),
    "a list": ("vae/config.json", lambda _: [1], "not a JSON object"),
    "deep": ("vae/config.json", deep, "levels within each other"),
    "no number": ("vae/config.json", lambda t: t.update(scaling_factor=float("inf")), "scaling_factor is inf"),
    "other code": ("text_encoder/config.json", lambda t: t.update(auto_map={"AutoModel": "a.b"}), "auto_map is given"),
    "a quantised network": (
        "transformer/config.json",
        lambda t: t.update(quantization_config={}),
        "quantization_config",
    ),
    "a pattern for ever": ("tokenizer/tokenizer.json", pattern, "is not one of CLIP's or T5's"),
    "a pattern that is a list": ("tokenizer/tokenizer.json", listed, "is not one of CLIP's or T5's"),
    "a billion words more": (
        "tokenizer_2/tokenizer_config.json",
        lambda t: t.update(extra_ids=10**9),
        "extra_ids is 1000000000; 0 to 1,000 is accepted",
    ),
    "a length that is text": (
        "tokenizer/tokenizer_config.json",
        lambda t: t.update(model_max_length="7"),
        "no tokeniser that can be used",
    ),
    "a word that its encoder has not": (
        "tokenizer/tokenizer_config.json",
        lambda t: t.update(bos_token="../../x"),
        "and its encoder has",
    ),
    "weights that are drawn": (
        "text_encoder_2/config.json",
        lambda t: t.update(is_gated_act=False),
        "the weights are not of the network that config.json describes",
    ),
    "weights that nothing uses": (
        "transformer/config.json",
        lambda t: t.update(num_single_layers=t["num_single_layers"] - 1),
        "it has no use for",
    ),
    "weights of another size": (
        "text_encoder/config.json",
        lambda t: t.update(max_position_embeddings=3),
        "cannot be opened as CLIPTextModel",
    ),
    "no tokeniser": ("tokenizer_2/tokenizer.json", lambda t: t.update(model={"type": "Nothing"}), "tokenizer_2"),
    "a tokeniser of numbers": ("tokenizer/tokenizer.json", lambda t: t.update(model=7), "tokenizer"),
}


def open_all(folder: Path) -> None:
    base = bases.open_base(folder)
    bases.text_encoders(base, dtype=torch.float32)
    bases.transformer(base, precision="float32")
    bases.vae(base, dtype=torch.float32)


def as_recorded(folder: Path) -> None:
    """Sizes as they are now: contents are to be looked at whatever is recorded."""
    edited(
        folder / "base.json",
        lambda t: t["files"].update({n: f | {"size": (folder / n).stat().st_size} for n, f in t["files"].items()}),
    )


@pytest.mark.parametrize("what", PARTS)
def test_a_hostile_part_is_refused_by_name(base: Path, tmp_path: Path, what: str) -> None:
    folder = shutil.copytree(base.parent, tmp_path / "base")
    name, change, told = PARTS[what]
    edited(folder / name, change)
    as_recorded(folder)
    with pytest.raises(bases.BaseError) as error:
        open_all(folder)
    assert told in str(error.value)
    assert Path(name).parent.name in str(error.value)


@pytest.mark.parametrize("shard", ["../../elsewhere.safetensors", "/etc/passwd", "a\nb.safetensors", 7, "model.bin"])
def test_a_list_of_shards_that_leads_elsewhere_is_refused(base: Path, tmp_path: Path, shard: Any) -> None:
    folder = shutil.copytree(base.parent, tmp_path / "base")
    index = folder / "transformer/diffusion_pytorch_model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": shard}}))
    with pytest.raises(bases.BaseError, match=r"index\.json.*is no safetensors file of this folder"):
        open_all(folder)


def test_other_weights_in_place_of_a_part_are_refused(base: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(base.parent, tmp_path / "base")
    (folder / "text_encoder/adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "/elsewhere"}))
    with pytest.raises(bases.BaseError, match=r"adapter_config\.json: would have other weights opened"):
        open_all(folder)


def test_a_folder_is_looked_at_before_it_is_registered(base: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(base.parent, tmp_path / "base")
    edited(folder / "tokenizer/tokenizer.json", pattern)
    with pytest.raises(bases.BaseError, match="is not one of CLIP's or T5's"):
        bases.register(folder, "mine", registry=tmp_path, accept=True)
    assert not (tmp_path / "bases").exists()


@pytest.mark.parametrize(("name", "refused"), [("text_model.embeddings.position_ids", False), ("another.weight", True)])
@pytest.mark.parametrize("part", ["text_encoder/model.safetensors", "vae/diffusion_pytorch_model.safetensors"])
def test_a_weight_too_many_is_named(base: Path, tmp_path: Path, part: str, name: str, refused: bool) -> None:
    folder = shutil.copytree(base.parent, tmp_path / "base")
    held = safetensors.torch.load_file(folder / part)
    safetensors.torch.save_file(held | {name: torch.arange(7.0)[None]}, folder / part, metadata={"format": "pt"})
    as_recorded(folder)
    if not refused:
        open_all(folder)
        return
    with pytest.raises(bases.BaseError, match=r"no use for 1 of them, first another\.weight"):
        open_all(folder)


def test_a_base_as_it_should_be_opens(base: Path) -> None:
    open_all(base.parent)


@pytest.mark.long
def test_hostile_adapters_and_folders_cost_little(base: Path, tmp_path: Path) -> None:
    """In a process whose memory is limited."""
    (tmp_path / "files").mkdir()
    for what, make in {**HOSTILE, **HARMLESS}.items():
        (tmp_path / f"files/adapter-{what}").write_bytes(make())
    shutil.copytree(base.parent, tmp_path / "base")
    for what, (name, change, _) in PARTS.items():
        folder = shutil.copytree(base.parent, tmp_path / f"files/folder-{what}")
        edited(folder / name, change)
        as_recorded(folder)
    found = opened(tmp_path)
    assert len(found) == len(HOSTILE) + len(HARMLESS) + len(PARTS)
    assert not {name: flaw for name, one in found.items() if (flaw := one.flaw())}
    assert {name for name, one in found.items() if one.outcome == "opened"} == {f"adapter-{what}" for what in HARMLESS}
    assert {path.name for path in tmp_path.iterdir()} == {"files", "base"}
