"""A visit is one visit however its day is written; what is no day is refused, and what looks alike is asked about."""

import datetime
from pathlib import Path

import pytest

from tasks.ingest.images.visits import same_visit
from tasks.ingest.raw_folders.remarks import visits_alike
from tasks.ingest.tables.raw_layout import Folder
from tests.ingest.test_identity import pictures, take
from tests.ingest.test_sheets import book
from tests.stewards import table

COLUMNS = ("path", "subject_id", "population", "visit")


def taken(folder: Path, *visits: str) -> tuple[list[str], list[str], list[str]]:
    """The visits that are kept of one person's photographs, why lines are refused, and what is asked."""
    pictures(folder, *(f"{n}.jpg" for n in range(len(visits))))
    table(folder / "images.csv", COLUMNS, [f'{n}.jpg,p1,repaired,"{visit}"' for n, visit in enumerate(visits)])
    images, refused = take(Folder(folder, ""))
    kept = {row["path"]: row["visit"] for row in images.to_pylist()}
    return (
        [kept[name] for name in sorted(kept)],
        [row["reason"] for row in refused],
        [row["reason"] for row in visits_alike(images)],
    )


def test_a_day_in_any_writing_and_a_name_in_any_case_is_one_visit(tmp_path: Path) -> None:
    days: tuple[str, ...] = ("2026-01-31", "31.1.2026", "2026/01/31", "1/31/2026", "31-01-2026", "2026-01-31 00:00:00")
    days += ("20260131", "2026:01:31 10:15:00", "2026-01-31T10:15:00.5Z", "31.1.2026 9:05", "31 Jan 2026")
    days += ("31. Januar 2026", "January 31, 2026", "31-Jan-2026", "1/31/2026 9:05 PM")
    assert taken(tmp_path, *days) == (["2026-01-31"] * len(days), [], [])
    names = ("20269999", "Mayer 12 2026", "12 Monate 2026", "2026", "202612", "follow-up 2", "12:30")
    assert taken(tmp_path, *names) == (list(names), [], [])
    assert taken(tmp_path, "Before surgery", "before  surgery", "") == (["Before surgery"] * 2 + [None], [], [])


@pytest.mark.parametrize("cell", ["#N/A", "#REF!", "#BEZUG!", "30.2.2026", "2026-13-01", "2026-00-10", "0206-01-01"])
def test_what_is_no_visit_is_refused_with_its_line(tmp_path: Path, cell: str) -> None:
    kept, (reason,), _ = taken(tmp_path, cell, "1")
    assert kept == ["1"]
    assert reason.startswith(f"visit {cell!r} is ")


def test_visits_of_one_person_that_look_alike_are_asked_about(tmp_path: Path) -> None:
    _, refused, asked = taken(tmp_path, "visit 1", "visit 01", "visit 2", "02/03/2026", "2026-03-02", "2026-03-03")
    assert not refused
    assert [reason.partition(" look alike")[0].partition(" is a day")[0] for reason in asked] == [
        "visits of p1, 02/03/2026 and 2026-03-02",
        "visits of p1, visit 01 and visit 1",
        "visit 02/03/2026 (1 file)",
    ]
    assert not same_visit("2026-01-01", "2026-01-02")
    assert not same_visit("before", "after")


def test_a_spreadsheets_day_is_a_visit_and_its_time_is_none(tmp_path: Path) -> None:
    pictures(tmp_path, "0.jpg", "1.jpg", "2.jpg")
    cells = [datetime.datetime(2026, 1, 31), datetime.time(9, 30), 2]  # noqa: DTZ001
    book(
        tmp_path / "images.xlsx",
        [[*COLUMNS], *([f"{n}.jpg", "p1", "repaired", cell] for n, cell in enumerate(cells))],
    )
    images, refused = take(Folder(tmp_path, ""))
    assert sorted(images["visit"].to_pylist()) == ["2", "2026-01-31"]
    assert [row["line"] for row in refused] == [3]


def test_a_day_that_could_be_several_is_kept_as_a_name_and_told(tmp_path: Path) -> None:
    odd = ("31.1.26", "31-Jan-26", "02/03/2026", "1/2/26 10:15")
    kept, refused, asked = taken(tmp_path, *odd, "03/03/2026", "2026-05-06", "V1")
    assert (kept, refused) == ([*odd, "2026-03-03", "2026-05-06", "V1"], [])
    assert [reason.partition(" is a day")[0] for reason in asked] == [f"visit {name} (1 file)" for name in sorted(odd)]
    assert all(reason.endswith("Write days as 2026-01-31") for reason in asked)
