"""FID is pytorch-fid's, KID is what its definition says, and both grow with difference."""

import io
import sys
import warnings
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest
import torch
from pytorch_fid import fid_score
from scipy import linalg

from tasks.base import images
from tasks.base.weights import WeightsError
from tasks.params.synthesis import SynthesisMeasure
from tasks.schemas.synthesis import CAPTIONS
from tasks.synthesis.measures import fidelity
from tasks.synthesis.measures.fidelity import (
    frechet_distance,
    generated_features,
    inception_features,
    kernel_distance,
    photograph_features,
    square,
)
from tests.synthesis.drawn_faces import face, generated, photographs

SETTINGS = SynthesisMeasure(
    seed=1, threads=1, inception="random", dims=64, lpips_net="squeeze", lpips_trunk="random", pairs=8,
    kid_subsets=5, kid_subset_size=8,
)  # fmt: skip


def noisy(count: int, seed: int, side: int = 40) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.integers(40 * (seed % 3), 256, (side, side, 3), dtype=np.uint8) for _ in range(count)]


def by_the_command(a: Path, b: Path, dims: int, home: Path) -> float:
    """pytorch-fid's own command, with the stand-in's numbers where it would keep the downloaded ones."""
    file = home / "hub/checkpoints/pt_inception-2015-12-05-6726825d.pth"
    file.parent.mkdir(parents=True)
    torch.save(fidelity.stand_in().state_dict(), file)
    command = ["pytorch-fid", str(a), str(b), "--dims", str(dims), "--num-workers", "0", "--device", "cpu"]
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as said:
        patch.setenv("TORCH_HOME", str(home))
        patch.setattr(sys, "argv", command)
        with warnings.catch_warnings(action="ignore"):  # of SciPy, at how the package calls it
            fid_score.main()
    return float(said.getvalue().split("FID:")[1])


@pytest.mark.parametrize("dims", [64, 192])
def test_the_same_number_as_pytorch_fids_command(dims: int, tmp_path: Path) -> None:
    found = []
    for name, seed, count in (("a", 0, 70), ("b", 1, 75)):
        shown = noisy(count, seed, 24)
        (tmp_path / name).mkdir()
        for number, picture in enumerate(shown):
            (tmp_path / name / f"{number:03d}.png").write_bytes(images.encode_png(picture))
        if dims == 192:
            shown = shown[:20]
            for extra in sorted((tmp_path / name).iterdir())[20:]:
                extra.unlink()
        settings = SETTINGS.model_copy(update={"dims": dims})
        found.append(inception_features(shown, settings=settings, weights="/nowhere"))
    theirs = by_the_command(tmp_path / "a", tmp_path / "b", dims, tmp_path / "home")
    assert theirs > 0.01
    assert frechet_distance(*found) == pytest.approx(theirs, rel=1e-3)


def test_all_layers_up_to_2048_are_pytorch_fids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Feature by feature: the whole network by the package's own class, which reads the file that we made."""
    from pytorch_fid import inception

    file = tmp_path / "hub/checkpoints/pt_inception-2015-12-05-6726825d.pth"
    file.parent.mkdir(parents=True)
    torch.save(fidelity.stand_in().state_dict(), file)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    theirs = inception.InceptionV3([2, 3]).eval()
    shown = noisy(2, 2)
    batch = torch.stack([torch.from_numpy(one.transpose(2, 0, 1).copy()).float() / 255 for one in shown])
    with torch.inference_mode():
        wanted = [x.mean((2, 3)).numpy() for x in theirs(batch)]
    for dims, own in zip((768, 2048), wanted, strict=True):
        found = inception_features(shown, settings=SETTINGS.model_copy(update={"dims": dims}), weights="/nowhere")
        np.testing.assert_allclose(found, own, rtol=1e-3, atol=1e-4 * np.abs(own).max())


def test_a_missing_file_says_what_to_put_where(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"inception": "pt_inception_fid"})
    with pytest.raises(WeightsError, match=r"put pt_inception-2015-12-05-6726825d\.pth"):
        inception_features(noisy(1, 0), settings=settings, weights=str(tmp_path))


@pytest.mark.parametrize(("n", "m", "dims"), [(30, 40, 6), (5, 7, 20), (5, 40, 20)])
def test_fid_is_the_distance_of_two_normal_distributions(n: int, m: int, dims: int) -> None:
    rng = np.random.default_rng(n)
    a, b = rng.normal(size=(n, dims)), rng.normal(1, 2, size=(m, dims))
    first, second = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = linalg.sqrtm(linalg.sqrtm(first) @ second @ linalg.sqrtm(first)).real
    wanted = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(first + second - 2 * root)
    assert frechet_distance(a, b) == pytest.approx(wanted, rel=1e-5)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(a, a + 3) == pytest.approx(9 * dims)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a))


def test_kid_is_unbiased_and_sees_a_shift() -> None:
    rng = np.random.default_rng(0)
    a, b, far = rng.normal(size=(400, 16)), rng.normal(size=(400, 16)), rng.normal(0.7, 1, size=(400, 16))
    same, deviation = kernel_distance(a, b, subsets=50, subset_size=50, seed=1)
    apart, _ = kernel_distance(a, far, subsets=50, subset_size=50, seed=1)
    assert abs(same) < deviation and apart > 10 * abs(same)
    two, other = a[:2], b[:2]

    def kernel(x: np.ndarray, y: np.ndarray) -> float:
        return float((x @ y / 16 + 1) ** 3)

    cross = np.mean([kernel(x, y) for x in two for y in other])
    wanted = kernel(*two) + kernel(*other) - 2 * cross
    assert kernel_distance(two, other, subsets=3, subset_size=9, seed=1)[0] == pytest.approx(wanted)


def test_one_picture_is_too_few() -> None:
    with pytest.raises(ValueError, match="not 1 and 5"):
        frechet_distance(np.zeros((1, 4)), np.zeros((5, 4)))
    with pytest.raises(ValueError, match="not 5 and 1"):
        kernel_distance(np.zeros((5, 4)), np.zeros((1, 4)), subsets=2, subset_size=3, seed=1)


def test_features_do_not_depend_on_who_else_is_there() -> None:
    shown = noisy(18, 3)
    together = inception_features(shown, settings=SETTINGS, weights="/nowhere")
    alone = inception_features(shown[17:], settings=SETTINGS, weights="/nowhere")
    assert np.array_equal(together[17:], alone)


def test_photographs_are_measured_in_their_frames(tmp_path: Path) -> None:
    images, captions = photographs(tmp_path, {"a": ("pre", "train", 1)})
    (row,) = captions.to_pylist()
    framed = CAPTIONS.table([row | {"frame": [40.0, 30.0, 80.0]}])
    shown = photograph_features(images, framed, side=64, settings=SETTINGS, weights="/nowhere")
    cut = generated({"g": ("pre", square(face(1, "pre")[30:110, 40:120], 64))})
    same = generated_features(cut, settings=SETTINGS, weights="/nowhere")
    assert shown["features"].to_pylist() == same["features"].to_pylist()


def test_photographs_that_trained_and_all_generated_have_features(tmp_path: Path) -> None:
    people = {"a": ("pre", "train", 1), "b": ("pre", "test", 2), "c": ("control", "train", 3)}
    shown = photograph_features(*photographs(tmp_path, people), side=64, settings=SETTINGS, weights="/nowhere")
    assert shown["image_id"].to_pylist() == ["a"]
    same = square(face(1, "pre"), 64)
    drawn = generated({"g": ("pre", same), "lost": ("pre", None)})
    rows = generated_features(drawn, settings=SETTINGS, weights="/nowhere").to_pylist()
    assert rows[0]["features"] == shown["features"][0].as_py()  # the photograph was brought to the same size
    assert rows[1]["features"] is None and rows[1]["reason"] == "not finite"
