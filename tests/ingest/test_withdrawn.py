"""A tombstone knows a photograph by its bytes and by its pixels, and tells nothing of it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tasks.base import images
from tasks.ingest.images.withdrawn import Withdrawn, pixel_digest, read_withdrawn, write_withdrawn
from tests.stewards import draw

SAVED_ANEW = {
    "without metadata.jpg": True,
    "from jpeg.png": True,
    "from jpeg.tif": True,
    "other metadata.jpg": True,
    "compressed anew.jpg": False,
    "smaller.png": False,
    "cut.png": False,
}
"""Copies of a JPEG, and whether they are known."""


@pytest.fixture
def jpeg(tmp_path: Path) -> Path:
    """A photograph as a camera leaves it, and its copies beside it."""
    picture = Image.open(draw(tmp_path / "drawn.png"))
    exif = Image.Exif()
    exif[0x010F] = "camera"
    picture.save(tmp_path / "camera.jpg", quality=90, exif=exif)
    data = (tmp_path / "camera.jpg").read_bytes()
    at = data.index(b"\xff\xe1")  # EXIF: its mark, its length, itself
    rest = data[at + 2 + int.from_bytes(data[at + 2 : at + 4]) :]
    (tmp_path / "without metadata.jpg").write_bytes(data[:at] + rest)
    exif[0x010F] = "another camera"
    other = exif.tobytes()
    (tmp_path / "other metadata.jpg").write_bytes(data[: at + 2] + (len(other) + 2).to_bytes(2) + other + rest)
    shown = Image.fromarray(images.read(tmp_path / "camera.jpg"))
    for name in ("from jpeg.png", "from jpeg.tif"):
        shown.save(tmp_path / name)
    shown.save(tmp_path / "compressed anew.jpg", quality=85)
    shown.resize((200, 200)).save(tmp_path / "smaller.png")
    shown.crop((1, 0, *shown.size)).save(tmp_path / "cut.png")
    return tmp_path / "camera.jpg"


@pytest.mark.parametrize("name", SAVED_ANEW)
def test_the_same_pixels_in_another_file_are_known(jpeg: Path, name: str) -> None:
    stones = Withdrawn().more(["a" * 64], [pixel_digest(images.read(jpeg))])
    assert stones.shows(images.read(jpeg.with_name(name))) is SAVED_ANEW[name]
    assert jpeg.with_name(name).read_bytes() != jpeg.read_bytes()


def test_tombstones_are_kept_salted(tmp_path: Path) -> None:
    image = np.zeros((2, 3, 3), np.uint8)
    assert not Withdrawn().shows(image)
    written = Withdrawn().more(["a" * 64], [pixel_digest(image)])
    file = write_withdrawn(tmp_path, written)
    text = file.read_text()
    assert pixel_digest(image) not in text
    assert "a" * 64 not in text
    stones = read_withdrawn(tmp_path)
    assert ("a" * 64 in stones, stones.shows(image), stones.shows(image.transpose(1, 0, 2))) == (True, True, False)
    assert stones.more(["b" * 64], []).shows(image)
    file.write_text(text.replace('"pixels"', '"pixel"'))
    with pytest.raises(Exception, match="damaged; it says which photographs were withdrawn"):
        read_withdrawn(tmp_path)
