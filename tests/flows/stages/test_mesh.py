"""A project that asks for the 478-point model runs where dlib's 68-point file is not there."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.base import tables, weights
from tasks.ingest.faces import landmarks
from tasks.schemas.anthropometry import ANTHROPOMETRY_POINTS
from tasks.schemas.ingest import LANDMARKS, LIPS
from tasks.schemas.symmetry import WARPS
from tests.here import stages
from tests.project import copy_project, set_number

OUTS = {
    "ingest_landmarks": "ingest/landmarks",
    "ingest_lips": "ingest/lips",
    "symmetry_warp": "symmetry/warps",
    "synthesis_screen": "synthesis/screened",
    "synthesis_identity": "synthesis/identity.parquet",
    "synthesis_classify": "synthesis/classified.parquet",
    "anthropometry_points": "anthropometry/points",
}


@pytest.fixture
def _no_dlib(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lost = replace(weights.DLIB_68_LANDMARKS, package="", file=str(tmp_path / "lost.dat"))
    monkeypatch.setitem(weights.REGISTRY, lost.name, lost)
    monkeypatch.setattr(landmarks, "_predictor", landmarks._predictor.__wrapped__)


@pytest.mark.long
@pytest.mark.usefixtures("_no_dlib")
def test_every_stage_that_places_points_goes_without_dlibs_file(built: Path, tmp_path: Path) -> None:
    project = copy_project(built, tmp_path / "p")
    set_number(project, "ingest_landmarks", "max_yaw", 19)
    with pytest.raises(SystemExit, match="dlib_68_landmarks"):
        _anew(project, "ingest_landmarks")
    set_number(project, "ingest_landmarks", "model", "mesh")
    for name in OUTS:
        if name == "synthesis_identity":
            shutil.rmtree(project / "data/synthesis/embeddings")
        _anew(project, name)
    found = tables.read(project / "data/ingest/landmarks", LANDMARKS).to_pandas()
    fit = found.loc[found["reason"].isna()]
    before = tables.read(built / "data/ingest/landmarks", LANDMARKS).to_pandas()
    assert len(fit) >= 0.9 * before["reason"].isna().sum()
    points = tables.read(project / "data/anthropometry/points", ANTHROPOMETRY_POINTS).to_pandas()
    assert set(points["source"].dropna()) == {"the 478-point model alone"}
    assert tables.read(project / "data/ingest/lips", LIPS).num_rows
    assert tables.read(project / "data/symmetry/warps", WARPS).num_rows


def _anew(project: Path, name: str) -> None:
    path = project / "data" / OUTS[name]
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    stages(project, name)
