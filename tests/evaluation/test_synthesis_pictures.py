"""The report's flow: what it reads of the synthesis, and what it leaves where it is."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tasks.base import tables
from tasks.evaluation.synthesis.read import read_section
from tasks.params.evaluation import Report
from tasks.schemas.ingest import IMAGES
from tests.evaluation.synthesis_study import draw_synthesis_study, png, write_study

SETTINGS = Report(examples=1, gallery=1, opacity=0.5, sheet=4, few_people=20, table=100, show_training_pairs=False)


@pytest.fixture(scope="module")
def study() -> SimpleNamespace:
    return draw_synthesis_study()


@pytest.fixture(scope="module")
def folder(study: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """data/synthesis and, beside it, images.parquet with a picture for every photograph."""
    out = tmp_path_factory.mktemp("report") / "synthesis"
    write_study(study, out)
    (out / "base").mkdir()
    (out / "base/base.json").write_text(json.dumps({"stand_in": True}))
    (out / "measures.json").write_text(json.dumps(study.made.measures))
    rows = []
    for image_id in study.tables["captions"]["image_id"].to_pylist():
        path = out.parent / f"{image_id}.png"
        path.write_bytes(png(np.random.default_rng(1)))
        who = {"image_id": image_id, "path": str(path), "names": [image_id], "kind": "still", "subject_id": "s"}
        rows.append(who | {"population": "repaired", "size_bytes": 1})
    tables.write(IMAGES.table(rows), out.parent / "images.parquet", IMAGES, provenance={})
    return out


def test_photographs_are_read_only_where_settings_ask_for_them(folder: Path) -> None:
    listed = folder.parent / "images.parquet"
    section = read_section(folder, listed, SETTINGS)
    assert section.pictures
    assert not [name for name in section.pictures if name.startswith("photo")]
    shown = read_section(folder, listed, SETTINGS.model_copy(update={"show_training_pairs": True}))
    assert {name for name in shown.pictures if name.startswith("photo")} == {pair.nearest_id for pair in shown.pairs}
    assert all(data[:2] == b"\xff\xd8" for data in shown.pictures.values())


def test_every_stand_in_is_told(folder: Path) -> None:
    section = read_section(folder, folder.parent / "images.parquet", SETTINGS)
    assert len(section.notices) == 4
    assert "FLUX.1-schnell" in section.notices[0]


def test_without_a_synthesis_the_section_is_empty(tmp_path: Path) -> None:
    section = read_section(tmp_path / "none", tmp_path / "images", SETTINGS)
    assert (section.sheets, section.pairs, section.notices, dict(section.pictures)) == ((), (), (), {})
