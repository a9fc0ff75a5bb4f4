"""The loss is the published one, and a network is what its file says."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.models import MobileNetV2

from tasks.base import weights
from tasks.base.weights import WeightsError
from tasks.symmetry.network import (
    Architecture,
    SiameseNetwork,
    build,
    contrastive_loss,
    distance,
    load_network,
    pooled_cells,
    provenance_of,
    save_network,
)

SMALL = Architecture(input_size=32, width=0.25, embedding_dim=8, normalise_embedding=True, pooled_grid=1, dropout=0.0)


def network(**changes: object) -> SiameseNetwork:
    torch.manual_seed(0)
    return SiameseNetwork(SMALL.model_copy(update=changes)).eval()


def test_loss_by_hand() -> None:
    """Four pairs with D = 0.5, 2, 0.3, 3 at margin 1.5: (0.25 + 4 + 1.2^2 + 0) / 8."""
    left = torch.zeros(4, 2)
    right = torch.tensor([[0.3, 0.4], [0.0, 2.0], [0.3, 0.0], [0.0, 3.0]])
    label = torch.tensor([1, 1, 0, 0])
    assert contrastive_loss(left, right, label, margin=1.5).item() == pytest.approx((0.25 + 4 + 1.44) / 8)


def test_loss_at_distance_zero_is_exact_and_its_gradient_a_number() -> None:
    left = torch.zeros(2, 3, requires_grad=True)
    loss = contrastive_loss(left, torch.zeros(2, 3), torch.tensor([0, 1]), margin=1.0)
    assert loss.item() == 0.25  # one negative pair of two: 1 / 4 of margin squared
    torch.autograd.backward(loss)
    assert left.grad is not None
    assert left.grad.tolist() == [[0.0] * 3] * 2


def test_gradient_of_the_loss_is_right() -> None:
    torch.manual_seed(1)
    left, right = (torch.randn(6, 4, dtype=torch.float64, requires_grad=True) for _ in range(2))
    label = torch.tensor([1, 0, 1, 0, 0, 1])
    assert torch.autograd.gradcheck(lambda a, b: contrastive_loss(a, b, label, margin=5.0), (left, right))


def test_frozen_blocks_neither_learn_nor_follow_batches() -> None:
    made = network().train()
    made.freeze(3)
    before = {name: value.clone() for name, value in made.state_dict().items()}
    optimiser = torch.optim.SGD([weights for weights in made.parameters() if weights.requires_grad], lr=0.5)
    left, right = made(torch.rand(8, 3, 32, 32)).chunk(2)
    torch.autograd.backward(contrastive_loss(left, right, torch.tensor([0, 1, 0, 1]), margin=1.0))
    optimiser.step()
    made.eval().train()  # as around a look at the validation pairs
    after = made.state_dict()
    changed = {name for name, value in before.items() if not torch.equal(value, after[name])}
    assert not {name for name in changed if name.startswith(("features.0.", "features.1.", "features.2."))}
    assert any(name.startswith("features.3.") for name in changed)
    assert not made.features[2].training
    assert made.features[3].training


def test_distance_of_tiny_differences_is_not_rounded_to_zero() -> None:
    assert distance(torch.zeros(1, 1), torch.full((1, 1), 1e-15)).item() == pytest.approx(1e-15, rel=1e-5)


def test_branches_are_torchvisions() -> None:
    """Same features as torchvision's own network with the same weights, on halves normalised by hand."""
    torch.manual_seed(0)
    theirs = MobileNetV2(width_mult=0.25).eval()
    ours = build(SMALL, theirs.state_dict()).eval()
    halves = torch.rand(3, 3, 32, 32)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    with torch.no_grad():
        pooled = theirs.features((halves - mean.view(3, 1, 1)) / std.view(3, 1, 1)).mean((2, 3))
        expected = torch.nn.functional.normalize(ours.embedding(pooled))
        torch.testing.assert_close(ours(halves), expected, rtol=1e-4, atol=1e-5)


def test_weights_of_another_width_are_refused() -> None:
    with pytest.raises(ValueError, match=r"are for width 1\.0, this network has 0\.25"):
        build(SMALL, MobileNetV2(width_mult=0.5).state_dict())


@pytest.mark.parametrize("normalise", [True, False])
def test_embedding_has_length_one_only_when_asked(*, normalise: bool) -> None:
    with torch.no_grad():
        lengths = network(normalise_embedding=normalise)(torch.rand(4, 3, 32, 32)).norm(dim=1)
    assert np.allclose(lengths, 1, atol=1e-5) == normalise


def test_saved_network_comes_back_the_same_in_evaluation_mode(tmp_path: Path) -> None:
    saved = save_network(network(), {"seed": 7, "stand_in": True})
    (tmp_path / "weights.safetensors").write_bytes(saved)
    again = load_network(tmp_path / "weights.safetensors")
    assert not again.training
    assert again.architecture == SMALL
    assert provenance_of(saved) == {"seed": 7, "stand_in": True}
    halves = torch.rand(2, 3, 32, 32)
    assert torch.equal(again(halves), network()(halves))
    assert save_network(again, {"stand_in": True, "seed": 7}) == saved


def test_a_file_that_is_not_ours_is_named(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    for content in (b"", b"x" * 100, save_network(network(), {})[:-50], _without_header()):
        path.write_bytes(content)
        with pytest.raises(WeightsError, match=r"weights\.safetensors: not a symmetry network"):
            load_network(path)


def _without_header() -> bytes:
    header = json.dumps({}).encode()
    return len(header).to_bytes(8, "little") + header


@pytest.mark.real
def test_imagenet_weights_fit() -> None:
    folder = Path(os.environ["VERMILION_REAL"]) / "weights"
    architecture = SMALL.model_copy(update={"width": 1.0})
    state = weights.state_dict("mobilenet_v2_imagenet", folder)
    assert torch.equal(build(architecture, state).state_dict()["features.0.0.weight"], state["features.0.0.weight"])


@pytest.mark.parametrize(("side", "grid"), [(4, 1), (4, 2), (4, 4), (7, 4), (3, 2)])
def test_pooled_cells_are_torchs_adaptive_means(side: int, grid: int) -> None:
    features = torch.randn(2, 3, side, side)
    wanted = torch.nn.functional.adaptive_avg_pool2d(features, grid).flatten(1)
    assert torch.allclose(pooled_cells(features, grid), wanted, atol=1e-6)


def test_a_grid_keeps_where_a_feature_stood() -> None:
    features = torch.zeros(2, 1, 4, 4)
    features[0, 0, 0, 1] = features[1, 0, 3, 1] = 1
    assert torch.equal(*pooled_cells(features, 1))
    assert not torch.equal(*pooled_cells(features, 2))
    assert network(pooled_grid=2)(torch.rand(2, 3, 64, 64)).shape == (2, 8)
