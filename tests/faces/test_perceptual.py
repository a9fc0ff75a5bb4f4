"""LPIPS is that of the package lpips, and fit for optimising a picture."""

import os
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torchvision import models

from tasks.base import weights
from tasks.base.networks import trunks
from tasks.base.networks.trunks import TRUNKS
from tasks.base.weights import WeightsError
from tasks.faces.perceptual import ENDS, SMALLEST, Perceptual, averaged, load_perceptual
from tasks.params.anomaly import AnomalyPerceptual

NETS = ("squeeze", "alex", "vgg")
NOWHERE = Path("/nowhere")
REAL = Path(os.environ.get("VERMILION_REAL", ""))


def random_perceptual(net: str, size: int = 64) -> Perceptual:
    return load_perceptual(AnomalyPerceptual.model_validate({"net": net, "trunk": "random", "size": size}), NOWHERE)


def pictures(side: int, count: int = 2, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Two stacks of smooth pictures with some noise, in [-1, 1]."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, 3, 8, 8, generator=generator) * 2 - 1
    x = torch.nn.functional.interpolate(coarse, size=(side, side), mode="bilinear")
    return x, (x + 0.2 * torch.randn(x.shape, generator=generator)).clamp(-1, 1)


def reference(net: str, trunk: torch.nn.Sequential, *, spatial: bool = False) -> Any:
    """The package's own network with its own linear heads, on the trunk given."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it calls torchvision in a deprecated way
        import lpips

        network = lpips.LPIPS(net=net, pnet_rand=True, spatial=spatial, verbose=False)
    for number in range(network.net.N_slices):
        for place, module in getattr(network.net, f"slice{number + 1}").named_children():
            module.load_state_dict(trunk[int(place)].state_dict())
    return network


def heads(net: str) -> list[Tensor]:
    return [head.flatten() for _, head in sorted(weights.state_dict(f"lpips_{net}", NOWHERE).items())]


@pytest.mark.parametrize("net", NETS)
def test_the_same_numbers_as_the_package(net: Any) -> None:
    trunk = trunks.random_trunk(net)
    ours = Perceptual(trunk, heads(net), ends=ENDS[net], size=256)
    for side in (64, 45):
        x, y = pictures(side)
        a, b = ours.features(x), ours.features(y)
        with torch.no_grad():
            theirs, maps = reference(net, trunk)(x, y).flatten(), reference(net, trunk, spatial=True)(x, y)[:, 0]
        assert (ours.distance(a, b) - theirs).abs().max() < 1e-6
        assert (ours.spatial(a, b, side) - maps).abs().max() < 1e-6
        assert theirs.min() > 1e-3


@pytest.mark.real
def test_the_same_numbers_as_the_package_with_imagenet_weights() -> None:
    ours = load_perceptual(AnomalyPerceptual(net="squeeze", trunk="squeezenet1_1_features", size=256), REAL / "weights")
    theirs = reference("squeeze", ours.trunk)
    for seed in range(3):
        x, y = pictures(96, seed=seed)
        found = ours.distance(ours.features(x), ours.features(y))
        with torch.no_grad():
            assert (found - theirs(x, y).flatten()).abs().max() < 1e-6
        assert (found > 0.1).all()


@pytest.mark.parametrize("net", NETS)
def test_gradients_flow_to_the_picture_alone(net: Any) -> None:
    network = random_perceptual(net)
    x, y = pictures(64, count=1)
    x.requires_grad_()
    torch.autograd.backward(network.distance(network.features(x), network.features(y)).sum())
    assert x.grad is not None and x.grad.isfinite().all() and x.grad.abs().max() > 0
    assert all(parameter.grad is None and not parameter.requires_grad for parameter in network.parameters())


@pytest.mark.parametrize("net", NETS)
def test_flat_pictures_have_finite_gradients(net: Any) -> None:
    network = random_perceptual(net)
    target = network.features(pictures(64, count=1)[0])
    for level in (-1.0, 0.0, 1.0):
        x = torch.full((1, 3, 64, 64), level, requires_grad=True)
        torch.autograd.backward(network.distance(network.features(x), target).sum())
        assert x.grad is not None and x.grad.isfinite().all()
    dead = [torch.zeros(1, 8, 2, 2)]  # every channel 0
    assert network.distance(dead, dead).item() == 0


def test_following_the_gradient_finds_the_target() -> None:
    network = random_perceptual("squeeze")
    target, x = pictures(32, count=1)
    wanted, x = network.features(target), x.clone().requires_grad_()
    first = network.distance(network.features(x), wanted).item()
    optimiser = torch.optim.Adam([x], lr=0.03)
    for _ in range(40):
        optimiser.zero_grad()
        torch.autograd.backward(network.distance(network.features(x), wanted).sum())
        optimiser.step()
    assert network.distance(network.features(x), wanted).item() < 0.3 * first


@pytest.mark.parametrize("net", NETS)
def test_tiny_pictures(net: Any) -> None:
    network = random_perceptual(net, size=32)
    x, y = pictures(32)
    a, b = network.features(x), network.features(y)
    assert network.distance(a, b).min() > 0 and network.spatial(a, b, 32).shape == (2, 32, 32)
    assert (network.distance(a, a) == 0).all()


@pytest.mark.parametrize("net", NETS)
def test_the_smallest_size_is_what_is_said(net: Any) -> None:
    side = SMALLEST[net]
    x = torch.zeros(1, 3, side, side)
    assert random_perceptual(net, size=side).features(x)[-1].numel() > 0
    with pytest.raises(RuntimeError):
        random_perceptual(net).features(x[..., :-1, :-1])
    if side > 16:
        with pytest.raises(WeightsError, match=f"'{net}' takes size {side} or more, not 16"):
            random_perceptual(net, size=16)


def test_large_pictures_are_averaged_first() -> None:
    network = random_perceptual("squeeze", size=32)
    small, other = pictures(32)
    large = small.repeat_interleave(4, 2).repeat_interleave(4, 3)
    assert network.distance(network.features(large), network.features(small)).max() < 1e-9
    a, b = network.features(large), network.features(other)
    assert network.spatial(a, b, 128).shape == (2, 128, 128)


def test_averaging_is_by_area() -> None:
    x = torch.rand(2, 3, 60, 48)
    assert averaged(x, 64) is x
    even = torch.nn.functional.interpolate(x, size=(12, 12), mode="area")
    torch.testing.assert_close(averaged(x, 12), even)
    uneven = averaged(x, 25)
    torch.testing.assert_close(uneven.mean((2, 3)), x.mean((2, 3)))
    thirds = averaged(torch.tensor([[[[3.0, 6.0, 9.0]]]]), 2)  # each new pixel covers one old one and half the next
    torch.testing.assert_close(thirds, torch.tensor([[[[4.0, 8.0]]]]))


def test_features_do_not_depend_on_who_shares_the_batch() -> None:
    """Of one batch size: that is what inversion keeps fixed."""
    network = random_perceptual("squeeze")
    x, y = pictures(64, count=3)
    both = network.features(torch.cat([x[:1], y[:2]]))
    other = network.features(torch.cat([x[:1], x[1:]]))
    assert all(torch.equal(a[0], b[0]) for a, b in zip(both, other, strict=True))


def test_a_kept_target_stands_for_every_picture() -> None:
    network = random_perceptual("alex")
    x, y = pictures(64, count=3)
    one = network.distance(network.features(x), network.features(y[:1]))
    assert torch.allclose(one, network.distance(network.features(x), network.features(y[:1].repeat(3, 1, 1, 1))))


def test_the_stand_in_is_always_the_same_and_disturbs_no_random_numbers() -> None:
    torch.manual_seed(5)
    first = random_perceptual("squeeze").state_dict()
    drawn = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(torch.rand(1), drawn)
    second = random_perceptual("squeeze").state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    roots = first["root_3"].flatten()
    assert roots.std() < 1e-6 and roots[0].item() ** 2 == pytest.approx(heads("squeeze")[3].mean().item(), rel=1e-5)


def test_a_trunk_of_another_net_is_refused() -> None:
    with pytest.raises(WeightsError, match="net 'vgg' takes the trunk vgg16_torchvision or random, not alexnet_t"):
        load_perceptual(AnomalyPerceptual(net="vgg", trunk="alexnet_torchvision", size=64), NOWHERE)
    with pytest.raises(WeightsError, match=r"vgg16-397923af\.pth"):
        load_perceptual(AnomalyPerceptual(net="vgg", trunk="vgg16_torchvision", size=64), NOWHERE)


def stored(net: str, monkeypatch: pytest.MonkeyPatch, state: dict[str, Tensor]) -> Perceptual:
    """The net with its trunk read from a state dict, as if from a verified file."""
    real = weights.state_dict
    monkeypatch.setattr(weights, "state_dict", lambda n, folder: state if n == TRUNKS[net] else real(n, folder))
    settings = AnomalyPerceptual.model_validate({"net": net, "trunk": TRUNKS[net], "size": 64})
    return load_perceptual(settings, NOWHERE)


def test_torchvisions_whole_file_and_the_bare_features_are_both_read(monkeypatch: pytest.MonkeyPatch) -> None:
    trunk = trunks.random_trunk("alex").state_dict()
    whole = {f"features.{name}": tensor for name, tensor in trunk.items()} | {"classifier.1.bias": torch.zeros(2)}
    x, y = pictures(64, count=1)
    found = []
    for state in (trunk, whole):
        network = stored("alex", monkeypatch, state)
        found.append(network.distance(network.features(x), network.features(y)).item())
    assert found[0] == found[1] > 0
    with torch.device("meta"):
        published = set(models.alexnet().state_dict())
    assert {name for name in published if name.startswith("features.")} == set(whole) - {"classifier.1.bias"}


def test_a_file_of_another_network_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WeightsError, match="alexnet_torchvision: not the features of alex: "):
        stored("alex", monkeypatch, trunks.random_trunk("squeeze").state_dict())
