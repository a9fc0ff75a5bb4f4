"""ArcFace is verified, has the right shapes and gets the right pixels; a small network of its shapes stands in."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import onnxruntime
import pyarrow as pa
import pytest
from onnx import TensorProto, helper, numpy_helper

from tasks.base.weights import ARCFACE_W600K_R50, REGISTRY, WeightsError
from tasks.synthesis.gate.identity import compare, embed_generated, embed_photographs
from tasks.synthesis.gate.recognition import TEMPLATE, aligned, face_of, onnx_network
from tests.synthesis.drawn_people import ARCFACE, drawn, generated, photographs


def small_onnx(shape: tuple[int | str, ...] = ("N", 3, 112, 112), length: int = 512, bias: float = 1) -> bytes:
    """Means of 16 x 16 pixels, projected: the shapes of w600k_r50. `shape`: of the input."""
    features = 3 * 49 if shape[2] == 112 else 3 * 25
    weights = np.random.default_rng(0).normal(size=(features, length)).astype(np.float32)
    nodes = [
        helper.make_node("AveragePool", ["in"], ["small"], kernel_shape=[16, 16], strides=[16, 16]),
        helper.make_node("Flatten", ["small"], ["flat"]),
        helper.make_node("Gemm", ["flat", "weights", "bias"], ["out"]),
    ]
    graph = helper.make_graph(
        nodes,
        "face",
        [helper.make_tensor_value_info("in", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, (shape[0], length))],
        [
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(np.full(length, bias, np.float32), "bias"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def points_at(five: np.ndarray) -> np.ndarray:
    """68 points whose eyes' middles, nose tip and mouth corners are the five."""
    points = np.zeros((68, 2))
    ring = 3 * np.array([(1, 0), (0.5, 1), (-0.5, 1), (-1, 0), (-0.5, -1), (0.5, -1)])
    points[36:42], points[42:48] = five[0] + ring, five[1] + ring
    points[[30, 48, 54]] = five[2:]
    return points


def test_faces_are_turned_scaled_and_moved_to_the_template() -> None:
    """A white spot a point, turned by 20 degrees, 2.3 times as large and moved, comes back where ArcFace wants it."""
    turn = 2.3 * np.exp(1j * np.radians(20))
    placed = (TEMPLATE @ [1, 1j]) * turn + (150 + 40j)
    five = np.column_stack([placed.real, placed.imag])
    for spot, wanted in zip(five, TEMPLATE, strict=True):
        picture = np.zeros((420, 420, 3), np.uint8)
        cv2.circle(picture, tuple(np.rint(spot).astype(int).tolist()), 7, (255, 255, 255), -1)
        weight = aligned(picture, points_at(five))[:, :, 0].astype(float)
        rows, columns = np.indices(weight.shape)
        centre = np.array([(columns * weight).sum(), (rows * weight).sum()]) / weight.sum()
        assert np.abs(centre - wanted).max() < 0.5


def test_the_network_sees_rgb_from_minus_one_to_one_and_gives_length_one() -> None:
    content = small_onnx()
    picture, points = drawn(5), points_at(TEMPLATE + 40)
    found = onnx_network(content, source="tiny")(picture, points)
    seen = (aligned(picture, points) - 127.5) / 127.5
    means = seen.reshape(7, 16, 7, 16, 3).mean(axis=(1, 3)).transpose(2, 0, 1).ravel()
    weights = np.random.default_rng(0).normal(size=(147, 512)).astype(np.float32)
    wanted = means @ weights + 1
    assert np.allclose(found, wanted / np.linalg.norm(wanted), atol=1e-5)
    assert found.shape == (512,)
    assert found.dtype == np.float32
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-6)


def test_arcface_by_the_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole way with a small network in w600k_r50's place: a copy is one person, by cosine."""
    content = small_onnx()
    (tmp_path / ARCFACE_W600K_R50.file).write_bytes(content)
    entry = replace(ARCFACE_W600K_R50, sha256=hashlib.sha256(content).hexdigest())
    monkeypatch.setitem(REGISTRY, entry.name, entry)
    known = {0: {"condition": "pre", "split": "train"}}
    settings = ARCFACE.model_copy(update={"threshold": 0.999})
    table = embed_photographs(*photographs(tmp_path, known), settings=settings, weights=str(tmp_path), model="dlib")
    ours = generated({"same": drawn(0), "other": drawn(10)})
    table = pa.concat_tables([table, embed_generated(ours, settings=settings, weights=str(tmp_path), model="dlib")])
    assert {len(row) for row in table["embedding"].to_pylist()} == {512}
    rows = {row["image_id"]: row["quarantined"] for row in compare(table, settings=settings).to_pylist()}
    assert rows == {"same": True, "other": False}


def test_another_file_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ARCFACE_W600K_R50.file).write_bytes(small_onnx())
    monkeypatch.setattr(onnxruntime, "InferenceSession", lambda *_, **__: pytest.fail("opened"))
    with pytest.raises(WeightsError, match=ARCFACE_W600K_R50.sha256):
        face_of(drawn(0), settings=ARCFACE, weights=str(tmp_path), model="dlib")


def test_a_missing_file_is_an_error_and_not_a_reason(tmp_path: Path) -> None:
    """A stage without its network must stop, and not quarantine everything quietly."""
    with pytest.raises(WeightsError, match=r"w600k_r50\.onnx"):
        embed_generated(generated({"same": drawn(0)}), settings=ARCFACE, weights=str(tmp_path), model="dlib")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "cannot open"),
        (b"not onnx at all", "cannot open"),
        (small_onnx()[:-4000], "cannot open"),
        (small_onnx(("N", 3, 80, 80)), r"takes \[\['N', 3, 80, 80\]\], not \[1, 3, 112, 112\]"),
        (small_onnx((2, 3, 112, 112)), "takes"),
        (small_onnx(length=128), r"gives \[\['N', 128\]\], not \[1, 512\]"),
    ],
)
def test_what_is_no_network_of_this_kind_is_refused(content: Any, said: str) -> None:
    with pytest.raises(WeightsError, match=said):
        onnx_network(content, source="tiny")


def test_an_embedding_that_is_no_number_is_no_embedding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = small_onnx(bias=0)
    model = onnx.load_from_string(content)
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(np.zeros((147, 512), np.float32), "weights"))
    content = model.SerializeToString()
    (tmp_path / ARCFACE_W600K_R50.file).write_bytes(content)
    entry = replace(ARCFACE_W600K_R50, sha256=hashlib.sha256(content).hexdigest())
    monkeypatch.setitem(REGISTRY, entry.name, entry)
    row = embed_generated(
        generated({"g": drawn(0)}), settings=ARCFACE, weights=str(tmp_path), model="dlib"
    ).to_pylist()[0]
    assert (row["embedding"], row["reason"]) == (None, "the network gives no finite numbers for this face")
