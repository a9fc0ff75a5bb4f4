"""A HEIC in tiles, turned, as phones save one: Pillow writes none."""

import io
import struct

import pillow_heif
from PIL import Image

from tasks.base.whole_files.heif_boxes import extents


def box(name: bytes, *contents: bytes) -> bytes:
    inside = b"".join(contents)
    return (len(inside) + 8).to_bytes(4) + name + inside


def full(name: bytes, *contents: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(name, bytes([version]) + flags.to_bytes(3), *contents)


def in_tiles(picture: Image.Image, side: int, *, turns: int = 0, quality: int = 80) -> bytes:
    """The picture in square tiles of so many pixels; `turns`: quarter turns against the clock, in which it is shown."""
    pillow_heif.register_heif_opener()
    columns, rows = -(-picture.width // side), -(-picture.height // side)
    tiles, setup = [], b""
    for index in range(rows * columns):
        x, y = index % columns * side, index // columns * side
        file = io.BytesIO()
        picture.crop((x, y, x + side, y + side)).save(file, "HEIF", quality=quality, enc_params={"x265:wpp": "0"})
        [extent] = extents(file.getvalue())
        tiles.append(file.getvalue()[extent.place : extent.place + extent.length])
        at = file.getvalue().index(b"hvcC") - 4
        setup = file.getvalue()[at : at + int.from_bytes(file.getvalue()[at : at + 4])]
    count = len(tiles)
    grid = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, picture.width, picture.height)
    infos = [full(b"infe", struct.pack(">HH4sB", 1 + i, 0, b"hvc1", 0), version=2, flags=1) for i in range(count)]
    infos.append(full(b"infe", struct.pack(">HH4sB", count + 1, 0, b"grid", 0), version=2))
    sizes = [full(b"ispe", struct.pack(">II", *size)) for size in ((side, side), picture.size)]
    properties = box(b"ipco", setup, *sizes, box(b"irot", bytes([turns])))
    linked = b"".join(struct.pack(">HBBB", 1 + i, 2, 0x81, 2) for i in range(count))
    linked += struct.pack(">HBBB", count + 1, 2, 3, 0x84)
    refers = struct.pack(">HH", count + 1, count) + b"".join(struct.pack(">H", 1 + i) for i in range(count))

    def meta(begin: int) -> bytes:
        located, place = struct.pack(">BBH", 0x44, 0x40, count + 1), begin
        for i, tile in enumerate(tiles):
            located += struct.pack(">HHHIHII", 1 + i, 0, 0, 0, 1, place, len(tile))
            place += len(tile)
        located += struct.pack(">HHHIHII", count + 1, 1, 0, 0, 1, 0, len(grid))
        return full(
            b"meta",
            full(b"hdlr", bytes(4), b"pict", bytes(13)),
            full(b"pitm", struct.pack(">H", count + 1)),
            full(b"iinf", struct.pack(">H", count + 1), *infos),
            full(b"iref", box(b"dimg", refers)),
            box(b"iprp", properties, full(b"ipma", struct.pack(">I", count + 1), linked)),
            full(b"iloc", located, version=1),
            box(b"idat", grid),
        )

    head = box(b"ftyp", b"heic", bytes(4), b"mif1heic")
    return head + meta(len(head) + len(meta(0)) + 8) + box(b"mdat", *tiles)
