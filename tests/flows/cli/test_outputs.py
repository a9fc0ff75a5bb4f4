"""Every option that names an output is asked first: one clear line, before any work is done."""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows import cli
from flows.cli.outputs import output_file, output_folder
from flows.running import privacy
from tasks.errors import InputError

SCORE = ("score", "nobody.png")
FILES = [
    (*SCORE, "--table", "{}.xlsx"),
    ("ratings", "sheet", "{}.csv", "--rater", "r", "--role", "lay"),
    ("synthesis", "captions", "{}.csv"),
    ("synthesis", "survey", "collect", "survey", "sheet.csv", "--rater", "r", "--out", "{}.csv"),
]
"""Commands that write a file, which is named without its ending."""

FOLDERS = [(*SCORE, "--out", "{}"), ("synthesis", "survey", "make", "{}"), ("watch", "{}", "--once")]
"""Commands that write into a folder."""


def told(*command: str) -> str:
    """What the command says; it must end by itself, having done nothing."""
    error = CliRunner().invoke(cli.app, command).exception
    assert isinstance(error, InputError), error
    return str(error)


@pytest.mark.parametrize("command", FILES)
@pytest.mark.parametrize("trouble", ["folder", "below a file"])
def test_a_file_that_cannot_be_written_is_told_first(tmp_path: Path, command: tuple[str, ...], trouble: str) -> None:
    if trouble == "folder":
        for ending in (".csv", ".xlsx"):
            (tmp_path / f"there{ending}").mkdir()
        said = told(*(part.format(tmp_path / "there") for part in command))
        assert "a folder is there; name a file, such as" in said
    else:
        (tmp_path / "scan.png").write_text("x")
        said = told(*(part.format(tmp_path / "scan.png/deep/there") for part in command))
        assert f"{tmp_path / 'scan.png'} is a file, so nothing can lie below it; name another place" in said
    assert "\n" not in said
    assert sorted(path.name for path in tmp_path.iterdir()) in (["there.csv", "there.xlsx"], ["scan.png"])


@pytest.mark.parametrize("command", FOLDERS)
def test_a_file_in_place_of_a_folder_is_told_first(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "scan.png").write_text("x")
    said = told(*(part.format(tmp_path / "scan.png") for part in command))
    assert said.endswith("scan.png: a file is there; name a folder, a new one or one that is there")
    assert (tmp_path / "scan.png").read_text() == "x"


@pytest.mark.skipif(sys.platform != "linux", reason="/proc takes no files, from nobody")
@pytest.mark.parametrize("command", [*FILES, *FOLDERS])
def test_a_place_that_takes_no_files_is_told_first(command: tuple[str, ...]) -> None:
    said = told(*(part.format("/proc/there") for part in command))
    assert "/proc/there" in said
    assert "nothing can be written to /proc: " in said
    assert "Errno" not in said


def test_what_can_be_written_passes_and_leaves_nothing(tmp_path: Path) -> None:
    old = tmp_path / "old.csv"
    old.write_text("x")
    for file in (old, tmp_path / "new.csv", tmp_path / "a/b/new.csv"):
        assert output_file(file, "--table") == file
    for folder in (tmp_path, tmp_path / "new", tmp_path / "a/b"):
        assert output_folder(folder, "--out") == folder
    assert list(tmp_path.iterdir()) == [old]


def test_a_refusal_of_the_system_names_the_file_without_a_number(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused() -> None:
        Path("/proc/there").mkdir()

    monkeypatch.setattr(cli, "app", refused)
    monkeypatch.setattr(privacy, "settle", lambda _: None)
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert (end.value.code, capsys.readouterr().err) == (2, "vermilion: /proc/there: No such file or directory\n")
