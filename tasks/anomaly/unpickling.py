"""Other people's pickles, read without running anything in them.

In: a pickle's bytes. Out: dicts, lists, numbers, tensors and arrays, and inert `Described` objects in place of
networks. A pickle may call only what stands in `ALLOWED`; everything else is refused by its name. What is handed to
the pickle cannot be changed by it: builtin types, or objects that refuse a state. Does not know what a generator is.
"""

import io
import math
import pickle
import pickletools
import re
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

PLAIN = frozenset("bifu")
"""Kinds of numpy numbers that hold no objects."""


class Unpicklable(ValueError):
    """A pickle asks for what is not allowed, or is damaged; the message says what."""


class Described:
    """An object of somebody else's class: its class's name and its attributes. None of its code is here."""

    def __init__(self, kind: str = "", state: dict[str, Any] | None = None) -> None:
        self.kind = kind
        self.state = state or {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        if not isinstance(state, dict):
            raise Unpicklable("an object's state is not a dict")
        self.state = state


class TensorflowNetwork(Described):
    """Stands for dnnlib.tflib.network.Network."""


class _Call:
    """A function that a pickle may call, and nothing else."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *arguments: Any) -> Any:
        return self._function(*arguments)

    def __setstate__(self, state: object) -> None:
        raise Unpicklable("gives a state to a function")


class _Dtype:
    """A numpy dtype in the making: its state says the byte order."""

    def __init__(self, name: object, *_: object) -> None:
        if not isinstance(name, str) or np.dtype(name).kind not in PLAIN:
            raise Unpicklable(f"holds numpy values of type {name!r}, not plain numbers")
        self.dtype = np.dtype(name)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if state[1] in ("<", ">"):
            self.dtype = self.dtype.newbyteorder(state[1])


class _Array:
    """A numpy array in the making."""

    def __init__(self, *_: object) -> None:
        self.values: np.ndarray[Any, Any] = np.zeros(0)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, fortran, content = state
        self.values = _array(content, dtype, shape, "F" if fortran else "C")


def unpickle(content: bytes) -> Any:
    """What the pickle describes. Unpicklable names what it asked for, or says that it is damaged."""
    try:
        _check(content)
        return _Reader(io.BytesIO(content), encoding="latin1").load()
    except Unpicklable:
        raise
    except Exception as error:  # a damaged pickle raises whatever it likes
        raise Unpicklable(f"damaged pickle: {error}") from error


def array_of(value: object) -> np.ndarray[Any, Any]:
    """The numbers of an array or a number that `unpickle` gave."""
    return value.values if isinstance(value, _Array) else np.asarray(value)


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        found = ALLOWED.get(f"{module}.{name}")
        if found is None:
            raise Unpicklable(f"asks for {module}.{name}, which is not allowed; nothing was run")
        return found

    def persistent_load(self, _: object) -> Any:
        raise Unpicklable("refers to things outside the file")


def _check(content: bytes) -> None:
    """Every length that the pickle claims is there, before memory is asked for."""
    for number, (opcode, argument, _) in enumerate(pickletools.genops(content)):
        if opcode.name in ("PUT", "BINPUT", "LONG_BINPUT") and int(argument or 0) > number + 1:
            raise Unpicklable("damaged pickle: claims more memory than it has entries")


def _persistent(meta: dict[str, Any]) -> Described:
    """A network of NVlabs' PyTorch code; its source, which the file carries, is left alone."""
    return Described(str(meta["class_name"]), dict(meta["state"]))


def _storage(content: bytes) -> Tensor:
    """A storage's numbers. Its bytes are a pickle again; torch reads it without running code."""
    try:
        storage = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:
        raise Unpicklable(f"a tensor's numbers: {torch_refusal(error)}") from error
    if not isinstance(storage, torch.storage.TypedStorage):
        raise Unpicklable("a tensor's numbers are no storage")
    return torch.empty(0, dtype=storage.dtype).set_(storage._untyped_storage)


def _tensor(storage: Tensor, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: object) -> Tensor:
    if math.prod(size) > len(storage):
        raise Unpicklable(f"a tensor claims {math.prod(size)} numbers and has {len(storage)}")
    return storage.as_strided(tuple(size), tuple(stride), offset)


def _array(content: Any, dtype: _Dtype, shape: tuple[int, ...], order: Any) -> np.ndarray[Any, Any]:
    raw = content.encode("latin1") if isinstance(content, str) else bytes(content)
    return np.frombuffer(raw, dtype.dtype).reshape(shape, order=order)


def _from_buffer(content: Any, dtype: _Dtype, shape: tuple[int, ...], order: Any) -> _Array:
    array = _Array()
    array.values = _array(content, dtype, shape, order)
    return array


def _scalar(dtype: _Dtype, content: Any) -> Any:
    return _array(content, dtype, (), "C").item()


def _encode(text: str, encoding: str = "latin1") -> bytes:
    if encoding != "latin1":
        raise Unpicklable(f"asks for the encoding {encoding!r}")
    return text.encode("latin1")


def torch_refusal(error: Exception) -> str:
    """Why torch did not open a file; its own words advise to open it all the same."""
    if asked := re.search(r"GLOBAL (\S+)", str(error)):
        return f"asks for {asked[1]}, which is not allowed; nothing was run"
    return f"damaged, or more than tensors: {first_line(error).split('WeightsUnpickler error: ')[-1][:120]}"


def first_line(error: Exception) -> str:
    """The error's words on one line, the first 300 letters."""
    return " ".join(str(error).split())[:300]


_NUMPY = {
    f"{package}.{name}": _Call(function)
    for package in ("numpy.core", "numpy._core")
    for name, function in (
        ("multiarray._reconstruct", _Array),
        ("multiarray.scalar", _scalar),
        ("numeric._frombuffer", _from_buffer),
    )
}
_SETS = {f"{module}.{kind.__name__}": kind for module in ("builtins", "__builtin__") for kind in (set, frozenset)}
ALLOWED: dict[str, Any] = {
    "torch_utils.persistence._reconstruct_persistent_obj": _Call(_persistent),
    "dnnlib.tflib.network.Network": TensorflowNetwork,
    "dnnlib.util.EasyDict": dict,
    "dnnlib.EasyDict": dict,
    "collections.OrderedDict": OrderedDict,
    "torch._utils._rebuild_tensor_v2": _Call(_tensor),
    "torch._utils._rebuild_parameter": _Call(lambda data, *_: data),
    "torch._utils._rebuild_parameter_with_state": _Call(lambda data, *_: data),
    "torch.storage._load_from_bytes": _Call(_storage),
    "torch.Size": tuple,
    "numpy.dtype": _Call(_Dtype),
    "numpy.ndarray": _Call(_Array),
    "_codecs.encode": _Call(_encode),
    **_NUMPY,
    **_SETS,
}
