"""A drop folder: whole batches come in, unfinished ones wait, rejected ones stay with their reasons."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from flows.repository import commits
from flows.stewards.batches.additions import add, there_already
from flows.stewards.drop_folder import watching
from flows.stewards.drop_folder.watching import Watch, look, watch
from flows.stewards.drop_folder.without_links import copied, move
from flows.stewards.outside_folders.watched_folders import only_watcher, place_of
from tasks.errors import InputError
from tests.ingest.test_sheets import book
from tests.project import environment
from tests.stewards import IMAGES, RATINGS, batch, draw, table

pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning")  # DVC's own use of pygtrie


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    folder = tmp_path / "drop"
    folder.mkdir()
    return folder


def once(drop: Path, root: Path) -> tuple[int, str]:
    """How many were rejected, and what was said."""
    told: list[str] = []
    return watch(drop, root, settle=0, once=True, tell=told.append), "\n".join(told)


def batches(root: Path) -> list[Path]:
    return sorted((root / "data/added/batches").glob("*"))


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_subfolder_comes_in_and_moves_away(root: Path, drop: Path) -> None:
    batch(drop / "Anna Smith")
    rejected, told = once(drop, root)
    assert rejected == 0
    assert len(batches(root)) == 1
    assert f"added 1 photograph, 2 ratings as batch {batches(root)[0].name}" in told
    assert "nothing was evaluated here yet: the first run" in told
    expected = [f"added/Anna Smith/{name}" for name in ("images.csv", "p3.png", "ratings.csv")]
    assert names(drop) == [".vermilion.json", *expected]
    assert "Smith" not in told
    assert "p3" not in told
    assert once(drop, root) == (0, "")


def test_csv_files_come_in_with_the_pictures_they_name_whatever_their_order(
    root: Path, drop: Path, tmp_path: Path
) -> None:
    made = batch(tmp_path / "made")
    (drop / "pictures").mkdir()
    shutil.copy(made / "p3.png", drop / "pictures/p 3.png")
    (drop / "unrelated.png").write_text("x")
    text = (made / "images.csv").read_text().replace("p3.png", "pictures/p 3.png")
    (drop / "z photographs.csv").write_text(text)
    table(drop / "a ratings.csv", RATINGS, ["pictures/p 3.png,surgeon,medical,CARS,2"])
    rejected, _ = once(drop, root)
    assert rejected == 0
    assert len(batches(root)) == 2
    moved = ["a ratings/a ratings.csv", "z photographs/pictures/p 3.png", "z photographs/z photographs.csv"]
    assert names(drop) == [".vermilion.json", *(f"added/{name}" for name in moved), "unrelated.png"]
    assert not (drop / "pictures").exists()


def test_a_single_workbook_of_pictures_and_ratings_comes_in(root: Path, drop: Path) -> None:
    draw(drop / "p3.png", seed=3)
    lines = [IMAGES, ["p3.png", "s3", "repaired", "research"]]
    book(drop / "visit.xlsx", lines, [RATINGS, ["p3.png", "surgeon", "medical", "CARS", 2]])
    assert once(drop, root)[0] == 0
    assert names(drop) == [".vermilion.json", "added/visit/p3.png", "added/visit/visit.xlsx"]
    _, ratings, _, refused = there_already(root)
    assert (ratings.num_rows, refused) == (2, 0)


@pytest.mark.parametrize(
    ("name", "data"), [("old.xls", b"\xd0\xcf\x11\xe0"), ("list.xlsx", b"PK\x03\x04"), ("t.csv", b"a,b\n1,2\n")]
)
def test_a_single_table_that_cannot_be_read_has_its_reasons_beside_it(
    root: Path, drop: Path, name: str, data: bytes
) -> None:
    (drop / name).write_bytes(data)
    assert once(drop, root)[0] == 1
    said = (drop / f"{Path(name).stem}-rejected.csv").read_text()
    assert "save it" in said or "has the columns" in said


def test_a_rejected_batch_stays_and_is_tried_again_when_it_changes(root: Path, drop: Path) -> None:
    made = batch(drop / "new")
    good = (made / "ratings.csv").read_text()
    (made / "ratings.csv").write_text(good.replace("medical", "nurse"))
    rejected, told = once(drop, root)
    assert rejected == 1
    assert "rejected a batch: 1 problem" in told
    reasons = drop / "new-rejected.csv"
    assert "rater_role 'nurse'" in reasons.read_text()
    assert once(drop, root) == (0, "")  # another process, so to say: it remembers
    assert reasons.stat().st_mode & 0o777 == 0o600 | drop.stat().st_mode & 0o044
    reasons.unlink()
    drop.chmod(0o750)
    assert once(drop, root)[0] == 1  # who deletes the reasons asks for another try
    assert reasons.stat().st_mode & 0o777 == 0o640  # as far as the folder grants
    assert reasons.stat().st_gid == drop.stat().st_gid
    (made / "ratings.csv").write_text(good)
    assert once(drop, root)[0] == 0
    assert len(batches(root)) == 1
    assert names(drop / "added/new") == ["images.csv", "p3.png", "ratings.csv"]


@pytest.mark.parametrize(("name", "encoding"), [("new.txt", "utf-8"), ("New.txt.txt", "utf-16")])
def test_the_folder_itself_takes_the_answer_who_is_new(root: Path, drop: Path, name: str, encoding: str) -> None:
    table(drop / "scores.csv", RATINGS, ["first.png,surgoen,medical,CARS,4"])
    assert once(drop, root)[0] == 1
    said = (drop / "scores-rejected.csv").read_text()
    assert "did you mean surgeon?" in said
    assert "in a drop folder, write surgoen into a file new.txt there" in said
    (drop / name).write_text("somebody\n\nSurgoen \n", encoding=encoding)
    assert once(drop, root)[0] == 0
    assert names(drop) == sorted([".vermilion.json", name, "added/scores/scores.csv"])
    assert sorted(there_already(root)[1]["rater_id"].to_pylist()) == ["surgeon", "surgoen"]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("cp1252", "line 2: byte 0xfc is not UTF-8"),
        ("long", "a list of names has at most 65,536"),
        *((kind, "not a text file") for kind in ("fifo", "folder", "link")),
    ],
)
def test_a_list_of_new_names_that_cannot_be_read_is_among_the_reasons(
    root: Path, drop: Path, tmp_path: Path, kind: str, reason: str
) -> None:
    new = drop / "new.txt"
    (tmp_path / "names").write_text("surgoen")
    makers: dict[str, Callable[[], object]] = {
        "cp1252": lambda: new.write_bytes("surgoen\nMüller".encode("cp1252")),
        "long": lambda: new.write_text("surgoen\n" * 10_000),
        "fifo": lambda: os.mkfifo(new),
        "folder": new.mkdir,
        "link": lambda: new.symlink_to(tmp_path / "names"),
    }
    makers[kind]()
    table(drop / "scores.csv", RATINGS, ["first.png,surgoen,medical,CARS,4"])
    table(drop / "fine.csv", RATINGS, ["first.png,lay_9,lay,CARS,2"])
    assert once(drop, root)[0] == 1
    said = (drop / "scores-rejected.csv").read_text()
    assert "did you mean surgeon?" in said
    assert "new.txt,1,," in said
    assert reason in said
    assert names(drop / "added") == ["fine/fine.csv"]


def test_a_batch_that_the_command_brought_in_moves_away(root: Path, drop: Path) -> None:
    rated = table(drop / "scores.csv", RATINGS, ["first.png,surgoen,medical,CARS,4"])
    assert once(drop, root)[0] == 1
    add(rated, root, dry_run=False, commit=True, tell=lambda _: None, new=["surgoen"])
    assert once(drop, root)[0] == 0
    assert names(drop) == [".vermilion.json", "added/scores/scores.csv"]


def test_what_is_still_being_copied_is_left(root: Path, drop: Path) -> None:
    told: list[str] = []
    state = Watch(drop, root, 0.4, told.append)
    made = batch(drop / "new")
    whole = (made / "p3.png").read_bytes()
    (made / "p3.png").write_bytes(whole[:1000])
    look(state)
    time.sleep(0.5)
    (made / "p3.png").write_bytes(whole[:2000])
    look(state)
    (made / "p3.png").write_bytes(whole)
    look(state)
    assert not told
    assert not batches(root)
    time.sleep(0.5)
    look(state)
    assert len(batches(root)) == 1


def test_a_picture_that_is_missing_or_unfinished_is_told_once_and_waited_for(root: Path, drop: Path) -> None:
    made = batch(drop / "new")
    (made / "p3.png").rename(made / "p3.png.crdownload")
    assert once(drop, root)[0] == 1
    text = (drop / "new-rejected.csv").read_text()
    assert "no such file" in text
    assert "still being copied" in text
    assert once(drop, root)[0] == 0
    (made / "p3.png.crdownload").rename(made / "p3.png")
    assert once(drop, root)[0] == 0
    assert len(batches(root)) == 1
    assert not (drop / "new-rejected.csv").exists()


def test_ratings_that_came_before_their_photographs_are_tried_again(root: Path, drop: Path) -> None:
    table(drop / "early.csv", RATINGS, ["p3.png,lay_9,lay,CARS,2"])
    assert once(drop, root)[0] == 1
    batch(drop / "new")
    assert once(drop, root)[0] == 0
    assert once(drop, root)[0] == 0
    assert len(batches(root)) == 2
    assert not (drop / "early-rejected.csv").exists()


def test_a_watcher_that_was_killed_between_adding_and_moving_goes_on(
    root: Path, drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch(drop / "new")
    monkeypatch.setattr(watching, "_move", lambda *_: None)
    once(drop, root)
    monkeypatch.undo()
    assert "there already as batch" in once(drop, root)[1]
    assert names(drop / "added/new") == ["images.csv", "p3.png", "ratings.csv"]
    assert len(batches(root)) == 1


def test_links_are_not_followed(root: Path, drop: Path, tmp_path: Path) -> None:
    batch(tmp_path / "private")
    (drop / "link").symlink_to(tmp_path / "private")
    assert once(drop, root) == (0, "")
    assert (tmp_path / "private/p3.png").exists()


@pytest.mark.parametrize("name", ["p3.png", "ratings.csv"])
def test_a_link_that_is_swapped_in_after_the_look_lets_nothing_in(
    root: Path, drop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """What the link leads to neither comes in nor is quoted among the reasons."""
    secret = draw(tmp_path / "secret.png", seed=8) if name == "p3.png" else tmp_path / "secret.csv"
    if name == "ratings.csv":
        table(secret, RATINGS, ["p3.png,somebody,hush,CARS,2"])
    made = batch(drop / "new")
    look_at = watching._dropped

    def swapped(state: Watch) -> list[watching.Dropped]:
        found = list(look_at(state))
        (made / name).unlink()
        (made / name).symlink_to(secret)
        return found

    monkeypatch.setattr(watching, "_dropped", swapped)
    told: list[str] = []
    look(Watch(drop, root, 0, told.append))
    assert "rejected a batch" in told[0]
    assert not batches(root)
    assert "hush" not in (drop / "new-rejected.csv").read_text()
    assert not list((root / ".dvc/tmp").glob("dropped-*"))


def test_a_folder_that_becomes_a_link_is_not_gone_through(root: Path, drop: Path, tmp_path: Path) -> None:
    outside = batch(tmp_path / "outside")
    (drop / "new").symlink_to(outside)
    with pytest.raises(OSError, match="directory|links"), copied(root, drop, [PurePosixPath("new/p3.png")]):
        pass
    with pytest.raises(OSError, match="directory|links"):
        move(drop, PurePosixPath("new/p3.png"), PurePosixPath("added/p3.png"))
    assert (outside / "p3.png").exists()


def test_what_a_watcher_that_was_killed_copied_goes(root: Path, drop: Path) -> None:
    left = [draw(place_of(root, folder) / "x/new/p3.png") for folder in (drop, drop / "another")]
    once(drop, root)
    assert not any(file.exists() for file in left)


def test_a_folder_has_one_watcher_and_one_of_another_folder_keeps_its_copies(
    root: Path, drop: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    draw(other / "p1.png")
    with only_watcher(root, other), copied(root, other, [PurePosixPath("p1.png")]) as place:
        assert once(drop, root) == (0, "")
        assert (place / "p1.png").exists()
        with pytest.raises(InputError, match=rf"another `vermilion watch` runs .* \(process {os.getpid()}\)"):
            once(other, root)
    with only_watcher(root, other):
        pass


@pytest.mark.parametrize("inward", [True, False])
def test_a_forged_memory_moves_nothing_out_of_the_folder_or_into_it(
    root: Path, drop: Path, tmp_path: Path, inward: bool
) -> None:
    (drop / "x.py").write_text("forged")
    outside = tmp_path / "outside"
    outside.write_text("kept")
    (drop / "link").symlink_to(tmp_path)
    (drop / "added").mkdir()
    (drop / "added/there").write_text("kept")
    if inward:
        moves = {str(outside): "added/loot", "../outside": "added/loot", "link/outside": "added/loot"}
    else:
        moves = {"x.py": str(outside)}
    for target in ("../outside", "added/../../outside", "added/there", "link/new", "added"):
        (drop / ".vermilion.json").write_text(json.dumps({"tried": {}, "moving": {**moves, "./x.py": target}}))
        assert "left undone: not from this folder" in once(drop, root)[1]
        assert (drop / "x.py").read_text() == "forged"
        assert outside.read_text() == (drop / "added/there").read_text() == "kept"
        assert names(drop / "added") == ["there"]
        assert once(drop, root) == (0, "")


def test_the_same_batch_dropped_again_and_again_finds_a_free_name(root: Path, drop: Path, tmp_path: Path) -> None:
    made = batch(tmp_path / "made")
    for _ in range(4):
        shutil.copytree(made, drop / "first")
        assert once(drop, root)[0] == 0
    identity = batches(root)[0].name
    expected = ["first", f"first-{identity}", f"first-{identity}-2", f"first-{identity}-3"]
    assert sorted(path.name for path in (drop / "added").iterdir()) == expected


def test_a_batch_that_cannot_be_moved_stops_no_other(root: Path, drop: Path) -> None:
    (drop / "added").write_text("a file")
    batch(drop / "a")
    table(drop / "b.csv", RATINGS, ["first.png,lay_9,lay,CARS,2"])
    told = once(drop, root)[1]
    assert len(batches(root)) == 2
    assert "cannot be moved now: File exists; trying again" in told
    (drop / "added").unlink()
    once(drop, root)
    assert names(drop / "added") == ["a/images.csv", "a/p3.png", "a/ratings.csv", "b/b.csv"]


@pytest.mark.parametrize("text", ["[" * 100_000, "[]", '{"tried": {}, "moving": {"x": 1}}', "fifo", "folder"])
def test_a_damaged_memory_is_told_and_begun_anew(root: Path, drop: Path, text: str) -> None:
    memory = drop / ".vermilion.json"
    makers: dict[str, Callable[[], object]] = {"fifo": lambda: os.mkfifo(memory), "folder": memory.mkdir}
    makers.get(text, lambda: memory.write_text(text))()
    batch(drop / "new")
    rejected, told = once(drop, root)
    assert rejected == 0
    assert ".vermilion.json is damaged: it is begun anew" in told
    assert (drop / "added/new/p3.png").exists()
    assert memory.is_dir() or once(drop, root) == (0, "")


def test_what_stops_every_batch_is_said_without_names_and_tried_again(root: Path, drop: Path) -> None:
    batch(drop / "Anna Smith")
    head = root / ".git/MERGE_HEAD"
    head.write_text(commits.git(root, "rev-parse", "HEAD"))
    rejected, told = once(drop, root)
    assert rejected == 0
    assert "nothing can be added now: " in told
    assert "MERGE_HEAD" in told
    assert "Smith" not in told
    head.unlink()
    assert once(drop, root)[0] == 0
    assert len(batches(root)) == 1


def test_the_command_watches_until_it_is_interrupted(root: Path, drop: Path, tmp_path: Path) -> None:
    command = ["vermilion", "watch", str(drop), "--settle", "0.5"]
    watcher = subprocess.Popen(
        command, cwd=root, env=environment(root), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert watcher.stdout
    assert "Ctrl-C ends it" in watcher.stdout.readline()
    shutil.copytree(batch(tmp_path / "new"), drop / "new")
    said = watcher.stdout.readline()
    while "added 1 photograph" not in said and watcher.poll() is None:
        said = watcher.stdout.readline()
    until = time.monotonic() + 60
    while not (drop / "added/new/p3.png").exists() and time.monotonic() < until:
        time.sleep(0.1)
    watcher.send_signal(signal.SIGINT)
    rest = watcher.communicate(timeout=60)[0]
    assert "added 1 photograph, 2 ratings" in said
    assert rest.endswith("ended\n")
    assert watcher.returncode == 0
    assert len(batches(root)) == 1
