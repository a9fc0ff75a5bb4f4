"""Which photographs are meant by the paths given to `vermilion score`."""

from pathlib import Path

import pytest

from flows.photographs.files import find
from tasks.errors import InputError

SUFFIXES = (".jpg", ".png")


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_a_folder_is_everything_in_it_in_either_case_but_leftovers(tmp_path: Path) -> None:
    put(tmp_path, "b.JPG", "a/1.png", "a/@eaDir/1.png/thumb.jpg", "._b.jpg", ".trash/c.jpg", "__MACOSX/b.jpg", "x.txt")
    found = find([tmp_path], SUFFIXES)
    assert [path.relative_to(tmp_path).as_posix() for path in found.photographs] == ["a/1.png", "b.JPG"]
    assert found.others == {tmp_path: 1}


def test_a_named_file_is_taken_whatever_its_suffix_and_once(tmp_path: Path) -> None:
    put(tmp_path, "b.heic", "c.jpg")
    named = [tmp_path / "b.heic", tmp_path / "not there.jpg", tmp_path, tmp_path / "c.jpg"]
    assert find(named, SUFFIXES).photographs == [tmp_path / "b.heic", tmp_path / "not there.jpg", tmp_path / "c.jpg"]


def test_a_folder_without_a_photograph_is_an_error_that_says_what_counts(tmp_path: Path) -> None:
    put(tmp_path, "x.txt")
    with pytest.raises(InputError, match=r"no photograph in this folder; suffixes: \.jpg, \.png"):
        find([tmp_path], SUFFIXES)


def test_a_link_to_itself_is_a_photograph_that_cannot_be_read(tmp_path: Path) -> None:
    put(tmp_path, "a.png")
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    assert tmp_path / "a.png" in find([tmp_path], (".png",)).photographs
    assert find([tmp_path / "loop.png"], (".png",)).photographs == [tmp_path / "loop.png"]
