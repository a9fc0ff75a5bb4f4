"""A picture is shown as its file says: colours, depth, white-is-zero, pages, transparency; or it is refused by name."""

import io
import struct
import zlib
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from tasks.base import colours
from tasks.base.images import UnreadableImage, decode

SKIN = (224, 172, 140)
SRGB_PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
GREY = np.linspace(0, 1, 64)[None].repeat(16, axis=0)
"""A ramp from black to white."""


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def plain(colour: Any = SKIN, mode: str = "RGB") -> Image.Image:
    return Image.new(mode, (32, 16), colour)


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png_with(picture: Image.Image, *chunks: bytes) -> bytes:
    data = saved(picture, "PNG")
    return data[:33] + b"".join(chunks) + data[33:]


def encoded(primaries: tuple[float, ...], power: float) -> tuple[int, ...]:
    """SKIN, which is sRGB, as another colour space stores it."""
    values = np.array(SKIN) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    other = np.linalg.inv(colours._matrix(primaries)) @ colours._matrix(colours.SRGB) @ linear
    return tuple(np.rint(255 * np.clip(other, 0, 1) ** (1 / power)).astype(int).tolist())


def assert_shows(data: bytes, colour: Any = SKIN, within: int = 2) -> None:
    image = decode(data)
    assert np.abs(image.astype(int) - np.array(colour)).max() <= within, image[0, 0]


def profile(primaries: tuple[float, ...], power: float) -> bytes:
    """An ICC profile (version 2) of these primaries and this power."""
    white = np.array([0.9642, 1.0, 0.8249])
    source = np.array([primaries[0] / primaries[1], 1.0, (1 - primaries[0] - primaries[1]) / primaries[1]])
    bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    adapt = np.linalg.inv(bradford) @ np.diag((bradford @ white) / (bradford @ source)) @ bradford
    matrix = adapt @ colours._matrix(primaries)

    def xyz(values: Any) -> bytes:
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *np.rint(np.asarray(values) * 65536).astype(int).tolist())

    curve = b"curv\0\0\0\0" + struct.pack(">IHH", 1, round(power * 256), 0)
    text = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"mine\0" + bytes(78)
    text += bytes(-len(text) % 4)
    tags = {b"desc": text, b"wtpt": xyz(white), b"rXYZ": xyz(matrix[:, 0]), b"gXYZ": xyz(matrix[:, 1])}
    tags |= {b"bXYZ": xyz(matrix[:, 2]), b"rTRC": curve, b"gTRC": curve, b"bTRC": curve, b"cprt": text}
    place, table, body = 132 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        table += name + struct.pack(">II", place + len(body), len(content))
        body += content
    head = struct.pack(">I4sI4s4s4s", place + len(body), b"lcms", 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head + bytes(128 - len(head)) + table + body


P3 = colours.PRIMARIES[12]


@pytest.mark.parametrize(("primaries", "power"), [(P3, 2.2), (colours.ADOBE, 2.2), (colours.SRGB, 1.0), (P3, 1.8)])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "WEBP"])
def test_a_colour_profile_is_followed(kind: str, primaries: Any, power: float) -> None:
    stored = encoded(primaries, power)
    assert max(abs(a - b) for a, b in zip(stored, SKIN, strict=True)) > 5
    options: dict[str, dict[str, Any]] = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}
    data = saved(plain(stored), kind, icc_profile=profile(primaries, power), **options.get(kind, {}))
    assert_shows(data, within=5)


def test_srgb_and_broken_profiles_change_nothing() -> None:
    for content in (SRGB_PROFILE, b"no profile", profile(P3, 2.2)[:200]):
        assert_shows(saved(plain(), "PNG", icc_profile=content), within=0)


def test_a_pngs_own_words_for_its_colours_are_followed() -> None:
    white_and_primaries = struct.pack(">8I", *(round(value * 100_000) for value in P3))
    gamma = chunk(b"gAMA", struct.pack(">I", 45455))
    assert_shows(png_with(plain(encoded(P3, 2.2)), gamma, chunk(b"cHRM", white_and_primaries)), within=3)
    assert_shows(png_with(plain(encoded(colours.SRGB, 1.0)), chunk(b"gAMA", struct.pack(">I", 100_000))), within=3)
    assert_shows(png_with(plain(), gamma), within=0)
    assert_shows(png_with(plain(), chunk(b"sRGB", b"\0"), chunk(b"gAMA", struct.pack(">I", 100_000))), within=0)
    assert_shows(png_with(plain(encoded(P3, 2.2)), chunk(b"cICP", bytes([12, 13, 0, 1]))), within=3)
    with pytest.raises(UnreadableImage, match="high dynamic range"):
        decode(png_with(plain(), chunk(b"cICP", bytes([9, 16, 0, 1]))))


def test_adobe_rgb_by_a_cameras_exif_is_followed() -> None:
    """Some cameras embed no profile and say R03."""
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA005] = {1: "R03"}
    stored = encoded(colours.ADOBE, colours.ADOBE_GAMMA)
    assert_shows(saved(plain(stored), "JPEG", exif=exif, quality=100, subsampling=0), within=4)


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_phones_formats_are_read_and_turned_once(kind: str, orientation: int) -> None:
    upright = np.zeros((64, 96, 3), np.uint8)
    upright[:32, :48], upright[:32, 48:], upright[32:, 48:] = (220, 30, 30), (30, 220, 30), (220, 220, 220)
    stored = np.rot90(upright, {1: 0, 3: 2, 6: 1, 8: 3}[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = Image.fromarray(np.ascontiguousarray(stored))
    image = decode(saved(picture, kind, exif=exif.tobytes(), quality=95))
    assert image.shape == upright.shape
    assert np.abs(image[16::32, 24::48].astype(int) - upright[16::32, 24::48]).max() < 30


def tagged(data: bytes, tag: int, value: int) -> bytes:
    """A little-endian TIFF with a short tag's value changed."""
    place = data.index(struct.pack("<HH", tag, 3))
    return data[: place + 8] + struct.pack("<H", value) + data[place + 10 :]


def test_white_is_zero_is_read_positive() -> None:
    wanted = np.rint(GREY * 255)
    deep = np.rint(GREY * 65535).astype(np.uint16)
    assert np.abs(decode(saved(Image.fromarray(deep), "TIFF"))[..., 0] - wanted).max() <= 1
    negative = tagged(saved(Image.fromarray(65535 - deep), "TIFF"), 262, 0)
    assert np.abs(decode(negative)[..., 0] - wanted).max() <= 1
    floating = tagged(saved(Image.fromarray((1 - GREY).astype(np.float32)), "TIFF"), 262, 0)
    assert np.abs(decode(floating)[..., 0] - wanted).max() <= 1


def test_significant_bits_are_followed_or_the_picture_is_refused() -> None:
    """Twelve bits in sixteen: nearly black, if nobody says so."""
    twelve = np.rint(GREY * 4095).astype(np.uint16)
    for suffix in (".png", ".tiff"):
        data = cv2.imencode(suffix, twelve)[1].tobytes()
        with pytest.raises(UnreadableImage, match="only the lowest 12 or fewer are used"):
            decode(data)
    with_bits = png_with(Image.fromarray(twelve), chunk(b"sBIT", b"\x0c"))
    assert np.abs(decode(with_bits)[..., 0] - np.rint(GREY * 255)).max() <= 1
    told = saved(Image.fromarray(twelve), "TIFF", tiffinfo={281: 4095})
    assert np.abs(decode(told)[..., 0] - np.rint(GREY * 255)).max() <= 1
    colour = cv2.imencode(".png", np.repeat(twelve[..., None], 3, axis=2))[1].tobytes()
    with pytest.raises(UnreadableImage, match="only the lowest 12 or fewer are used"):
        decode(colour)


RISING = np.stack([np.broadcast_to(row, GREY.shape) for row in (GREY, GREY[:, ::-1], GREY[::-1])], axis=-1)
"""A picture of three colours from black to white."""


def deep_tiff(
    pixels: np.ndarray, white: int | list[int] | None = None, tag: int = 281, planar: bool = False, icc: bytes = b""
) -> bytes:
    """A TIFF of 16 bits, grey or in colours; `white`: what it says is the largest sample (of each colour)."""
    height, width, count = pixels.shape
    data = (pixels.transpose(2, 0, 1) if planar else pixels).astype("<u2").tobytes()
    strips = count if planar else 1
    size = len(data) // strips
    tags: dict[int, tuple[str, list[int]]] = {
        256: ("H", [width]), 257: ("H", [height]), 258: ("H", [16] * count), 259: ("H", [1]),
        262: ("H", [2 if count > 1 else 1]),
        273: ("I", [0] * strips), 277: ("H", [count]), 278: ("H", [height]), 279: ("I", [size] * strips),
        284: ("H", [1 + planar]),
    }  # fmt: skip
    if white is not None:
        tags[tag] = ("H", white if isinstance(white, list) else [white] * count)
    if icc:
        tags[34675] = ("B", list(icc))
    kept = {name: struct.pack(f"<{len(v)}{kind}", *v) for name, (kind, v) in tags.items()}
    place = 8 + 2 + 12 * len(tags) + 4
    start = place + sum(len(value) for value in kept.values() if len(value) > 4)
    kept[273] = struct.pack(f"<{strips}I", *(start + size * number for number in range(strips)))
    head, body = b"II*\0" + struct.pack("<IH", 8, len(tags)), b""
    for name in sorted(tags):
        kind, values = tags[name]
        inside = kept[name] if len(kept[name]) <= 4 else struct.pack("<I", place + len(body))
        body += b"" if len(kept[name]) <= 4 else kept[name]
        head += struct.pack("<HHI", name, {"H": 3, "I": 4, "B": 7}[kind], len(values)) + inside.ljust(4, b"\0")
    return head + bytes(4) + body + data


@pytest.mark.parametrize("bits", [8, 10, 12, 14])
@pytest.mark.parametrize("planar", [False, True])
def test_colours_that_use_few_of_sixteen_bits_are_refused(bits: int, planar: bool) -> None:
    few = np.rint(RISING * (2**bits - 1)).astype(np.uint16)
    with pytest.raises(UnreadableImage, match=r"only the lowest \d+ or fewer are used: too dark as stored; export it"):
        decode(deep_tiff(few, planar=planar))
    few[0, 0] = 65535  # a hot pixel
    if bits <= 12:
        with pytest.raises(UnreadableImage, match="only the lowest 12 or fewer are used"):
            decode(deep_tiff(few, planar=planar))
    whole = np.rint(RISING * 65535).astype(np.uint16)
    assert np.abs(decode(deep_tiff(whole, planar=planar)).astype(int) - np.rint(RISING * 255)).max() <= 1


@pytest.mark.parametrize(("tag", "white"), [(281, 4095), (341, 4095), (281, 1023), (281, 16383)])
def test_colours_whose_white_is_told_are_scaled(tag: int, white: int) -> None:
    told = np.rint(RISING * white).astype(np.uint16)
    assert np.abs(decode(deep_tiff(told, white, tag)).astype(int) - np.rint(RISING * 255)).max() <= 1
    with pytest.raises(UnreadableImage, match="stored plane by plane or with a white of its own, and not plain sRGB"):
        decode(deep_tiff(told, white, tag, planar=True))
    with pytest.raises(UnreadableImage, match="too dark as stored"):
        decode(deep_tiff(told // 8, white // 16, tag))  # what it says of itself cannot be right


def halves(left: int, right: int, count: int = 3) -> np.ndarray:
    """16 bits, grey or in colours: one value on the left, another on the right."""
    return np.repeat(np.array([left, right], np.uint16), 8)[None, :, None].repeat(16, axis=0).repeat(count, axis=2)


@pytest.mark.parametrize("icc", [b"", SRGB_PROFILE])
@pytest.mark.parametrize(("count", "largest"), [(1, 40_000), (3, 40_000), (3, [40_000, 39_000, 40_000])])
def test_the_largest_value_in_use_changes_nothing(count: int, largest: int | list[int], icc: bytes) -> None:
    """TIFF 6.0: MaxSampleValue is a statistic."""
    image = decode(deep_tiff(halves(40_000, 20_000, count), largest, icc=icc))
    assert (image[:, :8] == 156).all() and (image[:, 8:] == 78).all()


@pytest.mark.parametrize("icc", [b"", SRGB_PROFILE])
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("depth", [511, 1023, 4095, 16383, 32767])
def test_a_largest_value_that_is_a_depth_is_white(depth: int, count: int, icc: bytes) -> None:
    data = deep_tiff(halves(depth, depth // 2, count), depth, icc=icc)
    if count == 3 and icc:
        with pytest.raises(UnreadableImage, match="with a white of its own, and not plain sRGB"):
            decode(data)
    else:
        image = decode(data)
        assert (image[:, :8] == 255).all() and np.abs(image[:, 8:].astype(int) - 127).max() <= 1


@pytest.mark.parametrize("largest", [4000, 255, [4095, 4095, 1023]])
def test_a_largest_value_that_is_no_depth_leaves_a_dark_picture_dark(largest: int | list[int]) -> None:
    with pytest.raises(UnreadableImage, match="only the lowest 12 or fewer are used"):
        decode(deep_tiff(halves(200, 100), largest))


def deep_files(value: int) -> dict[str, bytes]:
    """A picture of 16 bits that is half black, half `value`, in each way that is read."""
    colour = halves(value, 0)
    png = cv2.imencode(".png", colour)[1].tobytes()
    return {"PNG": png, "TIFF": deep_tiff(colour), "grey TIFF": deep_tiff(halves(value, 0, 1))}


@pytest.mark.parametrize(
    ("value", "used"), [(4095, 12), (4096, 14), (4351, 14), (16_383, 14), (16_384, None), (16_639, None)]
)
def test_the_use_of_sixteen_bits_is_told_to_the_value(value: int, used: int | None) -> None:
    for kind, data in deep_files(value).items():
        if used is None:
            assert decode(data)[0, 0].tolist() in ([64] * 3, [65] * 3), kind
        else:
            with pytest.raises(UnreadableImage, match=f"only the lowest {used} or fewer are used"):
                decode(data)


@pytest.mark.parametrize(("value", "used"), [(4095, 12), (4241, 14), (16_383, 14), (16_577, None)])
def test_plane_by_plane_it_is_told_to_the_nearest_of_eight_bits(value: int, used: int | None) -> None:
    data = deep_tiff(halves(value, 0), planar=True)
    if used is None:
        assert decode(data)[0, 0].tolist() == [65] * 3
    else:
        with pytest.raises(UnreadableImage, match=f"only the lowest {used} or fewer are used"):
            decode(data)


def test_of_a_tiffs_pages_the_one_that_is_no_thumbnail_counts() -> None:
    pages = [plain().resize((8, 4)), plain()]
    thumbnail = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:], tiffinfo={254: 1})
    first_only = thumbnail.replace(struct.pack("<HHI", 254, 4, 1), b"\xfe\0\4\0\1\0\0\0", 1)
    second = first_only.rindex(struct.pack("<HHI", 254, 4, 1))
    data = first_only[: second + 8] + struct.pack("<I", 0) + first_only[second + 12 :]
    assert decode(data).shape == (16, 32, 3)
    with pytest.raises(UnreadableImage, match="2 pictures in one file; save each as a file of its own"):
        decode(saved(pages[0], "TIFF", save_all=True, append_images=pages[1:]))


def test_raw_and_signed_tiffs_are_refused_by_name() -> None:
    raw = tagged(saved(plain(mode="L", colour=9), "TIFF"), 262, 34892)
    with pytest.raises(UnreadableImage, match=r"raw data \(DNG\)|a TIFF that is damaged, or of a kind"):
        decode(raw)
    signed = saved(Image.fromarray(np.rint(GREY * 3000).astype(np.int32)), "TIFF")
    with pytest.raises(UnreadableImage, match="signed numbers"):
        decode(signed)


def test_long_texts_beside_the_pixels_do_no_harm() -> None:
    """Programs keep whole histories in a picture: megabytes of XMP, EXIF in several segments."""
    texts = [
        chunk(b"tEXt", b"history\0" + b"x" * 3_000_000),
        chunk(b"zTXt", b"more\0\0" + zlib.compress(bytes(5_000_000))),
    ]
    assert_shows(png_with(plain(), *texts, chunk(b"iTXt", b"XML\0\0\0\0\0" + b"y" * 2_000_000)), within=0)
    data = saved(plain(), "JPEG", quality=100, subsampling=0)
    segment = b"\xff\xe1\xff\xff" + b"http://ns.adobe.com/xap/1.0/\0".ljust(65_533, b" ")
    assert_shows(data[:2] + segment * 40 + data[2:], within=3)


def test_floating_point_around_zero_is_refused_and_a_few_undershoots_are_not() -> None:
    ramp = np.linspace(0, 1, 6400, dtype=np.float32).reshape(80, 80)
    for values in (2 * ramp - 1, ramp - 0.5, 100 * ramp - 30):  # as networks take pictures
        with pytest.raises(UnreadableImage, match="signed numbers"):
            decode(saved(Image.fromarray(values), "TIFF"))
    ramp[:1, :20] = -0.2  # what sharpening leaves at an edge
    assert decode(saved(Image.fromarray(ramp), "TIFF"))[79, 79].tolist() == [255] * 3
