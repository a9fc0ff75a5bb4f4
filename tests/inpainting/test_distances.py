"""How far a photograph is from its filling, in every light."""

from typing import Any

import numpy as np
import pytest

from tasks.base.images import encode_png
from tasks.inpainting.nearness import measure_distances
from tasks.params.faces import PerceptualNet
from tasks.schemas.inpainting import FILLINGS

SIDE = 48
NETWORK = PerceptualNet(net="squeeze", trunk="random", size=32)


def filling(light: float, *, difference: float = 0.2) -> Any:
    """One FILLINGS row: a face in this light, whose mouth the filling draws darker by a share."""
    rng = np.random.default_rng(0)
    face = rng.uniform(60, 200, (SIDE, SIDE, 3))
    mask = np.zeros((SIDE, SIDE, 3), np.uint8)
    mask[30:40, 15:33] = 255
    filled = np.where(mask > 0, (1 - difference) * face, face)
    row: dict[str, Any] = {"image_id": "a", "subject_id": "a", "population": "control", "proposal": 0, "reason": None}
    pictures = {"photograph": light * face, "filled": light * filled, "mask": mask.astype(float)}
    row |= {name: encode_png(np.rint(one).astype(np.uint8)) for name, one in pictures.items()}
    return FILLINGS.table([row])


def distance(light: float, brightness: str, heatmap: str = "pse") -> float:
    found = measure_distances(filling(light), perceptual=NETWORK, weights="", threads=1, brightness=brightness)
    return float(found[heatmap][0].as_py())


@pytest.mark.parametrize("heatmap", ["pse", "ssim"])
def test_the_same_filling_is_as_far_in_half_the_light(heatmap: str) -> None:
    evened = [distance(light, "evened", heatmap) for light in (1.0, 0.5)]
    assert evened[1] == pytest.approx(evened[0], rel=0.01)  # grey levels are rounded
    as_is = [distance(light, "as_is", heatmap) for light in (1.0, 0.5)]
    assert as_is[1] < 0.97 * as_is[0]


def test_as_it_is_squares_fall_by_four_in_half_the_light() -> None:
    assert distance(0.5, "as_is") == pytest.approx(distance(1.0, "as_is") / 4, rel=0.03)
