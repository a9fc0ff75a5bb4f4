"""What nothing refers to goes, at any point of a kill; what is in use, running or half done stays."""

import json
import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import pytest

from tasks.store.artifacts import Store
from tasks.store.collection import StoreBusyError, collect, survey
from tests.store.test_artifacts import PROJECT, SCHEMA, files_under, results


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def put(store: Store, stage: str, *keys: str) -> None:
    for key in keys:
        store.put(stage, key, results(key), SCHEMA, provenance={"stage": stage, "key": key})


def older(*paths: Path) -> None:
    """These files were written an hour ago."""
    for path in paths:
        os.utime(path, (path.stat().st_mtime - 3600,) * 2)


def record(store: Store, stage: str, key: str) -> Path:
    return store.root / f"references/{stage}/{key}.json"


def left(store: Store) -> dict[str, set[str]]:
    """The keys that still have a whole result, by stage."""
    stages: dict[str, set[str]] = {}
    for path in store.root.glob("references/*/*.json"):
        if store.lookup(path.parent.name, path.stem):
            stages.setdefault(path.parent.name, set()).add(path.stem)
    return stages


def ended(store: Store, stage: str, *used: str) -> None:
    """The stage ended well after all that is in the store was put there."""
    older(*store.root.glob(f"references/{stage}/*.json"))
    store.note_uses(stage, used)


def test_what_the_last_good_run_did_not_use_goes(store: Store) -> None:
    put(store, "lips", "now", "before")
    ended(store, "lips", "now")
    gone = collect(store, stages=["lips"], keys=[])
    assert left(store) == {"lips": {"now"}}
    assert [item.kind for item in gone] == ["result", "object"]
    assert len(list(store.root.glob("objects/*/*"))) == 1
    assert collect(store, stages=["lips"], keys=[]) == []


def test_what_present_tables_were_made_of_stays(store: Store) -> None:
    put(store, "lips", "now", "checked out", "before")
    ended(store, "lips", "now")
    collect(store, stages=["lips"], keys={"checked out"})
    assert left(store) == {"lips": {"now", "checked out"}}


def test_what_a_run_that_did_not_end_has_stored_stays(store: Store) -> None:
    put(store, "lips", "before")
    ended(store, "lips")
    put(store, "lips", "new")
    put(store, "never ended", "some")
    collect(store, stages=["lips", "never ended"], keys=[])
    assert left(store) == {"lips": {"new"}, "never ended": {"some"}}


def test_stages_that_are_no_more_go_with_all_they_have(store: Store) -> None:
    put(store, "renamed@a", "k")
    put(store, "train@a", "k2")
    store.note_uses("renamed@a", ["k"])
    store.checkpoint("renamed@a", "c").parent.mkdir(parents=True)
    store.checkpoint("renamed@a", "c").touch()
    collect(store, stages=["train@a", "train@b"], keys=[])
    assert left(store) == {"train@a": {"k2"}}
    assert files_under(store.root / "uses") == files_under(store.root / "checkpoints") == []


def test_an_object_that_two_keys_share_stays_with_either(store: Store) -> None:
    for key in ("now", "before"):
        store.put("lips", key, results("a"), SCHEMA, provenance={})
    ended(store, "lips", "now")
    collect(store, stages=["lips"], keys=[])
    assert left(store) == {"lips": {"now"}}


def test_unfinished_files_and_objects_without_a_record_go(store: Store) -> None:
    put(store, "lips", "now", "unrecorded")
    ended(store, "lips", "now")
    record(store, "lips", "unrecorded").unlink()
    for name in (
        "staging/12ab.parquet",
        "staging/.x.1.tmp",
        "references/lips/.k.json.1.tmp",
        "tmpabc",
        "checkpoints/old.pt",
    ):
        (store.root / name).parent.mkdir(exist_ok=True)
        (store.root / name).write_bytes(b"half")
    found = survey(store, stages=["lips"], keys=[])
    assert {item.kind for item in found if item.goes} == {"leftover"}
    collect(store, stages=["lips"], keys=[])
    kept = next(store.root.glob("objects/*/*")).relative_to(store.root).as_posix()
    assert files_under(store.root) == ["lock", kept, "references/lips/now.json", "uses/lips.json"]


def test_checkpoints_stay_until_their_training_or_a_later_one_is_done(store: Store) -> None:
    put(store, "train", "done")
    for key in ("done", "given up", "under way"):
        store.checkpoint("train", key).parent.mkdir(parents=True, exist_ok=True)
        store.checkpoint("train", key).write_bytes(key.encode())
    ended(store, "train", "done")
    older(store.root / "uses/train.json", store.checkpoint("train", "given up"), store.checkpoint("train", "given up"))
    collect(store, stages=["train"], keys=[])
    assert [path.stem for path in store.root.glob("checkpoints/*/*")] == ["under way"]


@pytest.mark.parametrize("content", [b"", b"{", b"null", b"3"])
def test_an_unreadable_record_of_uses_lets_nothing_go(store: Store, content: bytes) -> None:
    put(store, "lips", "now")
    ended(store, "lips", "now")
    (store.root / "uses/lips.json").write_bytes(content)
    assert collect(store, stages=["lips"], keys=[]) == []


def test_sizes_add_up_to_what_lies_there(store: Store) -> None:
    put(store, "lips", "now", "before")
    put(store, "gone", "k")
    ended(store, "lips", "now")
    (store.root / "staging/half").write_bytes(b"123")
    before = survey(store, stages=["lips"], keys=[])
    files = [p for p in store.root.rglob("*") if p.is_file() and p.name != "lock" and p.parent.name != "uses"]
    assert sum(item.size for item in before) == sum(path.stat().st_size for path in files)
    gone = collect(store, stages=["lips"], keys=[])
    assert sum(item.size for item in gone) == sum(item.size for item in before if item.goes) > 0
    assert {item.path for item in before if not item.goes} == set(files) - {item.path for item in gone}


def test_while_somebody_holds_the_store_nothing_goes_and_it_says_so(store: Store) -> None:
    put(store, "gone", "k")
    with store.held(), store.held(), pytest.raises(StoreBusyError, match="a stage is running"):
        collect(store, stages=[], keys=[])
    assert left(store) == {"gone": {"k"}}
    assert len(collect(store, stages=[], keys=[])) == 2


def test_who_comes_while_things_are_removed_waits(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    put(store, "gone", "k")
    unlink, order = Path.unlink, []

    def hold() -> None:
        with store.held():
            order.append("held")

    stage = threading.Thread(target=hold)

    def slow(path: Path, **given: bool) -> None:
        if not stage.is_alive() and not order:
            stage.start()
        stage.join(0.1)
        order.append("removed")
        unlink(path, **given)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", slow)
        collect(store, stages=[], keys=[])
    stage.join(30)
    assert order == ["removed", "removed", "held"]


HOLDING = """
    import pathlib, sys, time
    from tasks.store.artifacts import Store
    with Store(pathlib.Path(sys.argv[1])).held():
        print("held", flush=True)
        time.sleep(600)
"""


def test_a_killed_holder_holds_no_more(store: Store) -> None:
    put(store, "gone", "k")
    command = [sys.executable, "-c", textwrap.dedent(HOLDING), str(store.root)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout and holder.stdout.readline() == "held\n"
        with pytest.raises(StoreBusyError):
            collect(store, stages=[], keys=[])
        holder.kill()
        holder.wait()
    assert collect(store, stages=[], keys=[])


@pytest.mark.parametrize("after", range(7))
def test_a_kill_during_collection_leaves_whole_results_and_the_next_one_ends_it(
    store: Store, monkeypatch: pytest.MonkeyPatch, after: Any
) -> None:
    put(store, "lips", "now", "a", "b", "c")
    ended(store, "lips", "now")
    unlink = Path.unlink
    done: list[Path] = []

    def killed(path: Path, **given: bool) -> None:
        if len(done) == after:
            raise KeyboardInterrupt
        done.append(path)
        unlink(path, **given)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", killed)
        try:
            collect(store, stages=["lips"], keys=[])
        except KeyboardInterrupt:
            assert after < 6
    for path in store.root.glob("references/*/*.json"):
        assert store.damage(path.parent.name, path.stem) is None
    collect(store, stages=["lips"], keys=[])
    assert left(store) == {"lips": {"now"}}
    assert len(list(store.root.glob("objects/*/*"))) == 1


def test_a_record_of_uses_is_whole_or_the_one_before(store: Store) -> None:
    store.note_uses("lips", ["b", "a"])
    assert json.loads((store.root / "uses/lips.json").read_text()) == ["a", "b"]
    assert files_under(store.root / "uses") == ["lips.json"]
