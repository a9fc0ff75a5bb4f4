import torch

from tasks.anomaly import rows


def test_parts_lie_side_by_side_and_come_back_as_views() -> None:
    parts = [torch.randn(3, 5), torch.randn(3), torch.randn(3, 1, 4, 4)]
    flat = rows.packed(parts)
    assert flat.shape == (3, 32)
    again = rows.unpacked(flat, [(5,), (), (1, 4, 4)])
    assert all(torch.equal(one, other) for one, other in zip(parts, again, strict=True))
    again[2][1, 0, 0, 1] = 9
    assert flat[1, 7] == 9, "a copy, not a view"


def test_an_optimiser_rounds_every_row_alike() -> None:
    """The same row three times, of a length that no vector divides."""
    row = torch.randn(1, 3, generator=torch.Generator().manual_seed(1))
    flat = rows.packed([row.expand(3, -1)]).requires_grad_()
    optimiser = torch.optim.Adam([flat], lr=0.01, fused=True)
    for step in range(300):
        flat.grad = 1 + torch.randn(1, flat.shape[1], generator=torch.Generator().manual_seed(step)).repeat(3, 1)
        optimiser.step()
    assert torch.equal(flat[0], flat[1])
    assert torch.equal(flat[0], flat[2])
