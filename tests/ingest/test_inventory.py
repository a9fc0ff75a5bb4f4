"""images.csv: what is found, what is refused with its line and reason, and which files stop everything at once."""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tasks.ingest.images.inventory import OPTIONAL, REQUIRED, NoImages, take_inventory
from tasks.ingest.tables.raw_layout import Folder, folders, read_lines
from tasks.ingest.tables.sheets import RawLayoutError
from tasks.params.ingest import IngestImages

HEADER = "path,subject_id,population,cleft_side,licence,consent,notice\n"

KINDS = IngestImages(
    still_suffixes=(".jpg", ".png"), clip_suffixes=(".avi", ".mp4"), most_still_megabytes=20, most_clip_megabytes=50
)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """A raw folder with some photographs and clips; their content is never looked at."""
    for name in ("a.jpg", "b.PNG", "patients/p1.jpg", "patients/p2.jpg", "clips/s1/c1.avi"):
        add(tmp_path, name)
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


def add(raw: Path, name: str, content: str = "") -> str:
    """Write a file of this content (else its own name); its image_id."""
    path = raw / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content or name)
    return hashlib.sha256((content or name).encode()).hexdigest()


def inventory(raw: Path, lines: str | bytes, header: str = HEADER) -> Any:
    data = lines if isinstance(lines, bytes) else (header + lines).encode()
    (raw / "images.csv").write_bytes(data)
    images, refused = take(Folder(raw, ""))
    return [row | {"path": os.path.relpath(row["path"], raw)} for row in images], refused


def take(*where: Folder) -> Any:
    images, refused = take_inventory(where, settings=KINDS)
    return images.to_pylist(), refused.to_pylist()


def paths(images: Any) -> list[str]:
    return sorted(row["path"] for row in images)


def test_a_photograph_and_a_clip(raw: Path) -> None:
    images, refused = inventory(
        raw, "a.jpg,ann,control,,CC0,yes,drawn\npatients/p1.jpg,p1,repaired,left,,,\nclips/s1/c1.avi,s1,control,,,,\n"
    )
    assert not refused
    rows = {row["path"]: row for row in images}
    told = {"subject_id": "ann", "population": "control", "cleft_side": None, "licence": "CC0", "consent": "yes"}
    found = {"path": "a.jpg", "names": ["a.jpg"], "kind": "still", "size_bytes": 5, "notice": "drawn"}
    found |= dict.fromkeys(("age_group", "gender", "asymmetry", "scarring", "view", "visit"))
    assert rows["a.jpg"] == told | found | {"image_id": hashlib.sha256(b"a.jpg").hexdigest()}
    assert (rows["patients/p1.jpg"]["population"], rows["patients/p1.jpg"]["cleft_side"]) == ("repaired", "left")
    assert rows["clips/s1/c1.avi"]["kind"] == "clip"
    assert [row["image_id"] for row in images] == sorted(row["image_id"] for row in images)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("missing.jpg,s,control,,,,", "no such file"),
        ("patients/*.avi,s,control,,,,", "no such file, or nothing in the folder or pattern"),
        ("notes.txt,s,control,,,,", "not a kind of file that is read; suffixes: .jpg, .png, .avi, .mp4"),
        ("a.jpg,s,normal,,,,", "population 'normal' is not one of control, repaired, unrepaired"),
        ("a.jpg,s,,,,,", "population '' is not one of"),
        ("a.jpg,s,repaired,up,,,", "cleft_side 'up' is not one of left, right, both or empty"),
        ("a.jpg,,control,,,,", "path and subject_id must not be empty"),
        (",s,control,,,,", "path and subject_id must not be empty"),
        ("/etc/passwd,s,control,,,,", "must lie inside the folder"),
        ("../other/a.jpg,s,control,,,,", "must lie inside the folder"),
        ("patients/../../a.jpg,s,control,,,,", "must lie inside the folder"),
        ("pat**,s,control,,,,", "not a usable path or pattern"),
        (f"{'x' * 300}.jpg,s,control,,,,", "cannot be looked for: File name too long"),
        ("a\0.jpg,s,control,,,,", r"path 'a\x00.jpg' is damaged: a zero byte stands in it"),
        ("a.jpg,s\0,control,,,,", r"subject_id 's\x00' is damaged"),
    ],
)
def test_a_bad_line_is_refused_with_its_number_and_the_others_stay(raw: Path, line: str, reason: str) -> None:
    images, refused = inventory(raw, f"b.PNG,ben,control,,,,\n{line}\npatients/p1.jpg,p1,repaired,left,,,\n")
    assert paths(images) == ["b.PNG", "patients/p1.jpg"]
    (row,) = refused
    assert (row["source"], row["line"], row["path"]) == ("images.csv", 3, line.split(",")[0])
    assert reason in row["reason"]


def test_the_same_photograph_under_two_subjects_is_refused_whole(raw: Path) -> None:
    add(raw, "again.jpg", "a.jpg")
    images, refused = inventory(
        raw, "a.jpg,ann,control,,,,\nb.PNG,ann,control,,,,\nagain.jpg,eve,control,,,,\na.jpg,eve,control,,,,\n"
    )
    assert paths(images) == ["b.PNG"]
    assert [(row["line"], row["path"]) for row in refused] == [(2, "a.jpg"), (4, "again.jpg"), (5, "a.jpg")]
    assert {row["reason"] for row in refused} == {"the same photograph under 2 subjects (ann, eve), lines 2, 4, 5"}


def test_a_subject_who_is_control_and_patient_is_refused_whole(raw: Path) -> None:
    images, refused = inventory(raw, "a.jpg,ann,control,,,,\nb.PNG,ben,control,,,,\npatients/p1.jpg,ann,repaired,,,,\n")
    assert paths(images) == ["b.PNG"]
    assert [(row["line"], row["reason"]) for row in refused] == [
        (line, "subject ann is both control and patient") for line in (2, 4)
    ]


def test_a_patient_may_stand_before_and_after_repair_but_not_one_photograph(raw: Path) -> None:
    images, refused = inventory(raw, "patients/p1.jpg,p,unrepaired,,,,\npatients/p2.jpg,p,repaired,,,,\n")
    assert len(images) == 2
    assert not refused
    images, refused = inventory(
        raw, "patients/p1.jpg,p,unrepaired,,,,\npatients/p1.jpg,p,repaired,,,,\na.jpg,a,control,,,,\n"
    )
    assert paths(images) == ["a.jpg"]
    assert {row["reason"] for row in refused} == {
        "the same photograph under 2 populations (repaired, unrepaired), lines 2, 3"
    }
    _, refused = inventory(raw, "patients/p1.jpg,p,repaired,left,,,\npatients/p1.jpg,p,repaired,right,,,\n")
    assert {row["reason"] for row in refused} == {"the same photograph under 2 cleft sides (left, right), lines 2, 3"}


WORDS = "path,subject_id,population,age_group,gender,asymmetry,scarring\n"


def test_what_is_seen_in_a_photograph_may_be_told(raw: Path) -> None:
    images, refused = inventory(
        raw, "a.jpg,ann,control,adult,female,none,none\npatients/p1.jpg,p1,repaired,baby,,slight,\n", WORDS
    )
    assert not refused
    names = ("age_group", "gender", "asymmetry", "scarring")
    assert {row["path"]: tuple(row[name] for name in names) for row in images} == {
        "a.jpg": ("adult", "female", "none", "none"),
        "patients/p1.jpg": ("baby", None, "slight", None),
    }


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ("infant,,,", "age_group 'infant' is not one of baby, child, adult or empty"),
        (",girl,,", "gender 'girl' is not one of female, male or empty"),
        (",,severe,", "asymmetry 'severe' is not one of none, slight, marked or empty"),
        (",,,visable", "scarring 'visable' is not one of none, subtle, visible (meant: visible?) or empty"),
    ],
)
def test_a_word_that_is_not_known_is_refused_with_those_that_are(raw: Path, cells: str, reason: str) -> None:
    images, refused = inventory(raw, f"a.jpg,ann,control,,,,\npatients/p1.jpg,p1,repaired,{cells}\n", WORDS)
    assert paths(images) == ["a.jpg"]
    assert [(row["line"], row["reason"]) for row in refused] == [(3, reason)]


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        ("baby,,,", "child,,,", "2 age groups (baby, child)"),
        (",female,,", ",male,,", "2 genders (female, male)"),
        (",,none,", ",,marked,", "2 asymmetries (marked, none)"),
        (",,,subtle", ",,,visible", "2 scarrings (subtle, visible)"),
    ],
)
def test_lines_that_say_two_things_of_one_photograph_are_refused(raw: Path, one: str, other: str, told: str) -> None:
    lines = f"a.jpg,ann,control,,,,\npatients/p1.jpg,p,repaired,{one}\npatients/p1.jpg,p,repaired,{other}\n"
    images, refused = inventory(raw, lines, WORDS)
    assert paths(images) == ["a.jpg"]
    assert {row["reason"] for row in refused} == {f"the same photograph under {told}, lines 3, 4"}
    images, refused = inventory(raw, f"patients,{{stem}},repaired,,,,\npatients/p1.jpg,p1,repaired,{one}\n", WORDS)
    assert not refused
    assert len(images) == 2


def test_the_same_bytes_under_two_names_are_one_image(raw: Path) -> None:
    add(raw, "copy/of_a.jpg", "a.jpg")
    images, refused = inventory(raw, "copy,ann,control,,,,\na.jpg,ann,control,,CC0,,\na.jpg,ann,control,,,,\n")
    assert not refused
    (row,) = images
    assert (row["path"], row["names"], row["licence"]) == ("a.jpg", ["a.jpg", "copy/of_a.jpg"], "CC0")


def test_all_names_of_one_image_are_kept_in_order(raw: Path) -> None:
    names = [f"{letter}/{number}.jpg" for letter in "dbca" for number in (2, 1)]
    for name in names:
        add(raw, name, "the same bytes")
    images, _ = inventory(raw, "".join(f"{name},s,control,,,,\n" for name in names))
    assert [(row["path"], row["names"]) for row in images] == [("a/1.jpg", sorted(names))]


def test_a_side_may_be_told_by_a_second_line(raw: Path) -> None:
    images, _ = inventory(raw, "patients,{stem},repaired,,,,\npatients/p1.jpg,p1,repaired,left,,,\n")
    assert {row["path"]: row["cleft_side"] for row in images} == {"patients/p1.jpg": "left", "patients/p2.jpg": None}


def test_folders_patterns_folder_and_stem_fit_public_sets(raw: Path) -> None:
    for name in ("WM-001/CFD-WM-001-014-N.jpg", "WM-001/CFD-WM-001-015-HO.jpg", "BF-002/CFD-BF-002-001-N.jpg"):
        add(raw, f"CFD/Images/CFD/{name}")
    for name in ("0001.jpg", "deep/0002.jpg", "readme.txt"):
        add(raw, f"YLFW/{name}")
    for name in ("S001/read_01.mp4", "S001/read_02.mp4", "S002/read_01.mp4"):
        add(raw, f"CRSS/{name}")
    images, refused = inventory(
        raw,
        "CFD/Images/CFD/*/*-N.jpg,cfd-{folder},control\nYLFW,ylfw-{stem},control\nCRSS/*/*.mp4,crss-{folder},control\n",
        header="path,subject_id,population\n",
    )
    assert not refused
    assert {row["path"]: (row["subject_id"], row["kind"]) for row in images} == {
        "CFD/Images/CFD/WM-001/CFD-WM-001-014-N.jpg": ("cfd-WM-001", "still"),
        "CFD/Images/CFD/BF-002/CFD-BF-002-001-N.jpg": ("cfd-BF-002", "still"),
        "YLFW/0001.jpg": ("ylfw-0001", "still"),
        "YLFW/deep/0002.jpg": ("ylfw-0002", "still"),
        "CRSS/S001/read_01.mp4": ("crss-S001", "clip"),
        "CRSS/S001/read_02.mp4": ("crss-S001", "clip"),
        "CRSS/S002/read_01.mp4": ("crss-S002", "clip"),
    }


def test_a_name_with_pattern_characters_or_a_comma_is_a_name(raw: Path) -> None:
    add(raw, "photo [1].jpg")
    add(raw, "smile, wide.jpg")
    images, refused = inventory(raw, 'photo [1].jpg,s,control,,,,\n"smile, wide.jpg",s,control,,"a ""b"", c",,\n')
    assert paths(images) == ["photo [1].jpg", "smile, wide.jpg"]
    assert {row["licence"] for row in images} == {None, 'a "b", c'}
    assert not refused


def test_hidden_files_beside_photographs_are_passed_over(raw: Path) -> None:
    for name in ("patients/._p1.jpg", "patients/.cache.jpg"):
        add(raw, name)
    for lines in ("patients,{stem},repaired,,,,\n", "*/*.jpg,{stem},repaired,,,,\n"):
        images, refused = inventory(raw, lines)
        assert paths(images) == ["patients/p1.jpg", "patients/p2.jpg"]
        assert not refused
    assert paths(inventory(raw, "patients/.cache.jpg,s,repaired,,,,\n")[0]) == ["patients/.cache.jpg"]


def test_links_are_followed_and_no_loop_is_walked(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A linked set is found where a line names it; inside a folder linked files count and linked folders do not."""
    outside = tmp_path_factory.mktemp("outside")
    add(outside, "far.jpg")
    (raw / "linked").symlink_to(outside)
    (raw / "patients/loop").symlink_to(raw)
    (raw / "patients/far.jpg").symlink_to(outside / "far.jpg")
    (raw / "patients/gone.jpg").symlink_to(raw / "nothing.jpg")
    (raw / "round.jpg").symlink_to(raw / "round.jpg")
    images, refused = inventory(raw, "patients,{stem},repaired,,,,\nround.jpg,s,control,,,,\nlinked,far,repaired,,,,\n")
    rows = {row["path"]: row["names"] for row in images}
    assert rows == {
        "linked/far.jpg": ["linked/far.jpg", "patients/far.jpg"],
        "patients/p1.jpg": ["patients/p1.jpg"],
        "patients/p2.jpg": ["patients/p2.jpg"],
    }
    assert [(row["line"], row["path"]) for row in refused] == [(3, "round.jpg")]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_a_file_that_cannot_be_opened_costs_that_file() -> None:
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder)
        raw.chmod(0o777)
        for name in ("a.jpg", "b.jpg"):
            add(raw, name)
        (raw / "b.jpg").chmod(0o600)
        (raw / "images.csv").touch(0o666)
        (raw / "images.csv").chmod(0o666)
        os.seteuid(65534)
        try:
            images, refused = inventory(raw, "*.jpg,{stem},control,,,,\n")
        finally:
            os.seteuid(0)
        assert paths(images) == ["a.jpg"]
        assert [(r["line"], r["path"], r["reason"]) for r in refused] == [
            (2, "b.jpg", "cannot be opened: Permission denied")
        ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HEADER.encode() + b"a.jpg,ann,control,,,,\nb.PNG,Jos\xe9,control,,,,\n", "line 3: byte 0xe9 is not UTF-8"),
        (b"", "line 1: no column path; no column subject_id; no column population. Columns needed: path,"),
        (HEADER.encode(), "names no image"),
        (b"\n\n", "line 1: no column path"),
        (b"path,subject_id\na.jpg,ann\n", "line 1: no column population. Columns needed"),
        (
            b"path,subject_id,population,side\na.jpg,ann,control,left\n",
            "column 4, 'side', is not known; delete it. Columns",
        ),
        (b"path,subject_id,population,path\na.jpg,ann,control,a.jpg\n", "column 4 is a second path"),
        (b"path|subject_id|population\na.jpg|ann|control\n", "column 1, 'path|subject_id|population', is not known"),
        (b"path,subject_id,population\na.jpg,ann,control\nb.PNG,ben,control,left\n", "line 3: 3 cells expected"),
        (b"path,subject_id,population\na.jpg,ann\n", "line 2: 3 cells expected"),
        (b'path,subject_id,population\na.jpg,ann,control\n"b.PNG,ben,control\n', "begins in line 3"),
        (b'path,"subject_id,population\na.jpg,ann,control\n', "begins in line 1"),
    ],
)
def test_a_file_that_cannot_be_trusted_stops_at_once(raw: Path, text: Any, told: str) -> None:
    with pytest.raises(RawLayoutError) as caught:
        inventory(raw, text)
    assert str(raw / "images.csv") in str(caught.value)
    assert told in str(caught.value)


def test_a_list_of_nobody_is_no_fault_of_its_own_kind(raw: Path) -> None:
    """The stage tells it from a file that is wrong: it ends well."""
    with pytest.raises(NoImages, match="names no image"):
        inventory(raw, HEADER.encode())


def test_a_missing_images_csv_says_what_it_should_hold(tmp_path: Path) -> None:
    with pytest.raises(
        RawLayoutError,
        match=r"images\.csv: no such file, nor images\.xlsx; columns: path, subject_id, population, and, where",
    ):
        take(Folder(tmp_path, ""))
    (tmp_path / "images.csv").mkdir()
    with pytest.raises(RawLayoutError, match=r"images\.csv: cannot be read: Is a directory"):
        take(Folder(tmp_path, ""))


@pytest.mark.parametrize(
    "text",
    [
        "path,subject_id,population\na.jpg,ann,control\nb.PNG,ben,control\n",
        "path,subject_id,population\r\na.jpg,ann,control\r\nb.PNG,ben,control\r\n",
        "\ufeffpath,subject_id,population\na.jpg,ann,control\nb.PNG,ben,control",
        "population, subject_id ,path\ncontrol,ann,a.jpg\n control , ben , b.PNG \n",
        '"path","subject_id","population"\n"a.jpg","ann","control"\n"b.PNG","ben","control"\n',
        "path,subject_id,population\na.jpg,ann,control\nb.PNG,ben,control\n,,\n  \n\n",
    ],
    ids=["plain", "windows", "byte order mark", "order and spaces", "quoted", "blank lines"],
)
def test_what_spreadsheets_write_is_read(raw: Path, text: str) -> None:
    images, refused = inventory(raw, text.encode())
    assert sorted((row["path"], row["subject_id"]) for row in images) == [("a.jpg", "ann"), ("b.PNG", "ben")]
    assert not refused


def test_line_numbers_count_the_files_lines(raw: Path) -> None:
    """Blank lines, line breaks in cells, and characters that merely look like line ends to some."""
    odd = "Zo\u2028e\x0b\x0c\x85"
    text = f'{HEADER}\na.jpg,{odd},control,,"two\nlines",,\n\nno.jpg,s,control,,,,\n'
    images, refused = inventory(raw, text.encode())
    assert [row["subject_id"] for row in images] == ["Zo e"]
    assert [row["line"] for row in refused] == [6]
    assert [line.number for line in read_lines(raw / "images.csv", required=REQUIRED, optional=OPTIONAL)] == [3, 6]


def test_the_inventory_depends_on_content_alone(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    lines = "patients,{stem},repaired,,,,\na.jpg,ann,control,,,,\n"
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "moved"
    shutil.copytree(raw, elsewhere)
    assert inventory(raw, lines) == inventory(elsewhere, lines)


def test_batches_are_listed_with_the_raw_folder(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(raw.parent)
    here = Path(raw.name)
    for batch, name in (("2026-01-02-b", "new.jpg"), ("2026-01-01-a", "copy.jpg"), (".half", "half.jpg")):
        add(here / "added/batches" / batch, name, "a.jpg" if name == "copy.jpg" else "")
        (here / "added/batches" / batch / "images.csv").write_text(f"path,subject_id,population\n{name},ann,control\n")
    (here / "added/batches/2026-01-03-c").mkdir()
    (here / "images.csv").write_text("path,subject_id,population\na.jpg,ann,control\n")
    where = folders(here, here / "added")
    assert [folder.prefix for folder in where] == ["", "2026-01-01-a/", "2026-01-02-b/", "2026-01-03-c/"]
    images, refused = take(*where)
    assert not refused
    assert {row["path"]: row["names"] for row in images} == {
        f"{here}/added/batches/2026-01-01-a/copy.jpg": ["2026-01-01-a/copy.jpg", "a.jpg"],
        f"{here}/added/batches/2026-01-02-b/new.jpg": ["2026-01-02-b/new.jpg"],
    }


def test_a_bad_line_of_a_batch_names_the_batch(raw: Path) -> None:
    (raw / "images.csv").write_text("path,subject_id,population\na.jpg,ann,control\n")
    batch = raw / "added/batches/one"
    batch.mkdir(parents=True)
    (batch / "images.csv").write_text("path,subject_id,population\n../../../a.jpg,ann,control\n")
    _, (line,) = take(*folders(raw, raw / "added"))
    assert (line["source"], line["line"]) == ("one/images.csv", 2)
    assert "must lie inside the folder" in line["reason"]
    (batch / "images.csv").write_text("path,who\n")
    with pytest.raises(RawLayoutError, match=r"one/images\.csv: line 1: no column subject_id"):
        take(*folders(raw, raw / "added"))


def test_sizes_are_asked_before_anything_is_read(tmp_path: Path) -> None:
    """Sparse files of 12 GB: to read one takes longer than a test may."""
    lines = "huge.png,p1,control\nhuge.mp4,p1,control\nfine.mp4,p1,control\n"
    (tmp_path / "images.csv").write_text("path,subject_id,population\n" + lines)
    for name, size in (("huge.png", 12_000_000_000), ("huge.mp4", 12_000_000_000), ("fine.mp4", 40_000_000)):
        with (tmp_path / name).open("wb") as file:
            file.truncate(size)
    images, refused = take_inventory([Folder(tmp_path, "")], settings=KINDS)
    assert [row["names"] for row in images.to_pylist()] == [["fine.mp4"]]
    assert {row["path"]: row["reason"] for row in refused.to_pylist()} == {
        "huge.png": "too large: 12,000 MB; photographs of up to 20 MB are read "
        "(params.yaml, ingest_images.most_still_megabytes)",
        "huge.mp4": "too large: 12,000 MB; clips of up to 50 MB are read "
        "(params.yaml, ingest_images.most_clip_megabytes)",
    }


def test_a_set_from_several_sides_belongs_to_a_visit(raw: Path) -> None:
    lines = (
        "a.jpg,ann,control,around,2026-03-01\nb.PNG,ann,control,around,\nclips/s1/c1.avi,s1,control,around,2026-03-01\n"
    )
    images, refused = inventory(raw, lines, "path,subject_id,population,view,visit\n")
    assert [(row["view"], row["visit"]) for row in images] == [("around", "2026-03-01")]
    assert ["visit: missing" in row["reason"] or "view: of clips" in row["reason"] for row in refused] == [True, True]
