"""Features, and with them FID, are pytorch-fid's."""

import io
import sys
import warnings
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest
import torch
from pytorch_fid import fid_score

from tasks.base import images
from tasks.base.networks.distances import frechet_distance
from tasks.base.networks.inception import inception_features, stand_in
from tasks.base.weights import WeightsError


def features(shown: list[np.ndarray], dims: int = 64) -> np.ndarray:
    return inception_features(shown, network="random", dims=dims, threads=1, weights="/nowhere")


def noisy(count: int, seed: int, side: int = 40) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.integers(40 * (seed % 3), 256, (side, side, 3), dtype=np.uint8) for _ in range(count)]


def by_the_command(a: Path, b: Path, dims: int, home: Path) -> float:
    """pytorch-fid's own command, with the stand-in's numbers where it would keep the downloaded ones."""
    file = home / "hub/checkpoints/pt_inception-2015-12-05-6726825d.pth"
    file.parent.mkdir(parents=True)
    torch.save(stand_in().state_dict(), file)
    command = ["pytorch-fid", str(a), str(b), "--dims", str(dims), "--num-workers", "0", "--device", "cpu"]
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as said:
        patch.setenv("TORCH_HOME", str(home))
        patch.setattr(sys, "argv", command)
        with warnings.catch_warnings(action="ignore"):  # of SciPy, at how the package calls it
            fid_score.main()
    return float(said.getvalue().split("FID:")[1])


@pytest.mark.long
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
        found.append(features(shown, dims))
    theirs = by_the_command(tmp_path / "a", tmp_path / "b", dims, tmp_path / "home")
    assert theirs > 0.01
    assert frechet_distance(*found) == pytest.approx(theirs, rel=1e-3)


def test_all_layers_up_to_2048_are_pytorch_fids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Feature by feature: the whole network by the package's own class, which reads the file that we made."""
    from pytorch_fid import inception

    file = tmp_path / "hub/checkpoints/pt_inception-2015-12-05-6726825d.pth"
    file.parent.mkdir(parents=True)
    torch.save(stand_in().state_dict(), file)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    theirs = inception.InceptionV3([2, 3]).eval()
    shown = noisy(2, 2)
    batch = torch.stack([torch.from_numpy(one.transpose(2, 0, 1).copy()).float() / 255 for one in shown])
    with torch.inference_mode():
        wanted = [x.mean((2, 3)).numpy() for x in theirs(batch)]
    for dims, own in zip((768, 2048), wanted, strict=True):
        found = features(shown, dims)
        np.testing.assert_allclose(found, own, rtol=1e-3, atol=1e-4 * np.abs(own).max())


def test_a_missing_file_says_what_to_put_where(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"put pt_inception-2015-12-05-6726825d\.pth"):
        inception_features(noisy(1, 0), network="pt_inception_fid", dims=64, threads=1, weights=str(tmp_path))


def test_features_do_not_depend_on_who_else_is_there() -> None:
    shown = noisy(18, 3)
    together = features(shown)
    alone = features(shown[17:])
    assert np.array_equal(together[17:], alone)
