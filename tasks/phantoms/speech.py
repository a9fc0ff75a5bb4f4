"""A speaking face: what the mouth, the lids and the head do, frame by frame, and the clip as a video file.

In: a seed and a number of frames; a person and the moments. Out: `Moment`s; an AVI file of JPEG frames, which every
OpenCV can write and read and which holds neither a date nor a name. The mouth says syllables, not words.
"""

import errno
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from tasks.base.tables import unwritten
from tasks.phantoms.identity import Identity
from tasks.phantoms.motion import Pose
from tasks.phantoms.render import render
from tasks.phantoms.shape import NO_CLEFT, Expression

SYLLABLE_SECONDS, SYLLABLE_OPENING = (0.17, 0.30), (0.15, 0.70)
PAUSE_SHARE, PAUSE_SECONDS = 0.12, (0.25, 0.50)
BLINK_EVERY_SECONDS, BLINK_SECONDS = (2.0, 5.0), 0.10
SWAY_HERTZ = (0.15, 0.9)
SWAY = {"yaw": 4.0, "pitch": 2.5, "roll": 2.0, "shift_x": 0.02, "shift_y": 0.02}  # degrees, face units
SPEECH_STREAM = 1000


class Moment(NamedTuple):
    """One frame of a clip."""

    expression: Expression
    pose: Pose


def speech(seed: int, *, frames: int, frames_per_second: float) -> list[Moment]:
    """What a speaking face does in each of `frames` frames: syllables, blinks, and a swaying head."""
    rng = np.random.default_rng([seed, SPEECH_STREAM])
    seconds = np.arange(frames) / frames_per_second
    opening, widening = _syllables(rng, seconds)
    sway = {name: _sway(rng, seconds) * amount for name, amount in SWAY.items()}
    blink = _blinks(rng, seconds)
    return [
        Moment(
            Expression(float(opening[i]), float(widening[i]), float(blink[i])),
            Pose(**{name: float(values[i]) for name, values in sway.items()}, zoom=1.0),
        )
        for i in range(frames)
    ]


def _syllables(rng: np.random.Generator, seconds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Raised-cosine openings, 3 to 6 per second, with a pause now and then; opening and widening."""
    opening, widening = np.zeros(len(seconds)), np.zeros(len(seconds))
    start = rng.uniform(0, 0.15)
    while start <= seconds[-1]:
        length = rng.uniform(*SYLLABLE_SECONDS)
        course = 0.5 - 0.5 * np.cos(2 * np.pi * np.clip((seconds - start) / length, 0, 1))
        opening = np.maximum(opening, rng.uniform(*SYLLABLE_OPENING) * course)
        widening += rng.uniform(-1, 1) * course
        pause = rng.uniform(*PAUSE_SECONDS) if rng.random() < PAUSE_SHARE else 0.0
        start += length * rng.uniform(0.75, 1.0) + pause
    return opening, widening


def _sway(rng: np.random.Generator, seconds: np.ndarray) -> np.ndarray:
    """Three slow sinusoids, about -1..1."""
    total = np.zeros(len(seconds))
    for hertz in rng.uniform(*SWAY_HERTZ, 3):
        total += rng.uniform(0.4, 1) * np.sin(2 * np.pi * (hertz * seconds + rng.uniform())) / 1.5
    return total


def _blinks(rng: np.random.Generator, seconds: np.ndarray) -> np.ndarray:
    shut, when = np.zeros(len(seconds)), rng.uniform(0.3, 3)
    while when <= seconds[-1]:
        shut = np.maximum(shut, np.clip(1 - abs(seconds - when) / BLINK_SECONDS, 0, 1))
        when += rng.uniform(*BLINK_EVERY_SECONDS)
    return shut


def write_clip(
    path: Path,
    person: Identity,
    moments: Sequence[Moment],
    *,
    size: int,
    frames_per_second: float,
    quality: int,
) -> None:
    """Draw the moments into an AVI file (Motion JPEG, `quality` 1..100) at `path`, which must end in .avi.

    OSError when the file cannot be written or the disk is full. Same moments, same bytes.
    """
    free = shutil.disk_usage(path.parent).free
    code = cv2.VideoWriter.fourcc(*"MJPG")
    writer = cv2.VideoWriter(str(path), cv2.CAP_OPENCV_MJPEG, code, frames_per_second, (size, size))
    if not writer.isOpened():
        raise OSError(f"{path}: OpenCV cannot write a Motion JPEG clip there")
    writer.set(cv2.VIDEOWRITER_PROP_QUALITY, quality)
    for number, (expression, pose) in enumerate(moments):
        drawing = render(person, size=size, expression=expression, pose=pose, cleft=NO_CLEFT, frame=number)
        writer.write(cv2.cvtColor(drawing.image, cv2.COLOR_RGB2BGR))
    writer.release()
    if not _is_whole(path):
        full = OSError(errno.ENOSPC, "OpenCV could not write the whole clip")
        raise unwritten(path, full, needed=path.stat().st_size, free=free)


def _is_whole(path: Path) -> bool:
    """Whether an AVI file is as long as it says: OpenCV does not tell when a disk is full."""
    with path.open("rb") as file:
        return int.from_bytes(file.read(8)[4:], "little") + 8 == path.stat().st_size
