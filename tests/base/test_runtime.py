"""Torch is settled for as long as asked and then as it was; seeds depend on their names alone."""

import pytest
import torch

from tasks.base import runtime


def test_settled_and_put_back_even_after_an_error() -> None:
    torch.manual_seed(11)
    expected, threads = torch.rand(2), torch.get_num_threads()
    torch.manual_seed(11)
    with pytest.raises(RuntimeError, match="inside"), runtime.settled(threads=threads + 1, seed=3):
        assert torch.get_num_threads() == threads + 1
        raise RuntimeError("inside")
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.rand(2), expected)


def test_inside_the_seed_decides() -> None:
    def drawn(seed: int) -> torch.Tensor:
        with runtime.settled(threads=1, seed=seed):
            return torch.rand(3)

    assert torch.equal(drawn(5), drawn(5))
    assert not torch.equal(drawn(5), drawn(6))


def test_seeds_are_the_same_on_every_machine_and_differ_by_purpose() -> None:
    assert runtime.seed_of(7, "order", 0) == 4527540362887374998
    names: list[tuple[int | str, str, int]]
    names = [(7, "order", 0), (7, "order", 1), (8, "order", 0), (7, "dropout", 0), ("7", "order", 0), (70, "rder", 0)]
    assert len({runtime.seed_of(*name) for name in names}) == len(names)
    assert all(0 <= runtime.seed_of(*name) < 2**63 for name in names)
