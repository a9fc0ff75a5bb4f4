"""Names as people type them: what is one name, what merely looks like another, and what is neither."""

import unicodedata
from typing import Any

import pytest

from tasks.ingest.tables.cells import NotMeant, no_such_word, number, word
from tasks.ingest.tables.spelling import Spellings, alike, key, lookalikes, tidy

ONE = [
    ("Müller", unicodedata.normalize("NFD", "Müller")),
    ("Zoë", "Zoë\u200b"),
    ("Zoë", "\ufeffZo\u00ad\u0065\u0308"),
    ("anna", "Anna "),
    ("ANNA", "\uff21\uff4e\uff4e\uff41"),
    ("p 1", "p\u00a0\u20031"),
    ("p 1", "p  1"),
    ("Straße", "STRASSE"),
    ("eve", "\u202eeve\u202c"),
    ("\ufb01n", "fin"),
    ("p1", "p1\ufe0f"),
    ("가", "\u1100\u1161"),
]


@pytest.mark.parametrize(("one", "other"), ONE)
def test_forms_case_width_blanks_and_what_is_not_seen_make_no_second_name(one: Any, other: Any) -> None:
    assert one != other
    assert key(one) == key(other)
    assert not alike(one, other)
    names = Spellings([one])
    assert names.of(other) == one
    assert other in names


def test_the_first_spelling_is_kept_tidied() -> None:
    assert tidy("  Mu\u0308ller\u200b\t Anna\n") == "Müller Anna"
    names = Spellings()
    assert [names.of(name) for name in ("Zoe\u0308", "ZOË", "zoë", "max")] == ["Zoë", "Zoë", "Zoë", "max"]


LIKE = [
    ("surgoen", "surgeon"),
    ("surgon", "surgeon"),
    ("surgeonn", "surgeon"),
    ("p07", "p7"),
    ("7", "007"),
    ("7", "7.0"),
    ("7", "7,0"),
    ("p_7", "p7"),
    ("p-07", "p 7"),
    ("Zoë", "Zoe"),
    ("Mueller", "Müller"),
    ("r\u0430ter", "rater"),
    ("\u0391nna", "Anna"),
    ("lay_1", "lay_l"),
    ("p1O", "p10"),
]
OTHER = [
    ("rater_a", "rater_b"),
    ("surgeon_a", "surgeon_b"),
    ("lay_1", "lay_2"),
    ("p1", "p10"),
    ("p071", "p072"),
    ("1-23", "12-3"),
    ("ann", "eve"),
    ("WM-001", "WF-001"),
    ("phantom_0001", "phantom_0010"),
]


@pytest.mark.parametrize(("one", "other"), LIKE)
def test_what_could_be_one_by_mistake_is_found(one: Any, other: Any) -> None:
    assert key(one) != key(other)
    assert alike(one, other)
    assert alike(other, one)
    assert list(lookalikes([one, other])) == [(other, one)]
    assert list(lookalikes([one], [other])) == [(one, other)]


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_names_that_differ_on_purpose_are_left_alone(one: Any, other: Any) -> None:
    assert not alike(one, other)
    assert not list(lookalikes([one, other]))


def test_many_names_are_compared_quickly() -> None:
    names = [f"cfd-{sex}{race}-{number:03d}" for sex in "FM" for race in "ABLW" for number in range(1000)]
    assert not list(lookalikes(names))
    assert list(lookalikes([*names, "cfd-MW-1"])) == [("cfd-MW-1", "cfd-MW-001")]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        *(("3", 3.0), ("3.0", 3.0), ("3,0", 3.0), ("2,5", 2.5), (",5", 0.5), ("3.", 3.0), ("+4", 4.0)),
        *(("\u22122", -2.0), ("\uff13", 3.0), ("\uff12\uff0e\uff15", 2.5), ("\u0663", 3.0), ("1e-05", 1e-5)),
        *((" 3\u00a0", 3.0), ("0,125", 0.125), ("12.345", 12.345), ("1234", 1234.0)),
    ],
)
def test_numbers_as_people_and_their_programs_write_them(cell: Any, value: Any) -> None:
    assert number(cell, decimal_comma=False) == value


def test_three_digits_behind_a_comma_are_decimals_only_where_nothing_else_is_possible() -> None:
    with pytest.raises(NotMeant, match=r"'2,333' could be 2\.333 or 2333"):
        number("2,333", decimal_comma=False)
    assert number("2,333", decimal_comma=True) == 2.333


@pytest.mark.parametrize(
    "cell", ["0_3", "nan", "inf", "-Infinity", "", ".", "3 4", "1.234,5", "0x3", "³", "①", "1e9999"]
)
def test_what_no_person_writes_for_a_number_is_none(cell: str) -> None:
    with pytest.raises(NotMeant, match="is not a number"):
        number(cell, decimal_comma=True)


@pytest.mark.parametrize("cell", ["Control", " CONTROL ", "\uff43ontrol", "con\u200btrol"])
def test_a_word_of_a_list_in_any_typing(cell: str) -> None:
    assert word(cell, ("control", "repaired")) == "control"


def test_a_word_that_is_none_is_told_with_what_may_be_meant() -> None:
    assert word("contol", ("control", "repaired")) is None
    told = no_such_word("contol", ("control", "repaired"))
    assert told == "'contol' is not one of control, repaired (meant: control?)"
