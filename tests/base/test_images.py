"""Every kind of picture file is read right, or refused with a reason; never a crash, never unread memory."""

import io
import os
import random
import struct
import tempfile
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms
from PIL.Image import Transpose
from PIL.PngImagePlugin import PngInfo

from tasks.base.images import UnreadableImage, decode, decode_png, encode_png, read

COLOUR = (200, 100, 50)
STORED_AS = {  # how a picture is laid down so that this EXIF orientation turns it upright again
    1: None,
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_90,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_270,
}


def quarters() -> Image.Image:
    """48 x 32: red, green over blue, white."""
    image = np.zeros((32, 48, 3), np.uint8)
    image[:16, :24], image[:16, 24:], image[16:, :24], image[16:, 24:] = (255, 0, 0), (0, 255, 0), (0, 0, 255), 255
    return Image.fromarray(image)


def plain(mode: str = "RGB", size: tuple[int, int] = (16, 8)) -> Image.Image:
    return Image.new("RGB", size, COLOUR).convert(mode)


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def by_opencv(suffix: str, array: np.ndarray) -> bytes:
    return cv2.imencode(suffix, array)[1].tobytes()


def assert_close(image: np.ndarray, expected: Any, tolerance: int = 1) -> None:
    assert image.dtype == np.uint8
    assert image.ndim == 3
    assert image.shape[2] == 3
    assert np.abs(image.astype(int) - np.asarray(expected, int)).max() <= tolerance


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", STORED_AS)
def test_exif_orientation_is_honoured(kind: str, orientation: Any) -> None:
    upright, turn = quarters(), STORED_AS[orientation]
    stored = upright.transpose(turn) if turn is not None else upright
    if kind == "TIFF":
        data = saved(stored, kind, tiffinfo={274: orientation})
    else:
        exif = Image.Exif()
        exif[0x0112] = orientation
        data = saved(stored, kind, exif=exif, **({"quality": 100, "subsampling": 0} if kind == "JPEG" else {}))
    image = decode(data)
    assert image.shape == (32, 48, 3)
    corners = image[4, 4], image[4, -5], image[-5, 4], image[-5, -5]
    assert_close(np.array([corners]), [[(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]], 12)


def test_a_photograph_with_unreadable_exif_is_still_read() -> None:
    """Only the orientation matters; a rewrite of the whole EXIF, as Pillow's own turning does, would fail here."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "maker"
    data = bytearray(saved(quarters(), "JPEG", exif=exif))
    entry = data.index(struct.pack(">HH", 0x010F, 2))
    data[entry + 1] = 0x24  # the maker's name, said to be a tag that holds a number
    assert decode(bytes(data)).shape == (48, 32, 3)


def test_png_bytes_hold_pixels_and_nothing_else() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Secret Camera"
    image = decode(saved(quarters(), "JPEG", exif=exif, comment=b"Jane Doe"))
    data = encode_png(image)
    chunks, place = [], 8
    while place < len(data):
        length, name = struct.unpack(">I4s", data[place : place + 8])
        chunks.append(name)
        place += length + 12
    assert set(chunks) == {b"IHDR", b"IDAT", b"IEND"}
    assert data == encode_png(image)
    assert np.array_equal(decode_png(data), image)
    with pytest.raises(UnreadableImage, match="damaged"):
        decode_png(data[:20])


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
@pytest.mark.parametrize(("deep", "eight"), [(0, 0), (200, 1), (32768, 128), (65535, 255)])
def test_sixteen_bit_grey(suffix: str, deep: int, eight: int) -> None:
    """Also a picture that is dark all over: 200 of 65,535 is nearly black, not nearly white."""
    assert_close(decode(by_opencv(suffix, np.full((8, 16), deep, np.uint16))), np.full((8, 16, 3), eight))


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_sixteen_bit_colour(suffix: str) -> None:
    deep = np.full((8, 16, 4), (50 * 257, 100 * 257, 200 * 257, 0), np.uint16)
    assert_close(decode(by_opencv(suffix, deep[..., :3].copy())), np.full((8, 16, 3), COLOUR))
    with pytest.raises(UnreadableImage, match="wholly transparent"):
        decode(by_opencv(suffix, deep))
    deep[:, :8, 3] = 65535
    assert_close(decode(by_opencv(suffix, deep)), np.where(deep[..., 3:] > 0, COLOUR, 255))


def planar_tiff(planes: np.ndarray, width: int, height: int, orientation: int = 1) -> bytes:
    """An uncompressed 16-bit RGB TIFF that stores one colour after the other."""
    short, long, size = 3, 4, planes.nbytes // 3
    tables = 8 + 2 + 12 * 12 + 4
    offsets, counts, start = tables + 6, tables + 18, tables + 30
    entries = [
        *((256, long, 1, width), (257, long, 1, height), (258, short, 3, tables), (259, short, 1, 1)),
        *(
            (262, short, 1, 2),
            (273, long, 3, offsets),
            (274, short, 1, orientation),
            (277, short, 1, 3),
            (278, long, 1, height),
        ),
        *((279, long, 3, counts), (284, short, 1, 2), (339, short, 1, 1)),
    ]
    head = b"II*\0" + struct.pack("<IH", 8, len(entries))
    head += b"".join(struct.pack("<HHII", *entry) for entry in entries) + struct.pack("<I", 0)
    head += struct.pack("<HHH", 16, 16, 16) + struct.pack("<III", start, start + size, start + 2 * size)
    return head + struct.pack("<III", size, size, size) + planes.tobytes()


def test_sixteen_bit_colour_stored_plane_by_plane() -> None:
    planes = np.repeat(np.array(COLOUR, np.uint16) * 256 + 7, 16 * 8)
    assert_close(decode(planar_tiff(planes, 16, 8)), np.full((8, 16, 3), COLOUR))


@pytest.mark.parametrize("orientation", STORED_AS)
def test_what_is_stored_plane_by_plane_is_turned_once(orientation: Any) -> None:
    upright, turn = quarters(), STORED_AS[orientation]
    stored = upright.transpose(turn) if turn is not None else upright
    planes = np.asarray(stored).astype(np.uint16).transpose(2, 0, 1) * 257
    assert_close(decode(planar_tiff(np.ascontiguousarray(planes), *stored.size, orientation)), np.asarray(upright))


def test_exif_in_a_packed_text_of_png_turns_it() -> None:
    exif = Image.Exif()
    exif[0x0112] = 2
    content = b"\nexif\n%8d\n" % len(exif.tobytes()) + exif.tobytes().hex().encode() + b"\n"
    told = PngInfo()
    told.add_text("Raw profile type exif", content.decode(), zip=True)
    mirrored = quarters().transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    assert_close(decode(saved(mirrored, "PNG", pnginfo=told)), np.asarray(quarters()))


def test_float_grey_with_holes() -> None:
    grey = np.full((8, 16), 0.5, np.float32)
    grey[0, 0] = np.nan
    image = decode(by_opencv(".tiff", grey))
    assert_close(image[1:], np.full((7, 16, 3), 128))
    assert image[0, 0].max() == 0


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("L", "PNG"), ("L", "JPEG"), ("CMYK", "TIFF"), ("CMYK", "JPEG"), ("RGB", "BMP")]
    + [("RGB", "WEBP"), ("YCbCr", "TIFF"), ("RGB", "JPEG"), ("RGB", "TIFF")],
)
def test_common_kinds(mode: Any, kind: Any) -> None:
    expected = [plain("L").getpixel((0, 0))] * 3 if mode == "L" else COLOUR
    assert_close(decode(saved(plain(mode), kind)), np.full((8, 16, 3), expected), 6)


def test_one_bit() -> None:
    picture = Image.fromarray(np.eye(8, dtype=np.uint8) * 255).convert("1")
    for kind in ("PNG", "TIFF"):
        assert_close(decode(saved(picture, kind)), np.repeat(np.eye(8)[..., None] * 255, 3, axis=2), 0)


def test_cmyk_with_an_unusable_profile_is_read_without_it() -> None:
    picture = plain("CMYK")
    without = decode(saved(picture, "TIFF"))
    broken = decode(saved(picture, "JPEG", icc_profile=b"no profile at all"))
    assert_close(broken, without, 6)
    rgb_profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert_close(decode(saved(picture, "JPEG", icc_profile=rgb_profile)), without, 6)  # does not fit: left aside


def test_transparency_lies_over_white() -> None:
    half = Image.new("RGBA", (16, 8), (*COLOUR, 128))
    expected = np.rint(np.array(COLOUR) * 128 / 255 + 127).astype(int)
    for kind in ("PNG", "WEBP", "TIFF"):
        image = decode(saved(half, kind, **({"lossless": True} if kind == "WEBP" else {})))
        assert_close(image, np.full((8, 16, 3), expected))
    assert_close(decode(saved(Image.new("LA", (16, 8), (0, 128)), "PNG")), np.full((8, 16, 3), 127))
    with pytest.raises(UnreadableImage, match="wholly transparent: nothing of it is to be seen"):
        decode(saved(Image.new("RGBA", (16, 8), (*COLOUR, 0)), "PNG"))


def test_transparent_palette_grey_and_colour_key() -> None:
    palette = Image.new("P", (16, 8), 1)
    palette.putpalette([0, 0, 0, *COLOUR])
    palette.putpixel((0, 0), 0)
    for kind in ("PNG", "GIF"):
        assert_close(decode(saved(palette, kind))[0, :2][None], [[(0, 0, 0), COLOUR]])
        image = decode(saved(palette, kind, transparency=0))
        assert_close(image[0, 1][None, None], [[COLOUR]])
        assert image[0, 0].min() == 255
    for mode, key in (("L", 40), ("RGB", COLOUR)):
        picture = Image.new(mode, (16, 8), key)
        picture.putpixel((0, 0), 7 if mode == "L" else (7, 7, 7))
        image = decode(saved(picture, "PNG", transparency=key))
        assert (image[0, 0].tolist(), image[1:].min()) == ([7, 7, 7], 255)


def test_the_first_frame_of_a_moving_gif_counts() -> None:
    frames = [Image.new("RGB", (16, 8), colour) for colour in (COLOUR, (0, 0, 255))]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert_close(decode(data), np.full((8, 16, 3), COLOUR), 6)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "BMP", "GIF"])
def test_truncated_pictures_are_refused(kind: str) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))
    data = saved(noise, kind)
    for share in (0.3, 0.6):
        with pytest.raises(UnreadableImage) as caught:
            decode(data[: int(len(data) * share)])
        assert len(str(caught.value)) > 10


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableImage, match="empty"):
        decode(b"")
    text = tmp_path / "letter.jpg"
    text.write_text("Dear photographer,\n" * 50)
    with pytest.raises(UnreadableImage, match="not a picture.*plain text"):
        read(text)
    with pytest.raises(UnreadableImage, match="cannot be read: .*directory"):
        read(tmp_path)
    with pytest.raises(UnreadableImage, match="cannot be read: No such file"):
        read(tmp_path / "missing.jpg")


def test_no_other_program_is_started_for_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow hands EPS to Ghostscript, which runs what the file says."""
    (tmp_path / "gs").write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    (tmp_path / "gs").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    data = saved(plain(), "EPS")
    with pytest.raises(UnreadableImage, match="not a picture"):
        decode(data)
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize("kind", ["AVIF", "JPEG2000", "PPM"])
def test_rarer_kinds(kind: str) -> None:
    assert_close(decode(saved(plain(size=(64, 64)), kind)), np.full((64, 64, 3), COLOUR), 6)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_a_file_without_permission_is_refused() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        file = Path(folder) / "mine.png"
        file.write_bytes(saved(plain(), "PNG"))
        file.chmod(0o600)
        os.seteuid(65534)
        try:
            with pytest.raises(UnreadableImage, match="Permission denied"):
                read(file)
        finally:
            os.seteuid(0)


def png_claiming(width: int, height: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(999)))


def peak_megabytes() -> int:
    """Most memory this process ever held."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024


@pytest.mark.parametrize(
    "data",
    [png_claiming(100_000, 100_000), planar_tiff(np.zeros(300, np.uint16), 100_000, 100_000)],
    ids=["png", "tiff"],
)
def test_a_claimed_giant_is_refused_before_memory_is_taken(data: Any) -> None:
    before = peak_megabytes()
    with pytest.raises(UnreadableImage, match="too large: 100000 x 100000 is over 200 megapixels"):
        decode(data)
    assert peak_megabytes() - before < 100


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "BMP", "GIF"])
def test_damaged_bytes_never_crash(kind: str) -> None:
    """400 files with a few wrong bytes each: read, or refused with a reason."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "maker"
    options = {"exif": exif} if kind in ("JPEG", "PNG", "WEBP") else {}
    sound, dice = saved(quarters(), kind, **options), random.Random(kind)
    refused = 0
    for _ in range(400):
        data = bytearray(sound)
        for _ in range(dice.choice([1, 2, 8])):
            data[dice.randrange(min(len(data), dice.choice([64, 10**6])))] = dice.randrange(256)
        try:
            assert decode(bytes(data)).dtype == np.uint8
        except UnreadableImage as error:
            refused += 1
            assert str(error)
    assert refused
