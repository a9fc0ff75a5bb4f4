"""`vermilion inpaint` on the small project: what is written, what is refused, and how that is said."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from tasks.base.digests import file_digest
from tasks.base.images import encode_png, read
from tasks.inpainting.network import weights
from tasks.schemas.inpainting import NETWORK_FILE
from tests.here import vermilion
from tests.project import copy_project


def photograph(project: Path) -> Path:
    return sorted((project / "data/raw/phantoms/unrepaired").rglob("*.png"))[0]


def test_a_page_and_pictures_at_the_photographs_size(built: Path, tmp_path: Path) -> None:
    photo, out = photograph(built), tmp_path / "out"
    done = vermilion(built, "inpaint", str(photo), "--out", str(out), "--proposals", "2")
    assert done.returncode == 0, done.stderr
    assert "filled (lips and nose hidden), 2 proposals" in done.stdout
    image, stem = read(photo), f"001-{photo.stem}"
    mask = read(out / f"{stem}-mask.png")[..., 0] > 0
    assert sorted(path.name for path in out.iterdir()) == sorted(
        [
            ".gitignore",
            f"{stem}-filling.html",
            f"{stem}-filled.png",
            f"{stem}-proposal-2-filled.png",
            f"{stem}-mask.png",
            f"{stem}-masked.png",
        ]
    )
    filled = read(out / f"{stem}-filled.png")
    assert filled.shape == image.shape
    assert np.array_equal(filled[~mask], image[~mask])
    assert {path.stat().st_mode & 0o077 for path in out.iterdir()} == {0}
    page = (out / f"{stem}-filling.html").read_text()
    assert "no forecast" in page or "not a forecast" in page
    assert file_digest(photo) in page and file_digest(photo).encode() in (out / f"{stem}-filled.png").read_bytes()
    assert page.count("<img ") == 6  # as photographed, masked, filled, landmarks, the other proposal, where they differ


def test_of_two_faces_the_one_that_is_named_is_filled(built: Path, tmp_path: Path) -> None:
    image = read(photograph(built))
    both, out = tmp_path / "both.png", tmp_path / "out"
    both.write_bytes(encode_png(np.hstack([image, image])))
    assert "--face largest, --face 1, --face 2" in vermilion(built, "inpaint", str(both)).stdout
    done = vermilion(built, "inpaint", str(both), "--face", "2", "--out", str(out))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "face 2 of 2, counted from the left" in done.stdout
    assert "Of several faces: face 2 of 2" in next(out.glob("*.html")).read_text(encoding="utf-8")
    mask = read(next(out.glob("*-mask.png")))[..., 0]
    assert not mask[:, : image.shape[1]].any() and mask[:, image.shape[1] :].any()


def test_a_painted_mask_is_filled_and_nothing_else(built: Path, tmp_path: Path) -> None:
    photo = photograph(built)
    image = read(photo)
    painted = np.zeros_like(image)
    painted[150:190, 100:150] = 7
    (tmp_path / "mask.png").write_bytes(encode_png(painted))
    done = vermilion(built, "inpaint", str(photo), "--mask", str(tmp_path / "mask.png"), "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "filled (what was painted hidden)" in done.stdout
    filled = read(next((tmp_path / "out").glob("*-filled.png")))
    assert np.array_equal(filled[painted == 0], image[painted == 0])
    assert not np.array_equal(filled, image)


def test_what_cannot_be_filled_is_a_reason_and_the_rest_is_filled(built: Path, tmp_path: Path) -> None:
    (tmp_path / "no.png").write_bytes(encode_png(np.full((200, 200, 3), 128, np.uint8)))
    done = vermilion(built, "inpaint", str(tmp_path / "no.png"), str(photograph(built)), "--json")
    assert done.returncode == 1
    one, other = json.loads(done.stdout)
    assert "no face" in one["reason"]
    assert other["reason"] is None
    assert other["disagreement"] > 0
    assert any("on the controls at hand" in line for line in other["notices"])


@pytest.mark.parametrize(
    ("size", "said"), [((10, 10), "has 10 x 10 pixels, the photograph"), ((256, 256), "is black everywhere")]
)
def test_a_mask_that_does_not_fit_is_told_and_the_page_says_so(
    built: Path, tmp_path: Path, size: tuple[int, int], said: str
) -> None:
    (tmp_path / "mask.png").write_bytes(encode_png(np.zeros((*size, 3), np.uint8)))
    out = tmp_path / "out"
    photo = str(photograph(built))
    done = vermilion(built, "inpaint", photo, "--mask", str(tmp_path / "mask.png"), "--out", str(out))
    assert done.returncode == 1
    assert said in " ".join(done.stdout.split())
    [page] = out.glob("*.html")
    assert not list(out.glob("*.png"))
    assert said in page.read_text()


def test_a_photograph_of_a_kind_that_the_network_does_not_know_is_doubted(built: Path, tmp_path: Path) -> None:
    image = read(photograph(built)).copy()
    image[0, 0] ^= 1  # another file, so no drawn face of the study
    (tmp_path / "other.png").write_bytes(encode_png(image))
    done = vermilion(built, "inpaint", str(tmp_path / "other.png"), "--out", str(tmp_path / "out"))
    assert "not valid here: the networks know drawn faces only" in " ".join(done.stdout.split())
    [page] = (tmp_path / "out").glob("*.html")
    assert "Not valid here: the networks know drawn faces only." in page.read_text()


def test_one_mask_for_several_photographs_is_refused(built: Path, tmp_path: Path) -> None:
    photos = sorted((built / "data/raw/phantoms/unrepaired").rglob("*.png"))[:2]
    done = vermilion(built, "inpaint", *map(str, photos), "--mask", str(tmp_path / "mask.png"))
    assert done.returncode == 2
    assert "goes with one photograph" in done.stderr


def test_a_mouth_that_cannot_be_seen_needs_a_painted_mask_and_no_more(built: Path, tmp_path: Path) -> None:
    project = copy_project(built, tmp_path / "project")
    numbers = project / "params.yaml"
    numbers.write_text(re.sub("min_mouth_contrast: .*", "min_mouth_contrast: 5", numbers.read_text()))
    photo = photograph(built)
    painted = np.zeros_like(read(photo))
    painted[150:190, 100:150] = 255
    (tmp_path / "mask.png").write_bytes(encode_png(painted))
    by_landmarks = vermilion(project, "inpaint", str(photo), "--json")
    assert "if a wide cleft is why, paint a mask by hand (--mask FILE)" in json.loads(by_landmarks.stdout)[0]["reason"]
    by_hand = vermilion(project, "inpaint", str(photo), "--mask", str(tmp_path / "mask.png"), "--json")
    assert json.loads(by_hand.stdout)[0]["reason"] is None


def test_a_network_of_another_size_or_shape_is_told(built: Path, tmp_path: Path) -> None:
    project = copy_project(built, tmp_path / "project")
    file = project / "data/inpainting/model" / NETWORK_FILE
    network, size = weights.load(file)
    for written, said in (
        (weights.save(network, size=2 * size, provenance={}), f"draws pictures of {2 * size} pixels"),
        (file.read_bytes()[:500], "not a network that inpainting_train wrote"),
    ):
        file.unlink()
        file.write_bytes(written)
        done = vermilion(project, "inpaint", str(photograph(built)))
        assert done.returncode == 2
        assert said in " ".join(done.stderr.split())
