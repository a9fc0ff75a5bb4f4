"""What pickles of StyleGAN2 generators may ask for: NVlabs' and TensorFlow's networks, numpy's arrays, torch's tensors.

In: a pickle's bytes. Out: what tasks.base.weight_files.pickles gives, with inert `Described` objects in place of
networks. Everything else that a pickle asks for is refused by its name. Does not know what a generator is.
"""

from typing import Any

import numpy as np
from torch import Tensor

from tasks.base.weight_files import torchfiles
from tasks.base.weight_files.pickle_values import Built, Described, Maker, Room, Unpicklable
from tasks.base.weight_files.pickles import unpickle

PLAIN = frozenset("bifu")
"""Kinds of numpy numbers that hold no objects."""


class TensorflowNetwork(Described):
    """Stands for dnnlib.tflib.network.Network."""


class _Dtype(Built):
    """A numpy dtype in the making: its state says the byte order."""

    def __init__(self, name: object, *_: object) -> None:
        if not isinstance(name, str) or np.dtype(name).kind not in PLAIN:
            said = name[:100] if isinstance(name, str) else type(name).__name__
            raise Unpicklable(f"holds numpy values of type {said!r}, not plain numbers")
        self.dtype = np.dtype(name)

    def take(self, state: Any) -> None:
        """What numpy pickles of a dtype beside its name."""
        if not isinstance(state, tuple):
            raise Unpicklable("a numpy type's state is not a tuple")
        if state[1] in ("<", ">"):
            self.dtype = self.dtype.newbyteorder(state[1])


class _Array(Built):
    """A numpy array in the making."""

    def __init__(self, *_: object) -> None:
        self.values: np.ndarray[Any, Any] = np.zeros(0)

    def take(self, state: Any) -> None:
        """What numpy pickles of an array."""
        _, shape, dtype, fortran, content = state
        self.values = _array(content, dtype, shape, "F" if fortran else "C")


def described(content: bytes) -> Any:
    """What the pickle describes. Unpicklable names what it asked for, or says how it is damaged."""
    room = Room(len(content))
    return unpickle(content, _names(room), room)


def array_of(value: object) -> np.ndarray[Any, Any]:
    """The numbers of an array, or a number, that `described` gave. TypeError: it is neither."""
    if isinstance(value, _Array):
        return value.values
    if not isinstance(value, int | float):
        raise TypeError(f"a {type(value).__name__} in place of numbers")
    return np.asarray(value)


def _persistent(meta: dict[str, Any]) -> Described:
    """A network of NVlabs' PyTorch code; its source, which the file carries, is left alone."""
    found = Described(meta["class_name"] if isinstance(meta["class_name"], str) else "nameless class")
    found.take(meta["state"])
    return found


def _storage(content: bytes) -> Tensor:
    """A storage's numbers. Its bytes are a file of torch again."""
    try:
        storage = torchfiles.read_legacy(content)
    except Unpicklable as error:
        raise Unpicklable(f"a tensor's numbers: {error}") from error
    if not isinstance(storage, Tensor):
        raise Unpicklable("a tensor's numbers are no storage")
    return storage


def _array(content: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray[Any, Any]:
    if not isinstance(dtype, _Dtype) or not isinstance(content, str | bytes):
        raise Unpicklable("holds numpy values without a type, or without bytes")
    raw = content.encode("latin1") if isinstance(content, str) else content
    return np.frombuffer(raw, dtype.dtype).reshape(shape, order=order)


def _from_buffer(content: Any, dtype: _Dtype, shape: tuple[int, ...], order: Any) -> _Array:
    array = _Array()
    array.values = _array(content, dtype, shape, order)
    return array


def _scalar(dtype: _Dtype, content: Any) -> Any:
    return _array(content, dtype, (), "C").item()


_MAKERS = {
    "torch_utils.persistence._reconstruct_persistent_obj": _persistent,
    "dnnlib.tflib.network.Network": TensorflowNetwork,
    "dnnlib.util.EasyDict": torchfiles.ordered,
    "dnnlib.EasyDict": torchfiles.ordered,
    "torch.storage._load_from_bytes": _storage,
    "numpy.dtype": _Dtype,
    **{
        f"{package}.{name}": function
        for package in ("numpy.core", "numpy._core")
        for name, function in (
            ("multiarray._reconstruct", _Array),
            ("multiarray.scalar", _scalar),
            ("numeric._frombuffer", _from_buffer),
        )
    },
}


def _names(room: Room) -> dict[str, Any]:
    found = torchfiles.names(room) | {name: Maker(make) for name, make in _MAKERS.items()}
    return found | {"numpy.ndarray": "numpy.ndarray"}  # an argument of _reconstruct
