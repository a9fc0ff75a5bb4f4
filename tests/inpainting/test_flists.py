"""Lists of pictures become a raw folder that an ingest reads; what cannot be used is told by its line."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flows import PROJECT
from flows.cli.inpainting import make_raw
from tasks import params
from tasks.errors import InputError
from tasks.ingest.images.inventory import take_inventory
from tasks.ingest.tables.raw_layout import Folder
from tasks.inpainting.flists import Listed, celeba, pictures, read_list
from tasks.params.ingest import IngestImages

POINTS = " ".join(str(n) for n in range(1, 137))


def picture(path: Path) -> Path:
    """A file of its own bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    level = sum(path.as_posix().encode()) % 251
    Image.fromarray(np.full((8, 8, 3), level, np.uint8)).save(path)
    return path


def written(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def reasons(listed: Path, landmarks: Path | None = None, **others: Path | None) -> list[str | None]:
    options: dict[str, Path | None] = {"masks": None, "identities": None, "moved": None}
    return [row.reason for row in pictures(listed, landmarks=landmarks, **{**options, **others})]


def test_each_line_that_cannot_be_used_has_its_reason(tmp_path: Path) -> None:
    names = [f"faces/{number}.png" for number in range(6)]
    for name in names[1:]:
        picture(tmp_path / name)
    contents = [POINTS, POINTS, " ".join(["0"] * 136), "1 2 3", "no numbers"]
    points = [written(tmp_path / f"points/{number}.txt", text).as_posix() for number, text in enumerate(contents)]
    listed = written(tmp_path / "train.flist", *names, "faces/1.png")
    landmarks = written(tmp_path / "points.flist", *points, "points/missing.txt", points[0])
    found = reasons(listed, landmarks)
    assert found[1] is None
    for reason, said in zip(
        [found[0], *found[2:]],
        [
            "no such picture: ",
            "are all zero: no face was found",
            "3 numbers; accepted: 136",
            "not numbers alone",
            "no such landmarks: ",
            "stands twice (line 2 too)",
        ],
        strict=True,
    ):
        assert reason is not None
        assert said in reason


def test_a_mask_that_is_missing_is_told(tmp_path: Path) -> None:
    listed = written(tmp_path / "a.flist", picture(tmp_path / "1.png").as_posix())
    assert reasons(listed, masks=written(tmp_path / "m.flist", "gone.png")) == [
        f"no such mask: {tmp_path / 'gone.png'}"
    ]


def test_lists_that_cannot_be_used_as_a_whole(tmp_path: Path) -> None:
    listed = written(tmp_path / "a.flist", "1.png", "", "2.png")
    with pytest.raises(InputError, match=r"b.flist: 1 lines, but .*a.flist has 2; line by line"):
        reasons(listed, written(tmp_path / "b.flist", "1.txt"))
    with pytest.raises(InputError, match="no line in it"):
        read_list(written(tmp_path / "empty.flist"))
    with pytest.raises(InputError, match="No such file"):
        read_list(tmp_path / "none.flist")
    (tmp_path / "binary.flist").write_bytes(b"\xff\xd8\xff\x00")
    with pytest.raises(InputError, match="no text in UTF-8"):
        read_list(tmp_path / "binary.flist")
    with pytest.raises(InputError, match=r"who.txt, line 2: .* accepted: a file's name and a number"):
        reasons(listed, identities=written(tmp_path / "who.txt", "1.png 7", "2.png"))
    with pytest.raises(InputError, match="line 2: 1.png stands above as another person"):
        reasons(listed, identities=written(tmp_path / "who.txt", "1.png 7", "1.png 8"))


def test_files_are_found_where_they_lie_now(tmp_path: Path) -> None:
    picture(tmp_path / "now/b/1.png")
    picture(tmp_path / "now/2.png")
    listed = written(tmp_path / "a.flist", "/their/machine/b/1.png", "C:\\faces\\2.png", "/their/machine/3.png")
    assert reasons(listed)[0] == "no such picture: /their/machine/b/1.png"
    found = read_list(listed, tmp_path / "now")
    assert [path for _, path in found] == [tmp_path / "now" / name for name in ("b/1.png", "2.png", "3.png")]


def unpacked(folder: Path) -> Path:
    for number in (1, 2, 3, 4):
        picture(folder / f"img_align_celeba/{number:06d}.png")
    written(folder / "Anno/identity_CelebA.txt", "000001.png 2880", "000002.png 7", "000003.png 2880", "000009.png 1")
    return folder


def test_celeba_as_it_is_unpacked(tmp_path: Path) -> None:
    rows = celeba(unpacked(tmp_path / "CelebA"))
    assert [row.subject_id for row in rows] == ["celeba-2880", "celeba-7", "celeba-2880", None]
    assert rows[3].reason is not None
    assert "000004.png is not in" in rows[3].reason
    with pytest.raises(InputError, match="no identity_CelebA.txt; accepted: CelebA as it is unpacked"):
        celeba(tmp_path)


def made(source: Path, out: Path, **given: Path | None) -> int:
    options: dict[str, Path | None] = dict.fromkeys(("landmarks", "masks", "identities", "moved"))
    return make_raw(source, out, **{**options, **given})


def test_the_raw_folder_is_read_by_an_ingest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "raw"
    assert made(unpacked(tmp_path / "CelebA"), out) == 1
    said = capsys.readouterr()
    assert "3 pictures of 2 people, 1 left out; next: `vermilion use" in said.out
    assert "img_align_celeba, line 4: 000004.png is not in" in said.err
    assert (out / "left_out.txt").read_text().startswith("img_align_celeba, line 4: 000004.png is not in")
    settings = params.load(IngestImages, "ingest_images", PROJECT / "params.yaml")
    images, refused = take_inventory([Folder(out, "")], settings=settings)
    rows = images.to_pylist()
    assert sorted((row["subject_id"], row["population"]) for row in rows) == [
        ("celeba-2880", "control"),
        ("celeba-2880", "control"),
        ("celeba-7", "control"),
    ]
    assert refused.num_rows == 0
    with pytest.raises(InputError, match="is not empty"):
        made(tmp_path / "CelebA", out)


def test_without_names_each_picture_is_a_person_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["a/1.png", "b/1.png"]
    for name in names:
        picture(tmp_path / name)
    assert made(written(tmp_path / "a.flist", *names), tmp_path / "raw") == 0
    lines = (tmp_path / "raw/images.csv").read_text("utf-8-sig").splitlines()
    assert lines[1:] == ["pictures/a/1.png,raw-a-1,control", "pictures/b/1.png,raw-b-1,control"]
    assert not (tmp_path / "raw/left_out.txt").exists()
    assert "every picture counts as a person of its own" in " ".join(capsys.readouterr().err.split())


def test_a_list_of_nothing_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no picture of it can be used; --moved names"):
        made(written(tmp_path / "a.flist", "/gone/1.png"), tmp_path / "raw")
    assert not (tmp_path / "raw").exists()


def test_a_listed_picture_keeps_its_line(tmp_path: Path) -> None:
    listed = written(tmp_path / "a.flist", "", picture(tmp_path / "1.png").as_posix())
    [row] = pictures(listed, landmarks=None, masks=None, identities=None, moved=None)
    assert row == Listed("a.flist", 2, tmp_path / "1.png")
