"""A clip is one take: a cut to somebody else is seen, and nothing that one person's clip shows is taken for one."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from flows import PROJECT
from tasks import params
from tasks.ingest.clips.cuts import cut_at, small
from tasks.ingest.clips.frames import read_frames, sample_frames
from tasks.params.ingest import IngestFrames
from tasks.schemas.ingest import IMAGES
from tests.ingest.drawn import face

SETTINGS = params.load(IngestFrames, "ingest_frames", PROJECT / "params.yaml")


def take(seed: int, number: int = 8) -> list[np.ndarray]:
    """A drawn face that moves a little."""
    image = face(seed, size=192).image
    moved = [np.array([[1, 0, 2 * np.sin(n)], [0, 1, n / 3]]) for n in range(number)]
    return [cv2.warpAffine(image, move, (192, 192), borderMode=cv2.BORDER_REPLICATE) for move in moved]


def cut(frames: list[np.ndarray]) -> float | None:
    return cut_at([(number / 5, small(frame)) for number, frame in enumerate(frames)])


def test_a_cut_to_another_face_is_seen() -> None:
    other = np.ascontiguousarray(take(5)[0][:, ::-1])
    shifted = [np.roll(frame, 40, axis=1) for frame in take(4)]
    for first, second in ((take(3), shifted), (take(3, 2), take(3, 2) + shifted), (take(3), [other // 2] * 4)):
        assert cut([*first, *second]) is not None
    assert cut([*take(3), *shifted]) == 8 / 5


def test_one_persons_clip_is_one_take() -> None:
    calm = take(3, 16)
    darker = [*calm[:8], *(frame // 2 for frame in calm[8:])]
    flash = [*calm[:8], np.roll(calm[8], 40, axis=1), *calm[9:]]
    faded = [np.zeros_like(calm[0]), *calm, np.full_like(calm[0], 255)]
    shaken = [np.roll(frame, 30 * (number % 2), axis=1) for number, frame in enumerate(calm)]
    for frames in (calm, darker, flash, faded, shaken, calm[:3], [calm[0]] * 9):
        assert cut(frames) is None


def test_a_clip_that_is_cut_is_a_row_with_the_reason(tmp_path: Path) -> None:
    video = cv2.VideoWriter(str(tmp_path / "a.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 5, (192, 192))
    for frame in [*take(3), *(np.roll(frame, 40, axis=1) for frame in take(4))]:
        video.write(np.ascontiguousarray(frame[..., ::-1]))
    video.release()
    clip = {"image_id": "a", "path": str(tmp_path / "a.avi"), "kind": "clip", "subject_id": "p", "names": ["a.avi"]}
    images = IMAGES.table([clip | {"population": "control", "size_bytes": 1}])
    (row,) = sample_frames(images, settings=SETTINGS).to_pylist()
    assert row["reason"].startswith("it is cut before 1.6 s: it may show two people")


@pytest.mark.real
def test_real_speakers_are_each_one_take_and_two_are_not() -> None:
    clips = sorted((Path(os.environ["VERMILION_REAL"]) / "speech").glob("*.mpg"))
    every = [[frame for _, _, frame in read_frames(clip, SETTINGS)] for clip in clips]
    assert len(every) > 1
    assert [cut(frames) for frames in every] == [None] * len(every)
    for one, other in zip(every, every[1:], strict=False):
        assert cut([*one[:8], *other[8:]]) == 8 / 5
