"""Muon for many small matrices does what torch's does for one."""

from typing import Any

import pytest
import torch

from tasks.synthesis.standin.muon import Muon, orthogonalised

SHAPES = ((24, 24), (24, 24), (72, 24), (24, 60))


def matrices() -> list[torch.nn.Parameter]:
    torch.manual_seed(1)
    return [torch.nn.Parameter(torch.randn(shape) / 5) for shape in SHAPES]


def moved(optimiser: torch.optim.Optimizer, ours: list[torch.nn.Parameter]) -> list[torch.Tensor]:
    """How far five steps move the matrices; gradients change, as momentum is to matter."""
    before = [one.detach().clone() for one in ours]
    draws = torch.Generator().manual_seed(2)
    for _ in range(5):
        for one in ours:
            one.grad = torch.randn(one.shape, generator=draws)
        optimiser.step()
    return [one.detach() - old for one, old in zip(ours, before, strict=True)]


def test_the_steps_are_torchs_but_for_bfloat16() -> None:
    ours, theirs = matrices(), matrices()
    found = moved(Muon(ours, lr=0.1, weight_decay=0.2), ours)
    known = moved(torch.optim.Muon(theirs, lr=0.1, weight_decay=0.2), theirs)
    for own, right in zip(found, known, strict=True):
        assert (own - right).norm() < 0.02 * right.norm()


def test_a_matrix_moves_alike_whoever_is_beside_it() -> None:
    every, alone = matrices(), matrices()[:1]
    draws = torch.randn(SHAPES[0])
    for one in (every[0], alone[0]):
        one.grad = draws.clone()
    every[1].grad = torch.randn(SHAPES[1])
    Muon(every, lr=0.1, weight_decay=0.0).step()  # those without a gradient stay
    Muon(alone, lr=0.1, weight_decay=0.0).step()
    torch.testing.assert_close(every[0], alone[0])
    assert torch.equal(every[2], matrices()[2])
    assert not torch.equal(every[1], matrices()[1])


@pytest.mark.parametrize("shape", [(2, 40, 40), (2, 90, 30), (2, 30, 90)])
def test_singular_values_come_near_1(shape: Any) -> None:
    """Between 0.5 and 1.5, as torch's documentation has it, but for those that are hardly there."""
    given = torch.randn(shape, generator=torch.Generator().manual_seed(3))
    before, values = torch.linalg.svdvals(given), torch.linalg.svdvals(orthogonalised(given))
    assert values.max() < 1.5
    assert values[before > 0.1 * before.max()].min() > 0.5
    assert before.max() > 5
    assert orthogonalised(torch.zeros(shape)).abs().max() == 0


def test_going_on_from_its_state_is_as_if_it_had_not_stopped() -> None:
    whole, halved = matrices(), matrices()
    first = Muon(whole, lr=0.1, weight_decay=0.1)
    expected = [sum(parts) for parts in zip(moved(first, whole), moved(first, whole), strict=True)]
    before = Muon(halved, lr=0.1, weight_decay=0.1)
    start = moved(before, halved)
    after = Muon(halved, lr=0.1, weight_decay=0.1)
    after.load_state_dict(before.state_dict())
    for own, one, other in zip(expected, start, moved(after, halved), strict=True):
        torch.testing.assert_close(own, one + other)
