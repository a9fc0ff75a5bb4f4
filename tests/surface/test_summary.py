"""What a visit's page says first: the evenness, the fuller sides, or why nothing is said."""

from dataclasses import replace

from tasks.surface.measures.catalogue import MEASURES
from tasks.surface.measures.measuring import Measured
from tasks.surface.pages.summary import in_short as told

ROWS = [
    Measured(measure, 1.0 if measure.name.endswith("_seen") else 0.2, None, None, None, None, "left", None)
    for measure in MEASURES
]


def in_short(rows: list[Measured]) -> list[str]:
    return told(rows, share=0.03)


def changed(name: str, **values: object) -> list[Measured]:
    return [replace(row, **values) if row.measure.name == name else row for row in ROWS]  # type: ignore[arg-type]


def test_a_fuller_side_is_told_with_its_size() -> None:
    said = in_short(changed("upper_lip_fullness", value=2.1, side="right"))
    assert said == [
        "Nose and upper lip lie 0.2\u2009mm from their mirror image (root mean square), "
        "the face as a whole 0.2\u2009mm.",
        "The upper lip is 2.1\u2009mm fuller on the patient\u2019s right, on average.",
    ]


def test_what_is_too_small_to_be_told_is_no_side() -> None:
    assert in_short(ROWS)[1] == "No part of the face is fuller on one side by 0.5\u2009mm or more, on average."


def test_the_share_that_was_seen_is_told_where_it_is_not_all() -> None:
    part = changed("face_seen", value=0.834)
    assert in_short(part)[0].endswith("the face as a whole 0.2\u2009mm (over the 83% that was seen on both sides).")
    part = changed("nasolabial_seen", value=0.5)
    assert "(root mean square, over the 50% that was seen on both sides), the face" in in_short(part)[0]
    assert "seen" not in in_short(ROWS)[0]


def test_what_was_not_measured_says_why() -> None:
    said = in_short(changed("nasolabial_asymmetry", value=None, reason="no nasion: place it by hand"))
    assert said == [
        "How uneven nose and upper lip are was not measured: no nasion: place it by hand.",
        "The face lies 0.2\u2009mm from its mirror image (root mean square).",
    ]


def test_a_size_by_the_irises_alone_is_told_with_how_far_it_may_be_off() -> None:
    said = told(ROWS, share=0.153)
    assert said[:-1] == in_short(ROWS)
    assert said[-1].startswith("Every length may be 15% off, these too; ")
