"""A damaged picture never passes for a whole one, and a whole one never for a damaged one."""

import base64
import contextlib
import gzip
import io
import os
import random
import struct
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms, TiffImagePlugin

from bench.changed import shows
from tasks.base.images import UnreadableImage, carries_place, decode, read
from tasks.base.whole_files import bytes_left_over, jpeg, packbits
from tasks.base.whole_files.block_steps import BAND, STAIR, stair
from tasks.base.whole_files.blocks_of_zeros import zeros
from tasks.base.whole_files.heif_boxes import coded_items, extents
from tasks.base.whole_files.lzw import ends_well
from tests.base.tiles import in_tiles
from tests.ingest.drawn import face

REAL = Path(os.environ.get("VERMILION_REAL", ""))
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
KINDS: dict[str, dict[str, Any]] = {
    "plain": {"quality": 90},
    "coarse": {"quality": 40},
    "fine": {"quality": 95, "subsampling": 0},
    "progressive": {"quality": 85, "progressive": True},
    "restarts": {"quality": 85, "restart_marker_rows": 1},
}


def photograph(seed: int = 3) -> Image.Image:
    """A drawn face with a camera's noise: flat paint would hide what damage does."""
    noise = np.random.default_rng(seed).normal(0, 4, (384, 384, 3))
    return Image.fromarray(np.clip(face(seed, size=384).image + noise, 0, 255).astype(np.uint8))


def saved(kind: str = "JPEG", seed: int = 3, mode: str = "RGB", **options: Any) -> bytes:
    return saved_as(photograph(seed).convert(mode), kind, **options)


def saved_as(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def middle(data: bytes, share: float = 0.5) -> int:
    """A place in the coded pixels."""
    start = data.find(b"\xff\xda") + 14
    return start + int((len(data) - start) * share)


def zeroed(data: bytes, share: float = 0.5, length: int = 64) -> bytes:
    place = middle(data, share)
    return data[:place] + bytes(length) + data[place + length :]


def without(data: bytes, share: float = 0.5, length: int = 40) -> bytes:
    place = middle(data, share)
    return data[:place] + data[place + length :]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_whole_jpegs_are_whole(kind: str, mode: str) -> None:
    for seed in (1, 2, 3):
        data = saved(seed=seed, mode=mode, **KINDS[kind])
        assert jpeg.damage(data) is None
        assert jpeg.damage(data + b"what phones append" + data) is None


@pytest.mark.parametrize(
    ("kind", "share"),
    [(kind, share) for kind in ("plain", "coarse", "fine") for share in (0.3, 0.5, 0.7)]
    + [("progressive", 0.1), ("progressive", 0.3)],  # later scans only refine
)
def test_lost_and_zeroed_parts_are_seen(kind: str, share: float) -> None:
    data = saved(**KINDS[kind])
    for bad in (zeroed(data, share), without(data, share)):
        with pytest.raises(UnreadableImage, match=r"damaged picture: .*get the file again"):
            decode(bad)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_cut_jpeg_that_was_closed_is_seen(kind: str, share: float) -> None:
    data = saved(**KINDS[kind])
    with pytest.raises(UnreadableImage, match="damaged picture"):
        decode(data[: middle(data, share)] + jpeg.END)
    with pytest.raises(UnreadableImage, match="it stops before its end marker"):
        decode(data[: middle(data, share)])


def test_a_progressive_jpeg_without_its_last_scans_is_seen() -> None:
    """Cut between two scans, its decoder says nothing."""
    data = saved(**KINDS["progressive"])
    scans = [place for place in range(len(data)) if data.startswith(b"\xff\xda", place)]
    for scan in scans[1:]:
        tables = data.rfind(b"\xff\xc4", 0, scan)
        cut = tables if tables > scans[0] else scan
        with pytest.raises(UnreadableImage, match="last scans are missing"):
            decode(data[:cut] + jpeg.END)


def test_a_colour_that_changes_at_one_block_is_seen() -> None:
    """A changed bit in a block's mean shifts all that follow, in a stream that is valid to its end."""
    small = np.asarray(photograph().resize((48, 48), Image.Resampling.BOX))[..., ::-1].copy()
    assert stair(small, 2, 2, quantum=1.0) < STAIR
    for row, column in ((20, 24), (8, 12), (30, 36)):
        bad = small.astype(int)
        bad[row : row + 2, column:] -= 12
        bad[row + 2 :] -= 12
        assert stair(np.clip(bad, 0, 255).astype(np.uint8), 2, 2, quantum=1.0) > STAIR


def test_a_colour_that_changes_up_to_the_end_of_a_row_is_seen() -> None:
    """With a restart marker per row nothing that follows is shifted: there is a band, and no stair."""
    small = np.asarray(photograph().resize((48, 48), Image.Resampling.BOX))[..., ::-1].copy()
    assert stair(small, 2, 2, quantum=1.0, band=True) < BAND
    for row, column in ((20, 24), (8, 12), (30, 36)):
        bad = small.astype(int)
        bad[row : row + 2, column:] -= 12
        bad = np.clip(bad, 0, 255)
        assert stair(bad.astype(np.uint8), 2, 2, quantum=1.0, band=True) > BAND


def test_a_colour_that_changes_up_to_the_end_of_a_strip_is_seen() -> None:
    """In a TIFF packed as JPEG, whose strips are too low to show it by themselves."""
    faces = [np.asarray(photograph()).astype(int) for _ in range(2)]
    faces[1][160:176, 160:] += 25  # from one block on all of a strip, which is two rows of blocks
    faces[1][176:192] += 25
    told = []
    for face_ in faces:
        shown = Image.fromarray(np.clip(face_, 0, 255).astype(np.uint8))
        strips = [saved_as(shown.crop((0, top, 384, top + 32)), "JPEG", quality=90) for top in range(0, 384, 32)]
        told.append(jpeg.strips_damage(strips, 32))
        assert jpeg.strips_damage(strips, 33) is None  # strips that begin amid a block
    assert told == [None, jpeg.JUMPS]
    assert jpeg.strips_damage([], 32) is None
    assert jpeg.strips_damage([b"no JPEG"], 32) is not None


def test_an_eyebrow_at_the_edge_is_no_band() -> None:
    """Dark over one row of blocks up to the right edge, and nothing left of it: its edges go over several pixels."""
    rows = np.arange(384, dtype=np.float32)
    brow = 60 * np.exp(-(((rows - 192 - 8) / 8.0) ** 2))[:, None] * (np.arange(384) > 192)
    shown = np.asarray(photograph()).astype(np.float32) * 0 + 170 + np.random.default_rng(1).normal(0, 1, (384, 384, 1))
    soft = np.clip(shown - brow[..., None], 0, 255).astype(np.uint8)
    hard = np.clip(shown, 0, 255)
    hard[192:208, 208:] -= 40
    small = [cv2.resize(each, (48, 48), interpolation=cv2.INTER_AREA) for each in (soft, hard.astype(np.uint8))]
    assert all(stair(each, 2, 2, quantum=1.0, band=True) > BAND for each in small)
    for each, damaged in ((soft, None), (hard.astype(np.uint8), jpeg.JUMPS)):
        data = saved_as(Image.fromarray(each), "JPEG", quality=95, restart_marker_rows=1)
        assert jpeg.damage(data) == damaged


def test_edges_of_things_are_no_stairs() -> None:
    bars = np.asarray(photograph().resize((48, 48), Image.Resampling.BOX)).copy()
    bars[:6], bars[-6:] = 0, 0  # a film's black bars
    bars[12:20, 30:] = 200  # a caption in a corner
    assert stair(bars, 2, 2, quantum=1.0) < STAIR
    assert stair(bars, 2, 2, quantum=1.0, band=True) < BAND


@pytest.mark.parametrize(("kind", "least"), [("plain", 0.8), ("progressive", 0.9), ("restarts", 0.9)])
def test_most_flipped_bits_that_show_are_seen(kind: str, least: float) -> None:
    """Of 60 single flips: those that change over half a per cent of the pixels."""
    data, dice = saved(**KINDS[kind]), random.Random(1)
    whole = cv2.imdecode(np.frombuffer(data, np.uint8), 1)
    assert whole is not None
    sound = whole.astype(int)
    seen = shown = 0
    for _ in range(60):
        bad = bytearray(data)
        bad[dice.randrange(middle(data, 0), len(data) - 2)] ^= 1 << dice.randrange(8)
        picture = cv2.imdecode(np.frombuffer(bytes(bad), np.uint8), 1)
        if picture is None or (np.abs(picture - sound).max(axis=2) > 8).mean() > 0.005:
            shown += 1
            seen += jpeg.damage(bytes(bad)) is not None
    assert shown >= 10
    assert seen >= least * shown


def test_the_decoders_words_are_heard_where_threads_share_their_files(monkeypatch: pytest.MonkeyPatch) -> None:
    data = saved()
    bad = zeroed(data)
    heard = jpeg.damage(bad)

    def refuse() -> None:
        raise OSError

    monkeypatch.setattr(jpeg, "own_files", refuse)
    assert jpeg.damage(bad) == heard
    assert jpeg.damage(data) is None


def test_the_decoders_words_do_not_reach_the_processes_own_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    assert jpeg.damage(zeroed(saved()))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_a_changed_byte_in_a_png_or_a_deflated_tiff_is_seen(share: float) -> None:
    for data in (saved("PNG"), saved("TIFF", compression="tiff_adobe_deflate")):
        bad = bytearray(data)
        bad[int(len(data) * share)] ^= 16
        with pytest.raises(UnreadableImage, match="damaged"):
            decode(bytes(bad))


PACKED: list[tuple[str, dict[str, Any]]] = [
    *(("WEBP", {"lossless": True}), ("AVIF", {"quality": 90}), ("HEIF", {"quality": 90})),
    *(("TIFF", {"compression": "tiff_lzw"}), ("TIFF", {"compression": "jpeg"})),
]
LOOSE: list[tuple[str, dict[str, Any]]] = [
    *(("TIFF", {}), ("BMP", {}), ("PPM", {}), ("WEBP", {"quality": 95}), ("JPEG2000", {})),
]


@pytest.mark.parametrize(("kind", "options"), [*PACKED, *LOOSE])
def test_a_part_that_is_nothing_but_zeros_is_seen(kind: str, options: dict[str, Any]) -> None:
    """A sector that could not be read, and a copy whose place was made before it stopped."""
    whole = saved(kind, **options)
    decode(whole)
    begin = len(whole) // 2 // 4096 * 4096
    for length in (512 if (kind, options) in PACKED else 4096, len(whole) - begin):
        damaged = whole[:begin] + bytes(length) + whole[begin + length :]
        with pytest.raises(UnreadableImage, match="damaged") as caught:
            decode(damaged)
        if kind in ("AVIF", "HEIF", "BMP", "PPM"):
            assert "is nothing but zeros; get the file again" in str(caught.value)


@pytest.mark.parametrize("kind", ["TIFF", "BMP", "PPM", "WEBP", "AVIF", "HEIF", "JPEG2000"])
def test_black_is_no_damage(kind: str) -> None:
    """Bars above and below, a black background, a picture of one colour."""
    for width in (512, 640, 601):
        picture = Image.new("RGB", (width, 512))
        decode(saved_as(picture, kind))
        picture.paste(photograph().resize((300, 200)), (150, 100))
        decode(saved_as(picture, kind))
        decode(saved_as(Image.new("RGB", (width, 512), "white"), kind))


def test_dark_pictures_are_looked_through_at_once() -> None:
    """Thousands of zeros in a row, again and again, and never enough."""
    dark = np.zeros((3000, 4000, 3), np.uint8)
    dark[:, ::1000], dark[::2, ::700] = 5, 9
    data = saved_as(Image.fromarray(dark), "TIFF")
    began = time.process_time()
    assert zeros(data, Image.open(io.BytesIO(data))) is None
    assert time.process_time() - began < 2


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "GIF", "BMP", "JPEG2000", "AVIF", "HEIF"])
def test_cut_files_are_refused(kind: str) -> None:
    data = saved(kind)
    assert decode(data).shape == (384, 384, 3)
    for share in (0.4, 0.8):
        with pytest.raises(UnreadableImage, match=r"damaged|not a picture"):
            decode(data[: int(len(data) * share)])


@pytest.mark.parametrize(
    ("begin", "said"),
    [
        (b"\0" * 5000, "nothing but zeros; its copy was not finished"),
        (b"%PDF-1.7\n" + b"x" * 99, "a PDF"),
        (b"\0\0\0\x18ftypqt  " + b"\0" * 99, r"a video \(MOV\)"),
        (b"\0\0\0\x18ftypcrx " + b"\0" * 99, "raw file"),
        (b"\xff\x0a" + b"x" * 99, "JPEG XL"),
        (b"\n<!DOCTYPE html><html>", "a web page; the download failed"),
        (b"\0" * 128 + b"DICM" + b"\0" * 99, "a DICOM file"),
        (b"PK\x03\x04" + b"x" * 99, "a ZIP archive"),
        (b"\xff\xd8\xff" + b"x" * 99, "a JPEG whose beginning is damaged"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "a pointer of Git LFS.*git lfs pull"),
        (base64.b64encode(saved()), r"a JPEG written as text \(base64\)"),
        (b"data:image/jpeg;base64," + base64.b64encode(saved()), "a picture written as text"),
        (saved().decode("latin-1").encode(), "changed as if it were text"),
        (saved().decode(errors="replace").encode(), "changed as if it were text"),
        (b"\r\n" + saved(), "blank lines before it"),
        (gzip.compress(saved()), "packed with gzip"),
        (b"see the other folder\n", "plain text"),
    ],
)
def test_what_the_file_really_is_is_named(tmp_path: Path, begin: Any, said: str) -> None:
    file = tmp_path / "photo.jpg"
    file.write_bytes(begin)
    with pytest.raises(UnreadableImage, match=said):
        read(file)


def test_a_sparse_giant_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "giant.jpg"
    with file.open("wb") as opened:
        opened.truncate(12_000_000_000)
    with pytest.raises(UnreadableImage, match=r"too large: 12\.0 GB, pictures of up to 2 GB are read"):
        read(file)


@pytest.mark.filterwarnings("ignore")
def test_damaged_exif_crashes_nothing(tmp_path: Path) -> None:
    """A thousand EXIF blocks with wrong bytes, through what `ratings add` and ingest ask of a photograph."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "maker"
    exif.get_ifd(0x8825)[1], exif.get_ifd(0x8825)[2] = "N", (51.0, 30.0, 0.0)
    exif.get_ifd(0xA005)[1] = "R98"
    small = Image.new("RGB", (32, 16), (200, 100, 50))
    file, dice, read_so_far = tmp_path / "photo.jpg", random.Random(5), 0
    for kind in ("JPEG", "PNG", "TIFF", "WEBP", "HEIF"):
        made = io.BytesIO()
        small.save(made, kind, exif=exif)
        data = made.getvalue()
        begin = data.find(b"Exif\0\0") + 6 if kind in ("JPEG", "HEIF") else data.find(b"II*\0")
        begin = max(begin, data.find(b"MM\0*"))
        assert begin > 0 or kind == "TIFF"
        for _ in range(200):
            bad = bytearray(data)
            for _ in range(dice.choice([1, 2, 5])):
                bad[max(begin, 0) + dice.randrange(min(160, len(data) - max(begin, 0)))] = dice.randrange(256)
            file.write_bytes(bad)
            assert carries_place(file) in (True, False)
            try:
                read_so_far += read(file).dtype == np.uint8
            except UnreadableImage as error:
                assert str(error)
    assert read_so_far > 100


@pytest.mark.real
def test_no_real_photograph_is_refused() -> None:
    """All of them as they are, and a few saved again in other ways."""
    files = sorted((REAL / "london").glob("*/*.jpg"))
    assert len(files) == 204
    for file in files:
        assert jpeg.damage(file.read_bytes()) is None
    for file in files[::20]:
        for options in KINDS.values():
            made = io.BytesIO()
            Image.open(file).convert("RGB").resize((600, 560)).save(made, "JPEG", **options)
            assert jpeg.damage(made.getvalue()) is None


CODED: list[tuple[str, dict[str, Any], int]] = [
    ("WEBP", {"quality": 90}, 19),
    ("WEBP", {"quality": 40}, 19),
    ("AVIF", {"quality": 80}, 19),
    ("HEIF", {"quality": 90}, 19),
    ("HEIF", {"quality": 90, "enc_params": {"x265:wpp": "0"}}, 19),
    ("HEIF", {"quality": 90, "enc_params": {"x265:slices": "3"}}, 19),
    ("TIFF", {"compression": "jpeg"}, 4),
    ("TIFF", {"compression": "tiff_lzw"}, 6),
]
"""Pictures without checksums, and of 20 changed bytes the fewest that are seen (docs/pictures.md has the shares)."""


@pytest.mark.parametrize(("kind", "options", "least"), CODED)
def test_a_changed_byte_in_coded_pixels_makes_them_end_elsewhere(
    kind: str, options: dict[str, Any], least: int, capfd: pytest.CaptureFixture[str]
) -> None:
    whole, dice = saved(kind, **options), random.Random(7)
    decode(whole)
    seen = 0
    for _ in range(20):
        bad = bytearray(whole)
        bad[dice.randrange(len(bad) // 3, 2 * len(bad) // 3)] ^= dice.randrange(1, 256)
        try:
            decode(bytes(bad))
        except UnreadableImage as error:
            seen += 1
            assert str(error).startswith("damaged picture: ")
    assert seen >= least
    assert kind == "TIFF" or capfd.readouterr() == ("", "")


FLAT = [Image.new("RGB", size, colour) for size in ((512, 512), (16, 16)) for colour in ("white", "black", "gray")]


@pytest.mark.parametrize(("kind", "options", "_"), CODED)
def test_flat_and_plain_pictures_are_whole(kind: str, options: dict[str, Any], _: int) -> None:
    """A wall, a film's black: a few bytes, of which many may be anything."""
    edge = Image.new("RGB", (301, 203), "white")
    edge.paste((200, 150, 130), (80, 40, 190, 160))
    for picture in (*FLAT, edge, edge.convert("L"), photograph().crop((0, 0, 129, 99))):
        decode(saved_as(picture, kind, **options))


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_of_a_heic_in_tiles_every_tile_is_looked_at(turns: int) -> None:
    """As phones save them, also turned: a changed byte in one tile leaves the others' ends as they are."""
    whole = in_tiles(photograph(), 192, turns=turns)
    assert decode(whole).shape == (384, 384, 3)
    places = list(extents(whole))
    assert len(places) == len(coded_items(whole)) == 4
    seen = 0
    for extent in places:
        for share in (0.2, 0.4, 0.6):
            bad = bytearray(whole)
            bad[extent.place + int(extent.length * share)] ^= 90
            try:
                decode(bytes(bad))
            except UnreadableImage:
                seen += 1
    assert seen >= 11


@pytest.mark.parametrize(("width", "height", "side"), [(384, 300, 64), (330, 384, 64), (330, 301, 128)])
def test_a_heic_whose_tiles_reach_beyond_it_is_whole(width: int, height: int, side: int) -> None:
    """As of every phone: what ends such a tile is not shown."""
    for seed in (1, 2, 3):
        picture = photograph(seed).crop((0, 0, width, height))
        whole = in_tiles(picture, side, quality=90)
        assert decode(whole).shape == (height, width, 3)


def test_webps_in_other_clothes_are_looked_at() -> None:
    """With transparency, with a profile, and the first of several pictures."""
    clear = photograph().convert("RGBA")
    clear.putalpha(Image.fromarray(np.tile(np.linspace(40, 255, 384).astype(np.uint8), (384, 1))))
    moving: dict[str, Any] = {"save_all": True, "append_images": [photograph(4)], "quality": 90}
    for whole in (saved_as(clear, "WEBP", quality=90), saved("WEBP", icc_profile=SRGB), saved("WEBP", **moving)):
        decode(whole)
        bad, place = bytearray(whole), whole.index(b"VP8 ")
        bad[place + int.from_bytes(whole[place + 4 : place + 8], "little") // 2] ^= 90
        with pytest.raises(UnreadableImage, match="damaged"):
            decode(bytes(bad))


def test_a_lossless_webp_whose_byte_was_changed_is_seen_by_its_colours() -> None:
    """Nothing in the file tells it. Most changes that show are told; with transparency, and of a moving one, too."""
    clear = photograph().convert("RGBA")
    clear.putalpha(Image.fromarray(np.tile(np.linspace(40, 255, 384).astype(np.uint8), (384, 1))))
    moving: dict[str, Any] = {"save_all": True, "append_images": [photograph(4)]}
    rng, told, shown = np.random.default_rng(1), [0, 0, 0], 0
    for kind, options in enumerate(({}, {"alpha_quality": 100}, moving)):
        whole = saved_as(clear if kind == 1 else photograph(), "WEBP", lossless=True, **options)
        decode(whole)
        place = whole.index(b"VP8L") + 8
        length = int.from_bytes(whole[place - 4 : place], "little")
        for _ in range(10):
            bad = bytearray(whole)
            bad[place + int(rng.integers(length // 3, 2 * length // 3))] ^= int(rng.integers(1, 256))
            told[kind] += refuses(bytes(bad))
            shown += shows(opened(whole), opened(bytes(bad)))
    assert shown == 15
    assert sum(told) >= 12 and min(told) >= 1


def opened(data: bytes) -> np.ndarray:
    """The colours as Pillow gives them, whatever is wrong with the file."""
    with Image.open(io.BytesIO(data)) as picture:
        return np.asarray(picture.convert("RGB"))


def refuses(data: bytes) -> bool:
    """Whether it is refused, saying what a lossless WebP lacks."""
    try:
        decode(data)
    except UnreadableImage as error:
        return "a lossless WebP has no checksum: if it looks whole, export it as PNG" in str(error)
    return False


def test_what_is_drawn_on_a_whole_lossless_webp_is_no_damage() -> None:
    """Black and white, coloured letters on a face, hidden colours below transparency."""
    lined = np.asarray(photograph()).copy()
    for colour, row in (((255, 0, 0), 100), ((255, 255, 0), 200), ((0, 255, 0), 300)):
        cv2.putText(lined, "p071 before", (20, row), cv2.FONT_HERSHEY_SIMPLEX, 1, colour, 2)
    checks = (np.indices((90, 90)).sum(axis=0) % 2 * 255).astype(np.uint8)
    hidden = np.random.default_rng(1).integers(0, 256, (90, 90, 4), np.uint8)
    hidden[..., 3] = 255 * (np.indices((90, 90))[0] == 0)
    hidden[0, :, :3] = 90
    for picture in (Image.fromarray(lined), Image.fromarray(checks), Image.fromarray(hidden, "RGBA")):
        decode(saved_as(picture, "WEBP", lossless=True, exact=True))


def test_packbits_end_where_they_should() -> None:
    packed = b"\xfe\xaa\x02\x80\x00\x2a\xfd\xaa\x03\x80\x00\x2a\x22\xf7\xaa"  # TIFF 6.0, section 9
    assert packbits.ends_well(packed, 24) and packbits.ends_well(packed + b"\x80", 24)
    assert not packbits.ends_well(packed, 23) and not packbits.ends_well(packed, 25)
    assert not packbits.ends_well(packed + b"\0\0", 24) and not packbits.ends_well(packed[:-1], 24)
    assert not packbits.ends_well(b"\xfd" + packed[1:], 24)
    for mode in ("RGB", "L", "1", "CMYK"):
        whole = saved("TIFF", mode=mode, compression="packbits")
        assert decode(whole).shape == (384, 384, 3)
    with Image.open(io.BytesIO(saved("TIFF", compression="packbits"))) as opened:
        at = opened.tag_v2[273][1]  # type: ignore[attr-defined]
    bad = bytearray(saved("TIFF", compression="packbits"))
    bad[at] ^= 64  # the first count of the second strip
    with pytest.raises(UnreadableImage, match="damaged"):
        decode(bytes(bad))


def with_fewer_colours(width: int, height: int) -> bytes:
    """A TIFF of YCbCr, one colour to four pixels, packed in literal runs of 128 bytes: FFmpeg writes such."""
    blocks = np.random.default_rng(2).integers(60, 200, -(-width // 2) * -(-height // 2) * 6, np.uint8).tobytes()
    runs = [blocks[at : at + 128] for at in range(0, len(blocks), 128)]
    packed = b"".join(bytes([len(run) - 1]) + run for run in runs)
    start = 8 + 2 + 12 * 12 + 4
    bits = struct.pack("<3H", 8, 8, 8)
    one = [(256, 4, width), (257, 4, height), (258, 3, start), (259, 3, 32773), (262, 3, 6), (273, 4, start + 6)]
    one += [(277, 3, 3), (278, 4, height), (279, 4, len(packed)), (282, 4, 1), (283, 4, 1), (530, 3, 2 | 2 << 16)]
    count = {258: 3, 530: 2}
    entries = b"".join(struct.pack("<HHII", tag, kind, count.get(tag, 1), value) for tag, kind, value in one)
    return b"II*\0" + struct.pack("<IH", 8, len(one)) + entries + bytes(4) + bits + packed


@pytest.mark.parametrize("width", [64, 37])
def test_a_tiff_with_fewer_pixels_of_colour_is_whole(width: int) -> None:
    whole = with_fewer_colours(width, 21)
    changed = bytearray(whole)
    changed[8 + 2 + 12 * 12 + 4 + 6] ^= 1  # how long the first run is
    for data, said in ((whole, None), (bytes(changed), bytes_left_over.LEFT)):
        with Image.open(io.BytesIO(data)) as opened:
            assert isinstance(opened, TiffImagePlugin.TiffImageFile)
            assert bytes_left_over.tiff(data, opened) == said


def test_lzw_ends_where_it_should() -> None:
    """Strips of many lengths, from one colour to noise: whole, cut, with more behind, with a code that is another."""
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (90, 120), np.uint8))
    for picture in (noise, photograph().convert("L"), Image.new("L", (700, 900), 7), Image.new("L", (1, 1))):
        data = saved_as(picture, "TIFF", compression="tiff_lzw", tiffinfo={278: picture.height})
        with Image.open(io.BytesIO(data)) as opened:
            tags = opened.tag_v2  # type: ignore[attr-defined]
            [start], [length] = tags[273], tags[279]
        strip, size = data[start : start + length], picture.width * picture.height
        assert ends_well(strip, size) and ends_well(strip + bytes(2), size)
        assert not ends_well(strip, size + 1) and not ends_well(strip, size + 5000)
        if size > 1:
            assert not ends_well(strip, size - 1) and not ends_well(strip[: length // 2], size)
    assert not ends_well(b"", 1)


def test_odd_boxes_and_many_strips_take_no_time() -> None:
    """Counts that promise what is not there: 65,535 items of as many pieces; strips that all lie in one place."""
    whole = saved("HEIF", quality=80)
    place = whole.index(b"iloc") + 4
    wild = bytearray(whole)
    wild[place + 6 : place + 8] = b"\xff\xff"
    wild[place + 8 + 4 + (2 if wild[place] else 0) : place + 8 + 6 + (2 if wild[place] else 0)] = b"\xff\xff"
    [extent] = extents(whole)
    units = whole[: extent.place].replace(extent.length.to_bytes(4), (5_000_000).to_bytes(4)) + bytes(5_000_000)
    assert [one.length for one in extents(units)] == [5_000_000]
    strips = saved("TIFF", compression="jpeg", tiffinfo={278: 16})
    with Image.open(io.BytesIO(strips)) as opened:
        tags = opened.tag_v2  # type: ignore[attr-defined]
    many = {322: 16, 323: 16, 259: 7, 256: 160_000, 257: 1000, 324: (tags[273][0],) * 600_000, 325: (9,) * 600_000}
    began = time.perf_counter()
    for bad in (bytes(wild), units):
        list(coded_items(bad))
        with contextlib.suppress(UnreadableImage):
            decode(bad)
    assert bytes_left_over.tiff(strips, SimpleNamespace(tag_v2=many)) is not None  # type: ignore[arg-type]
    assert time.perf_counter() - began < 10


def test_what_the_reader_thinks_of_damaged_tags_stays_off_the_terminal(tmp_path: Path) -> None:
    """Pillow would warn of them in two lines, with its own path."""
    (tmp_path / "photo.jpg").write_bytes(saved(exif=b"Exif\0\0II*\0\x08\0\0\0"))
    code = (
        "import sys; from pathlib import Path; from tasks.base.images import read; print(read(Path(sys.argv[1])).shape)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "photo.jpg"], capture_output=True, check=True, text=True
    )
    assert (done.stdout, done.stderr) == ("(384, 384, 3)\n", "")
