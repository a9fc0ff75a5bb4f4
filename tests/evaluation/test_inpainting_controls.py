"""Controls whom the network never saw, in the chapter: read, said, shown, and the reason where there is none."""

from pathlib import Path
from typing import Any

import pytest

from tasks.base import absence, tables
from tasks.evaluation.inpainting.controls import (
    KINDS,
    PUBLISHED,
    compare_controls,
    controls_findings,
    read_controls,
    shown,
)
from tasks.pages.environment import environment
from tasks.params.inpainting import InpaintingControls
from tasks.schemas.inpainting import INPAINTING_MEASURES, MASK_KINDS
from tests.evaluation.test_inpainting_table_three import EVALUATE, rows
from tests.inpainting.controls import MEASURE, PERCEPTUAL


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The stage's out, of six people."""
    (tmp_path / "controls").mkdir()
    settings = InpaintingControls.model_validate(MEASURE)
    made = {"parameters": {"settings": settings.model_dump(), "perceptual": PERCEPTUAL.model_dump()}}
    path = tmp_path / "controls/00.parquet"
    tables.write(INPAINTING_MEASURES.table(rows(6)), path, INPAINTING_MEASURES, provenance=made)
    return tmp_path


def record(folder: Path) -> dict[str, Any]:
    return compare_controls(read_controls(folder), EVALUATE)


def page(own: dict[str, Any]) -> str:
    template = environment().get_template("evaluation/inpainting/controls.html.j2")
    return " ".join(template.render(controls=own, said=shown(own)).split())


def test_the_numbers_are_those_that_made_the_table(folder: Path) -> None:
    own = record(folder)
    assert own["reason"] is None and own["n_photographs"] == 12
    assert own["masks"]["square"]["ns"]["lpips"]["network"] == "squeeze, random"


def test_every_mask_is_held_against_opencvs_better_one(folder: Path) -> None:
    said = controls_findings(record(folder))
    assert len(said) == len(MASK_KINDS) == len(KINDS)
    assert said[-1].startswith(
        "On controls whom it never saw (lips and nose hidden), the network is 5.0 dB nearer to the photograph under "
        "the mask than OpenCV (Telea) ("
    )
    assert "12 photographs of 6 people" in said[-1]


def test_the_page_has_the_published_values_where_there_are_any(folder: Path) -> None:
    found = page(record(folder))
    for name in ("psnr", "ssim", "fid"):
        for kind in ("0-20", "20-40", "40-60", "square"):
            assert f"published {PUBLISHED[kind][name]}" in found
    assert found.count("published ") == 12 + 1  # and "the published values come from"
    assert "12 photographs of 6 people" in found
    assert "distance of random features" in found and ">FID<" not in found  # a stand-in's bears no known name


def test_without_the_table_the_reason_is_said(tmp_path: Path) -> None:
    own = record(tmp_path)
    assert "raise inpainting_train: held_out" in own["reason"]
    assert controls_findings(own) == [f"How well unseen controls are filled was not measured: {own['reason']}."]
    assert f"Not measured: {own['reason']}." in page(own)
    absence.mark(tmp_path / "controls", "no controls here")
    assert record(tmp_path)["reason"] == "no controls here"
