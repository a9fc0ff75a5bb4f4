"""groups.csv: whose line it is, numbers and words, what is refused and why, and what images.csv says besides."""

from pathlib import Path

import pyarrow as pa
import pytest

from tasks.ingest.images.groups import groups_file, read_groups
from tasks.ingest.images.inventory import name_files
from tasks.ingest.raw_folders.remarks import passed_over
from tasks.ingest.raw_folders.removal import lines_naming, write_without
from tasks.ingest.tables.raw_layout import Folder, refusals_table
from tasks.ingest.tables.sheets import RawLayoutError
from tasks.params.ingest import IngestImages

SETTINGS = IngestImages(still_suffixes=(".jpg",), clip_suffixes=(), most_still_megabytes=1, most_clip_megabytes=1)
IMAGES = pa.table(
    {
        "image_id": ["a" * 64, "b" * 64, "c" * 64],
        "names": [["p1/front.jpg"], ["p1/again.jpg"], ["p2/front.jpg"]],
        "subject_id": ["p1", "p1", "Zoë"],
        "gender": ["female", "female", None],
        "age_group": [None, None, "child"],
    }
)


def told(folder: Path, text: str, name: str = "groups.csv") -> tuple[dict[tuple[str, str], object], list[str]]:
    """By photograph (its first letter) and grouping what is said, and the reasons of what is refused."""
    (folder / name).write_text(text, encoding="utf-8")
    groups, refused = read_groups(folder, IMAGES)
    said = {
        (row["image_id"][0], row["grouping"]): row["word"] if row["number"] is None else row["number"]
        for row in groups.to_pylist()
    }
    return said, [f"{row['line']}: {row['reason']}" for row in refused.to_pylist()]


def test_without_the_file_images_csv_alone_says_groups(tmp_path: Path) -> None:
    groups, refused = read_groups(tmp_path, IMAGES)
    assert [(row["image_id"][0], row["grouping"], row["word"]) for row in groups.to_pylist()] == [
        ("a", "gender", "female"),
        ("b", "gender", "female"),
        ("c", "age_group", "child"),
    ]
    assert refused.num_rows == 0


def test_a_line_about_a_person_holds_for_every_photograph(tmp_path: Path) -> None:
    said, wrong = told(tmp_path, "subject_id,skin_type,Clinic\nP1,2,north\nzoë ,5.5,\n", "Groups.CSV")
    own = {place: value for place, value in said.items() if place[1] in ("skin_type", "clinic")}
    assert own == {
        ("a", "skin_type"): 2.0,
        ("b", "skin_type"): 2.0,
        ("c", "skin_type"): 5.5,
        ("a", "clinic"): "north",
        ("b", "clinic"): "north",
    }
    assert not wrong


def test_a_line_about_a_photograph_and_a_column_that_replaces_one_of_images_csv(tmp_path: Path) -> None:
    said, wrong = told(tmp_path, "path;gender\np1/front.jpg;Woman\np1\\again.jpg;woman\n")
    assert said == {("a", "gender"): "Woman", ("b", "gender"): "Woman", ("c", "age_group"): "child"}
    assert not wrong


def test_refused_lines_say_what_is_wrong(tmp_path: Path) -> None:
    lines = "subject_id,skin_type,clinic\np1,2,north\nZoë,dark,north\nnobody,3,\np1,4,\n"
    more = "".join(f"p{n},3,\n" for n in range(1, 3))
    said, wrong = told(tmp_path, lines + more)
    assert said["a", "skin_type"] == 2.0
    assert ("c", "skin_type") not in said
    assert said["c", "clinic"] == "north"
    assert wrong[0].startswith("3: skin_type 'dark' is not a number, as most of the column are")
    assert wrong[1] == "4: no such person in images.csv, or all photographs refused"
    assert wrong[2] == "5: skin_type was told in an earlier line, which counts"


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("skin_type,clinic", "no column subject_id or path. Accepted: subject_id or path, and one column"),
        ("path,subject_id,clinic", "both columns subject_id and path; keep one"),
        ("subject_id", "no column of groups beside subject_id"),
    ],
)
def test_a_file_that_cannot_be_used_says_what_is_accepted(tmp_path: Path, header: str, reason: str) -> None:
    with pytest.raises(RawLayoutError, match="groups.csv: ") as error:
        told(tmp_path, f"{header}\n{','.join('x' for _ in header.split(','))}\n")
    assert reason in str(error.value)


def test_the_file_is_not_passed_over_and_a_copy_of_it_is(tmp_path: Path) -> None:
    for name in ("groups.csv", "groups (1).csv"):
        (tmp_path / name).write_text("subject_id,clinic\np1,north\n")
    assert groups_file(tmp_path) == tmp_path / "groups.csv"
    remarks = list(passed_over([Folder(tmp_path, "")], IMAGES, refusals_table([]), suffixes=(".jpg",)))
    assert [row["path"] for row in remarks] == ["groups (1).csv"]
    assert "groups" in remarks[0]["reason"]


@pytest.mark.parametrize("column", ["subject_id", "path"])
def test_a_withdrawal_takes_the_persons_line_out(tmp_path: Path, column: str) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.jpg").write_text(name)
    (tmp_path / "images.csv").write_text("path,subject_id,population\na.jpg,p1,control\nb.jpg,p2,control\n")
    who = {"subject_id": ("P1", "p2"), "path": ("a.jpg", "b.jpg")}[column]
    groups = tmp_path / "groups.csv"
    groups.write_text(f"{column},clinic\n{who[0]},north\n{who[1]},south\n")
    raw = Folder(tmp_path, "")
    named = name_files([raw], SETTINGS)[0]
    own = {item.image_id for item in named if item.subject_id == "p1"}
    lines = dict(lines_naming([raw], named, own, "p1"))
    assert lines[groups] == {("", 2)}
    write_without(groups, lines[groups])
    assert groups.read_text().split() == [f"{column},clinic", f"{who[1]},south"]
