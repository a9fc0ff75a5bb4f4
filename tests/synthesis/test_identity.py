"""Copies of training photographs among generated pictures are caught, others are not, and doubt is quarantined."""

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from tasks.ingest.faces.detection import resized
from tasks.schemas.synthesis import EMBEDDINGS
from tasks.synthesis.gate import identity
from tasks.synthesis.gate.identity import compare, embed_generated, embed_photographs, leakage, similarities
from tasks.synthesis.gate.likeness import SIDE, levelled, likenesses
from tasks.synthesis.gate.recognition import face_of
from tests.synthesis.drawn_people import ARCFACE, DLIB, drawn, generated, photographs

LEARNT, HELD_OUT, AFTER = range(3), 3, 4
OTHERS = range(10, 14)


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


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    """Three photographs that an adapter learnt from, one held out, one after repair; copies and others among ours."""
    told: dict[int, dict[str, Any]] = {n: {"condition": "pre", "split": "train"} for n in LEARNT}
    told |= {HELD_OUT: {"condition": "pre", "split": "test"}, AFTER: {"condition": "post", "split": "train"}}
    known = embed_photographs(
        *photographs(tmp_path_factory.mktemp("raw"), told), settings=DLIB, weights="", model="dlib"
    )
    shown = COPIES | {f"other {n}": drawn(n) for n in OTHERS} | {"held out": drawn(HELD_OUT), "after": drawn(AFTER)}
    return pa.concat_tables([known, embed_generated(generated(shown), settings=DLIB, weights="", model="dlib")])


def test_copies_of_training_photographs_are_caught_and_nobody_else_is(embedded: pa.Table) -> None:
    rows = {row["image_id"]: row for row in compare(embedded, settings=DLIB).to_pylist()}
    assert {name for name, row in rows.items() if row["quarantined"]} == COPIES.keys()
    assert {name: rows[name]["nearest_id"] for name in COPIES} == {name: f"p{n}" for name, n in SOURCE.items()}
    assert all(row["matches"] == row["quarantined"] and row["pairs"] == len(LEARNT) for row in rows.values())
    assert {name for name, row in rows.items() if row["repeats"]} == COPIES.keys()
    assert rows["same"]["similarity"] == 1
    assert not any(row["reason"] for row in rows.values())


def test_a_copy_that_no_network_knows_any_more_is_held_back_and_no_part_of_fir(embedded: pa.Table) -> None:
    """Mirrored, in other colours and blurred until dlib takes it for somebody else."""
    colours = np.clip(drawn(0)[:, ::-1] * [0.9, 1.1, 1.2] - 8, 0, 255).astype(np.uint8)
    copy = generated({"blurred": cv2.GaussianBlur(colours, (0, 0), 4)})
    known = embedded.filter(pa.compute.equal(embedded["origin"], "real"))
    table = pa.concat_tables([known, embed_generated(copy, settings=DLIB, weights="", model="dlib")])
    [row] = compare(table, settings=DLIB).to_pylist()
    assert (row["matches"], row["repeats"], row["quarantined"], row["likest_id"]) == (0, True, True, "p0")
    assert leakage(table, "pre", settings=DLIB)["fir"] == 0
    [row] = compare(table, settings=DLIB.model_copy(update={"repeated": 1.0})).to_pylist()
    assert (row["repeats"], row["quarantined"]) == (False, False)


def test_a_repeat_of_a_control_is_held_back(embedded: pa.Table) -> None:
    rows = embedded.to_pylist()
    own = next(row for row in rows if row["image_id"] == "other 10")
    control = {"image_id": "c", "subject_id": "c", "condition": "control", "origin": "real", "split": "train"}
    away = (np.array(own["embedding"]) + 1).tolist()  # whoever the network takes it for
    for split, repeats in (("train", True), ("test", False)):
        table = EMBEDDINGS.table([*rows, control | {"embedding": away, "look": own["look"], "split": split}])
        found = {row["image_id"]: row for row in compare(table, settings=DLIB).to_pylist()}["other 10"]
        assert (found["repeats"], found["quarantined"], found["reason"]) == (repeats, repeats, None)


def test_likeness_is_of_looks_moved_turned_over_and_lit_anew() -> None:
    """Noise is unlike other noise, like itself elsewhere; what has no contrast is like nothing."""
    rng = np.random.default_rng(0)
    looks = [cv2.GaussianBlur(rng.uniform(0, 255, (SIDE, SIDE)), (0, 0), 2) for _ in range(4)]
    first = looks[0]
    moved = np.roll(first, (1, -1), axis=(0, 1))
    for changed in (first, moved, moved[:, ::-1], 0.6 * first + 40):
        found = likenesses(levelled([look.astype(np.uint8) for look in looks]), changed.astype(np.uint8))
        assert found[0] > 0.97
        assert found[1:].max() < 0.6
    flat = np.full((SIDE, SIDE), 90, np.uint8)
    assert likenesses(levelled([flat]), first.astype(np.uint8)).tolist() == [0]


def test_held_out_photographs_are_not_looked_at(embedded: pa.Table) -> None:
    known = {row["image_id"] for row in embedded.to_pylist() if row["origin"] == "real"}
    assert known == {f"p{n}" for n in (*LEARNT, AFTER)}


def test_leakage_counts_what_compare_quarantines(embedded: pa.Table) -> None:
    found = leakage(embedded, "pre", settings=DLIB)
    pictures_there = len(COPIES) + len(OTHERS) + 2
    assert (found["pictures_with_match"], found["matching_pairs"]) == (len(COPIES), len(COPIES))
    assert found["pairs"] == sum(found["histogram"]["counts"]) == pictures_there * len(LEARNT)
    assert found["fir"] == len(COPIES) / found["pairs"]
    assert (found["nearest"][0]["image_id"], found["nearest"][0]["similarity"]) == ("same", 1)
    assert leakage(embedded, "post", settings=DLIB)["fir"] is None


def test_the_same_pictures_have_the_same_bytes(embedded: pa.Table) -> None:
    again = embed_generated(generated({"small": COPIES["small"]}), settings=DLIB, weights="", model="dlib").to_pylist()
    assert again == [row for row in embedded.to_pylist() if row["image_id"] == "small"]


def test_a_face_in_a_large_picture_is_the_same_face() -> None:
    large = np.pad(resized(drawn(5), 7), ((300, 0), (500, 300), (0, 0)), mode="edge")
    ours, theirs = (face_of(picture, settings=DLIB, weights="", model="dlib") for picture in (drawn(5), large))
    assert ours is not None and theirs is not None
    assert np.linalg.norm(ours.embedding - theirs.embedding) < 0.2
    assert likenesses(levelled([ours.look]), theirs.look)[0] > DLIB.repeated


def test_what_cannot_be_compared_is_quarantined_and_says_why(embedded: pa.Table) -> None:
    known = embedded.filter(pa.compute.equal(embedded["origin"], "real"))
    blank = np.full((64, 64, 3), 128, np.uint8)
    lost = generated({"blank": blank, "broken": b"no picture", "none": None, "undrawn": None}, undrawn="out of memory")
    rows = compare(
        pa.concat_tables([known, embed_generated(lost, settings=DLIB, weights="", model="dlib")]), settings=DLIB
    )
    said = {row["image_id"]: row["reason"] for row in rows.to_pylist() if row["quarantined"] and not row["matches"]}
    assert said.keys() == {"blank", "broken", "none", "undrawn"}
    assert (said["blank"], said["undrawn"]) == ("no face found", "out of memory")
    assert "not a picture" in said["broken"]
    assert set(rows["pairs"].to_pylist()) == {0}


def test_a_match_with_a_control_is_quarantined_and_no_part_of_fir(embedded: pa.Table) -> None:
    """Adapters learn from controls too where `preservation` is above 0."""
    rows = embedded.to_pylist()
    own = next(row for row in rows if row["image_id"] == "other 10")
    control = {"image_id": "c" * 64, "subject_id": "c", "condition": "control", "origin": "real", "split": "train"}
    table = EMBEDDINGS.table([*rows, control | {"embedding": own["embedding"]}])
    found = {row["image_id"]: row for row in compare(table, settings=DLIB).to_pylist()}
    assert {name for name, row in found.items() if row["quarantined"]} == COPIES.keys() | {"other 10"}
    assert found["other 10"]["matches"] == 0
    assert found["other 10"]["reason"] == "matches a control's photograph, cccccccccccc (similarity 1.00)"
    assert leakage(table, "pre", settings=DLIB) == leakage(embedded, "pre", settings=DLIB)
    held_out = EMBEDDINGS.table([*rows, control | {"embedding": own["embedding"], "split": "test"}])
    assert compare(held_out, settings=DLIB) == compare(embedded, settings=DLIB)


def test_without_training_photographs_nothing_can_be_cleared(embedded: pa.Table) -> None:
    own = embedded.filter(pa.compute.equal(embedded["origin"], "generated"))
    for table in (own, pa.concat_tables([own, EMBEDDINGS.table([{"image_id": "p", "subject_id": "s"} | UNSEEN])])):
        rows = compare(table, settings=DLIB).to_pylist()
        assert {row["reason"] for row in rows} == {"no training photograph of this condition to compare with"}
        assert all(row["quarantined"] for row in rows)


UNSEEN = {"condition": "pre", "origin": "real", "split": "train", "embedding": None, "reason": "no face found"}


def test_refused_photographs_are_rows_with_their_reason(tmp_path: Path) -> None:
    whole = {"condition": "pre", "split": "train"}
    images, captions = photographs(tmp_path, {0: whole | {"reason": "face too small"}, 1: whole})
    (tmp_path / "1.png").unlink()
    rows = embed_photographs(images, captions, settings=DLIB, weights="", model="dlib").to_pylist()
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
def test_similarities_are_those_of_a_plain_loop_in_any_chunks(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
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


def test_fir_is_by_pairs_as_published() -> None:
    """5 matching pairs of 2,000 pictures and 100 photographs are the paper's 0.0025 %."""
    table, ours, photos = vectors(200, 10, unit=True)
    rows = table.to_pylist()
    rows[0]["embedding"] = rows[-1]["embedding"]  # the last photograph is the first picture
    found = leakage(EMBEDDINGS.table(rows), "post", settings=ARCFACE.model_copy(update={"threshold": 0.999}))
    assert (found["matching_pairs"], found["pairs"], found["fir"]) == (1, 2000, 1 / 2000)
    assert found["nearest"][0] == {"image_id": "g000", "nearest_id": "p009", "similarity": 1}
