"""What `vermilion check` says of sets: too few photographs, no millimetres, points and rulers that are none."""

from typing import Any

from tasks.surface.photographs.before_a_run import foreseen


def images(subject: str, number: int, view: str = "around", visit: str | None = "2026-01-05") -> list[dict[str, Any]]:
    plain = {"kind": "still", "view": view, "visit": visit, "subject_id": subject}
    return [plain | {"image_id": f"{subject}{one:02}"} for one in range(number)]


def reference(image: str, measure: str, value: float = 90.0) -> dict[str, Any]:
    return {"image_id": image, "measure": measure, "value": value}


def test_without_sets_nothing_is_said() -> None:
    assert foreseen(images("a", 3, "frontal"), [], least=8) == ([], [])


def test_too_few_photographs_and_no_known_distance() -> None:
    said = foreseen([*images("a", 9), *images("b", 5)], [reference("a03", "distance_mm nasion menton")], least=8)
    assert said.facts == ["2 visits from several sides, 14 photographs"]
    few, none = said.notes
    assert few.startswith("a face in three dimensions needs 8 photographs of a visit; fewer: b, 2026-01-05 (5)")
    assert none.startswith("no known distance: b, 2026-01-05. ")


def test_a_photograph_called_around_without_a_visit_is_told() -> None:
    (said,) = foreseen(images("a", 2, visit=None), [], least=8).notes
    assert said.startswith("2 photographs called around (images.csv, view) without a visit")


def test_what_gives_no_millimetres_is_told_once() -> None:
    wrong = {
        "distance_mm nasoin menton": "there is no point nasoin; did you mean nasion?",
        "distance_mm nasion": "is no distance; distance_mm and two points expected",
        "distance_mm nasion nasion": "two different points",
        "ruler_mm 1 2 3": "is no ruler; ruler_mm x1 y1 x2 y2 expected",
    }
    for measure, told in wrong.items():
        lines = foreseen(images("a", 9), [reference("a01", measure), reference("a02", measure)], least=8).notes
        assert told in lines[0]
        assert lines[1:] and lines[1].startswith("no known distance: a, 2026-01-05")
        assert len(lines) == 2


def test_a_ruler_in_one_photograph_is_told_and_one_in_two_is_well() -> None:
    one, two = reference("a01", "ruler_mm 1 2 30 4", 50), reference("a02", "ruler_mm 5 2 30 4", 50)
    assert (
        "a, 2026-01-05: ruler_mm in references.csv: a ruler in 1 photograph"
        in foreseen(images("a", 9), [one], least=8).notes[0]
    )
    assert foreseen(images("a", 9), [one, two], least=8).notes == []
