"""Files' names: as people on other systems type them, as systems leave them, and tables that are nearly named right."""

import unicodedata
from pathlib import Path
from typing import Any

import pytest

from tasks.ingest.images.inventory import Refused, files_named
from tasks.ingest.images.photograph_meant import stands_for
from tasks.ingest.raw_folders.batch import read_batch
from tasks.ingest.tables.file_names import Ambiguous, Finder, Names, called_cameras, table_of
from tasks.ingest.tables.sheets import RawLayoutError
from tests.ingest.test_identity import KINDS, pictures
from tests.stewards import IMAGES, RATINGS, table

SUFFIXES = (".jpg", ".png", ".mp4")


def named(folder: Any, path: Any) -> Any:
    return [file.relative_to(folder).as_posix() for file in files_named(Finder(folder), path, SUFFIXES)]


def test_a_pattern_fits_suffixes_in_either_case(tmp_path: Path) -> None:
    pictures(tmp_path, "CFD/a/CFD-a-N.jpg", "CFD/b/CFD-b-N.JPG", "CFD/c/CFD-c-N.Jpg", "CFD/c/CFD-c-H.jpg")
    for pattern in ("CFD/*/*-N.jpg", "CFD/**/*-N.JPG", "CFD\\*\\*-N.jpg", "cfd/*/*-n.jpg"):
        assert named(tmp_path, pattern) == ["CFD/a/CFD-a-N.jpg", "CFD/b/CFD-b-N.JPG", "CFD/c/CFD-c-N.Jpg"]


@pytest.mark.parametrize(
    ("pattern", "fitting"),
    [
        ("*.jpg", ["a.jpg"]),
        ("*/*.jpg", ["sub/a.jpg"]),
        ("**/a.jpg", ["a.jpg", "sub/a.jpg"]),
        ("SUB/[AB].jpg", ["sub/a.jpg"]),
        ("?ub\\*", ["sub/a.jpg"]),
    ],
)
def test_a_line_of_a_pattern_stands_for_the_files_that_it_names(
    tmp_path: Path, pattern: str, fitting: list[str]
) -> None:
    pictures(tmp_path, "a.jpg", "sub/a.jpg")
    assert named(tmp_path, pattern) == fitting
    assert [file for file in ("a.jpg", "sub/a.jpg") if stands_for(pattern, file)] == fitting


@pytest.mark.parametrize(
    "typed", ["Müller/Vor OP.jpg", "Müller\\Vor OP.JPG", "müller/vor  op.jpg", "./Müller//Vor OP.jpg"]
)
def test_a_path_is_found_in_any_typing(tmp_path: Path, typed: str) -> None:
    place = f"{unicodedata.normalize('NFD', 'Müller')}/Vor OP.jpg"
    pictures(tmp_path, place)
    assert named(tmp_path, typed) == [place]
    assert named(tmp_path, typed.split("Vor")[0].split("vor")[0].rstrip("/\\")) == [place]
    names = Names({place: "one"})
    assert (names.exactly(typed) or names.nearly(typed)) == "one"


def test_an_exact_name_comes_first_and_of_several_near_ones_none_is_taken(tmp_path: Path) -> None:
    pictures(tmp_path, "a.jpg", "A.jpg")
    assert named(tmp_path, "a.jpg") == ["a.jpg"]
    with pytest.raises(Refused, match=r"several files are nearly called so: A\.jpg, a\.jpg"):
        named(tmp_path, "a.JPG")
    names = Names({"a.jpg": "one", "A.jpg": "two"})
    assert names.exactly("A.jpg") == "two"
    with pytest.raises(Ambiguous, match="several files"):
        names.nearly("A.JPG")


@pytest.mark.parametrize("path", ["..\\secret.jpg", "C:\\Users\\me\\a.jpg", "\\\\server\\a.jpg", "x\\..\\..\\a.jpg"])
def test_a_path_of_windows_does_not_lead_out(tmp_path: Path, path: str) -> None:
    pictures(tmp_path / "new", "a.jpg")
    table(tmp_path / "new/images.csv", IMAGES, [f"{path},p,repaired,t"])
    reasons = [row["reason"] for row in read_batch(tmp_path / "new", settings=KINDS).problems]
    assert reasons[0] == "path must lie inside the folder of images.csv"


@pytest.mark.parametrize("typed", ["p1", "p1.png", "P1.JPEG", "elsewhere/p1.jpg"])
def test_a_name_that_nothing_has_is_told_with_what_may_be_meant(typed: str) -> None:
    names = Names({"patients/p1.jpg": "one", "p2.jpg": "two"})
    assert not names.exactly(typed)
    assert names.nearly(typed) is None
    assert names.hint(typed) == "; there is patients/p1.jpg"
    assert names.hint("p3.jpg") == ""


def test_of_files_alike_those_in_the_same_folder_are_named_first() -> None:
    names = Names({name: name for name in ("K05/ruhig.jpg", "P03/ruhig.jpg", "P05/ruhig.jpg", "K02/ruhig.jpg")})
    assert names.hint("P05/ruhg.jpg") == "; there is P05/ruhig.jpg and K02/ruhig.jpg and K05/ruhig.jpg"


def test_a_slip_in_a_files_name_is_told_and_another_number_is_not() -> None:
    names = Names({name: name for name in ("a/IMG_0001.JPG", "a/IMG_0057.JPG", "o'k.png", "front.b.png")})
    slips = {
        "a/IMG_001.JPG": "a/IMG_0001.JPG",
        "o\u2019k.png": "o'k.png",
        "front.b": "front.b.png",
        "fornt.b.png": "front.b.png",
    }
    assert {typed: names.hint(typed) for typed in slips} == {typed: f"; there is {own}" for typed, own in slips.items()}
    assert names.hint("a/IMG_0058.JPG") == ""


LEFT = [
    *("@eaDir/a.jpg/SYNO_THUMB_M.jpg", "._a.jpg", "#recycle/old.jpg", "$RECYCLE.BIN/$R1.jpg", ".AppleDouble/a.jpg"),
    *("__MACOSX/x/a.jpg", ".Trashes/b.jpg", "sub/@eaDir/c.jpg", "System Volume Information/d.jpg"),
]


def test_what_systems_leave_is_not_taken_for_photographs(tmp_path: Path) -> None:
    pictures(tmp_path, "a.jpg", "sub/b.jpg", *LEFT)
    for path in (".", "**/*.jpg"):
        assert named(tmp_path, path) == ["a.jpg", "sub/b.jpg"]
    assert named(tmp_path, "@eaDir") == ["@eaDir/a.jpg/SYNO_THUMB_M.jpg"]
    pictures(tmp_path, ".DS_Store", "Thumbs.db", "desktop.ini", ".~lock.images.csv#", "images.csv~")
    table(tmp_path / "images.csv", IMAGES, ["a.jpg,p,repaired,t", "sub,p,repaired,t"])
    batch = read_batch(tmp_path, settings=KINDS)
    assert not batch.problems
    assert [photograph.name for photograph in batch.photographs] == ["a.jpg", "sub/b.jpg"]


ONE = ["a.jpg,r,lay,CARS,3"]


@pytest.mark.parametrize(
    "name",
    ["Ratings.csv", "RATINGS.CSV", "rating.csv", "ratings.csv.txt", "ratings (1).csv", "ratings - Copy.csv"]
    + ["Kopie von ratings.csv", "ratings.txt", "ratings.tsv", "ratings.csv.csv", "Ratings .csv"],
)
def test_a_table_that_is_nearly_named_right_is_read(tmp_path: Path, name: Any) -> None:
    table(tmp_path / name, RATINGS, ONE)
    assert table_of(tmp_path, "ratings", RATINGS) == tmp_path / name


@pytest.mark.parametrize("name", ["old_ratings.csv", "ratings_anna.csv", "images.csv", "ratings.doc", "ratings.csv~"])
def test_other_names_are_other_tables(tmp_path: Path, name: str) -> None:
    table(tmp_path / name, RATINGS, ONE)
    assert table_of(tmp_path, "ratings", RATINGS) is None


def test_the_nearest_name_counts_and_two_as_near_stop(tmp_path: Path) -> None:
    for name in ("ratings (1).csv", "rating.csv", "Ratings.csv", "ratings.xlsx", "ratings.csv"):
        table(tmp_path / name, RATINGS, ONE)
        assert table_of(tmp_path, "ratings", RATINGS) == tmp_path / name
    for name in ("ratings.csv", "ratings.xlsx", "Ratings.csv"):
        (tmp_path / name).unlink()
    table(tmp_path / "ratings.csv.txt", RATINGS, ONE)
    with pytest.raises(RawLayoutError, match=r"rating\.csv and ratings\.csv\.txt could both be the table of ratings"):
        table_of(tmp_path, "ratings", RATINGS)


def test_a_near_name_without_the_columns_is_not_taken(tmp_path: Path) -> None:
    table(tmp_path / "References.csv", RATINGS, ONE)
    assert table_of(tmp_path, "references", ("path", "measure", "value")) is None


def test_a_batch_says_which_of_its_tables_is_not_read(tmp_path: Path) -> None:
    pictures(tmp_path, "a.jpg")
    table(tmp_path / "images.csv", IMAGES, ["a.jpg,p,repaired,t"])
    table(tmp_path / "ratings.csv", RATINGS, ONE)
    table(tmp_path / "ratings (1).csv", RATINGS, ONE)
    (row,) = read_batch(tmp_path, settings=KINDS).problems
    assert row["path"] == "ratings (1).csv"
    assert str(row["reason"]).startswith("a table that is not read")


def test_a_batch_and_a_raw_folder_say_what_a_table_of_lenses_is_for(tmp_path: Path) -> None:
    pictures(tmp_path, "a.jpg")
    table(tmp_path / "images.csv", IMAGES, ["a.jpg,p,repaired,t"])
    table(tmp_path / "cameras.csv", ("files", "model"), ["*.jpg,OPENCV"])
    (row,) = read_batch(tmp_path, settings=KINDS).problems
    assert str(row["reason"]).startswith("lenses of a visit's photographs do not come in with a batch")
    assert called_cameras("Cameras.CSV") and not called_cameras("camera.jpg") and not called_cameras("cameras.csv.jpg")
