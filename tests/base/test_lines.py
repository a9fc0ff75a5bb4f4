"""Lines that only grow: whole, flushed, safe to open in a spreadsheet, whatever was cut off before."""

import csv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tasks.base.lines import LinesError, append, plain
from tasks.base.lines import read as read_back

COLUMNS = ("name", "x")


def read(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as opened:
        return list(csv.DictReader(opened))


def test_a_line_is_appended_below_a_header_and_is_its_owners(tmp_path: Path) -> None:
    file = tmp_path / "new/lines.csv"
    append(file, COLUMNS, {"name": 'a\nb,\t"c"', "x": -1.5})
    append(file, COLUMNS, {"name": "d", "x": None})
    assert read(file) == [{"name": 'a b, "c"', "x": "-1.5"}, {"name": "d", "x": ""}]
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_what_a_power_failure_left_of_a_line_is_cut_off(tmp_path: Path) -> None:
    file = tmp_path / "lines.csv"
    append(file, COLUMNS, {"name": "a", "x": 1})
    whole = file.read_bytes()
    for torn in (b"b", b'"b\xc3', whole[:3]):
        file.write_bytes(whole + torn if torn != whole[:3] else torn)
        append(file, COLUMNS, {"name": "c", "x": 2})
        assert read(file)[-1] == {"name": "c", "x": "2"}
        assert "b" not in {row["name"] for row in read(file)}


def test_what_was_appended_is_read_back_and_what_was_changed_is_named(tmp_path: Path) -> None:
    file = tmp_path / "lines.csv"
    assert list(read_back(file, COLUMNS, by="a test")) == []
    append(file, COLUMNS, {"name": '=a, "b"', "x": 1})
    whole = file.read_bytes()
    for saved in (b"\xef\xbb\xbf" + whole + b"torn", whole.replace(b"\n", b"\r\n")):  # the latter by a spreadsheet
        file.write_bytes(saved)
        assert list(read_back(file, COLUMNS, by="a test")) == [(f"{file}, line 2", ['=a, "b"', "1"])]
    for changed, said in (
        (b"", "lines.csv: empty, where a test wrote lines"),
        (whole[:4], "lines.csv: empty"),
        (whole.replace(b",", b";"), "line 1: .*name, x, separated by commas"),
        (whole + b"c\n", "line 3"),
        (whole + b'"c,2\nd,3\n', "line 3"),
        (whole + b'"' + b"c" * 200_000 + b"\nd,3\n", "line 3"),
        (whole + "Jürgen,2\nd,3\n".encode("cp1252"), "line 3"),
    ):
        file.write_bytes(changed)
        with pytest.raises(LinesError, match=said):
            list(read_back(file, COLUMNS, by="a test"))


def test_a_last_line_without_its_end_is_told_and_never_cut_off(tmp_path: Path) -> None:
    file = tmp_path / "lines.csv"
    append(file, COLUMNS, {"name": "a", "x": 1})
    for line in (b"b,2", b"b,", b'"b",2  ', b"b,2\r"):
        saved = file.read_bytes() + line  # by an editor that writes no last line's end
        file.write_bytes(saved)
        with pytest.raises(LinesError, match=r"lines\.csv, line 3: its end is missing.*press Enter behind it"):
            list(read_back(file, COLUMNS, by="a test"))
        with pytest.raises(LinesError, match="line 3"):
            append(file, COLUMNS, {"name": "c", "x": 2})
        assert file.read_bytes() == saved
        file.write_bytes(saved.removesuffix(line))
    file.write_bytes(file.read_bytes() + b"b,2\n")
    assert [cells for _, cells in read_back(file, COLUMNS, by="a test")] == [["a", "1"], ["b", "2"]]


def test_a_file_is_there_with_its_header_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as here:
        here.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            append(tmp_path / "lines.csv", COLUMNS, {"name": "a", "x": 1})
    assert list(tmp_path.iterdir()) == []
    with monkeypatch.context() as here:
        here.setattr("os.link", full)  # a file system without hard links
        append(tmp_path / "lines.csv", COLUMNS, {"name": "a", "x": 1})
    assert [file.name for file in tmp_path.iterdir()] == ["lines.csv"]


def test_many_may_append_at_once(tmp_path: Path) -> None:
    file = tmp_path / "lines.csv"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda x: append(file, COLUMNS, {"name": "n" * 300, "x": x}), range(100)))
    assert sorted(int(row["x"]) for row in read(file)) == list(range(100))


def test_a_formula_is_inert_in_the_file_and_plain_when_read(tmp_path: Path) -> None:
    file = tmp_path / "lines.csv"
    for text in ("=1+1", "'quoted", "@home", "plain"):
        append(file, COLUMNS, {"name": text, "x": 0})
    assert read(file)[0]["name"] == "'=1+1"
    assert [plain(row["name"]) for row in read(file)] == ["=1+1", "'quoted", "@home", "plain"]
