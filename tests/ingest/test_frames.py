"""Clips become the frames that the rule names, exactly; what cannot be decoded is a row with a reason."""

import shutil

import cv2
import numpy as np
import pytest

from tasks.base.images import decode_png
from tasks.ingest.frames import count_frames, frame_id, read_frames, sample_frames
from tasks.params.ingest import IngestFrames
from tasks.schemas.ingest import FRAMES, IMAGES

LENGTH, RATE, SIDE = 30, 20.0, 96
CLIPS = {"avi": "MJPG", "mp4": "mp4v"}


def settings(rule: str, *, step: int = 1, count: int = 5) -> IngestFrames:
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


def film(path, length: int = LENGTH) -> None:
    codec = cv2.VideoWriter.fourcc(*CLIPS[path.suffix[1:]])
    video = cv2.VideoWriter(str(path), codec, RATE, (SIDE, SIDE))
    assert video.isOpened()
    for index in range(length):
        video.write(cv2.cvtColor(picture(index), cv2.COLOR_RGB2BGR))
    video.release()


@pytest.fixture(scope="session")
def clips(tmp_path_factory):
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
def test_the_rules_frames_at_their_times(clips, suffix, rule, expected):
    found = list(read_frames(clips / f"long.{suffix}", rule))
    assert [index for index, _, _ in found] == expected
    assert [time for _, time, _ in found] == pytest.approx([index / RATE for index in expected])
    assert [number_in(image) for _, _, image in found] == expected
    for _, _, image in found:
        assert image.shape == (SIDE, SIDE, 3)
        assert image[8:40, 8:40].mean(axis=(0, 1)) == pytest.approx((0, 0, 220), abs=40)  # RGB, not mirrored
        assert image[8:40, 56:88].mean(axis=(0, 1)) == pytest.approx((220, 0, 0), abs=40)


def clip_row(name: str, **changes):
    row = {"image_id": f"id-of-{name}", "path": name, "names": [name], "kind": "clip", "subject_id": "s1"}
    return row | {"population": "control", "size_bytes": 1} | changes


def sampled(folder, *names: str, rule: IngestFrames | None = None):
    rows = [clip_row(name, path=str(folder / name)) for name in names] + [clip_row("photo.jpg", kind="still")]
    return sample_frames(IMAGES.table(rows), settings=rule or settings("even", count=3)).to_pylist()


def test_rows_of_a_clip(clips):
    rows = sampled(clips, "long.avi")
    assert [row["frame_index"] for row in rows] == [0, 14, 29]
    for row in rows:
        assert (row["clip_id"], row["subject_id"], row["population"]) == ("id-of-long.avi", "s1", "control")
        assert row["image_id"] == frame_id("id-of-long.avi", row["frame_index"])
        assert row["reason"] is None
        assert number_in(decode_png(row["png"])) == row["frame_index"]


def test_frame_ids_are_stable_and_apart():
    """A pinned value: changing how ids are made would orphan every rating of a frame."""
    assert frame_id("ab", 7) == "b7e1dfec11fd191bb4abfdfe9c58ecd7de250cda6278f0dac33b9cb642a20ca8"
    ids = {frame_id(clip, index) for clip in ("ab", "a", "b1") for index in range(-1, 120)}
    assert len(ids) == 3 * 121
    assert all(len(name) == 64 for name in ids)


def test_the_same_clip_gives_the_same_table(clips, tmp_path):
    shutil.copy(clips / "long.mp4", tmp_path / "long.mp4")
    assert sampled(clips, "long.mp4") == sampled(tmp_path, "long.mp4")


def test_a_clip_of_one_frame(clips):
    for rule in (settings("even", count=5), settings("every", step=3)):
        (row,) = sampled(clips, "one.avi", rule=rule)
        assert (row["frame_index"], row["time_s"], row["reason"]) == (0, 0.0, None)


@pytest.mark.parametrize("content", [b"", b"Dear photographer,\n" * 99, b"RIFF\x00\x00\x00\x00AVI LIST"])
@pytest.mark.parametrize("name", ["bad.avi", "bad01.mp4", "bad%d.avi"])
def test_what_is_no_video_is_one_row_with_a_reason(clips, tmp_path, content, name):
    (tmp_path / name).write_bytes(content)
    shutil.copy(clips / "long.avi", tmp_path / "good.avi")
    rows = sampled(tmp_path, name, "good.avi", "gone.avi")
    refused = [row for row in rows if row["reason"]]
    assert [row["clip_id"] for row in refused] == [f"id-of-{name}", "id-of-gone.avi"]
    for row in refused:
        assert row["reason"] == "no frame of this clip could be decoded"
        assert row["png"] is row["frame_index"] is row["time_s"] is None
    assert len(rows) == 2 + 3


def test_a_truncated_clip_gives_the_frames_it_still_has(clips, tmp_path):
    data = (clips / "long.avi").read_bytes()
    (tmp_path / "cut.avi").write_bytes(data[: int(len(data) * 0.6)])
    left = count_frames(tmp_path / "cut.avi")
    assert 3 < left < LENGTH
    found = list(read_frames(tmp_path / "cut.avi", settings("even", count=3)))
    assert [index for index, _, _ in found] == np.linspace(0, left - 1, 3).round().astype(int).tolist()
    (tmp_path / "cut.mp4").write_bytes((clips / "long.mp4").read_bytes()[:900])
    (row,) = sampled(tmp_path, "cut.mp4")
    assert row["reason"]


def test_no_clips_give_an_empty_table(clips):
    assert sampled(clips) == []
    assert sample_frames(IMAGES.table([]), settings=settings("even")).schema.equals(FRAMES.arrow)
