"""A second tier that machines share: what one stored another finds, and nothing that happens there costs a result."""

import os
import pickle
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from tasks.base.digests import file_digest
from tasks.store import sharing
from tasks.store.artifacts import Store
from tasks.store.sharing import NotSharedError, SharedStoreError
from tests.store.test_artifacts import PROJECT, SCHEMA, assert_no_half_object, files_under, flip, results


@pytest.fixture(params=["folder", "file URL", "object store"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A shared place of each kind; the object store is fsspec's own, in memory."""
    if request.param == "object store":
        yield "memory://bucket/prefix"
        fsspec.filesystem("memory").store.clear()
        return
    folder = tmp_path / "shared"
    folder.mkdir()
    yield str(folder) if request.param == "folder" else f"file://{folder}"


def machine(tmp_path: Path, name: str, place: str) -> Store:
    return Store(tmp_path / name, place)


def put(store: Store, *names: str, key: str = "k") -> Any:
    reference = store.put("stage", key, results(*names), SCHEMA, provenance={"key": key})
    assert store.share("stage", key, reference)
    return reference


def test_what_one_machine_stored_another_finds_and_then_has_itself(tmp_path: Path, place: str) -> None:
    one, two = machine(tmp_path, "one", place), machine(tmp_path, "two", place)
    reference = put(one, "a", "bad")
    assert two.lookup("stage", "k") == reference
    assert file_digest(two.path(reference)) == reference.sha256
    assert files_under(two.root) == files_under(one.root)
    assert Store(two.root).lookup("stage", "k") == reference
    assert two.lookup("stage", "unknown") is None
    assert two.trouble is None


def test_names_there_are_those_of_a_store(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    reference = put(machine(tmp_path, "one", str(tmp_path / "shared")), "a")
    assert files_under(tmp_path / "shared") == [reference.name, "references/stage/k.json"]
    assert Store(tmp_path / "shared").lookup("stage", "k") == reference


def test_a_store_stays_itself_when_sent_to_another_process(tmp_path: Path, place: str) -> None:
    one = machine(tmp_path, "one", place)
    reference = put(one, "a")
    assert pickle.loads(pickle.dumps(machine(tmp_path, "two", place))).lookup("stage", "k") == reference


def test_an_object_that_is_there_is_not_sent_again(tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    put(machine(tmp_path, "one", place), "a")
    monkeypatch.setattr(sharing, "upload", None)
    put(machine(tmp_path, "two", place), "a")


def object_there(place: str, name: str) -> tuple[Any, str]:
    filesystem, root = fsspec.url_to_fs(place)
    return filesystem, f"{root}/{name}"


@pytest.mark.parametrize("damage", ["missing", "short", "changed"])
def test_a_damaged_shared_object_is_not_taken_and_is_replaced(tmp_path: Path, place: str, damage: str) -> None:
    one, two, three = (machine(tmp_path, name, place) for name in ("one", "two", "three"))
    reference = put(one, "a", "b")
    filesystem, path = object_there(place, reference.name)
    content = bytearray(filesystem.cat_file(path))
    content[10] ^= 1
    filesystem.rm_file(path)
    if damage != "missing":
        filesystem.pipe_file(path, bytes(content) if damage == "changed" else bytes(content)[:-1])
    assert two.lookup("stage", "k") is None
    assert not list((two.root / "objects").rglob("*.parquet")) and not list((two.root / "staging").glob("*"))
    assert put(two, "a", "b") == reference
    assert three.lookup("stage", "k") == reference


def test_a_shared_record_that_is_no_record_is_unknown(tmp_path: Path, place: str) -> None:
    put(machine(tmp_path, "one", place), "a")
    sharing.write(place, "references/stage/k.json", b"{}")
    two = machine(tmp_path, "two", place)
    assert two.lookup("stage", "k") is None
    assert two.trouble is None


def test_a_damaged_local_result_is_fetched_again(tmp_path: Path, place: str) -> None:
    one = machine(tmp_path, "one", place)
    reference = put(one, "a")
    flip(one.path(reference))
    assert one.damage("stage", "k") == "changed"
    assert one.lookup("stage", "k") == reference
    assert one.damage("stage", "k") is None


def test_different_bytes_for_one_key_leave_a_record_and_its_object(tmp_path: Path, place: str) -> None:
    """As two GPUs may give."""
    one, two, three = (machine(tmp_path, name, place) for name in ("one", "two", "three"))
    first, second = put(one, "a"), put(two, "b")
    assert first != second
    assert three.lookup("stage", "k") == second
    assert one.lookup("stage", "k") == first


SILENT = ["s3://bucket/prefix", "nosuchprotocol://x", "/nowhere/at/all"]


@pytest.mark.parametrize("silent", SILENT)
def test_a_place_that_does_not_answer_is_told_and_asked_no_more(
    tmp_path: Path, silent: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_EC2_METADATA_DISABLED": "true"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    if silent.startswith("s3"):
        pytest.importorskip("s3fs")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    store = machine(tmp_path, "one", silent)
    assert store.lookup("stage", "k") is None
    assert store.trouble is not None and store.trouble.startswith(silent)
    assert "\n" not in store.trouble
    monkeypatch.setattr(sharing, "_open", None)
    reference = store.put("stage", "k", results("a"), SCHEMA, provenance={})
    assert not store.share("stage", "k", reference)
    assert store.lookup("stage", "k") == reference
    assert store.lookup("stage", "other") is None


def test_a_folder_that_is_not_mounted_is_not_made(tmp_path: Path) -> None:
    store = machine(tmp_path, "one", str(tmp_path / "unmounted"))
    assert not store.share("stage", "k", store.put("stage", "k", results("a"), SCHEMA, provenance={}))
    assert store.trouble is not None and "no such folder" in store.trouble
    assert not (tmp_path / "unmounted").exists()


def test_what_is_not_there_and_what_fails_are_told_apart(tmp_path: Path, place: str) -> None:
    with pytest.raises(NotSharedError):
        sharing.read(place, "references/stage/k.json")
    with pytest.raises(NotSharedError):
        sharing.download(place, "objects/ab/ab.parquet", tmp_path / "target")
    assert sharing.size(place, "objects/ab/ab.parquet") is None
    with pytest.raises(SharedStoreError) as raised:
        sharing.read("nosuchprotocol://x", "name")
    assert not isinstance(raised.value, NotSharedError)


def test_a_store_that_may_not_be_written_is_trouble(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    (tmp_path / "shared").mkdir(mode=0o500)
    store = machine(tmp_path, "one", str(tmp_path / "shared"))
    assert not store.share("stage", "k", store.put("stage", "k", results("a"), SCHEMA, provenance={}))
    assert store.trouble


TWO_MACHINES = """
    import os, pathlib, sys
    import pyarrow as pa
    from tasks.store.artifacts import Store
    from tasks.base.tables import Column, Schema

    root, name = pathlib.Path(sys.argv[1]), sys.argv[2]
    schema = Schema("results", (Column("name", pa.string(), "which"),), ("name",))
    store = Store(root / name, str(root / "shared"))
    print("ready", flush=True)
    sys.stdin.readline()
    for turn in range(12):
        table = pa.table({"name": [f"{turn} {i} {name if sys.argv[3] == 'unlike' else ''}" for i in range(3000)]})
        reference = store.put("stage", "k", table, schema, provenance={})
        assert store.share("stage", "k", reference), store.trouble
        other = Store(root / f"{name}-{turn}", str(root / "shared"))
        assert other.lookup("stage", "k"), other.trouble
"""


@pytest.mark.parametrize("bytes_are", ["alike", "unlike"])
def test_two_machines_may_share_the_same_key_at_once(tmp_path: Path, bytes_are: str) -> None:
    (tmp_path / "shared").mkdir()
    start = [sys.executable, "-c", textwrap.dedent(TWO_MACHINES), str(tmp_path)]
    machines = [
        subprocess.Popen(
            [*start, name, bytes_are], cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for name in ("one", "two")
    ]
    for process in machines:
        assert process.stdout and process.stdout.readline() == "ready\n"
    for process in machines:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in machines:
        process.communicate(timeout=120)
        assert process.returncode == 0
    assert_no_half_object(tmp_path / "shared")
    assert Store(tmp_path / "shared").lookup("stage", "k")
    shutil.rmtree(tmp_path)
