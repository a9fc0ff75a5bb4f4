"""A disk that is really full: the error names the path and the bytes, and nothing half-written is left.

Each script runs in a namespace of its own where DISK is a file system of 4 MB.
"""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[2]
MOUNT = 'mount -t tmpfs -o size=4m tmpfs "$1" && exec "$2" -c "$3" "$1"'
BEFORE = """
    import os, subprocess, sys
    from pathlib import Path
    DISK = Path(sys.argv[1])

    def failing(act):
        try:
            act()
        except OSError as error:
            print(error)
        else:
            raise SystemExit("the disk was not full")
        assert not [path for path in DISK.rglob("*") if path.name.endswith(".tmp")]

    def enlarge():
        subprocess.run(["mount", "-o", "remount,size=64m", str(DISK)], check=True)
"""


def namespace(disk: Path, code: str) -> subprocess.CompletedProcess[str]:
    command = ["unshare", "-Urm", "sh", "-ec", MOUNT, "sh", str(disk), sys.executable, code]
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    return subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.fixture
def told(tmp_path: Path) -> Any:
    """What a script says when the disk is full: path, bytes that it wanted to write, bytes that were free."""
    (tmp_path / "disk").mkdir()
    if not shutil.which("unshare") or namespace(tmp_path / "disk", "").returncode:
        pytest.skip("this machine lets us mount no file system of our own (unshare -Urm)")

    def run(code: str) -> list[tuple[str, int, int]]:
        done = namespace(tmp_path / "disk", textwrap.dedent(BEFORE) + textwrap.dedent(code))
        assert done.returncode == 0, done.stdout + done.stderr
        said = re.findall(r"while writing ([\d,]+) bytes or more \(([\d,]+) were free\): '(.+)'", done.stdout)
        return [
            (path.removeprefix(f"{tmp_path}/disk/"), int(wanted.replace(",", "")), int(free.replace(",", "")))
            for wanted, free, path in said
        ]

    return run


STAGE = """
    from flows.buckets import store
    from tests.flows.buckets.test_incremental import Project
    from tasks.store.artifacts import Store
    from tasks.store.collection import survey

    elsewhere = DISK.parent / "elsewhere"
    elsewhere.mkdir()
    store.STORE = (DISK if WHAT == "store" else elsewhere) / "store"
    project = Project(elsewhere, 200)
    project.out = (DISK if WHAT == "out" else elsewhere) / "out"
    failing(lambda: project.run(padding=60_000))
    held = Store(store.STORE)
    for record in held.root.glob("references/*/*.json"):
        assert held.damage(record.parent.name, record.stem) is None
    assert not [item for item in survey(held, stages=["counting"], keys=[]) if item.goes]
    assert not list(held.root.glob("uses/*"))
    for part in project.out.glob("*"):
        assert part.read_bytes()[-4:] == b"PAR1"
    done = len(list(held.root.glob("references/counting/*")))
    assert (done < 13) == (WHAT == "store")
    enlarge()
    assert project.run(padding=60_000) == 13 - done
    again = elsewhere / "again"
    project.run(padding=60_000, out=again)
    assert project.digests() == project.digests(again)
"""


@pytest.mark.parametrize("what", ["store", "out"])
def test_a_stage_fails_clearly_and_goes_on_when_there_is_room(told: Any, what: str) -> None:
    [(path, wanted, free)] = told(f"WHAT = {what!r}\n" + textwrap.dedent(STAGE))
    assert path.startswith("store/staging/" if what == "store" else "out/")
    assert 4_194_304 >= free >= 0 < wanted
    assert wanted > free


def test_a_table_that_does_not_fit_leaves_the_one_before(told: Any) -> None:
    [(path, wanted, free)] = told(
        """
        import pyarrow as pa
        from tasks.base import tables
        from tasks.base.tables import Column, Schema

        schema = Schema("results", (Column("name", pa.string(), "which"),), ("name",))
        small, large = (pa.table({"name": [os.urandom(2000).hex() for _ in range(n)]}) for n in (2, 2000))
        tables.write(small, DISK / "a/b.parquet", schema, provenance={})
        failing(lambda: tables.write(large, DISK / "a/b.parquet", schema, provenance={}))
        assert tables.read(DISK / "a/b.parquet", schema).to_pylist() == small.to_pylist()
        """
    )
    assert path == "a/b.parquet"
    assert wanted > 8_000_000
    assert 4_000_000 < free < 4_194_304


def test_a_checkpoint_that_does_not_fit_leaves_the_one_before(told: Any) -> None:
    [(path, wanted, _)] = told(
        """
        import torch
        from tasks.base import checkpoints

        checkpoints.write(DISK / "c/k.pt", "k", {"step": 1})
        failing(lambda: checkpoints.write(DISK / "c/k.pt", "k", {"weights": torch.zeros(3_000_000)}))
        assert checkpoints.read(DISK / "c/k.pt", "k") == {"step": 1}
        """
    )
    assert path == "c/k.pt"
    assert wanted > 12_000_000


def test_halves_that_do_not_fit_fail_before_they_are_decoded(told: Any) -> None:
    """A mapped file on a disk that fills up would end the process by a signal, without a word."""
    [(path, wanted, free)] = told(
        """
        from tasks.symmetry import halves

        halves.IN_MEMORY_BYTES = 0
        halves._array(10, 64, DISK)[:] = 1
        failing(lambda: halves._array(500, 64, DISK))
        assert not list(DISK.iterdir())
        """
    )
    assert path.endswith("/disk")
    assert wanted == 500 * 64 * 64 * 3 > free


def test_a_drawn_clip_that_does_not_fit_is_no_clip(told: Any) -> None:
    """OpenCV itself says nothing, and leaves a file that is cut off."""
    [(path, wanted, free)] = told(
        """
        from tasks.phantoms.files import Clip, draw_file

        subprocess.run(["mount", "-o", "remount,size=100k", str(DISK)], check=True)
        clip = Clip("c/a.avi", "s", seed=1, number=1, size=128, frames=20, frames_per_second=25.0, quality=95)
        failing(lambda: draw_file(DISK, clip))
        assert not [path for path in DISK.rglob("*") if path.is_file()]
        enlarge()
        draw_file(DISK, clip)
        assert (DISK / clip.path).stat().st_size > 100_000
        """
    )
    assert path.endswith("/a.avi")
    assert wanted >= free > 0


def test_a_shared_folder_that_is_full_is_trouble_and_the_result_is_kept_here(told: Any) -> None:
    assert not told(
        """
        import pyarrow as pa
        from tasks.store.artifacts import Store
        from tasks.base.tables import Column, Schema

        schema = Schema("results", (Column("name", pa.string(), "which"),), ("name",))
        table = pa.table({"name": [os.urandom(2000).hex() for _ in range(2000)]})
        store = Store(DISK.parent / "store", str(DISK))
        reference = store.put("stage", "k", table, schema, provenance={})
        assert not store.share("stage", "k", reference)
        assert "No space left" in store.trouble
        assert not [path for path in DISK.rglob("*") if path.is_file()]
        assert store.lookup("stage", "k") == reference
        """
    )


def test_a_result_that_does_not_fit_is_not_taken_for_a_shared_store_that_fails(told: Any) -> None:
    [(path, wanted, free)] = told(
        """
        import pyarrow as pa
        from tasks.store.artifacts import Store
        from tasks.base.tables import Column, Schema

        schema = Schema("results", (Column("name", pa.string(), "which"),), ("name",))
        table = pa.table({"name": [os.urandom(2000).hex() for _ in range(2000)]})
        (DISK.parent / "shared").mkdir()
        other = Store(DISK.parent / "other", str(DISK.parent / "shared"))
        assert other.share("stage", "k", other.put("stage", "k", table, schema, provenance={}))
        store = Store(DISK / "store", str(DISK.parent / "shared"))
        failing(lambda: store.lookup("stage", "k"))
        assert store.trouble is None
        enlarge()
        assert store.lookup("stage", "k") == other.lookup("stage", "k")
        """
    )
    assert path.startswith("store/staging/")
    assert wanted > free
