"""The same mean in every light."""

import numpy as np
import pytest

from tasks.errors import InputError
from tasks.faces.brightness import DARKEST, MIDDLE, even


def test_the_mean_is_the_same_in_every_light() -> None:
    picture, mask = np.full((4, 4, 3), 0.2), np.zeros((4, 4))
    mask[1:3] = 1.0
    picture[0] = 1.0  # outside the mask
    assert even(picture, mask) == pytest.approx(MIDDLE / 0.2)
    assert even(picture / 2, mask) == pytest.approx(2 * MIDDLE / 0.2)
    assert even(picture * 0, mask) == MIDDLE / DARKEST
    with pytest.raises(InputError, match="outside the picture"):
        even(picture, mask * 0)
