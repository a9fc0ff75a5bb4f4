"""Batches come in whole or not at all: real DVC, git and processes in repositories of their own."""

import json
import os
import random
import re
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows import PROJECT
from flows.running import privacy
from flows.stewards.batches import additions as stewardship
from flows.stewards.batches import put_in_place as placing
from flows.stewards.batches import reevaluation
from flows.stewards.batches.corrections import correct
from flows.stewards.batches.reevaluation import RESULTS
from flows.stewards.outside_folders.batch_sources import RECORD
from tasks.errors import InputError
from tasks.ingest.tables.raw_layout import BATCHES
from tests.here import vermilion
from tests.ingest.test_sheets import book
from tests.project import environment, run
from tests.stewards import IMAGES, RATINGS, batch, draw, table
from tests.withdrawals import withdraw

SEEDS = 25

pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning")  # DVC's own use of pygtrie


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return batch(tmp_path / "new")


def add(path: Path, root: Path, *, dry_run: bool = False, commit: bool = True) -> tuple[stewardship.Outcome, str]:
    """The outcome and what the steward was told."""
    told: list[str] = []
    return stewardship.add(path, root, dry_run=dry_run, commit=commit, tell=told.append), "\n".join(told)


def git(root: Path, *arguments: str) -> str:
    return run(root, "git", *arguments).stdout


def state(root: Path) -> dict[str, tuple[int, bytes]]:
    """Every file of the project with its bytes, git's and DVC's too; not the stewards' lock or whence batches came."""
    files = (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    kept = (path for path in files if ".incoming" not in path.parts and "site" not in path.parts)
    kept = (path for path in kept if path != root / RECORD)
    return {str(path.relative_to(root)): (path.stat().st_mode, path.read_bytes()) for path in kept}


def batches(root: Path) -> list[str]:
    folder = root / "data/added" / BATCHES
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def check_settled(root: Path, expected: int) -> None:
    """So many whole batches, DVC and git agree with the folder, and nothing is left over."""
    assert len(batches(root)) == expected
    record = root / "data/added/batches.dvc"
    if expected:
        assert json.loads(run(root, "dvc", "status", "--json", str(record)).stdout) == {}
        files = sum(path.is_file() for path in (root / "data/added/batches").rglob("*"))
        assert yaml.safe_load(record.read_text())["outs"][0]["nfiles"] == files
    assert not git(root, "status", "--porcelain", "--", "data").strip()
    assert [path.name for path in (root / "data/.incoming").iterdir()] in ([], ["lock"])


def test_a_batch_is_brought_in_tracked_and_committed(root: Path, new: Path) -> None:
    outcome, told = add(new, root)
    assert (outcome.state, outcome.photographs, outcome.ratings, outcome.announced) == ("added", 1, 2, False)
    assert batches(root) == [outcome.batch]
    inside = root / "data/added/batches" / outcome.batch
    for name in ("images.csv", "ratings.csv", "p3.png"):
        assert (inside / name).read_bytes() == (new / name).read_bytes()
    message = git(root, "log", "-1", "--format=%s").strip()
    assert message == f"Ratings: 1 photograph, 2 ratings by 2 raters (batch {outcome.batch})"
    assert git(root, "show", "--name-only", "--format=").split() == ["data/added/batches.dvc"]
    for line in (
        "photographs: 1 (1 repaired) of 1 subject, 0 known",
        "raters: 2, 1 new (lay_1)",
        "ratings: 1 lay on CARS",
    ):
        assert line in told
    check_settled(root, 1)


def test_names_in_another_spelling_are_told(root: Path, tmp_path: Path) -> None:
    """A known person's, and those of one new rater who is spelt in two ways."""
    draw(tmp_path / "new/second.png", seed=7)
    table(tmp_path / "new/images.csv", IMAGES, ["second.png,S1,repaired,research"])
    table(tmp_path / "new/ratings.csv", RATINGS, ["second.png,Eva,lay,CARS,2", "first.png,EVA,lay,CARS,3"])
    outcome, told = add(tmp_path / "new", root)
    assert outcome.state == "added"
    assert [line for line in told.splitlines() if "is taken for" in line] == [
        "note: EVA is taken for Eva, as it is written first",
        "note: S1 is taken for s1, who has 1 photograph",
    ]


def test_workbooks_come_in_as_they_are_or_spelt_out(root: Path, tmp_path: Path) -> None:
    """A steward's .xlsx, with names typed otherwise than files and raters are called; then ratings by short names."""
    draw(tmp_path / "new/P 9.PNG", seed=5)
    book(tmp_path / "new/images.xlsx", [IMAGES, ["p 9.png", "s9", "Repaired", "research"]])
    book(tmp_path / "new/ratings.xlsx", [RATINGS, ["p 9.png", "Surgeon ", "Medical", "cars", 2.0]])
    outcome, told = add(tmp_path / "new", root)
    assert outcome.state == "added"
    assert "note: Surgeon is taken for surgeon, who has 1 rating" in told
    inside = root / "data/added/batches" / outcome.batch
    assert sorted(file.name for file in inside.iterdir()) == ["P 9.PNG", "images.xlsx", "ratings.xlsx"]
    later = book(tmp_path / "later.xlsx", [RATINGS, ["P 9.png", "surgoen", "medical", "CARS", 2.5]])
    outcome, told = add(later, root)
    assert outcome.state == "rejected"
    assert "surgoen is new; surgeon has 2 ratings: did you mean surgeon?" in told
    outcome = stewardship.add(later, root, dry_run=False, commit=True, tell=lambda _: None, new=["surgoen"])
    assert outcome.state == "added"
    assert [file.name for file in (root / "data/added/batches" / outcome.batch).iterdir()] == ["ratings.csv"]
    _, ratings, _, refused = stewardship.there_already(root)
    assert sorted((row["rater_id"], row["score"]) for row in ratings.to_pylist()) == [
        *(("surgeon", 2.0), ("surgeon", 2.0), ("surgoen", 2.5))
    ]
    assert refused == 0


def test_one_workbook_of_both_comes_in_taken_apart_and_can_be_undone(root: Path, tmp_path: Path) -> None:
    draw(tmp_path / "p9.png", seed=5)
    lines = [IMAGES, ["p9.png", "s9", "repaired", "research"]]
    book(tmp_path / "study.xlsx", lines, [RATINGS, ["p9.png", "surgeon", "medical", "CARS", 2.5]])
    outcome, _ = add(tmp_path / "study.xlsx", root)
    assert (outcome.state, outcome.photographs, outcome.ratings) == ("added", 1, 1)
    inside = root / "data/added/batches" / outcome.batch
    assert sorted(file.name for file in inside.iterdir()) == ["images.csv", "p9.png", "ratings.csv"]
    images, ratings, _, refused = stewardship.there_already(root)
    assert (images.num_rows, ratings.num_rows, refused) == (2, 2, 0)
    assert add(tmp_path / "study.xlsx", root)[0].state == "there"
    name = f"{outcome.batch}/p9.png"
    later = book(tmp_path / "later.xlsx", [["notes"], ["x"]], [RATINGS, [name, "surgeon", "medical", "CARS", 4]])
    corrected = correct(later, root, dry_run=False, commit=True, tell=lambda _: None)
    assert (corrected.state, corrected.ratings) == ("added", 1)


def test_the_same_batch_twice_changes_nothing(root: Path, new: Path, tmp_path: Path) -> None:
    first, _ = add(new, root)
    before = state(root)
    shutil.copytree(new, tmp_path / "again")
    second, told = add(tmp_path / "again", root)
    assert second.state == "there"
    assert f"there already as batch {first.batch}" in told
    assert state(root) == before


def test_ratings_of_generated_pictures_come_in_and_are_counted(root: Path, tmp_path: Path) -> None:
    name = f"generated/{'0123456789abcdef' * 4}.png"
    survey = table(
        tmp_path / "survey.csv",
        RATINGS,
        [
            f"{name},surgeon,medical,realism,5",
            f"{name},surgeon,medical,plausibility,4",
            "first.png,surgeon,medical,realism,5",
        ],
    )
    outcome, told = add(survey, root)
    assert (outcome.state, outcome.photographs, outcome.ratings) == ("added", 0, 3)
    assert "ratings: 2 medical on realism" in told
    found = stewardship.status(root, scale="realism", tell=print)
    assert [(row["name"], row["population"]) for row in found["photographs"]] == [
        ("first.png", "repaired"),
        (name, "generated"),
    ]
    assert found["refused_lines"] == 0
    assert len(stewardship.status(root, scale="CARS", tell=print)["photographs"]) == 1
    again, told = add(table(tmp_path / "more.csv", RATINGS, [f"survey/{name},surgeon,medical,realism,3"]), root)
    assert again.state == "rejected"
    assert "has rated this photograph before on realism" in told


def test_a_dry_run_changes_nothing(root: Path, new: Path, tmp_path: Path) -> None:
    before = state(root)
    outcome, told = add(new, root, dry_run=True)
    assert outcome.state == "fine"
    assert "dry run" in told
    (new / "extra.png").write_text("x")
    assert add(new, root, dry_run=True)[0].state == "rejected"
    assert state(root) == before
    assert not list(tmp_path.glob("*-rejected.csv"))
    assert not (root / "data/.incoming").exists()


def test_days_of_visits_that_nobody_can_tell_are_told_before_they_come_in(root: Path, new: Path) -> None:
    columns, line = (new / "images.csv").read_text().splitlines()
    for visit, said in (("31.1.26", 1), ("31.1.2026", 0)):
        (new / "images.csv").write_text(f"{columns},visit\n{line},{visit}\n")
        outcome, told = add(new, root, dry_run=True)
        assert outcome.state == "fine"
        assert told.count(f"note: visit {visit} (1 file) is a day of which nobody can tell which one it is") == said


def test_a_rejected_batch_changes_nothing_and_says_why_beside_it(root: Path, new: Path, tmp_path: Path) -> None:
    text = (new / "ratings.csv").read_text()
    (new / "ratings.csv").write_text(text.replace("3.5", "7"))
    before = state(root)
    outcome, told = add(new, root)
    reasons = tmp_path / "new-rejected.csv"
    assert (outcome.state, outcome.problems) == ("rejected", 1)
    assert stat.S_IMODE(reasons.stat().st_mode) == 0o600
    expected = 'ratings.csv,3,p3.png,"score 7 is outside CARS, 1 to 5"'
    assert reasons.read_text(encoding="utf-8-sig").splitlines() == ["source,line,path,reason", expected]
    assert "score 7 is outside CARS" in told
    assert state(root) == before
    (new / "ratings.csv").write_text(text)
    assert add(new, root)[0].state == "added"
    assert not reasons.exists()


def test_without_a_commit_git_stays_as_it_was(root: Path, new: Path, tmp_path: Path) -> None:
    before = git(root, "rev-parse", "HEAD")
    assert "not committed" in add(new, root, commit=False)[1]
    assert git(root, "rev-parse", "HEAD") == before
    assert batches(root)
    assert add(batch(tmp_path / "second", seed=4), root)[0].state == "added"
    check_settled(root, 2)


def test_what_the_user_changed_and_staged_stays_as_it_was(root: Path, new: Path) -> None:
    (root / "mine.txt").write_text("staged")
    run(root, "git", "add", "mine.txt")
    (root / "params.yaml").write_text((root / "params.yaml").read_text() + "# mine\n")
    add(new, root)
    assert set(git(root, "status", "--porcelain", "--", "mine.txt", "params.yaml").splitlines()) == {
        "A  mine.txt",
        " M params.yaml",
    }


def test_ratings_alone_of_photographs_that_are_there(root: Path, new: Path, tmp_path: Path) -> None:
    first, _ = add(new, root)
    later = table(tmp_path / "later.csv", RATINGS, ["first.png,lay_1,lay,CARS,2", "p3.png,lay_2,lay,CARS,3"])
    outcome, told = add(later, root)
    assert outcome.state == "added"
    assert "1 name taken for photographs of earlier batches" in told
    text = (root / "data/added/batches" / outcome.batch / "ratings.csv").read_text()
    assert f"{first.batch}/p3.png,lay_2,lay,CARS,3" in text
    found = stewardship.status(root, scale=None, tell=print)
    scores = {row["name"]: row["scores"] for row in found["photographs"]}
    assert scores["first.png"] == {"surgeon": 2.0, "lay_1": 2.0}
    assert scores[f"{first.batch}/p3.png"] == {"surgeon": 2.0, "lay_1": 3.5, "lay_2": 3.0}
    assert found["refused_lines"] == 0
    assert add(later, root)[0].state == "there"


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """What was sent to the address that PREFECT_API_URL names."""
    heard: list[bytes] = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802
            heard.append(self.path.encode() + b" " + self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{server.server_port}/api")
        yield heard
        server.shutdown()


def test_the_server_is_told_the_batch_and_counts_and_nothing_else(root: Path, new: Path, listener: list[bytes]) -> None:
    (root / RESULTS).mkdir(parents=True)  # as if a run had been here
    outcome, _ = add(new, root)
    assert outcome.announced
    (event,) = (json.loads(line.removeprefix(b"/api/events ")) for line in listener if line.startswith(b"/api/events "))
    assert event[0]["event"] == "vermilion.ratings.added"
    about = f"{outcome.batch}: 1 photograph, 2 ratings"
    assert event[0]["payload"] == {"batch": outcome.batch, "photographs": 1, "ratings": 2, "about": about}
    said = b"".join(listener)
    assert not any(name in said for name in (b"p3", b"s3", b"surgeon", b"lay_1", str(root).encode()))
    assert add(new, root)[0].state == "there"
    assert len(listener) == 1


def test_before_the_first_run_no_reevaluation_starts(root: Path, new: Path, listener: list[bytes]) -> None:
    """It would fail: nothing is trained yet. The first run counts what came in."""
    outcome, _ = add(new, root)
    assert (outcome.state, outcome.announced) == ("added", False)
    assert listener == []
    undo = vermilion(root, "ratings", "undo", outcome.batch).stdout
    assert "nothing was evaluated here yet, so nothing is evaluated anew." in undo
    assert listener == []


def test_a_withdrawal_starts_a_reevaluation_once_there_are_results(
    root: Path, new: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though it takes the results themselves away."""
    told: list[object] = []

    def announce(_: Path, payload: dict[str, Any]) -> bool:
        told.append(payload)
        return True

    monkeypatch.setattr(reevaluation, "announce", announce)
    add(new, root)
    withdraw("s3", root)
    assert told == []
    (root / RESULTS).mkdir(parents=True)
    withdraw("first.png", root)
    assert told == [{"batch": "withdrawal", "photographs": -1, "ratings": 0}]
    assert reevaluation.evaluated(root)


def test_a_project_behind_a_link_and_an_ignored_record(root: Path, new: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    (root / ".gitignore").write_text((root / ".gitignore").read_text() + "*.dvc\n")
    with pytest.raises(InputError, match="git ignores it"):
        add(new, tmp_path / "link")
    run(root, "git", "checkout", ".gitignore")
    assert add(new, tmp_path / "link")[0].state == "added"
    check_settled(root, 1)


@pytest.fixture
def no_umask() -> Iterator[None]:
    old = os.umask(0o000)
    yield
    os.umask(old)


@pytest.mark.usefixtures("no_umask")
@pytest.mark.parametrize(("shared", "file", "folder"), [("", 0o600, 0o700), ("shared = group\n", 0o660, 0o770)])
def test_a_batch_is_its_owners_or_its_groups_whatever_the_umask_and_the_originals(
    root: Path, new: Path, shared: str, file: int, folder: int
) -> None:
    (new / "ratings.csv").chmod(0o666)
    with (root / ".dvc/config").open("a") as config:
        config.write(f"[cache]\n{shared}")
    privacy.settle(root)  # as every command does
    add(new, root)
    [inside] = (root / "data/added" / BATCHES).iterdir()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in inside.iterdir()}
    assert modes == {"images.csv": file, "p3.png": file, "ratings.csv": file}
    assert stat.S_IMODE(inside.stat().st_mode) == folder


@pytest.mark.usefixtures("no_umask")
def test_a_batchs_folder_is_closed_where_no_command_began_it(root: Path, new: Path) -> None:
    add(new, root)
    [inside] = (root / "data/added" / BATCHES).iterdir()
    assert stat.S_IMODE(inside.stat().st_mode) == 0o700


def test_a_file_that_changes_meanwhile_stops_the_add(root: Path, new: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = placing.place

    def late(*args: Any, **options: Any) -> None:
        draw(new / "p3.png", seed=9)
        real(*args, **options)

    monkeypatch.setattr(stewardship, "place", late)
    before = state(root)
    with pytest.raises(InputError, match="changed while it was being added"):
        add(new, root)
    assert state(root) == before
    check_settled(root, 0)


def test_a_full_disk_is_told_before_anything_changes(root: Path, new: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 1000))
    before = state(root)
    with pytest.raises(InputError, match=r"needs \d+ MB of disk, 0 MB are free"):
        add(new, root)
    assert state(root) == before


def test_a_merge_half_way_is_told_before_anything_changes(root: Path, new: Path) -> None:
    (root / ".git/MERGE_HEAD").write_text(git(root, "rev-parse", "HEAD"))
    with pytest.raises(InputError, match="in the middle of a merge"):
        add(new, root)
    assert not batches(root)
    assert add(new, root, commit=False)[0].state == "added"


def test_nobody_to_sign_the_commit_is_told_before_anything_changes(
    root: Path, new: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    for name in ("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL", "EMAIL"):
        monkeypatch.delenv(name, raising=False)
    run(root, "git", "config", "--unset", "user.email")
    run(root, "git", "config", "user.useConfigOnly", "true")
    with pytest.raises(InputError, match="git does not know who commits"):
        add(new, root)
    assert not batches(root)


def test_batches_that_were_not_fetched_are_not_dropped(root: Path, new: Path, tmp_path: Path) -> None:
    add(new, root)
    shutil.rmtree(root / "data/added/batches")
    with pytest.raises(InputError, match=r"3 files that .*batches\.dvc names are not there; run `dvc pull"):
        add(batch(tmp_path / "second", seed=4), root)
    run(root, "dvc", "checkout", "data/added/batches.dvc")
    assert add(batch(tmp_path / "second", seed=4), root)[0].state == "added"
    check_settled(root, 2)


def test_a_commit_that_git_refuses_is_made_by_the_next_add(root: Path, new: Path, tmp_path: Path) -> None:
    hook = root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(InputError, match=r"not today\nbatch .* is in place, but not recorded"):
        add(new, root)
    told: list[str] = []
    assert len(stewardship.status(root, scale=None, tell=told.append)["photographs"]) == 2
    assert "not today" in told[-1]
    hook.unlink()
    placing.settled(root, print)
    check_settled(root, 1)
    assert "Ratings: 1 photograph" in git(root, "log", "-1", "--format=%s")


def test_an_add_waits_for_a_stage_that_reads_the_batches(root: Path, new: Path) -> None:
    """A process holds DVC's read lock on data/added, as a running ingest stage does, until it is ended."""
    code = (
        "import sys, time; from dvc.repo import Repo; from dvc.rwlock import rwlock\n"
        "with Repo('.') as repo, rwlock(repo.tmp_dir, repo.fs, 'stage', [sys.argv[1]], [], False):\n"
        "    print('reading', flush=True); time.sleep(600)"
    )
    reader = subprocess.Popen(
        [sys.executable, "-c", code, str(root / "data/added")],
        cwd=root,
        env=environment(root),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout
    assert reader.stdout.readline() == "reading\n"
    told: list[str] = []

    def tell(line: str) -> None:
        told.append(line)
        if "a running stage reads the batches" in line:
            assert not batches(root)
            reader.kill()
            reader.wait()

    assert stewardship.add(new, root, dry_run=False, commit=True, tell=tell).state == "added"
    reader.stdout.close()
    assert any("a running stage reads the batches" in line for line in told)
    check_settled(root, 1)


def test_two_stewards_at_the_same_moment(root: Path, tmp_path: Path) -> None:
    folders = [batch(tmp_path / f"from {seed}", seed=seed) for seed in (4, 5)]
    command = ["vermilion", "ratings", "add"]
    started = [
        subprocess.Popen(
            [*command, str(folder)],
            cwd=root,
            env=environment(root),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for folder in folders
    ]
    said = [process.communicate(timeout=300)[0] for process in started]
    assert [process.returncode for process in started] == [0, 0], said
    check_settled(root, 2)
    subjects = git(root, "log", "--format=%s").splitlines()
    assert sum(subject.startswith("Ratings: 1 photograph") for subject in subjects) == 2


KILLED = """
import os, sys, time
from pathlib import Path
from flows.stewards.batches import additions as stewardship
from flows.stewards.batches import reevaluation
root = Path(sys.argv[1])
stewardship.add(Path(sys.argv[2]), root, dry_run=False, commit=True, tell=lambda line: None)
for line in sys.stdin:
    child = os.fork()
    if not child:
        os.setsid()
        os.chdir(root)
        try:
            stewardship.add(Path(line.rstrip()), root, dry_run=False, commit=True, tell=lambda line: None)
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(1)
        os._exit(0)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.mark.long
def test_an_add_that_is_killed_at_any_moment_leaves_nothing_or_the_whole(root: Path, tmp_path: Path) -> None:
    """One forking process has everything imported, so that 25 adds and their kills take seconds."""

    def ratings(number: int) -> Path:
        return table(tmp_path / f"{number}.csv", RATINGS, [f"first.png,rater_{number},lay,CARS,{1 + number % 5}"])

    forker = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(root), str(ratings(1000))],
        env=environment(root),
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    told, heard = forker.stdin, forker.stdout
    assert told and heard

    def number() -> int:
        """The next number that it says; between them an add may say what a killed one left."""
        return int(next(line for line in heard if line.strip().lstrip("-").isdigit()))

    def start(path: Path) -> int:
        told.write(f"{path}\n")
        told.flush()
        return number()

    ended = number

    start(ratings(1001))
    begun = time.monotonic()
    assert ended() == 0
    longest = time.monotonic() - begun
    kills = 0
    for seed in range(SEEDS):
        moment = random.Random(seed).uniform(0, longest)
        before = len(batches(root))
        child = start(ratings(seed))
        time.sleep(moment)
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        kills += ended() == -signal.SIGKILL
        for name in batches(root):
            assert [path.name for path in (root / "data/added/batches" / name).iterdir()] == ["ratings.csv"]
        start(ratings(seed))
        assert ended() == 0, f"seed {seed}, killed after {moment:.3f} s: the next add failed"
        assert len(batches(root)) == before + 1, f"seed {seed}"
    check_settled(root, SEEDS + 2)
    told.close()
    forker.wait(timeout=60)
    heard.close()
    assert kills > SEEDS // 3, f"{kills} of {SEEDS} adds were killed within {longest:.2f} s"
    subjects = git(root, "log", "--format=%s").splitlines()
    assert sum(subject.startswith("Ratings: ") for subject in subjects) == SEEDS + 2


def command(root: Path, line: str) -> str:
    """What a line of the docs prints."""
    name, *words = line.split()
    assert name == "vermilion"
    return vermilion(root, *words).stdout


def test_the_example_of_the_docs_works(root: Path) -> None:
    """With the drawn patient of this small project in place of the demo's."""
    page = (PROJECT / "docs/stewards.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    draw(root / "data/raw/phantoms/repaired/p001/0.png", seed=6)
    run(root, "python", "-c", code)
    first, second, third = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)[0].splitlines()
    shown = command(root, first)
    expected = re.findall(r"```\n(.*?)```", page.split("says what the second will do:")[1], re.DOTALL)[0]
    assert shown.splitlines()[:3] == expected.splitlines()[:3]
    done = command(root, second)
    assert "added as batch" in done
    assert "nothing was evaluated here yet, so nothing is evaluated anew." in done
    assert "the first results will have this in them: vermilion rebuild, or `dvc repro`" in done
    assert "3 ratings of 2 photographs" in command(root, third)


def test_the_command_ends_with_1_when_rejected_and_2_when_nothing_could_be_done(root: Path, tmp_path: Path) -> None:
    bad = table(tmp_path / "bad.csv", RATINGS, ["nobody.png,r,lay,CARS,3"])
    rejected = vermilion(root, "ratings", "add", str(bad))
    assert rejected.returncode == 1
    assert (tmp_path / "bad-rejected.csv").exists()
    missing = vermilion(root, "ratings", "add", str(tmp_path / "none"))
    assert missing.returncode == 2
    assert "no such file or folder" in missing.stderr
