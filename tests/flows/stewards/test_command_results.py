"""Consent is gone: what `measure`, `inpaint`, `reconstruct` and `capture check` left in any folder goes, too."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from flows.buckets.store import STORE
from flows.cli import inpaint
from flows.photographs import marks, measured, reconstructed
from flows.photographs.inpaint import Inpainted
from flows.photographs.marks import marked_png
from flows.photographs.reconstruct import Reconstructed
from flows.stewards.withdrawal import command_results, who_is_meant, withdrawing
from tasks.base import tables
from tasks.base.digests import file_digest
from tasks.base.images import encode_png, read
from tasks.evaluation.inpainting.page import FilledFace
from tasks.ingest.tables.sheets import read_sheets
from tasks.inpainting.photographs import Filled
from tasks.schemas.anthropometry import MEASURED_PHOTOGRAPHS
from tasks.store.artifacts import Store
from tasks.surface.pages.contents import Photographed, Shown
from tasks.surface.pages.visit_page import render_surface_page
from tasks.synthesis import survey
from tests.anthropometry.drawn import face
from tests.here import vermilion
from tests.stewards import IMAGES, table
from tests.withdrawals import files_of, withdraw

OTHER = "b" * 64


@pytest.fixture
def two(root: Path, patients: Path) -> tuple[Path, Path]:
    """The photographs of two people, both called front.png, large enough to be measured."""
    files = [patients / f"patients/{who}/front.png" for who in ("p01", "p02")]
    for seed, file in enumerate(files, 1):
        file.write_bytes(encode_png(face(seed)[0]))
    table(patients / "images.csv", IMAGES, [f"patients/{who}/front.png,{who},repaired,x" for who in ("p01", "p02")])
    return files[0], files[1]


def left_of(root: Path) -> list[str]:
    """What the command would leave to the steward."""
    planned = withdrawing.plan(who_is_meant.find("p01", root, also=()), root, Store(root / STORE))
    return [str(file.relative_to(root)) for file in sorted(planned.left)]


@pytest.mark.long
def test_of_measure_the_person_s_pages_go_and_tables_and_lists_keep_the_others(
    root: Path, two: Any, tmp_path: Path
) -> None:
    copies = [tmp_path / f"photo {number}.png" for number in (1, 2)]
    for photograph, copy in zip(two, copies, strict=True):
        shutil.copy(photograph, copy)
    ids = [file_digest(file) for file in two]
    words = ["measure", *map(str, copies), "--alone", "--pdf"]
    for out in ("data/seiten", "data/reports"):
        assert vermilion(root, *words, "--out", out, "--table", f"{out}.xlsx").returncode == 0
    assert vermilion(root, *words[:2], "--alone", "--table", "of_one.parquet").returncode == 0
    pages = [sorted((root / "data/seiten").glob(f"photo {number}-*")) for number in (1, 2)]
    assert [[page.suffix for page in own] for own in pages] == [[".html", ".pdf"]] * 2
    frames = pages[0][0].with_suffix(".csv")  # as beside a clip's page: it says nothing of the person
    frames.write_text("frame,time_s\n1,0.1\n")
    assert left_of(root) == []
    assert withdraw("p01", root)[1] == []
    assert not [file for file in (*pages[0], frames, root / "of_one.parquet") if file.exists()]
    for folder in (root / "data/seiten", root / "data/reports"):
        assert len(list(folder.glob("photo 2-*"))) == 2
        lines = [json.loads(line) for line in (folder / command_results.DONE).read_text().splitlines()]
        assert [line["image_id"] for line in lines] == [ids[1]]
        rows = tables.read(folder / "measures.parquet", MEASURED_PHOTOGRAPHS).to_pylist()
        assert {row["image_id"] for row in rows} == {ids[1]}
        assert tables.provenance_of(folder / "measures.parquet") == {"command": "vermilion measure"}
        for each in (folder / "measures.csv", folder.with_suffix(".xlsx")):
            (sheet,) = read_sheets(each)
            assert {row.cells[1] for row in sheet.rows} == {ids[1]}
            assert len(sheet.rows) == len(rows)


def test_what_commands_write_is_known_by_its_names() -> None:
    assert (command_results.DONE, command_results.SOFTWARE) == (measured.DONE, marks.SOFTWARE)
    assert set(command_results.MEASURED_COLUMNS) <= {column.name for column in MEASURED_PHOTOGRAPHS.columns}


def filled(image_id: str, photograph: Path) -> Inpainted:
    """A photograph with two fillings."""
    image = read(photograph)
    mask = np.zeros(image.shape[:2], bool)
    mask[10:20, 10:20] = True
    own = Filled(image, mask, None, None, np.eye(2, 3))
    shown = FilledFace(photograph.name, photograph=image, mask=mask, filled=[image, image], masked="lips and nose")
    return Inpainted(photograph, shown, image, (own, own), image_id)


def test_of_inpaint_pages_and_pictures_go(root: Path, two: Any) -> None:
    ids, out = [file_digest(file) for file in two], root / "fillings"
    out.mkdir()
    for number, (image_id, photograph) in enumerate(zip(ids, two, strict=True), 1):
        inpaint._write(filled(image_id, photograph), out, f"00{number}-front", [])
    (root / "alone").mkdir()
    shutil.copy(out / "001-front-filled.png", root / "alone/kept.png")  # under another name, without the page
    (out / "001-front-masked.png").write_bytes(encode_png(read(two[0])))  # of a version without marks
    others = {file for file in files_of(out) if "002-" in file.name}
    assert len(others) == 5
    assert left_of(root) == []
    assert withdraw("p01", root)[1] == []
    assert files_of(out) == others
    assert not (root / "alone/kept.png").exists()


def test_of_a_visit_all_goes_and_what_measure_wrote_there_stays(root: Path, two: Any) -> None:
    out, shared = root / "visit", root / "shared"
    html = render_surface_page(Shown("visit", reason="one photograph"), notices=[], picture_px=64)
    for folder in (out, shared):
        folder.mkdir()
        visit = Reconstructed("x", [Photographed("a.png")], html, images=(file_digest(two[0]), OTHER))
        reconstructed.write(folder, visit, "face")
        for name in reconstructed.OF_FACE:
            (folder / name).write_text("solid")
    row = {"photograph": "x.png", "image_id": OTHER, "face": "", "measure": "", "reason": "no face"}
    tables_of = MEASURED_PHOTOGRAPHS.table([row])
    (shared / "measures.csv").write_text(
        "\n".join([",".join(tables_of.column_names), "x.png," + OTHER + "," * (tables_of.num_columns - 2)])
    )
    (out / "note.txt").write_text("of the clinic")
    (out / "capture.png").write_bytes(marked_png(encode_png(np.zeros((4, 4, 3), np.uint8)), "x", [file_digest(two[0])]))
    assert left_of(root) == []
    assert withdraw("p01", root)[1] == []
    assert files_of(out) == {out / "note.txt"}
    assert files_of(shared) == {shared / "measures.csv"}


def test_what_a_killed_reconstruction_kept_of_the_person_goes(root: Path, two: Any) -> None:
    kept = root / "visit/.looked/some.parquet"
    kept.parent.mkdir(parents=True)
    row = {"image_id": file_digest(two[0]), "photograph": "a.png", "face": "", "measure": "", "reason": "x"}
    made = MEASURED_PHOTOGRAPHS.table([row])
    tables.write(made, kept, MEASURED_PHOTOGRAPHS, provenance={"command": "vermilion reconstruct"})
    own = kept.with_name("own.parquet")  # of a person's own making: it stays, and is named
    pq.write_table(made.replace_schema_metadata(None), own)
    assert left_of(root) == ["visit/.looked/own.parquet"]
    withdraw("p01", root)
    assert files_of(kept.parent) == {own}


def test_capture_check_says_in_its_picture_of_whom_it_is(root: Path, two: Any, tmp_path: Path) -> None:
    vermilion(root, "capture", "check", str(two[0].parent), "--out", str(tmp_path / "pages"))
    drawn = tmp_path / "pages/capture.png"
    assert read(drawn).shape[2] == 3
    assert command_results.belonging(drawn) == frozenset()
    assert file_digest(two[0]).encode() in drawn.read_bytes()[:1024]


def test_reconstruct_says_on_its_page_of_whom_it_is(root: Path, two: Any, tmp_path: Path) -> None:
    vermilion(root, "reconstruct", str(two[0].parent), "--out", str(tmp_path / "pages"))  # one photograph: refused
    page = tmp_path / "pages/face.html"
    assert command_results.belonging(page) == frozenset({tmp_path / "pages/photographs.csv"})
    assert f'<meta name="vermilion-photographs" content="{file_digest(two[0])}">' in page.read_text()


def test_of_a_survey_the_person_s_pictures_go(root: Path, two: Any, tmp_path: Path) -> None:
    assert (command_results.SURVEY_KEY, command_results.SURVEY_COLUMNS) == (survey.KEY, survey.KEY_COLUMNS)
    shown = [survey.Candidate(f"patients/{who}/front.png", "repaired", lambda: read(two[0])) for who in ("p01", "p02")]
    for out in (root / "survey", root / "data/survey"):
        survey.write_survey(out, shown, side=32, seed=1)
    assert command_results.SHEET_COLUMNS == survey.SHEET_COLUMNS
    rows = (root / "survey/key.csv").read_text().splitlines()[1:]
    mine, others = (next(row.split(",")[0] for row in rows if who in row) for who in ("p01", "p02"))
    filled = "picture,realism,plausibility\n001.png,3,4\n002.png,2,5\n"
    for sheet in ("survey/r1.csv", "survey/answers/r2.csv", "data/survey/r1.csv"):
        (root / sheet).parent.mkdir(exist_ok=True)
        (root / sheet).write_text(filled)
    (root / "survey/other.csv").write_text("picture,size\n001.png,3\n")
    assert left_of(root) == []
    assert withdraw("p01", root)[1] == []
    kept = next(line for line in filled.splitlines() if line.startswith(others))
    for sheet in ("survey/r1.csv", "survey/answers/r2.csv", "data/survey/r1.csv"):
        assert (root / sheet).read_text() == f"picture,realism,plausibility\n{kept}\n"
    assert (root / "survey/sheet.csv").read_text() == f"picture,realism,plausibility\n{others},,\n"
    assert (root / "survey/other.csv").read_text() == "picture,size\n001.png,3\n"
    for out in (root / "survey", root / "data/survey"):
        assert [file.name for file in (out / "pictures").iterdir()] == [others] != [mine]
        assert (out / "key.csv").read_text() == f"picture,path\n{others},patients/p02/front.png\n"
