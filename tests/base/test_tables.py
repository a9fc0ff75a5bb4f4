"""Tables are checked when written and when read, the same rows give the same bytes, and writing is all or nothing."""

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.base import tables
from tasks.base.tables import Column, Schema, TableError
from tasks.errors import InputError
from tasks.schemas import every_schema
from tasks.schemas.symmetry import PAIRS, WARPS

FACES = Schema(
    "faces",
    (
        Column("face_id", pa.string(), "which"),
        Column("side", pa.string(), "where", nullable=True, allowed=("left", "right")),
        Column("share", pa.float64(), "how much", "mm", nullable=True, low=0, high=1),
        Column("points", pa.list_(pa.float64()), "where", "px", nullable=True),
        Column("png", pa.binary(), "pixels", nullable=True),
        Column("count", pa.int32(), "how many", nullable=True, low=1),
    ),
    key=("face_id",),
)
ROW = {"face_id": "a", "side": "left", "share": 0.5, "points": [1.5, -2.25], "png": b"\x00\xff", "count": 2}


def row(**changes: Any) -> Any:
    return ROW | changes


def faces(*ids: str) -> pa.Table:
    return FACES.table(row(face_id=name) for name in ids)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"face_id": None}, "'face_id': 1 nulls, none allowed"),
        ({"face_id": 7}, "'face_id': "),
        ({"share": "half"}, "'share': "),
        ({"share": float("nan")}, "'share': NaN; a missing value is null"),
        ({"points": [1.0, float("nan")]}, "'points': NaN"),
        ({"points": 3.0}, "'points': "),
        ({"side": "middle"}, "'side': ['middle']; accepted: left, right"),
        ({"share": -0.1}, "'share': -0.1 outside 0 .. 1 mm"),
        ({"share": 1.1}, "'share': 1.1 outside 0 .. 1 mm"),
        ({"share": float("inf")}, "'share': inf outside"),
        ({"count": 0}, "'count': 0 outside 1 .. None"),
        ({"count": 2**40}, "'count': "),
        ({"colour": "red"}, "no column ['colour']; there are: count, face_id"),
    ],
)
def test_a_wrong_value_is_told_by_table_column_and_value(changes: Any, told: str) -> None:
    with pytest.raises(TableError) as caught:
        FACES.table([row(face_id="good"), row(**changes)])
    assert str(caught.value).startswith("table 'faces'")
    assert told in str(caught.value)
    assert isinstance(caught.value, InputError)


def test_nulls_pass_where_they_may_stand() -> None:
    table = FACES.table([row(side=None, share=None, points=None, png=None), {"face_id": "b"}])
    assert table["side"].null_count == 2
    assert FACES.table([]).num_rows == 0


def test_a_key_stands_once() -> None:
    with pytest.raises(TableError, match=r"1 keys stand twice, the first \{'face_id': 'b'\}"):
        faces("a", "b", "c", "b", "b")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda t: t.drop_columns(["side"]), r"missing columns \['side'\].*make it anew: `dvc repro`, or the command"),
        (lambda t: t.append_column("more", [[1]]), r"unknown columns \['more'\]"),
        (lambda t: t.set_column(2, "share", pa.array([1], pa.int64())), "'share': is int64, should be double"),
    ],
    ids=["missing", "extra", "type"],
)
def test_columns_are_checked_on_write_and_on_read(tmp_path: Path, spoil: Any, told: str) -> None:
    wrong = spoil(faces("a"))
    with pytest.raises(TableError, match=told):
        tables.write(wrong, tmp_path / "faces.parquet", FACES, provenance={})
    assert not list(tmp_path.iterdir())
    pq.write_table(wrong, tmp_path / "old.parquet")
    with pytest.raises(TableError, match=r"old\.parquet: .*" + told):
        tables.read(tmp_path / "old.parquet", FACES)


def test_values_are_checked_on_read_too(tmp_path: Path) -> None:
    rows = pa.Table.from_pylist([row(side="middle")], schema=pa.schema((c.name, c.type) for c in FACES.columns))
    pq.write_table(rows, tmp_path / "f.parquet")
    for columns in (None, ["side"]):
        with pytest.raises(TableError, match="accepted: left, right"):
            tables.read(tmp_path / "f.parquet", FACES, columns)
    assert tables.read(tmp_path / "f.parquet", FACES, ["share"]).column_names == ["share"]


def test_round_trip_keeps_values_order_types_and_meaning(tmp_path: Path) -> None:
    rows = [row(face_id=name, points=points) for name, points in (("b", [0.1] * 136), ("a", []), ("c", None))]
    tables.write(FACES.table(rows), tmp_path / "deep/er/faces.parquet", FACES, provenance={})
    back = tables.read(tmp_path / "deep/er/faces.parquet", FACES)
    assert back.to_pylist() == rows
    assert back.schema.equals(FACES.arrow)
    assert back.schema.field("share").metadata == {b"meaning": b"how much", b"unit": b"mm"}
    assert tables.read(tmp_path / "deep/er/faces.parquet", FACES, ["points", "face_id"]).column_names == [
        "points",
        "face_id",
    ]


def test_a_folder_is_read_in_the_order_of_its_parts_names(tmp_path: Path) -> None:
    for name in ("02", "00", "01"):
        tables.write(faces(f"face-{name}"), tmp_path / f"{name}.parquet", FACES, provenance={"part": name})
    (tmp_path / ".00.parquet.1234.tmp").write_text("left by a kill")
    assert tables.read(tmp_path, FACES)["face_id"].to_pylist() == ["face-00", "face-01", "face-02"]
    each = [part["face_id"].to_pylist() for part in tables.read_each(tmp_path, FACES)]
    assert each == [["face-00"], ["face-01"], ["face-02"]]
    assert tables.provenance_of(tmp_path) == {"part": "00"}


def test_a_folders_name_is_no_column(tmp_path: Path) -> None:
    """Some readers make a column of a folder called side=left."""
    tables.write(faces("a"), tmp_path / "side=right/part=3/00.parquet", FACES, provenance={})
    for path in (tmp_path / "side=right/part=3", tmp_path / "side=right/part=3/00.parquet"):
        assert tables.read(path, FACES).to_pylist() == faces("a").to_pylist()


def test_an_empty_folder_is_an_empty_table(tmp_path: Path) -> None:
    assert tables.read(tmp_path, FACES).num_rows == 0
    assert tables.read(tmp_path, FACES, ["side"]).column_names == ["side"]
    assert tables.provenance_of(tmp_path) == {}


def test_a_key_may_not_stand_in_two_parts(tmp_path: Path) -> None:
    for name in ("00", "01"):
        tables.write(faces("a"), tmp_path / f"{name}.parquet", FACES, provenance={})
    with pytest.raises(TableError, match="stand twice"):
        tables.read(tmp_path, FACES)


def pair(number: int, **changes: Any) -> Any:
    fixed = {"pair_id": f"p{number}", "split": "train", "subject_id": f"s{number}", "population": "control", "label": 1}
    return fixed | {"kind": "untouched", "severity": 0.0, "left_from": "a", "right_from": "a"} | changes


def warp(**changes: Any) -> Any:
    names = {
        "warp_id": "w",
        "image_id": "i",
        "subject_id": "s",
        "population": "control",
        "kind": "clp",
        "symmetric": False,
    }
    return names | changes


def test_a_subject_stands_in_one_split(tmp_path: Path) -> None:
    PAIRS.table([pair(1), pair(2, split="test"), pair(3, subject_id="s1")])
    with pytest.raises(TableError, match="'pairs': 1 subjects stand in two splits"):
        PAIRS.table([pair(1), pair(2, split="test", subject_id="s1")])
    for number, split in ((1, "train"), (2, "test")):
        part = PAIRS.table([pair(number, split=split, subject_id="s1")])
        tables.write(part, tmp_path / f"{number:02d}.parquet", PAIRS, provenance={})
    with pytest.raises(TableError, match="two splits"):
        tables.read(tmp_path, PAIRS)


@pytest.mark.parametrize("population", ["repaired", "unrepaired"])
def test_no_patient_stands_in_a_training_table(population: str) -> None:
    WARPS.table([warp()])
    for schema, rows in ((WARPS, [warp(population=population)]), (PAIRS, [pair(1), pair(2, population=population)])):
        with pytest.raises(TableError, match=rf"'population': \['{population}'\]; accepted: control"):
            schema.table(rows)


def test_every_schema_says_what_its_columns_mean() -> None:
    assert len({schema.name for schema in every_schema()}) == len(every_schema()) > 10
    for schema in every_schema():
        names = [column.name for column in schema.columns]
        assert len(set(names)) == len(names)
        assert set(schema.key) <= set(names)
        assert all(column.meaning for column in schema.columns)
        assert not any(column.nullable for column in schema.columns if column.name in schema.key)
        assert schema.table([]).schema.equals(schema.arrow)


@pytest.mark.parametrize("damage", [lambda b: b"", lambda b: b"hello", lambda b: b[:-9], lambda b: b[: len(b) // 2]])
def test_a_damaged_file_is_named(tmp_path: Path, damage: Any) -> None:
    path = tmp_path / "faces.parquet"
    tables.write(faces("a", "b"), path, FACES, provenance={})
    path.write_bytes(damage(path.read_bytes()))
    for use in (
        lambda: tables.read(path, FACES),
        lambda: tables.read(tmp_path, FACES),
        lambda: tables.provenance_of(path),
    ):
        with pytest.raises(TableError, match=r"faces\.parquet: not a readable Parquet file"):
            use()


def test_a_column_that_an_old_file_lacks_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    pq.write_table(pa.table({"face_id": ["a"]}), tmp_path / "old.parquet")
    with pytest.raises(TableError, match=r"old\.parquet: .*: no column side"):
        tables.read(tmp_path / "old.parquet", FACES, ["face_id", "side"])


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing\.parquet"):
        tables.read(tmp_path / "nothing.parquet", FACES)


def test_same_rows_same_bytes_however_they_came_about(tmp_path: Path) -> None:
    whole = faces(*"abcdef")
    pieces = pa.concat_tables([faces(*"zab").slice(1), faces(*"cdef")])
    tables.write(whole, tmp_path / "one.parquet", FACES, provenance={"b": 1, "a": [1, 2]})
    tables.write(pieces, tmp_path / "two.parquet", FACES, provenance={"a": [1, 2], "b": 1})
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


def test_provenance_comes_back(tmp_path: Path) -> None:
    made = {"stage": "ingest", "seed": 3, "inputs": {"raw": "ab12"}, "weights": None, "note": "größe"}
    tables.write(faces("a"), tmp_path / "f.parquet", FACES, provenance=made)
    assert tables.provenance_of(tmp_path / "f.parquet") == made
    pq.write_table(faces("a"), tmp_path / "plain.parquet")
    assert tables.provenance_of(tmp_path / "plain.parquet") == {}


def test_replacing_leaves_the_old_file_and_nothing_else_on_error(tmp_path: Path) -> None:
    path = tmp_path / "numbers.txt"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), tables.replacing(path) as temporary:
        temporary.write_text(str(1 / 0))
    with pytest.raises(KeyboardInterrupt), tables.replacing(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    with tables.replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_fills_while_flushing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left on device, while writing.*faces\.parquet") as caught:
        tables.write(faces("a"), tmp_path / "faces.parquet", FACES, provenance={})
    assert caught.value.errno == errno.ENOSPC
    assert not list(tmp_path.iterdir())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 128 KiB."""
    disk, mount = tmp_path / "disk", shutil.which("mount")
    disk.mkdir()
    command = [str(mount), "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(disk)]
    if mount is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_really_full_disk(small_disk: Path) -> None:
    tables.write(faces("a"), small_disk / "fits.parquet", FACES, provenance={})
    large = FACES.table([row(png=os.urandom(500_000))])
    with pytest.raises(OSError, match=r"while writing.*faces\.parquet") as caught:
        tables.write(large, small_disk / "faces.parquet", FACES, provenance={})
    assert caught.value.errno == errno.ENOSPC
    assert [path.name for path in small_disk.iterdir()] == ["fits.parquet"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        tables.write(faces("a"), tmp_path / "file/faces.parquet", FACES, provenance={})
