"""A withdrawal does what it shows; a killed one goes on; what cannot be looked into is named."""

import gzip
import itertools
import json
import signal
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from flows.buckets.store import STORE
from flows.stewards.batches import additions
from flows.stewards.withdrawal import what_is_left, who_is_meant, withdrawing
from tasks.base.digests import file_digest
from tasks.errors import InputError
from tasks.store.artifacts import Store
from tests.here import vermilion
from tests.project import copy_project, environment, run
from tests.stewards import batch
from tests.withdrawals import add, files_of, withdraw

pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning")  # DVC's own use of pygtrie


def test_the_plan_is_what_happens_to_files_of_every_kind(built: Path, tmp_path: Path) -> None:
    """A control whom networks learned from, with files of every kind that mention the person."""
    root = copy_project(built, tmp_path / "project")
    rows = pq.read_table(root / "data/ingest/images", columns=["subject_id", "population", "kind"]).to_pylist()
    speaking = (row["subject_id"] for row in rows if row["kind"] == "clip" and row["population"] == "control")
    who = min(speaking)
    (root / ".prefect").mkdir(exist_ok=True)
    for folder, name, content in (
        ("data/.incoming", "made.csv", f"a\n{who}\n".encode()),
        (".prefect", "server.log", b"\0" * 99 + f"of {who}\n".encode()),
        (".prefect", "packed.log.gz", gzip.compress(f"of {who}\n".encode())),
        ("data/reports", "own.html", f"<!doctype html>{who}".encode()),
        ("data/study", "visits.csv", f"subject_id,note\n{who},x\nother,y\n".encode()),
        ("data/study", "note.txt", f"of {who}\n".encode()),
        ("notes", "letter.zip", b""),
    ):
        (root / folder).mkdir(exist_ok=True, parents=True)
        (root / folder / name).write_bytes(content)
    with zipfile.ZipFile(root / "notes/letter.zip", "w", zipfile.ZIP_DEFLATED) as letter:
        letter.writestr("a.txt", f"of {who}")
    with closing(sqlite3.connect(root / ".prefect/own.db")) as database:
        database.execute("CREATE TABLE log (message TEXT)")
        database.execute("INSERT INTO log VALUES (?)", (f"of {who}",))
        database.commit()
    found = who_is_meant.find(who, root, also=())
    assert "symmetry_train@clp" in found.networks
    planned = withdrawing.plan(found, root, Store(root / STORE))
    before = {file: file_digest(file) for file in files_of(root)}
    withdrawing.withdraw(found, root, Store(root / STORE), commit=True, tell=lambda _: None)
    searched = what_is_left.search(found, root)
    after = {file: file_digest(file) for file in files_of(root)}
    apart = (root / ".dvc/site", root / ".dvc/tmp", root / ".git", root / ".dvc/cache/files/md5")

    def told(files: set[Path]) -> set[str]:
        records = {root / "dvc.lock", root / "data/added/withdrawn.json", root / "data/added/batches.dvc"}
        return {str(file) for file in files - records if not any(file.is_relative_to(place) for place in apart)}

    assert told(before.keys() - after.keys()) == told(planned.goes)
    assert told({file for file, digest in after.items() if before.get(file, digest) != digest}) == told(planned.changes)
    assert {str(file) for file in planned.left} == {
        place for place, _ in searched.found if "git's history" not in place
    }
    assert searched.unread == []
    cache = root / ".dvc/cache"
    assert {file for file in planned.goes if file.is_relative_to(cache)} == {
        file for file in before.keys() - after.keys() if file.is_relative_to(cache)
    }


def test_of_batches_only_the_person_s_own_is_shown_to_go(known: Any, tmp_path: Path) -> None:
    """Another person's batch, and what the cache has of it, stays, and is not said to go."""
    root, added, _ = known
    add(batch(tmp_path / "other", seed=8), root)
    found = who_is_meant.find("anna", root, also=())
    planned = withdrawing.plan(found, root, Store(root / STORE))
    before = files_of(root)
    withdrawing.withdraw(found, root, Store(root / STORE), commit=True, tell=lambda _: None)
    for place in ("data/added", ".dvc/cache/files"):
        went = {file for file in before - files_of(root) if file.is_relative_to(root / place)}
        assert {file for file in planned.goes if file.is_relative_to(root / place)} == went
    own = root / "data/added/batches" / added.batch
    assert {own / "images.csv", own / "ratings.csv"} <= planned.changes


def test_another_name_after_a_kill_is_withdrawn_too(known: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    root, added, _ = known
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(withdrawing, "track_again", killed)
        withdraw("anna", root)
    begun = who_is_meant.under_way(root)
    assert begun is not None
    own = f"{added.batch}/anna_front.png"
    names = ("ANNA", "anna_front.png", own, str(root / "data/added/batches" / own), *begun.person.images)
    assert [who_is_meant.is_of(name, begun, root) for name in (*names, "s3", "p3.png", "ann")] == [True] * 5 + [
        False
    ] * 3
    shown = vermilion(root, "withdraw", "s3")
    assert "that was not s3, who comes now" in shown.stdout
    assert "nothing of this was changed; --yes does it" in shown.stdout
    assert (who_is_meant.under_way(root), additions.there_already(root)[0].num_rows) == (None, 2)
    assert vermilion(root, "withdraw", "s3", "--yes").returncode == 0
    assert additions.there_already(root)[0].num_rows == 1


def killed(*_: object) -> None:
    raise KeyboardInterrupt


KILLED_AT = """
import os, signal, sys
from pathlib import Path
from flows.buckets.store import STORE
from flows.stewards.withdrawal import who_is_meant, withdrawing
from tasks.errors import InputError
from tasks.store.artifacts import Store

left = [int(sys.argv[1])]

def killing(do):
    def done(*given, **named):
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return do(*given, **named)
    return done

for name in ("unlink", "rename", "replace", "rmdir"):
    setattr(os, name, killing(getattr(os, name)))
root = Path.cwd()
found = who_is_meant.under_way(root) or who_is_meant.find("anna", root, also=())
withdrawing.withdraw(found, root, Store(root / STORE), commit=True, tell=lambda _: None)
"""


@pytest.mark.long
def test_a_withdrawal_that_is_killed_at_every_change_of_the_disk_goes_on(known: Any, tmp_path: Path) -> None:
    """kill -9 before the first change, then before the second of what is left, and so on, until one goes through."""
    root, _, drop = known
    photograph = next((root / "data/added/batches").glob("*/anna_front.png")).read_bytes()
    kills = 0
    for step in itertools.count(1):
        done = subprocess.run(
            [sys.executable, "-c", KILLED_AT, str(step)], cwd=root, env=environment(root), capture_output=True
        )
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr.decode()
        kills += 1
    assert kills > 8
    found = who_is_meant.under_way(root)
    assert found is not None
    assert what_is_left.search(found, root).found == []
    who_is_meant.finished(root)
    assert additions.there_already(root)[0].num_rows == 2
    everything = [path for place in (root, drop) for path in place.rglob("*") if path.is_file()]
    assert not [path for path in everything if path.read_bytes() == photograph]
    assert json.loads(run(root, "dvc", "status", "--json", "data/added/batches.dvc").stdout) == {}
    assert not run(root, "git", "status", "--porcelain", "--", "data").stdout


def test_what_programs_made_and_cannot_be_looked_into_is_named(known: Any) -> None:
    """Prefect's database and a page's table, damaged; a drop folder that is away."""
    root, _, drop = known
    (root / ".prefect/prefect.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    (root / "data/reports/part.parquet").write_bytes(b"PAR1 cut off")
    drop.rename(drop.with_name("away"))
    found, left = withdraw("anna", root)
    assert left == []
    said = "\n".join(what_is_left.said(what_is_left.search(found, root), root))
    assert "as far as it could be looked into" in said
    assert "a database that cannot be read (file is not a database)\n  .prefect/prefect.db" in said
    assert "a damaged table\n  data/reports/part.parquet" in said
    assert f"a folder that cannot be opened (No such file or directory)\n  {drop}" in said


def test_a_damaged_database_that_has_the_person_stops_the_withdrawal_with_what_to_do(known: Any) -> None:
    root, _, _ = known
    database = root / ".prefect/prefect.db"
    with closing(sqlite3.connect(database)) as opened:
        opened.executemany("INSERT INTO log (message) VALUES (?)", [("x" * 900,)] * 40)
        opened.commit()
    content = bytearray(database.read_bytes())
    content[-4096:] = b"\xff" * 4096
    database.write_bytes(content)
    with pytest.raises(InputError, match="if it is damaged, delete it"):
        withdraw("anna", root)
    database.unlink()
    assert withdraw("anna", root)[1] == []
