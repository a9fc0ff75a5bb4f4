import csv
import hashlib
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
from PIL import Image

from tasks.errors import InputError
from tasks.ingest.images.inventory import take_inventory
from tasks.ingest.tables.raw_layout import Folder
from tasks.params.ingest import IngestImages
from tasks.params.phantoms import PhantomsDraw
from tasks.phantoms import dataset
from tasks.phantoms.dataset import (
    POPULATIONS,
    draw_dataset,
    draw_faces,
    identity_seed,
    repaired_stills,
    unrepaired_stills,
)
from tasks.phantoms.files import Clip, Still, draw_file, draw_still, write_whole
from tasks.phantoms.identity import identity

from .conftest import SETTINGS, VARIATION


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("drawn") / "raw"
    draw_dataset(out, settings=SETTINGS, workers=1)
    return out


def test_images_csv_names_every_file_and_no_other(drawn: Path) -> None:
    images = rows(drawn / "images.csv")
    named = {row["path"] for row in images}
    assert named | {"images.csv", "ratings.csv", "references.csv"} == set(digests(drawn))
    assert len(named) == len(images) == 3 * 2 + 2 + 6 * 2 + 6 * 2
    for row in images:
        folder, subject, _ = row["path"].split("/")
        assert row["subject_id"] == subject
        assert row["population"] == (folder if folder in ("repaired", "unrepaired") else "control")
        sides = {"repaired": ("left", "right"), "unrepaired": ("left", "right", "both")}
        assert row["cleft_side"] in sides.get(folder, ("",))
        assert row["licence"] == "CC0-1.0" and row["consent"] == "not needed: drawn"
        assert "not a person" in row["notice"]


def test_every_repaired_still_is_rated_by_everyone_and_has_its_truth(drawn: Path) -> None:
    repaired = {row["path"] for row in rows(drawn / "images.csv") if row["population"] == "repaired"}
    ratings, references = rows(drawn / "ratings.csv"), rows(drawn / "references.csv")
    assert {(row["path"], row["rater_id"]) for row in ratings} == {
        (path, rater.rater_id) for path in repaired for rater in SETTINGS.raters
    }
    assert len(ratings) == len(repaired) * 5
    assert {row["scale"] for row in ratings} == {"CARS"}
    assert sorted({(row["rater_id"], row["rater_role"]) for row in ratings})[-1] == ("surgeon", "medical")
    assert {row["path"] for row in references} == repaired
    assert {row["measure"] for row in references} == {"drawn_severity"}


def test_pictures_hold_pixels_only(drawn: Path) -> None:
    for path in drawn.rglob("*.png"):
        with Image.open(path) as image:
            assert image.size == (96, 96) and image.mode == "RGB"
            assert not image.getexif() and not image.info


def test_a_still_holds_what_its_job_draws(drawn: Path) -> None:
    job = repaired_stills(SETTINGS)[3]
    written = cv2.imread(str(drawn / job.path))
    assert written is not None
    np.testing.assert_array_equal(cv2.cvtColor(written, cv2.COLOR_BGR2RGB), draw_still(job).image)


def test_clips_have_their_frames(drawn: Path) -> None:
    for path in drawn.rglob("*.avi"):
        video, frames = cv2.VideoCapture(str(path)), 0
        while video.read()[0]:
            frames += 1
        assert frames == SETTINGS.clip_frames


def test_workers_change_no_byte(drawn: Path, tmp_path: Path) -> None:
    draw_dataset(tmp_path / "raw", settings=SETTINGS, workers=2)
    assert digests(tmp_path / "raw") == digests(drawn)


def test_nobody_is_in_two_populations() -> None:
    seeds = [
        identity_seed(population, number, seed=seed)
        for population in POPULATIONS
        for number in (0, 1, 99_999_999)
        for seed in (0, 1, 2)
    ]
    assert len(set(seeds)) == len(seeds)
    with pytest.raises(ValueError, match="control 100000000"):
        identity_seed("control", 100_000_000, seed=0)


@pytest.mark.parametrize("stills", [1, 2, 3])
def test_severities_cover_the_range_evenly_and_sides_are_balanced(stills: int) -> None:
    settings = SETTINGS.model_copy(update={"repaired_subjects": 40, "stills_per_repaired": stills})
    jobs = repaired_stills(settings)
    severities = sorted(job.cleft.severity for job in jobs)
    for stratum, severity in enumerate(severities):
        assert stratum <= severity * len(jobs) <= stratum + 1
    sides = {job.subject_id: job.cleft.side for job in jobs}
    assert all(sides[job.subject_id] == job.cleft.side for job in jobs)
    assert list(sides.values()).count("left") == 20
    by_side = [np.mean([j.cleft.severity for j in jobs if j.cleft.side == side]) for side in ("left", "right")]
    assert by_side[0] == pytest.approx(by_side[1], abs=0.05)


def test_unrepaired_clefts_are_childrens_plain_to_see_and_on_every_side() -> None:
    settings = SETTINGS.model_copy(update={"unrepaired_subjects": 12})
    jobs = unrepaired_stills(settings)
    assert len(jobs) == 24 and not any(job.cleft.repaired for job in jobs)
    cleft = {job.subject_id: job.cleft for job in jobs}
    assert all(cleft[job.subject_id] == job.cleft for job in jobs)
    severities = sorted(own.severity for own in cleft.values())
    assert all(n / 12 <= (severity - 0.4) / 0.6 <= (n + 1) / 12 for n, severity in enumerate(severities))
    assert [sum(own.side == side for own in cleft.values()) for side in ("left", "right", "both")] == [4, 4, 4]
    assert all(identity(job.seed).child > 0 for job in jobs)
    assert {job.seed for job in jobs}.isdisjoint(job.seed for job in repaired_stills(settings))


def test_unrepaired_clefts_move_nothing_that_was_drawn_before(drawn: Path, tmp_path: Path) -> None:
    """Controls, speakers, repaired stills, ratings and references are the same bytes without them."""
    draw_dataset(tmp_path, settings=SETTINGS.model_copy(update={"unrepaired_subjects": 0}), workers=1)
    without, whole = digests(tmp_path), digests(drawn)
    assert {name for name in whole if name not in without} == {
        f"unrepaired/unrepaired_{number:05d}/{still}.png" for number in range(6) for still in (0, 1)
    }
    assert {name for name in without if without[name] != whole[name]} == {"images.csv"}


def test_first_seeds_stand_for_good() -> None:
    """Another population must not turn the drawn people into others."""
    seeds = [identity_seed(population, 5, seed=3) for population in POPULATIONS[:4]]
    assert seeds == [12 * 10**8 + 5, 13 * 10**8 + 5, 14 * 10**8 + 5, 15 * 10**8 + 5]


def test_ingest_takes_every_line_that_is_drawn(drawn: Path) -> None:
    kinds = IngestImages(
        still_suffixes=(".png",), clip_suffixes=(".avi",), most_still_megabytes=1, most_clip_megabytes=10
    )
    images, refused = take_inventory([Folder(drawn, "")], settings=kinds)
    assert refused.num_rows == 0
    rows = images.to_pylist()
    assert all(row["age_group"] and row["gender"] and row["asymmetry"] and row["scarring"] for row in rows)
    controls = [row for row in rows if row["population"] == "control"]
    assert {(row["asymmetry"], row["scarring"]) for row in controls} == {("none", "none")}
    unrepaired = [row for row in rows if row["population"] == "unrepaired"]
    assert {row["scarring"] for row in unrepaired} == {"none"}
    assert {row["age_group"] for row in unrepaired} <= {"baby", "child"}


def test_a_subjects_stills_differ_and_show_the_same_person(drawn: Path) -> None:
    first, second = (cv2.imread(str(drawn / f"controls/control_00000/{still}.png")) for still in (0, 1))
    assert first is not None and second is not None
    assert np.abs(first.astype(int) - second).mean() > 2
    assert dataset.identity_seed("control", 0, seed=3) == (3 * 4) * 10**8


def test_a_kill_leaves_no_csv_and_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing stops in the fourth file, over an earlier whole drawing."""
    calls = 0

    def killed(out: Path, job: Still | Clip) -> None:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise KeyboardInterrupt
        draw_file(out, job)

    draw_dataset(tmp_path, settings=SETTINGS, workers=1)
    whole = digests(tmp_path)
    monkeypatch.setattr("tasks.phantoms.files.draw_file", killed)
    with pytest.raises(KeyboardInterrupt):
        draw_dataset(tmp_path, settings=SETTINGS, workers=1)
    left = digests(tmp_path)
    assert not any(name.endswith(".csv") for name in left)
    assert left.items() <= whole.items()


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(path: Path, content: bytes) -> int:
        with path.open("wb") as file:
            file.write(content[: len(content) // 2])
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "0.png", b"whole")
    assert not (tmp_path / "0.png").exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="workers end with their parent on Linux")
def test_sigkill_leaves_neither_workers_nor_half_files(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from tasks.phantoms.dataset import draw_faces; from tasks.params.phantoms import *\n"
        f"variation = PhantomVariation(**{VARIATION.model_dump()})\n"
        f"draw_faces(Path({str(tmp_path)!r}), 5000, seed=1, image_size=96, variation=variation, workers=2)"
    )
    drawing = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    wait_for(lambda: len(list(tmp_path.rglob("*.png"))) > 20)
    below = psutil.Process(drawing.pid).children(recursive=True)
    drawing.kill()
    drawing.wait()
    assert len(below) >= 3  # a fork server and two workers
    wait_for(lambda: not any(Path(f"/proc/{process.pid}/exe").exists() for process in below))
    assert not (tmp_path / "images.csv").exists()
    for picture in tmp_path.rglob("*.png"):
        assert picture.read_bytes().endswith(b"IEND\xaeB`\x82"), picture


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def test_somebodys_own_data_are_not_drawn_over(tmp_path: Path) -> None:
    (tmp_path / "images.csv").write_text("path,subject_id\nanna.jpg,anna\n", encoding="utf-8")
    with pytest.raises(InputError, match="not drawn"):
        draw_dataset(tmp_path, settings=SETTINGS, workers=1)
    assert (tmp_path / "images.csv").read_text(encoding="utf-8").endswith("anna\n")


def test_many_faces_are_drawn_quickly_and_stay_themselves(tmp_path: Path) -> None:
    few, more = (
        draw_faces(tmp_path / str(count), count, seed=1, image_size=64, variation=VARIATION, workers=1)
        for count in (3, 6)
    )
    assert [path.read_bytes() for path in few] == [path.read_bytes() for path in more[:3]]
    assert len({path.read_bytes() for path in more}) == 6
    assert [row["path"] for row in rows(tmp_path / "6" / "images.csv")] == [
        str(path.relative_to(tmp_path / "6")) for path in more
    ]


def test_settings_refuse_nonsense(settings: PhantomsDraw) -> None:
    with pytest.raises(ValueError, match="clip_frames"):
        PhantomsDraw.model_validate(settings.model_dump() | {"clip_frames": 0})
    with pytest.raises(ValueError, match="surprise"):
        PhantomsDraw.model_validate(settings.model_dump() | {"surprise": 1})
