"""Weights are the recorded ones or are not opened, and nothing in a file is ever run."""

import hashlib
import os
import pickle
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch

from tasks.base import weights
from tasks.base.weights import MOBILENET_V2_IMAGENET, REGISTRY, WeightsError


def register(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    digest = hashlib.sha256(content).hexdigest()
    monkeypatch.setitem(REGISTRY, "some", replace(MOBILENET_V2_IMAGENET, name="some", file="some.pth", sha256=digest))


def test_every_entry_says_where_from_what_for_and_under_which_licence() -> None:
    for name, entry in REGISTRY.items():
        assert entry.name == name
        assert len(bytes.fromhex(entry.sha256)) >= 4
        assert all((entry.file, entry.origin, entry.licence, entry.purpose))


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(WeightsError, match="no weights named 'vgg'; there are: mobilenet_v2_imagenet"):
        weights.record("vgg")


def test_a_missing_file_is_named_with_what_to_put_there(tmp_path: Path) -> None:
    with pytest.raises(WeightsError) as error:
        weights.read("mobilenet_v2_imagenet", tmp_path)
    assert str(tmp_path / "mobilenet_v2_imagenet.pth") in str(error.value)
    assert MOBILENET_V2_IMAGENET.sha256 in str(error.value)


def test_another_file_is_not_opened_and_both_digests_are_told(tmp_path: Path) -> None:
    (tmp_path / "mobilenet_v2_imagenet.pth").write_bytes(b"something else")
    with pytest.raises(WeightsError) as error:
        weights.state_dict("mobilenet_v2_imagenet", tmp_path)
    assert MOBILENET_V2_IMAGENET.sha256 in str(error.value)
    assert hashlib.sha256(b"something else").hexdigest() in str(error.value)


@pytest.mark.parametrize("zipped", [True, False])
def test_tensors_of_a_torch_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, zipped: bool) -> None:
    torch.save({"a": torch.arange(3)}, tmp_path / "some.pth", _use_new_zipfile_serialization=zipped)
    register(monkeypatch, (tmp_path / "some.pth").read_bytes())
    assert weights.state_dict("some", tmp_path)["a"].tolist() == [0, 1, 2]


def test_tensors_of_a_safetensors_file() -> None:
    content = safetensors.torch.save({"a": torch.ones(2)})
    assert weights.tensors(content, source="here")["a"].tolist() == [1, 1]


class Trap:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return os.mkdir, (str(self.target),)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_file_is_not_run(tmp_path: Path, *, zipped: bool) -> None:
    trapped, sprung = tmp_path / "trap.pth", tmp_path / "sprung"
    torch.save({"a": Trap(sprung)}, trapped, _use_new_zipfile_serialization=zipped)
    with pytest.raises(WeightsError, match=r"trap\.pth"):
        weights.tensors(trapped.read_bytes(), source="trap.pth")
    with pytest.raises(WeightsError):
        weights.tensors(pickle.dumps(Trap(sprung)), source="plain pickle")
    assert not sprung.exists()


@pytest.mark.parametrize("content", [b"", b"PK", b"\x80", b"{}", b"\xff" * 40])
def test_damaged_bytes_are_an_error_of_ours(content: bytes) -> None:
    with pytest.raises(WeightsError, match="neither safetensors nor"):
        weights.tensors(content, source="some file")


def test_anything_but_tensors_is_refused(tmp_path: Path) -> None:
    torch.save({"a": 1}, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match="not a state dict"):
        weights.tensors((tmp_path / "a.pth").read_bytes(), source="a.pth")


def test_the_landmark_model_is_the_recorded_one_and_its_package_is_not_imported(tmp_path: Path) -> None:
    path = weights.verified("dlib_68_landmarks", tmp_path)
    assert path.name == "shape_predictor_68_face_landmarks.dat"
    assert path.is_file()
    assert "face_recognition_models" not in sys.modules


def test_a_package_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(REGISTRY, "some", replace(MOBILENET_V2_IMAGENET, name="some", package="not_installed_at_all"))
    with pytest.raises(WeightsError, match="not_installed_at_all is not installed"):
        weights.read("some", tmp_path)


def test_a_part_of_an_archive_is_read_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = b"a network"
    entry = replace(MOBILENET_V2_IMAGENET, name="some", file="some.zip", member="net.tflite")
    monkeypatch.setitem(REGISTRY, "some", replace(entry, sha256=hashlib.sha256(content).hexdigest()))
    with zipfile.ZipFile(tmp_path / "some.zip", "w") as archive:
        archive.writestr("net.tflite", content)
    assert weights.read("some", tmp_path) == content
    with zipfile.ZipFile(tmp_path / "some.zip", "w") as archive:
        archive.writestr("other.tflite", content)
    with pytest.raises(WeightsError, match=r"some\.zip.*net\.tflite.*replace it"):
        weights.read("some", tmp_path)
    (tmp_path / "some.zip").write_bytes(b"no archive")
    with pytest.raises(WeightsError, match="replace it"):
        weights.read("some", tmp_path)
    with zipfile.ZipFile(tmp_path / "some.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("net.tflite", bytes(10_000))
    with pytest.raises(WeightsError, match="is compressed"):
        weights.read("some", tmp_path)
