"""What a file is, by its first bytes, as a withdrawal has to know it: how it is looked into, and whether it may be cut.

In: a file, or its first bytes and its size. Out: one word. A few letters at the beginning of a text are no picture:
what follows them has to fit.
"""

from pathlib import Path

HEAD = 512
"""Bytes that are needed."""

PICTURES = (
    *(b"\x89PNG", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"GIF87a", b"GIF89a"),
    *(b"\xff\x4f\xff\x51", b"\x1aE\xdf\xa3", b"\0\0\x01\xba", b"\0\0\x01\xb3"),
)
"""How pictures and clips begin, of most kinds that come in."""

BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"jP  ")
"""Kinds of the first box of HEIC, AVIF, MP4, MOV and JPEG 2000; its length stands before it."""

ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08", b"BZh")
"""ZIP (office documents, PyTorch's files), gzip and bzip2, which are opened; and tar, which says so further on."""

CLOSED = {
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"Rar!\x1a\x07": "a RAR archive",
    b"\xfd7zXZ\0": "packed with xz",
    b"\x28\xb5\x2f\xfd": "packed with Zstandard",
    b"\x04\x22\x4d\x18": "packed with LZ4",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Office file (.xls, .doc)",
    b"%PDF": "a PDF, whose letters may be written in signs of its own",
}
"""What can hide a name from everyone who has only the bytes."""


def kind_of(file: Path) -> str:
    """`table`, `database`, `weights`, `picture`, `page`, `archive`, `closed` or `other`, by the first bytes.

    `closed`, too, where the file cannot be opened.
    """
    try:
        with file.open("rb") as opened:
            return kind(opened.read(HEAD), file.stat().st_size)
    except OSError:
        return "closed"


def kind(head: bytes, size: int) -> str:
    """The same, of the first bytes."""
    if head.startswith(b"PAR1"):
        return "table"
    if head.startswith(b"SQLite format 3\0"):
        return "database"
    if head.startswith(ARCHIVES) or head[257:262] == b"ustar":
        return "archive"
    if head.startswith(tuple(CLOSED)):
        return "closed"
    if _is_picture(head):
        return "picture"
    if _is_safetensors(head, size) or (head[:1] == b"\x80" and head[1:2] in b"\2\3\4\5" and size > 2):
        return "weights"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:9].lower()
    return "page" if start.startswith((b"<!doctype", b"<html", b"<svg")) else "other"


def _is_picture(head: bytes) -> bool:
    if head.startswith(PICTURES):
        return True
    if head.startswith(b"RIFF"):
        return head[8:12] in (b"WEBP", b"AVI ", b"WAVE")
    if head.startswith(b"BM"):  # then the file's length, four zeros, and the length of one of BMP's headers
        return head[6:10] == b"\0\0\0\0" and head[14:18] in {length.to_bytes(4, "little") for length in _BMP}
    return head[4:8] in BOXES and not head[:4].decode("latin-1").isprintable()


_BMP = (12, 16, 40, 52, 56, 64, 108, 124)


def _is_safetensors(head: bytes, size: int) -> bool:
    """Whether eight bytes say how long the header in braces is, and the file is as long."""
    return head[8:10] == b'{"' and int.from_bytes(head[:8], "little") + 8 <= size
