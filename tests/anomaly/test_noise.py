import numpy as np
import pytest
import torch

from tasks.anomaly import noise, rows

SIDES = (4, 8, 8, 16, 16, 32, 32)


def some(faces: int = 3, seed: int = 0) -> torch.Tensor:
    return torch.randn(faces, sum(side * side for side in SIDES), generator=torch.Generator().manual_seed(seed))


def split(flat: torch.Tensor) -> list[torch.Tensor]:
    return rows.unpacked(flat, [(1, side, side) for side in SIDES])


def by_hand(face: np.ndarray, smallest: int) -> float:
    """Algorithm 1's sum of L_ij for one face's row of numbers, map by map and pixel by pixel."""
    total, at = 0.0, 0
    for side in SIDES:
        own = face[at : at + side * side].reshape(side, side).astype(float)
        at += side * side
        while True:
            size = len(own)
            for down, right in ((0, 1), (1, 0)):
                products = [own[y, x] * own[y - down, x - right] for y in range(size) for x in range(size)]
                total += (sum(products) / size**2) ** 2
            if size <= smallest:
                break
            own = own.reshape(size // 2, 2, size // 2, 2).mean((1, 3))
    return total


@pytest.mark.parametrize("smallest", [4, 8, 16])
def test_the_regulariser_is_the_papers_sum(smallest: int) -> None:
    flat = some()
    found = noise.regulariser(split(flat), smallest=smallest)
    assert found.tolist() == pytest.approx([by_hand(face, smallest) for face in flat.numpy()], rel=1e-4)


def test_drawn_into_noise_is_punished_and_renewed() -> None:
    flat = some()
    maps = split(flat)
    before = noise.regulariser(maps, smallest=8)
    maps[-1][0] += torch.linspace(-3, 3, 32)  # a face drawn into the finest map of one
    after = noise.regulariser(maps, smallest=8)
    assert after[0] > 10 * before[0]
    assert after[1:].equal(before[1:])
    noise.renew(maps)
    for own in maps:
        assert own.mean((-1, -2)).abs().max() < 1e-5
        assert own.square().mean((-1, -2)).flatten().tolist() == pytest.approx([1, 1, 1], abs=1e-4)
