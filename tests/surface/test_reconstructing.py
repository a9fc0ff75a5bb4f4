"""Photographs without a face from the front make none, and what may be wrong with them is said."""

from types import SimpleNamespace

import numpy as np
import pytest

from tasks import params
from tasks.errors import InputError
from tasks.params.ingest import IngestLandmarks
from tasks.params.surface import SurfaceCameras, SurfaceReconstruct
from tasks.surface import reconstructing
from tasks.surface.cameras.features import features_of
from tasks.surface.scale.known_distances import Known
from tasks.surface.scale.ruler import Ruler
from tests.surface.balls import FOCAL, RING, SETTINGS, camera, face, picture
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


def test_a_ruler_whose_ends_are_exchanged_in_one_line_refuses_the_visit(monkeypatch: pytest.MonkeyPatch) -> None:
    cameras = {f"{number:02d}": camera(*place) for number, place in enumerate(RING)}
    seen = {name: features_of(picture(own), face(own), settings=SETTINGS) for name, own in cameras.items()}
    ends = np.array([[-30.0, 5, 85], [35, -5, 82]])
    clicks = {name: cameras[name].project(ends) for name in ("03", "04", "05")}
    first, second = ({name: (float(own[end, 0]), float(own[end, 1])) for name, own in clicks.items()} for end in (0, 1))
    monkeypatch.setattr(reconstructing, "looks_of", lambda *_, **__: [])
    parts: list[str] = []

    def made(ruler: Ruler) -> None:
        reconstructing.face_of(
            seen,
            dict.fromkeys(seen, FOCAL),
            lambda name: picture(cameras[name]),
            known=(),
            ruler=ruler,
            detection=params.load(IngestLandmarks, "ingest_landmarks", NUMBERS),
            cameras=SETTINGS,
            settings=params.load(SurfaceReconstruct, "surface_reconstruct", NUMBERS),
            part=parts.append,
        )

    with pytest.raises(InputError, match="a face from the front was found in 0 of the photographs"):
        made(Ruler(first, second, 66.0))  # the ruler itself is well
    assert parts == ["cameras", "points"]
    wrong = Ruler(first | {"04": second["04"]}, second | {"04": first["04"]}, 66.0)
    with pytest.raises(InputError, match="the ruler: its two ends seem to be exchanged in 04: "):
        made(wrong)
