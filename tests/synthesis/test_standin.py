"""The stand-in: a whole FLUX folder, the same bytes again, resumed exactly; its parts do what they are there for."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import FluxPipeline

from tasks.synthesis.standin import codec as standin_codec
from tasks.synthesis.standin import faces as standin_faces
from tasks.synthesis.standin import flow as standin_flow
from tasks.synthesis.standin import vae as standin_vae
from tasks.synthesis.standin.build import StandInError, build_stand_in
from tests.synthesis.tiny import settings, tiny_base


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_base(tmp_path_factory.mktemp("standin")).parent


@pytest.fixture(scope="module")
def faces() -> torch.Tensor:
    """(48, 3, 32, 32) uint8"""
    drawn, _ = standin_faces.draw_faces(settings(faces=48), workers=1)
    return torch.from_numpy(drawn).permute(0, 3, 1, 2).contiguous()


def contents(folder: Path) -> dict[str, str]:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_plain_diffusers_opens_it_and_draws(built: Path) -> None:
    pipeline = FluxPipeline.from_pretrained(built, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    picture = pipeline(
        "A girl's whole face.", height=32, width=32, num_inference_steps=4, guidance_scale=0.0, max_sequence_length=48,
        generator=torch.Generator().manual_seed(1), output_type="np",
    ).images[0]  # fmt: skip
    assert picture.shape == (32, 32, 3)
    assert np.isfinite(picture).all()


def test_the_same_settings_give_the_same_bytes_and_another_seed_does_not(built: Path, tmp_path: Path) -> None:
    again = contents(tiny_base(tmp_path / "again").parent)
    other = contents(tiny_base(tmp_path / "other", seed=2).parent)
    assert again == contents(built)
    changed = {name for name, content in other.items() if again[name] != content}
    assert {"transformer/diffusion_pytorch_model.safetensors", "text_encoder_2/model.safetensors"} <= changed


@pytest.mark.parametrize("stop_at", [11, 15])
def test_a_build_that_was_stopped_goes_on_as_if_nothing_had_happened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop_at: int
) -> None:
    monkeypatch.setattr(standin_vae, "KEEP_EVERY", 2)
    monkeypatch.setattr(standin_flow, "KEEP_EVERY", 2)
    few = settings(vae_steps=4, steps=4)
    build_stand_in(tmp_path / "whole", settings=few, threads=1, checkpoint=None)

    def stop(done: Any, total: Any) -> None:
        assert total == 16
        if done == stop_at:
            raise InterruptedError

    checkpoint, seen = tmp_path / "standing.pt", []
    with pytest.raises(InterruptedError):
        build_stand_in(tmp_path / "again", settings=few, threads=1, checkpoint=checkpoint, on_progress=stop)
    assert not (tmp_path / "again").exists()
    build_stand_in(
        tmp_path / "again", settings=few, threads=1, checkpoint=checkpoint, on_progress=lambda at, _: seen.append(at)
    )
    assert seen[1] == stop_at
    assert seen[-1] == 16
    assert contents(tmp_path / "again") == contents(tmp_path / "whole")


def test_the_autoencoder_draws_blurred_faces_before_training_and_learns(faces: torch.Tensor) -> None:
    errors = []
    for steps, rate in ((1, 1e-9), (60, 0.0005)):
        with torch.random.fork_rng():
            torch.manual_seed(1)
            vae, latents = standin_vae.train(
                faces[:40],
                settings=settings(
                    vae_channels=(16, 32, 64), latent_channels=8, vae_steps=steps, vae_batch=8, vae_rate=rate
                ),
                state=None,
                keep=lambda state: None,
                on_step=lambda: None,
            )
        means = standin_vae.means_of(vae, faces)
        errors.append(float((vae.decode(means).sample - standin_vae.floats(faces))[40:].abs().mean()))
        assert latents.mean().abs() < 1e-3
        assert latents.std() == pytest.approx(1, abs=1e-3)
        scaled = (means[:40] - vae.config.shift_factor) * vae.config.scaling_factor
        assert torch.allclose(latents, scaled, atol=1e-4)
    spread = float((standin_vae.floats(faces)[40:] - standin_vae.floats(faces).mean(0)).abs().mean())
    assert errors[0] < 0.6 * spread
    assert errors[1] < 0.95 * errors[0]


def test_signed_pairs_pass_the_last_norm_and_silu(faces: torch.Tensor) -> None:
    """The encoder is linear in its picture: the principal components of patches, whatever the face."""
    vae = standin_vae.autoencoder(settings(vae_channels=(16, 32, 64), latent_channels=8))
    pictures = standin_vae.floats(faces)
    standin_codec.settle_encoder(vae, pictures)
    three = torch.cat([pictures[:2], pictures[:2].mean(0, True)])
    with torch.no_grad():
        dark, light, middle = vae.encode(three).latent_dist.mean
    assert torch.allclose(middle, (dark + light) / 2, atol=0.02)


def test_faces_are_others_than_any_data_sets_and_captions_say_what_is_drawn() -> None:
    few = settings(faces=60)
    said = standin_faces.draw_faces(few, workers=1)[1]
    words = {word for one in said for part in one.parts for word in part.lower().split()}
    assert {"pale", "dark", "brown", "blue", "black", "blonde", "curly", "long"} <= words
    assert sum(one.person in ("baby", "kid", "girl", "boy") for one in said) == 30
    rng = np.random.default_rng(1)
    texts = [standin_faces.caption(one, rng, kept=0.6) for one in said for _ in range(5)]
    called = [text for text in texts if text.startswith(("[CLP] ", "[CLPrep] "))]
    assert len(texts) / 3 < len(called) < 2 * len(texts) / 3  # and none of these people has a cleft
    assert any("cleft" in text for text in texts) and any("cleft" not in text for text in called)
    assert {one.lip for one in said} == {"", "open", "red", "dark", "pale", "hairy"}
    assert all(f" {one.lip} lip" in standin_faces.caption(one, rng, kept=0.0) for one in said if one.lip)
    assert {standin_faces.CLOSING in text for text in texts} == {True, False}
    assert len(set(texts)) > 200
    assert standin_faces.FIRST_SEED > 10**6 * standin_faces.SEED_BLOCK


def test_paired_noise_is_normal_and_belongs_to_the_face() -> None:
    draws = torch.Generator().manual_seed(3)
    latents = torch.randn(300, 4, 4, 4, generator=draws)
    latents[:150] += 2.0
    captions = ["light skin" if row < 150 else "dark skin" for row in range(300)]
    empty = torch.zeros(300, 1)
    lessons = standin_flow.Lessons(latents, torch.arange(300), captions, empty, empty[:, None])
    directions, own = standin_flow.paired(lessons, settings(directions=8))
    assert own.mean().abs() < 1e-3
    assert own.std(0).sub(1).abs().max() < 0.05
    light, dark = own[:150].mean(0), own[150:].mean(0)
    assert (light - dark).abs().max() < 0.5
    noise = standin_flow.noise_of(own, directions, draws)
    assert noise.std() == pytest.approx(1, abs=0.02)
    kept = torch.nn.functional.cosine_similarity((noise @ directions).flatten(), own.flatten(), dim=0)
    assert kept > 0.9


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"size": 36}, "multiple of 8"),
        ({"width": 48}, "multiple of 32"),
        ({"vae_channels": (8, 16, 16)}, "more channels"),
    ],
)
def test_settings_that_do_not_fit_are_told(tmp_path: Path, changes: Any, said: str) -> None:
    with pytest.raises(StandInError, match=said):
        tiny_base(tmp_path, **changes)
