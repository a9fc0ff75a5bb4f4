from pathlib import Path

import cv2
import numpy as np
import pytest

from tasks.phantoms.identity import identity
from tasks.phantoms.render import render
from tasks.phantoms.shape import NO_CLEFT
from tasks.phantoms.speech import Moment, speech, write_clip


def clip(path: Path, moments: list[Moment], *, seed: int = 4) -> Path:
    write_clip(path, identity(seed), moments, size=128, frames_per_second=25, quality=95)
    return path


def frames_of(path: Path) -> list[np.ndarray]:
    video = cv2.VideoCapture(str(path))
    found: list[np.ndarray] = []
    while True:
        there, frame = video.read()
        if not there:
            return found
        found.append(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))


def test_speech_opens_and_shuts_the_mouth_within_what_dlib_bears() -> None:
    moments = speech(1, frames=250, frames_per_second=25)
    opening = np.array([moment.expression.opening for moment in moments])
    assert len(moments) == 250 and moments == speech(1, frames=250, frames_per_second=25)
    assert opening.min() >= 0 and 0.4 < opening.max() <= 0.7
    assert 15 < np.sum(np.diff(np.sign(opening - 0.15)) > 0) < 60  # syllables in ten seconds
    assert max(moment.expression.blink for moment in moments) > 0.5
    assert max(abs(moment.pose.yaw) for moment in moments) < 12
    assert {moment.pose.zoom for moment in moments} == {1.0}


def test_two_frames_far_apart_are_at_different_moments_of_speech() -> None:
    opening = np.array([m.expression.opening for m in speech(2, frames=500, frames_per_second=25)])
    lagged = [np.corrcoef(opening[lag:], opening[:-lag])[0, 1] for lag in (1, 4)]
    assert lagged[0] > 0.4 and lagged[1] < 0.3


def test_a_clip_is_read_back_frame_by_frame(tmp_path: Path) -> None:
    moments = speech(1, frames=12, frames_per_second=25)
    path = clip(tmp_path / "a.avi", moments)
    video = cv2.VideoCapture(str(path))
    assert video.get(cv2.CAP_PROP_FPS) == 25
    frames = frames_of(path)
    assert len(frames) == 12
    for number in (0, 11):
        expression, pose = moments[number]
        drawn = render(identity(4), size=128, expression=expression, pose=pose, cleft=NO_CLEFT, frame=number)
        assert np.abs(frames[number].astype(int) - drawn.image).mean() < 3  # JPEG


def test_the_same_clip_has_the_same_bytes(tmp_path: Path) -> None:
    moments = speech(3, frames=5, frames_per_second=25)
    first, second = (clip(tmp_path / name, moments) for name in ("a.avi", "b.avi"))
    assert first.read_bytes() == second.read_bytes()


def test_one_frame_is_a_clip_too(tmp_path: Path) -> None:
    assert len(frames_of(clip(tmp_path / "a.avi", speech(3, frames=1, frames_per_second=25)))) == 1


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        clip(tmp_path / "nowhere" / "a.avi", speech(3, frames=1, frames_per_second=25))
