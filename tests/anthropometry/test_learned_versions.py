"""Versions of learned findings: which is used, what a night does, what a withdrawal takes, and what a page shows."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows import cli
from flows.photographs import measure
from flows.stewards.traces.person import Person
from flows.stewards.withdrawal.file_actions import Ground, fate
from tasks.anthropometry.from_people import judgements, versions
from tasks.anthropometry.from_people.corrections import now
from tasks.anthropometry.from_people.judgements import Judgement
from tasks.anthropometry.learned import network, versioning
from tasks.anthropometry.page import render_measured_page
from tasks.base.digests import file_digest
from tasks.base.images import encode_png
from tasks.errors import InputError
from tests.anthropometry import celeba
from tests.anthropometry.drawn import face
from tests.project import make_project, set_number

SMALL = {"input_size": 64, "width": 0.35, "steps": 40, "batch_size": 16, "threads": 1, "learning_rate": 0.003}


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project without photographs of its own, and a version learned from CelebA's lists by the command."""
    root = make_project(tmp_path_factory.mktemp("learned") / "project", {})
    celeba.make(root / "celeba", people=48)
    for name, value in SMALL.items():
        set_number(root, "learned_findings", name, value)
    with pytest.MonkeyPatch.context() as here:
        here.chdir(root)
        done = CliRunner().invoke(cli.app, ["anthropometry", "learn", "--labels", "celeba"], catch_exceptions=False)
    assert "learned from scratch, for no weights were named; log loss of people held out" in done.stdout
    assert done.stdout.strip().endswith(": used")
    assert max(map(len, done.stdout.splitlines()[:-1])) <= 80
    return root


def test_a_first_version_is_used_if_it_beats_how_common_a_finding_is(learned: Path) -> None:
    (line,) = versions.read(learned / "data/learned/versions.csv", by="it")
    assert line.action == "used"
    assert line.before is not None and line.after is not None and line.after <= line.before
    file = versioning.standing(learned)
    assert file is not None and file.stat().st_mode & 0o077 == 0
    _, made = network.load(file)
    assert (made["pictures"], made["weights"]) == (48, None)
    assert set(made["images"]) == {file_digest(one) for one in (learned / "celeba/img_align_celeba").iterdir()}
    assert not list((learned / "data/learned").glob("*.tmp"))


def test_a_worse_version_is_listed_and_not_used(learned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(learned)
    before = versioning.standing(learned)
    set_number(learned, "learned_findings", "steps", 1)
    made = versioning.learn(learned, labels=learned / "celeba", weights=None, tell=lambda line: None)
    assert made.version.action == "not used"
    assert versioning.standing(learned) == before
    said = CliRunner().invoke(cli.app, ["anthropometry", "learn", "--versions", "--json"], catch_exceptions=False)
    assert [(one["action"], one["counts"]) for one in json.loads(said.stdout)] == [("used", True), ("not used", False)]
    shown = CliRunner().invoke(cli.app, ["anthropometry", "learn", "--versions"], catch_exceptions=False).stdout
    assert max(map(len, shown.splitlines())) <= 80


def test_a_night_trains_after_enough_words_and_only_where_it_is_used(learned: Path) -> None:
    set_number(learned, "learned_findings", "steps", 1)
    set_number(learned, "learned_findings", "retrain_after", 2)
    told: list[str] = []
    for number in range(2):
        judgements.keep(learned / "data/corrections", Judgement(now(), "anna", "0" * 64, f"a{number}", "added", ""))
    judgements.keep(learned / "data/corrections", Judgement(now(), "anna", "0" * 64, "", "noted", "a note"))
    assert versioning.new_judgements(learned) == 2
    versioning.retrain(learned, told.append)
    assert told == []  # off
    set_number(learned, "learned_findings", "use", True)
    versioning.retrain(learned, told.append)
    assert "2 new judgements; the new version is not used" in told[-1]
    assert versioning.new_judgements(learned) == 0
    told.clear()
    versioning.retrain(learned, told.append)
    assert told == []


def test_a_night_goes_on_where_nothing_can_be_learned(tmp_path: Path) -> None:
    root = make_project(tmp_path / "project", {})
    set_number(root, "learned_findings", "use", True)
    set_number(root, "learned_findings", "retrain_after", 1)
    judgements.keep(root / "data/corrections", Judgement(now(), "anna", "0" * 64, "a", "added", ""))
    told: list[str] = []
    versioning.retrain(root, told.append)
    assert told == [
        "learned findings: no new version: data/ingest/images: not there yet; run `dvc repro` first, or name a file "
        "with --labels"
    ]


def test_a_page_shows_what_it_suggests(learned: Path, tmp_path: Path) -> None:
    set_number(learned, "learned_findings", "use", True)
    set_number(learned, "learned_findings", "review_above", 1e-9)
    photo = tmp_path / "face.png"
    photo.write_bytes(encode_png(face(1)[0]))
    given = dict.fromkeys(("own", "rules", "norms", "scale", "cleft_side"))
    ready = measure.prepared(learned, **given)
    done = measure.measure(photo, ready)
    assert {one["finding"] for one in done.record()["suggested"]} == {"Smiling", "Wide_Nose"}
    page = render_measured_page(done.face, notices=ready.notices)
    assert "What a network suggests" in page
    assert "suggests: review" in page
    assert page.count("Where the network looks for") == 2
    set_number(learned, "learned_findings", "use", False)
    assert measure.measure(photo, measure.prepared(learned, **given)).face.suggested == ()


def test_a_page_without_a_version_says_what_to_do(tmp_path: Path) -> None:
    root = make_project(tmp_path / "project", {})
    set_number(root, "learned_findings", "use", True)
    with pytest.raises(InputError, match="nothing was learned: `vermilion anthropometry learn`"):
        measure.prepared(root, **dict.fromkeys(("own", "rules", "norms", "scale", "cleft_side")))


def test_weights_that_cannot_be_read_are_told_before_a_photograph_is(tmp_path: Path) -> None:
    root = make_project(tmp_path / "project", {})
    wrong = tmp_path / "weights.pth"
    wrong.write_bytes(b"no weights")
    told: list[str] = []
    with pytest.raises(InputError, match=r"weights\.pth"):
        versioning.learn(root, labels=tmp_path / "none", weights=wrong, tell=told.append)
    assert told == []


def test_a_withdrawal_takes_versions_that_saw_the_person(learned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(learned)
    file = versioning.standing(learned)
    assert file is not None
    picture = learned / "celeba/img_align_celeba/000005.png"
    seen = Person(subject=None, control=True, images=(file_digest(picture),), frames=(), names=(), sizes=(1,))
    places = [learned / name for name in ("data/learned",)]
    nowhere = learned / "none"
    ground = Ground(learned, [learned], [], places, [], nowhere, nowhere, set())
    found = fate(file, seen, ground)
    assert found is not None and found.goes
    assert fate(learned / "data/learned/versions.csv", seen, ground) is None
    content = file.read_bytes()
    file.unlink()
    try:
        assert versioning.standing(learned) is None
        told = CliRunner().invoke(cli.app, ["anthropometry", "learn", "--versions"], catch_exceptions=False).stdout
        assert "gone" in told and "no version counts" in told
    finally:
        file.write_bytes(content)
