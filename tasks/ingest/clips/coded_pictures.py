"""Whether a clip's coded pictures are whole, where FFmpeg says nothing: H.264, HEVC, VP8, VP9, MJPEG.

In: a clip's path. Out: damaged or not. Its packets are had from OpenCV as they are, and looked at by what looks at
pictures (`tasks.base`): whether each ends where it should. Knows nothing of frames.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import cv2

from tasks.base.whole_files import h264, hevc, jpeg, vpx
from tasks.base.whole_files.library_complaints import Aside

REORDERED = 16
"""Packets that may come before the one that is shown first."""

START = re.compile(rb"\x00\x00\x01")
"""Before each unit of H.264 and HEVC, as OpenCV gives them."""

RAW = -1

VP8 = (b"vp80", b"vp08")


def is_damaged(path: Path, frames: int) -> bool:
    """Whether one of the packets that show the first so many frames is damaged. False for other kinds of clips."""
    with Aside() as aside:
        name = str(path)
        video = aside.do(lambda: cv2.VideoCapture(name, cv2.CAP_FFMPEG))
        try:
            codec = (int(video.get(cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF).to_bytes(4, "little").lower()
            look = LOOKS.get(codec)
            if look is None or not video.set(cv2.CAP_PROP_FORMAT, RAW):
                return False
            return look(_of_frames(_packets(aside, video), frames + REORDERED, codec))
        finally:
            aside.do(video.release)


def _packets(aside: Aside, video: cv2.VideoCapture) -> Iterator[bytes]:
    while True:
        done, packet = aside.do(video.read)
        if not done:
            return
        yield packet.tobytes()


def _of_frames(packets: Iterator[bytes], frames: int, codec: bytes) -> Iterator[bytes]:
    """The packets until so many frames were shown: in VP8 one that is never shown is a packet of its own."""
    for packet in packets:
        yield packet
        frames -= codec not in VP8 or bool(packet) and bool(packet[0] & 16)
        if frames <= 0:
            return


def _units(packets: Iterator[bytes]) -> list[list[bytes]]:
    return [[unit for each in START.split(packet) if (unit := each.rstrip(b"\0"))] for packet in packets]


def _hevc(packets: Iterator[bytes]) -> bool:
    return hevc.damaged(_units(packets))


def _h264(packets: Iterator[bytes]) -> bool:
    return h264.damaged(_units(packets))


def _jpeg(packets: Iterator[bytes]) -> bool:
    return any(jpeg.damage(packet + jpeg.END) for packet in packets)  # some cameras leave it out


LOOKS: Mapping[bytes, Callable[[Iterator[bytes]], bool]] = {
    **dict.fromkeys((b"hevc", b"hvc1", b"hev1", b"h265"), _hevc),
    **dict.fromkeys((b"h264", b"avc1", b"avc3", b"x264"), _h264),
    **dict.fromkeys((b"mjpg", b"jpeg", b"mjpa"), _jpeg),
    **dict.fromkeys(VP8, lambda packets: vpx.damaged(packets, "vp8")),
    **dict.fromkeys((b"vp90", b"vp09"), lambda packets: vpx.damaged(packets, "vp9")),
}
