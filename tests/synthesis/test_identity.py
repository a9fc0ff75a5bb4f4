"""Copies of training photographs among generated pictures are caught, others are not, and doubt is quarantined."""

import hashlib
import io
from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import onnx
import pyarrow as pa
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from tasks import images as pictures
from tasks.ingest.landmarks import resized
from tasks.params import SynthesisIdentity
from tasks.phantoms.identity import identity as person_of
from tasks.phantoms.motion import FRONTAL
from tasks.phantoms.render import render
from tasks.phantoms.shape import NEUTRAL, Cleft
from tasks.schemas import CAPTIONS, EMBEDDINGS, GENERATED
from tasks.synthesis import identity, recognition
from tasks.synthesis.identity import compare, embed_generated, embed_photographs, leakage, similarities
from tasks.synthesis.recognition import TEMPLATE, aligned, embed, onnx_network
from tasks.weights import ARCFACE_W600K_R50, REGISTRY, WeightsError

DLIB = SynthesisIdentity(network="dlib", side=256, threshold=0.6, dlib_distance=0.3)
ARCFACE = DLIB.model_copy(update={"network": "arcface"})
SEED = 9 * 10**9
LEARNT, HELD_OUT, AFTER = range(3), 3, 4
OTHERS = range(10, 14)


@cache
def drawn(number: int) -> np.ndarray:
    person = person_of(SEED + number)
    cleft = Cleft(0.7, "left")
    return render(person, size=192, expression=NEUTRAL, pose=FRONTAL, cleft=cleft, frame=0).image


def recompressed(picture: np.ndarray) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=60)
    return np.asarray(Image.open(buffer))


def brighter(picture: np.ndarray) -> np.ndarray:
    return np.clip(picture * 1.2 + 10, 0, 255).astype(np.uint8)


def zoomed(picture: np.ndarray) -> np.ndarray:
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 3, 1.08)
    return cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)


def small(picture: np.ndarray) -> np.ndarray:
    return cv2.resize(picture, (64, 64), interpolation=cv2.INTER_AREA)


COPIES = {
    "same": drawn(0),
    "jpeg": recompressed(drawn(1)),
    "brighter": brighter(drawn(2)),
    "zoomed": zoomed(drawn(0)),
    "all": brighter(recompressed(zoomed(drawn(1)))),
    "small": small(drawn(2)),
}
SOURCE = {"same": 0, "jpeg": 1, "brighter": 2, "zoomed": 0, "all": 1, "small": 2}


def generated(shown: dict[str, np.ndarray | bytes | None], condition: str = "pre", **reasons: str) -> pa.Table:
    return GENERATED.table(
        {"image_id": name, "condition": condition, "number": number, "clip_over": 0, "t5_over": 0}
        | {"picture": pictures.encode_png(it) if isinstance(it, np.ndarray) else it, "reason": reasons.get(name)}
        for number, (name, it) in enumerate(shown.items())
    )


def photographs(folder: Path, told: dict[int, dict[str, object]]) -> tuple[pa.Table, pa.Table]:
    """The images and captions tables; photographs lie in `folder`."""
    rows = []
    for number, row in told.items():
        (folder / f"{number}.png").write_bytes(pictures.encode_png(drawn(number)))
        rows.append({"image_id": f"p{number}", "subject_id": f"s{number}", "edited": False} | row)
    paths = [str(folder / f"{number}.png") for number in told]
    return pa.table({"image_id": [row["image_id"] for row in rows], "path": paths}), CAPTIONS.table(rows)


@pytest.fixture(scope="module")
def embedded(tmp_path_factory) -> pa.Table:
    """Three photographs that an adapter learnt from, one held out, one after repair; copies and others among ours."""
    told: dict[int, dict[str, object]] = {n: {"condition": "pre", "split": "train"} for n in LEARNT}
    told |= {HELD_OUT: {"condition": "pre", "split": "test"}, AFTER: {"condition": "post", "split": "train"}}
    known = embed_photographs(*photographs(tmp_path_factory.mktemp("raw"), told), settings=DLIB, weights="")
    shown = COPIES | {f"other {n}": drawn(n) for n in OTHERS} | {"held out": drawn(HELD_OUT), "after": drawn(AFTER)}
    return pa.concat_tables([known, embed_generated(generated(shown), settings=DLIB, weights="")])


def test_copies_of_training_photographs_are_caught_and_nobody_else_is(embedded):
    rows = {row["image_id"]: row for row in compare(embedded, settings=DLIB).to_pylist()}
    assert {name for name, row in rows.items() if row["quarantined"]} == COPIES.keys()
    assert {name: rows[name]["nearest_id"] for name in COPIES} == {name: f"p{n}" for name, n in SOURCE.items()}
    assert all(row["matches"] == row["quarantined"] and row["pairs"] == len(LEARNT) for row in rows.values())
    assert rows["same"]["similarity"] == 1
    assert not any(row["reason"] for row in rows.values())


def test_leakage_counts_what_compare_quarantines(embedded):
    found = leakage(embedded, "pre", settings=DLIB)
    pictures_there = len(COPIES) + len(OTHERS) + 2
    assert (found["pictures_with_match"], found["matching_pairs"]) == (len(COPIES), len(COPIES))
    assert found["pairs"] == sum(found["histogram"]["counts"]) == pictures_there * len(LEARNT)
    assert found["fir"] == len(COPIES) / found["pairs"]
    assert (found["nearest"][0]["image_id"], found["nearest"][0]["similarity"]) == ("same", 1)
    assert leakage(embedded, "post", settings=DLIB)["fir"] is None


def test_the_same_pictures_have_the_same_bytes(embedded):
    again = embed_generated(generated({"small": COPIES["small"]}), settings=DLIB, weights="").to_pylist()
    assert again == [row for row in embedded.to_pylist() if row["image_id"] == "small"]


def test_a_face_in_a_large_picture_is_the_same_face():
    large = np.pad(resized(drawn(5), 7), ((300, 0), (500, 300), (0, 0)), mode="edge")
    ours, theirs = (embed(picture, settings=DLIB, weights="") for picture in (drawn(5), large))
    assert np.linalg.norm(ours - theirs) < 0.2


def test_what_cannot_be_compared_is_quarantined_and_says_why(embedded):
    known = embedded.filter(pa.compute.equal(embedded["origin"], "real"))
    blank = np.full((64, 64, 3), 128, np.uint8)
    lost = generated({"blank": blank, "broken": b"no picture", "none": None, "undrawn": None}, undrawn="out of memory")
    rows = compare(pa.concat_tables([known, embed_generated(lost, settings=DLIB, weights="")]), settings=DLIB)
    said = {row["image_id"]: row["reason"] for row in rows.to_pylist() if row["quarantined"] and not row["matches"]}
    assert said.keys() == {"blank", "broken", "none", "undrawn"}
    assert (said["blank"], said["undrawn"]) == ("no face found", "out of memory")
    assert "not a picture" in said["broken"]
    assert set(rows["pairs"].to_pylist()) == {0}


def test_without_training_photographs_nothing_can_be_cleared(embedded):
    own = embedded.filter(pa.compute.equal(embedded["origin"], "generated"))
    for table in (own, pa.concat_tables([own, EMBEDDINGS.table([{"image_id": "p", "subject_id": "s"} | UNSEEN])])):
        rows = compare(table, settings=DLIB).to_pylist()
        assert {row["reason"] for row in rows} == {"no training photograph of this condition to compare with"}
        assert all(row["quarantined"] for row in rows)


UNSEEN = {"condition": "pre", "origin": "real", "split": "train", "embedding": None, "reason": "no face found"}


def test_refused_photographs_are_rows_with_their_reason(tmp_path):
    whole = {"condition": "pre", "split": "train"}
    images, captions = photographs(tmp_path, {0: whole | {"reason": "face too small"}, 1: whole})
    (tmp_path / "1.png").unlink()
    rows = embed_photographs(images, captions, settings=DLIB, weights="").to_pylist()
    assert [row["embedding"] for row in rows] == [None, None]
    assert rows[0]["reason"] == "face too small"
    assert rows[1]["reason"].startswith("cannot be read")
    assert {(row["subject_id"], row["condition"], row["split"]) for row in rows} == {
        ("s0", *whole.values()),
        ("s1", *whole.values()),
    }


def vectors(n: int, m: int, *, unit: bool) -> tuple[pa.Table, np.ndarray, np.ndarray]:
    """An embeddings table of `n` generated faces (shuffled) and `m` training photographs, and their embeddings."""
    rng = np.random.default_rng(n)
    made = rng.normal(size=(n + m, 16)).astype(np.float32)
    made /= np.linalg.norm(made, axis=1, keepdims=True) if unit else 8
    rows = [{"image_id": f"g{i:03d}", "origin": "generated"} for i in range(n)]
    rows += [{"image_id": f"p{i:03d}", "origin": "real", "split": "train"} for i in range(m)]
    full = [row | {"condition": "post", "embedding": v.tolist()} for row, v in zip(rows, made, strict=True)]
    return EMBEDDINGS.table(full[::-1]), made[:n].astype(float), made[n:].astype(float)


@pytest.mark.parametrize("settings", [DLIB, ARCFACE])
def test_similarities_are_those_of_a_plain_loop_in_any_chunks(monkeypatch, settings):
    monkeypatch.setattr(identity, "CHUNK", 3)
    table, ours, photos = vectors(7, 5, unit=settings is ARCFACE)
    plain = ours @ photos.T if settings is ARCFACE else 1 - np.linalg.norm(ours[:, None] - photos, axis=2)
    found = similarities(table, "post", settings=settings)
    assert found.shape == (7, 5)
    assert np.allclose(found, plain, atol=1e-6)
    limit = float(np.quantile(plain, 0.8))
    changed = settings.model_copy(update={"threshold": limit, "dlib_distance": 1 - limit})
    rows = compare(table, settings=changed).to_pylist()
    assert [row["matches"] for row in rows] == (plain >= limit).sum(axis=1).tolist()
    assert [row["nearest_id"] for row in rows] == [f"p{i:03d}" for i in plain.argmax(axis=1)]
    assert similarities(table, "pre", settings=settings).shape == (0, 0)


def test_fir_is_by_pairs_as_published():
    """5 matching pairs of 2,000 pictures and 100 photographs are the paper's 0.0025 %."""
    table, ours, photos = vectors(200, 10, unit=True)
    rows = table.to_pylist()
    rows[0]["embedding"] = rows[-1]["embedding"]  # the last photograph is the first picture
    found = leakage(EMBEDDINGS.table(rows), "post", settings=ARCFACE.model_copy(update={"threshold": 0.999}))
    assert (found["matching_pairs"], found["pairs"], found["fir"]) == (1, 2000, 1 / 2000)
    assert found["nearest"][0] == {"image_id": "g000", "nearest_id": "p009", "similarity": 1}


def small_onnx(shape: tuple[int | str, ...] = ("N", 3, 112, 112), length: int = 512, seed: int = 0) -> bytes:
    """Means of 16 x 16 pixels, projected: the shapes of w600k_r50. `shape`: of the input."""
    features = 3 * 49 if shape[2] == 112 else 3 * 25
    weights = np.random.default_rng(seed).normal(size=(features, length)).astype(np.float32)
    nodes = [
        helper.make_node("AveragePool", ["in"], ["small"], kernel_shape=[16, 16], strides=[16, 16]),
        helper.make_node("Flatten", ["small"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["out"]),
    ]
    graph = helper.make_graph(
        nodes,
        "face",
        [helper.make_tensor_value_info("in", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, (shape[0], length))],
        [numpy_helper.from_array(weights, "weights")],
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


def test_faces_are_turned_scaled_and_moved_to_the_template():
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


def test_the_network_sees_rgb_from_minus_one_to_one_and_gives_length_one():
    content = small_onnx()
    picture, points = drawn(5), points_at(TEMPLATE + 40)
    found = onnx_network(content, source="tiny")(picture, points)
    seen = (aligned(picture, points) - 127.5) / 127.5
    means = seen.reshape(7, 16, 7, 16, 3).mean(axis=(1, 3)).transpose(2, 0, 1).ravel()
    weights = np.random.default_rng(0).normal(size=(147, 512)).astype(np.float32)
    assert np.allclose(found, means @ weights / np.linalg.norm(means @ weights), atol=1e-5)
    assert (found.shape, found.dtype) == ((512,), np.float32)
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-6)


def test_arcface_by_the_registry(tmp_path, monkeypatch):
    """The whole way with a small network in w600k_r50's place: a copy is one person, by cosine."""
    content = small_onnx()
    (tmp_path / ARCFACE_W600K_R50.file).write_bytes(content)
    entry = replace(ARCFACE_W600K_R50, sha256=hashlib.sha256(content).hexdigest())
    monkeypatch.setitem(REGISTRY, entry.name, entry)
    known = {0: {"condition": "pre", "split": "train"}}
    settings = ARCFACE.model_copy(update={"threshold": 0.999})
    table = embed_photographs(*photographs(tmp_path, known), settings=settings, weights=str(tmp_path))
    ours = generated({"same": drawn(0), "other": drawn(10)})
    table = pa.concat_tables([table, embed_generated(ours, settings=settings, weights=str(tmp_path))])
    assert {len(row) for row in table["embedding"].to_pylist()} == {512}
    rows = {row["image_id"]: row["quarantined"] for row in compare(table, settings=settings).to_pylist()}
    assert rows == {"same": True, "other": False}


def test_another_file_is_not_opened(tmp_path, monkeypatch):
    (tmp_path / ARCFACE_W600K_R50.file).write_bytes(small_onnx())
    monkeypatch.setattr(recognition.onnxruntime, "InferenceSession", lambda *_, **__: pytest.fail("opened"))
    with pytest.raises(WeightsError, match=ARCFACE_W600K_R50.sha256):
        embed(drawn(0), settings=ARCFACE, weights=str(tmp_path))


def test_a_missing_file_is_an_error_and_not_a_reason(tmp_path):
    """A stage without its network must stop, and not quarantine everything quietly."""
    with pytest.raises(WeightsError, match=r"w600k_r50\.onnx"):
        embed_generated(generated({"same": drawn(0)}), settings=ARCFACE, weights=str(tmp_path))


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
def test_what_is_no_network_of_this_kind_is_refused(content, said):
    with pytest.raises(WeightsError, match=said):
        onnx_network(content, source="tiny")


def test_an_embedding_that_is_no_number_is_no_embedding(tmp_path, monkeypatch):
    content = small_onnx(seed=1)
    model = onnx.load_from_string(content)
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(np.zeros((147, 512), np.float32), "weights"))
    content = model.SerializeToString()
    (tmp_path / ARCFACE_W600K_R50.file).write_bytes(content)
    entry = replace(ARCFACE_W600K_R50, sha256=hashlib.sha256(content).hexdigest())
    monkeypatch.setitem(REGISTRY, entry.name, entry)
    row = embed_generated(generated({"g": drawn(0)}), settings=ARCFACE, weights=str(tmp_path)).to_pylist()[0]
    assert (row["embedding"], row["reason"]) == (None, "the network gives no finite numbers for this face")
