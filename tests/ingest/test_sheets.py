"""People's tables, as their programs write them: read as they are meant, or refused with file, line and what to do."""

import datetime
import io
import os
import random
import re
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.chart import BarChart

from tasks.ingest.tables import sheets, workbooks
from tasks.ingest.tables.raw_layout import read_lines
from tasks.ingest.tables.sheets import RawLayoutError
from tests.spreadsheets import active

COLUMNS = ("path", "score")
PLAIN = "path,score\na.jpg,3\nMüller/b.jpg,4\n"
ROWS = [{"path": "a.jpg", "score": "3"}, {"path": "Müller/b.jpg", "score": "4"}]


def rows(path: Any, required: Any = COLUMNS, optional: Any = ("note",)) -> Any:
    return [line.cells for line in read_lines(path, required=required, optional=optional)]


def lines(path: Any) -> Any:
    return [line.number for line in read_lines(path, required=COLUMNS, optional=("note",))]


def book(path: Any, *tables: Any, titles: Any = ("Sheet1", "Sheet2", "Sheet3")) -> Any:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.worksheets[0])
    for title, table in zip(titles, tables, strict=False):
        sheet = workbook.create_sheet(title)
        for row in table:
            sheet.append(row)
    workbook.save(path)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_way_that_spreadsheets_write_text(tmp_path: Path, encoding: str, separator: str, end: str) -> None:
    text = PLAIN.replace(",", separator).replace("\n", end)
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    assert rows(tmp_path / "t.csv") == ROWS
    assert lines(tmp_path / "t.csv") == [2, 3]


@pytest.mark.parametrize(
    "text",
    [
        "Path , SCORE\na.jpg,3\nMüller/b.jpg,4\n",
        "path,score,,\na.jpg,3,,\nMüller/b.jpg,4,,\n,,,\n,,\n",
        "path,score\na.jpg,3,,\nMüller/b.jpg,4,\n",
        "path,,score\na.jpg,,3\nMüller/b.jpg,,4\n",
        "\n\npath,score\n\na.jpg , 3\nMüller/b.jpg,4",
        "path,score\n;;\na.jpg,3\nMüller/b.jpg,4\n\t\n\x1a",
        '"path";"score"\n"a.jpg";"3"\n"Müller/b.jpg";4\n',
        "\ufeffpath,sc\u200bore\na.jpg,3\nMüller/b.jpg,4\n",
    ],
)
def test_what_spreadsheets_leave_at_the_edges_is_passed_over(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    assert rows(tmp_path / "t.csv") == ROWS


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", '"sep=;"', "sep=;;"])
def test_a_line_that_names_the_separator_counts_as_a_line(tmp_path: Path, first: str) -> None:
    (tmp_path / "t.csv").write_text(f"{first}\r\n" + PLAIN.replace(",", ";"))
    assert rows(tmp_path / "t.csv") == ROWS
    assert lines(tmp_path / "t.csv") == [3, 4]


def test_a_comma_in_a_cell_stays_in_it(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('path;score\n"a;b.jpg";2,5\n')
    assert rows(tmp_path / "t.csv") == [{"path": "a;b.jpg", "score": "2,5"}]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (
            "path,score\na,1\nJosé,2\n".encode("cp1252"),
            "line 3: byte 0xe9 is not UTF-8.*CP1252.*this is é; save the file",
        ),
        (
            b"path,score\na.jpg,3,left\n",
            "line 2: 2 cells expected.*column 3 has no name in line 1 and holds 'left' here",
        ),
        (b"path,score,\na.jpg,3,left\n", "line 2: .*column 3 has no name in line 1 and holds 'left' here"),
        (b"path,score\na.jpg;3\n", "line 2: 2 cells expected.*separated by semicolons, the header by commas"),
        (b"path,score\na.jpg\n", "line 2: 2 cells expected, as in the header; there are 1"),
        (
            b"Ratings of 2024,,\n,,\npath,score,note\na.jpg,3,left\n",
            "line 3: 1 cell expected.*if line 1, 'Ratings of 2024', is a title, delete the lines above the header",
        ),
        (b'path,score\na.jpg,3\n"b.jpg,4\nc.jpg,5\n', r'row that begins in line 3: a quote \("\) opens'),
        (b'path,score\n"a" b,3\n', "row that begins in line 2: a quoted cell"),
        (b'"path,score"\n"a.jpg,3"\n', "no column path.*The whole line is one cell: separate its cells by commas"),
        (b"path|score\na.jpg|3\n", "The whole line is one cell"),
        (b"path,scores\na.jpg,3\n", r"line 1: no column score; column 2, 'scores', is not known \(meant: score\?\)"),
        (b"path,score,Score \na.jpg,3,3\n", "line 1: column 3 is a second score"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", r"old Excel workbook \(.xls\), or one with a password"),
        (b"<html><table><tr><td>path</td></tr></table>", "a web page or XML"),
        (b"%PDF-1.4", "this is a PDF; save it as CSV"),
        (b"PK\x03\x04 and no more", "a damaged or locked workbook"),
        ("path,score\na,1\n".encode("utf-16")[:-1], "damaged UTF-16"),
    ],
)
def test_what_cannot_be_trusted_is_named_in_a_stewards_words(tmp_path: Path, data: Any, told: str) -> None:
    (tmp_path / "t.csv").write_bytes(data)
    with pytest.raises(RawLayoutError) as caught:
        rows(tmp_path / "t.csv")
    assert re.search(told, str(caught.value), re.DOTALL)
    assert str(caught.value).startswith(str(tmp_path / "t.csv"))
    assert "[" not in str(caught.value).removeprefix(str(tmp_path))


def test_a_workbook_whose_rows_lie_in_one_cell_each_gets_a_workbooks_advice(tmp_path: Path) -> None:
    book(tmp_path / "t.xlsx", [["path;score"], ["a.jpg;3,5"]])
    with pytest.raises(RawLayoutError, match=r"whole line is one cell: in Excel, `Text to Columns`"):
        rows(tmp_path / "t.xlsx")


def test_a_workbook_is_read_as_people_see_it(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    table = [
        ["Path", "Score ", "note"],
        ["a.jpg", 3.0, None],
        [None, None, None],
        ["b.jpg", 2.5, "x "],
        [7, "007", None],
    ]
    book(path, table)
    assert [tuple(row.values()) for row in rows(path)] == [("a.jpg", "3", ""), ("b.jpg", "2.5", "x"), ("7", "007", "")]
    assert lines(path) == [2, 4, 5]
    path.rename(tmp_path / "t.csv")
    assert len(rows(tmp_path / "t.csv")) == 3


def test_cells_that_a_spreadsheet_changed_say_so(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = active(workbook)
    sheet.append(["path", "score"])
    for value in (datetime.datetime(2026, 4, 3), 0.5, "#N/A", "=1+1", True, 7):
        sheet.append(["a.jpg", value])
    sheet["B3"].number_format = "0%"
    sheet["B4"].data_type = "e"
    sheet["B7"].number_format = "000"
    workbook.save(tmp_path / "t.xlsx")
    found = list(read_lines(tmp_path / "t.xlsx", required=COLUMNS, optional=()))
    texts = [(line.cells["score"], line.wrong.get("score", "").split(";")[0].split(",")[0]) for line in found]
    assert texts == [
        ("2026-04-03", "a date or time"),
        ("50%", "a percentage"),
        ("#N/A", "the spreadsheet's error #N/A"),
        ("=1+1", "a formula without a result"),
        ("TRUE", "what spreadsheets make of the words true and false"),
        ("007", ""),
    ]


def test_the_last_result_of_a_formula_is_read(tmp_path: Path) -> None:
    book(tmp_path / "t.xlsx", [["path", "score"], ["a.jpg", "=1+2"]])
    with zipfile.ZipFile(tmp_path / "t.xlsx") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = "xl/worksheets/sheet1.xml"
    parts[name] = re.sub(rb"<f>1\+2</f><v ?/>|<f>1\+2</f><v></v>", b"<f>1+2</f><v>3</v>", parts[name])
    with zipfile.ZipFile(tmp_path / "t.xlsx", "w") as archive:
        for part, data in parts.items():
            archive.writestr(part, data)
    assert rows(tmp_path / "t.xlsx") == [{"path": "a.jpg", "score": "3"}]


def test_of_several_worksheets_the_one_with_the_columns_is_read(tmp_path: Path) -> None:
    good, other = [["path", "score"], ["a.jpg", 3]], [["list of", "rooms"], ["x", "y"]]
    assert len(rows(book(tmp_path / "t.xlsx", other, good, []))) == 1
    with pytest.raises(RawLayoutError, match="sheets 'Sheet1', 'Sheet2': all have the columns path, score"):
        rows(book(tmp_path / "t.xlsx", good, good, other))
    with pytest.raises(RawLayoutError, match="none has the columns"):
        rows(book(tmp_path / "t.xlsx", other, other))


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ("content.xml", "an OpenDocument spreadsheet (.ods), whatever its name; save it as an Excel workbook (.xlsx)"),
        ("xl/workbook.bin", "a binary Excel workbook (.xlsb)"),
        ("Index/Document.iwa", "a Numbers document"),
        ("word/document.xml", "a Word document"),
    ],
)
def test_other_programs_files_are_called_what_they_are(tmp_path: Path, part: str, told: str) -> None:
    with zipfile.ZipFile(tmp_path / "ratings.xlsx", "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(part, "")
    with pytest.raises(RawLayoutError, match=re.escape(told)):
        sheets.read_sheets(tmp_path / "ratings.xlsx")


def test_charts_are_no_tables_and_long_numbers_stay(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    for row in (["path", "score"], [123456789012345, 0.1 + 0.2]):
        active(workbook).append(row)
    workbook.create_chartsheet("picture").add_chart(BarChart())
    workbook.save(tmp_path / "t.xlsx")
    assert rows(tmp_path / "t.xlsx") == [{"path": "123456789012345", "score": "0.3"}]


def test_large_tables_are_refused_before_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.csv"
    with path.open("wb") as file:
        file.seek(sheets.MOST_BYTES + 1)
        file.write(b"x")
    with pytest.raises(RawLayoutError, match="100 MB; a table may have 100 MB; split it"):
        rows(path)
    packed = io.BytesIO()
    archive = zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED)
    with archive, archive.open("xl/worksheets/sheet1.xml", "w") as part:
        for _ in range(workbooks.MOST_UNPACKED // 10**7 + 1):
            part.write(b"\0" * 10**7)
    path.write_bytes(packed.getvalue())
    with pytest.raises(RawLayoutError, match="unpacks to 70 MB"):
        rows(path)
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(RawLayoutError, match="not a file"):
        rows(tmp_path / "pipe.csv")


@pytest.mark.parametrize("place", ['r="1099511627776"', 'r="1048577"', 'r="1048576"'])
def test_a_row_that_lies_very_far_down_does_not_take_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setattr(workbooks, "MOST_CELLS", 10_000)
    book(tmp_path / "t.xlsx", [["path", "score"], ["a.jpg", 3]])
    _replace(tmp_path / "t.xlsx", "xl/worksheets/sheet1.xml", b"</sheetData>", b'<row r="1048576"/></sheetData>')
    assert len(rows(tmp_path / "t.xlsx")) == 1  # some programs give the last row a height
    book(tmp_path / "t.xlsx", [["path", "score"], ["a.jpg", 3]])
    _replace(tmp_path / "t.xlsx", "xl/worksheets/sheet1.xml", b'<row r="2"', f"<row {place}".encode())
    with pytest.raises(RawLayoutError, match="too large|has 1,048,576 rows"):
        rows(tmp_path / "t.xlsx")


def test_xml_that_grows_is_refused(tmp_path: Path) -> None:
    laughs = b"".join(b'<!ENTITY l%d "%s">' % (n + 1, b"&l%d;" % n * 10) for n in range(9))
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">' + laughs + b"]><worksheet"
    for part in ("xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml"):
        book(tmp_path / "t.xlsx", [["path", "score"], ["a.jpg", 3]])
        _replace(tmp_path / "t.xlsx", part, b"<worksheet", bomb)
        _replace(tmp_path / "t.xlsx", part, b"<workbook ", bomb.replace(b"<worksheet", b"<workbook "))
        _replace(tmp_path / "t.xlsx", part, b"<styleSheet", bomb.replace(b"<worksheet", b"<styleSheet"))
        with pytest.raises(RawLayoutError, match="damaged workbook"):
            rows(tmp_path / "t.xlsx")


def _replace(path: Any, part: Any, old: Any, new: Any) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[part] = parts[part].replace(old, new, 1)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


@pytest.mark.parametrize(
    ("part", "old", "new", "told"),
    [
        (
            "xl/styles.xml",
            b"</cellXfs>",
            b"<xf/>" * 150_000 + b"</cellXfs>",
            "styles.xml has more than 100,000 entries",
        ),
        ("xl/worksheets/sheet1.xml", b"</sheetData>", b"<row/>" * 500_000 + b"</sheetData>", "nearly all of it is emp"),
        ("xl/worksheets/sheet1.xml", b'r="2"', b'r="99999999999"', "sheet 'Sheet1': a row numbered 99999999999; a wo"),
        ("xl/worksheets/sheet1.xml", b'<row r="2"', b'<row r="1"', "sheet 'Sheet1': row 1 is written after row 1; ro"),
        ("xl/worksheets/sheet1.xml", b'<row r="1"', b'<row r="3"', "row 2 is written after row 3; .*all rows are the"),
        ("xl/worksheets/sheet1.xml", b'r="B2"', b'r="A2"', "line 2: cell A2 is written twice"),
    ],
)
def test_what_grows_or_would_vanish_is_refused_before_it_is_read(
    tmp_path: Path, part: str, old: bytes, new: bytes, told: str
) -> None:
    book(tmp_path / "t.xlsx", [["path", "score"], ["a.jpg", 3]])
    _replace(tmp_path / "t.xlsx", part, old, new)
    with zipfile.ZipFile(tmp_path / "t.xlsx") as stored, zipfile.ZipFile(tmp_path / "p.xlsx", "w", 8) as packed:
        for name in stored.namelist():
            packed.writestr(name, stored.read(name))
    with pytest.raises(RawLayoutError, match=told):
        rows(tmp_path / "p.xlsx")


def test_zeros_that_a_program_kept_by_a_formula_are_the_text(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('path,score\n="007",3\n"=""a b.jpg""","=""2"""\n"=""a""&""b""",1\n')
    assert [tuple(row.values())[:2] for row in rows(tmp_path / "t.csv")] == [
        ("007", "3"),
        ("a b.jpg", "2"),
        ('="a"&"b"', "1"),
    ]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"path,score\n<<<<<<< HEAD\na,1\n=======\na,2\n>>>>>>> b\n", "line 2: a mark of a merge that git left"),
        (b"path,score\na,1\n=======\na,2\n", "line 3: a mark of a merge"),
        (b"<<<<<<< HEAD\npath,score\n", "line 1: a mark of a merge"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a pointer of Git LFS: fetch the file"),
        (b"\x1f\x8b\x08\0packed", "packed with gzip: unpack it"),
        (b"path|score\na|1\n", "not known.*The whole line is one cell"),
        (b"path,score,remark\na,1,x\n", "'remark', is not known; delete it"),
    ],
)
def test_what_programs_leave_in_a_table_is_named(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "t.csv").write_bytes(data)
    with pytest.raises(RawLayoutError, match=said):
        list(read_lines(tmp_path / "t.csv", required=COLUMNS, optional=()))


def test_a_workbook_with_a_changed_byte_is_read_or_refused_in_words(tmp_path: Path) -> None:
    """Of 400 changes some make zlib stumble, others zipfile: no error of theirs comes through."""
    whole = book(tmp_path / "whole.xlsx", [["path", "score"], *([f"{index}.png", index % 7] for index in range(60))])
    data, draw, refused = whole.read_bytes(), random.Random(1), 0
    for _ in range(400):
        bad = bytearray(data)
        place = draw.randrange(len(bad))
        bad[place : place + draw.choice((0, 1, 5))] = bytes([draw.randrange(256)])
        try:
            workbooks.read_workbook(whole, bytes(bad))
        except RawLayoutError as error:
            assert "workbook" in str(error)
            refused += 1
    assert refused > 200
