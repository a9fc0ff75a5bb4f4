import numpy as np
import pytest
import torch

from tasks.base.images import UnreadableImage, encode_png
from tasks.faces import pictures


def test_a_generators_picture_survives_to_its_last_16_bits() -> None:
    picture = torch.rand(3, 8, 12) * 2 - 1
    again = pictures.to_tensor(pictures.decode(pictures.encode(picture)))
    assert again.shape == picture.shape
    assert again.dtype == torch.float32
    assert (again - picture).abs().max() <= 1.01 / 65535


def test_colours_beyond_the_range_are_clamped() -> None:
    picture = torch.tensor([-3.0, 0.5, 7.0])[:, None, None].expand(3, 4, 4)
    red, green, blue = pictures.decode(pictures.encode(picture))[0, 0]
    assert (red, blue) == (0, 1)
    assert green == pytest.approx(0.75, abs=1e-5)


def test_pictures_of_8_bits_are_read_too() -> None:
    image = np.random.default_rng(1).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    assert np.array_equal(pictures.decode(encode_png(image)) * 255, image)


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(UnreadableImage):
        pictures.decode(b"no picture")
    with pytest.raises(ValueError, match="NaN"):
        pictures.encode(torch.full((3, 4, 4), torch.nan))
