"""`vermilion check --store` names what was changed: in the store, in the outs, in DVC's cache."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from flows.cli.verified import Verified, verified
from tests.project import copy_project


@dataclass(frozen=True)
class Place:
    """A project to be tampered with."""

    root: Path

    def record(self, stage: str, number: int = 0) -> Path:
        """A result's record."""
        return sorted((self.root / "data/.artifacts/references" / stage).glob("*.json"))[number]

    def object(self, stage: str, number: int = 0) -> Path:
        told = json.loads(self.record(stage, number).read_text())
        return self.root / f"data/.artifacts/objects/{told['sha256'][:2]}/{told['sha256']}.parquet"

    def out(self) -> Path:
        """A table in the workspace."""
        return sorted((self.root / "data/ingest/lips").glob("*.parquet"))[0]


def overwrite(path: Path, content: bytes) -> None:
    """Other bytes under the same name, with the old time of change; DVC's copy may be the same file: unlinked first."""
    before = path.stat()
    path.unlink()
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def flip(path: Path) -> Path:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    overwrite(path, bytes(content))
    return path


def cut(path: Path) -> Path:
    overwrite(path, path.read_bytes()[:-100])
    return path


def swap(place: Place) -> Path:
    """One result's record now names another's object, which is whole."""
    other = place.record("ingest_lips", 1).read_bytes()
    place.record("ingest_lips", 0).write_bytes(other)
    return place.record("ingest_lips", 0)


def miscount(place: Place) -> Path:
    record = place.record("ingest_lips")
    record.write_text(json.dumps(json.loads(record.read_text()) | {"rows": 9_999}))
    return record


def of_another_stage(place: Place) -> Path:
    """A record of one stage under another's name."""
    record = place.record("ingest_lips")
    moved = record.parents[1] / "ingest_landmarks" / record.name
    moved.write_bytes(record.read_bytes())
    return moved


def forged(place: Place) -> Path:
    """Other columns under the right name, recorded as they are: only the table's schema tells."""
    path, record = place.object("ingest_lips"), place.record("ingest_lips")
    table = pq.read_table(path)
    pq.write_table(table.drop_columns([table.column_names[-1]]), path)
    from tasks.base.digests import file_digest

    found = file_digest(path)
    new = path.parents[1] / found[:2] / f"{found}.parquet"
    new.parent.mkdir(exist_ok=True)
    path.rename(new)
    told = json.loads(record.read_text()) | {"sha256": found, "size": new.stat().st_size}
    record.write_text(json.dumps(told))
    return record


def cached(place: Place) -> Path:
    """DVC's copy of a table."""
    import hashlib

    md5 = hashlib.md5(place.out().read_bytes()).hexdigest()
    return place.root / f".dvc/cache/files/md5/{md5[:2]}/{md5[2:]}"


def listing(place: Place) -> Path:
    return sorted((place.root / ".dvc/cache/files/md5").rglob("*.dir"))[0]


def without_paths(place: Place) -> Path:
    """As after a changed byte in the name of a field: DVC itself would stop with a KeyError."""
    (path := listing(place)).chmod(0o644)
    path.write_text(path.read_text().replace("relpath", "rel`ath"))
    return path


def added(place: Place) -> Path:
    path = place.out().with_name("zz.parquet")
    path.write_bytes(place.out().read_bytes())
    return path


def unreadable(place: Place) -> Path:
    place.record("ingest_lips").write_text("{")
    return place.record("ingest_lips")


def missing(place: Place) -> Path:
    place.object("ingest_lips").unlink()
    return place.record("ingest_lips")


def gone(place: Place) -> Path:
    for path in (cached(place), out := place.out()):
        path.unlink()
    return out


TAMPERED: dict[str, tuple[Callable[[Place], Path], str]] = {
    "an object, a byte flipped": (lambda at: flip(at.object("ingest_lips")), "is changed"),
    "an object, cut off": (lambda at: cut(at.object("ingest_lips")), "is of another size"),
    "an object, missing": (missing, "is missing"),
    "a record that names another object": (swap, "is another result, of ingest_lips"),
    "a record of another stage": (of_another_stage, "is another result, of ingest_lips"),
    "a record with another number of rows": (miscount, "9999 rows and"),
    "a record that is no JSON": (unreadable, "the record cannot be read"),
    "an object with other columns": (forged, "is no readable table"),
    "an out, a byte flipped": (lambda at: flip(at.out()), "not what dvc.lock names"),
    "an out, gone in both places": (gone, "missing, here and in DVC's cache"),
    "a file beside an out's": (added, "dvc.lock does not name it"),
    "DVC's copy": (lambda at: flip(cached(at)), "DVC's copy is not what its name says"),
    "DVC's list of a folder": (lambda at: flip(listing(at)), "is not what its name says"),
    "DVC's list of a folder, JSON still": (without_paths, "is not what its name says"),
}


@pytest.fixture(scope="module")
def whole(built: Path) -> Verified:
    return verified(built)


def test_a_project_that_nobody_touched_is_whole(whole: Verified) -> None:
    assert not whole.flaws
    assert not whole.again
    assert whole.results > 50
    assert whole.files > 50
    assert [finding.level for finding in whole.findings()] == ["fact", "fact"]
    assert "all are what is recorded of them" in whole.findings()[0].said
    assert whole.findings()[1].said == "would be computed again: nothing"


@pytest.mark.parametrize("what", TAMPERED)
def test_what_was_tampered_with_is_named(built: Path, tmp_path: Path, what: str) -> None:
    root = copy_project(built, tmp_path / "project")
    tamper, told = TAMPERED[what]
    touched = tamper(Place(root))
    found = verified(root)
    assert found.flaws
    assert all(told in flaw.problem for flaw in found.flaws), found.flaws
    names = [str(flaw.path) for flaw in found.flaws] + [flaw.problem for flaw in found.flaws]
    assert any(touched.stem in name or touched.stem[:12] in name for name in names)
    assert {flaw.stage for flaw in found.flaws} <= set(found.again)
    levels = [finding.level for finding in found.findings()]
    assert levels == ["error"] * len(found.flaws) + ["fact", "warning", "fact"]
    assert "remove its record" in found.findings()[-2].said


def test_a_shared_folder_is_read_too(built: Path, tmp_path: Path) -> None:
    from tests.project import set_number

    root = copy_project(built, tmp_path / "project")
    shared = copy_project(root / "data/.artifacts", tmp_path / "shared")
    set_number(root, "runtime", "shared_store", str(shared))
    object_ = next((shared / "objects").rglob("*.parquet"))
    flip(object_)
    (flaw,) = {flaw.problem for flaw in verified(root).flaws}
    assert object_.name[:12] in flaw


def test_the_command_names_what_is_wrong_and_ends_so(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = copy_project(built, tmp_path / "project")
    monkeypatch.chdir(root)
    whole_code, said = _check()
    assert "all are what is recorded of them" in " ".join(said.split())
    assert whole_code < 2
    record = swap(Place(root))
    code, said = _check()
    assert code == 2
    assert str(record.relative_to(root)) in said.split()
    assert "would be computed again: ingest_lips" in " ".join(said.split())
    assert "a run can begin all the same" in " ".join(said.split())


def _check() -> tuple[int, str]:
    from typer.testing import CliRunner

    from flows.cli import app

    done = CliRunner().invoke(app, ["check", "--store"])
    return done.exit_code, done.output
