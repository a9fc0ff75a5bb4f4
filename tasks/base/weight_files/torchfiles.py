"""Files that torch wrote, zip files and the older form, read within their own size and without running anything.

In: a file's bytes. Out: what was saved: dicts, lists, numbers, and tensors on the CPU. torch's own reader runs no code
either (`weights_only`), but believes what a file says of its sizes: 50 kB may ask for gigabytes. Here a tensor's
numbers are in the file, each in its place, and all tensors together have no more numbers than the file has bytes.
Does not know what the tensors are for.
"""

import io
import math
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor

from tasks.base.weight_files.pickle_values import Described, Maker, Room, Unpicklable, plain
from tasks.base.weight_files.pickles import unpickle, unpickle_first

LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
"""How files begin that torch wrote before it wrote zip files."""
ENTRIES = 100_000
"""Files in a zip file; a StyleGAN2 training checkpoint has some 1,500."""
DIMENSIONS = 8
STORAGES = {
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}


def is_torch(content: bytes) -> bool:
    """Whether the bytes begin as a file of torch does."""
    return content.startswith((b"PK", LEGACY))


def read(content: bytes) -> Any:
    """What was saved. Unpicklable: damaged, asks for more than tensors and plain values, or claims more than it has."""
    try:
        return _zipped(content) if content.startswith(b"PK") else read_legacy(content)
    except Unpicklable:
        raise
    except Exception as error:  # a damaged file makes zipfile and torch raise whatever they like
        said = " ".join(str(error).split())[:100]
        raise Unpicklable(f"damaged: {said or type(error).__name__}") from error


def names(room: Room) -> dict[str, Any]:
    """What a pickle of tensors may ask for, by name."""
    made: dict[str, Callable[..., Any]] = {
        "collections.OrderedDict": ordered,
        "torch._utils._rebuild_tensor_v2": partial(tensor, room),
        "torch._utils._rebuild_parameter": lambda data, *_: data,
        "torch._utils._rebuild_parameter_with_state": lambda data, *_: data,
        "torch.Size": lambda sizes=(): tuple(sizes),
        "torch.device": lambda *where: ":".join(map(str, plain(where))),
        "argparse.Namespace": lambda: Described("argparse.Namespace"),
        "_codecs.encode": _encode,
        **{f"{home}.set": lambda items=(): set(plain(list(items))) for home in ("builtins", "__builtin__")},
        **{f"{home}.frozenset": lambda items=(): frozenset(plain(list(items))) for home in ("builtins", "__builtin__")},
    }
    found: dict[str, Any] = {name: Maker(make) for name, make in made.items()}
    found |= {f"torch.{name}": kind for name, kind in STORAGES.items()}
    return found | {str(kind): kind for kind in STORAGES.values()}


def tensor(room: Room, storage: Any, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: object) -> Tensor:
    """A view of a storage's numbers. Unpicklable: numbers that the storage has not, or has once and are shown often."""
    shape, steps = tuple(size), tuple(stride)
    if not isinstance(storage, Tensor) or len(shape) != len(steps) or len(shape) > DIMENSIONS:
        raise Unpicklable("a tensor has no storage, or no shape")
    if any(type(number) is not int or number < 0 for number in (offset, *shape, *steps)):
        raise Unpicklable("a tensor's shape is not made of whole numbers from 0 on")
    count, last = math.prod(shape), offset + sum((n - 1) * step for n, step in zip(shape, steps, strict=True))
    if count > len(storage) or (count and last >= len(storage)):
        raise Unpicklable(f"a tensor claims {max(count, last + 1):,} numbers and has {len(storage):,}")
    room.numbers(count)
    return storage.as_strided(shape, steps, offset)


def ordered(items: Any = ()) -> OrderedDict[Any, Any]:
    """A dict of pairs, whose keys are plain."""
    pairs = [tuple(pair) for pair in items]
    plain([key for key, _ in pairs])
    return OrderedDict(pairs)


def _encode(text: str, encoding: str = "latin1") -> bytes:
    if encoding != "latin1":
        raise Unpicklable(f"asks for the encoding {encoding!r}")
    return text.encode("latin1")


def _zipped(content: bytes) -> Any:
    files = _files(content)
    roots = [name.removesuffix("data.pkl") for name in files if name.endswith("/data.pkl")]
    if len(roots) != 1:
        raise Unpicklable("a zip file that torch did not write: it has no data.pkl, or several")
    if bytes(files.get(f"{roots[0]}byteorder", b"little")) != b"little":
        raise Unpicklable("its numbers are in big-endian order; save it again on an ordinary machine")
    room, opened = Room(len(content)), dict[str, Tensor]()

    def storage(told: Any) -> Tensor:
        kind, key, count = _storage_of(told)
        if key not in opened:
            held = files.get(f"{roots[0]}data/{key}", memoryview(b""))
            if len(held) != count * kind.itemsize:
                raise Unpicklable(f"storage {key} claims {count:,} numbers; its file has {len(held):,} bytes")
            opened[key] = _numbers(held, kind)
        if opened[key].dtype != kind:
            raise Unpicklable(f"storage {key} is read as numbers of two kinds")
        return opened[key]

    return unpickle(bytes(files[f"{roots[0]}data.pkl"]), names(room), room, storage)


def _files(content: bytes) -> Mapping[str, memoryview]:
    """The zip file's files, as views of its bytes; each is whole, stored plainly, and there once."""
    if content.count(b"PK\x01\x02") > ENTRIES:
        raise Unpicklable(f"a zip file with more than {ENTRIES:,} files")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        listed = archive.infolist()
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in listed):
        raise Unpicklable("a zip file with compressed entries, which torch does not write")
    if len({entry.filename for entry in listed}) < len(listed):
        raise Unpicklable("a zip file with two entries of one name")
    if sum(entry.file_size for entry in listed) > len(content):
        raise Unpicklable("a zip file whose entries claim more bytes than it has")
    whole, found = memoryview(content), {}
    for entry in listed:
        head = whole[entry.header_offset : entry.header_offset + 30]
        start = entry.header_offset + 30 + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
        found[entry.filename] = whole[start : start + entry.file_size]
        if zlib.crc32(found[entry.filename]) != entry.CRC:
            raise Unpicklable(f"damaged: {entry.filename[:100]!r} is not what its checksum says")
    return found


def read_legacy(content: bytes) -> Any:
    """What was saved in the older form: five pickles, then the storages' numbers."""
    room, opened = Room(len(content)), dict[str, Tensor]()
    left = len(content)

    def storage(told: Any) -> Tensor:
        nonlocal left
        kind, key, count = _storage_of(told)
        if key not in opened:
            left -= count * kind.itemsize
            if left < 0:
                raise Unpicklable(f"storage {key} claims {count:,} numbers; the file has {len(content):,} bytes")
            opened[key] = torch.zeros(count, dtype=kind)
        return opened[key]

    if not content.startswith(LEGACY):
        raise Unpicklable("no file of torch")
    _, at = unpickle_first(content, len(LEGACY), {}, room)
    system, at = unpickle_first(content, at, {}, room)
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise Unpicklable("its numbers are in big-endian order; save it again on an ordinary machine")
    found, at = unpickle_first(content, at, names(room), room, storage)
    keys, at = unpickle_first(content, at, {}, room)
    if sorted(map(str, keys)) != sorted(opened):
        raise Unpicklable("damaged: it lists other storages than it uses")
    for key in keys:
        held, at = opened[str(key)], at + 8
        end = at + held.nbytes
        if int.from_bytes(content[at - 8 : at], "little") != len(held) or end > len(content):
            raise Unpicklable(f"damaged: storage {key} is cut off")
        held.copy_(_numbers(memoryview(content)[at:end], held.dtype))
        at = end
    return found


def _storage_of(told: Any) -> tuple[torch.dtype, str, int]:
    """Kind, key and length of the storage that a pickle refers to."""
    if not isinstance(told, tuple) or len(told) not in (5, 6) or told[0] != "storage":
        raise Unpicklable("refers to things outside the file")
    _, kind, key, _, count, *view = told
    if not isinstance(kind, torch.dtype) or type(count) is not int or count < 0 or any(view):
        raise Unpicklable("a storage is not of plain numbers")
    return kind, str(*plain([key])), count


def _numbers(held: memoryview, kind: torch.dtype) -> Tensor:
    return torch.frombuffer(bytearray(held), dtype=kind) if held else torch.empty(0, dtype=kind)
