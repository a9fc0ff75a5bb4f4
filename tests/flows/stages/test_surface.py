"""The stages of three dimensions: sets that make no face keep the reason; a drawn head's asymmetry is found again."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flows.photographs import reconstruct
from tasks.base import absence, tables
from tasks.base.images import encode_png
from tasks.evaluation.norms import own_norms
from tasks.params.phantoms import PhantomsHeads
from tasks.phantoms.heads.visits import draw_heads, image_rows
from tasks.schemas.ingest import IMAGES, LANDMARKS
from tasks.schemas.surface import (
    SURFACE_FACES,
    SURFACE_FINDINGS,
    SURFACE_MEASURES,
    SURFACE_VIEWS,
    SURFACE_VISITS,
    SURFACES,
)
from tasks.surface.reconstructing import cameras_of, face_in
from tests.here import stages, vermilion
from tests.project import copy_project, set_number

CAMERAS = "files,model,width,height,params\n*.jpg,SIMPLE_RADIAL,800,1000,2361.11 400 500 0\n"
"""The drawn heads' lens, at twice the pictures' size: 85 mm of 36."""
STAGES = ("surface_views", "surface_reconstruct", "surface_measure")
VISITS = PhantomsHeads(
    seed=1,
    asymmetries=(1.0,),
    width=400,
    height=500,
    ring_step=15,
    ring_reach=60,
    pitched=((-30, 25), (0, 25), (30, 25), (0, -25)),
    distance=700,
    focal=85,
    focal_told=True,
    noise=1.5,
    quality=95,
)


def own(built: Path, folder: Path, visits: PhantomsHeads) -> Path:
    """The small project with a raw folder of its own: the visits of these heads."""
    project = copy_project(built, folder)
    raw = project / "data/raw/mine"
    known = draw_heads(raw / "heads", settings=visits, workers=1, tables=False)
    rows = image_rows(visits)
    (raw / "images.csv").write_text(table(rows), encoding="utf-8")
    (raw / "references.csv").write_text(
        table({"path": f"heads/{path}", "measure": measure, "value": value} for path, measure, value in known), "utf-8"
    )
    set_number(project, "data", "raw", "data/raw/mine")
    return project


def table(rows: Any) -> str:
    rows = [row | {"path": row["path"] if row["path"].startswith("heads/") else f"heads/{row['path']}"} for row in rows]
    lines = [",".join(rows[0]), *(",".join(f'"{cell}"' for cell in row.values()) for row in rows)]
    return "\n".join(lines) + "\n"


def rows(project: Path, name: str, schema: Any) -> Any:
    return tables.read(project / "data/surface" / name, schema).to_pylist()


def test_without_sets_the_stages_end_well_and_say_what_to_add(built: Path) -> None:
    for out in ("views", "surfaces", "measures", "visits.parquet"):
        assert "`around` under `view`" in str(absence.reason_of(built / "data/surface" / out))


def test_photographs_of_a_set_are_no_faces_from_the_front_and_too_few_make_no_face(built: Path, tmp_path: Path) -> None:
    few = VISITS.model_copy(update={"ring_reach": 15, "pitched": (), "width": 200, "height": 250})
    project = own(built, tmp_path / "project", few)
    stages(project, "ingest_images", "ingest_ratings", "ingest_landmarks", *STAGES)
    images = tables.read(project / "data/ingest/images", IMAGES).to_pylist()
    images = [row for row in images if row["view"] == "around"]  # the small project has a batch, too
    assert all(row["visit"] for row in images)
    landmarks = tables.read(project / "data/ingest/landmarks", LANDMARKS, ["image_id"])["image_id"].to_pylist()
    assert not {row["image_id"] for row in images} & set(landmarks)
    (row,) = rows(project, "surfaces", SURFACES)
    assert row["photographs"] == len(images) == 3
    assert "at least 8" in row["reason"]
    assert {one.name for one in cameras_of(row["cameras"])} == {image["image_id"] for image in images}
    assert not tables.parts(project / "data/surface/measures")
    (folder,) = (project / "data/raw/mine/heads").glob("*/*/")
    (folder / "cameras.csv").write_text(CAMERAS.replace("RADIAL", "FISH"), encoding="utf-8")
    stages(project, "surface_reconstruct")
    (refused,) = rows(project, "surfaces", SURFACES)
    assert refused["reason"].startswith("cameras.csv, line 2: there is no model 'SIMPLE_FISH'; there are SIMPLE_RADIAL")
    assert {one["set_id"] for one in rows(project, "visits.parquet", SURFACE_VISITS)} == {row["image_id"]}


def test_what_lies_beyond_a_limit_is_found_and_the_report_says_it(built: Path, tmp_path: Path) -> None:
    few = VISITS.model_copy(update={"ring_reach": 15, "pitched": (), "width": 200, "height": 250})
    project = own(built, tmp_path / "project", few)
    set_number(project, "anthropometry_norms", "people", 2)
    stages(project, "ingest_images", "ingest_ratings", "ingest_landmarks", *STAGES)
    (visit,) = rows(project, "surfaces", SURFACES)
    plain = dict.fromkeys(("low", "high", "left", "right", "side", "deviation", "reason"))
    plain |= {"visit": "2026-01-05", "region": "nose", "words": "Tip off the midline", "unit": "mm"}
    plain |= {"measure": "tip_deviation"}
    patient = {name: visit[name] for name in ("image_id", "subject_id", "population")}
    assert patient["population"] == "repaired"
    aside = plain | patient | {"value": 7.5, "deviation": 7.5, "side": "left", "low": 6.5, "high": 8.5}
    measures = project / "data/surface/measures"
    absence.clear(measures)
    for file in tables.parts(measures):
        file.unlink()
    tables.write(SURFACE_MEASURES.table([aside]), measures / "00.parquet", SURFACE_MEASURES, provenance={})
    said = stages(project, "surface_findings")
    assert "1 finding" in said
    (found,) = tables.read(project / "data/surface/findings.parquet", SURFACE_FINDINGS).to_pylist()
    assert found["certainty"] == "clear"
    assert found["sentence"] == (
        "Nose deviates: tip off the midline, left 7.5 (6.5 to 8.5) mm, above 6. A finding, not a diagnosis."
    )
    norms = own_norms(project / "data/surface")
    assert not norms.rows
    assert "a norm" in norms.said or "no control" in norms.said


@pytest.mark.long
def test_a_drawn_head_is_found_again_and_another_photograph_computes_its_own_part(built: Path, tmp_path: Path) -> None:
    project = own(built, tmp_path / "project", VISITS)
    stages(project, "ingest_images", "ingest_ratings", *STAGES)
    (row,) = rows(project, "surfaces", SURFACES)
    assert row["reason"] is None
    assert row["placed"] == row["photographs"] == 13
    assert "by " in row["scale_words"] and " mm from exocanthion" in row["scale_words"]
    assert face_in(row).points["pronasale"].position is not None
    (face,) = rows(project, "faces", SURFACE_FACES)
    assert len(face["asymmetry"]) == len(face_in(row).surface.vertices)
    measures = {one["measure"]: one for one in rows(project, "measures", SURFACE_MEASURES)}
    assert measures["nasolabial_asymmetry"]["value"] == pytest.approx(1.0, abs=0.25)

    images = project / "data/raw/mine/images.csv"
    images.write_text("\n".join(images.read_text("utf-8").splitlines()[:-1]) + "\n", "utf-8")  # one photograph less
    said = stages(project, "ingest_images", "ingest_ratings", *STAGES)
    assert "surface_views: 12 buckets reused" in said
    assert "0 buckets computed" in said.partition("surface_reconstruct")[0]
    assert len(rows(project, "views", SURFACE_VIEWS)) == 12


@pytest.mark.long
def test_vermilion_reconstruct_leaves_a_page_and_files(tmp_path: Path) -> None:
    draw_heads(tmp_path / "heads", settings=VISITS, workers=1, tables=False)
    (visit,) = (tmp_path / "heads").glob("*/*/")
    (visit / "cameras.csv").write_text(CAMERAS, encoding="utf-8")
    done = vermilion(tmp_path, "reconstruct", str(visit), "--out", str(tmp_path / "pages"), "--stl", "nose", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert sum(one["reason"] is None for one in found["photographs"]) == 13
    assert {(one["lens"], one["focal_px"]) for one in found["photographs"]} == {("calibrated, held", 1180.555)}
    made = {path.name: path for path in (tmp_path / "pages").iterdir() if path.name != ".gitignore"}
    tables_made = {"measures.csv", "photographs.csv", "points.csv"}
    assert set(made) == {"face.html", "face.ply", "face.glb", "face.stl", *tables_made}
    assert all(path.stat().st_mode & 0o077 == 0 for path in made.values())
    assert "every lens: calibrated, held" in made["face.html"].read_text(encoding="utf-8")
    assert made["face.stl"].stat().st_size < made["face.ply"].stat().st_size
    again = vermilion(tmp_path, "reconstruct", str(visit), "--points", str(made["points.csv"]), "--json")
    assert again.returncode == 0, again.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nowhere",), "no folder"),
        ((".", "--known", "nose,chin,40"), "there is no point nose"),
        ((".", "--known", "pronasale,menton"), "two points and millimetres"),
        ((".", "--known", "zygion_right,zygion_left,130"), "130 mm from zygion right to zygion left: no such length"),
        ((".", "--known", "pronasale,menton,84,1"), "write 84.1 with a point"),
        ((".", "--known", "pronasale,pronasale,40"), "two different points"),
        ((".", "--points", "none.csv"), "none.csv"),
        ((".", "--ruler", "none.csv"), "none.csv: no such file; columns: file, x1, y1, x2, y2, mm"),
        (
            (".", "--ruler", "ruler.csv"),
            "ruler.csv, line 2: there is no photograph 'foto.jpg'; did you mean photo.jpg?",
        ),
        ((".", "--out", ".", "--stl", "ear"), "there is no such region"),
        ((".", "--own", "own.yaml"), "own.yaml, line 6: 'menten' is not known; did you mean menton?"),
        ((".", "--rules", "rules.yaml"), "rules.yaml, line 2: 'nose_wdth' is not known; did you mean nose_width?"),
        ((".", "--norms", "none.parquet"), "`vermilion norms` writes one"),
    ],
)
def test_what_reconstruct_cannot_use_is_named(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"no picture")
    formula = "    unit: mm\n    formula: { distance: [menten, nasion] }\n"
    (tmp_path / "ruler.csv").write_text("file,x1,y1,x2,y2,mm\nfoto.jpg,1,2,3,4,50\n")
    (tmp_path / "own.yaml").write_text(f"measures:\n  - name: x\n    words: x\n    dimensions: 3\n{formula}")
    rule = "    dimensions: 3\n    above: 1\n    finding: x\n    source: x\n"
    (tmp_path / "rules.yaml").write_text(f"rules:\n  - measure: nose_wdth\n{rule}")
    done = vermilion(tmp_path, "reconstruct", *words)
    assert done.returncode == 2
    assert told in done.stderr


def test_a_mark_beside_its_photograph_is_told_before_anything_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(encode_png(np.zeros((30, 40, 3), np.uint8)))
    (tmp_path / "ruler.csv").write_text("file,x1,y1,x2,y2,mm\na.png,1,2,3,4,50\nb.png,1,2,3,31,50\n")
    monkeypatch.setattr(reconstruct, "_seen", lambda *_: pytest.fail("looked"))
    done = vermilion(tmp_path, "reconstruct", ".", "--ruler", "ruler.csv")
    assert done.returncode == 2
    assert "the ruler: 3, 31 lies outside b.png, which has 40 x 30 pixels" in done.stderr


def test_how_sure_a_known_distance_is_stands_there_before_the_work(tmp_path: Path) -> None:
    for number in range(2):
        (tmp_path / f"{number}.png").write_bytes(encode_png(np.zeros((40, 40, 3), np.uint8)))
    lengths = ("exocanthion_right,exocanthion_left,90", "tragion_left,nasion,120")
    done = vermilion(tmp_path, "reconstruct", ".", *(word for own in lengths for word in ("--known", own)))
    assert done.returncode == 1, done.stderr
    first, second, third = done.stderr.splitlines()[:3]
    assert first.startswith("90 mm from exocanthion right to exocanthion left: by itself it tells lengths within 4.4%")
    assert second.endswith("by itself it tells nothing, for people place a point of it")
    assert third == "together they tell more; docs/capture.md says which are within 1%"


def test_a_folder_without_a_set_is_refused_with_its_photographs(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"no picture")
    done = vermilion(tmp_path, "reconstruct", str(tmp_path))
    assert done.returncode == 1
    assert "photo.jpg" in done.stdout
