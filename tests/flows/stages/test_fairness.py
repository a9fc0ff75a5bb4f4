"""The stages of fairness: fairness_appearance and fairness_groups, and the chapter that the report has of them."""

import json
import re
from pathlib import Path

import pytest

from tasks.base import absence, tables
from tasks.schemas.fairness import APPEARANCE
from tasks.schemas.ingest import GROUPS, IMAGES, REFUSALS
from tests.here import stages, vermilion
from tests.project import copy_project, set_number


@pytest.fixture
def project(built: Path, tmp_path: Path) -> Path:
    return copy_project(built, tmp_path / "project")


def test_every_still_has_a_row_with_what_it_shows(built: Path) -> None:
    shown = tables.read(built / "data/fairness/appearance", APPEARANCE).to_pandas()
    listed = tables.read(built / "data/ingest/images", IMAGES, ["image_id", "kind"]).to_pandas()
    assert set(shown["image_id"]) == set(listed.loc[listed["kind"] == "still", "image_id"])
    known = shown[shown["reason"].isna()]
    assert len(known) > 20
    assert known["skin_lightness"].between(0, 100).all()
    assert known["skin_lightness"].nunique() > 10


def test_gender_and_age_of_images_csv_are_groupings(built: Path) -> None:
    groups = tables.read(built / "data/fairness/groups.parquet", GROUPS).to_pandas()
    assert set(groups["grouping"]) == {"gender", "age_group"}
    metrics = json.loads((built / "data/reports/metrics.json").read_text())["fairness"]
    assert metrics["reason"] is None
    assert metrics["severity"] == "drawn severity"
    assert "gender: female" in metrics["followed"]
    assert metrics["followed"]["skin_lightness"]["mirror_difference"]["controls"]["value"] is not None
    summary = json.loads((built / "data/reports/summary.json").read_text())["fairness"]
    assert set(summary) == {"skin_controls", "skin_patients"}


def test_groups_csv_comes_into_the_report(project: Path) -> None:
    people = sorted({path.parent.name for path in (project / "data/raw/phantoms/controls").rglob("*.png")})
    lines = [f"{who},{number % 6 + 1},{('north', 'south')[number % 2]}" for number, who in enumerate(people)]
    file = project / "data/raw/phantoms/groups.csv"
    file.write_text("\n".join(["subject_id,skin_type,clinic", *lines, "nobody,3,south"]) + "\n")
    said = stages(project, "fairness_groups", "evaluate", "report")
    assert "fairness_groups: 4 groupings, 1 line refused" in said
    refused = tables.read(project / "data/fairness/groups_refused.parquet", REFUSALS).to_pylist()
    assert [row["path"] for row in refused] == ["nobody"]
    page = re.sub(r"\s+", " ", (project / "data/reports/index.html").read_text())
    assert '<a href="#fairness">Fairness</a>' in page
    assert "<span>Clinic: north against south</span>" in page
    assert "<span>Skin type</span>" in page
    assert "Refused of the table of groups: groups.csv, line" in page
    assert "nobody: no such person in images.csv" in page
    assert (project / "data/reports/figures/fairness-rho-1.png").exists()
    told = vermilion(project, "results").stdout
    assert "skin controls" in told
    file.write_text("person,clinic\nx,north\n")
    with pytest.raises(SystemExit, match="no column subject_id or path"):
        stages(project, "fairness_groups")


def test_a_chapter_that_is_off_or_has_no_photographs_says_so(project: Path) -> None:
    set_number(project, "systems", "fairness", False)
    said = stages(project, "fairness_appearance", "fairness_groups", "evaluate", "report")
    assert "fairness_appearance: nothing to do: fairness is off" in said
    page = re.sub(r"\s+", " ", (project / "data/reports/index.html").read_text())
    assert "Not measured: fairness is off; write fairness: true under systems in params.yaml." in page
    set_number(project, "systems", "fairness", True)
    absence.mark(project / "data/ingest/images", "nothing was photographed")
    said = stages(project, "fairness_appearance", "fairness_groups")
    assert "fairness_groups: nothing to do: nothing was photographed" in said
    assert absence.reason_of(project / "data/fairness/appearance") == "nothing was photographed"
