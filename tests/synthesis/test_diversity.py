"""LPIPS of random pairs is the package's own number, and the interval is that of pictures."""

import os
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from tasks.base.networks import trunks
from tasks.base.weights import WeightsError
from tasks.params.synthesis import SynthesisMeasure
from tasks.synthesis.measures.diversity import distances, network_of, random_pairs, spread

REAL = Path(os.environ.get("VERMILION_REAL", ""))
SETTINGS = SynthesisMeasure(
    seed=1, threads=1, inception="random", dims=64, lpips_net="squeeze", lpips_trunk="random", pairs=8,
    kid_subsets=5, kid_subset_size=8,
)  # fmt: skip


def smooth(count: int) -> list[np.ndarray]:
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(count, 3, 6, 6, generator=generator)
    fine = torch.nn.functional.interpolate(coarse, size=(64, 64), mode="bilinear")
    return list((fine * 255).byte().permute(0, 2, 3, 1).numpy())


def the_packages_own(shown: list[np.ndarray], pairs: np.ndarray, net: str, trunk: torch.nn.Module) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import lpips

        network = lpips.LPIPS(net=net, pnet_rand=True, verbose=False)
    own = network.net.state_dict()
    network.net.load_state_dict({name: trunk.state_dict()[name.split(".", 1)[1]] for name in own})
    found = []
    with torch.no_grad():
        for a, b in pairs:
            found.append(network(lpips.im2tensor(shown[a]), lpips.im2tensor(shown[b])).item())
    return np.array(found)


@pytest.mark.parametrize("net", ["squeeze", "alex"])
def test_the_packages_own_numbers(net: str) -> None:
    shown, pairs = smooth(5), random_pairs(5, pairs=6, seed=1)
    settings = SETTINGS.model_copy(update={"lpips_net": net})
    found = distances(shown, pairs, settings=settings, weights="/nowhere")
    wanted = the_packages_own(shown, pairs, net, trunks.random_trunk(net))
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    assert wanted.min() > 1e-3


@pytest.mark.real
def test_the_packages_own_numbers_with_imagenet_weights() -> None:
    folder = REAL / "weights"
    shown, pairs = smooth(5), random_pairs(5, pairs=6, seed=1)
    settings = SETTINGS.model_copy(update={"lpips_trunk": "squeezenet1_1_features"})
    found = distances(shown, pairs, settings=settings, weights=str(folder))
    wanted = the_packages_own(shown, pairs, "squeeze", trunks.trained_trunk("squeeze", folder))
    np.testing.assert_allclose(found, wanted, atol=1e-6)


@pytest.mark.parametrize(
    ("count", "wanted", "got"), [(0, 5, 0), (1, 5, 0), (2, 5, 1), (4, 6, 6), (4, 9, 6), (64, 200, 200)]
)
def test_pairs_are_of_different_pictures_and_stand_once(count: int, wanted: int, got: int) -> None:
    pairs = random_pairs(count, pairs=wanted, seed=1)
    assert pairs.shape == (got, 2)
    assert len({tuple(sorted(pair)) for pair in pairs.tolist()}) == got
    assert all(0 <= a < b < count for a, b in pairs)
    if got:
        assert np.array_equal(pairs, random_pairs(count, pairs=wanted, seed=1))
        assert got < 200 or not np.array_equal(pairs, random_pairs(count, pairs=wanted, seed=2))


def test_the_interval_is_wider_than_that_of_independent_pairs() -> None:
    """Distances that hang on single pictures: 20 pictures tell less than their 190 pairs seem to."""
    rng = np.random.default_rng(0)
    own = rng.normal(0, 1, 20)
    pairs = random_pairs(20, pairs=190, seed=1)
    values = 5 + own[pairs[:, 0]] + own[pairs[:, 1]]
    found = spread(values, pairs, count=20, seed=1)
    assert found["low"] < values.mean() == found["lpips"] < found["high"]
    naive = 2 * 1.96 * values.std() / np.sqrt(len(values))
    assert found["high"] - found["low"] > 2 * naive
    assert spread(np.array([0.5]), random_pairs(2, pairs=1, seed=1), count=2, seed=1)["pairs"] == 1


def test_a_trunk_of_another_net_is_refused() -> None:
    with pytest.raises(WeightsError, match="net 'vgg' takes the trunk vgg16_torchvision or random, not alexnet_t"):
        network_of("vgg", "alexnet_torchvision", "/nowhere")
