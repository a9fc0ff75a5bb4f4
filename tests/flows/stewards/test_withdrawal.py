"""Consent is gone: nothing of the person stays, the photographs never come back; real DVC, git and SQLite."""

import io
import json
import pathlib
import re
import shutil
import sqlite3
import subprocess
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from filelock import FileLock
from openpyxl import Workbook, load_workbook
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from flows.buckets.store import STORE
from flows.photographs import score as scoring
from flows.running.elsewhere import DATABASES, note
from flows.stewards.batches import additions, put_in_place
from flows.stewards.batches.history import undo
from flows.stewards.drop_folder.watching import watch
from flows.stewards.traces.in_files import traces
from flows.stewards.traces.person import Person
from flows.stewards.withdrawal import what_is_left, who_is_meant, withdrawing
from flows.stewards.withdrawal.command_results import SCORED_COLUMNS
from flows.stewards.withdrawal.dvc_outs import has_to_go
from flows.stewards.withdrawal.prefect_servers import Reached
from tasks.base import sheets
from tasks.base.digests import file_digest
from tasks.errors import InputError
from tasks.evaluation.photo_page import Photo, render_photo_page
from tasks.ingest.tables.sheets import read_sheets
from tasks.store.artifacts import Store
from tests.here import vermilion
from tests.project import copy_project, run, set_number
from tests.spreadsheets import active
from tests.stewards import IMAGES, RATINGS, batch, draw, table
from tests.withdrawals import add, files_of, withdraw

pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning")  # DVC's own use of pygtrie


def test_nothing_of_the_person_stays_and_the_others_do(known: Any, tmp_path: Path) -> None:
    root, added, drop = known
    inside = root / "data/added/batches" / added.batch
    photograph = (inside / "anna_front.png").read_bytes()
    found, left = withdraw("Anna", root)
    assert left == []
    assert (found.person.subject, found.networks) == ("anna", ())
    assert not (inside / "anna_front.png").exists()
    assert (inside / "images.csv").read_text() == "path,subject_id,population,consent\np3.png,s3,repaired,research\n"
    assert "anna" not in (inside / "ratings.csv").read_text()
    images, ratings, _, refused = additions.there_already(root)
    assert (images.num_rows, ratings.num_rows, refused) == (2, 3, 0)
    assert sorted(path.name for path in (drop / "added/first").iterdir()) == ["images.csv", "p3.png", "ratings.csv"]
    assert "anna" not in (drop / "added/first/images.csv").read_text()
    with closing(sqlite3.connect(root / ".prefect/prefect.db")) as database:
        rows = database.execute("SELECT message, flow FROM log").fetchall()
    assert rows == [("withdrawn refused", '{"of": "withdrawn"}'), ("annabel stays", None)]
    assert (root / ".prefect/server.log").read_text() == "scored withdrawn\nother\n"
    assert not (root / "data/reports/page.html").exists()
    everything = [path for path in root.rglob("*") if path.is_file() and not path.is_symlink()]
    assert not [path for path in everything if path.read_bytes() == photograph or b"anna_front" in path.read_bytes()]
    assert json.loads(run(root, "dvc", "status", "--json", "data/added/batches.dvc").stdout) == {}
    assert run(root, "git", "log", "-1", "--format=%s").stdout.strip() == "Withdrawn: 1 photograph; consent is gone"
    assert not run(root, "git", "status", "--porcelain", "--", "data").stdout
    assert not (root / put_in_place.WITHDRAWAL).exists()


def said(comment: str) -> PngInfo:
    """Metadata with a comment."""
    made = PngInfo()
    made.add_text("comment", comment)
    return made


def test_the_photograph_never_comes_in_again(known: Any, tmp_path: Path) -> None:
    root, _, _ = known
    withdraw("anna", root)
    again = tmp_path / "again"
    draw(again / "other_name.png", seed=4)
    table(again / "images.csv", IMAGES, ["other_name.png,somebody,repaired,research"])
    outcome, told = add(again, root)
    assert outcome.state == "rejected"
    assert "consent for this photograph was withdrawn" in told
    assert "anna" not in (root / "data/added/withdrawn.json").read_text()
    assert file_digest(again / "other_name.png") not in (root / "data/added/withdrawn.json").read_text()
    Image.open(again / "other_name.png").save(again / "other_name.png", compress_level=1, pnginfo=said("saved anew"))
    outcome, told = add(again, root)
    assert outcome.state == "rejected"
    assert "the same picture as a photograph whose consent was withdrawn, in another file" in told
    draw(root / "data/raw/mine/back.png", seed=4)
    with (root / "data/raw/mine/images.csv").open("a") as file:
        file.write("back.png,somebody,repaired,research\n")
    images, _, _, refused = additions.there_already(root)
    assert (images.num_rows, refused) == (2, 1)


@pytest.mark.parametrize(
    "step", ["_remove_from_store", "survey", "track_again", "drop_from_lock", "_remove_from_cache"]
)
def test_a_withdrawal_that_was_killed_goes_on(known: Any, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    root, _, _ = known

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(withdrawing, step, killed)
        withdraw("anna", root)
    assert who_is_meant.under_way(root) is not None
    assert withdraw("", root)[1] == []
    assert additions.there_already(root)[0].num_rows == 2


def test_prefect_s_records_elsewhere_are_named(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    monkeypatch.setenv(DATABASES[0], "postgresql+asyncpg://me:secret@db.clinic/prefect")
    note("http://prefect.clinic:4200/api")
    lines = list(what_is_left.elsewhere(root, who_is_meant.find("first.png", root, also=()), Reached()))
    said = "this project's logs and artifacts there may name the photographs; delete its runs there:"
    assert f"  Prefect server http://prefect.clinic:4200/api: {said}" in lines
    assert f"  Prefect database postgresql+asyncpg://db.clinic/prefect: {said}" in lines


def test_who_is_meant(root: Path) -> None:
    by_name = who_is_meant.find("first.png", root, also=())
    assert by_name.person.subject is None
    assert who_is_meant.find(str(root / "data/raw/mine/first.png"), root, also=()).person == by_name.person
    assert who_is_meant.find(by_name.person.images[0], root, also=()).person == by_name.person
    with pytest.raises(InputError, match="no such subject, photograph or image_id"):
        who_is_meant.find("nobody", root, also=())


def test_the_command_shows_first_and_does_it_when_told(known: Any) -> None:
    root, _, _ = known
    shown = vermilion(root, "withdraw", "anna").stdout
    assert "1 line of" in shown
    assert "nothing was changed; --yes does it" in shown
    assert additions.there_already(root)[0].num_rows == 3
    done = vermilion(root, "withdraw", "anna", "--yes").stdout
    assert "no bytes, no digest and no name of the person" in done
    assert "what this command cannot reach:" in done
    assert additions.there_already(root)[0].num_rows == 2


def test_dvcs_cache_is_cleaned_wherever_the_project_lies(tmp_path: Path) -> None:
    """DVC's records of runs lie in `runs` of its cache; a project below a folder of that name is no such record."""
    place = tmp_path / "runs/project/.dvc/cache"
    person = Person(subject="anna", control=False, images=("a" * 64,), frames=(), names=(), sizes=())
    for name, gone in (("files/md5/12/34", True), ("runs/12/34", False)):
        (place / name).parent.mkdir(parents=True)
        (place / name).write_text("scored anna")
        assert has_to_go(place / name, place, person, (), frozenset()) is gone


def test_who_shares_a_file_name_or_is_mentioned_keeps_everything(root: Path, patients: Any) -> None:
    table(
        root / "data/captions/own.csv",
        ("path", "caption"),
        ["patients/p01/front.png,x", "patients/p02/front.png,p01 y"],
    )
    table(root / "data/study/visits.csv", ("who", "note"), ["p01,x", 'p02,"after p01,\nin spring"'])
    book = Workbook()
    active(book).append(["code", "p01"])
    book.save(root / "data/study/codebook.xlsx")
    before = (root / "data/study/codebook.xlsx").read_bytes()
    _, left = withdraw("P01", root)
    assert (patients / "images.csv").read_text().splitlines()[1:] == [
        f"patients/{who}/front.png,{who},repaired,sibling of p01" for who in ("p02", "p03")
    ]
    assert len((patients / "ratings.csv").read_text().splitlines()) == 3
    images, ratings, _, refused = additions.there_already(root)
    assert (images.num_rows, ratings.num_rows, refused) == (2, 2, 0)
    assert (root / "data/captions/own.csv").read_text().splitlines()[1:] == ["patients/p02/front.png,p01 y"]
    assert (root / "data/study/visits.csv").read_text() == 'who,note\np02,"after p01,\nin spring"\n'
    assert (root / "data/study/codebook.xlsx").read_bytes() == before
    told = {str(pathlib.Path(place).relative_to(root)) for place, _ in left}
    own = {"data/captions/own.csv", "data/study/visits.csv", "data/study/codebook.xlsx", "data/raw/mine/images.csv"}
    assert own <= told
    assert not (patients / "patients/p01").exists()


def test_a_workbook_that_copies_the_raw_layout_loses_the_rows_and_a_steward_s_own_stays(
    root: Path, patients: Path
) -> None:
    copy = Workbook()
    for title, lines in (
        (
            "who",
            [IMAGES, ("patients/p01/front.png", "p01", "repaired", "x"), ("patients/p02/front.png", "p02", "", "")],
        ),
        ("scores", [RATINGS, *((f"patients/{who}/front.png", "r", "lay", "CARS", 2) for who in ("p02", "p01"))]),
        ("own notes", [("code", "name"), ("p01", "asked in spring")]),
    ):
        sheet = copy.create_sheet(title)
        for line in lines:
            sheet.append(list(line))
    copy.remove(copy.worksheets[0])
    (root / "data/study").mkdir()
    copy.save(root / "data/study/copy.xlsx")
    _, left = withdraw("p01", root)
    kept = {sheet.title: [row[0] for row in sheet.values] for sheet in load_workbook(root / "data/study/copy.xlsx")}
    assert kept == {
        "who": ["path", "patients/p02/front.png"],
        "scores": ["path", "patients/p02/front.png"],
        "own notes": ["code", "p01"],
    }
    assert ("copy.xlsx", "name") in {(Path(place).name, what) for place, what in left}


def test_a_drop_folder_s_workbooks_lose_the_person(root: Path, tmp_path: Path) -> None:
    new = tmp_path / "drop/first"
    for seed, who in enumerate(("anna_k", "bert_s"), 41):
        draw(new / f"{who}.png", seed=seed)
    sheets.write(new / "images.xlsx", IMAGES, [(f"{who}.png", who, "repaired", "x") for who in ("anna_k", "bert_s")])
    sheets.write(new / "ratings.xlsx", RATINGS, [(f"{who}.png", "r", "lay", "CARS", 2) for who in ("anna_k", "bert_s")])
    watch(tmp_path / "drop", root, settle=0, once=True, tell=lambda _: None)
    assert withdraw("anna_k", root)[1] == []
    for name in ("images", "ratings"):
        (sheet,) = load_workbook(tmp_path / f"drop/added/first/{name}.xlsx")
        assert [row[0] for row in sheet.values] == ["path", "bert_s.png"]


def cached(root: Path, content: bytes) -> list[Path]:
    """The objects of DVC's cache that hold this."""
    return [path for path in (root / ".dvc/cache").rglob("*") if path.is_file() and content in path.read_bytes()]


def take_out(batch: str, root: Path) -> None:
    assert undo(batch, root, dry_run=False, commit=True, tell=lambda _: None).state == "added"


def test_a_batch_that_was_undone_is_withdrawn_without_bringing_it_back(root: Path, tmp_path: Path) -> None:
    first, second = batch(tmp_path / "first", seed=5), batch(tmp_path / "second", seed=6)
    photograph = (first / "p5.png").read_bytes()
    outcome, _ = add(first, root)
    other, _ = add(second, root)
    take_out(outcome.batch, root)
    assert cached(root, photograph)
    assert f"{outcome.batch}/p5.png, of a batch that was undone" in vermilion(root, "withdraw", "S5").stdout
    found, left = withdraw("S5", root)
    assert (found.undone, left) == ((f"{outcome.batch}/p5.png",), [])
    assert not cached(root, photograph)
    assert not cached(root, b"p5.png")
    assert [path.name for path in (root / "data/added/batches").iterdir()] == [other.batch]
    assert additions.there_already(root)[1].num_rows == 3
    assert not list((root / ".dvc/tmp").glob("undone-*"))
    again, told = add(first, root)
    assert (again.state, "consent for this photograph was withdrawn" in told) == ("rejected", True)
    with pytest.raises(InputError, match=rf"no longer has all of {outcome.batch}, undone before, .* `dvc fetch"):
        who_is_meant.find("s5", root, also=())


def test_a_photograph_that_is_there_and_others_that_were_undone_go_together(root: Path, tmp_path: Path) -> None:
    new = batch(tmp_path / "new", seed=7)
    table(new / "images.csv", IMAGES, ["p7.png,s1,repaired,research"])
    photograph = (new / "p7.png").read_bytes()
    take_out(add(new, root)[0].batch, root)
    found, left = withdraw("s1", root)
    assert (len(found.person.images), left) == (2, [])
    assert not cached(root, photograph)
    assert not (root / "data/raw/mine/first.png").exists()


def test_of_two_batches_with_the_same_file_names_the_other_stays_whole(root: Path, tmp_path: Path) -> None:
    for seed, who in enumerate(("p91", "p92"), 21):
        new = tmp_path / who
        draw(new / "front.png", seed=seed)
        table(new / "images.csv", IMAGES, [f"front.png,{who},repaired,research"])
        table(new / "ratings.csv", RATINGS, ["front.png,surgeon,medical,CARS,2"])
        assert add(new, root)[0].state == "added"
    assert withdraw("p91", root)[1] == []
    images, ratings, _, refused = additions.there_already(root)
    assert (images.num_rows, ratings.num_rows, refused) == (2, 2, 0)
    shutil.rmtree(root / "data/added/batches")
    run(root, "dvc", "checkout", "data/added/batches.dvc")
    assert additions.there_already(root)[1].num_rows == 2


def test_the_search_tells_of_other_spellings_encodings_and_file_names(root: Path, patients: Any) -> None:
    draw(patients / "thumbs/P01_small.png", seed=31)
    (root / "data/study").mkdir()
    (root / "data/study/list.txt").write_text("who saw P01\n")
    (root / "data/study/wide.csv").write_bytes("who;note\nx;p01 again\n".encode("utf-16"))
    told = {pathlib.Path(place).name for place, _ in withdraw("p01", root)[1]}
    assert {"P01_small.png", "list.txt", "wide.csv"} <= told


def test_a_workbook_keeps_the_results_of_its_formulas(root: Path, patients: Any) -> None:
    (patients / "ratings.csv").unlink()
    book = Workbook()
    for row in (RATINGS, *([f"patients/{who}/front.png", "surgeon", "medical", "CARS", 3] for who in ("p01", "p02"))):
        active(book).append(list(row))
    active(book)["E3"] = "=E2"
    book.save(patients / "ratings.xlsx")
    stored = (patients / "ratings.xlsx").read_bytes()
    with zipfile.ZipFile(patients / "ratings.xlsx", "w") as new, zipfile.ZipFile(io.BytesIO(stored)) as old:
        for name in old.namelist():  # with the result, as a spreadsheet program leaves it
            new.writestr(name, re.sub(rb"<f>E2</f><v ?(/>|></v>)", b"<f>E2</f><v>3</v>", old.read(name)))
    assert additions.there_already(root)[1].num_rows == 2
    withdraw("p01", root)
    (rating,) = additions.there_already(root)[1].to_pylist()
    assert rating["score"] == 3


def test_nothing_comes_in_while_a_withdrawal_is_cut_off(
    root: Path, patients: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(withdrawing, "track_again", killed)
        withdraw("p01", root)
    with pytest.raises(InputError, match="a withdrawal was begun and not finished"):
        add(batch(tmp_path / "new"), root)
    withdraw("", root)
    assert add(batch(tmp_path / "new"), root)[0].state == "added"


SHORT = Person(subject="P05", control=False, images=("a" * 64,), frames=(), names=("Pat 05.jpg",), sizes=())


@pytest.mark.parametrize("packed", ["tiff", "bmp", "zip", "weights", "page", "clip", "unknown"])
def test_a_short_name_by_chance_in_packed_bytes_is_nobody_s(tmp_path: Path, packed: str) -> None:
    file = tmp_path / packed
    chance = bytes(range(256)) + b" P05 " + bytes(range(256))
    if packed in ("tiff", "bmp"):
        pixels = Image.frombytes("L", (len(chance), 1), chance)
        pixels.save(file, packed)
        assert b" P05 " in file.read_bytes()
    elif packed == "zip":
        with zipfile.ZipFile(file, "w") as made:
            made.writestr("data.npy", chance)
    else:
        heads = {
            "weights": b'\x02\0\0\0\0\0\0\0{"a"}',
            "page": b"<!doctype html><img src='data:image/png;base64,AA/P05/",
        }
        heads |= {"clip": b"\0\0\0\x20ftypmp42", "unknown": b"\x9c"}
        file.write_bytes(heads[packed] + (b"AA'>" if packed == "page" else chance))
    assert traces(file, SHORT) is None


def test_a_short_name_counts_in_words_in_whatever_encoding_and_in_a_picture_s_metadata(tmp_path: Path) -> None:
    for encoding in ("utf-8", "utf-16", "utf-16-le", "cp1252"):
        (tmp_path / encoding).write_bytes("größer als P05, später\n".encode(encoding))
    small = Image.new("L", (4, 4))
    exif = Image.Exif()
    exif[0x010E] = "P05 before"
    small.save(tmp_path / "exif.jpg", exif=exif)
    small.save(tmp_path / "tags.tif", tiffinfo={270: "of P05"})
    small.save(tmp_path / "text.png", pnginfo=said("P05"))
    Image.frombytes("L", (4, 4), b"XP05" * 4).save(tmp_path / "other.tif", tiffinfo={270: "XP05 and P051"})
    found = {file.name: traces(file, SHORT) for file in tmp_path.iterdir()}
    assert found.pop("other.tif") is None
    assert set(found.values()) == {"name"}
    (tmp_path / "digest.bin").write_bytes(bytes(range(256)) + b"a" * 64)
    assert traces(tmp_path / "digest.bin", SHORT) == "digest"


def test_pages_and_tables_of_score_go_or_lose_the_person_s_row(root: Path, patients: Path) -> None:
    image = who_is_meant.find("p01", root, also=()).person.images[0]
    (root / "pages").mkdir()
    own = render_photo_page(Photo("front.png", image), notices=[])
    (root / "pages/001-front.html").write_text(own)
    (root / "pages/mine.html").write_text(f"<!doctype html><p>{image}</p>")
    others = render_photo_page(Photo("front.png", "b" * 64), notices=[])
    (root / "pages/002-front.html").write_text(others)
    for name, ids in (("one.csv", [image]), ("two.csv", [image, "b" * 64]), ("two.xlsx", ["b" * 64, image])):
        rows = [[f"{at}.png", "v", "", "", "", found] for at, found in enumerate(ids)]
        sheets.write(root / name, SCORED_COLUMNS, rows)
    found = who_is_meant.find("p01", root, also=())
    told: list[str] = []
    withdrawing.show(found, root, Store(root / STORE), told.append)
    assert "  you must see to this yourself, delete or change it: pages/mine.html" in told
    planned = withdrawing.plan(found, root, Store(root / STORE))
    assert {root / "one.csv", root / "pages/001-front.html"} <= planned.goes
    assert {root / "two.csv", root / "two.xlsx"} <= planned.changes
    _, left = withdraw("p01", root)
    assert {str(file) for file in planned.left} == {place for place, _ in left if "git's history" not in place}
    assert not [file for file in planned.goes if file.exists()]
    assert (root / "pages/002-front.html").read_text() == others
    for name in ("two.csv", "two.xlsx"):
        (sheet,) = read_sheets(root / name)
        assert [row.cells[-1] for row in sheet.rows] == ["b" * 64]


def test_a_table_that_a_program_made_loses_the_person_s_rows_and_keeps_the_others(root: Path, patients: Path) -> None:
    image = who_is_meant.find("p01", root, also=()).person.images[0]
    folder = root / "data/reports"
    folder.mkdir(parents=True, exist_ok=True)
    rows = [["a/other.png", "1"], [f"see {image}", "2"], ["p02", "3"]]
    for name in ("mixed.csv", "mixed.xlsx"):
        sheets.write(folder / name, ("picture", "value"), rows)
    (folder / "mixed.tsv").write_text("\n".join("\t".join(row) for row in (["picture", "value"], *rows)))
    (folder / "theirs.csv").write_text(f"picture,value\n{image},2\n")
    (folder / "about.csv").write_text(f"value,of {image}\n1,2\n")  # its header is about them
    (folder / "mixed.bin").write_bytes(b"\0\xff" + image.encode() + b"\0other")
    planned = withdrawing.plan(who_is_meant.find("p01", root, also=()), root, Store(root / STORE))
    assert {folder / name for name in ("mixed.csv", "mixed.xlsx", "mixed.tsv")} <= planned.changes
    assert {folder / name for name in ("theirs.csv", "about.csv", "mixed.bin")} <= planned.goes
    withdraw("p01", root)
    for name in ("mixed.csv", "mixed.xlsx", "mixed.tsv"):
        (sheet,) = read_sheets(folder / name)
        assert [list(row.cells) for row in sheet.rows] == [["a/other.png", "1"], ["p02", "3"]]
    assert not [file for file in planned.goes if file.exists()]


def test_what_score_writes_has_the_columns_by_which_its_tables_are_known() -> None:
    assert set(SCORED_COLUMNS) <= set(scoring.table([], [])[0])


def test_a_name_in_another_case_is_understood_and_a_near_one_asked_about(root: Path, patients: Path) -> None:
    draw(patients / "Pat 14.png", seed=77)
    with (patients / "images.csv").open("a") as file:
        file.write("Pat 14.png,P05,repaired,research\n")
    assert who_is_meant.find("pat 14.PNG", root, also=()).person.names == ("Pat 14.png",)
    assert who_is_meant.find("p05", root, also=()).person.subject == "P05"
    with pytest.raises(InputError, match="did you mean P05"):
        who_is_meant.find("P5", root, also=())
    with pytest.raises(InputError, match="could be several photographs: patients/p01/front.png, patients/p02"):
        who_is_meant.find("Front.png", root, also=())


def test_drawn_faces_and_networks_that_did_not_see_the_person_stay(built: Path, tmp_path: Path) -> None:
    """Of a project that ran on drawn faces and now measures another folder; the plan is what happens."""
    root = copy_project(built, tmp_path / "project")
    set_number(root, "data", "raw", str(tmp_path / "own"))
    draw(tmp_path / "own/Pat 05.png", seed=91)
    table(tmp_path / "own/images.csv", IMAGES, ["Pat 05.png,P05,repaired,research"])
    (root / "data/raw/phantoms/chance.csv").write_text("path\nP05\n")
    stale = root / "data/reports/index.html"
    stale.write_text("<!doctype html>made later")
    drawn = files_of(root / "data/raw/phantoms")
    models = {name: files_of(root / f"data/{name}") for name in ("symmetry/clp/model", "anomaly/generator")}
    before = yaml.safe_load((root / "dvc.lock").read_text())["stages"]
    found = who_is_meant.find("P05", root, also=())
    assert found.networks == ()
    planned = withdrawing.plan(found, root, Store(root / STORE))
    everything = files_of(root)
    withdraw("P05", root)
    assert files_of(root / "data/raw/phantoms") == drawn
    assert {name: files_of(root / f"data/{name}") for name in models} == models
    after = yaml.safe_load((root / "dvc.lock").read_text())["stages"]
    kept = {"phantoms_draw", "symmetry_train@clp", "anomaly_generator"}
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    index = root / ".dvc/site"
    gone = {file for file in everything - files_of(root) if not file.is_relative_to(index)}
    assert gone == {file for file in planned.goes if file.is_relative_to(root)}


def test_a_number_for_a_name_takes_nobody_else_s_rows(root: Path, patients: Path) -> None:
    with (patients / "images.csv").open("a") as file:
        file.write("Pat 12.png,12,repaired,x\n")
    draw(patients / "Pat 12.png", seed=71)
    visits = table(
        root / "data/study/visits.csv",
        ("patient_id", "age", "path"),
        ["11,12,patients/p01/front.png", "12,9,Pat 12.png", "13,12,"],
    )
    alone = table(root / "data/study/alone.csv", ("subject_id", "age"), ["12,30", "13,12"])
    rows = [["p01.png", "12", "12", "", "", "b" * 64], ["Pat 12.png", "v", "", "", "", "c" * 64]]
    sheets.write(root / "scores.csv", SCORED_COLUMNS, rows)
    found, left = withdraw("12", root)
    assert (found.person.subject, left) == ("12", [])
    assert visits.read_text().splitlines()[1:] == ["11,12,patients/p01/front.png", "13,12,"]
    assert alone.read_text().splitlines()[1:] == ["13,12"]
    (sheet,) = read_sheets(root / "scores.csv")
    assert [row.cells[0] for row in sheet.rows] == ["p01.png"]
    told = list(what_is_left.said(what_is_left.search(found, root), root))
    assert "  the name 12 was looked for in columns of subjects only: elsewhere it may be any number" in told


def test_a_name_inside_another_s_and_a_rater_of_the_same_name_stay(root: Path, patients: Path) -> None:
    for seed, who in ((81, "p"), (82, "p0"), (83, "p01x")):
        draw(patients / f"of {who}.png", seed=seed)
        with (patients / "images.csv").open("a") as file:
            file.write(f"of {who}.png,{who},repaired,x\n")
    with (patients / "ratings.csv").open("a") as file:
        file.write("patients/p02/front.png,p01,lay,CARS,3\nof p0.png,p01,lay,CARS,3\n")
    _, left = withdraw("p01", root)
    images, ratings, _, refused = additions.there_already(root)
    assert sorted(images["subject_id"].to_pylist()) == ["p", "p0", "p01x", "p02", "p03"]
    assert sorted(ratings["rater_id"].to_pylist()) == ["p01", "p01", "surgeon", "surgeon"]
    assert refused == 0
    assert {Path(place).name for place, _ in left} == {"images.csv", "ratings.csv"}  # "sibling of p01", and the rater
    with pytest.raises(InputError, match="no such subject"):
        who_is_meant.find("", root, also=())
    with pytest.raises(InputError, match="no such subject"):
        who_is_meant.find("p0*", root, also=())


def test_a_clip_of_two_people_goes_when_one_of_them_does(root: Path, patients: Path) -> None:
    with (patients / "images.csv").open("a") as file:
        file.write("both.png,p01,repaired,x\nboth.png,p02,repaired,x\n")
    draw(patients / "both.png", seed=71)
    withdraw("p01", root)
    assert not (patients / "both.png").exists()
    images, _, _, refused = additions.there_already(root)
    assert (sorted(images["subject_id"].to_pylist()), refused) == (["p02", "p03"], 0)


def test_what_came_in_since_it_was_shown_goes_too(root: Path, tmp_path: Path) -> None:
    first = batch(tmp_path / "first", seed=5)
    shown = (add(first, root), who_is_meant.find("s5", root, also=()))[1]
    later = batch(tmp_path / "later", seed=6)
    table(later / "images.csv", IMAGES, ["p6.png,s5,repaired,research"])
    add(later, root)
    told: list[str] = []
    found = withdrawing.withdraw(shown, root, Store(root / STORE), commit=True, tell=told.append)
    assert (len(shown.person.images), len(found.person.images)) == (1, 2)
    assert "1 photograph or clip came in meanwhile: withdrawn, too" in told
    assert what_is_left.search(found, root).found == []


def test_whoever_waited_for_a_withdrawal_asks_again_when_the_turn_comes(root: Path, tmp_path: Path) -> None:
    other, told = who_is_meant.find("s1", root, also=()), list[str]()
    (root / put_in_place.INCOMING).mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor() as threads:
        with FileLock(root / put_in_place.INCOMING / "lock"):
            adding = threads.submit(
                additions.add, batch(tmp_path / "new"), root, dry_run=False, commit=True, tell=told.append
            )
            while "another steward is adding; waiting" not in told:
                time.sleep(0.05)
            begun = other.model_copy(update={"person": other.person.model_copy(update={"images": ("e" * 64,)})})
            (root / put_in_place.WITHDRAWAL).write_text(begun.model_dump_json())
        with pytest.raises(InputError, match="a withdrawal was begun and not finished"):
            adding.result()
    with pytest.raises(InputError, match="another withdrawal was begun and not finished"):
        withdrawing.withdraw(other, root, Store(root / STORE), commit=True, tell=lambda _: None)
    assert who_is_meant.under_way(root) == begun
    assert (root / "data/raw/mine/first.png").exists()


def test_the_program_s_own_examples_are_nobody_and_stay(root: Path, patients: Any) -> None:
    """Docs and tests say `p01`, as hospitals do; what a steward wrote there, and did not commit, is told."""
    (root / "docs").mkdir(exist_ok=True)
    for name in ("example.md", "changed.md", "mine.md"):
        (root / "docs" / name).write_text("withdraw P01\n")
    subprocess.run(["git", "add", "docs/example.md", "docs/changed.md"], cwd=root, check=True)
    subprocess.run(["git", "commit", "-qm", "pages"], cwd=root, check=True)
    (root / "docs/changed.md").write_text("P01 was here\n")
    found = who_is_meant.find("P01", root, also=())
    said: list[str] = []
    withdrawing.show(found, root, Store(root / STORE), said.append)
    assert not any("example.md" in line for line in said)
    assert all(
        any(f"yourself, delete or change it: docs/{name}.md" in line for line in said) for name in ("changed", "mine")
    )
    left = what_is_left.search(found, root)
    assert [pathlib.Path(place).name for place in left.examples] == ["example.md"]
    assert {"changed.md", "mine.md"} <= {pathlib.Path(place).name for place, _ in left.found}
    assert any(
        "leave them, unless you wrote there yourself: docs/example.md" in line for line in what_is_left.said(left, root)
    )
