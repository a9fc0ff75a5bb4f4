"""Hostile names through everything that shows them: the terminal, the log, the page, the commit, the spreadsheet."""

import csv
import io
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest
from rich.console import Console
from rich.table import Table

from flows import PROJECT
from flows.cli.ratings import _print_status
from flows.cli.terminal import cell, say
from flows.repository.commits import commit_only, git
from flows.stewards.batches.rejections import write_reasons
from tasks.base.escaping import visible
from tasks.base.sheets import as_xlsx
from tasks.pages.environment import environment
from tests.spreadsheets import active

HOSTILE = [
    *("[/red]", "[bold]anna[/bold]", "\x1b[2J\x1b[31mred", "a\x07b", "eve\u202egpj.exe", "a\u2028b", "\ud800half"),
    *("=HYPERLINK(1)", "+1", "-1+2", "@sum", "\t=1", "<script>alert(1)</script>", "{{ 7*7 }}", "ok\nvermilion: forged"),
    *("zero\u200bwidth", "\x9b31m", "\ufffe", "[", "\\[/red]", "100%s", "\U000e0041tag"),
]
UNSEEN = ("\x1b", "\x07", "\u202e", "\u2028", "\ud800", "\u200b", "\x9b", "\ufffe", "\U000e0041")


@pytest.mark.parametrize(
    "name", ["Müller", "Zoë 2", "山田", "\u0645\u0631\u06cc\u0645\u200c\u0632\u0627\u062f", "[x]", "a\\b", ""]
)
def test_names_of_people_stay_as_they_are(name: str) -> None:
    assert visible(name) == name


@pytest.mark.parametrize("name", HOSTILE)
def test_the_terminal_shows_the_name_and_obeys_nothing(capsys: pytest.CaptureFixture[str], name: str) -> None:
    say(name, error=True)
    said = capsys.readouterr().err
    assert not any(mark in said for mark in UNSEEN)
    table = Table("rater")
    table.add_row(cell(name))
    out = io.StringIO()
    Console(file=out, width=200, force_terminal=False).print(table)
    shown = out.getvalue()
    assert not any(mark in shown for mark in UNSEEN)
    assert visible(name).strip() in shown
    assert len(shown.splitlines()) == 5


def test_the_status_of_ratings_shows_hostile_raters_and_photographs(capsys: pytest.CaptureFixture[str]) -> None:
    """A rater who calls herself `[/red]` ended it; another one coloured the screen."""
    scores = {"value": None, "low": None, "high": None, "reason": "2 subjects"}
    raters = [
        {
            "rater_id": name,
            "role": "lay",
            "ratings": 1,
            "missing": 0,
            "mean": 2.0,
            "with_others": scores,
            "flagged": False,
        }
        for name in HOSTILE
    ]
    photographs = [
        {"name": name, "medical": 0, "lay": 1, "mean": 2.0, "spread": 0.0, "missing": HOSTILE, "in_doubt": HOSTILE[:1]}
        for name in HOSTILE
    ]
    unrated = [{"name": name, "population": "repaired"} for name in HOSTILE]
    record = {
        "raters": raters,
        "agreement": None,
        "photographs": photographs,
        "unrated": unrated,
        "alike": [HOSTILE[:2]],
    }
    _print_status(record | {"notes": HOSTILE, "ratings": 1, "scale": "CARS", "refused_lines": 0}, None)
    said = capsys.readouterr().out
    assert not any(mark in said for mark in UNSEEN)
    assert all(name in said for name in ("[/red]", "[bold]anna[/bold]", "[31mred", "\n  ok\\nvermilion"))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_page_shows_the_name_as_text(name: str) -> None:
    page = environment().from_string("<p>{{ name }}</p>").render(name=name)
    assert not any(mark in page for mark in UNSEEN)
    assert "<script" not in page
    assert "49" not in page


def test_the_list_of_reasons_opens_as_text_alone(tmp_path: Path) -> None:
    problems = [{"source": "r.csv", "line": n, "path": name, "reason": name} for n, name in enumerate(HOSTILE, 1)]
    write_reasons(tmp_path / "rejected.csv", problems)
    data = (tmp_path / "rejected.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert (tmp_path / "rejected.csv").stat().st_mode & 0o777 == 0o600
    for row in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")):
        assert not any(text.lstrip()[:1] in tuple("=+-@") for text in row)
        assert not any(mark in text for mark in UNSEEN for text in row)
    rows = [[str(row["path"])] for row in problems]
    sheet = active(openpyxl.load_workbook(io.BytesIO(as_xlsx(["path"], rows))))
    assert {cell.data_type for (cell,) in sheet.iter_rows()} == {"s"}


def test_a_commit_message_holds_no_control_characters(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    for key, value in (("user.name", "a"), ("user.email", "a@b")):
        git(tmp_path, "config", key, value)
    (tmp_path / "file").write_text("x")
    commit_only(tmp_path, [tmp_path / "file"], "Ratings of \x1b[31mred\u202e\n\nby eve")
    assert git(tmp_path, "log", "-1", "--format=%B") == "Ratings of \\x1b[31mred\\u202e\n\nby eve"


def test_a_stage_and_a_command_end_with_a_line_that_a_terminal_does_not_obey(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/images.csv").write_text("path,subject_id,population,\x1b[31mred\u202e\n")
    (tmp_path / "params.yaml").write_text((PROJECT / "params.yaml").read_text())
    options = ["--raw", "raw", "--added", "added", "--out", "images", "--refusals", "refused.parquet"]
    done = subprocess.run(
        [sys.executable, "-m", "flows", "ingest_images", *options],
        cwd=tmp_path, capture_output=True, text=True, check=False, env=None,
    )  # fmt: skip
    assert done.returncode == 1
    assert "\x1b" not in done.stderr
    assert "\u202e" not in done.stderr
    assert "is not known" in done.stderr
