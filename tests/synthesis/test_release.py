"""Only what was looked at and found clean goes out; what goes out says that it is drawn, and nothing else."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngImageFile, PngInfo

from tasks.base import images
from tasks.schemas.synthesis import CONDITIONS, GENERATED, IDENTITY, PROMPTS, SCREENED
from tasks.synthesis.gate.release import LIST, NOTE, README, cleared, release

COUNT = 4
PLANNED = [(condition, number, f"{condition}-{number}") for condition in CONDITIONS for number in range(COUNT)]


def pixels(image_id: str) -> np.ndarray:
    rng = np.random.default_rng(list(image_id.encode()))
    return rng.integers(0, 256, (16, 24, 3), np.uint8)


def generated(**changes: dict[str, object]) -> pa.Table:
    """Both conditions' pictures, which carry words of their own, which must not go out."""
    private = PngInfo()
    private.add_text("parameters", "seed 5, adapter of a patient")

    def picture(image_id: str) -> bytes:
        buffer = io.BytesIO()
        Image.fromarray(pixels(image_id)).save(buffer, "PNG", pnginfo=private)
        return buffer.getvalue()

    rows = [
        {"image_id": i, "condition": c, "number": n, "picture": picture(i), "clip_over": 0, "t5_over": 0}
        | changes.get(i.replace("-", "_"), {})
        for c, n, i in PLANNED
    ]
    return GENERATED.table(rows)


def prompts() -> pa.Table:
    told = {"person": "girl", "skin_tone": "light", "hair": "short", "eyes": "brown", "status": "as asked"}
    return PROMPTS.table(
        told | {"image_id": i, "condition": c, "number": n, "seed": n, "prompt": f'[CLP] "{i}", a girl', "cleft": c}
        for c, n, i in PLANNED
    )


def screened(**changes: dict[str, object]) -> pa.Table:
    return SCREENED.table(
        {"image_id": i, "condition": c, "faces": 1, "flags": []} | changes.get(i.replace("-", "_"), {})
        for c, _, i in PLANNED
    )


def compared(**changes: dict[str, object]) -> pa.Table:
    clean = {"nearest_id": "p", "similarity": 0.1, "matches": 0, "pairs": 3, "repeats": False, "quarantined": False}
    return IDENTITY.table(
        clean | {"image_id": i, "condition": c} | changes.get(i.replace("-", "_"), {}) for c, _, i in PLANNED
    )


def without(table: pa.Table, image_id: str) -> pa.Table:
    return pa.Table.from_pylist([row for row in table.to_pylist() if row["image_id"] != image_id], table.schema)


def files(out: Path) -> dict[str, bytes]:
    return {file.relative_to(out).as_posix(): file.read_bytes() for file in out.rglob("*") if file.is_file()}


def names(out: Path) -> list[str]:
    return sorted(name for name in files(out) if name.endswith(".png"))


ALL = sorted(f"{c}/{c}_{n:05d}.png" for c, n, _ in PLANNED)


def test_pictures_that_nothing_is_held_against_are_released_with_their_words(tmp_path: Path) -> None:
    assert release(generated(), prompts(), screened(), compared(), out=tmp_path) == len(PLANNED)
    assert names(tmp_path) == ALL
    with (tmp_path / LIST).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == ALL
    assert list(rows[0]) == ["file", "condition", "prompt", "person", "skin_tone", "hair", "eyes", "cleft", "status"]
    assert rows[-1]["prompt"] == '[CLP] "pre-3", a girl'
    assert NOTE in (tmp_path / README).read_text()


def test_a_picture_holds_its_pixels_and_that_it_is_drawn_and_nothing_else(tmp_path: Path) -> None:
    release(generated(), prompts(), screened(), compared(), out=tmp_path)
    path = tmp_path / "post/post_00002.png"
    with Image.open(path) as picture:
        assert isinstance(picture, PngImageFile)
        assert picture.text == {"Description": NOTE}
        assert not picture.getexif()
    content, chunks, at = path.read_bytes(), [], 8
    while at < len(content):
        length = int.from_bytes(content[at : at + 4])
        chunks.append(content[at + 4 : at + 8])
        at += 12 + length
    assert set(chunks) == {b"IHDR", b"tEXt", b"IDAT", b"IEND"}
    assert (images.read(path) == pixels("post-2")).all()


@pytest.mark.parametrize(
    ("screening", "identity"),
    [
        ({"flags": ["age"], "reason": "baby asked for"}, {}),
        ({"flags": ["text"]}, {}),
        ({"reason": "damaged picture"}, {}),
        ({}, {"quarantined": True, "matches": 1}),
        ({}, {"quarantined": True, "pairs": 0, "reason": "no face found"}),
        ({}, {"reason": "something is wrong here"}),
    ],
)
def test_a_doubt_in_either_table_keeps_a_picture_back(tmp_path: Path, screening: Any, identity: Any) -> None:
    tables = screened(pre_1=screening), compared(pre_1=identity)
    assert release(generated(), prompts(), *tables, out=tmp_path) == len(PLANNED) - 1
    assert names(tmp_path) == [name for name in ALL if name != "pre/pre_00001.png"]
    assert "pre_00001" not in (tmp_path / LIST).read_text()


@pytest.mark.parametrize("missing", ["prompts", "screened", "identity"])
def test_what_a_table_does_not_know_stays_back(tmp_path: Path, missing: str) -> None:
    tables = {"prompts": prompts(), "screened": screened(), "identity": compared()}
    tables[missing] = without(tables[missing], "post-3")
    assert release(generated(), **tables, out=tmp_path) == len(PLANNED) - 1
    assert "post/post_00003.png" not in names(tmp_path)


def test_with_a_table_empty_nothing_goes_out(tmp_path: Path) -> None:
    assert release(generated(), prompts(), SCREENED.table([]), compared(), out=tmp_path) == 0
    assert release(generated(), prompts(), screened(), IDENTITY.table([]), out=tmp_path) == 0
    assert (tmp_path / LIST).read_text().count("\n") == 1


def test_a_second_row_cannot_clear_a_picture() -> None:
    flagged = screened(pre_0={"flags": ["text"]})
    twice = pa.concat_tables([flagged, screened()])
    assert "pre-0" not in cleared(twice, compared())
    assert "pre-0" not in cleared(screened(), pa.concat_tables([compared(pre_0={"quarantined": True}), compared()]))


@pytest.mark.parametrize(
    "lost", [{"picture": None, "reason": "not drawn"}, {"picture": None}, {"picture": b"no picture"}]
)
def test_a_picture_that_cannot_be_read_is_left_out(tmp_path: Path, lost: Any) -> None:
    assert release(generated(pre_2=lost), prompts(), screened(), compared(), out=tmp_path) == len(PLANNED) - 1
    assert "pre/pre_00002.png" not in names(tmp_path)


def test_an_earlier_release_is_taken_away_and_the_same_release_has_the_same_bytes(tmp_path: Path) -> None:
    release(generated(), prompts(), screened(), compared(), out=tmp_path)
    first = files(tmp_path)
    (tmp_path / "pre/.pre_00009.png.abc.tmp").write_bytes(b"half")
    (tmp_path / "pre/pre_00099.png").write_bytes(first["pre/pre_00001.png"])
    release(generated(), prompts(), screened(), compared(pre_1={"quarantined": True}), out=tmp_path)
    assert set(files(tmp_path)) == first.keys() - {"pre/pre_00001.png"}
    release(generated().take(list(range(len(PLANNED)))[::-1]), prompts(), screened(), compared(), out=tmp_path)
    assert files(tmp_path) == first


def test_what_is_withdrawn_is_gone_even_if_the_new_release_fails(tmp_path: Path) -> None:
    release(generated(), prompts(), screened(), compared(), out=tmp_path)
    for file in (tmp_path / "post").iterdir():
        file.unlink()
    (tmp_path / "post").rmdir()
    (tmp_path / "post").write_bytes(b"in the way")
    with pytest.raises(OSError, match="post"):
        release(generated(), prompts(), screened(), compared(pre_1={"quarantined": True}), out=tmp_path)
    assert names(tmp_path) == ["pre/pre_00000.png", "pre/pre_00002.png", "pre/pre_00003.png"]
    assert not (tmp_path / LIST).exists()
