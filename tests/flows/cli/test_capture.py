"""`vermilion capture check` on folders: what it says, how it ends, what it writes, and what it refuses."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from flows import PROJECT
from tasks.base.images import encode_png
from tests.anthropometry.drawn import face
from tests.here import vermilion

EVIL = "a\x1b[31m<b>.png"


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn face, the same upside down and too dark, and files that are no pictures."""
    folder = tmp_path_factory.mktemp("visit")
    image = face(1)[0]
    (folder / EVIL).write_bytes(encode_png(image))
    (folder / "turned.png").write_bytes(encode_png(np.ascontiguousarray(cv2.rotate(image, cv2.ROTATE_180))))
    (folder / "dark.png").write_bytes(encode_png((image * 0.2).astype(np.uint8)))
    (folder / "none.jpg").write_bytes(b"text")
    (folder / "empty.heic").write_bytes(b"")
    return folder


def test_a_set_that_will_not_do(visit: Path, tmp_path: Path) -> None:
    out = tmp_path / "pages"
    done = vermilion(PROJECT, "capture", "check", str(visit), "--out", str(out))
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0].startswith("This set will not do: one photograph alone has no depth")
    assert max(map(len, lines[1:])) <= 80
    assert "\x1b" not in done.stdout
    assert "a\\x1b[31m<b>.png" in done.stdout
    assert cv2.imdecode(np.frombuffer((out / "capture.png").read_bytes(), np.uint8), cv2.IMREAD_COLOR) is not None
    assert (out / "capture.png").stat().st_mode & 0o777 == 0o600
    assert out.stat().st_mode & 0o777 == 0o700


def test_every_photograph_has_its_row_and_reason(visit: Path) -> None:
    done = vermilion(PROJECT, "capture", "check", str(visit), "--json")
    found = json.loads(done.stdout)
    assert not found["fits"]
    rows = {row["photograph"]: row for row in found["photographs"]}
    assert set(rows) == {EVIL, "turned.png", "dark.png", "none.jpg", "empty.heic"}
    assert rows[EVIL]["reason"] is None
    assert abs(rows[EVIL]["yaw"]) < 10
    assert rows["turned.png"]["reason"] == "the head is upside down: turn the photograph the right way up"
    assert rows["dark.png"]["reason"].startswith("too dark")
    assert rows["none.jpg"]["reason"].startswith("not a picture")
    assert rows["empty.heic"]["reason"] == "empty file"


def test_what_cannot_be_looked_at_is_told_in_a_line(visit: Path, tmp_path: Path) -> None:
    for given, said in (
        (tmp_path / "nowhere", "no folder; give the folder with the photographs of one visit"),
        (visit / "dark.png", "no folder; give the folder with the photographs of one visit"),
        (tmp_path, "no photograph in this folder"),
    ):
        done = vermilion(PROJECT, "capture", "check", str(given))
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr


def test_more_than_a_visit_has_is_refused_unread(tmp_path: Path) -> None:
    for number in range(101):
        (tmp_path / f"{number}.jpg").touch()
    done = vermilion(PROJECT, "capture", "check", str(tmp_path))
    assert done.returncode == 2
    assert "101 photographs; of one visit 100 at most" in done.stderr


def test_a_calibration_in_the_folder_is_read_and_held_against_the_photographs(tmp_path: Path) -> None:
    image = face(1)[0]
    (tmp_path / "a.png").write_bytes(encode_png(image))
    height, width = image.shape[:2]
    for sizes, code in (((2 * width, 2 * height), 1), ((width, 2 * height), 2)):
        params = f"{2.4 * max(sizes)} {sizes[0] / 2} {sizes[1] / 2} 0"
        line = f"*.png,SIMPLE_RADIAL,{sizes[0]},{sizes[1]},{params}"
        (tmp_path / "cameras.csv").write_text(f"files,model,width,height,params\n{line}\n", encoding="utf-8")
        done = vermilion(PROJECT, "capture", "check", str(tmp_path))
        assert done.returncode == code
        assert ("Note: the lens by cameras.csv: 1 of 1 photograph." in done.stdout) == (code == 1)
    assert f"a.png: {width} x {height} px, but cameras.csv has its lens for {width} x {2 * height}" in done.stderr
