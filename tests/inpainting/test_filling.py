"""A patch is brought into a photograph: nothing else changes, and no edge shows."""

import cv2
import numpy as np
import pytest

from tasks.inpainting.filling import FillError, fill

SIDE = 64


def photograph(shape: tuple[int, int] = (211, 173), seed: int = 0) -> np.ndarray:
    """Smooth shades with texture, odd sides."""
    noise = np.random.default_rng(seed).normal(0, 1, (*shape, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 25) * 900 + cv2.GaussianBlur(noise, (0, 0), 2) * 60 + 128
    shades: np.ndarray = np.clip(smooth, 20, 235).astype(np.uint8)
    return shades


def crop(angle: float = 0.0, scale: float = 2.0, corner: tuple[float, float] = (20.0, 30.0)) -> np.ndarray:
    """Crop to photograph, (2, 3)."""
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.column_stack([turn, corner])


def blob(shape: tuple[int, ...], centre: tuple[int, int] = (80, 95), axes: tuple[int, int] = (30, 21)) -> np.ndarray:
    mask = np.zeros(shape[:2], np.uint8)
    return cv2.ellipse(mask, centre, axes, 20, 0, 360, 1, -1).astype(bool)


def seen(picture: np.ndarray, to_photograph: np.ndarray) -> np.ndarray:
    """What a network that draws the photograph itself would draw, at the photograph's own scale."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(picture, to_photograph, (SIDE, SIDE), flags=flags, borderMode=cv2.BORDER_REFLECT)


@pytest.mark.parametrize("angle", [0.0, 0.3])
def test_outside_the_mask_every_byte_is_the_photographs(angle: float) -> None:
    picture = photograph()
    mask = blob(picture.shape)
    drawn = np.random.default_rng(1).uniform(0, 255, (SIDE, SIDE, 3))
    filled = fill(picture, mask, drawn, crop(angle))
    np.testing.assert_array_equal(filled[~mask], picture[~mask])
    assert (filled[mask] != picture[mask]).mean() > 0.9


def test_its_own_pixels_change_nothing() -> None:
    picture = photograph()
    mask = blob(picture.shape, (50, 60), (20, 14))
    itself = crop(scale=1.0, corner=(20, 30))
    np.testing.assert_array_equal(fill(picture, mask, seen(picture, itself), itself), picture)


@pytest.mark.parametrize("offset", [12.0, -12.0, (20.0, -5.0, 3.0)])
def test_a_constant_offset_is_gone(offset: float | tuple[float, ...]) -> None:
    picture = photograph()
    mask = blob(picture.shape, (50, 60), (20, 14))
    itself = crop(scale=1.0, corner=(20, 30))
    drawn = seen(picture, itself).astype(float) + offset
    assert np.abs(fill(picture, mask, drawn, itself).astype(int) - picture).max() <= 1


def steps(picture: np.ndarray, mask: np.ndarray) -> tuple[float, float]:
    """The mean step between neighbours across the mask's border, and inside it."""
    grey = picture.astype(float).mean(axis=2)
    step = np.abs(np.diff(grey, axis=1))
    return step[mask[:, 1:] != mask[:, :-1]].mean(), step[mask[:, 1:] & mask[:, :-1]].mean()


def test_no_edge_shows() -> None:
    """A patch of other shades that slope: across the border the picture steps no more than inside."""
    picture = photograph()
    mask = blob(picture.shape)
    slope = np.linspace(-40, 40, SIDE)[:, None, None]
    drawn = seen(picture, crop()).astype(float) * 0.8 + slope
    border, inside = steps(fill(picture, mask, drawn, crop()), mask)
    assert border < 1.5 * inside
    plain = np.where(mask[..., None], 0.8 * picture, picture)  # what would be seen without the film
    assert steps(plain, mask)[0] > 3 * border


@pytest.mark.parametrize("centre", [(0, 95), (80, 0), (172, 210), (86, 210)])
def test_a_mask_at_the_pictures_edge(centre: tuple[int, int]) -> None:
    picture = photograph()
    mask = blob(picture.shape, centre)
    whole = crop(scale=4.0, corner=(-30, -20))
    drawn = np.full((SIDE, SIDE, 3), 77.0)
    filled = fill(picture, mask, drawn, whole)
    np.testing.assert_array_equal(filled[~mask], picture[~mask])
    low, high = picture.min(), picture.max()
    assert low - 1 <= filled.min() and filled.max() <= high + 1  # a flat patch takes the border's shades, none beyond


def test_a_mask_that_leaves_the_crop_is_refused() -> None:
    picture = photograph()
    drawn = np.zeros((SIDE, SIDE, 3))
    touching = np.zeros(picture.shape[:2], bool)
    touching[40:60, 20:40] = True  # the crop begins with column 19
    fill(picture, touching, drawn, crop())
    touching[40:60, 15:40] = True
    with pytest.raises(FillError, match=r"16\.0% of the mask lies left of .* \(columns 19 to \d+, rows 29 to \d+, "):
        fill(picture, touching, drawn, crop())
    below = np.zeros(picture.shape[:2], bool)
    below[-60:, 60:90] = True  # a chin that the crop cuts
    with pytest.raises(FillError, match=r"of the mask lies below the square about the face that can be filled"):
        fill(picture, below, drawn, crop())


@pytest.mark.parametrize(
    ("mask", "reason"),
    [
        (np.zeros((211, 173), bool), "the mask is empty"),
        (np.ones((211, 173), bool), "hides the whole photograph"),
        (np.ones((173, 211), bool), "the mask has 211 x 173 pixels, the photograph .* 173 x 211"),
    ],
)
def test_masks_that_cannot_be_filled(mask: np.ndarray, reason: str) -> None:
    with pytest.raises(FillError, match=reason):
        fill(photograph(), mask, np.zeros((SIDE, SIDE, 3)), crop())
