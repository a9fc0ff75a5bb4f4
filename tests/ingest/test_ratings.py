"""ratings.csv and references.csv: good lines are kept whole, bad ones refused with line and reason."""

from pathlib import Path
from typing import Any

import pytest

from tasks.base import tables
from tasks.ingest.ratings.reading import read_ratings
from tasks.ingest.tables.raw_layout import Folder, folders
from tasks.ingest.tables.sheets import RawLayoutError
from tasks.params.ingest import Scale
from tasks.schemas.ingest import IMAGES

SCALES = {"CARS": Scale(low=1, high=5), "share": Scale(low=0, high=1)}
HEADER = "path,rater_id,rater_role,scale,score\n"


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """A raw folder and its images table: photograph `one` has two names."""
    rows = [("one", ["a.jpg", "copy/a.jpg"]), ("two", ["b.jpg"])]
    fixed = {"kind": "still", "subject_id": "s", "population": "repaired", "size_bytes": 1}
    table = IMAGES.table(fixed | {"image_id": name, "path": names[0], "names": names} for name, names in rows)
    tables.write(table, tmp_path / "images.parquet", IMAGES, provenance={})
    return tmp_path


def listed(raw: Path) -> Any:
    return tables.read(raw / "images.parquet", IMAGES)


def ratings(raw: Path, text: str | None = None, references: str | None = None) -> Any:
    for name, content in (("ratings.csv", text), ("references.csv", references)):
        if content is not None:
            (raw / name).write_text(content)
    return [table.to_pylist() for table in read_ratings([Folder(raw, "")], listed(raw), scales=SCALES)]


def test_good_lines_are_all_kept(raw: Path) -> None:
    lines = [f"{path},r{i},lay,CARS,{score}" for i in range(5) for path, score in (("a.jpg", 1 + i), ("b.jpg", 4.5))]
    kept, references, refused = ratings(raw, HEADER + "\n".join(lines))
    assert len(kept) == 10
    assert not references
    assert not refused
    assert {
        "image_id": "one",
        "rater_id": "r3",
        "rater_role": "lay",
        "scale": "CARS",
        "score": 4.0,
        "earlier": None,
    } in kept


def test_no_files_give_empty_tables(raw: Path) -> None:
    assert ratings(raw) == [[], [], []]


def test_files_with_a_header_alone_give_empty_tables(raw: Path) -> None:
    assert ratings(raw, HEADER, "path,measure,value\n") == [[], [], []]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("a.jpg,r,lay,CARS,0.99", "score 0.99 is outside CARS, 1 to 5"),
        ("a.jpg,r,lay,CARS,6", "score 6 is outside CARS, 1 to 5"),
        ("a.jpg,r,lay,CARS,-1e400", "score '-1e400' is not a number"),
        ("a.jpg,r,lay,CARS,nan", "score 'nan' is not a number"),
        ("a.jpg,r,lay,CARS,inf", "score 'inf' is not a number"),
        ("a.jpg,r,lay,CARS,good", "score 'good' is not a number"),
        ("a.jpg,r,lay,CARS,", "score is empty: not rated yet"),
        ("a.jpg,r,lay,CARS,0_3", "score '0_3' is not a number"),
        ("a.jpg,r,lay,CARS,50%", "score '50%' is not a number; write it without %"),
        ("a.jpg,r,lay,CARS,03.Apr", "a spreadsheet seems to have made a date of it"),
        ("a.jpg,r,lay,CARS,3. Mai", "a spreadsheet seems to have made a date of it"),
        ("a.jpg,r,lay,CARS,03-janvier", "a spreadsheet seems to have made a date of it"),
        ("a.jpg,r,lay,CARS,3 good", "score '3 good' is not a number"),
        ('a.jpg,r,lay,CARS,"1,234"', "score '1,234' could be 1.234 or 1234"),
        ("a.jpg,r,nurse,CARS,3", "rater_role 'nurse' is not one of medical, lay"),
        ("a.jpg,r,lay,VAS,3", "scale 'VAS' is not one of CARS, share (params.yaml, ingest_ratings.scales)"),
        ("a.jpg,,lay,CARS,3", "rater_id must not be empty"),
        ("c.jpg,r,lay,CARS,3", "no such image in images.csv, or it was refused"),
        (",r,lay,CARS,3", "no such image"),
        ("b.jpg,first,medical,CARS,3", "rater first has rated this image before on CARS; the first line counts"),
    ],
)
def test_a_bad_line_is_refused_with_its_number_and_the_others_stay(raw: Path, line: str, reason: str) -> None:
    text = f"{HEADER}b.jpg,first,medical,CARS,2\n{line}\nb.jpg,last,lay,share,1\n"
    kept, _, refused = ratings(raw, text)
    assert [(row["rater_id"], row["score"]) for row in kept] == [("first", 2.0), ("last", 1.0)]
    (row,) = refused
    assert (row["source"], row["line"], row["path"]) == ("ratings.csv", 3, line.split(",")[0])
    assert reason in row["reason"]


@pytest.mark.parametrize("score", ["1", "5", "1.0", "3e0", " 2.5 ", "+4"])
def test_ends_and_every_way_to_write_a_number_count(raw: Path, score: str) -> None:
    kept, _, refused = ratings(raw, f"{HEADER}a.jpg,r,lay,CARS,{score}\n")
    assert [row["score"] for row in kept] == [float(score)]
    assert not refused


def test_either_name_of_a_photograph_means_it(raw: Path) -> None:
    kept, _, refused = ratings(
        raw, f"{HEADER}copy/a.jpg,r1,lay,CARS,2\na.jpg,r2,lay,CARS,3\n./copy//a.jpg,r3,lay,CARS,4\n"
    )
    assert [(row["image_id"], row["score"]) for row in kept] == [("one", 2.0), ("one", 3.0), ("one", 4.0)]
    assert not refused
    kept, _, refused = ratings(raw, f"{HEADER}copy/a.jpg,r1,lay,CARS,2\na.jpg,r1,lay,CARS,3\n")
    assert [row["score"] for row in kept] == [2.0]
    assert [(row["line"], "before" in row["reason"]) for row in refused] == [(3, True)]


def test_one_rater_may_use_two_scales(raw: Path) -> None:
    kept, _, refused = ratings(raw, f"{HEADER}a.jpg,r,lay,CARS,2\na.jpg,r,lay,share,0.5\n")
    assert len(kept) == 2
    assert not refused


DRAWN = "0123456789abcdef" * 4


@pytest.mark.parametrize("folder", ["", "survey/", "2026-11-20-1513dad6f445/survey/", "./"])
def test_a_generated_picture_is_named_by_its_id(raw: Path, folder: str) -> None:
    path = f"{folder}generated/{DRAWN}.png"
    kept, _, refused = ratings(raw, f"{HEADER}{path},r,lay,CARS,4\nb.jpg,r,lay,CARS,2\n{path},r,lay,CARS,5\n")
    assert {row["image_id"]: row["score"] for row in kept} == {"two": 2.0, DRAWN: 4.0}
    assert [(row["line"], "before" in row["reason"]) for row in refused] == [(4, True)]


@pytest.mark.parametrize(
    "path",
    [
        f"generated/{DRAWN[1:]}.png",
        f"generated/{DRAWN}0.png",
        f"generated/{DRAWN.upper()}.png",
        f"generated/{DRAWN}.jpg",
        f"regenerated/{DRAWN}.png",
        f"generated/pre/{DRAWN}.png",
        f"{DRAWN}.png",
    ],
)
def test_other_names_are_looked_up(raw: Path, path: str) -> None:
    kept, _, refused = ratings(raw, f"{HEADER}{path},r,lay,CARS,4\n")
    assert not kept
    assert "no such image in images.csv" in refused[0]["reason"]


def test_a_generated_picture_has_no_references(raw: Path) -> None:
    _, references, refused = ratings(raw, None, f"path,measure,value\ngenerated/{DRAWN}.png,severity,1\n")
    assert not references
    assert "no such image" in refused[0]["reason"]


def test_references(raw: Path) -> None:
    lines = [
        "a.jpg,severity,0.5",
        "copy/a.jpg,width,44",
        "b.jpg,severity,-3e-2",
        "c.jpg,severity,1",
        "b.jpg,severity,1",
    ]
    lines += ["b.jpg,,1", "b.jpg,width,wide", "b.jpg,width,inf"]
    _, references, refused = ratings(raw, None, "path,measure,value\n" + "\n".join(lines))
    assert [(r["image_id"], r["measure"], r["value"]) for r in references] == [
        ("one", "severity", 0.5),
        ("one", "width", 44.0),
        ("two", "severity", -0.03),
    ]
    assert [(row["source"], row["line"]) for row in refused] == [("references.csv", line) for line in (5, 6, 7, 8, 9)]
    reasons = [row["reason"] for row in refused]
    for reason, told in zip(
        reasons, ("no such image", "stands twice", "must not be empty", "'wide'", "'inf'"), strict=True
    ):
        assert told in reason


def test_nothing_is_lost(raw: Path) -> None:
    """Kept and refused lines together are the lines of the files."""
    lines = [f"{path},r{i % 7},{role},CARS,{i % 8}" for i in range(40) for path in "ab" for role in ("lay", "chef")]
    text = HEADER + "\n".join(line.replace(",r", ".jpg,r", 1) for line in lines)
    kept, _, refused = ratings(raw, text)
    assert len(kept) + len(refused) == len(lines) == 160
    assert len({row["line"] for row in refused}) == len(refused)


@pytest.mark.parametrize("name", ["ratings.csv", "references.csv"])
def test_a_file_that_cannot_be_trusted_stops_at_once(raw: Path, name: str) -> None:
    (raw / name).write_bytes(b"path,rater_id\na.jpg,Ren\xe9\n")
    with pytest.raises(RawLayoutError, match=rf"{name}: line 2: byte 0xe9 is not UTF-8"):
        ratings(raw)
    (raw / name).write_text("path,rater\na.jpg,r\n")
    with pytest.raises(RawLayoutError, match=rf"{name}: line 1: no column"):
        ratings(raw)


def test_a_batch_names_its_own_pictures_first_then_all(raw: Path) -> None:
    batch = raw / "batches/new"
    batch.mkdir(parents=True)
    (raw / "ratings.csv").write_text(HEADER + "a.jpg,r,lay,CARS,1\n")
    (batch / "ratings.csv").write_text(HEADER + "a.jpg,s,lay,CARS,2\nb.jpg,s,lay,CARS,3\nother/c.jpg,s,lay,CARS,4\n")
    rows = [("one", "a.jpg"), ("two", "b.jpg"), ("three", "new/a.jpg"), ("four", "other/c.jpg")]
    fixed = {"kind": "still", "subject_id": "s", "population": "repaired", "size_bytes": 1}
    table = IMAGES.table(fixed | {"image_id": i, "path": n, "names": [n]} for i, n in rows)
    tables.write(table, raw / "images.parquet", IMAGES, provenance={})
    kept, _, refused = read_ratings(folders(raw, raw), listed(raw), scales=SCALES)
    assert not refused.num_rows
    found = {(row["image_id"], row["rater_id"]): row["score"] for row in kept.to_pylist()}
    assert found == {("one", "r"): 1, ("three", "s"): 2, ("two", "s"): 3, ("four", "s"): 4}
