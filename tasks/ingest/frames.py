"""Frames of speaking clips (Rosero et al. 2025, Methods, Temporal Misalignment).

In: the images table's clips. Out: a row a sampled frame, upright, as PNG; a clip that cannot be read is one
row with the reason. Clips are decoded from their start, since seeking is not exact in every format.
"""

import hashlib
import math
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa

from tasks.base.images import encode_png
from tasks.params.ingest import IngestFrames
from tasks.schemas.ingest import FRAMES


def sample_frames(images: pa.Table, *, settings: IngestFrames) -> pa.Table:
    """The frames table of the clips among `images` (columns image_id, path, kind, subject_id, population)."""
    clips = [row for row in images.to_pylist() if row["kind"] == "clip"]
    return FRAMES.table(row for clip in clips for row in _frames_of(clip, Path(clip["path"]), settings))


def _frames_of(clip: dict[str, str], path: Path, settings: IngestFrames) -> Iterator[dict[str, object]]:
    base: dict[str, object] = {name: clip[name] for name in ("subject_id", "population")}
    base["clip_id"] = clip["image_id"]
    found = False
    for index, time_s, frame in read_frames(path, settings):
        found = True
        identity = frame_id(clip["image_id"], index)
        yield base | {"image_id": identity, "frame_index": index, "time_s": time_s, "png": encode_png(frame)}
    if not found:
        yield base | {"image_id": frame_id(clip["image_id"], -1), "reason": "no frame of this clip could be decoded"}


def frame_id(clip_id: str, index: int) -> str:
    """The image_id of a clip's frame."""
    return hashlib.sha256(f"{clip_id}:{index}".encode()).hexdigest()


def read_frames(path: Path, settings: IngestFrames) -> Iterator[tuple[int, float, np.ndarray]]:
    """Number, time in seconds and pixels (H, W, 3) uint8 RGB of each sampled frame of a video, in order.

    Rule `every`: frames 0, step, 2 step, ... up to `count`. Rule `even`: `count` frames (all, if fewer)
    spread from the first to the last. A file that is no video gives none.
    """
    if settings.rule == "every":
        wanted = set(range(0, settings.step * settings.count, settings.step))
    else:
        wanted = set(np.linspace(0, max(count_frames(path) - 1, 0), settings.count).round().astype(int).tolist())
    video = cv2.VideoCapture(str(path))
    try:
        rate = video.get(cv2.CAP_PROP_FPS)
        rate = rate if 0 < rate < math.inf else 25.0
        for index in range(max(wanted) + 1):
            if not video.grab():
                return
            if index in wanted:
                done, bgr = video.retrieve()
                if done:
                    yield index, index / rate, np.ascontiguousarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))
    finally:
        video.release()


def count_frames(path: Path) -> int:
    """How many frames a video really holds, by decoding it: the header's number is often wrong."""
    video = cv2.VideoCapture(str(path))
    count = 0
    while video.grab():
        count += 1
    video.release()
    return count
