"""What EXIF says of a lens, and that nonsense says nothing."""

from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from tasks.surface.cameras.lens import UNKNOWN, lens_of


def written(path: Path, inner: dict[int, Any], outer: dict[int, Any] | None = None) -> Path:
    """A JPEG of 300 x 400 pixels with these entries."""
    exif = Image.Exif()
    exif.update(outer or {})
    exif.get_ifd(ExifTags.IFD.Exif).update(inner)
    Image.new("RGB", (300, 400)).save(path, exif=exif)
    return path


def test_the_equivalent_focal_length_is_of_a_longer_side_of_36_mm(tmp_path: Path) -> None:
    lens = lens_of(written(tmp_path / "a.jpg", {ExifTags.Base.FocalLengthIn35mmFilm: 72}, {ExifTags.Base.Model: "X"}))
    assert lens == ("X", 800.0)


def test_a_sensor_with_its_density_tells_too_also_of_a_smaller_picture(tmp_path: Path) -> None:
    inner: dict[int, Any] = {
        ExifTags.Base.FocalLength: 50.0,
        ExifTags.Base.FocalPlaneXResolution: 200.0,
        ExifTags.Base.FocalPlaneResolutionUnit: 3,
        ExifTags.Base.ExifImageWidth: 600,
        ExifTags.Base.ExifImageHeight: 800,
    }
    assert lens_of(written(tmp_path / "a.jpg", inner)).focal == pytest.approx(500.0)


@pytest.mark.parametrize(
    "value",
    [0, 1, 65535, IFDRational(1, 0), IFDRational(0, 0), "a", -5],
    ids=["0", "1", "huge", "1/0", "0/0", "a", "-5"],
)
def test_nonsense_is_nothing(value: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    try:
        written(path, {ExifTags.Base.FocalLength: value, ExifTags.Base.FocalPlaneXResolution: value})
    except Exception:  # Pillow writes no such value
        pytest.skip("cannot be written")
    assert lens_of(path).focal is None


def test_a_hostile_name_is_written_out_and_cut(tmp_path: Path) -> None:
    lens = lens_of(written(tmp_path / "a.jpg", {}, {ExifTags.Base.Model: "a\x1b[31m" + "b" * 100}))
    assert lens.camera is not None
    assert "\x1b" not in lens.camera
    assert len(lens.camera) == 40


def test_a_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"text")
    assert lens_of(tmp_path / "a.jpg") == UNKNOWN
    assert lens_of(tmp_path / "nowhere.jpg") == UNKNOWN
