"""Of several faces in a photograph the one that is asked for: by its number from the left, or the largest."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from flows import PROJECT
from flows.photographs import faces, score
from tasks.base.images import encode_png
from tasks.errors import InputError
from tasks.evaluation.photo_page import render_photo_page
from tasks.evaluation.photograph import Photograph
from tasks.ingest.faces.detection import NoSuchFace
from tasks.pages.chapter import Reading
from tasks.params import load
from tasks.params.ingest import IngestLandmarks
from tests.ingest.drawn import face

SETTINGS = load(IngestLandmarks, "ingest_landmarks", PROJECT / "params.yaml")
SMALL, LARGE = face(3).image, cv2.resize(face(4).image, None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC)


def side_by_side(*pictures: np.ndarray) -> np.ndarray:
    """On grey, in one row."""
    height = max(len(one) for one in pictures)
    return np.hstack([np.pad(one, ((0, height - len(one)), (0, 0), (0, 0)), constant_values=128) for one in pictures])


BOTH = side_by_side(SMALL, LARGE)


def middle(found: faces.Found) -> float:
    return float(np.reshape(np.array(found.row["points"], float), (68, 2))[:, 0].mean())


def test_faces_are_numbered_from_the_left_and_the_largest_is_told() -> None:
    first, second, largest = (faces.find(BOTH, SETTINGS, which) for which in (1, 2, faces.LARGEST))
    assert (first.row["reason"], second.row["reason"]) == (None, None)
    assert middle(first) < SMALL.shape[1] < middle(second) == middle(largest)
    assert first.said == "face 1 of 2, counted from the left"
    assert largest.said == "face 2 of 2, counted from the left, the largest"
    swapped = faces.find(side_by_side(LARGE, SMALL), SETTINGS, faces.LARGEST)
    assert swapped.said == "face 1 of 2, counted from the left, the largest"
    by_params = SETTINGS.model_copy(update={"several": "largest"})
    assert faces.find(BOTH, by_params, None).said == largest.said
    assert faces.find(BOTH, by_params, 1).said == first.said


def test_without_a_choice_the_reason_says_how_to_make_one() -> None:
    reason = str(faces.find(BOTH, SETTINGS, None).row["reason"])
    assert reason.startswith("2 faces found, one wanted; ingest_landmarks.several: largest (params.yaml)")
    assert reason.endswith("or name one: --face largest, --face 1, --face 2 (from the left)")


def test_of_one_face_nothing_is_said_and_there_is_no_second() -> None:
    assert [faces.find(SMALL, SETTINGS, which).said for which in (None, 1, faces.LARGEST)] == ["", "", ""]
    with pytest.raises(NoSuchFace, match="1 face found, so there is no face 2"):
        faces.find(SMALL, SETTINGS, 2)
    with pytest.raises(NoSuchFace, match="2 faces found, so there is no face 3"):
        faces.find(BOTH, SETTINGS, 3)
    nobody = np.full((200, 200, 3), 128, np.uint8)
    assert faces.find(nobody, SETTINGS, 1).row["reason"] == "no face found"


@pytest.mark.parametrize("option", ["0", "-1", "two", "", "1.5", "\u0661"])
def test_another_word_is_refused_with_what_is_accepted(option: str) -> None:
    with pytest.raises(InputError, match="largest, or a number from 1"):
        faces.asked(option)
    assert [faces.asked(own) for own in (None, "largest", "2")] == [None, "largest", 2]


class Toy:
    """A system that says where the lips are."""

    notices: Sequence[str] = ()
    steps = 1

    def read(self, photograph: Photograph, advance: Callable[[int], None]) -> Reading:
        return Reading("toy", "Toy", {}, cells={"x": float(photograph.landmarks[:, 0].mean())})


def test_scoring_reads_the_same_face_and_its_page_says_which(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_bytes((PROJECT / "params.yaml").read_bytes())
    photograph = tmp_path / "both.png"
    photograph.write_bytes(encode_png(BOTH))

    def scored(which: faces.Which) -> score.Scored:
        return score.score(photograph, {"toy": Toy()}, tmp_path, drawn=None, which=which, advance=lambda _: None)

    left, right, unsaid, none = (scored(which) for which in (1, 2, None, 3))
    assert left.photo.readings[0].cells["x"] < SMALL.shape[1] < right.photo.readings[0].cells["x"]
    assert "Of several faces: face 2 of 2, counted from the left" in render_photo_page(right.photo, notices=[])
    assert right.record(["toy"], [])["face"] == "face 2 of 2, counted from the left"
    assert "--face largest" in str(unsaid.photo.reason) and "no face 3" in str(none.photo.reason)
