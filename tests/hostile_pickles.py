"""Hostile pickles, torch files and safetensors, by what they try."""

import io
import json
import os
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch

from tasks.anomaly.checkpoints import save_generator
from tasks.anomaly.stylegan2 import Architecture, Generator
from tasks.symmetry.network import Architecture as Branch
from tasks.symmetry.network import SiameseNetwork, save_network
from tests.anomaly import foreign_files as foreign

SMALL = Architecture(
    resolution=32, z_dim=8, w_dim=6, mapping_layers=2, mapping_rate=0.01, channels={4: 8, 8: 8, 16: 4, 32: 4},
    conv_clamp=None, half_resolutions=0,
)  # fmt: skip
START = b"\x80\x02}X\x05\x00\x00\x00G_ema"
"""A dict whose first key is G_ema; its value follows, then END."""
END = b"s."


def generator() -> Generator:
    """A small one, always the same."""
    torch.manual_seed(0)
    return Generator(SMALL)


class Asks:
    """Pickled as a call of anything with anything."""

    def __init__(self, call: object, *arguments: object) -> None:
        self.reduced = (call, arguments)

    def __reduce__(self) -> tuple[object, ...]:
        return self.reduced


def text(value: str) -> bytes:
    raw = value.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def put(place: int) -> bytes:
    return b"r" + struct.pack("<I", place)


def get(place: int) -> bytes:
    return b"j" + struct.pack("<I", place)


def doubled(empty: bytes, times: int, pair: Callable[[bytes], bytes]) -> bytes:
    """Each thing holds the one before twice."""
    made = empty + put(0)
    for step in range(times):
        made += b"0" + pair(get(step)) + put(step + 1)
    return made


def list_of(item: bytes) -> bytes:
    return b"](" + item + item + b"e"


def tuple_of(item: bytes) -> bytes:
    return item + item + b"\x86"


def dict_of(item: bytes) -> bytes:
    return b"}(" + text("a") + item + text("b") + item + b"u"


def _called(name: str, arguments: bytes) -> bytes:
    return b"c" + name.replace(" ", "\n").encode() + b"\n(" + arguments + b"tR"


def _cyclic() -> dict[str, Any]:
    found: dict[str, Any] = foreign.snapshot(generator())
    found["G_ema"].meta["state"]["_modules"]["again"] = found["G_ema"]
    return found


def _modules(times: int) -> Any:
    module = foreign.Persistent("FullyConnectedLayer")
    for _ in range(times):
        module = foreign.Persistent("MappingNetwork", modules={"a": module, "b": module})
    return {"G_ema": module}


def _parts(times: int) -> Any:
    part = foreign.Network({"version": 4, "variables": [], "components": {}})
    for _ in range(times):
        part = foreign.Network({"version": 4, "variables": [], "components": {"a": part, "b": part}})
    return (None, None, part)


def _copied(times: int) -> bytes:
    again = b"0" + _called("_codecs encode", get(0) + text("latin1"))
    return START + text("ab" * 100_000) + put(0) + again * times + END


def _array(state: bytes) -> bytes:
    made = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR"
    return START + made + b"(K\x01" + state + b"tb" + END


DTYPE = b"cnumpy\ndtype\n(" + text("f4") + b"K\x00K\x01tR"
PICKLES: dict[str, Callable[[], bytes]] = {
    "deep lists": lambda: START + b"]" * 200_000 + b"a" * 199_999 + END,
    "deep marks": lambda: START + b"(" * 400_000 + b"t" * 400_000 + END,
    "more entries than any": lambda: START + b"N0" * 3_000_000 + b"N" + END,
    "holds itself": lambda: START + b"]" + put(0) + get(0) + b"a" + END,
    "modules in a circle": lambda: foreign.pickled(_cyclic()),
    "2^40 lists": lambda: START + doubled(b"]", 40, list_of) + END,
    "2^40 tuples as a key": lambda: START + b"}" + doubled(b")", 40, tuple_of) + b"K\x01s" + END,
    "2^40 tuples in a set": lambda: START + b"c__builtin__\nset\n]" + doubled(b")", 40, tuple_of) + b"a\x85R" + END,
    "2^40 tuples as a name": lambda: START + doubled(b")", 40, tuple_of) + text("a") + b"\x93" + END,
    "2^40 tuples as a dtype": lambda: START + b"cnumpy\ndtype\n(" + doubled(b")", 40, tuple_of) + b"tR" + END,
    "2^40 tuples as a class": lambda: (
        START + b"ctorch_utils.persistence\n_reconstruct_persistent_obj\n}(" + text("class_name")
        + doubled(b")", 40, tuple_of) + text("state") + b"}u\x85R" + END
    ),
    "2^40 tuples as a size": lambda: START + _called("torch Size", doubled(b")", 40, tuple_of)) + END,
    "2^40 modules": lambda: foreign.pickled(_modules(40)),
    "2^40 parts": lambda: foreign.pickled(_parts(40)),
    "one text copied 20,000 times": lambda: _copied(20_000),
    "one list made a set 9,000 times": lambda: (
        START + b"](" + b"K\x01" * 100_000 + b"e" + put(0) + (b"0" + _called("builtins set", get(0))) * 9_000 + END
    ),
    "a bytearray of 2^60": lambda: START + b"\x96" + struct.pack("<Q", 1 << 60) + END,
    "bytes of 2^60": lambda: START + b"\x8e" + struct.pack("<Q", 1 << 60) + END,
    "a frame of 2^60": lambda: b"\x80\x04\x95" + struct.pack("<Q", 1 << 60) + b"}.",
    "a memo of 2^31": lambda: b"\x80\x02Nr\xff\xff\xff\x7f.",
    "a registered extension": lambda: START + b"\x82\x01" + END,
    "a text number of a million digits": lambda: START + b"L" + b"9" * 1_000_000 + b"L\n" + END,
    "a number of 4 million bytes": lambda: START + b"\x8b" + struct.pack("<i", 4_000_000) + b"\x7f" * 4_000_000 + END,
    "an array of 10^10 made of a number": lambda: _array(
        b"J\xff\xff\xff\x7f\x85" + DTYPE + b"\x89J\xff\xff\xff\x7f"
    ),
    "an array that claims 2^40": lambda: _array(
        b"\x8a\x06\x00\x00\x00\x00\x00\x01\x85" + DTYPE + b"\x89" + text("abcd")
    ),
    "text for classes": lambda: foreign.pickled(foreign.snapshot(generator(), c_dim="five")),
    "a list for channels": lambda: foreign.pickled(foreign.snapshot(generator(), img_channels=[3])),
    "text for a gain": lambda: foreign.pickled(foreign.snapshot(generator(), layer={"act_gain": "1.4"})),
    "text for a clamp": lambda: foreign.pickled(foreign.snapshot(generator(), layer={"conv_clamp": "256"})),
    "a dict for a clamp": lambda: foreign.pickled(foreign.snapshot(generator(), layer={"conv_clamp": {}})),
    "text for TensorFlow's numbers": lambda: foreign.pickled(
        (None, None, foreign.Network({"version": "x", "variables": 3, "components": {}}))
    ),
    "text in place of a tensor": lambda: foreign.pickled({"G_ema": _with_text()}),
    "escape codes in a name": lambda: foreign.pickled({"G_ema": foreign.Persistent("\x1b[31mred\n\x07")}),
    "os.system": lambda: foreign.pickled({"G_ema": Asks(os.system, "touch sprung")}),
    "eval": lambda: foreign.pickled({"G_ema": Asks(eval, "open('sprung', 'w')")}),
}  # fmt: skip


def _with_text() -> foreign.Persistent:
    network = foreign.nvlabs(generator())
    dense = network.meta["state"]["_modules"]["mapping"].meta["state"]["_modules"]["fc0"]
    dense.meta["state"]["_parameters"]["weight"] = "no tensor"
    return network


def state_of(change: Callable[[str, torch.Tensor], Any]) -> dict[str, Any]:
    """Rosinality's state dict, each tensor changed."""
    return {"g_ema": {name: change(name, value) for name, value in foreign.rosinality(generator()).items()}}


def _expanded() -> bytes:
    one = torch.zeros(1)
    return foreign.torch_file(state_of(lambda _, value: one.expand([max(side, 60) for side in value.shape])))


def _huge() -> bytes:
    return foreign.torch_file({"conv1.conv.weight": torch.zeros(1).expand(1 << 31), **_expand_each()})


def _expand_each() -> dict[str, torch.Tensor]:
    return {name: torch.zeros(1).expand(1 << 26) for name in foreign.rosinality(generator())}


def _views() -> bytes:
    storage = torch.zeros(100_000)
    return foreign.torch_file({f"t{number}": storage[:] for number in range(5_000)})


def _zip(entries: list[tuple[str, bytes]], compression: int = zipfile.ZIP_STORED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return content.getvalue()


def _again(times: int) -> bytes:
    """A zip file whose directory names one entry's bytes under many names."""
    data = b"\0" * 1_000_000
    content = _zip([("archive/data/0", data)])
    at = content.index(b"PK\x01\x02")
    entry = content[at : content.index(b"PK\x05\x06")]
    entries = b"".join(entry.replace(b"data/0", b"dat%03d" % number)[: len(entry)] for number in range(times))
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, times, times, len(entries), at, 0)
    return content[:at] + entries + end


def _claims(numbers: int, *, zipped: bool) -> bytes:
    """A storage that says it has more numbers than there are."""
    content = foreign.torch_file({"a": torch.zeros(77)}, zipped=zipped)
    return content.replace(b"KM", b"\x8a\x06" + struct.pack("<Q", numbers)[:6])


TORCH: dict[str, Callable[[], bytes]] = {
    "expanded tensors": _expanded,
    "tensors of 8 GB from one number": _huge,
    "5,000 views of one storage": _views,
    "meta tensors": lambda: foreign.torch_file(state_of(lambda _, value: value.to("meta"))),
    "sparse tensors": lambda: foreign.torch_file(state_of(lambda _, value: value.to_sparse())),
    "complex tensors": lambda: foreign.torch_file(state_of(lambda _, value: value.to(torch.complex64))),
    "texts": lambda: foreign.torch_file(state_of(lambda _, value: str(value.shape))),
    "numbers": lambda: foreign.torch_file(state_of(lambda _, value: 1.5)),
    "empty tensors": lambda: foreign.torch_file(state_of(lambda _, value: value.flatten()[:0])),
    "bool tensors": lambda: foreign.torch_file(state_of(lambda _, value: value > 0)),
    "other shapes": lambda: foreign.torch_file(state_of(lambda _, value: value.reshape(1, -1, 1))),
    "a million-layered name": lambda: foreign.torch_file(
        {"g_ema": {**foreign.rosinality(generator()), f"style.{'9' * 5000}.weight": torch.zeros(1)}}
    ),
    "2^50 numbers claimed": lambda: _claims(1 << 40, zipped=True),
    "2^50 numbers claimed, old": lambda: _claims(1 << 40, zipped=False),
    "compressed zeros": lambda: _zip(
        [("archive/data.pkl", pickle.dumps({}, 2)), ("archive/data/0", bytes(200_000_000))], zipfile.ZIP_DEFLATED
    ),
    "one name twice": lambda: _twice(),
    "one entry under 900 names": lambda: _again(900),
    "no pickle in it": lambda: _zip([("archive/version", b"3")]),
    "two pickles in it": lambda: _zip([(f"{name}/data.pkl", pickle.dumps({}, 2)) for name in "ab"]),
    "a path that leads out": lambda: _zip([("../../sprung/data.pkl", pickle.dumps({}, 2))]),
    "os.system": lambda: foreign.torch_file({"g_ema": Asks(os.system, "touch sprung")}),
    "os.system, old": lambda: foreign.torch_file({"g_ema": Asks(os.system, "touch sprung")}, zipped=False),
    "2^40 tuples as a key": lambda: _zip(
        [("archive/data.pkl", b"\x80\x02}" + doubled(b")", 40, tuple_of) + b"K\x01s.")]
    ),
    "2^40 dicts": lambda: _zip([("archive/data.pkl", b"\x80\x02" + doubled(b"}", 40, dict_of) + b".")]),
    "a wrong checksum": lambda: foreign.torch_file(foreign.rosinality(generator())).replace(b"conv1", b"cnov1", 1),
}


def _twice() -> bytes:
    content = _zip([("archive/data.pkl", pickle.dumps({"a": 1}, 2)), ("brchive/data.pkl", pickle.dumps({"b": 1}, 2))])
    return content.replace(b"brchive", b"archive")


def safe(entries: dict[str, Any], data: bytes = b"", *, length: int | None = None) -> bytes:
    """Safetensors bytes with any header."""
    head = json.dumps(entries).encode()
    return struct.pack("<Q", len(head) if length is None else length) + head + data


def entry(shape: list[Any], start: Any, end: Any, kind: Any = "F32") -> dict[str, Any]:
    return {"dtype": kind, "shape": shape, "data_offsets": [start, end]}


def own_record(**changes: Any) -> bytes:
    """Our own generator's file with another architecture in its record."""
    content = save_generator(generator(), provenance={})
    changed = SMALL.model_dump() | changes
    tensors = safetensors.torch.load(content)
    return safetensors.torch.save(tensors, {"vermilion_generator": json.dumps({"architecture": changed})})


def branch(change: Callable[[torch.Tensor], torch.Tensor] = lambda value: value, **changes: Any) -> bytes:
    """Our own symmetry network's file with another architecture in its record, and its tensors changed."""
    numbers: dict[str, Any] = {
        "input_size": 32,
        "width": 0.25,
        "embedding_dim": 4,
        "normalise_embedding": True,
        "dropout": 0.0,
    }
    content = save_network(SiameseNetwork(Branch(**numbers, pooled_grid=1)), {})
    tensors = {name: change(value).contiguous() for name, value in safetensors.torch.load(content).items()}
    record = {"architecture": numbers | {"pooled_grid": 1} | changes, "provenance": {}}
    return safetensors.torch.save(tensors, {"vermilion": json.dumps(record)})


NAN = float("nan")
SAFE: dict[str, Callable[[], bytes]] = {
    "a header of 2^63 bytes": lambda: safe({}, length=1 << 63),
    "a header longer than the file": lambda: safe({}, length=1000),
    "a header of 60 MB": lambda: struct.pack("<Q", 60_000_000) + b"{" + b" " * 59_999_998 + b"}",
    "a header of 500,000 lists": lambda: struct.pack("<Q", 1_500_000) + b'{"a":[' + b"[]," * 499_997 + b"1]}",
    "a deep header": lambda: struct.pack("<Q", 2_000_000) + b"[" * 2_000_000,
    "a name twice": lambda: struct.pack("<Q", 14) + b'{"a":1,"a":2} ',
    "shared bytes": lambda: safe({"a": entry([2], 0, 8), "b": entry([2], 4, 12)}, bytes(12)),
    "the same bytes 9,999 times": lambda: safe({f"t{n}": entry([2], 0, 8) for n in range(9_999)}, bytes(8)),
    "bytes of nobody": lambda: safe({"a": entry([2], 0, 8)}, bytes(800)),
    "places beyond the end": lambda: safe({"a": entry([1 << 40], 0, 1 << 42)}, bytes(8)),
    "a shape of nothing times 2^60": lambda: safe({"a": entry([0, 1 << 60], 0, 0)}),
    "a shape of texts": lambda: safe({"a": entry(["2"], 0, 8)}, bytes(8)),
    "a negative shape": lambda: safe({"a": entry([-2, -1], 0, 8)}, bytes(8)),
    "a kind that is a list": lambda: safe({"a": entry([2], 0, 8, ["F32"])}, bytes(8)),
    "an entry that is a text": lambda: safe({"a": "b"}),
    "metadata that are no texts": lambda: safe({"__metadata__": {"vermilion": {}, "vermilion_generator": []}}),
    "a deep record": lambda: safe({"__metadata__": {"vermilion": "[" * 99_999, "vermilion_generator": "[" * 99_999}}),
    "a record of a number": lambda: safe({"__metadata__": {"vermilion": "1", "vermilion_generator": "1"}}),
    "500,000 names": lambda: _names(500_000),
    "escape codes in a name": lambda: safe({"\x1b[31m\n": entry([3], 0, 8)}, bytes(8)),
}
OWN: dict[str, Callable[[], bytes]] = {
    "ten million layers": lambda: own_record(mapping_layers=10_000_000),
    "2^60 in z": lambda: own_record(z_dim=1 << 60),
    "feature maps of 2^40": lambda: own_record(channels={4: 1 << 40, 8: 8, 16: 4, 32: 4}),
    "feature maps at no side": lambda: own_record(channels={}),
    "a side that is no power": lambda: own_record(resolution=33),
    "a rate that is none": lambda: own_record(mapping_rate=NAN),
    "a text for a clamp": lambda: own_record(conv_clamp="much"),
}
BRANCH: dict[str, Callable[[], bytes]] = {
    "a width of 10^9": lambda: branch(width=1e9),
    "a width that is none": lambda: branch(width=NAN),
    "10^12 in the embedding": lambda: branch(embedding_dim=10**12),
    "a grid of 10^9": lambda: branch(pooled_grid=10**9),
    "numbers that are none": lambda: branch(lambda value: value * NAN if value.is_floating_point() else value),
    "numbers of another kind": lambda: branch(lambda value: value.double()),
}


def _names(count: int) -> bytes:
    head = ("{" + ",".join(f'"{number}":0' for number in range(count)) + "}").encode()
    return struct.pack("<Q", len(head)) + head


def write(folder: Path) -> dict[str, Path]:
    """Every hostile file in `folder`/files, named KIND-what it tries."""
    (folder / "files").mkdir(parents=True)
    made: dict[str, Callable[[], bytes]] = OrderedDict()
    made |= {f"generator-pickle, {name}": make for name, make in PICKLES.items()}
    made |= {f"{kind}-torch, {name}": make for name, make in TORCH.items() for kind in ("generator", "weights")}
    made |= {
        f"{kind}-safetensors, {name}": make
        for name, make in SAFE.items()
        for kind in ("generator", "weights", "network")
    }
    made |= {f"generator-own, {name}": make for name, make in OWN.items()}
    made |= {f"network-own, {name}": make for name, make in BRANCH.items()}
    kept: dict[Any, bytes] = {}
    for name, make in made.items():
        kept.setdefault(make, b"") or kept.update({make: make()})
        (folder / "files" / name.replace("/", "_")).write_bytes(kept[make])
    for kind in ("generator", "weights", "network"):
        with (folder / "files" / f"{kind}-12 GB of nothing").open("wb") as file:
            file.truncate(12 << 30)
        os.mkfifo(folder / "files" / f"{kind}-a pipe")
        (folder / "files" / f"{kind}-a device").symlink_to("/dev/zero")
    return {path.name: path for path in (folder / "files").iterdir()}


def good() -> dict[str, bytes]:
    """Files of every form that are as they should be."""
    drawn = generator()
    with torch.no_grad():
        for value in drawn.parameters():
            value.copy_(torch.from_numpy(np.random.default_rng(0).normal(size=tuple(value.shape)).astype(np.float32)))
    return {
        "generator-nvlabs": foreign.pickled(foreign.snapshot(drawn)),
        "generator-nvlabs 2": foreign.pickled(foreign.nvlabs(drawn), 2),
        "generator-tensorflow": foreign.pickled((None, None, foreign.tensorflow(drawn)), 2),
        "generator-rosinality": foreign.torch_file({"g_ema": foreign.rosinality(drawn)}),
        "generator-rosinality old": foreign.torch_file({"g_ema": foreign.rosinality(drawn)}, zipped=False),
        "generator-own": save_generator(drawn, provenance={}),
        "weights-torch": foreign.torch_file(foreign.rosinality(drawn)),
        "network-own": branch(),
    }
