"""The generator is the one of section II: what it looks at, what it shares, and what is switched off."""

import pytest
import torch
import torch.nn.functional as F

from tasks.inpainting.network.discriminator import Discriminator
from tasks.inpainting.network.generator import Generator, ShortLongAttention, elu, merged
from tasks.inpainting.network.landmark_maps import POINTS, point_map
from tasks.params.inpainting import Network

SIZE = 32


def numbers(**changes: object) -> Network:
    own = {"width": 8, "halvings": 3, "blocks": 2, "dilation": 2, "mask_channel": True, "gated": True}
    return Network.model_validate({**own, "landmarks": True, "spread": 1.0, **changes})


def generator(**changes: object) -> Generator:
    torch.manual_seed(0)
    return Generator(numbers(**changes)).eval()


def given(count: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    draws = torch.Generator().manual_seed(1)
    mask = torch.zeros(count, 1, SIZE, SIZE)
    mask[:, :, 12:25, 9:22] = 1
    return torch.rand(count, 3, SIZE, SIZE, generator=draws), mask


@pytest.mark.parametrize("halvings", [2, 3, 4])
@pytest.mark.parametrize("gated", [True, False])
def test_a_picture_and_68_points_come_out(halvings: int, gated: bool) -> None:
    drawn, points = generator(halvings=halvings, gated=gated)(*given())
    assert drawn.shape == (2, 3, SIZE, SIZE)
    assert drawn.min() >= 0 and drawn.max() <= 1
    assert points is not None and points.shape == (2, POINTS, 2)


def test_what_lies_under_the_mask_is_not_looked_at() -> None:
    pictures, mask = given()
    network = generator()
    others = torch.where(mask > 0, torch.rand_like(pictures), pictures)
    for one, other in zip(network(pictures, mask), network(others, mask), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_what_lies_outside_reaches_every_filled_pixel_and_every_point() -> None:
    pictures, mask = given(1)
    pictures.requires_grad_()
    drawn, points = generator()(pictures, mask)
    for part in ((drawn * mask).sum(), points.sum()):
        [slope] = torch.autograd.grad(part, pictures, retain_graph=True)
        assert (slope.abs().sum(1, keepdim=True) > 0)[mask == 0].float().mean() > 0.9
        assert slope.abs().sum(1, keepdim=True)[mask > 0].max() == 0


def test_the_gate_to_f1_begins_at_zero_and_learns() -> None:
    """Equation 5."""
    network = generator()
    assert network.branch is not None
    assert float(network.branch.gate.detach()) == 0
    _, points = network(*given())
    torch.autograd.backward(points.square().sum())
    assert network.branch.gate.grad is not None and network.branch.gate.grad != 0


def test_the_picture_teaches_the_landmarks_through_f2() -> None:
    """The published code cuts this path."""
    network = generator()
    assert network.branch is not None
    pictures, mask = given()
    drawn, _ = network(pictures, mask)
    torch.autograd.backward((drawn * mask).sum())
    slope = network.branch.points.weight.grad
    assert slope is not None and slope.abs().max() > 0


def test_without_the_branch_there_are_no_points() -> None:
    network = generator(landmarks=False)
    drawn, points = network(*given())
    assert points is None and drawn.shape == (2, 3, SIZE, SIZE)
    assert network.f2 is None


def test_gates_are_extra_weights_where_the_size_changes_alone() -> None:
    names = {name for name, value in generator().named_parameters()}
    assert names == {name for name, value in generator(gated=False).named_parameters()}
    plain = dict(generator(gated=False).named_parameters())
    grown = {name.split(".")[0] for name, own in generator().named_parameters() if own.shape != plain[name].shape}
    assert grown == {"first", "down", "up", "last"}


def test_attention_copies_what_is_alike() -> None:
    """Two places whose features agree look at each other; what was not seen takes the encoder's feature from there."""
    attention = ShortLongAttention(4)
    with torch.no_grad():
        attention.query.weight.copy_(30 * torch.eye(4)[:1, :, None, None])
        attention.query.bias.zero_() if attention.query.bias is not None else None
        attention.long.fill_(1)
        attention.joined.weight.copy_(torch.cat([torch.zeros(4, 4), torch.eye(4)], 1)[..., None, None])
        attention.joined.bias.zero_() if attention.joined.bias is not None else None
    deep = torch.zeros(1, 4, 2, 2)
    deep[0, 0] = torch.tensor([[1.0, -1.0], [-1.0, 1.0]])  # 0 and 3 are alike, and 1 and 2
    encoded = torch.arange(4.0).view(1, 1, 2, 2).expand(1, 4, 2, 2)
    mask = torch.tensor([[0.0, 0.0], [0.0, 1.0]]).view(1, 1, 2, 2)
    found = attention(deep, encoded, mask)[0, 0].flatten()
    torch.testing.assert_close(found, torch.tensor([0.0, 1.0, 2.0, 1.5]), rtol=0, atol=1e-5)  # the mean of 0 and 3


def test_the_map_has_one_channel_per_point() -> None:
    points = torch.tensor([[[0.25, 0.75], [0.99, 0.01]]])
    found = point_map(points, 8, 0.0)
    assert found.shape == (1, 2, 8, 8)
    assert found.sum((2, 3)).tolist() == [[1, 1]]
    assert found[0, 0, 6, 2] == 1 and found[0, 1, 0, 7] == 1  # row y, column x
    outside = point_map(torch.tensor([[[1.2, 0.5]]]), 8, 0.0)
    assert outside.sum() == 0


@pytest.mark.parametrize("spread", [0.0, 1.0, 2.0])
def test_the_map_moves_with_the_point(spread: float) -> None:
    """Its gradient points the way in which the point has to go, in equation 6's binary map too."""
    points = torch.tensor([[[0.5, 0.5]]], requires_grad=True)
    wanted = point_map(torch.tensor([[[0.6, 0.4]]]), 16, 1.0)
    torch.autograd.backward(-(point_map(points, 16, spread) * wanted).sum())
    assert points.grad is not None
    assert points.grad[0, 0, 0] < 0 < points.grad[0, 0, 1]


def test_a_patch_is_judged_by_itself() -> None:
    torch.manual_seed(0)
    network = Discriminator(8).eval()
    pictures = torch.rand(1, 3, 128, 128)
    before = network(pictures)
    pictures[:, :, 100:, 100:] = 0
    changed = (network(pictures) - before).abs()[0, 0] > 1e-6
    assert changed[-1, -1] and not changed[0, 0]
    assert before.shape == (1, 1, 14, 14)


def test_merged_takes_the_filling_under_the_mask() -> None:
    pictures, mask = given()
    drawn = torch.full_like(pictures, 2.0)
    found = merged(pictures, drawn, mask)
    assert (found[mask.expand_as(found) > 0] == 2).all()
    assert torch.equal(found[mask.expand_as(found) == 0], pictures[mask.expand_as(found) == 0])


def test_elu_is_torchs_own_with_its_gradient() -> None:
    x = torch.cat([torch.linspace(-30, 30, 1001), torch.tensor([0.0, -0.0, 1e4, -1e4])])
    ours, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
    weight = torch.linspace(-1, 1, len(x))
    (elu(ours) * weight).sum().backward()  # type: ignore[no-untyped-call]
    (F.elu(theirs) * weight).sum().backward()  # type: ignore[no-untyped-call]
    assert torch.allclose(elu(x), F.elu(x), rtol=0, atol=2e-7)
    assert ours.grad is not None
    assert theirs.grad is not None
    assert torch.allclose(ours.grad, theirs.grad, rtol=0, atol=2e-7)
    assert elu(torch.tensor([torch.nan])).isnan().all()
