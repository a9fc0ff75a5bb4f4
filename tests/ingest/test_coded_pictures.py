"""A changed byte in a clip whose decoder says nothing is seen; whole clips are whole."""

import random
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from tasks.base.whole_files import vpx
from tasks.ingest.clips.coded_pictures import VP8, _of_frames, is_damaged
from tasks.ingest.clips.display import UnshownClip
from tasks.ingest.clips.frames import check_take
from tasks.params.ingest import IngestFrames
from tests.base.test_damage import photograph
from tests.base.test_hevc import units

LENGTH = 20
RULE = IngestFrames(rule="every", step=1, count=LENGTH)


def moving() -> list[np.ndarray]:
    face = np.asarray(photograph().resize((192, 192)))[..., ::-1]
    return [np.roll(face, (index % 5, 2 * (index % 7)), axis=(0, 1)) for index in range(LENGTH)]


def film(path: Path, codec: str) -> bytes:
    video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), 25.0, (192, 192))
    assert video.isOpened()
    for frame in moving():
        video.write(frame)
    video.release()
    return path.read_bytes()


def changes(whole: bytes, count: int) -> list[bytes]:
    """The file with one byte of its middle changed, again and again."""
    dice, found = random.Random(5), []
    for _ in range(count):
        bad = bytearray(whole)
        bad[dice.randrange(len(bad) // 3, 2 * len(bad) // 3)] ^= dice.randrange(1, 256)
        found.append(bytes(bad))
    return found


CLIPS = [("a.webm", "VP80", 15), ("b.webm", "VP90", 15), ("c.mkv", "VP90", 15), ("d.mkv", "VP80", 15)]
CLIPS += [("e.avi", "MJPG", 5)]


@pytest.mark.parametrize(("name", "codec", "least"), CLIPS)
def test_a_changed_byte_in_a_clip_is_seen(tmp_path: Path, name: str, codec: str, least: int) -> None:
    path = tmp_path / name
    whole = film(path, codec)
    check_take(path, RULE)
    seen = 0
    for bad in changes(whole, 16):
        path.write_bytes(bad)
        try:
            check_take(path, RULE)
        except UnshownClip as error:
            assert str(error).startswith("damaged clip: ")
            seen += 1
    assert seen >= least


def test_a_changed_byte_in_a_clip_of_hevc_is_seen(tmp_path: Path) -> None:
    """OpenCV writes none; so these are pictures as of a HEIC, one after the other."""
    path, found = tmp_path / "a.hevc", units(enc_params={"x265:wpp": "0"})
    whole = b"".join(b"\0\0\0\1" + unit for unit in found * 3)
    path.write_bytes(whole)
    assert not is_damaged(path, 3)
    seen = 0
    for bad in changes(whole, 16):
        path.write_bytes(bad)
        seen += is_damaged(path, 3)
    assert seen >= 15


def test_of_vp8_frames_that_are_never_shown_do_not_count() -> None:
    shown, hidden, empty = b"\x10", b"\0", b""
    packets = [shown, hidden, empty, shown, hidden, shown]
    assert list(_of_frames(iter(packets), 2, VP8[0])) == packets[:4]
    assert list(_of_frames(iter(packets), 2, b"vp90")) == packets[:2]
    assert list(_of_frames(iter(packets), 9, VP8[0])) == packets


def test_other_clips_are_left_to_their_decoder(tmp_path: Path) -> None:
    film(tmp_path / "a.mp4", "mp4v")
    assert not is_damaged(tmp_path / "a.mp4", LENGTH)
    assert not is_damaged(tmp_path / "none.mp4", LENGTH)


@pytest.mark.parametrize("codec", ["VP80", "VP90"])
def test_packets_may_be_padded_and_clips_begin_anywhere(tmp_path: Path, codec: str) -> None:
    film(tmp_path / "a.webm", codec)
    video = cv2.VideoCapture(str(tmp_path / "a.webm"), cv2.CAP_FFMPEG)
    video.set(cv2.CAP_PROP_FORMAT, -1)
    packets = [video.read()[1].tobytes() for _ in range(LENGTH)]
    video.release()

    def look(these: Sequence[bytes]) -> bool:
        return vpx.damaged(these, "vp8" if codec == "VP80" else "vp9")

    assert not look(packets) and not look([]) and not look([*packets[:5], b"", *packets[5:]])
    assert not look([packet + bytes(20) for packet in packets])
    assert not look(packets[3:])
    assert look([*packets[:5], packets[5][:-9], *packets[6:]])
    if codec == "VP80":  # a frame of 16,383 x 16,383 is not made
        began = time.process_time()
        assert not look([packets[0][:6] + b"\xff\x3f\xff\x3f" + packets[0][10:]])
        assert time.process_time() - began < 1
    assert look([*packets[:5], packets[5] + b"these bytes are not its own", *packets[6:]])
