"""The anthropometry stages on a small project: what each writes, and what a person's correction computes again."""

import json
import re
import shutil
from importlib import import_module
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest

from flows import PROJECT
from flows.pages import review
from flows.pages.record import Photograph, Project
from flows.photographs.score import lines, score
from flows.stages.anthropometry import anthropometry_norms
from tasks import params
from tasks.anthropometry.from_people import adjustment, versions
from tasks.anthropometry.from_people.corrections import Said, keep, now
from tasks.anthropometry.names import INDEX, POINTS
from tasks.base import absence, tables
from tasks.evaluation.chapters import CHAPTERS
from tasks.evaluation.norms import own_norms, read_norms
from tasks.params.anthropometry import AnthropometryAdjust
from tasks.phantoms.dataset import NOTICE
from tasks.schemas.anthropometry import ANTHROPOMETRY_MEASURES, ANTHROPOMETRY_POINTS, ANTHROPOMETRY_PROFILES
from tasks.schemas.ingest import IMAGES, LANDMARKS
from tests.here import stages, vermilion
from tests.ingest import sideways
from tests.project import copy_project, set_number

MEASURE = "peak_height_difference"


def points(project: Path, name: str = "placed") -> Any:
    found = tables.read(project / "data/anthropometry" / name, ANTHROPOMETRY_POINTS).to_pandas()
    return found.set_index("image_id")


def measures(project: Path) -> Any:
    found = tables.read(project / "data/anthropometry/measures", ANTHROPOMETRY_MEASURES).to_pandas()
    return found.set_index(["image_id", "measure"])


def test_every_photograph_has_a_row_and_no_clip_has(built: Path) -> None:
    images = tables.read(built / "data/ingest/images", IMAGES).to_pandas()
    found = points(built)
    assert set(found.index) == set(images.loc[images["kind"] == "still", "image_id"])
    landmarks = tables.read(built / "data/ingest/landmarks", LANDMARKS).to_pandas().set_index("image_id")
    refused = landmarks.loc[found.index, "reason"]
    assert (found.loc[refused.notna(), "reason"] == refused[refused.notna()]).all()
    assert found.loc[refused.isna(), "points"].map(len).eq(2 * len(POINTS)).all()


def test_every_photograph_has_every_measure_or_why_not(built: Path) -> None:
    found = measures(built)
    assert found.index.get_level_values("image_id").nunique() == len(points(built))
    assert (found["value"].isna() == found["reason"].notna()).all()
    assert found.groupby("image_id").size().nunique() == 1
    cleft = found[(found["region"] == "cleft") & found["value"].notna()]
    assert cleft["deviation"].notna().any()
    assert (found["deviation"].dropna() >= 0).all()


def test_a_correction_counts_and_measures_alone_are_made_again(built: Path, tmp_path: Path) -> None:
    project = copy_project(built, tmp_path / "project")
    before, values = points(project), measures(project)
    image = str(values.xs(MEASURE, level="measure")["value"].dropna().index[0])
    at = INDEX["crista_philtri_left"]
    old = np.reshape(before.loc[image, "points"], (-1, 2))[at]
    place = (float(old[0]), float(old[1]) - 0.1 * float(before.loc[image, "interocular_px"]))
    keep(project / "data/corrections", Said(now(), "surgeon", image, "crista_philtri_left", "moved", place), None)
    said = stages(project, "anthropometry_points", "anthropometry_measure")
    assert re.search(r"anthropometry_points: \d+ buckets reused .* 0 buckets computed", said)
    assert re.search(r"anthropometry_measure: \d+ buckets reused .* 1 buckets computed", said)
    after = points(project)
    assert tuple(np.reshape(after.loc[image, "points"], (-1, 2))[at]) == pytest.approx(place)
    assert after.loc[image, "refined"][at] == 2
    changed = measures(project)
    moved = abs(changed.loc[(image, MEASURE), "value"] - values.loc[(image, MEASURE), "value"])
    assert 0.03 < moved < 0.11
    others = values.index.get_level_values("image_id") != image
    pd.testing.assert_frame_equal(changed[others], values[others])
    assert points(project, "points").loc[image, "refined"][at] != 2  # what the models said stays


def test_a_version_of_the_adjustment_moves_points_that_count_and_places_none_again(built: Path, tmp_path: Path) -> None:
    project = copy_project(built, tmp_path / "project")
    before = points(project, "points")
    seen = before[before["points"].notna()]
    people = seen.drop_duplicates("subject_id").index[:6]
    at = 2 * INDEX["menton"] + 1
    for image in people:
        x, y = (float(one) for one in seen.loc[image, "points"][at - 1 : at + 1])
        keep(project / "data/corrections", Said(now(), "surgeon", str(image), "menton", "moved", (x, y + 9)), None)
    settings = params.load(AnthropometryAdjust, "anthropometry_adjust", project / "params.yaml")
    table = tables.read(project / "data/anthropometry/points", ANTHROPOMETRY_POINTS)
    _, version = adjustment.version(table, project / "data/corrections", settings=settings)
    versions.keep(project / "data/corrections" / adjustment.FILE, version)
    said = stages(project, "anthropometry_points", "anthropometry_measure")
    assert re.search(r"anthropometry_points: \d+ buckets reused .* 0 buckets computed", said)
    after = points(project)
    others = seen.index.difference(people)
    moved = [after.loc[image, "points"][at] - before.loc[image, "points"][at] for image in others]
    assert all(3 < one < 9 for one in moved)
    assert points(project, "points").loc[others[0], "points"][at] == before.loc[others[0], "points"][at]


def test_a_limit_that_changes_places_no_point_again(built: Path, tmp_path: Path) -> None:
    project = copy_project(built, tmp_path / "project")
    set_number(project, "anthropometry_measure", "most_smile", 0.01)
    said = stages(project, "anthropometry_points", "anthropometry_measure")
    assert re.search(r"anthropometry_points: \d+ buckets reused .* 0 buckets computed", said)
    found = measures(project)
    assert found.xs("mouth_width", level="measure")["value"].isna().all()
    assert found.xs("canthal_tilt", level="measure")["value"].notna().any()


def test_profiles_are_measured_by_their_outline_and_by_nothing_else(built: Path, tmp_path: Path) -> None:
    project = copy_project(built, tmp_path / "project")
    raw = project / "data/raw/phantoms"
    cv2.imwrite(str(raw / "side.png"), sideways.head()[..., ::-1])
    front = next(line for line in (raw / "images.csv").read_text().splitlines() if "control" in line and ".png" in line)
    name = front.split(",")[0]
    cv2.imwrite(str(raw / "front.png"), cv2.convertScaleAbs(np.asarray(cv2.imread(str(raw / name))), alpha=0.97))
    (raw / "images.csv").write_text(
        "path,subject_id,population,view\nside.png,one,repaired,left\nfront.png,two,control,right\n"
        + f"{name},three,control,\n"
    )
    for out in ("ingest/images", "ingest/frames", "ingest/landmarks", "anthropometry/points"):  # as DVC does
        shutil.rmtree(project / "data" / out)
    (project / "data/ingest/frames").mkdir()
    stages(project, "ingest_images", "ingest_landmarks", "anthropometry_points", "anthropometry_profiles")
    listed = tables.read(project / "data/ingest/images", IMAGES).to_pandas().set_index("subject_id")
    reasons = tables.read(project / "data/ingest/landmarks", LANDMARKS).to_pandas().set_index("image_id")["reason"]
    assert reasons[listed.loc["one", "image_id"]].startswith("in profile: its outline is measured")
    assert reasons[listed.loc["two", "image_id"]] == "the face is seen from the front, but its view is called right"
    assert list(points(project, "points").index) == [listed.loc["three", "image_id"]]
    found = tables.read(project / "data/anthropometry/profiles", ANTHROPOMETRY_PROFILES).to_pandas()
    assert set(found["subject_id"]) == {"one", "two"}
    measured = tables.read(project / "data/anthropometry/profile_measures", ANTHROPOMETRY_MEASURES).to_pandas()
    assert measured.loc[measured["subject_id"] == "one", "value"].notna().all()
    assert set(measured.loc[measured["subject_id"] == "two", "reason"]) == {
        "the face is seen from the front, but its view is called right"
    }


def test_norms_are_of_the_projects_own_controls_and_everything_is_compared_with_them(
    built: Path, tmp_path: Path
) -> None:
    assert own_norms(built / "data/anthropometry").said.startswith("There are no norms: 12 people; a norm needs 20.")
    project = copy_project(built, tmp_path / "project")
    set_number(project, "anthropometry_norms", "people", 5)
    stages(project, "anthropometry_norms", "evaluate", "report")
    made = own_norms(project / "data/anthropometry")
    assert made.only == NOTICE
    assert made.said == f"Norms are those of this project's controls, 12 people ({NOTICE})."
    assert made.for_picture(None).rows == []  # a photograph is not compared with drawn faces
    values = measures(project)
    controls = values[(values["population"] == "control")].xs(MEASURE, level="measure")["value"].dropna()
    everybody = next(row for row in made.rows if row["measure"] == MEASURE and row["gender"] == "all")
    assert everybody["mean"] == pytest.approx(controls.mean())
    chapter = json.loads((project / "data/reports/metrics.json").read_text())["anthropometry"]
    assert set(chapter["norms"]["measures"][MEASURE]["populations"]) == {"repaired", "unrepaired"}
    assert 'class="normbar"' in (project / "data/reports/index.html").read_text()
    _photographs_are_compared(project, values)


def _photographs_are_compared(project: Path, values: Any) -> None:
    """On a photograph's page of `vermilion review`, and on that of `vermilion measure`."""
    own = Project(project)
    known = set(values["value"].dropna().index.get_level_values("image_id"))
    photograph = next(one for one in own.photographs().values() if one.image_id in known)
    state = review.state(own, photograph.image_id, "")
    assert any(one["bar"] for one in state["measures"])
    assert state["norms"].startswith("Norms are those of this project's controls")
    vermilion(project, "measure", str(photograph.path), "--out", str(project / "pages"))
    (page,) = (project / "pages").glob("*.html")
    assert 'class="normbar"' in page.read_text()
    others = page.read_text().partition('<section id="others">')[2]
    for chapter in CHAPTERS:  # every other system that reads photographs has its value there, or says why not
        if chapter.PHOTOGRAPH and chapter.NAME != "anthropometry":
            assert any(name in others for name in (chapter.TITLE, *said_by(project, chapter.PHOTOGRAPH, photograph)))


def said_by(project: Path, module: str, photograph: Photograph) -> list[str]:
    """What a system calls its values."""
    reader = import_module(module).open_reader(project)
    scored = score(photograph.path, {"one": reader}, project, drawn=None, advance=lambda _: None)
    return [name for one in scored.photo.readings for name, _ in lines(one)]


def test_without_controls_norms_say_what_to_add(built: Path, tmp_path: Path) -> None:
    project = copy_project(built, tmp_path / "project")
    images = project / "data/ingest/images"
    for part in tables.parts(images):
        rows = [row for row in tables.read(part, IMAGES).to_pylist() if row["population"] != "control"]
        part.unlink()
        tables.write(IMAGES.table(rows), part, IMAGES, provenance={})
    stages(project, "anthropometry_norms")
    said = own_norms(project / "data/anthropometry").said
    assert said == "There are no norms: no controls: add photographs of people without a cleft."


def test_controls_in_profile_have_norms_and_a_project_of_profiles_alone_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(PROJECT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    set_number(tmp_path, "anthropometry_norms", "people", 5)
    who = [{"image_id": f"{n:064x}", "subject_id": f"p{n}", "population": "control"} for n in range(6)]
    kind = {"path": "x.png", "names": ["x.png"], "kind": "still", "size_bytes": 1}
    tables.write(IMAGES.table(one | kind for one in who), Path("images"), IMAGES, provenance={})

    def measured(name: str, unit: str) -> Path:
        rows = [one | {"measure": name, "words": name, "unit": unit, "value": float(n)} for n, one in enumerate(who)]
        tables.write(
            ANTHROPOMETRY_MEASURES.table(row | {"region": "x"} for row in rows),
            Path(name),
            ANTHROPOMETRY_MEASURES,
            provenance={},
        )
        return Path(name)

    front, side, out = (
        measured("nose_width", "interocular"),
        measured("dorsal_hump", "nose heights"),
        Path("norms.parquet"),
    )
    given = {"images": Path("images"), "out": out}
    anthropometry_norms.fn(measures=front, profiles=side, **given)
    assert {row["measure"] for row in read_norms(out, "theirs").rows} == {"nose_width", "dorsal_hump"}
    absence.mark(Path("none"), "no photographs")
    for here, there, wanted in ((front, Path("none"), "nose_width"), (Path("none"), side, "dorsal_hump")):
        anthropometry_norms.fn(measures=here, profiles=there, **given)
        assert {row["measure"] for row in read_norms(out, "theirs").rows} == {wanted}
    with pytest.raises(absence.Absent):
        anthropometry_norms.fn(measures=Path("none"), profiles=Path("none"), **given)
