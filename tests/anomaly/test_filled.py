"""A filling in the place of a drawn face: what was filled differs, what was not differs by nothing."""

from typing import Any

import numpy as np
import pytest

from tasks.anomaly.filled import as_drawn, map_fillings, score_fillings
from tasks.anomaly.scores import FLOOR
from tasks.base.images import encode_png
from tasks.faces.pictures import decode
from tasks.schemas.anomaly import ANOMALY_MAPS
from tasks.schemas.faces import ALIGNED
from tasks.schemas.inpainting import FILLINGS
from tests.anomaly.test_scores import PERCEPTUAL, SETTINGS, SIDE, aligned_row

CROP = 80
SHIFT = 10
"""The crop begins so many pixels left of and above the aligned picture; both have the photograph's scale."""


def filling(image_id: str, changed: np.ndarray | None, *, proposal: int = 0, reason: str | None = None) -> Any:
    """A row of FILLINGS: a grey crop, of which `changed` (a mask) is filled 40 levels brighter."""
    row = {"image_id": image_id, "proposal": proposal, "subject_id": f"s{image_id}", "population": "repaired"}
    if changed is None:
        return row | {"reason": reason}
    crop = np.full((CROP, CROP, 3), 100, np.uint8)
    filled = np.where(changed[..., None], crop + 40, crop).astype(np.uint8)
    pictures = {"photograph": crop, "filled": filled, "mask": np.repeat(changed[..., None], 3, axis=2) * np.uint8(255)}
    names = {"masked": "lips and nose", "disagreement": 0.1}
    matrix = [1.0, 0.0, 2.0 - SHIFT, 0.0, 1.0, 3.0 - SHIFT]
    return row | names | {name: encode_png(own) for name, own in pictures.items()} | {"to_original": matrix}


@pytest.fixture
def aligned(points: np.ndarray) -> Any:
    grey = np.full((SIDE, SIDE, 3), 100 / 255)
    return ALIGNED.table([*(aligned_row(name, grey, points) for name in "ab"), aligned_row("c", None, points, "blur")])


@pytest.fixture
def points(even_face: Any) -> np.ndarray:
    return np.asarray(even_face.landmarks * (SIDE / len(even_face.image)))


def part(rows: slice, columns: slice) -> np.ndarray:
    mask = np.zeros((CROP, CROP), bool)
    mask[rows, columns] = True
    return mask


def test_what_was_filled_lies_where_it_is_in_the_photograph(aligned: Any) -> None:
    rows = [filling("a", part(slice(30, 40), slice(20, 50))), filling("b", part(slice(0, 0), slice(0, 0)))]
    drawn = {row["image_id"]: row for row in as_drawn(aligned, FILLINGS.table(rows)).to_pylist()}
    away = decode(drawn["a"]["picture"]) - 100 / 255
    assert np.allclose(away[20:30, 10:40], 40 / 255, atol=1e-4)
    away[20:30, 10:40] = 0
    assert np.abs(away).max() < 1 / 65535
    assert np.abs(decode(drawn["b"]["picture"]) - 100 / 255).max() < 1 / 65535


def test_beyond_the_crop_nothing_is_mirrored(aligned: Any) -> None:
    """The aligned picture may reach further than the crop: what lies at the crop's edge is not repeated there."""
    rows = [filling("a", part(slice(0, SHIFT + 5), slice(0, CROP)))]
    rows[0]["to_original"] = [1.0, 0.0, 2.0, 0.0, 1.0, 3.0 + 20]  # the crop begins 20 px below the picture's top
    drawn = decode(as_drawn(aligned, FILLINGS.table(rows)).to_pylist()[0]["picture"]) - 100 / 255
    assert np.abs(drawn[:19]).max() < 1 / 65535
    assert np.allclose(drawn[21 : 20 + SHIFT + 4], 40 / 255, atol=1e-3)


def test_a_filling_that_changes_nothing_scores_the_floor_and_reasons_stay(aligned: Any, points: np.ndarray) -> None:
    x, y = (np.rint(points[51]).astype(int) + SHIFT).tolist()
    lip = part(slice(y - 3, y + 4), slice(x - 3, x + 4))
    rows = [
        filling("a", lip),
        filling("a", part(slice(0, CROP), slice(0, CROP)), proposal=1),
        filling("b", part(slice(0, 0), slice(0, 0))),
        filling("c", None, reason="no face"),
        filling("stranger", lip),
    ]
    numbers: dict[str, Any] = {"weights": "nowhere", "settings": SETTINGS, "perceptual": PERCEPTUAL}
    scores = score_fillings(aligned, FILLINGS.table(rows), **numbers).to_pandas()
    assert set(scores["image_id"]) == {"a", "b", "c"}
    assert (scores.groupby("image_id").size() == 24).all()
    assert set(scores["step"]) == {0}
    own = scores[scores["processing"] == "base"].set_index(["image_id", "heatmap", "region"])["score"]
    assert own["b"].min() > -np.log(FLOOR) - 2
    assert (own["a"] < own["b"]).all()
    assert set(scores.loc[scores["image_id"] == "c", "reason"]) == {"blur"}
    maps = {row["image_id"]: row for row in map_fillings(aligned, FILLINGS.table(rows), **numbers).to_pylist()}
    assert maps["a"]["heat_high"] > 0
    assert maps["a"]["curve"] is None
    assert maps["c"]["reason"] == "blur"
    assert ANOMALY_MAPS.table(list(maps.values())).num_rows == 3
