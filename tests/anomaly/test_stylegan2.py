"""The generator draws what the published formulas say, written here sample by sample in numpy and scipy."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy.signal import convolve2d, correlate2d

from tasks.anomaly import stylegan2
from tasks.anomaly.stylegan2 import Architecture, Generator, Noise
from tests.anomaly.foreign_files import blocks_of
from tests.anomaly.test_checkpoints import drawn, small

FILTER = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64
CLAMP = 0.6


def numbers(value: torch.Tensor) -> np.ndarray:
    return value.detach().double().numpy()


def dense(layer: Any, x: np.ndarray, *, rate: float = 1.0) -> np.ndarray:
    found: np.ndarray = rate * (numbers(layer.weight) @ x / math.sqrt(len(x)) + numbers(layer.bias))
    return found


def apart(x: np.ndarray, side: int) -> np.ndarray:
    """Every second pixel of a map of `side`, zeros between."""
    spread = np.zeros((len(x), side, side))
    spread[:, ::2, ::2] = x
    return spread


def doubled(picture: np.ndarray) -> np.ndarray:
    spread = np.pad(apart(picture, 2 * picture.shape[-1]), ((0, 0), (2, 1), (2, 1)))
    return np.stack([convolve2d(channel, 4 * FILTER, "valid") for channel in spread])


def modulated(conv: Any, x: np.ndarray, w: np.ndarray, *, up: bool, demodulate: bool) -> np.ndarray:
    """One sample's own weights: scaled by the style, then of length one, then an ordinary convolution."""
    weight = numbers(conv.weight) * dense(conv.affine, w)[None, :, None, None]
    if demodulate:
        weight /= np.sqrt((weight**2).sum((1, 2, 3), keepdims=True) + 1e-8)
    else:
        weight /= math.sqrt(weight[0].size)
    if not up:
        return np.stack([sum(correlate2d(c, k, "same") for c, k in zip(x, own, strict=True)) for own in weight])
    spread = apart(x, 2 * x.shape[-1] - 1)
    summed = [sum(convolve2d(c, k, "full") for c, k in zip(spread, own, strict=True)) for own in weight]
    return np.stack([convolve2d(np.pad(channel, 1), 4 * FILTER, "valid") for channel in summed])


def clamped(x: np.ndarray, limit: float | None) -> np.ndarray:
    return x if limit is None else np.clip(x, -limit, limit)


def textbook(generator: Generator, ws: np.ndarray, maps: list[np.ndarray]) -> np.ndarray:
    """One picture (3, R, R) from styles (num_ws, w_dim) and one noise map a layer."""
    limit, x = generator.architecture.conv_clamp, numbers(generator.constant)
    picture, layer_number = np.zeros((3, 2, 2)), 0
    for block in blocks_of(generator):
        for layer, up in ((block.first, True), (block.second, False)):
            if layer is None:
                continue
            x = modulated(layer.conv, x, ws[layer_number], up=up, demodulate=True)
            x = x + numbers(layer.noise_strength) * maps[layer_number] + numbers(layer.bias)[:, None, None]
            x = clamped(np.where(x < 0, 0.2 * x, x) * math.sqrt(2), limit)
            layer_number += 1
        colours = modulated(block.colours.conv, x, ws[layer_number], up=False, demodulate=False)
        colours = clamped(colours + numbers(block.colours.bias)[:, None, None], limit)
        picture = doubled(picture) + colours
    return picture


def styles(generator: Generator, count: int = 2) -> torch.Tensor:
    """Another style for every layer."""
    return torch.randn(count, generator.num_ws, generator.w_dim, generator=torch.Generator().manual_seed(5))


@pytest.fixture(scope="module", params=[None, CLAMP], ids=["free", "clamped"])
def generator(request: pytest.FixtureRequest) -> Generator:
    return drawn(small(conv_clamp=request.param)).requires_grad_(False)


def test_pictures_are_the_textbooks_with_stored_no_and_own_noise(generator: Generator) -> None:
    ws = styles(generator)
    own = [torch.randn(2, 1, *layer.noise.shape) for layer in generator.layers]
    stored = [numbers(layer.noise) for layer in generator.layers]
    for number in range(2):
        cases: list[tuple[Noise, list[np.ndarray]]] = [
            ("stored", stored),
            ("none", [np.zeros_like(values) for values in stored]),
            (own, [numbers(values[number, 0]) for values in own]),
        ]
        for noise, maps in cases:
            drew = numbers(generator.synthesise(ws, noise=noise)[number])
            wanted = textbook(generator, numbers(ws[number]), maps)
            assert np.abs(drew - wanted).max() < 1e-5 * max(1, np.abs(wanted).max())


def test_the_clamp_is_small_enough_to_bite() -> None:
    free, held = drawn(small()), drawn(small(conv_clamp=CLAMP))
    difference = free.synthesise(styles(free), noise="stored") - held.synthesise(styles(held), noise="stored")
    assert difference.abs().max() > 1


def test_the_mapping_is_the_textbooks(generator: Generator) -> None:
    z = torch.randn(3, 8)
    ws = generator.mapping(z)
    assert ws.shape == (3, generator.num_ws, generator.w_dim)
    for number in range(3):
        x = numbers(z[number]) / math.sqrt((numbers(z[number]) ** 2).mean() + 1e-8)
        for layer in generator.mapper.layers:
            x = dense(layer, x, rate=0.01)
            x = np.where(x < 0, 0.2 * x, x) * math.sqrt(2)
        assert np.allclose(numbers(ws[number]), x, atol=1e-6)


def test_who_shares_a_batch_changes_nothing_beyond_rounding(generator: Generator) -> None:
    ws = styles(generator, 3)
    together = generator.synthesise(ws, noise="stored")
    alone = torch.cat([generator.synthesise(one[None], noise="stored") for one in ws])
    assert torch.allclose(together, alone, atol=1e-5)


@pytest.mark.parametrize("resolution", [32, 64, 128, 256, 512, 1024])
def test_styles_and_noise_maps_of_every_resolution(resolution: int) -> None:
    sides = [2**power for power in range(2, int(math.log2(resolution)) + 1)]
    with torch.device("meta"):
        built = Generator(small(resolution=resolution, channels=dict.fromkeys(sides, 4)))
    assert built.num_ws == {32: 8, 64: 10, 128: 12, 256: 14, 512: 16, 1024: 18}[resolution]
    assert [layer.noise.shape[-1] for layer in built.layers] == list(built.architecture.noise_sides)
    assert len(built.layers) == built.num_ws - 1
    assert built.resolution == resolution


def test_what_does_not_fit_is_an_error(generator: Generator) -> None:
    ws = styles(generator)
    maps = [layer.noise for layer in generator.layers]
    with pytest.raises(ValueError, match=r"takes \(N, 8, 6\)"):
        generator.synthesise(ws[:, 1:], noise="stored")
    with pytest.raises(ValueError, match="'stored', 'none' or a list"):
        generator.synthesise(ws, noise="random")  # type: ignore[arg-type]
    for wrong in (maps[1:], maps[::-1], [maps[0][:2], *maps[1:]]):
        with pytest.raises(ValueError, match="noise maps have sides"):
            generator.synthesise(ws, noise=wrong)
    with pytest.raises(ValueError, match="resolution"):
        Architecture.model_validate(small().model_dump() | {"resolution": 16})


def test_gradients_reach_styles_noise_and_weights_as_differences_say(generator: Generator) -> None:
    torch.manual_seed(0)
    own = [torch.randn(1, 1, *layer.noise.shape) for layer in generator.layers]
    first = blocks_of(generator)[1].first
    assert first is not None
    weight = first.conv.weight
    target = torch.randn(1, 3, 32, 32)
    for value in (ws := styles(generator, 1), own[3], weight):
        value.requires_grad_(True)
        (gradient,) = torch.autograd.grad((generator.synthesise(ws, noise=own) * target).sum(), value)
        value.requires_grad_(False)
        step = 1e-3 * gradient / gradient.norm()
        ends = []
        for sign in (1, -1):
            value += sign * step
            ends.append((generator.synthesise(ws, noise=own).double() * target).sum())
            value -= sign * step
        assert float(ends[0] - ends[1]) / 2e-3 == pytest.approx(float(gradient.norm()), rel=0.02)


@pytest.mark.parametrize(("slope", "step"), [(1.0, 1e-3), (0.2, 1e-5)])  # a bent line wants small steps
def test_gradients_of_gradients_are_right(slope: float, step: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Path lengths and R1 need them."""
    monkeypatch.setattr(stylegan2, "SLOPE", slope)
    generator = drawn(small()).requires_grad_(False)
    ws, target = styles(generator, 1), torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(2))

    def length(at: torch.Tensor, *, graph: bool) -> torch.Tensor:
        drew = (generator.synthesise(at, noise="stored") * target).sum()
        return torch.autograd.grad(drew, at, create_graph=graph)[0].double().square().sum()

    (second,) = torch.autograd.grad(length(ws.requires_grad_(True), graph=True), ws)
    direction = (step * second / second.norm()).detach()
    ends = [float(length((ws + sign * direction).detach().requires_grad_(True), graph=False)) for sign in (1, -1)]
    assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(float(second.norm()), rel=0.02)
