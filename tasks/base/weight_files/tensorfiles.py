"""Files of weights before they are opened: their size, and the header of safetensors, read with limits.

In: a path, or safetensors bytes. Out: the bytes, the tensors by name, or the JSON record in the header. A header says
names, kinds, shapes and places of tensors; here each is checked before anything is allocated, also for files that
diffusers or transformers open themselves. Does not know what the weights are for.
"""

import json
import math
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.base.escaping import said
from tasks.errors import InputError

if TYPE_CHECKING:  # torch takes seconds to import, and dlib's weights do without
    from torch import Tensor

LARGEST = 2 << 30
"""Bytes of a file that is read whole. A StyleGAN2 training checkpoint has 1.3 GB at most, Inception 0.1 GB."""
HEADER = 8 << 20
"""Bytes of a header. FLUX has 0.1 MB; a generator trained on 30,000 photographs names them in 2 MB."""
TENSORS = 100_000
NAME = 300
BITS = {"BOOL": 8, "U8": 8, "I8": 8, "I16": 16, "U16": 16, "I32": 32, "U32": 32, "I64": 64, "U64": 64}
BITS |= {"F8_E4M3": 8, "F8_E5M2": 8, "F16": 16, "BF16": 16, "F32": 32, "F64": 64}


class TensorFileError(InputError):
    """A file of weights is too large, damaged, or claims what it has not; the message says what."""


def whole(path: Path) -> bytes:
    """The file's bytes. TensorFileError names it where it is no plain file or larger than LARGEST; OSError."""
    with _plain(path) as file:
        if (size := os.fstat(file.fileno()).st_size) > LARGEST:
            raise TensorFileError(f"{path}: {size:,} bytes; {LARGEST:,} at most are accepted")
        return bytes(file.read())


def tensors(content: bytes) -> "dict[str, Tensor]":
    """Tensors by name from safetensors bytes. TensorFileError: damaged, or the header claims what is not there."""
    import safetensors.torch

    _entries(content[: 8 + HEADER], len(content))
    try:
        found: dict[str, Tensor] = safetensors.torch.load(content)
    except Exception as error:  # Rust's reader and torch raise several kinds
        raise TensorFileError(f"damaged safetensors: {said(error)}") from error
    return found


def require_finite(found: "dict[str, Tensor]") -> None:
    """TensorFileError names the first tensor that holds values that are no numbers."""
    if broken := [name for name, value in found.items() if not value.isfinite().all()]:
        raise TensorFileError(f"{broken[0]} holds values that are no numbers")


def metadata(content: bytes) -> dict[str, str]:
    """The header's metadata, text by name."""
    return _entries(content[: 8 + HEADER], len(content))[0]


def record(content: bytes, key: str) -> dict[str, Any]:
    """The JSON record under `key` in the header's metadata. TensorFileError: there is none."""
    try:
        found = json.loads(metadata(content)[key])
    except (ValueError, KeyError, RecursionError) as error:
        raise TensorFileError(f"no safetensors with a record {key!r}") from error
    if not isinstance(found, dict):
        raise TensorFileError(f"its record {key!r} is no JSON object")
    return found


def shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Shapes by name of a safetensors file's tensors; its header alone is read. TensorFileError names the file."""
    try:
        with _plain(path) as file:
            size = os.fstat(file.fileno()).st_size
            _, entries = _entries(file.read(8 + HEADER), size)
    except TensorFileError as error:
        raise TensorFileError(f"{path}: {str(error).removeprefix(f'{path}: ')}") from error
    return {name: tuple(entry["shape"]) for name, entry in entries.items()}


def _plain(path: Path) -> Any:
    """The open file. A pipe or a device, which might never end, is TensorFileError."""
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise TensorFileError(f"{path}: no plain file")
    return os.fdopen(file, "rb")


def _entries(head: bytes, size: int) -> tuple[dict[str, str], dict[str, Any]]:
    """Metadata and tensors' entries of a header; `head`: the file's first bytes, `size`: of the whole file."""
    length = int.from_bytes(head[:8], "little")
    if len(head) < 8 or length > min(HEADER, size - 8):  # noqa: PLR2004
        raise TensorFileError(f"no safetensors: its header has {length:,} bytes, and the file {size:,}")
    try:
        found = json.loads(head[8 : 8 + length].decode(), object_pairs_hook=_once)
    except ValueError as error:
        raise TensorFileError(f"no safetensors: its header is no JSON: {said(error)}") from error
    except RecursionError as error:
        raise TensorFileError("no safetensors: its header is nested too deep") from error
    if not isinstance(found, dict) or len(found) > TENSORS:
        raise TensorFileError(f"no safetensors: its header is no object of {TENSORS:,} tensors at most")
    told = found.pop("__metadata__", {})
    if not isinstance(told, dict) or not all(isinstance(value, str) for value in told.values()):
        raise TensorFileError("its header's metadata are not text by name")
    _require_places(found, size - 8 - length)
    return told, found


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise TensorFileError("its header has two entries of one name")
    return found


def _require_places(entries: dict[str, Any], size: int) -> None:
    """Every tensor has its own bytes, as many as its shape says, and no byte is left over."""
    places = []
    for name, entry in entries.items():
        shown = said(name[:NAME])
        if len(name) > NAME or not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
            raise TensorFileError(f"tensor {shown!r}: its entry is not dtype, shape and data_offsets")
        shape, place, kind = entry["shape"], entry["data_offsets"], entry["dtype"]
        numbers = [*shape, *place] if isinstance(shape, list) and isinstance(place, list) else [None]
        whole_numbers = all(type(number) is int and 0 <= number <= size * 8 for number in numbers)
        if not whole_numbers or len(place) != 2:  # noqa: PLR2004
            raise TensorFileError(f"tensor {shown!r}: its shape or place is not made of whole numbers that fit")
        if not isinstance(kind, str) or kind not in BITS:
            raise TensorFileError(f"tensor {shown!r}: its numbers are of an unknown kind")
        if math.prod(shape) == 0 or math.prod(shape) * BITS[kind] != (place[1] - place[0]) * 8:
            raise TensorFileError(f"tensor {shown!r}: its shape {shape[:8]} is not that of the bytes it has")
        places.append(place)
    places.sort()
    ends = [0, *(end for _, end in places)]
    if [start for start, _ in places] != ends[:-1] or ends[-1] != size:
        raise TensorFileError("its tensors share bytes, or bytes belong to none")
