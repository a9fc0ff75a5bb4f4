"""A survey made, filled in and read back."""

import csv
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tasks.synthesis.survey import Candidate, SurveyError, choose, read_sheet, write_ratings, write_survey


def grey(number: int) -> np.ndarray:
    return np.full((40 + number, 60, 3), 10 + number, np.uint8)


def candidates(count: int, what: str) -> list[Candidate]:
    """Half before, half after repair; grey pictures of several shapes."""
    return [Candidate(f"{what}/{n}.png", ("pre", "post")[n % 2], partial(grey, n)) for n in range(count)]


def lines(path: Any) -> Any:
    return list(csv.DictReader(path.read_text().splitlines()))


def filled(path: Any, scores: Any) -> Any:
    path.write_text("picture,realism,plausibility\n" + "".join(f"{n},{r},{p}\n" for n, r, p in scores))
    return path


def test_half_before_half_after_and_the_same_ones_each_time() -> None:
    chosen = choose(candidates(30, "generated"), 11, seed=1, what="generated")
    assert [c.condition for c in chosen].count("pre") == 6
    assert [c.path for c in chosen] == [c.path for c in choose(candidates(30, "generated"), 11, seed=1, what="x")]
    assert {c.path for c in chosen} != {c.path for c in choose(candidates(30, "generated"), 11, seed=2, what="x")}


def test_too_few_pictures_are_told_with_their_number() -> None:
    with pytest.raises(SurveyError, match="photographs, condition pre: 2 pictures, 5 are asked for"):
        choose(candidates(4, "real"), 10, seed=1, what="photographs")


def test_nothing_in_the_folder_tells_which_is_which(tmp_path: Path) -> None:
    mixed = [*candidates(6, "generated"), *candidates(4, "real")]
    assert write_survey(tmp_path, mixed, side=32, seed=3) == 10
    pictures = sorted((tmp_path / "pictures").iterdir())
    assert [p.name for p in pictures] == [f"{n:03d}.png" for n in range(1, 11)]
    for path in pictures:
        with Image.open(path) as picture:
            assert picture.size == (32, 32)
            assert not picture.info
    key = lines(tmp_path / "key.csv")
    assert sorted(row["path"] for row in key) == sorted(c.path for c in mixed)
    origins = [row["path"].split("/")[0] for row in key]
    assert origins != sorted(origins)
    assert "generated" not in (tmp_path / "sheet.csv").read_text()


def test_a_survey_is_never_written_over_another(tmp_path: Path) -> None:
    write_survey(tmp_path, candidates(2, "generated"), side=16, seed=1)
    with pytest.raises(SurveyError, match="there is a survey in this folder"):
        write_survey(tmp_path, candidates(2, "generated"), side=16, seed=1)


def test_filled_sheets_become_lines_of_ratings_csv(tmp_path: Path) -> None:
    write_survey(tmp_path, candidates(2, "generated"), side=16, seed=1)
    key = {row["picture"]: row["path"] for row in lines(tmp_path / "key.csv")}
    sheet = filled(tmp_path / "anna.csv", [("001.png", 5, 4), ("002.png", "", 3)])
    rows = read_sheet(tmp_path, sheet, rater_id="anna", role="medical")
    assert rows == [
        (key["001.png"], "anna", "medical", "realism", "5"),
        (key["001.png"], "anna", "medical", "plausibility", "4"),
        (key["002.png"], "anna", "medical", "plausibility", "3"),
    ]
    write_ratings(tmp_path / "ratings.csv", rows)
    first = lines(tmp_path / "ratings.csv")[0]
    assert tuple(first) == ("path", "rater_id", "rater_role", "scale", "score")
    assert tuple(first.values()) == rows[0]


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ([("009.png", 5, 5)], "line 2: picture '009.png' is not one of this survey"),
        ([("001.png", 5, 5), ("001.png", 4, 4)], "line 3: picture 001.png stands twice"),
        ([("001.png", 6, 5)], "line 2: realism '6'; accepted: 1, 2, 3, 4, 5 or empty"),
        ([("001.png", "nan", 5)], "realism 'nan'"),
        ([("001.png", "", "")], "no rating in it"),
    ],
)
def test_wrong_sheets_are_told_with_file_and_line(tmp_path: Path, scores: Any, words: str) -> None:
    write_survey(tmp_path, candidates(2, "generated"), side=16, seed=1)
    with pytest.raises(SurveyError, match="anna.csv") as error:
        read_sheet(tmp_path, filled(tmp_path / "anna.csv", scores), rater_id="anna", role="medical")
    assert words in str(error.value)


def test_wrong_columns_and_bytes_are_told(tmp_path: Path) -> None:
    write_survey(tmp_path, candidates(2, "generated"), side=16, seed=1)
    (tmp_path / "a.csv").write_text("picture,realism\n001.png,5\n")
    with pytest.raises(SurveyError, match="no column plausibility"):
        read_sheet(tmp_path, tmp_path / "a.csv", rater_id="a", role="lay")
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SurveyError, match="b.csv: damaged UTF-16 text"):
        read_sheet(tmp_path, tmp_path / "b.csv", rater_id="a", role="lay")


WRITTEN = "picture,realism,plausibility\n001.png,2,3\n002.png,3,4\n"


@pytest.mark.parametrize(
    "text",
    [
        WRITTEN,
        "\ufeff" + WRITTEN.replace("\n", "\r\n") + ",,\r\n,,\r\n",
        WRITTEN.replace(".png", ".png "),
        WRITTEN.replace("\n", "\r"),
        WRITTEN.replace(",", ";"),
        WRITTEN.replace("2,3", "2.0,3.0"),
        WRITTEN.replace(",", ";").replace("2;3", "2,0;3,0"),
        "sep=,\n" + WRITTEN,
        WRITTEN.replace("realism", "Realism ").replace(".png", ".PNG"),
        WRITTEN.replace("plausibility", "plausibility,comment").replace(",3\n", ",3,good\n").replace(",4\n", ",4,\n"),
    ],
)
def test_a_sheet_as_spreadsheets_leave_it_is_read(tmp_path: Path, text: Any) -> None:
    write_survey(tmp_path, candidates(2, "generated"), side=16, seed=1)
    (tmp_path / "anna.csv").write_text(text, newline="")
    rows = read_sheet(tmp_path, tmp_path / "anna.csv", rater_id="anna", role="lay")
    assert [row[-1] for row in rows] == ["2", "3", "3", "4"]
