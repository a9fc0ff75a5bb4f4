"""The 68 points by the 478-point model: near the truth and near dlib's, on any tilt, and without dlib's file."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tasks.base import weights
from tasks.base.points68 import MIRROR
from tasks.base.weights import WeightsError
from tasks.ingest.faces import landmarks
from tasks.ingest.faces.landmarks import measure_face
from tasks.ingest.faces.mesh68 import INNER, OUTLINE, of_mesh
from tests.ingest.drawn import SETTINGS, face, scaled

MESH = SETTINGS.model_copy(update={"model": "mesh"})


def points_of(row: Any) -> np.ndarray:
    return np.array(row["points"]).reshape(68, 2)


def apart(found: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Distances, shares of the outer eye distance."""
    shares: np.ndarray = np.linalg.norm(found - wanted, axis=1) / np.linalg.norm(wanted[45] - wanted[36])
    return shares


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 4, 5])
def test_points_are_where_they_were_drawn(seed: int) -> None:
    drawing = face(seed)
    row: dict[str, Any] = measure_face(drawing.image, MESH)
    assert row["reason"] is None
    error = apart(points_of(row), drawing.landmarks)
    assert error[48:].mean() < 0.05 and error[27:].mean() < 0.06 and error.mean() < 0.09
    assert apart(points_of(row), points_of(measure_face(drawing.image, SETTINGS))).mean() < 0.09


def test_a_tilted_head_is_seen_as_an_upright_one() -> None:
    """The box does not know how the head tilts; the second look does."""
    image = face(size=400).image
    middle = (199.5, 199.5)
    turn = cv2.getRotationMatrix2D(middle, 20, 1)
    tilted = cv2.warpAffine(image, turn, (400, 400), borderMode=cv2.BORDER_REPLICATE)
    upright, found = (points_of(measure_face(one, MESH)) for one in (image, tilted))
    assert np.median(apart(found, cv2.transform(upright[None], turn)[0])) < 0.02


@pytest.mark.parametrize("scale", [0.5, 2, 4])
def test_points_agree_at_any_size(scale: float) -> None:
    base = points_of(measure_face(face().image, MESH))
    row = measure_face(scaled(face().image, scale), MESH)
    error = apart((points_of(row) + 0.5) / scale - 0.5, base)
    assert error.mean() < 0.02 and error.max() < 0.06


def test_the_numbers_mirror_each_other() -> None:
    """On a mesh that is exactly its own mirror image, so are the 68 points."""
    from tasks.ingest.faces.mesh import MIDLINE, PAIRED

    pairs = dict(PAIRED.values()) | {right: left for left, right in PAIRED.values()}
    pairs |= {number: number for numbers in MIDLINE.values() for number in numbers}
    outline = dict(zip(OUTLINE, OUTLINE[::-1], strict=True))
    numbers = (*(None,) * 17, *INNER)
    for index, number in enumerate(numbers):
        if number is None:
            continue
        other = numbers[MIRROR[index]]
        assert number not in pairs or pairs[number] == other
    assert outline[152] == 152 and all(pairs.get(one, other) == other for one, other in outline.items())


def test_the_jaw_stands_in_equal_steps() -> None:
    found = np.random.default_rng(0).normal(size=(478, 2))
    angles = np.linspace(np.pi, 0, len(OUTLINE))
    found[list(OUTLINE)] = np.column_stack([np.cos(angles), np.sin(angles)])
    jaw = of_mesh(found)[:17]
    steps = np.hypot(*np.diff(jaw, axis=0).T)
    assert np.allclose(jaw[8], found[152]) and np.allclose(jaw[[0, 16]], found[[127, 356]])
    assert steps.max() / steps.min() < 1.02


def test_dlibs_file_is_not_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the file the default stops and says what is missing; `mesh` goes through."""
    monkeypatch.setitem(weights.REGISTRY, "dlib_68_landmarks", _missing(tmp_path))
    landmarks._predictor.cache_clear()
    with pytest.raises(WeightsError, match=r"shape_predictor_68_face_landmarks\.dat"):
        measure_face(face().image, SETTINGS)
    assert measure_face(face().image, MESH)["reason"] is None
    landmarks._predictor.cache_clear()


def _missing(folder: Path) -> weights.Weights:
    from dataclasses import replace

    return replace(weights.DLIB_68_LANDMARKS, package="", file=str(folder / "shape_predictor_68_face_landmarks.dat"))
