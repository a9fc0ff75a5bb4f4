"""Clips become the frames that the rule names, exactly; what cannot be decoded is a row with a reason."""

import os
import re
import shutil
import struct
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import pytest

from tasks.base.images import decode_png
from tasks.base.whole_files import library_complaints
from tasks.ingest.clips.display import UnshownClip
from tasks.ingest.clips.frames import check_take, frame_id, read_frames, sample_frames
from tasks.params.ingest import IngestFrames
from tasks.schemas.ingest import FRAMES, IMAGES

LENGTH, RATE, SIDE = 30, 20.0, 96
CLIPS = {"avi": "MJPG", "mp4": "mp4v"}
NO_INDEX = "damaged clip: it has no index of frames (moov); its copy or recording was not finished"


def settings(rule: Literal["every", "even"], *, step: int = 1, count: int = 5) -> IngestFrames:
    return IngestFrames(rule=rule, step=step, count=count)


def picture(index: int) -> np.ndarray:
    """A frame that says its number in black and white blocks; above them blue on the left, red on the right."""
    image = np.zeros((SIDE, SIDE, 3), np.uint8)
    image[:48, :48, 2], image[:48, 48:, 0] = 220, 220
    for bit in range(6):
        image[48:, 16 * bit : 16 * bit + 16] = 255 * (index >> bit & 1)
    return image


def number_in(image: np.ndarray) -> int:
    return sum(1 << bit for bit in range(6) if image[56:88, 16 * bit + 4 : 16 * bit + 12].mean() > 128)


def film(path: Any, length: int = LENGTH) -> None:
    codec = cv2.VideoWriter.fourcc(*CLIPS[path.suffix[1:]])
    video = cv2.VideoWriter(str(path), codec, RATE, (SIDE, SIDE))
    assert video.isOpened()
    for index in range(length):
        video.write(cv2.cvtColor(picture(index), cv2.COLOR_RGB2BGR))
    video.release()


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with long.avi, long.mp4, one.avi."""
    folder = tmp_path_factory.mktemp("clips")
    for suffix in CLIPS:
        film(folder / f"long.{suffix}")
    film(folder / "one.avi", 1)
    return folder


@pytest.mark.parametrize("suffix", CLIPS)
@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (settings("every", step=7, count=100), [0, 7, 14, 21, 28]),
        (settings("every", step=7, count=3), [0, 7, 14]),
        (settings("every", step=29, count=9), [0, 29]),
        (settings("every", step=30, count=9), [0]),
        (settings("even", count=4), [0, 10, 19, 29]),
        (settings("even", count=1), [0]),
        (settings("even", count=2), [0, 29]),
        (settings("even", count=30), list(range(30))),
        (settings("even", count=99), list(range(30))),
    ],
)
def test_the_rules_frames_at_their_times(clips: Path, suffix: Any, rule: Any, expected: Any) -> None:
    found = list(read_frames(clips / f"long.{suffix}", rule))
    assert [index for index, _, _ in found] == expected
    assert [time for _, time, _ in found] == pytest.approx([index / RATE for index in expected])
    assert [number_in(image) for _, _, image in found] == expected
    for _, _, image in found:
        assert image.shape == (SIDE, SIDE, 3)
        assert image[8:40, 8:40].mean(axis=(0, 1)) == pytest.approx((0, 0, 220), abs=40)  # RGB, not mirrored
        assert image[8:40, 56:88].mean(axis=(0, 1)) == pytest.approx((220, 0, 0), abs=40)


def clip_row(name: str, **changes: Any) -> Any:
    row = {"image_id": f"id-of-{name}", "path": name, "names": [name], "kind": "clip", "subject_id": "s1"}
    return row | {"population": "control", "size_bytes": 1} | changes


def sampled(folder: Any, *names: str, rule: IngestFrames | None = None) -> Any:
    rows = [clip_row(name, path=str(folder / name)) for name in names] + [clip_row("photo.jpg", kind="still")]
    return sample_frames(IMAGES.table(rows), settings=rule or settings("even", count=3)).to_pylist()


def test_rows_of_a_clip(clips: Path) -> None:
    rows = sampled(clips, "long.avi")
    assert [row["frame_index"] for row in rows] == [0, 14, 29]
    for row in rows:
        assert (row["clip_id"], row["subject_id"], row["population"]) == ("id-of-long.avi", "s1", "control")
        assert row["image_id"] == frame_id("id-of-long.avi", row["frame_index"])
        assert row["reason"] is None
        assert number_in(decode_png(row["png"])) == row["frame_index"]


def test_frame_ids_are_stable_and_apart() -> None:
    """A pinned value: changing how ids are made would orphan every rating of a frame."""
    assert frame_id("ab", 7) == "b7e1dfec11fd191bb4abfdfe9c58ecd7de250cda6278f0dac33b9cb642a20ca8"
    ids = {frame_id(clip, index) for clip in ("ab", "a", "b1") for index in range(-1, 120)}
    assert len(ids) == 3 * 121
    assert all(len(name) == 64 for name in ids)


def test_the_same_clip_gives_the_same_table(clips: Path, tmp_path: Path) -> None:
    shutil.copy(clips / "long.mp4", tmp_path / "long.mp4")
    assert sampled(clips, "long.mp4") == sampled(tmp_path, "long.mp4")


def test_a_clip_of_one_frame(clips: Path) -> None:
    for rule in (settings("even", count=5), settings("every", step=3)):
        (row,) = sampled(clips, "one.avi", rule=rule)
        assert (row["frame_index"], row["time_s"], row["reason"]) == (0, 0.0, None)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file"),
        (bytes(5000), "nothing but zeros; its copy was not finished"),
        (b"Dear photographer,\n" * 99, "not a clip in a format that is read (MP4, MOV, MKV, WebM, AVI, MPEG)"),
        (b"#EXTM3U\n#EXTINF:1,\nlong.avi\n", "not a clip in a format that is read (MP4, MOV, MKV, WebM, AVI, MPEG)"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "no frame of this clip could be decoded"),
        (b"\0\0\0\x18ftypisom" + bytes(99), NO_INDEX),
    ],
)
@pytest.mark.parametrize("name", ["bad.avi", "bad01.mp4", "bad%d.avi"])
def test_what_is_no_video_is_one_row_with_a_reason(
    clips: Path, tmp_path: Path, content: Any, reason: str, name: str
) -> None:
    """Also a list of other clips (M3U), which the decoder would follow wherever it leads."""
    (tmp_path / name).write_bytes(content)
    shutil.copy(clips / "long.avi", tmp_path / "good.avi")
    rows = sampled(tmp_path, name, "good.avi", "gone.avi")
    refused = [row for row in rows if row["reason"]]
    assert [row["clip_id"] for row in refused] == [f"id-of-{name}", "id-of-gone.avi"]
    assert [row["reason"] for row in refused] == [reason, "cannot be read: No such file or directory"]
    for row in refused:
        assert row["png"] is row["frame_index"] is row["time_s"] is None
    assert len(rows) == 2 + 3


def with_matrix(clip: bytes, *matrix: int) -> bytes:
    """An MP4 with another display matrix (a, b, c, d) in its video track's header."""
    place = clip.index(b"tkhd") + 4 + 40
    a, b, c, d = (value * 65536 for value in matrix)
    return clip[:place] + struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30) + clip[place + 36 :]


STORED = np.array([["blue", "red"], ["black", "white"]])


@pytest.mark.parametrize(
    ("matrix", "shown"),
    [
        ((1, 0, 0, 1), STORED),
        ((-1, 0, 0, 1), STORED[:, ::-1]),
        ((1, 0, 0, -1), STORED[::-1]),
        ((-1, 0, 0, -1), STORED[::-1, ::-1]),
        ((0, 1, -1, 0), np.rot90(STORED, -1)),
        ((0, -1, 1, 0), np.rot90(STORED)),
        ((0, 1, 1, 0), STORED.T),
        ((0, -1, -1, 0), STORED[::-1, ::-1].T),
    ],
)
def test_a_display_matrix_is_followed(tmp_path: Path, matrix: Any, shown: Any) -> None:
    """All eight ways: mirrored clips of front cameras keep left and right."""
    colours = {"blue": (0, 0, 220), "red": (220, 0, 0), "black": (0, 0, 0), "white": (220, 220, 220)}
    frame = np.zeros((64, 96, 3), np.uint8)
    frame[:32, :48], frame[:32, 48:], frame[32:, 48:] = colours["blue"], colours["red"], colours["white"]
    file = tmp_path / "clip.mp4"
    video = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"mp4v"), 25.0, (96, 64))
    for _ in range(3):
        video.write(frame[..., ::-1].copy())
    video.release()
    file.write_bytes(with_matrix(file.read_bytes(), *matrix))
    found = [image for _, _, image in read_frames(file, settings("even", count=2))]
    assert len(found) == 2
    height, width = found[0].shape[:2]
    assert (height, width) == ((64, 96) if matrix[0] else (96, 64))
    for row in (0, 1):
        for column in (0, 1):
            y, x = height * (1 + 2 * row) // 4, width * (1 + 2 * column) // 4
            assert found[0][y - 4 : y + 4, x - 4 : x + 4].mean(axis=(0, 1)) == pytest.approx(
                colours[str(shown[row, column])], abs=40
            )


def test_a_matrix_that_is_no_quarter_turn_is_refused(clips: Path, tmp_path: Path) -> None:
    data = (clips / "long.mp4").read_bytes()
    for name, matrix in (("skewed", (1, 1, 0, 1)), ("doubled", (2, 0, 0, 2)), ("flat", (1, 0, 1, 0))):
        (tmp_path / f"{name}.mp4").write_bytes(with_matrix(data, *matrix))
        (row,) = sampled(tmp_path, f"{name}.mp4")
        assert row["reason"] == "its display matrix does more than quarter turns and mirroring, which is not followed"


def grown(clip: bytes, inside: tuple[bytes, ...], place: int, more: bytes) -> bytes:
    """An MP4 (its index after its frames) with `more` put in, and the boxes around it as much longer."""
    data = bytearray(clip[:place] + more + clip[place:])
    for name in inside:
        box = clip.rindex(name) - 4
        data[box : box + 4] = (int.from_bytes(clip[box : box + 4]) + len(more)).to_bytes(4)
    return bytes(data)


AROUND = (b"stbl", b"minf", b"mdia", b"trak", b"moov")


def test_frames_of_uneven_duration_have_their_own_times(clips: Path, tmp_path: Path) -> None:
    """Phones film at a rate that varies: ten frames of half the duration, then twenty of the whole."""
    data = (clips / "long.mp4").read_bytes()
    place = data.rindex(b"stts")
    count, length = struct.unpack(">II", data[place + 12 : place + 20])
    assert count == LENGTH
    table = struct.pack(">IIIII", 2, 10, length // 2, 20, length)
    data = data[: place + 8] + table[:12] + data[place + 20 :]
    (tmp_path / "uneven.mp4").write_bytes(grown(data, (b"stts", *AROUND), place + 20, table[12:]))
    for name, times in (("long.mp4", [0, 0.5, 1.0]), ("uneven.mp4", [0, 0.25, 0.75])):
        found = [time for _, time, _ in read_frames(clips / name if name == "long.mp4" else tmp_path / name, EVERY_TEN)]
        assert found == pytest.approx(times, abs=1e-6)


EVERY_TEN = settings("every", step=10, count=3)


@pytest.mark.parametrize(
    ("over", "under", "shape"), [(4, 3, (SIDE, 128, 3)), (3, 4, (128, SIDE, 3)), (1, 1, (SIDE, SIDE, 3))]
)
def test_pixels_that_are_not_square_are_set_right(
    clips: Path, tmp_path: Path, over: int, under: int, shape: Any
) -> None:
    """As old cameras and DVDs have them."""
    data = (clips / "long.mp4").read_bytes()
    entry = data.rindex(b"mp4v") - 4
    end = entry + int.from_bytes(data[entry : entry + 4])
    pasp = struct.pack(">I4sII", 16, b"pasp", over, under)
    (tmp_path / "wide.mp4").write_bytes(grown(data, (b"mp4v", b"stsd", *AROUND), end, pasp))
    assert {image.shape for _, _, image in read_frames(tmp_path / "wide.mp4", settings("even", count=2))} == {shape}


def test_a_clip_of_high_dynamic_range_is_refused(clips: Path, tmp_path: Path) -> None:
    """Phones film in HLG by default: taken for ordinary colours, it is pale."""
    data = (clips / "long.mp4").read_bytes()
    entry = data.rindex(b"mp4v") - 4
    end = entry + int.from_bytes(data[entry : entry + 4])
    colr = struct.pack(">I4s4sHHHB", 19, b"colr", b"nclx", 9, 18, 9, 0)
    (tmp_path / "hlg.mp4").write_bytes(grown(data, (b"mp4v", b"stsd", *AROUND), end, colr))
    (row,) = sampled(tmp_path, "hlg.mp4")
    assert row["reason"].startswith("a clip of high dynamic range")


KINDS = [("a.avi", "MJPG"), ("b.avi", "mp4v"), ("c.mp4", "mp4v"), ("d.mov", "mp4v"), ("e.mkv", "mp4v")]
KINDS += [("f.webm", "VP80"), ("g.webm", "VP90"), ("h.mpg", "MPG1"), ("i.mpg", "MPG2"), ("j.mkv", "VP80")]


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a clip of every kind in KINDS, of pictures that fill some bytes."""
    folder = tmp_path_factory.mktemp("films")
    noise = np.random.default_rng(4).integers(0, 60, (SIDE, SIDE, 3), np.uint8)
    for name, codec in KINDS:
        video = cv2.VideoWriter(str(folder / name), cv2.VideoWriter.fourcc(*codec), 25.0, (SIDE, SIDE))
        assert video.isOpened()
        for index in range(LENGTH):
            video.write(picture(index) // 2 + np.roll(noise, 3 * index, axis=1))
        video.release()
    return folder


@pytest.mark.parametrize("name", [name for name, _ in KINDS])
@pytest.mark.parametrize("rule", [settings("even", count=3), settings("every", step=1, count=LENGTH)])
def test_a_clip_with_bytes_missing_is_refused(
    films: Path, tmp_path: Path, name: str, rule: IngestFrames, capfd: pytest.CaptureFixture[str]
) -> None:
    """At its end or amid it, by a row that says what is wrong. The decoder's own lines stay off the terminal."""
    data = (films / name).read_bytes()
    assert [row["reason"] for row in sampled(films, name, rule=rule)] == [None] * min(rule.count, LENGTH)
    half = len(data) // 2
    for damaged in (data[: int(len(data) * 0.6)], data[: int(len(data) * 0.93)], data[:half] + data[half + 900 :]):
        (tmp_path / name).write_bytes(damaged)
        (row,) = sampled(tmp_path, name, rule=rule)
        assert row["reason"].startswith("damaged clip: ")
        assert re.search("bytes are missing|lost or changed|no index of frames", row["reason"])
        assert "'" not in row["reason"]
        with pytest.raises(UnshownClip, match="damaged clip"):
            check_take(tmp_path / name, rule)
    assert capfd.readouterr() == ("", "")


def test_a_clip_says_how_much_of_it_is_whole(films: Path, tmp_path: Path) -> None:
    data = (films / "c.mp4").read_bytes()
    (tmp_path / "c.mp4").write_bytes(data[:-70])
    (row,) = sampled(tmp_path, "c.mp4")
    assert row["reason"].startswith("damaged clip: it ends early, 70 bytes are missing; get the file again")
    bad = bytearray(data)
    bad[len(data) // 2 : len(data) // 2 + 300] = bytes(300)
    (tmp_path / "c.mp4").write_bytes(bad)
    (row,) = sampled(tmp_path, "c.mp4")
    assert re.search(r"\(\d+ frames decoded, \d+ complaints?, the first by mpeg4: [\w ]+", row["reason"])


def test_what_follows_a_whole_clip_is_no_damage(films: Path, tmp_path: Path) -> None:
    for name in ("a.avi", "c.mp4", "e.mkv"):
        (tmp_path / name).write_bytes((films / name).read_bytes() + b"a tool's own words")
        assert [row["reason"] for row in sampled(tmp_path, name)] == [None] * 3


def test_the_decoder_is_heard_where_threads_share_their_files(
    films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> None:
        raise OSError

    monkeypatch.setattr(library_complaints, "own_files", refuse)
    data = (films / "h.mpg").read_bytes()
    (tmp_path / "h.mpg").write_bytes(data[: len(data) // 2] + data[len(data) // 2 + 900 :])
    (row,) = sampled(tmp_path, "h.mpg")
    assert "lost or changed" in row["reason"]
    os.write(2, b"still there")
    assert capfd.readouterr() == ("", "still there")


def test_pictures_that_are_not_read_are_named(films: Path, tmp_path: Path) -> None:
    """AV1, as new phones and screen recorders pack."""
    data = (films / "e.mkv").read_bytes()
    assert b"V_MPEG4/ISO/ASP" in data
    named = data.replace(b"V_MPEG4/ISO/ASP", b"V_AV1" + bytes(10))
    (tmp_path / "new.mkv").write_bytes(named)
    (row,) = sampled(tmp_path, "new.mkv")
    assert row["reason"] == "its pictures are packed as AV1, which is not read; export it as H.264 (MP4)"


def test_an_interlaced_clip_is_refused(films: Path, tmp_path: Path) -> None:
    """As camcorders and DVDs have it: OpenCV gives what was in memory for each frame, and says it to stderr alone."""
    data = bytearray((films / "i.mpg").read_bytes())
    for found in re.finditer(rb"\x00\x00\x01\xb5[\x80-\x8f]", bytes(data)):  # a picture's coding extension
        data[found.start() + 8] &= 0x7F
    (tmp_path / "camcorder.mpg").write_bytes(data)
    (row,) = sampled(tmp_path, "camcorder.mpg")
    assert row["reason"].startswith("it is interlaced, as camcorders film")


def test_no_clips_give_an_empty_table(clips: Path) -> None:
    assert sampled(clips) == []
    assert sample_frames(IMAGES.table([]), settings=settings("even")).schema.equals(FRAMES.arrow)
