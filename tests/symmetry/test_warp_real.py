"""The warps on real faces: no seam, little folding. Skipped unless VERMILION_REAL names the photographs' folder."""

import os
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from tasks import params
from tasks.base import images
from tasks.ingest.faces.landmarks import measure_face
from tasks.params.ingest import IngestLandmarks
from tasks.params.symmetry import SymmetryWarp
from tasks.symmetry.deformations import GEOMETRIC
from tasks.symmetry.plans import make_plan
from tasks.symmetry.warp import warp_face

REAL = Path(os.environ.get("VERMILION_REAL", ""))
pytestmark = pytest.mark.real
ROOT = Path(__file__).parents[2]
KINDS = [*GEOMETRIC, "clp", "local", "scar"]
PHOTOGRAPHS = ("neutral/001_03.jpg", "neutral/012_03.jpg", "smiling/007_08.jpg", "smiling/030_08.jpg")


@cache
def face(name: str) -> tuple[np.ndarray, np.ndarray]:
    settings = params.load(IngestLandmarks, "ingest_landmarks", ROOT / "params.yaml")
    image = images.read(REAL / "london" / name)
    row = measure_face(image, settings)
    assert row["reason"] is None
    return image, np.reshape(np.array(row["points"]), (68, 2))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["mesh", "smooth"])
def test_no_seam_where_the_change_ends(kind: str, method: str) -> None:
    fixed = {"severity_low": 1.0, "severity_high": 1.0, "smooth_share": float(method == "smooth"), "jitter": 0.0}
    settings = params.load(SymmetryWarp, "symmetry_warp", ROOT / "params.yaml").model_copy(update=fixed)
    for name in PHOTOGRAPHS:
        image, landmarks = face(name)
        plan = make_plan(kind, "left", np.random.default_rng(1), settings=settings, exemplars=None)
        done = warp_face(image, landmarks, plan, settings=settings)
        assert done.severity > 0.5
        change = np.abs(done.image.astype(int) - image).max(axis=2)
        changed = cv2.morphologyEx((change > 0).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
        edge = changed.astype(bool) & ~cv2.erode(changed, np.ones((3, 3), np.uint8)).astype(bool)
        inside = change[changed.astype(bool) & ~edge]
        assert change[edge].mean() < 4
        assert np.percentile(inside, 90) > 3  # and something did change
