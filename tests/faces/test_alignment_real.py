"""Real faces, aligned and looked for again. Skipped unless VERMILION_REAL names the photographs' folder."""

import os
from pathlib import Path

import numpy as np
import pytest

from tasks.base import images
from tasks.faces.alignment import align
from tasks.faces.regions import eye_centres, region_masks
from tasks.ingest.faces.landmarks import measure_face
from tasks.params.anomaly import AnomalyAlign
from tests.faces.aligning import EYES, FFHQ, PUBLISHED, numbers
from tests.ingest.drawn import SETTINGS

REAL = Path(os.environ.get("VERMILION_REAL", ""))
pytestmark = pytest.mark.real
PHOTOGRAPHS = ("neutral/001_03.jpg", "neutral/012_03.jpg", "smiling/007_08.jpg", "smiling/030_08.jpg")


def points_of(image: np.ndarray) -> np.ndarray:
    row = measure_face(image, SETTINGS)
    return np.reshape(np.array(row["points"]), (68, 2))


@pytest.mark.parametrize(
    "settings",
    [numbers(EYES, size=256, eye_distance=80), numbers(FFHQ, size=256), PUBLISHED],
    ids=["eyes", "ffhq", "published"],
)
@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_the_points_found_again_are_the_points_carried_over(name: str, settings: AnomalyAlign) -> None:
    image = images.read(REAL / "london" / name)
    aligned = align(image, points_of(image), settings=settings)
    apart = np.hypot(*(points_of(aligned.picture) - aligned.points).T)
    distance = np.hypot(*np.subtract(*eye_centres(aligned.points)))
    assert apart.mean() < 0.04 * distance
    assert all(mask.any() for mask in region_masks(aligned.points, settings.size, soft_edge=0).values())
