"""Generators are read from files as they were written, and nothing in a file is run."""

import argparse
import codecs
import operator
import os
import pickle
import subprocess
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tasks.anomaly.checkpoints import (
    GeneratorError,
    load_generator,
    provenance_of,
    require_faces,
    require_size,
    save_generator,
)
from tasks.anomaly.stylegan2 import Architecture, Generator
from tasks.faces.alignment import align
from tests.anomaly import foreign_files as foreign
from tests.faces.aligning import found as found_face
from tests.faces.aligning import numbers


def small(**changes: Any) -> Architecture:
    channels = {4: 8, 8: 8, 16: 4, 32: 4}
    settings: dict[str, Any] = {"resolution": 32, "z_dim": 8, "w_dim": 6, "mapping_layers": 2, "mapping_rate": 0.01}
    return Architecture(**(settings | {"channels": channels, "conv_clamp": None, "half_resolutions": 0} | changes))


def drawn(architecture: Architecture) -> Generator:
    """A generator with every number drawn, none left at zero."""
    draw = torch.Generator().manual_seed(1)
    generator = Generator(architecture)
    with torch.no_grad():
        for value in (*generator.parameters(), *generator.buffers()):
            value.copy_(torch.randn(value.shape, generator=draw))
    return generator


def test_our_own_file_gives_back_the_same_generator(tmp_path: Path) -> None:
    generator = drawn(small(conv_clamp=256.0, half_resolutions=2))
    content = save_generator(generator, provenance={"trained_on": ["a" * 64]})
    (tmp_path / "generator.safetensors").write_bytes(content)
    loaded = load_generator(tmp_path / "generator.safetensors")
    assert loaded.architecture == generator.architecture
    assert {n: v.tolist() for n, v in loaded.state_dict().items()} == {
        n: v.tolist() for n, v in generator.state_dict().items()
    }
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    assert save_generator(loaded, provenance={"trained_on": ["a" * 64]}) == content
    assert provenance_of(tmp_path / "generator.safetensors") == {"trained_on": ["a" * 64]}


def test_a_generator_of_another_size_is_told_with_both_sizes() -> None:
    generator = Generator(small())
    require_size(generator, 32)
    with pytest.raises(GeneratorError, match=r"draws pictures of 32 pixels, not 64"):
        require_size(generator, 64)


def loaded(content: bytes, folder: Path) -> Generator:
    (folder / "file").write_bytes(content)
    return load_generator(folder / "file")


def assert_same(found: Generator, wanted: Generator) -> None:
    assert found.architecture == wanted.architecture
    for name, value in wanted.state_dict().items():
        assert torch.allclose(found.state_dict()[name], value, atol=1e-6), name


SUPPORTED = small(conv_clamp=256.0, half_resolutions=2)
PLAIN = small()
WRITTEN: dict[str, tuple[Architecture, Callable[[Generator], bytes]]] = {
    "nvlabs": (SUPPORTED, lambda g: foreign.pickled(foreign.snapshot(g))),
    "nvlabs, protocol 2": (SUPPORTED, lambda g: foreign.pickled(foreign.snapshot(g), 2)),
    "nvlabs, bare": (PLAIN, lambda g: foreign.pickled(foreign.nvlabs(g))),
    "rosinality": (
        PLAIN,
        lambda g: foreign.torch_file({"g_ema": foreign.rosinality(g), "latent_avg": g.mapper.w_mean}),
    ),
    "rosinality, old": (
        PLAIN,
        lambda g: foreign.torch_file(
            {"g_ema": foreign.rosinality(g), "latent_avg": g.mapper.w_mean[None]}, zipped=False
        ),
    ),
    "tensorflow": (SUPPORTED, lambda g: foreign.pickled((None, None, foreign.tensorflow(g)))),
    "tensorflow, protocol 2": (PLAIN, lambda g: foreign.pickled((None, None, foreign.tensorflow(g)), 2)),
}


@pytest.mark.parametrize("form", WRITTEN)
def test_other_peoples_files_give_the_same_generator(form: str, tmp_path: Path) -> None:
    architecture, written = WRITTEN[form]
    generator = drawn(architecture)
    assert_same(loaded(written(generator), tmp_path), generator)


def test_a_training_checkpoint_gives_its_average_and_a_mean_w_is_drawn(tmp_path: Path) -> None:
    generator, other = drawn(PLAIN), {"conv1.conv.weight": torch.zeros(1)}
    content = {"g": other, "d": {}, "g_ema": foreign.rosinality(generator), "args": argparse.Namespace(size=32)}
    found = loaded(foreign.torch_file(content | {"g_optim": {"state": {}}, "ada_aug_p": 0.0}), tmp_path)
    z = torch.randn(10_000, 8, generator=torch.Generator().manual_seed(3))
    assert torch.allclose(found.mapper.w_mean, generator.mapper(z).mean(0), atol=0.05)
    generator.mapper.w_mean.copy_(found.mapper.w_mean)
    assert_same(found, generator)


SHIFTED = torch.ones(4, 4) / 16
REFUSED: dict[str, tuple[Callable[[Generator], object], str]] = {
    "classes": (lambda g: foreign.snapshot(g, c_dim=5), "draws 5 classes"),
    "channels": (lambda g: foreign.snapshot(g, img_channels=1), "1 channels"),
    "resnet": (lambda g: foreign.snapshot(g, block={"architecture": "resnet"}), "architecture is 'resnet'"),
    "activation": (lambda g: foreign.snapshot(g, layer={"activation": "relu"}), "is 'relu'"),
    "noise": (lambda g: foreign.snapshot(g, layer={"use_noise": False}), "no noise"),
    "gain": (lambda g: foreign.snapshot(g, layer={"act_gain": 1.0}), "gain of"),
    "filter": (lambda g: foreign.snapshot(g, filter_of=SHIFTED), r"another resampling filter than \[1, 3, 3, 1\]"),
    "stylegan3": (lambda g: {"G_ema": foreign.Persistent("SynthesisInput")}, "only StyleGAN2 is read"),
    "no average": (lambda g: {"G": foreign.nvlabs(g)}, "without a generator's moving average"),
    "tensorflow classes": (lambda g: (None, None, foreign.tensorflow(g, label_size=3)), "label_size is 3"),
    "tensorflow orig": (lambda g: (None, None, foreign.tensorflow(g, architecture="orig")), "architecture is 'orig'"),
    "a list": (lambda g: [1, 2], "without a generator's moving average"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_would_draw_another_picture_is_refused(why: str, tmp_path: Path) -> None:
    written, message = REFUSED[why]
    with pytest.raises(GeneratorError, match=message) as error:
        loaded(foreign.pickled(written(drawn(PLAIN))), tmp_path)
    assert str(tmp_path / "file") in str(error.value)
    assert "is accepted as safetensors" in str(error.value)


class Asks:
    """Pickled as a call of anything with anything."""

    def __init__(self, call: object, *arguments: object, state: object = None) -> None:
        self.reduced = (call, arguments) if state is None else (call, arguments, state)

    def __reduce__(self) -> tuple[object, ...]:
        return self.reduced


def storage(content: bytes) -> Asks:
    return Asks(torch.storage._load_from_bytes, content)


SPRUNG = "import pathlib; pathlib.Path('sprung').touch()"
HOSTILE: dict[str, Callable[[], object]] = {
    "posix.system": lambda: Asks(os.system, "touch sprung"),
    "builtins.eval": lambda: Asks(eval, SPRUNG),
    "builtins.exec": lambda: Asks(exec, SPRUNG),
    "builtins.getattr": lambda: Asks(getattr, OrderedDict, "__init__"),
    "operator.attrgetter": lambda: operator.attrgetter("__class__"),
    "(subprocess|commands).Popen": lambda: Asks(subprocess.Popen, ["touch", "sprung"]),
    "holds numpy values": lambda: np.array([Asks(os.system, "touch sprung")], dtype=object),
    "a tensor's numbers: asks for posix.system": lambda: storage(
        foreign.torch_file(Asks(os.system, "touch sprung"), zipped=False)
    ),
    "a tensor's numbers: ": lambda: storage(pickle.dumps(Asks(os.system, "touch sprung"))),
    "encoding 'rot13'": lambda: Asks(codecs.encode, "abc", "rot13"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("protocol", [2, 4])
def test_a_hostile_pickle_is_refused_with_what_it_asked_for(
    name: str, protocol: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    content = foreign.pickled({"G_ema": HOSTILE[name]()}, protocol)
    with pytest.raises(GeneratorError, match=name.replace("builtins", "(builtins|__builtin__)")):
        loaded(content, tmp_path)
    assert not (tmp_path / "sprung").exists()


def test_a_hostile_torch_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for zipped in (True, False):
        content = foreign.torch_file({"g_ema": Asks(os.system, "touch sprung")}, zipped=zipped)
        with pytest.raises(GeneratorError, match=r"posix\.system"):
            loaded(content, tmp_path)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    "allowed", ["torch._utils\n_rebuild_tensor_v2", "dnnlib.tflib.network\nNetwork", "builtins\nset"]
)
def test_a_pickle_cannot_change_what_it_may_use(allowed: str, tmp_path: Path) -> None:
    for state in (b"}X\x01\x00\x00\x00aK\x01s", b"N}X\x08\x00\x00\x00__call__K\x01s\x86"):
        with pytest.raises(GeneratorError, match="state|damaged"):
            loaded(b"\x80\x02c" + allowed.encode() + b"\n" + state + b"b.", tmp_path)
    assert_same(loaded(foreign.pickled(foreign.snapshot(drawn(PLAIN))), tmp_path), drawn(PLAIN))


def test_damaged_files_are_one_clear_error(tmp_path: Path) -> None:
    generator = drawn(PLAIN)
    whole = [foreign.pickled(foreign.snapshot(generator)), foreign.torch_file({"g_ema": foreign.rosinality(generator)})]
    whole.append(save_generator(generator, provenance={}))
    cut = [content[: int(len(content) * share)] for content in whole for share in (0.001, 0.3, 0.9, 0.999)]
    claims = [b"\x80\x04\x8e" + b"\xff" * 7 + b"\x00.", b"\x80\x02Nr\xff\xff\xff\x7f.", b"\xff" * 8 + b"{}"]
    for content in (b"", b"P", b"PK", b"\x80", b"{}", b"GIF89a", *cut, *claims):
        with pytest.raises(GeneratorError) as error:
            loaded(content, tmp_path)
        assert str(error.value).startswith(f"{tmp_path / 'file'}: ")
        assert "\n" not in str(error.value)
        assert str(error.value).count("is accepted as") == 1
    with pytest.raises(GeneratorError, match="No such file"):
        load_generator(tmp_path / "none")


def test_numbers_that_are_none_and_missing_weights_are_named(tmp_path: Path) -> None:
    state = foreign.rosinality(drawn(PLAIN))
    state["convs.0.activate.bias"][0] = float("nan")
    with pytest.raises(GeneratorError, match=r"blocks\.1\.first\.bias holds values that are no numbers"):
        loaded(foreign.torch_file({"g_ema": state}), tmp_path)
    del state["convs.0.activate.bias"]
    with pytest.raises(GeneratorError, match=r"do not fit.*blocks\.1\.first\.bias"):
        loaded(foreign.torch_file({"g_ema": state}), tmp_path)


def showing(picture: np.ndarray) -> Generator:
    """A generator whose colours are those of one picture (256, 256, 3)."""
    generator = Generator(small())
    shown = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
    generator.synthesise = lambda w, noise: shown  # type: ignore[method-assign,assignment,misc]
    return generator


def test_a_generator_that_draws_no_faces_is_refused() -> None:
    rng = np.random.default_rng(0)
    image, points = found_face()
    require_faces(showing(image))
    for eye_distance in (20, 24):
        require_faces(showing(align(image, points, settings=numbers(eye_distance=eye_distance)).picture))
    for other in (rng.integers(0, 256, (64, 64, 3), np.uint8), np.full((64, 64, 3), 128, np.uint8)):
        with pytest.raises(GeneratorError, match="it does not draw faces"):
            require_faces(showing(other))
