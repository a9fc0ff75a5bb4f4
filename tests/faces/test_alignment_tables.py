"""align_photographs: tables in, a table out, whatever kind of file a photograph is."""

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from tasks.base.images import decode_png, encode_png
from tasks.faces.alignment import align, align_photographs
from tests.faces.aligning import EYES, found, write
from tests.ingest.drawn import scaled


def photographs(folder: Any) -> Any:
    """One drawn face in several kinds of file, its points in the upright picture; and what is no photograph."""
    image, points = found()
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    side = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # stored a quarter turn to the left
    Image.fromarray(np.ascontiguousarray(np.rot90(image))).save(side, "PNG", exif=exif)
    deep = cv2.imencode(".png", grey.astype(np.uint16) * 257)[1].tobytes()
    files = {
        "plain": encode_png(image),
        "turned": side.getvalue(),
        "grey": cv2.imencode(".png", grey)[1].tobytes(),
        "deep": deep,
        "small": encode_png(scaled(image, 0.2)),
        "broken": b"not a picture",
    }
    where = dict.fromkeys(files, points) | {"small": (points + 0.5) * 0.2 - 0.5}
    paths = [write(folder / f"{name}.png", data) for name, data in files.items()]
    return pa.table({"image_id": list(files), "path": paths, "kind": ["still"] * len(files)}), where


def landmarks_of(where: Any) -> Any:
    rows = [{"image_id": n, "points": p.ravel().tolist(), "reason": None, "clip_id": None} for n, p in where.items()]
    rows += [
        {"image_id": "refused", "points": None, "reason": "no face found", "clip_id": None},
        {"image_id": "frame", "points": found()[1].ravel().tolist(), "reason": None, "clip_id": "clip"},
    ]
    return pa.Table.from_pylist([row | {"subject_id": "s", "population": "control"} for row in rows])


def test_the_table_of_a_bucket(tmp_path: Path) -> None:
    images, where = photographs(tmp_path)
    table = align_photographs(images, landmarks_of(where), settings=EYES)
    rows = {row["image_id"]: row for row in table.to_pylist()}
    assert set(rows) == {"plain", "turned", "grey", "deep", "small", "broken", "refused"}  # no frame of a clip
    assert rows["refused"]["reason"] == "no face found" and rows["refused"]["picture"] is None
    assert "not a picture" in rows["broken"]["reason"] and rows["broken"]["to_original"] is None
    assert "too small" in rows["small"]["reason"] and rows["small"]["subject_id"] == "s"
    plain = align(*found(), settings=EYES)
    assert rows["plain"]["reason"] is None and rows["plain"]["population"] == "control"
    assert (decode_png(rows["plain"]["picture"]) == plain.picture).all()
    assert (np.reshape(rows["plain"]["to_original"], (2, 3)) == plain.to_original).all()
    assert np.reshape(rows["plain"]["points"], (68, 2)) == pytest.approx(plain.points, abs=1e-6)
    assert rows["plain"]["face_share"] == plain.face_share and rows["plain"]["outside_share"] == 0


def test_every_kind_of_file_is_aligned_alike(tmp_path: Path) -> None:
    images, where = photographs(tmp_path)
    table = align_photographs(images, landmarks_of(where), settings=EYES)
    picture = {r["image_id"]: decode_png(r["picture"]) for r in table.to_pylist() if r["reason"] is None}
    assert (picture["turned"] == picture["plain"]).all()
    assert (picture["deep"] == picture["grey"]).all()
    luminance = cv2.cvtColor(picture["plain"], cv2.COLOR_RGB2GRAY).astype(int)
    assert np.abs(picture["grey"][..., 0] - luminance).max() <= 2


def test_an_empty_bucket_gives_an_empty_table(tmp_path: Path) -> None:
    images, where = photographs(tmp_path)
    assert align_photographs(images, landmarks_of(where).slice(0, 0), settings=EYES).num_rows == 0
