from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from diffusers import AutoencoderKL

from tasks.base import images, runtime
from tasks.params.synthesis import SynthesisCache
from tasks.synthesis import latents
from tasks.synthesis.base import open_base
from tests.synthesis.tiny import tiny_base

SETTINGS = SynthesisCache(sides=(32, 48), most_aspect=2.0, flips=True, tiling=False, threads=1)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_base(tmp_path_factory.mktemp("base"))


@pytest.fixture
def photographs(tmp_path: Path) -> pa.Table:
    """Drawn at random: a square one, a lying one, a small one, a text file; and one that is not there."""
    seeded = np.random.default_rng(1)
    for name, size in {"square": (40, 40), "lying": (50, 90), "small": (20, 20)}.items():
        picture = seeded.integers(0, 256, (*size, 3), dtype=np.uint8)
        (tmp_path / name).write_bytes(images.encode_png(picture))
    (tmp_path / "words").write_text("no picture")
    names = ["square", "lying", "small", "words", "gone"]
    return pa.table({"image_id": names, "path": [str(tmp_path / name) for name in names]})


def captioned(*names: str, **columns: Any) -> pa.Table:
    shared = {"split": ["train"] * len(names), "reason": pa.array([None] * len(names), pa.string())}
    shared["frame"] = pa.array([None] * len(names), pa.list_(pa.float32()))
    return pa.table({"image_id": list(names), **shared | columns})


def cached(photographs: pa.Table, captions: pa.Table, base: Path, **changes: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = latents.cache_latents(
        photographs, captions, base=base, settings=SETTINGS.model_copy(update=changes)
    ).to_pylist()
    return rows


def test_every_photograph_has_two_ways_round_or_a_reason(photographs: pa.Table, base: Path) -> None:
    captions = captioned("square", "lying", "small", "words", "gone")
    rows = cached(photographs, captions, base)
    assert [(row["image_id"], row["flipped"], row["width"], row["height"]) for row in rows[:4]] == [
        ("square", False, 32, 32), ("square", True, 32, 32), ("lying", False, 64, 32), ("lying", True, 64, 32),
    ]  # fmt: skip
    assert [len(row["latent"]) for row in rows[:4]] == [4 * 8 * 8] * 2 + [4 * 8 * 16] * 2
    assert [row["reason"] is None for row in rows] == [True] * 4 + [False] * 3
    assert "too small: 20 x 20" in rows[4]["reason"]
    assert "not a picture" in rows[5]["reason"]
    assert "cannot be read" in rows[6]["reason"]


def test_a_row_does_not_depend_on_the_others(photographs: pa.Table, base: Path) -> None:
    together = cached(photographs, captioned("lying", "square"), base)
    assert together[2:] == cached(photographs, captioned("square"), base)


def test_a_mirrored_entry_is_the_mirrored_pictures(photographs: pa.Table, base: Path) -> None:
    plain, mirrored = cached(photographs, captioned("square"), base)
    assert cached(photographs, captioned("square"), base, flips=False) == [plain]
    assert plain["latent"] != mirrored["latent"]
    path = Path(photographs["path"][0].as_py())
    path.write_bytes(images.encode_png(images.read(path)[:, ::-1]))
    assert cached(photographs, captioned("square"), base, flips=False)[0]["latent"] == mirrored["latent"]


def test_a_framed_photograph_is_learnt_from_its_square_alone(photographs: pa.Table, base: Path) -> None:
    path = Path(photographs["path"][1].as_py())
    frame = pa.array([[20.0, 5.0, 40.0]], pa.list_(pa.float32()))
    framed = cached(photographs, captioned("lying", frame=frame), base, flips=False)
    path.write_bytes(images.encode_png(images.read(path)[5:45, 20:60]))
    assert cached(photographs, captioned("lying"), base, flips=False) == framed
    assert (framed[0]["width"], framed[0]["height"]) == (32, 32)


def test_refused_captions_stay_refused_and_tests_are_not_learnt_from(photographs: pa.Table, base: Path) -> None:
    captions = captioned("square", "lying", reason=["no landmarks", None], split=["train", "test"])
    assert [(row["image_id"], row["reason"]) for row in cached(photographs, captions, base)] == [
        ("square", "no landmarks")
    ]


def test_numbers_that_are_not_finite_are_a_reason(photographs: pa.Table, base: Path) -> None:
    network = latents.vae_of(base, tiling=False)
    bias = network.encoder.conv_out.bias
    kept = bias.clone()
    try:
        bias.fill_(float("nan"))
        rows = cached(photographs, captioned("square"), base)
    finally:
        bias.copy_(kept)
    assert [row["reason"] for row in rows] == ["the VAE makes no finite numbers of it"]


def test_a_latent_is_what_diffusers_makes_and_comes_back(base: Path) -> None:
    network = latents.vae_of(base, tiling=False)
    plain = AutoencoderKL.from_pretrained(open_base(base.parent).folder, subfolder="vae", local_files_only=True)
    plain.eval().to(runtime.device())
    picture = np.random.default_rng(2).integers(0, 256, (32, 48, 3), dtype=np.uint8)
    with runtime.settled(threads=1, seed=0), torch.no_grad():
        latent = latents.encode(network, picture)
        values = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 127.5 - 1
        mode = plain.encode(values.to(runtime.device())).latent_dist.mode()
        expected = (mode - plain.config.shift_factor) * plain.config.scaling_factor
        drawn = latents.decode(network, torch.stack([latent, latent]))
        decoded = plain.decode(mode).sample[0].permute(1, 2, 0).cpu().numpy() * 127.5 + 127.5
    assert torch.equal(latent, expected[0].cpu())
    assert latent.shape == (4, 8, 12)
    assert drawn.shape == (2, 32, 48, 3)
    assert np.array_equal(drawn[0], drawn[1])
    assert np.abs(drawn[0] - decoded.clip(0, 255)).max() <= 0.51


def test_tiles_are_used_where_they_are_asked_for(base: Path) -> None:
    network = latents.vae_of(base, tiling=True)
    picture = np.random.default_rng(3).integers(0, 256, (32, 528, 3), dtype=np.uint8)
    with runtime.settled(threads=1, seed=0):
        tiled, whole = latents.encode(network, picture), latents.encode(latents.vae_of(base, tiling=False), picture)
    assert tiled.shape == whole.shape
    assert not torch.equal(tiled, whole)
    assert torch.equal(tiled[:, :, :60], whole[:, :, :60]) or float((tiled - whole).abs().mean()) < 0.5


def test_the_caches_take_no_more_disk_than_was_said(photographs: pa.Table, base: Path) -> None:
    sizes = latents.layout(open_base(base.parent))
    rows = cached(photographs, captioned("square", "lying"), base)
    numbers = sum(len(row["latent"]) for row in rows) + 2 * (sizes.pooled + sizes.tokens * sizes.token_width)
    needed = latents.disk_needed(2, layout=sizes, settings=SETTINGS)
    assert 2 * 4 * numbers <= needed <= 3 * 2 * 4 * numbers
    published = latents.Layout(channels=16, reduction=8, pooled=768, tokens=256, token_width=4096)
    large = SETTINGS.model_copy(update={"sides": (256, 512, 768, 1024)})
    assert latents.disk_needed(1, layout=published, settings=large) == 2 * 4 * (2 * 16 * 128 * 128 + 768 + 256 * 4096)


def test_a_full_disk_is_told_before_anything_is_computed(tmp_path: Path, base: Path) -> None:
    many = SETTINGS.model_copy(update={"sides": (2**22,)})
    out = tmp_path / "not" / "there"
    with pytest.raises(latents.DiskError, match=r"not/there: the caches of 1 photographs may need [\d,]+ bytes and"):
        latents.require_disk(captioned("square"), out, base=base, settings=many)
    latents.require_disk(captioned("square"), out, base=base, settings=SETTINGS)
