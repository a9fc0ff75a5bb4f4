"""`vermilion check`, and the part of it that every run begins with."""

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from flows import PROJECT
from flows.cli import app
from flows.launch import launch
from flows.running import inspection
from flows.running.readiness import made_by_a_stage, quick, require_ready
from flows.serving.serve import serve
from tasks.errors import InputError
from tests.stewards import PICTURE

IMAGES = "path,subject_id,population\n"


def project(folder: Path, changes: dict[str, dict[str, Any]] | None = None, images: str | None = None) -> Path:
    """params.yaml and dvc.yaml, and a raw folder `raw` with these lines of images.csv; each file is a picture."""
    numbers = yaml.safe_load((PROJECT / "params.yaml").read_text())
    numbers["data"] = {"raw": "raw", "added": "added"}
    for block, values in (changes or {}).items():
        numbers[block] |= values
    folder.mkdir(exist_ok=True)
    (folder / "params.yaml").write_text(yaml.safe_dump(numbers, sort_keys=False))
    shutil.copy(PROJECT / "dvc.yaml", folder)
    (folder / "added").mkdir()
    if images is not None:
        (folder / "raw").mkdir()
        (folder / "raw/images.csv").write_text(IMAGES + images)
        for line in images.splitlines():
            (folder / "raw" / line.split(",")[0]).write_bytes(PICTURE + line.split(",")[0].encode())
    return folder


def check(folder: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> tuple[int, str]:
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(app, ["check", *options])
    return done.exit_code, done.output


def test_a_missing_raw_folder_is_one_line_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, said = check(project(tmp_path / "p"), monkeypatch)
    assert code == 2
    assert "wrong data         raw (params.yaml: data.raw) is not there: put your" in said
    assert max(map(len, said.splitlines())) <= 80


def test_what_dvc_cannot_read_is_told_before_it_waits_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DVC opens a pipe and waits for ever, and stops at a link that leads nowhere."""
    folder = project(tmp_path / "p", images="a.jpg,s1,control\n")
    assert not [finding for finding in quick(folder) if finding.level == "error"]
    (folder / "raw/inner").mkdir()
    os.mkfifo(folder / "raw/inner/pipe\x1b[31m.jpg")
    (folder / "raw/dead.jpg").symlink_to("nowhere")
    (folder / "raw/fine.jpg").symlink_to("a.jpg")
    (folder / "raw/around").symlink_to(".")
    with (folder / "raw/images.csv").open("a") as file:
        file.write("dead.jpg,s2,control\ninner/pipe*,s3,control\n")
    code, said = check(folder, monkeypatch)
    said = " ".join(said.split())
    assert code == 2
    assert "raw/dead.jpg is a link that leads nowhere; DVC cannot read it: take it out of its folder" in said
    assert "is a pipe or device, not a file; DVC cannot read it" in said and "\x1b" not in said
    assert "fine.jpg is" not in said and "around is" not in said
    assert "line 3: dead.jpg: no such file, or nothing in the folder or pattern that is read; it is a link" in said
    with pytest.raises(InputError, match="leads nowhere"):
        require_ready(folder)


def test_sets_that_lack_something_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = project(tmp_path / "p", images="a.jpg,s1,control\nb.jpg,s1,control\n")
    lines = "a.jpg,s1,control,around,2026-01-05\nb.jpg,s1,control,around,2026-01-05\n"
    (folder / "raw/images.csv").write_text("path,subject_id,population,view,visit\n" + lines)
    (folder / "raw/references.csv").write_text("path,measure,value\na.jpg,distance_mm nose menton,60\n")
    _, said = check(folder, monkeypatch, "--json")
    found = [(row["level"], row["said"]) for row in json.loads(said) if row["about"] == "surface"]
    assert found[0] == ("fact", "1 visit from several sides, 2 photographs")
    assert [level for level, _ in found[1:]] == ["warning"] * 3
    assert any("there is no point nose" in told for _, told in found)


def test_the_table_of_groups_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = project(tmp_path / "p", images="a.jpg,s1,control\nb.jpg,s2,repaired\nc.jpg,s3,repaired\n")
    lines = "subject_id,skin_type,clinic\ns1,2,north\ns2,5,north\ns3,dark,south\ns4,1,south\n"
    (folder / "raw/groups.csv").write_text(lines)
    code, said = check(folder, monkeypatch, "--json")
    assert code == 1
    found = [(row["level"], row["said"]) for row in json.loads(said) if row["about"] == "groups"]
    assert found[:2] == [
        ("fact", "clinic: north 2 people, south 1 person"),
        ("fact", "skin_type: a number 2 people"),
    ]
    assert found[2][1].startswith("groups.csv, line 4: s3: skin_type 'dark' is not a number, as most of the column are")
    assert found[3] == ("warning", "groups.csv, line 5: s4: no such person in images.csv, or all photographs refused")
    assert not any("groups.csv" in row["said"] for row in json.loads(said) if row["about"] == "data")
    (folder / "raw/groups.csv").write_text("person,clinic\ns1,north\n")
    code, said = check(folder, monkeypatch)
    assert code == 2
    assert "no column subject_id or path. Accepted: subject_id or path" in " ".join(said.split())


def test_what_will_be_skipped_is_told_with_what_to_add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = project(tmp_path / "p", images="a.jpg,s1,control\nb.jpg,s2,repaired\nc.jpg,s3,repaired\n")
    code, said = check(folder, monkeypatch, "--json")
    assert code == 1
    found = [(row["level"], row["about"], row["said"]) for row in json.loads(said)]
    assert ("fact", "data", "repaired: 2 photographs of 2 people") in found
    assert ("fact", "data", "control: 1 photograph of 1 person") in found
    notes = {(about, said) for level, about, said in found if level == "warning"}
    clp = "strategy clp will be skipped: add photographs of three controls or more (3 needed, 1 there)"
    assert ("symmetry", clp) in notes
    assert any(about == "synthesis" and "patients before repair" in said for about, said in notes)
    assert not any("after repair will be skipped" in said for _, said in notes)
    assert any(about == "ratings" for about, _ in notes)


def test_lines_that_name_nothing_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = project(tmp_path / "p", images="a.jpg,s1,control\n")
    with (folder / "raw/images.csv").open("a") as file:
        file.write("gone.jpg,s2,control\na.jpg,s3,nobody\n")
    said = check(folder, monkeypatch)[1]
    assert "images.csv, line 3: gone.jpg: no such file" in said
    assert "images.csv, line 4: a.jpg: population" in said
    assert re.search(r"Nothing stops a run\. \d+ notes above\.\n$", said)


def test_no_table_and_no_line_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, said = check(project(tmp_path / "p", images=""), monkeypatch)
    assert (code, "names no image; every system will be skipped" in " ".join(said.split())) == (1, True), said
    (tmp_path / "p/raw/images.csv").unlink()
    (tmp_path / "p/raw/Pat 7.heic").touch()
    code, said = check(tmp_path / "p", monkeypatch)
    assert code == 2
    assert "no such file, nor images.xlsx" in said
    assert '\npath,subject_id,population\n"Pat 7.heic","Pat 7",repaired\n' in said
    assert "1 thing wrong: no run can begin." in said
    (tmp_path / "p/raw/ratings.csv").write_text("path,rater_id,rater_role,scale,score\nPat 7.heic,r,lay,CARS,2\n")
    (tmp_path / "p/raw/note.csv").write_bytes(b"PK\x03\x04 damaged")
    said = " ".join(check(tmp_path / "p", monkeypatch)[1].split())
    assert "there is note.csv (it cannot be read as a table), ratings.csv (no column subject_id, population)." in said


def test_weights_that_are_named_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = {"symmetry_train": {"initial_weights": "mobilenet_v2_imagenet"}}
    folder = project(tmp_path / "p", weights, images="a.jpg,s1,control\n")
    code, said = check(folder, monkeypatch)
    assert code == 2
    assert "symmetry_train.initial_weights:" in said
    off = project(tmp_path / "q", weights | {"systems": {"symmetry": False}}, images="a.jpg,s1,control\n")
    assert check(off, monkeypatch)[0] == 1  # nobody will look for them


def test_more_cards_than_there_are(tmp_path: Path) -> None:
    [wrong] = [found for found in inspection.machine(project(tmp_path / "p", {"runtime": {"cards": 64}})) if
               found.level == "error"]  # fmt: skip
    assert wrong.said.startswith("params.yaml: runtime.cards: 64, and ")


@pytest.mark.parametrize(("stages", "threads", "warned"), [(2, 64, True), (1, 64, False), (2, 1, False)])
def test_more_threads_than_cores(tmp_path: Path, stages: int, threads: int, warned: bool) -> None:
    numbers = {"runtime": {"stages": stages}, "symmetry_train": {"threads": threads}, "surface_cameras": {"threads": 1}}
    found = [
        finding.said for finding in inspection.machine(project(tmp_path / "p", numbers)) if finding.about == "cores"
    ]
    assert len(found) == warned
    assert all("of up to 64 threads (symmetry_train): they slow each other down" in said for said in found)


def test_folders_that_a_stage_makes_need_not_be_there() -> None:
    assert made_by_a_stage(Path("data/raw/phantoms"), PROJECT / "dvc.yaml")
    assert made_by_a_stage(Path("data/reports/figures"), PROJECT / "dvc.yaml")
    assert not made_by_a_stage(Path("data/raw"), PROJECT / "dvc.yaml")
    assert not made_by_a_stage(Path("data/raw/mine"), PROJECT / "dvc.yaml")
    assert not [found for found in quick(PROJECT) if found.level == "error"]


def test_mend_closes_what_an_earlier_version_left_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = project(tmp_path / "p", images="a.png,p1,control\n")
    (folder / "data").mkdir()
    (folder / "data/face.png").touch()
    (folder / "data/face.png").chmod(0o644)
    said = " ".join(check(folder, monkeypatch, "--mend")[1].split())
    assert "could be read by other accounts; none can now" in said
    assert (folder / "data/face.png").stat().st_mode & 0o777 == 0o600


@pytest.fixture
def mistyped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A number that evaluate reads, hours later, and another of a training."""
    folder = project(tmp_path / "p", {"evaluate": {"resamples": "many"}, "symmetry_train": {"margn": 1}}, images="")
    monkeypatch.chdir(folder)
    return folder


def test_every_stage_refuses_to_begin_with_a_number_that_another_cannot_read(mistyped: Path) -> None:
    given = ["--images", "a", "--landmarks", "b", "--out", "c"]
    with pytest.raises(SystemExit, match=r"symmetry_train\.margn: no such key; did you mean `margin`.*1 more"):
        launch(["symmetry_baselines", *given])
    assert not Path("c").exists()


def test_rebuilds_nights_and_servers_refuse_too(mistyped: Path) -> None:
    for act in (require_ready, lambda root: serve(root, 4200)):
        with pytest.raises(InputError, match=r"margn[\s\S]*evaluate\.resamples[\s\S]*2 things are wrong"):
            act(mistyped)
    done = CliRunner().invoke(app, ["rebuild"])
    assert isinstance(done.exception, InputError)
    assert "margn" in str(done.exception)


UNLIKE = ("0 2 31 2 MON-FRI", "0 2 L * *", "0 2 LW * *", "0 2 * * 5L", "0 2 * * MON#1", "0 2 * * ?", "0 2 * * 5/2")
"""What cron, cronsim and Prefect do not read alike."""


@pytest.mark.parametrize("cron", ["nonsense", "", "61 2 * * *", "0 2 * *", "0 0 2 * * *", "0 2 31 2 *", *UNLIKE])
def test_a_night_that_never_comes_is_told(tmp_path: Path, cron: str) -> None:
    folder = project(tmp_path / "p", {"nightly": {"cron": cron}}, images="")
    [wrong] = [finding.said for finding in quick(folder) if finding.level == "error"]
    assert wrong.startswith(f"params.yaml: nightly.cron: {cron!r} is no schedule (")
    with pytest.raises(InputError, match="no schedule"):
        require_ready(folder)


@pytest.mark.parametrize("cron", ["0 2 * * *", "*/5 1-3 * * MON-FRI", "0 2 * * 7", "30 23 1,15 * *"])
def test_a_night_that_comes_is_fine(tmp_path: Path, cron: str) -> None:
    folder = project(tmp_path / "p", {"nightly": {"cron": cron}}, images="")
    assert [finding for finding in quick(folder) if finding.level == "error"] == []


@pytest.mark.parametrize(
    ("raw", "added", "said"),
    [
        ("raw", "../elsewhere", "is not inside the project"),
        ("raw", ".", "is not inside the project"),
        ("raw", "raw/added", "lie in each other"),
        ("raw", "raw", "lie in each other"),
        ("added/raw", "added", "lie in each other"),
        ("raw", "link", "is not inside the project"),
    ],
)
def test_batches_lie_in_the_project_and_not_among_raw_files(tmp_path: Path, raw: str, added: str, said: str) -> None:
    folder = project(tmp_path / "p", {"data": {"raw": raw, "added": added}}, images="")
    for name in (raw, "raw/added", "../elsewhere"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    [wrong] = [finding.said for finding in quick(folder) if finding.level == "error"]
    assert said in wrong
    assert wrong.startswith(f"{added} (params.yaml: data.added)") or added == "."


def test_one_photograph_of_two_persons_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        "a.jpg,s1,control", "b.jpg,s2,control", "c.jpg,s1,control", "d.jpg,s3,repaired", "e.jpg,s4,repaired",
        "f.jpg,s5,repaired", "f.jpg,s6,repaired",
    ]  # fmt: skip
    folder = project(tmp_path / "p", images="\n".join(lines) + "\n")
    same, other = b"x" * 200_000, b"x" * 199_999 + b"y"
    for name, content in {"a": same, "b": same, "c": same, "d": other, "e": b"y" + same[1:], "f": b"f"}.items():
        (folder / f"raw/{name}.jpg").write_bytes(PICTURE + content)
    code, said = check(folder, monkeypatch, "--json")
    told = [row["said"] for row in json.loads(said) if "the same photograph under" in row["said"]]
    assert code == 1
    two, six = "under 2 subjects (s1, s2), lines 2, 3, 4", "under 2 subjects (s5, s6), lines 7, 8"
    assert told == [
        *(f"images.csv, line {n}: {name}.jpg: the same photograph {two}" for n, name in ((2, "a"), (3, "b"), (4, "c"))),
        *(f"images.csv, line {n}: f.jpg: the same photograph {six}" for n in (7, 8)),
    ]
    counts = [row["said"] for row in json.loads(said) if row["said"].startswith(("control", "repaired"))]
    assert counts == ["repaired: 2 photographs of 2 people"]  # as the run counts them
