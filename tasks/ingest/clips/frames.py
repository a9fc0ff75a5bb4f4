"""Frames of speaking clips (Rosero et al. 2025, Methods, Temporal Misalignment).

In: the images table's clips. Out: a row a sampled frame, as a player shows it (turned, mirrored, widened), as PNG; a
clip that cannot be read, or is damaged, is one row with the reason. Clips are decoded from their start, since seeking
is not exact in every format. A frame's time is that of its own time stamp, counted from the first frame.
"""

import hashlib
import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa

from tasks.base.images import MAX_PIXELS, encode_png
from tasks.base.whole_files.library_complaints import Aside
from tasks.base.words import counted
from tasks.ingest.clips import coded_pictures, lengths
from tasks.ingest.clips import display as clips
from tasks.ingest.clips.cuts import cut_at, small
from tasks.ingest.clips.display import UnshownClip
from tasks.params.ingest import IngestFrames
from tasks.schemas.ingest import FRAMES

MOST_ASPECT = 3.0
"""Pixels further from square than this are a mistake in the file."""

NO_FRAME = "no frame of this clip could be decoded"
AGAIN = "get the file again from where it came, or save the part that plays as a clip of its own"

SAID = re.compile(rb"^\[([a-z]\w*)[^\]\n]*@ 0x[0-9a-f]+\] ([^\n]+)", re.MULTILINE)
"""A line of the decoder's: who says it, and what. Whole clips of twelve kinds cause none (docs/pictures.md)."""

HARMLESS = re.compile(r"APP fields|co located POCs|[Ee]dit list|cover type|pixel format|hardware|current frame error")
"""Lines that say nothing of damage: of a beginning amid a group of pictures, of metadata, of what is not built in."""

UNREAD = {b"av01": "its pictures are packed as AV1, which is not read; export it as H.264 (MP4)"}
COMBED = "it is interlaced, as camcorders film, which is not read; export it deinterlaced (progressive)"
INTERLACED = "interlaced"
"""Said for each frame, which OpenCV then gives as whatever was in memory."""


def sample_frames(images: pa.Table, *, settings: IngestFrames) -> pa.Table:
    """The frames table of the clips among `images` (columns image_id, path, kind, subject_id, population)."""
    clips = [row for row in images.to_pylist() if row["kind"] == "clip"]
    return FRAMES.table(row for clip in clips for row in _frames_of(clip, Path(clip["path"]), settings))


def _frames_of(clip: dict[str, str], path: Path, settings: IngestFrames) -> Iterator[dict[str, object]]:
    base: dict[str, object] = {name: clip[name] for name in ("subject_id", "population")}
    base["clip_id"] = clip["image_id"]
    rows, seen = list[dict[str, object]](), list[tuple[float, np.ndarray]]()
    try:
        for index, time_s, frame in read_frames(path, settings):
            identity = frame_id(clip["image_id"], index)
            rows.append({"image_id": identity, "frame_index": index, "time_s": time_s, "png": encode_png(frame)})
            seen.append((time_s, small(frame)))
        _check_cuts(seen)
        yield from (base | row for row in rows)
    except UnshownClip as error:
        yield base | {"image_id": frame_id(clip["image_id"], -1), "reason": str(error)}


def frame_id(clip_id: str, index: int) -> str:
    """The image_id of a clip's frame."""
    return hashlib.sha256(f"{clip_id}:{index}".encode()).hexdigest()


def check_take(path: Path, settings: IngestFrames) -> None:
    """UnshownClip where no frame of the clip can be shown, or it is cut."""
    _check_cuts([(time_s, small(frame)) for _, time_s, frame in read_frames(path, settings)])


def _check_cuts(seen: Sequence[tuple[float, np.ndarray]]) -> None:
    if (time_s := cut_at(seen)) is not None:
        raise UnshownClip(
            f"it is cut before {time_s:.1f} s: it may show two people, or one twice; save each take as its own clip"
        )


def read_frames(path: Path, settings: IngestFrames) -> Iterator[tuple[int, float, np.ndarray]]:
    """Number, time in seconds and pixels (H, W, 3) uint8 RGB of each sampled frame of a video, in order.

    Rule `every`: frames 0, step, 2 step, ... up to `count`. Rule `even`: `count` frames (all, if fewer)
    spread from the first to the last. UnshownClip, before the first frame, for what cannot be read or shown.
    """
    _check_length(path)
    if settings.rule == "every":
        wanted = set(range(0, settings.step * settings.count, settings.step))
    else:
        wanted = set(np.linspace(0, max(count_frames(path) - 1, 0), settings.count).round().astype(int).tolist())
    found = seen = 0
    with _opened(path) as (aside, video):
        show = _shower(path, video)
        for index, time_s in _times(aside, video, max(wanted)):
            seen += 1
            if index not in wanted:
                continue
            done, bgr = aside.do(video.retrieve)
            if done:
                found += 1
                yield index, time_s, show(bgr)
        _check_said(aside, video, seen)
    if seen and coded_pictures.is_damaged(path, seen):
        raise UnshownClip(f"damaged clip: parts of it were changed (its pictures do not end where it says); {AGAIN}")
    if not found:
        raise UnshownClip(NO_FRAME)


def _check_length(path: Path) -> None:
    """UnshownClip for what is no clip, or ends early."""
    try:
        lacking = lengths.missing(path, clips.container(path))
    except OSError as error:
        raise UnshownClip(f"cannot be read: {error.strerror}") from error
    if lacking:
        raise UnshownClip(f"damaged clip: it ends early, {counted(lacking, 'byte')} are missing; {AGAIN}")


def _check_said(aside: Aside, video: cv2.VideoCapture, seen: int) -> None:
    """UnshownClip where the decoder complained. `seen`: so many frames were decoded."""
    lines = [(match[1].decode(), match[2].decode(errors="replace")) for match in SAID.finditer(aside.heard())]
    lines = [(who, said) for who, said in lines if not HARMLESS.search(said)]
    codec = int(video.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little")
    if not seen and codec.lower() in UNREAD:
        raise UnshownClip(UNREAD[codec.lower()])
    if any(INTERLACED in said for _, said in lines):
        raise UnshownClip(COMBED)
    if lines:
        who, said = lines[0]
        said = re.sub(r"[^\w ,.:()<>=-]", "", re.sub(r"0x[0-9a-f]+", "", said)).strip()
        how = f"{counted(seen, 'frame')} decoded, {counted(len(lines), 'complaint')}, the first by {who}: {said[:80]}"
        raise UnshownClip(f"damaged clip: parts of it were lost or changed ({how}); {AGAIN}")


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Aside, cv2.VideoCapture]]:
    """The clip, its frames as they are stored, and the thread that decodes it."""
    with Aside() as aside:
        name = str(path)  # the decoder is named, or OpenCV takes bad01.png, bad02.png, ... for a clip
        video = aside.do(lambda: cv2.VideoCapture(name, cv2.CAP_FFMPEG))
        try:
            if not video.isOpened():
                clips.placing(path, 0)  # says what is missing
                raise UnshownClip(NO_FRAME)
            video.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)
            yield aside, video
        finally:
            aside.do(video.release)


def _times(aside: Aside, video: cv2.VideoCapture, last: int) -> Iterator[tuple[int, float]]:
    """Number and time in seconds of each frame, each grabbed. Where time stamps do not rise, the rate tells."""
    rate = video.get(cv2.CAP_PROP_FPS)
    rate = rate if 0 < rate < math.inf else 25.0
    first, before = 0.0, -math.inf
    for index in range(last + 1):
        if not aside.do(video.grab):
            return
        stamp = video.get(cv2.CAP_PROP_POS_MSEC) / 1000
        if index == 0:
            first = stamp
        told = stamp - first
        time_s = round(told, 6) if index == 0 or told > before else before + 1 / rate
        before = time_s
        yield index, time_s


def _shower(path: Path, video: cv2.VideoCapture) -> Callable[[np.ndarray], np.ndarray]:
    """What turns a decoded frame (BGR) into one as a player shows it (RGB)."""
    width, height = int(video.get(cv2.CAP_PROP_FRAME_WIDTH)), int(video.get(cv2.CAP_PROP_FRAME_HEIGHT))
    if width * height > MAX_PIXELS:
        raise UnshownClip(f"too large: {width} x {height} is over {MAX_PIXELS // 1_000_000} megapixels")
    place = clips.placing(path, video.get(cv2.CAP_PROP_ORIENTATION_META))
    over, under = video.get(cv2.CAP_PROP_SAR_NUM), video.get(cv2.CAP_PROP_SAR_DEN)
    aspect = over / under if over > 0 and under > 0 else 1.0
    if not 1 / MOST_ASPECT <= aspect <= MOST_ASPECT:
        raise UnshownClip(f"its pixels are to be shown {aspect:.2g} times as wide as high, which cannot be meant")

    def show(bgr: np.ndarray) -> np.ndarray:
        if aspect != 1:
            across, down = max(aspect, 1.0), max(1 / aspect, 1.0)
            bgr = cv2.resize(bgr, None, fx=across, fy=down, interpolation=cv2.INTER_LINEAR)
        return np.ascontiguousarray(clips.placed(bgr, place)[..., ::-1])

    return show


def count_frames(path: Path) -> int:
    """How many frames a video really holds, by decoding it: a header's number is often wrong. UnshownClip: damaged."""
    with _opened(path) as (aside, video):
        count = aside.do(lambda: _grabbed(video))
        _check_said(aside, video, count)
    return count


def _grabbed(video: cv2.VideoCapture) -> int:
    count = 0
    while video.grab():
        count += 1
    return count
