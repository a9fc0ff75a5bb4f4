"""What a picture file is, whether its container is whole, and its PNG chunks.

In: a file's bytes. Out: a name for what is no picture that is read here, what is damaged by the file's own lengths and
checksums, by blocks of zeros, or by pixels that do not end where they should, and a PNG without long texts. BMP, GIF
and uncompressed TIFF have no checksums: a changed byte among their pixels stays unseen. Knows nothing of colours.
"""

import struct
import zlib
from collections.abc import Iterator

from PIL import Image, TiffImagePlugin

from tasks.base.whole_files import bytes_left_over, jpeg, webp_leaps
from tasks.base.whole_files.blocks_of_zeros import zeros

PNG = b"\x89PNG\r\n\x1a\n"
LONG_TEXT = 65_536
"""Texts of a PNG over this many bytes, and packed ones, are left out: Pillow refuses whole pictures for them."""

TEXTS = (b"tEXt", b"zTXt", b"iTXt")
DEFLATE = (8, 32946)

STRANGERS = (
    (0, b"%PDF", "a PDF; export the photograph in it as JPEG or PNG"),
    (0, b"%!PS", "a PostScript file; export it as JPEG or PNG"),
    (0, b"8BPS", "a Photoshop file; export it as JPEG, PNG or TIFF"),
    (0, b"PK\x03\x04", "a ZIP archive or office document; take the photograph out of it"),
    (0, b"\xff\x0a", "a JPEG XL; export it as JPEG or PNG"),
    (4, b"JXL ", "a JPEG XL; export it as JPEG or PNG"),
    (128, b"DICM", "a DICOM file; export the photograph in it as PNG"),
    (4, b"ftypcrx", "a camera's raw file (CR3); export it as JPEG or TIFF"),
    (0, b"FUJIFILMCCD-RAW", "a camera's raw file (RAF); export it as JPEG or TIFF"),
    (4, b"ftypqt", "a video (MOV); give it that suffix, or take a picture out of it"),
    (4, b"ftypisom", "a video (MP4); give it that suffix, or take a picture out of it"),
    (4, b"ftypmp4", "a video (MP4); give it that suffix, or take a picture out of it"),
    (8, b"AVI ", "a video (AVI); give it that suffix, or take a picture out of it"),
    (0, b"\x1a\x45\xdf\xa3", "a video (MKV or WebM); give it that suffix, or take a picture out of it"),
    (0, b"version https://git-lfs", "a pointer of Git LFS, not the photograph; fetch it (git lfs pull)"),
    (0, b"outs:\n- md5:", "a note of DVC, not the photograph; fetch it (dvc pull)"),
    (0, b"bplist00", "a placeholder of iCloud or macOS, not the photograph; download it"),
    (0, b"Rar!", "a RAR archive; take the photograph out of it"),
    (0, b"7z\xbc\xaf", "a 7-Zip archive; take the photograph out of it"),
    (0, b"\x1f\x8b", "packed with gzip; unpack it"),
    (0, b"data:image", "a picture written as text (data:image...); save the picture itself"),
    (0, b"/9j/4", "a JPEG written as text (base64); save the picture itself"),
    (0, b"\xc3\xbf\xc3\x98\xc3\xbf", "a JPEG that some program changed as if it were text; get it again"),
    (0, b"\xef\xbf\xbd\xef\xbf\xbd", "a picture that some program changed as if it were text; get it again"),
    (0, b"\x76\x2f\x31\x01", "an OpenEXR file; export it as JPEG, PNG or TIFF"),
    (0, b"#?RADIANCE", "a Radiance file (HDR); export it as JPEG, PNG or TIFF"),
    (0, b"\0\x05\x16\x07", "a leftover of macOS, not the photograph"),
    (0, b"\xff\xd8", "a JPEG whose beginning is damaged"),
    (0, PNG, "a PNG whose beginning is damaged"),
    (0, b"II*\0", "a TIFF that is damaged, or of a kind that cannot be read"),
    (0, b"MM\0*", "a TIFF that is damaged, or of a kind that cannot be read"),
    (4, b"ftyp", "a HEIC, AVIF or video file that is damaged, or of a kind that cannot be read"),
)
"""What is found in place of a picture: where in the file, which bytes, and what it is."""


def stranger(data: bytes) -> str | None:
    """What the file is, in words, and what to do; None where nobody knows."""
    if not data.strip(b"\0"):
        return "nothing but zeros; its copy was not finished"
    begin = data[:1024].lstrip().lower()
    if data[:1].isspace() and data[:64].lstrip().startswith((b"\xff\xd8\xff", PNG)):
        return "a picture with blank lines before it; the program that sent it is at fault; get it another way"
    if begin.startswith((b"<!doctype html", b"<html")):
        return "a web page; the download failed"
    if b"<svg" in begin:
        return "a drawing (SVG), not a photograph"
    named = next((name for place, magic, name in STRANGERS if data.startswith(magic, place)), None)
    return named or ("plain text, not a picture" if _is_text(data[:4096]) else None)


def _is_text(data: bytes) -> bool:
    return all(one >= 32 or one in b"\t\r\n\f" for one in data) and not data.strip(bytes(range(128)))  # noqa: PLR2004


def damage(data: bytes, picture: Image.Image) -> str | None:
    """What is wrong with the file by its own lengths and checksums; None where they fit or it has none."""
    if picture.format in ("JPEG", "MPO"):
        return jpeg.damage(data)
    if picture.format == "PNG":
        return _png_damage(data)
    if picture.format == "WEBP" and struct.unpack("<I", data[4:8])[0] + 8 > len(data):
        return "it ends before its length says"
    if isinstance(picture, TiffImagePlugin.TiffImageFile) and (wrong := _tiff_damage(data, picture)):
        return wrong
    if (at := zeros(data, picture)) is not None:
        return f"a part of it, from byte {at:,} on, is nothing but zeros"
    if isinstance(picture, TiffImagePlugin.TiffImageFile):
        return bytes_left_over.tiff(data, picture)
    if picture.format == "WEBP":
        return bytes_left_over.webp(data) or webp_leaps.lossless_webp(data, picture)
    looks = {"AVIF": bytes_left_over.avif, "HEIF": bytes_left_over.heic}
    return looks[picture.format](data) if picture.format in looks else None


def png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Name, content and checksum of each whole chunk, up to the end chunk."""
    place = len(PNG)
    while place + 12 <= len(data):
        length = int.from_bytes(data[place : place + 4])
        name, end = data[place + 4 : place + 8], place + 8 + length
        if end + 4 > len(data):
            return
        yield name, data[place + 8 : end], data[end : end + 4]
        if name == b"IEND":
            return
        place = end + 4


def without_long_texts(data: bytes) -> bytes:
    """A PNG's bytes without texts over `LONG_TEXT`; other files as they are."""
    if not data.startswith(PNG):
        return data
    chunks = list(png_chunks(data))
    kept = [chunk for chunk in chunks if not _is_long_text(*chunk[:2])]
    if len(kept) == len(chunks):
        return data
    return PNG + b"".join(len(content).to_bytes(4) + name + content + check for name, content, check in kept)


def _is_long_text(name: bytes, content: bytes) -> bool:
    """Whether the chunk is a text that is long, or packed and may be."""
    packed = name == b"zTXt" or (name == b"iTXt" and content.partition(b"\0")[2][:1] == b"\1")
    packed = packed and not content.startswith(b"Raw profile type ")  # EXIF, with which side is up
    return name in TEXTS and (packed or len(content) > LONG_TEXT)


def significant_bits(data: bytes) -> int | None:
    """How many bits of a PNG's grey samples were there before it was written (sBIT)."""
    if not data.startswith(PNG):
        return None
    found = next((content for name, content, _ in png_chunks(data) if name == b"sBIT"), b"")
    return found[0] if found else None


def is_shallow(data: bytes) -> bool:
    """Whether the file is no PNG of 16 bits per sample."""
    return not (data.startswith(PNG) and data[24:25] == b"\x10")


def _png_damage(data: bytes) -> str | None:
    name = b""
    for name, content, check in png_chunks(data):
        vital = name in (b"IHDR", b"PLTE", b"IDAT", b"tRNS", b"fdAT")
        if vital and zlib.crc32(content, zlib.crc32(name)) != int.from_bytes(check):
            return "a checksum in it does not fit: parts of it were changed"
    return None if name == b"IEND" else "it stops before its end"


def _tiff_damage(data: bytes, picture: TiffImagePlugin.TiffImageFile) -> str | None:
    """The checksums inside deflated strips and tiles; other compressions have none."""
    tags = picture.tag_v2
    if tags.get(259) not in DEFLATE:
        return None
    starts, lengths = tags.get(324, tags.get(273, ())), tags.get(325, tags.get(279, ()))
    for start, length in zip(starts, lengths, strict=False):
        reader = zlib.decompressobj()
        try:
            rest = data[start : start + length]
            while rest and not reader.eof:
                reader.decompress(rest, 1 << 20)
                rest = reader.unconsumed_tail
        except zlib.error:
            return "a checksum in it does not fit: parts of it were changed"
        if not reader.eof:
            return "it stops before its end"
    return None
