"""The store gives back whole results or none, whatever happened to it."""

import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tasks.base import tables
from tasks.base.digests import file_digest
from tasks.base.tables import Column, Schema
from tasks.store.artifacts import Store

PROJECT = Path(__file__).parents[2]
SCHEMA = Schema(
    "results",
    (Column("name", pa.string(), "which"), Column("reason", pa.string(), "why not", nullable=True)),
    key=("name",),
)


def results(*names: str) -> pa.Table:
    return SCHEMA.table({"name": name, "reason": "blurred" if name == "bad" else None} for name in names)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def put(store: Store, *names: str, key: str = "k") -> Any:
    return store.put("stage", key, results(*names), SCHEMA, provenance={"key": key})


def files_under(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_what_was_put_is_found(store: Store) -> None:
    reference = put(store, "a", "bad", "c")
    assert (reference.rows, reference.refused) == (3, 1)
    assert store.lookup("stage", "k") == reference
    path = store.path(reference)
    assert path.stat().st_size == reference.size
    assert file_digest(path) == reference.sha256 == path.stem
    assert tables.read(path, SCHEMA).to_pylist() == results("a", "bad", "c").to_pylist()
    assert tables.provenance_of(path) == {"key": "k"}
    assert files_under(store.root) == ["lock", path.relative_to(store.root).as_posix(), "references/stage/k.json"]


def test_unknown_keys_are_unknown(store: Store) -> None:
    assert store.lookup("stage", "k") is None
    put(store, "a")
    assert store.lookup("stage", "other") is None
    assert store.lookup("another_stage", "k") is None


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    "damage",
    [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:-1]), lambda path: path.write_bytes(b""), flip],
    ids=["missing", "truncated", "empty", "one bit"],
)
@pytest.mark.parametrize("what", ["object", "reference"])
def test_damage_makes_a_key_unknown_and_a_new_put_heals_it(store: Store, damage: Any, what: str) -> None:
    reference = put(store, "a", "b")
    path = store.path(reference) if what == "object" else store.root / "references/stage/k.json"
    damage(path)
    if what == "object" or damage is not flip:
        assert store.lookup("stage", "k") is None
    assert put(store, "a", "b") == reference
    assert store.lookup("stage", "k") == reference


def test_a_reference_that_is_no_reference_is_unknown(store: Store) -> None:
    put(store, "a")
    record = store.root / "references/stage/k.json"
    for text in ("null", "[]", '{"sha256": "ab"}', "\xff"):
        record.write_text(text, encoding="latin-1")
        assert store.lookup("stage", "k") is None


def test_a_store_that_moved_still_finds(store: Store, tmp_path: Path) -> None:
    reference = put(store, "a")
    store.root.rename(tmp_path / "elsewhere")
    assert Store(tmp_path / "elsewhere").lookup("stage", "k") == reference
    assert str(tmp_path) not in (tmp_path / "elsewhere/references/stage/k.json").read_text()


def test_equal_results_are_one_object_and_a_copy_is_whole(store: Store, tmp_path: Path) -> None:
    one = store.put("stage", "k1", results("a"), SCHEMA, provenance={})
    two = store.put("stage", "k2", results("a"), SCHEMA, provenance={})
    assert one == two
    assert len(list((store.root / "objects").rglob("*.parquet"))) == 1
    store.copy(one, tmp_path / "out/00.parquet")
    assert file_digest(tmp_path / "out/00.parquet") == one.sha256
    assert files_under(tmp_path / "out") == ["00.parquet"]


def test_a_wrong_table_is_not_stored(store: Store) -> None:
    with pytest.raises(tables.TableError):
        store.put("stage", "k", pa.table({"name": ["a"]}), SCHEMA, provenance={})
    assert store.lookup("stage", "k") is None
    assert files_under(store.root) == ["lock"]


PUTTING = """
    import os, pathlib, signal, sys, time
    import pyarrow as pa
    from tasks.store.artifacts import Store
    from tasks.base.tables import Column, Schema

    store = Store(pathlib.Path(sys.argv[1]))
    schema = Schema("results", (Column("name", pa.string(), "which"),), ("name",))
    table = pa.table({"name": [os.urandom(2000).hex() for _ in range(500)]})

    def put_over_and_over(start, turns, ready):
        os.write(ready, b"!")
        for turn in range(start, start + turns):
            store.put("stage", "k", table.slice(turn % 7), schema, provenance={})
            if store.lookup("stage", "k") is None:
                os._exit(3)
        os._exit(0)

    def another_process(start, turns):
        begun, ready = os.pipe()
        pid = os.fork()
        if pid == 0:
            put_over_and_over(start, turns, ready)
        os.read(begun, 1)
        return pid

    if sys.argv[2] == "together":
        pids = [another_process(start, 10) for start in (0, 3)]
    else:
        pids = []
        for wait in range(0, 60, 6):
            pids.append(another_process(0, 10**6))
            time.sleep(wait / 1000)
            os.kill(pids[-1], signal.SIGKILL)
    print(*(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids))
"""


def ends_of_processes(root: Path, how: str) -> set[str]:
    """Exit codes of other processes that put large results under one key, over and over, together or until killed."""
    command = [sys.executable, "-c", textwrap.dedent(PUTTING), str(root), how]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, timeout=120, check=True)
    return set(done.stdout.split())


def assert_no_half_object(root: Path) -> None:
    for path in (root / "objects").rglob("*"):
        assert path.is_dir() or file_digest(path) == path.stem


def test_two_processes_may_put_the_same_key_at_once(store: Store) -> None:
    assert ends_of_processes(store.root, "together") == {"0"}
    assert_no_half_object(store.root)
    assert store.lookup("stage", "k")
    assert not any((store.root / "staging").iterdir())


def test_a_kill_at_any_moment_leaves_whole_objects(store: Store) -> None:
    assert ends_of_processes(store.root, "killed") == {str(-signal.SIGKILL)}
    assert_no_half_object(store.root)
    assert put(store, "a") == store.lookup("stage", "k")
