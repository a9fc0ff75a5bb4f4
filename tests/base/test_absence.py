"""An out whose data are absent: it says so and why, nothing old is left in it, and readers see an empty table."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tasks.base import absence, tables
from tasks.base.tables import Column, Schema

WHO = Schema("who", (Column("name", pa.string(), "who"), Column("age", pa.int64(), "how old")), ("name",))
REASON = "no clips of controls: add some"


def written(path: Any) -> Any:
    tables.write(WHO.table([{"name": "ann", "age": 3}]), path, WHO, provenance={"stage": "test"})
    return path


def test_a_folder_is_emptied_and_says_why(tmp_path: Path) -> None:
    out = tmp_path / "pairs"
    written(out / "00.parquet")
    written(out / "halves/00.parquet")
    elsewhere = written(tmp_path / "elsewhere/00.parquet")
    (out / "linked").symlink_to(elsewhere.parent)
    assert absence.reason_of(out) is None
    absence.mark(out, REASON)
    assert [file.name for file in out.iterdir()] == [absence.MARKER]
    assert elsewhere.exists()
    assert absence.reason_of(out) == REASON
    assert tables.read(out, WHO) == WHO.table([])
    assert tables.provenance_of(out) == {}
    absence.clear(out)
    assert absence.reason_of(out) is None
    assert not list(out.iterdir())


@pytest.mark.parametrize("there", [True, False])
def test_a_table_in_one_file(tmp_path: Path, there: bool) -> None:
    out = tmp_path / "new/identity.parquet"
    if there:
        written(out)
    absence.mark(out, REASON)
    assert absence.reason_of(out) == REASON
    assert tables.read(out, WHO) == WHO.table([])
    assert tables.read(out, WHO, ["age"]).column_names == ["age"]
    assert list(tables.read_each(out, WHO)) == []
    assert tables.provenance_of(out) == {}
    written(out)
    assert absence.reason_of(out) is None
    assert tables.read(out, WHO).num_rows == 1


def test_a_json_file(tmp_path: Path) -> None:
    out = tmp_path / "measures.json"
    out.write_text('{"reason": "part of a larger answer", "fid": 3}')
    assert absence.reason_of(out) is None
    absence.mark(out, REASON)
    assert absence.reason_of(out) == REASON
    absence.mark(out, "another")
    assert absence.reason_of(out) == "another"


def test_what_is_required(tmp_path: Path) -> None:
    present, missing = written(tmp_path / "a.parquet"), tmp_path / "nowhere"
    first, second = tmp_path / "first", tmp_path / "second.parquet"
    absence.mark(first, REASON)
    absence.mark(second, "another")
    absence.require(present, missing)
    absence.require_any((first, present))
    with pytest.raises(absence.Absent, match=REASON):
        absence.require(present, first, second)
    with pytest.raises(absence.Absent, match=REASON):
        absence.require_any((first, second))


def test_what_cannot_be_removed_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An out that keeps old data must not pass for one that has none."""
    written(tmp_path / "out/halves/00.parquet")

    def refuse(path: Any) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("shutil.rmtree", refuse)
    with pytest.raises(PermissionError):
        absence.mark(tmp_path / "out", REASON)
