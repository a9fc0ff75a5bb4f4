"""Which corrections count: the latest of several people's, none that was taken back; and what becomes of the points."""

from pathlib import Path

import pytest

from tasks.anthropometry.from_people import corrections, judgements
from tasks.anthropometry.from_people.corrections import FILE, CorrectionsError, Place, Said, Step
from tasks.anthropometry.from_people.judgements import Judgement
from tasks.anthropometry.names import INDEX, POINTS
from tasks.ingest.raw_folders.removal import rows_with, without
from tasks.schemas.anthropometry import ANTHROPOMETRY_POINTS

ONE, TWO = "1" * 64, "2" * 64


def said(who: str, point: str, place: Place | None, *, image: str = ONE, action: str = "moved", at: int = 0) -> Said:
    return Said(f"2026-01-01T00:00:{at:02}.000Z", who, image, point, action, place)


def keep(folder: Path, *lines: Said) -> None:
    for line in lines:
        corrections.keep(folder, line, (5.0, 5.0))


def values(folder: Path) -> dict[tuple[str, str], tuple[float, float, str]]:
    rows = corrections.kept(folder).to_pylist()
    return {(row["image_id"], row["point"]): (row["x"], row["y"], row["corrector_id"]) for row in rows}


def test_the_latest_value_counts_and_one_that_was_taken_back_does_not(tmp_path: Path) -> None:
    assert corrections.kept(tmp_path).num_rows == 0
    keep(tmp_path, said("anna", "menton", (1, 2)), said("béla", "menton", (3, 4)), said("anna", "nasion", (9, 9.5)))
    assert values(tmp_path) == {(ONE, "menton"): (3, 4, "béla"), (ONE, "nasion"): (9, 9.5, "anna")}
    keep(tmp_path, said("béla", "menton", None, action="undone"))
    assert values(tmp_path)[ONE, "menton"] == (1, 2, "anna")
    keep(tmp_path, said("Anna", "menton", (7, 7)), said("anna", "nasion", None))
    assert values(tmp_path) == {(ONE, "menton"): (7, 7, "anna")}  # one person, under the first spelling
    assert len((tmp_path / FILE).read_text().splitlines()) == 7  # nothing was overwritten


def test_steps_go_back_and_forth_by_person_and_photograph(tmp_path: Path) -> None:
    lines = [said("a", "menton", (1, 1)), said("b", "menton", (5, 5)), said("a", "menton", (2, 2), image=TWO)]
    lines += [said("a", "nasion", (3, 3)), said("a", "nasion", None, action="undone")]
    undo, redo = corrections.steps(lines, ONE, "a")
    assert (undo, redo) == ([Step("menton", None, (1, 1))], [Step("nasion", None, (3, 3))])
    undo, redo = corrections.steps([*lines, said("a", "nasion", (3, 3), action="redone")], ONE, "a")
    assert ([step.point for step in undo], redo) == (["menton", "nasion"], [])
    _, redo = corrections.steps([*lines, said("a", "pronasale", (4, 4))], ONE, "a")
    assert redo == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("menton", "chin"),
        (",1.0,", ",one,"),
        ("moved", "thrown"),
        (",1.0,", ",inf,"),
        (",1.0,", ",nan,"),
        (",1.0,", ",1e9,"),
        (",1.0,", ",-90,"),
        ("anna", ""),
    ],
)
def test_a_damaged_line_is_named(old: str, new: str, tmp_path: Path) -> None:
    keep(tmp_path, said("anna", "menton", (1.0, 2.0)))
    file = tmp_path / FILE
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(CorrectionsError, match=r"points\.csv, line 2: not as the review page wrote it"):
        corrections.kept(tmp_path)


def face(image: str, **values: object) -> dict[str, object]:
    points: list[float | None] = [10.0] * (2 * len(POINTS))
    zeros = [0.5] * len(POINTS)
    row = {"image_id": image, "subject_id": "s", "population": "repaired", "points": points, "errors": zeros}
    return row | {"refined": [0.0] * len(POINTS), "pupil_distance_px": 20.0, "interocular_px": 40.0} | values


def test_corrections_take_the_place_of_points(tmp_path: Path) -> None:
    bare = {"points": None, "errors": None, "refined": None, "reason": "two faces"}
    points = ANTHROPOMETRY_POINTS.table([face(ONE), face(TWO, **bare)])
    keep(tmp_path, said("anna", "menton", (1, 2)), said("anna", "menton", (1, 2), image=TWO))
    made = corrections.corrected(points, corrections.kept(tmp_path), error=0.005)
    one, two = ANTHROPOMETRY_POINTS.check(made).to_pylist()
    at = INDEX["menton"]
    assert one["points"][2 * at : 2 * at + 2] == [1, 2]
    assert (one["errors"][at], one["refined"][at]) == (0.2, 2)
    assert one["points"].count(10.0) == 2 * len(POINTS) - 2
    assert (sum(one["refined"]), two["points"], two["reason"]) == (2, None, "two faces")


def test_the_bias_is_in_pupil_distances_and_of_what_was_corrected(tmp_path: Path) -> None:
    points = ANTHROPOMETRY_POINTS.table([face(ONE), face(TWO, pupil_distance_px=None, subject_id="t")])
    keep(tmp_path, said("anna", "menton", (10, 14)), said("anna", "menton", (10, 14), image=TWO))
    (row,) = corrections.bias(points, corrections.kept(tmp_path))
    assert (row["point"], row["number"], row["people"], row["x"]) == ("menton", 2, 2, 0)
    assert [row[name] for name in ("y", "spread", "off", "left")] == pytest.approx([0.15, 0.05, 0.15, 0.1])
    same = ANTHROPOMETRY_POINTS.table([face(ONE), face(TWO)])
    assert corrections.bias(same, corrections.kept(tmp_path))[0]["left"] is None  # one person


def test_findings_stand_by_person_until_they_are_taken_back(tmp_path: Path) -> None:
    def judge(who: str, finding: str, judgement: str, words: str = "") -> None:
        judgements.keep(tmp_path, Judgement("2026-01-01T00:00:00.000Z", who, ONE, finding, judgement, words))

    judge("anna", "low peak", "accepted")
    judge("béla", "low peak", "rejected")
    judge("anna", "", "noted", "first")
    judge("anna", "", "noted", "=second")
    judge("anna", "low peak", "taken back")
    standing = judgements.standing(judgements.said_in(tmp_path), ONE)
    assert [(one.who, one.judgement, one.words) for one in standing] == [
        ("béla", "rejected", ""),
        ("anna", "noted", "=second"),
    ]
    assert judgements.standing(judgements.said_in(tmp_path), TWO) == []


def test_a_withdrawal_finds_a_persons_lines(tmp_path: Path) -> None:
    """Both are tables that lose lines (tasks.ingest.raw_folders.removal), not files that the steward must see to."""
    keep(tmp_path, said("anna", "menton", (1, 2)), said("anna", "menton", (1, 2), image=TWO))
    judgements.keep(tmp_path, Judgement("2026-01-01T00:00:00.000Z", "anna", ONE, "low peak", "accepted", ""))
    for name in (FILE, judgements.FILE):
        path = tmp_path / name
        lines = rows_with(path, lambda column: {ONE})
        assert len(lines) == 1
        path.write_bytes(without(path, lines))
    assert set(values(tmp_path)) == {(TWO, "menton")}
    assert judgements.said_in(tmp_path) == []
    keep(tmp_path, said("anna", "nasion", (1, 2), image=TWO))  # and goes on
    assert len(values(tmp_path)) == 2
