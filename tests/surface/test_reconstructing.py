"""Photographs without a face from the front make none, and what may be wrong with them is said."""

from types import SimpleNamespace

import numpy as np
import pytest

from tasks import params
from tasks.errors import InputError
from tasks.params.ingest import IngestLandmarks
from tasks.params.surface import SurfaceCameras, SurfaceReconstruct
from tasks.surface import reconstructing
from tasks.surface.sizing import Known
from tests.surface.measured import NUMBERS


def test_no_face_asks_whether_the_photographs_stand_upright(monkeypatch: pytest.MonkeyPatch) -> None:
    solved = SimpleNamespace(names=[], cameras={}, bends={}, table=[])
    monkeypatch.setattr(reconstructing, "solved_of", lambda *_, **__: solved)
    with pytest.raises(InputError, match="in 0 of the photographs.*stand on their head: vermilion capture check names"):
        reconstructing.face_of(
            {},
            {},
            lambda _: np.zeros((1, 1, 3), np.uint8),
            known=(),
            detection=params.load(IngestLandmarks, "ingest_landmarks", NUMBERS),
            cameras=params.load(SurfaceCameras, "surface_cameras", NUMBERS),
            settings=params.load(SurfaceReconstruct, "surface_reconstruct", NUMBERS),
        )


def test_a_distance_that_cannot_be_one_is_told_before_anything_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconstructing, "solved_of", lambda *_, **__: pytest.fail("computed"))
    with pytest.raises(InputError, match="from nose to menton: there is no point nose"):
        reconstructing.face_of(
            {},
            {},
            lambda _: np.zeros((1, 1, 3), np.uint8),
            known=[Known("nasion", "menton", 110), Known("nose", "menton", 40)],
            detection=params.load(IngestLandmarks, "ingest_landmarks", NUMBERS),
            cameras=params.load(SurfaceCameras, "surface_cameras", NUMBERS),
            settings=params.load(SurfaceReconstruct, "surface_reconstruct", NUMBERS),
        )
