"""Marks in what commands write for single photographs: who wrote it, and the photographs that it was made from.

In: a page or a PNG, and digests of photographs. Out: the same with both said inside, unseen on the page and in the
picture, so that a withdrawal finds what shows a person under whatever name (flows.stewards.withdrawal.command_results).
"""

import zlib
from collections.abc import Sequence

SOFTWARE = b"Software\0vermilion "
"""Of every PNG that has a mark, near its beginning."""

PAGE = "-filling.html"
"""How the name of a page of `vermilion inpaint` ends."""

GENERATOR = '<meta name="generator" content="vermilion '
SIGNATURE, HEADER = 8, 25
"""Bytes of a PNG's signature, and of its first chunk, which says how large the picture is."""


def marked_page(html: str, images: Sequence[str]) -> str:
    """The page with the digests (sha256) of the photographs that it was made from; it says its command already."""
    before, generator, after = html.partition(GENERATOR)
    said = f'<meta name="vermilion-photographs" content="{" ".join(images)}">\n'
    command, tag, rest = after.partition("\n")
    return f"{before}{generator}{command}{tag}{said}{rest}" if generator and images else html


def marked_png(png: bytes, command: str, images: Sequence[str]) -> bytes:
    """The PNG with the command that made it (`inpaint`), and the digests of the photographs that it was made from."""
    at = SIGNATURE + HEADER
    texts = (SOFTWARE + command.encode(), b"Source\0" + " ".join(images).encode())
    return png[:at] + b"".join(map(_chunk, texts)) + png[at:]


def _chunk(content: bytes) -> bytes:
    return len(content).to_bytes(4) + b"tEXt" + content + zlib.crc32(b"tEXt" + content).to_bytes(4)
