from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from diffusers import FluxPipeline
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict

from tasks.base import images, runtime
from tasks.errors import InputError
from tasks.params.synthesis import SynthesisGenerate
from tasks.synthesis import base as bases
from tasks.synthesis import generation, lora, memory
from tests.synthesis.tiny import tiny_base

SETTINGS = SynthesisGenerate(
    threads=1, side=32, steps=4, guidance=1, together=4, precision="float32", adapter_scale=1, tiling=False
)
WORDS = "[CLP] A girl's whole face with an unrepaired unilateral cleft lip. Light skin. {} eyes."


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def adapter(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random numbers, at a scale (alpha 32, rank 16) that only the file's header tells."""
    transformer = bases.transformer(bases.open_base(base.parent), precision="float32")
    config = LoraConfig(r=16, lora_alpha=32, target_modules=["attn.to_q", "attn.to_v", "proj_mlp", "proj_out"])
    transformer.add_adapter(config)
    seeded = runtime.generator(1, "adapter")
    for name, weight in transformer.named_parameters():
        if "lora" in name:
            weight.data = torch.randn(weight.shape, generator=seeded) * 0.2
    folder = tmp_path_factory.mktemp("adapter")
    FluxPipeline.save_lora_weights(
        folder, transformer_lora_layers=get_peft_model_state_dict(transformer),
        transformer_lora_adapter_metadata=config.to_dict(),
    )  # fmt: skip
    return folder / "pytorch_lora_weights.safetensors"


def prompts(count: int = 5) -> pa.Table:
    eyes = ["Brown", "Green", "Blue", "Hazel", "Grey"][:count]
    rows = [{"image_id": f"{n}", "condition": "pre", "number": n, "seed": 7 + n} for n in range(count)]
    return pa.Table.from_pylist([row | {"prompt": WORDS.format(eye)} for row, eye in zip(rows, eyes, strict=True)])


def generated(asked: pa.Table, base: Path, adapter: Path | None, **changes: Any) -> list[dict[str, Any]]:
    settings = SETTINGS.model_copy(update=changes)
    rows: list[dict[str, Any]] = generation.generate_pictures(
        asked, base=base, adapter=adapter, settings=settings
    ).to_pylist()
    return rows


def pictures(rows: list[dict[str, Any]]) -> np.ndarray:
    return np.stack([images.decode_png(row["picture"]) for row in rows]).astype(int)


def test_a_picture_is_the_one_that_plain_diffusers_draws(base: Path, adapter: Path) -> None:
    rows = prompts(3).to_pylist()
    opened = bases.open_base(base.parent)
    pipeline = FluxPipeline.from_pretrained(opened.folder, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.load_lora_weights(str(adapter.parent))
    with runtime.settled(threads=1, seed=0):
        plain = [
            pipeline(
                row["prompt"], height=32, width=32, num_inference_steps=4, guidance_scale=1,
                max_sequence_length=bases.text_length(opened),
                generator=torch.Generator("cpu").manual_seed(row["seed"]),
            ).images[0]
            for row in rows
        ]  # fmt: skip
    ours, bare = pictures(generated(prompts(3), base, adapter)), pictures(generated(prompts(3), base, None))
    assert np.abs(ours - np.stack([np.asarray(picture) for picture in plain])).max() <= 1
    assert np.abs(ours - bare).mean() > 2  # the adapter is there


def test_a_picture_does_not_depend_on_who_is_drawn_with_it(base: Path, adapter: Path) -> None:
    all_of_them = generated(prompts(5), base, adapter)
    assert all_of_them[3:] == generated(prompts(5).slice(3), base, adapter)
    alone = generated(prompts(5), base, adapter, together=1)
    assert np.abs(pictures(all_of_them) - pictures(alone)).max() <= 1


def test_its_own_seed_and_prompt_make_a_picture(base: Path) -> None:
    asked = prompts(2)
    same = asked.set_column(3, "seed", pa.array([7, 7])).set_column(4, "prompt", pa.array([WORDS, WORDS]))
    first, second = pictures(generated(same, base, None))
    assert np.array_equal(first, second)
    other_seed = pictures(generated(same.set_column(3, "seed", pa.array([8, 8])), base, None))
    assert np.abs(other_seed[0] - first).mean() > 2


def test_the_adapters_scale_is_heeded(base: Path, adapter: Path) -> None:
    bare = pictures(generated(prompts(2), base, None))
    off, half, full = (pictures(generated(prompts(2), base, adapter, adapter_scale=scale)) for scale in (0.0, 0.5, 1.0))
    assert np.abs(off - bare).max() <= 1
    assert 0 < np.abs(half - bare).mean() < np.abs(full - bare).mean()


@pytest.mark.parametrize("kind", ["bfloat16", "fp8", "int8"])
def test_smaller_weights_draw_nearly_the_same(kind: str, base: Path, adapter: Path) -> None:
    expected, bare = (pictures(generated(prompts(2), base, one)) for one in (adapter, None))
    found = pictures(generated(prompts(2), base, adapter, precision=kind))
    assert np.abs(found - expected).mean() < min(6, np.abs(bare - expected).mean() / 2)


def test_base_and_adapter_are_opened_once(base: Path, adapter: Path) -> None:
    first = generation.pipeline_at(base, adapter, SETTINGS)
    assert generation.pipeline_at(base, adapter, SETTINGS) is first
    adapter.touch()
    assert generation.pipeline_at(base, adapter, SETTINGS) is not first


def test_words_beyond_the_encoders_lengths_are_counted(base: Path) -> None:
    asked = prompts(1)
    long = asked.set_column(4, "prompt", pa.array([WORDS + " brown eyes" * 100]))
    assert [(row["clip_over"], row["t5_over"]) for row in generated(asked, base, None)] == [(0, 0)]
    (row,) = generated(long, base, None)
    assert row["clip_over"] > 100
    assert row["t5_over"] > 100
    assert row["picture"] is not None


def test_numbers_that_are_not_finite_are_a_reason(base: Path) -> None:
    transformer = generation.pipeline_at(base, None, SETTINGS).transformer
    bias = transformer.proj_out.bias
    kept = bias.clone()
    try:
        bias.data.fill_(float("nan"))
        (row,) = generated(prompts(1), base, None)
    finally:
        bias.data.copy_(kept)
    assert (row["picture"], row["reason"]) == (None, "the networks' numbers are not finite")


def test_no_prompts_are_no_pictures(base: Path) -> None:
    assert generated(prompts(1).slice(1), base, None) == []


def test_what_is_no_adapter_of_this_base_is_named(base: Path, adapter: Path, tmp_path: Path) -> None:
    words = tmp_path / "words.safetensors"
    words.write_text("no weights")
    with pytest.raises(lora.LoraError, match=r"words\.safetensors: not an adapter"):
        generated(prompts(1), base, words)
    with pytest.raises(lora.LoraError, match=r"gone\.safetensors: not an adapter"):
        generated(prompts(1), base, tmp_path / "gone.safetensors")


def test_a_side_that_is_no_multiple_of_16_is_refused(base: Path) -> None:
    with pytest.raises(InputError, match="side 40 is no multiple of 16"):
        generated(prompts(1), base, None, side=40)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_nf4_without_a_gpu_is_refused_before_anything_is_opened(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nf4 needs a CUDA GPU"):
        generated(prompts(1), tmp_path / "base.json", None, precision="nf4")


def test_a_card_that_is_too_small_is_known_by_the_bases_configuration(base: Path) -> None:
    config = generation.config_of_base(bases.open_base(base.parent))
    transformer = bases.transformer(bases.open_base(base.parent), precision="float32")
    assert memory.network(config).numbers == sum(weight.numel() for weight in transformer.parameters())
    with pytest.raises(
        InputError, match=r"drawing 4 pictures of 32 px together in float32 needs about 1\.0 GB and the"
    ):
        memory.require_room_to_draw(10**8, settings=SETTINGS, config=config, text=48)
    memory.require_room_to_draw(2 * 10**9, settings=SETTINGS, config=config, text=48)
