"""What the stages of ingest do with a project's own files, beyond what their functions are tested for."""

import shutil
from pathlib import Path

import pytest
from PIL import Image

from flows import PROJECT
from flows.stages.ingest import ingest_images
from tasks.base import images, tables
from tasks.base.digests import file_digest
from tasks.ingest.images.withdrawn import REASON, SAME, Withdrawn, pixel_digest, write_withdrawn
from tasks.schemas.ingest import IMAGES as LISTED
from tasks.schemas.ingest import REFUSALS
from tests.stewards import IMAGES, draw, table


def test_a_withdrawn_picture_in_another_file_is_refused_in_a_raw_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    draw(tmp_path / "raw/first.png", seed=4)
    draw(tmp_path / "raw/other.png", seed=5)
    Image.open(tmp_path / "raw/first.png").save(tmp_path / "raw/again.tif")
    (tmp_path / "raw/damaged.png").write_bytes(b"no picture")
    stones = Withdrawn().more([file_digest(tmp_path / "raw/first.png")], [])
    (tmp_path / "added").mkdir()
    lines = [f"{name},s{number},repaired,x" for number, name in enumerate(("first.png", "again.tif", "other.png"))]
    table(tmp_path / "raw/images.csv", IMAGES, [*lines, "damaged.png,s9,repaired,x"])
    monkeypatch.chdir(tmp_path)
    shutil.copy(PROJECT / "params.yaml", tmp_path)

    def ingest() -> tuple[int, dict[str, str]]:
        shutil.rmtree("out", ignore_errors=True)  # as DVC does
        where = {"raw": Path("raw"), "added": Path("added"), "out": Path("out"), "refusals": Path("refusals.parquet")}
        ingest_images.fn(**where)
        rows = tables.read(Path("refusals.parquet"), REFUSALS).to_pylist()
        return tables.read(Path("out"), LISTED).num_rows, {row["path"]: row["reason"] for row in rows}

    write_withdrawn(tmp_path / "added", stones)
    assert ingest() == (3, {"first.png": REASON})
    assert "bucket" not in capsys.readouterr().out  # no picture was opened
    write_withdrawn(tmp_path / "added", stones.more([], [pixel_digest(images.read(tmp_path / "raw/first.png"))]))
    for counts in ("0 buckets reused", "3 buckets reused"):
        assert ingest() == (2, {"first.png": REASON, "again.tif": SAME})
        assert counts in capsys.readouterr().out
    assert not list(tmp_path.glob(".pixels-*"))
