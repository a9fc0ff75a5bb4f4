"""What a raw folder passes over is counted and named, and names that look alike are asked about, in the report too."""

from pathlib import Path

import pytest

from tasks.base import tables
from tasks.evaluation.census import read_notices
from tasks.ingest.ratings.reading import read_ratings
from tasks.ingest.raw_folders.remarks import LENSES, MEND, passed_over, raters_alike, subjects_alike
from tasks.ingest.tables.raw_layout import Folder, refusals_table
from tasks.ingest.tables.sheets import RawLayoutError
from tasks.schemas.ingest import IMAGES, REFUSALS
from tests.ingest.test_identity import KINDS, SCALES, pictures, take
from tests.stewards import IMAGES as COLUMNS
from tests.stewards import RATINGS, table

LINE = ["p1.jpg,p1,repaired,t"]
RATED = ["p1.jpg,r1,lay,CARS,3"]


def over(raw: Path, *batches: Folder) -> dict[str, str]:
    folders = [Folder(raw, ""), *batches]
    images, _ = take(*folders)
    rows = passed_over(folders, images, refusals_table([]), suffixes=KINDS.still_suffixes)
    return {row["path"]: row["reason"] for row in rows}


def test_files_that_nobody_names_are_told_with_their_reason(tmp_path: Path) -> None:
    pictures(tmp_path, "p1.jpg", "p2.JPG", "sub/p3.png", "letter.docx", "@eaDir/p1.jpg", "._p1.jpg", "~$ratings.xlsx")
    table(tmp_path / "images.csv", COLUMNS, LINE)
    nobody = "no line of images.csv names this file"
    assert over(tmp_path) == {
        "p2.JPG": nobody,
        "sub/p3.png": nobody,
        "letter.docx": "neither a picture nor a clip nor a table that is read",
    }


def test_a_table_of_lenses_is_said_to_be_read_wherever_it_lies(tmp_path: Path) -> None:
    pictures(tmp_path, "p1.jpg")
    table(tmp_path / "images.csv", COLUMNS, LINE)
    for place in ("cameras.csv", "visit/Camera.csv"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        table(tmp_path / place, ("files", "model"), ["*.jpg,OPENCV"])
    assert over(tmp_path) == dict.fromkeys(("cameras.csv", "visit/Camera.csv"), LENSES)
    assert LENSES.startswith("read for photographs of its own folder")


def test_tables_by_other_names_are_read_or_told(tmp_path: Path) -> None:
    pictures(tmp_path, "p1.jpg")
    table(tmp_path / "images.csv", COLUMNS, LINE)
    names = ("Ratings.csv", "ratings (1).csv", "rating.csv", "ratings.csv.txt", "References.csv", "old.xls")
    for name in names:
        table(tmp_path / name, RATINGS, RATED)
    assert sorted(over(tmp_path)) == sorted({*names} - {"Ratings.csv"})
    images, _ = take(Folder(tmp_path, ""))
    ratings, _, refused = read_ratings([Folder(tmp_path, "")], images, scales=SCALES)
    assert (ratings.num_rows, refused.num_rows) == (1, 0)


def test_a_list_of_images_by_another_name_is_named(tmp_path: Path) -> None:
    pictures(tmp_path, "p1.jpg")
    table(tmp_path / "my pictures.csv", COLUMNS, LINE)
    with pytest.raises(RawLayoutError, match=r"images\.csv: no such file, .*there is my pictures\.csv"):
        take(Folder(tmp_path, ""))
    (tmp_path / "my pictures.csv").rename(tmp_path / "Image.csv")
    assert take(Folder(tmp_path, ""))[0].num_rows == 1


def test_names_that_look_alike_are_asked_about_and_shown_at_the_head_of_the_report(tmp_path: Path) -> None:
    raw, batch = tmp_path / "raw", tmp_path / "batch"
    pictures(raw, "a.jpg", "b.jpg", "c.jpg", "d.jpg")
    pictures(batch, "e.jpg")
    table(
        raw / "images.csv",
        COLUMNS,
        [f"{n}.jpg,{who},repaired,t" for n, who in zip("abc", ("p07", "p7", "eve"), strict=True)],
    )
    table(raw / "ratings.csv", RATINGS, ["a.jpg,surgeon,medical,CARS,3", "b.jpg,surgoen,medical,CARS,3"])
    table(batch / "images.csv", COLUMNS, ["e.jpg,p007,repaired,t"])
    table(batch / "ratings.csv", RATINGS, ["e.jpg,surgoen,medical,CARS,3"])
    folders = [Folder(raw, ""), Folder(batch, "batch/")]
    images, refused = take(*folders)
    ratings, _, _ = read_ratings(folders, images, scales=SCALES)
    rows = [
        *subjects_alike(images, folders[1:]),
        *raters_alike(read_ratings(folders[:1], images, scales=SCALES)[0], ratings),
    ]
    rows += passed_over(folders, images, refusals_table(refused), suffixes=KINDS.still_suffixes)
    tables.write(images, tmp_path / "images.parquet", IMAGES, provenance={})
    tables.write(refusals_table(rows), tmp_path / "refused.parquet", REFUSALS, provenance={})
    assert read_notices(tmp_path / "images.parquet", [tmp_path / "refused.parquet"]) == [
        f"Please check: subjects p07 and p7 look alike (1 file and 1 file); one and the same? {MEND}",
        f"Please check: raters surgeon and surgoen look alike (1 rating and 2 ratings); one and the same? {MEND}",
        "Files of the raw folder passed over: 1; what was refused, and why, has the reasons.",
    ]
