"""Base models: what is recorded, what is refused, and that the recorded files are the ones opened."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from tasks.synthesis import base
from tasks.synthesis.base import MANIFEST, BaseError, open_base, register, use_registered
from tests.synthesis.tiny import tiny_base


@pytest.fixture(scope="module")
def flux(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A FLUX folder, here the stand-in's."""
    return tiny_base(tmp_path_factory.mktemp("flux")).parent


@pytest.fixture
def copy(flux: Path, tmp_path: Path) -> Path:
    return shutil.copytree(flux, tmp_path / "flux")


def test_every_part_opens_frozen_and_as_asked(flux: Path) -> None:
    found = open_base(flux)
    networks = [base.vae(found, dtype=torch.float32), base.transformer(found, precision="bfloat16")]
    texts = base.text_encoders(found, dtype=torch.float32)
    networks += [texts.clip, texts.t5]
    assert [type(one).__name__ for one in networks] == [
        "AutoencoderKL", "FluxTransformer2DModel", "CLIPTextModel", "T5EncoderModel",
    ]  # fmt: skip
    assert not any(weight.requires_grad for one in networks for weight in one.parameters())
    assert {weight.dtype for weight in networks[1].parameters()} == {torch.bfloat16}
    assert base.scheduler(found).config.shift == 1.0
    assert base.text_length(found) == 48


def test_a_registered_base_is_used_after_its_files_were_compared(copy: Path, tmp_path: Path) -> None:
    made = register(copy, "flux.1-tiny", registry=tmp_path / "weights", accept=True)
    assert set(made.files) == set(json.loads((copy / MANIFEST).read_text())["files"])
    used = use_registered("flux.1-tiny", registry=tmp_path / "weights", out=tmp_path / "out" / MANIFEST)
    assert used == made
    assert used.accepted
    assert open_base(tmp_path / "out").folder == copy
    assert base.text_length(open_base(tmp_path / "out")) == 256


def test_a_licence_that_was_not_accepted_is_shown(copy: Path, tmp_path: Path) -> None:
    with pytest.raises(BaseError, match=r"(?s)--accept.*Apache-2.0"):
        register(copy, "tiny", registry=tmp_path, accept=False)
    assert not (tmp_path / "bases").exists()


def test_an_unknown_base_lists_those_there_are(copy: Path, tmp_path: Path) -> None:
    with pytest.raises(BaseError, match="there are: none"):
        use_registered("schnell", registry=tmp_path, out=tmp_path / MANIFEST)
    register(copy, "tiny", registry=tmp_path, accept=True)
    with pytest.raises(BaseError, match="there are: tiny"):
        use_registered("schnell", registry=tmp_path, out=tmp_path / MANIFEST)
    with pytest.raises(BaseError, match="names no base"):
        register(copy, "../tiny", registry=tmp_path, accept=True)


def test_a_changed_file_is_not_opened(copy: Path, tmp_path: Path) -> None:
    register(copy, "tiny", registry=tmp_path, accept=True)
    path = copy / "vae/diffusion_pytorch_model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(BaseError, match=r"vae/diffusion_pytorch_model.safetensors: sha256 .* recorded was"):
        use_registered("tiny", registry=tmp_path, out=tmp_path / "out" / MANIFEST)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("content", "said"), [(None, "missing"), (b"short", "5 bytes, recorded were")])
def test_a_missing_or_cut_file_is_named(copy: Path, content: bytes | None, said: str) -> None:
    path = copy / "tokenizer_2/tokenizer.json"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(BaseError, match=f"tokenizer_2/tokenizer.json: {said}"):
        open_base(copy)


def test_no_record_and_a_broken_one_are_told(copy: Path) -> None:
    (copy / MANIFEST).write_text("{}")
    with pytest.raises(BaseError, match="no record of a base"):
        open_base(copy)
    (copy / MANIFEST).unlink()
    with pytest.raises(BaseError, match="the stage synthesis_base writes it"):
        open_base(copy)


def change(path: Any, **values: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda at: (at / "model_index.json").unlink(), "model_index.json: cannot be read"),
        (lambda at: (at / "model_index.json").write_text("{"), "not JSON"),
        (lambda at: change(at / "model_index.json", _class_name="StableDiffusionPipeline"), "FluxPipeline is accepted"),
        (lambda at: change(at / "model_index.json", vae=["my.code", "Codec"]), "vae is 'Codec'; AutoencoderKL"),
        (lambda at: change(at / "transformer/config.json", guidance_embeds=True), "FLUX.1-schnell"),
        (lambda at: shutil.rmtree(at / "vae"), "vae: no files that can be used"),
    ],
)
def test_a_folder_that_is_no_flux_is_refused(copy: Path, tmp_path: Path, spoil: Any, said: str) -> None:
    spoil(copy)
    with pytest.raises(BaseError, match=said):
        register(copy, "tiny", registry=tmp_path, accept=True)


def test_pickles_are_never_opened(copy: Path, tmp_path: Path) -> None:
    class Planted:
        def __reduce__(self) -> Any:
            return open, (str(tmp_path / "it ran"), "w")

    torch.save(Planted(), copy / "vae/diffusion_pytorch_model.bin")
    made = register(copy, "tiny", registry=tmp_path, accept=True)
    assert not any(name.endswith(".bin") for name in made.files)
    (copy / "vae/diffusion_pytorch_model.safetensors").unlink()
    with pytest.raises(BaseError, match=r"diffusion_pytorch_model.bin can run code and is not opened"):
        register(copy, "tiny", registry=tmp_path, accept=True)
    found = base.Base(copy, made)
    with pytest.raises(BaseError, match="cannot be opened as AutoencoderKL"):
        base.vae(found, dtype=torch.float32)
    assert not (tmp_path / "it ran").exists()


def test_a_missing_shard_is_named(copy: Path, tmp_path: Path) -> None:
    weights = {"a": "diffusion_pytorch_model.safetensors", "b": "diffusion_pytorch_model-00002-of-00002.safetensors"}
    index = copy / "transformer/diffusion_pytorch_model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": weights}))
    with pytest.raises(BaseError, match=r"00002-of-00002.safetensors: missing"):
        register(copy, "tiny", registry=tmp_path, accept=True)
