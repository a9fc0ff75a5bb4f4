"""A batch before it comes in: what it holds is read whole, and everything wrong with it has its line and its reason."""

import os
import re
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pytest
from openpyxl import Workbook
from PIL import Image

from flows import PROJECT
from tasks import params
from tasks.base.images import carries_place
from tasks.errors import InputError
from tasks.ingest.images.inventory import take_inventory
from tasks.ingest.images.withdrawn import Withdrawn
from tasks.ingest.ratings.reading import read_ratings
from tasks.ingest.raw_folders.admission import BATCH_ID, Known, admit, known, spelt_out, unfit
from tasks.ingest.raw_folders.batch import Batch, Photograph, read_batch
from tasks.ingest.tables.raw_layout import Folder
from tasks.params.ingest import IngestFrames, IngestImages, IngestRatings
from tests.ingest.drawn import SETTINGS, covered_mouth, face
from tests.spreadsheets import active
from tests.stewards import IMAGES, RATINGS, draw, table

KINDS = params.load(IngestImages, "ingest_images", PROJECT / "params.yaml")
SCALES = params.load(IngestRatings, "ingest_ratings", PROJECT / "params.yaml").scales
FRAMES = params.load(IngestFrames, "ingest_frames", PROJECT / "params.yaml")
INSPECT = partial(unfit, clip_suffixes=KINDS.clip_suffixes, frames=FRAMES, landmarks=SETTINGS, withdrawn=Withdrawn())
CORRECT = " (`vermilion ratings correct` replaces a score)"
EARLIER = "2026-01-02-0123456789ab"
EMPTY = "a batch has at least one of images.csv, ratings.csv, references.csv, as files or as sheets of one workbook"
NOTHING = Known({}, {}, frozenset(), frozenset(), {}, {})


def fine(file: Photograph) -> None:
    """Nothing wrong with any picture."""


def read(path: Path) -> Batch:
    return read_batch(path, settings=KINDS)


def problems(path: Path, there: Known = NOTHING, inspect: Any = fine) -> list[tuple[Any, ...]]:
    """What is wrong with the batch, as (source, line, path, reason)."""
    found = admit(read(path), there, scales=SCALES, inspect=inspect, each=map).problems
    return [tuple(row[name] for name in ("source", "line", "path", "reason")) for row in found]


def reasons(path: Path, there: Known = NOTHING, inspect: Any = fine) -> list[str]:
    return [row[-1] for row in problems(path, there, inspect)]


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """A batch with nothing wrong: two pictures (of no face) of one patient, three ratings."""
    folder = tmp_path / "new"
    for name in ("a.png", "näher dran/b 2.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    table(folder / "images.csv", IMAGES, ["a.png,p1,repaired,research", "näher dran/b 2.png,p1,repaired,research"])
    lines = ["a.png,r1,medical,CARS,2", "a.png,r2,lay,CARS,3", "näher dran/b 2.png,r1,medical,CARS,5"]
    table(folder / "ratings.csv", RATINGS, lines)
    return folder


@pytest.fixture
def there(tmp_path: Path) -> Known:
    """A raw folder with a rated patient and a control, and an earlier batch with another patient."""
    raw, batch = tmp_path / "raw", tmp_path / "batches" / EARLIER
    for file in (raw / "old.png", raw / "folder/control.png", batch / "front.png", raw / "front2.png"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(file.name.encode())
    lines = ["old.png,s1,repaired,x", "folder,c1,control,x", "front2.png,s3,repaired,x"]
    table(raw / "images.csv", IMAGES, lines)
    table(raw / "ratings.csv", RATINGS, ["old.png,r1,medical,CARS,2"])
    table(batch / "images.csv", IMAGES, ["front.png,s2,unrepaired,x"])
    folders = [Folder(raw, ""), Folder(batch, f"{EARLIER}/")]
    images, _ = take_inventory(folders, settings=KINDS)
    ratings, references, _ = read_ratings(folders, images, scales=SCALES)
    return known(images, ratings, references)


def test_a_good_batch_has_no_problem_and_knows_its_files(new: Path, there: Known) -> None:
    batch = read(new)
    found = admit(batch, there, scales=SCALES, inspect=fine, each=map)
    assert found.problems == []
    assert set(batch.sources) == set(batch.contents) == {"images.csv", "ratings.csv", "a.png", "näher dran/b 2.png"}
    assert {row["score"] for row in found.ratings} == {2.0, 3.0, 5.0}
    assert [photograph.subject_id for photograph in batch.photographs] == ["p1", "p1"]


def test_the_digest_is_of_names_and_bytes(new: Path, tmp_path: Path) -> None:
    before = read(new).digest
    assert re.fullmatch(BATCH_ID, f"2026-11-20-{before[:12]}")
    shutil.copytree(new, tmp_path / "other name")
    assert read(tmp_path / "other name").digest == before
    (new / "a.png").write_text("other")
    assert read(new).digest != before


def test_folders_patterns_and_placeholders_as_in_the_raw_layout(tmp_path: Path) -> None:
    for name in ("p1/a.png", "p1/b.png", "more/p2.png", ".DS_Store", "p1/Thumbs.db"):
        (tmp_path / "new" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "new" / name).write_text(name)
    lines = ["p1,{folder},repaired,yes", "more/*.png,x-{stem},control,yes"]
    table(tmp_path / "new/images.csv", IMAGES, lines)
    batch = read(tmp_path / "new")
    assert not batch.problems
    found = {photograph.name: photograph.subject_id for photograph in batch.photographs}
    assert found == {"p1/a.png": "p1", "p1/b.png": "p1", "more/p2.png": "x-p2"}


def test_a_single_csv_is_known_by_its_columns(new: Path, there: Known, tmp_path: Path) -> None:
    lines = ["old.png,r2,lay,CARS,4", f"{EARLIER}/front.png,r2,lay,CARS,1"]
    ratings = table(tmp_path / "from anna.csv", RATINGS, lines)
    batch = read(ratings)
    assert set(batch.sources) == {"ratings.csv"}
    assert problems(ratings, there) == []
    images = (new / "images.csv").rename(new / "list.csv")
    assert set(read(images).sources) == {"images.csv", "a.png", "näher dran/b 2.png"}
    assert problems(images, there) == []


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("zeros.csv", bytes(5000), "nothing but zeros; its copy was not finished"),
        ("one.csv", b"path|rater_id|score\na.jpg|r|3\n", "The whole line is one cell: separate its cells by commas"),
        ("one.xlsx", None, "The whole line is one cell: in Excel, `Text to Columns`"),
    ],
)
def test_a_single_table_that_cannot_be_known_says_why(
    tmp_path: Path, name: str, content: bytes | None, reason: str
) -> None:
    if content is None:
        book = Workbook()
        active(book).append(["path,rater_id,score"])
        book.save(tmp_path / name)
    else:
        (tmp_path / name).write_bytes(content)
    (problem,) = read_batch(tmp_path / name, settings=KINDS).problems
    assert reason in problem["reason"]


def test_references_come_in_with_their_photographs(new: Path, there: Known) -> None:
    table(new / "references.csv", ("path", "measure", "value"), ["a.png,calliper,1.5", "a.png,calliper,2", "a.png,x,y"])
    assert problems(new, there) == [
        ("references.csv", 3, "a.png", "calliper of this photograph stands already"),
        ("references.csv", 4, "a.png", "value 'y' is not a number"),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("a.png,r9,lay,CARS,nan", "score 'nan' is not a number"),
        ("a.png,r9,lay,CARS,5.5", "score 5.5 is outside CARS, 1 to 5"),
        (
            "a.png,r9,lay,beauty,3",
            f"scale 'beauty' is not one of {', '.join(SCALES)} (params.yaml, ingest_ratings.scales)",
        ),
        ("a.png,r9,nurse,CARS,3", "rater_role 'nurse' is not one of medical, lay"),
        ("a.png,,lay,CARS,3", "rater_id must not be empty"),
        ("a.png,r1,lay,CARS,3", "rater r1 is medical elsewhere; a rater has one role"),
        ("a.png,r2,lay,CARS,4", "rater r2 rates this photograph twice in this batch on CARS"),
        ("old.png,r1,medical,CARS,4", f"rater r1 has rated this photograph before on CARS: it stands already{CORRECT}"),
        ("c.png,r9,lay,CARS,3", "no such photograph in this batch, in the raw folder or in an earlier batch"),
        (
            "../new/a.png,r9,lay,CARS,3",
            "no such photograph in this batch, in the raw folder or in an earlier batch; there is a.png",
        ),
    ],
)
def test_a_bad_rating_has_its_line_and_reason(new: Path, there: Known, line: str, reason: str) -> None:
    with (new / "ratings.csv").open("a") as file:
        file.write(f"{line}\n")
    assert problems(new, there) == [("ratings.csv", 5, line.split(",")[0], reason)]


def test_a_csv_may_rate_generated_pictures(there: Known, tmp_path: Path) -> None:
    drawn = "0123456789abcdef" * 4
    lines = [f"generated/{drawn}.png,r1,medical,realism,5", f"survey/generated/{drawn}.png,r1,medical,plausibility,4"]
    path = table(tmp_path / "survey.csv", RATINGS, [*lines, "old.png,r1,medical,realism,4"])
    found = admit(read(path), there, scales=SCALES, inspect=fine, each=map)
    assert not found.problems
    assert [(row["image_id"] == drawn, row["scale"]) for row in found.ratings] == [
        (True, "realism"),
        (True, "plausibility"),
        (False, "realism"),
    ]
    assert spelt_out(read(path).lines["ratings"], found.means).decode().splitlines()[1] == lines[0]
    again = replace(there, ratings=frozenset({(drawn, "r1", "realism")}))
    assert reasons(path, again) == [f"rater r1 has rated this photograph before on realism: it stands already{CORRECT}"]
    table(path, RATINGS, [f"generated/{drawn}.png,r1,medical,realism,6"])
    assert reasons(path, there) == ["score 6 is outside realism, 1 to 5"]


def test_what_is_seen_in_a_photograph_may_be_told(new: Path, there: Known) -> None:
    columns = (*IMAGES, "age_group", "gender", "asymmetry", "scarring")
    pattern = "*.png,p1,repaired,research,baby,{},slight,subtle"
    deeper = pattern.replace("*", "näher dran/*")
    table(new / "images.csv", columns, [line.format("female") for line in (pattern, deeper)])
    assert not problems(new, there)
    table(new / "images.csv", columns, [line.format(word) for line, word in ((pattern, "girl"), (deeper, "male"))])
    assert "gender 'girl' is not one of female, male or empty" in reasons(new, there)


def test_ratings_may_use_the_name_that_an_earlier_batch_gave(there: Known, tmp_path: Path) -> None:
    ratings = table(tmp_path / "later.csv", RATINGS, ["front.png,r2,lay,CARS,4", "old.png,r2,lay,CARS,3"])
    batch = read(ratings)
    found = admit(batch, there, scales=SCALES, inspect=fine, each=map)
    assert found.problems == []
    assert found.means == {"front.png": f"{EARLIER}/front.png"}
    text = spelt_out(batch.lines["ratings"], found.means).decode().splitlines()
    assert text[1:] == [f"{EARLIER}/front.png,r2,lay,CARS,4", "old.png,r2,lay,CARS,3"]


def test_a_name_of_two_earlier_batches_is_asked_back(there: Known, tmp_path: Path) -> None:
    other = "2026-02-02-0123456789ab/front.png"
    images = {**there.images, "x": {**next(iter(there.images.values())), "image_id": "x", "names": [other]}}
    rows = pa.Table.from_pylist(list(images.values()))
    both = known(rows, pa.Table.from_pylist([]), pa.Table.from_pylist([]))
    ratings = table(tmp_path / "later.csv", RATINGS, ["front.png,r2,lay,CARS,4"])
    assert reasons(ratings, both) == [f"several photographs are called so: write {EARLIER}/front.png or {other}"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("a.png,p1,repaired,", "consent must not be empty: what the person agreed to"),
        ("a.png,p1,operated,yes", "population 'operated' is not one of control, repaired, unrepaired"),
        ("a.png,,repaired,yes", "path and subject_id must not be empty"),
        ("a.png,{folder},repaired,yes", "{folder} would be the batch's own folder, which gets another name"),
        ("../raw/old.png,p1,repaired,yes", "path must lie inside the folder of images.csv"),
        ("/etc/passwd,p1,repaired,yes", "path must lie inside the folder of images.csv"),
        ("missing.png,p1,repaired,yes", "no such file, or nothing in the folder or pattern that is read"),
        (".hidden.png,p1,repaired,yes", "hidden files and folders do not come in"),
        ("notes.txt,p1,repaired,yes", "not a kind of file that is read"),
        ("a**,p1,repaired,yes", "not a usable path or pattern"),
        ("link.png,p1,repaired,yes", "a link that leads out of the batch; bring the file itself"),
        ("inside/../../raw/old.png,p1,repaired,yes", "path must lie inside the folder of images.csv"),
        ("linked/old.png,p1,repaired,yes", "a link that leads out of the batch; bring the file itself"),
        ("pipe.png,p1,repaired,yes", "no such file, or nothing in the folder or pattern that is read"),
    ],
)
def test_a_bad_line_of_images_has_its_reason(there: Known, tmp_path: Path, line: str, reason: str) -> None:
    folder = tmp_path / "one"
    folder.mkdir()
    for name in ("a.png", ".hidden.png", "notes.txt"):
        (folder / name).write_text(name)
    (folder / "link.png").symlink_to(tmp_path / "raw/old.png")
    (folder / "linked").symlink_to(tmp_path / "raw")
    os.mkfifo(folder / "pipe.png")
    table(folder / "images.csv", IMAGES, [line])
    found = [row for row in problems(folder, there) if row[0] == "images.csv"]
    assert len(found) == 1
    assert found[0][1] == 2
    assert found[0][3].startswith(reason)


def test_a_photograph_that_is_there_already_is_named(new: Path, there: Known, tmp_path: Path) -> None:
    shutil.copy(tmp_path / "raw/old.png", new / "a.png")
    table(new / "ratings.csv", RATINGS, ["a.png,r2,lay,CARS,3"])
    assert reasons(new, there) == ["there already as old.png, as a photograph of another subject"]
    (new / "images.csv").write_text((new / "images.csv").read_text().replace("a.png,p1", "a.png,s1"))
    assert reasons(new, there) == ["there already as old.png"]


def test_the_same_content_twice_in_a_batch(new: Path, there: Known) -> None:
    shutil.copy(new / "a.png", new / "näher dran/b 2.png")
    assert problems(new, there)[0][1:] == (3, "näher dran/b 2.png", "the same content as a.png in this batch (line 2)")


def test_a_file_that_two_lines_name(new: Path, there: Known) -> None:
    with (new / "images.csv").open("a") as file:
        file.write("*.png,p1,repaired,research\n")
    assert problems(new, there) == [("images.csv", 4, "a.png", "named by line 2 too")]


def test_a_subject_is_not_both_control_and_patient(new: Path, there: Known) -> None:
    text = (new / "images.csv").read_text()
    (new / "images.csv").write_text(text.replace("p1", "c1"))
    assert reasons(new, there) == ["subject c1 would be both control and patient"] * 2
    (new / "images.csv").write_text(text.replace("a.png,p1,repaired", "a.png,p1,control"))
    assert reasons(new, there) == ["subject p1 would be both control and patient"] * 2


def test_controls_may_be_rated(new: Path, there: Known) -> None:
    (new / "images.csv").write_text((new / "images.csv").read_text().replace("repaired", "control"))
    assert problems(new, there) == []


def test_a_file_that_no_line_names_is_told(new: Path, there: Known) -> None:
    (new / "forgotten.jpg").write_text("x")
    (new / "notes").mkdir()
    (new / "notes/letter.docx").write_text("x")
    assert [row[2:] for row in problems(new, there)] == [
        ("forgotten.jpg", "no line of images.csv names this file"),
        ("notes/letter.docx", "no line of images.csv names this file"),
    ]


def test_a_refused_line_does_not_make_its_files_unnamed_too(new: Path, there: Known) -> None:
    (new / "images.csv").write_text(
        (new / "images.csv").read_text().replace("a.png,p1,repaired,research", "a.*,p1,repaired,")
    )
    assert [row[0] for row in problems(new, there)] == ["images.csv"]


def test_ratings_of_a_photograph_that_is_refused_are_no_second_problem(new: Path, there: Known) -> None:
    images = (new / "images.csv").read_text().replace("a.png,p1,repaired,research", "A.PNG,p1,nobody,research")
    (new / "images.csv").write_text(images)
    table(new / "references.csv", ("path", "measure", "value"), ["a.png,severity,0.3"])
    assert [row[:3] for row in problems(new, there)] == [("images.csv", 2, "A.PNG")]
    lines = ["a.png,r1,medical,CARS,2", "a.png,r1,medical,CARS,2", "a.png,r2,lay,CARS,9", "a.jpg,r2,lay,CARS,1"]
    table(new / "ratings.csv", RATINGS, lines)
    _, *rated = problems(new, there)
    assert [(row[1], row[3].split(" on CARS")[0]) for row in rated] == [
        (3, "rater r1 rates this photograph twice in this batch"),
        (4, "score 9 is outside CARS, 1 to 5"),
        (5, "no such photograph in this batch, in the raw folder or in an earlier batch; there is A.PNG"),
    ]


def test_ratings_of_files_that_nobody_names_are_no_second_problem(new: Path, there: Known) -> None:
    """The line says `a.jpg`, the file is a.png: told once, with what is there."""
    (new / "images.csv").write_text((new / "images.csv").read_text().replace("a.png", "a.jpg"))
    assert [row[:3] for row in problems(new, there)] == [("images.csv", 2, "a.jpg"), (new.name, 1, "a.png")]
    assert problems(new, there)[0][3].endswith("that is read; there is a.png")


def test_a_refused_photograph_is_not_taken_for_another_of_its_name(new: Path, there: Known) -> None:
    """`old.png` of the raw folder was rated before; the batch's own is another photograph, whose line is wrong."""
    (new / "old.png").write_text("another")
    with (new / "images.csv").open("a") as file:
        file.write("old.png,p1,nobody,research\n")
    with (new / "ratings.csv").open("a") as file:
        file.write("old.png,r1,medical,CARS,2\n")
    assert [row[:3] for row in problems(new, there)] == [("images.csv", 4, "old.png")]


def test_a_table_of_images_that_cannot_be_read_is_the_only_problem(new: Path, there: Known) -> None:
    (new / "images.csv").write_text("path,subject_id,population,consent,colour\n")
    assert [row[0] for row in problems(new, there)] == ["images.csv"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (
            b"path,subject_id,population\na.png,p1,repaired\n",
            r"no column consent. Columns needed: path, subject_id",
        ),
        (b"path,subject_id,population,consent\na.png;p1;repaired;yes\n", "this line is separated by semicolons"),
        (b"path,subject_id,population,consent,age\n", r"column 5, 'age', is not known"),
        (b"path,subject_id,population,consent\na.png,p1,repaired\n", "4 cells expected"),
        (b"path,subject_id,population,consent\na.png,p\xe4,repaired,yes\n", "byte 0xe4 is not UTF-8"),
        (
            b'path,subject_id,population,consent\n"a.png,p1,repaired,yes\n',
            r'a quote \("\) opens in it that is never closed',
        ),
    ],
)
def test_a_csv_that_cannot_be_used_is_one_problem(new: Path, there: Known, data: bytes, reason: str) -> None:
    (new / "images.csv").write_bytes(data)
    found = reasons(new, there)
    assert len(found) == 1
    assert re.search(reason, found[0])
    assert str(new) not in found[0]
    assert not re.match(r"(sheet .*: )?line \d+: ", found[0])  # the row has the line's number


def test_a_csv_of_no_known_kind_says_what_is_accepted(tmp_path: Path) -> None:
    strange = tmp_path / "strange.csv"
    strange.write_text("name,age\nx,3\n")
    (found,) = reasons(strange)
    assert "images.csv has the columns path, subject_id, population, consent" in found


def test_a_byte_order_mark_does_not_matter(new: Path, there: Known) -> None:
    for name in ("images.csv", "ratings.csv"):
        (new / name).write_bytes(b"\xef\xbb\xbf" + (new / name).read_bytes())
    assert problems(new, there) == []
    assert problems(new / "images.csv", there) == []


def test_empty_folders_and_headers_alone(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    assert reasons(folder)[0].startswith(EMPTY)
    table(folder / "ratings.csv", RATINGS, [])
    assert reasons(folder) == ["there is nothing in it but headers"]
    (tmp_path / "blank.csv").write_text(" \n\n", encoding="utf-8")
    assert reasons(tmp_path / "blank.csv") == ["there is nothing in it"]
    with pytest.raises(InputError, match="no such file or folder"):
        read(tmp_path / "nowhere")


def test_a_csv_that_is_a_link_to_elsewhere_is_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "sly"
    folder.mkdir()
    (tmp_path / "secret").write_text("one,two\n")
    (folder / "ratings.csv").symlink_to(tmp_path / "secret")
    (reason, *more) = reasons(folder)
    assert reason.startswith(EMPTY)
    assert "one" not in " ".join([*more])


def test_a_name_that_is_no_text_is_told(new: Path, there: Known) -> None:
    Path(os.fsdecode(os.fsencode(new) + b"/bad\xff.png")).write_text("x")
    with (new / "images.csv").open("a") as file:
        file.write("bad*,p1,repaired,research\n")
    assert problems(new, there) == [
        ("images.csv", 4, "bad\\udcff.png", "its name holds characters that no name should")
    ]


def test_pictures_are_opened_and_faces_found(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    good = draw(folder / "good.png")
    side = face(3, size=256).image
    bgr = cv2.cvtColor(np.hstack([side, face(5, size=256).image]), cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(folder / "two.png"), bgr)
    cv2.imwrite(str(folder / "covered.png"), cv2.cvtColor(covered_mouth(face(3, size=256)), cv2.COLOR_RGB2BGR))
    cv2.imwrite(str(folder / "none.png"), np.full((200, 200, 3), 90, np.uint8))
    (folder / "cut.png").write_bytes(good.read_bytes()[:5000])
    (folder / "text.jpg").write_text("no picture")
    (folder / "empty.jpg").touch()
    (folder / "cut.mp4").write_bytes(b"\0" * 1000)
    Image.new("1", (15_000, 14_000)).save(folder / "huge.png")
    table(folder / "images.csv", IMAGES, ["*.*g,p-{stem},repaired,yes", "*.mp4,clip,control,yes"])
    found = {row[2]: row[3] for row in problems(folder, inspect=INSPECT)}
    assert "good.png" not in found
    expected = {
        "two.png": "2 faces found",
        "covered.png": "mouth covered",
        "none.png": "no face found",
        "cut.png": "damaged picture: it stops before its end",
        "text.jpg": "not a picture",
        "empty.jpg": "empty file",
        "huge.png": "too large: 15000 x 14000",
        "cut.mp4": "nothing but zeros",
    }
    assert set(found) == set(expected)
    for name, reason in expected.items():
        assert found[name].startswith(reason)


def test_a_place_in_the_exif_is_noticed(tmp_path: Path) -> None:
    plain, placed = tmp_path / "plain.jpg", tmp_path / "placed.jpg"
    picture, exif = Image.new("RGB", (8, 8)), Image.Exif()
    picture.save(plain)
    exif.get_ifd(0x8825)[1] = "N"
    picture.save(placed, exif=exif)
    assert carries_place(placed)
    assert not carries_place(plain)
    assert not carries_place(tmp_path / "nothing.jpg")
