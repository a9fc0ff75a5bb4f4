"""Counts in words, in lines and on pages."""

import pytest

from tasks.base.words import counted, counted_people, listed, listed_lines, tally
from tasks.pages.environment import environment


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 people"), (1, "1 person"), (2, "2 people"), (1200, "1,200 people")]
)
def test_one_is_singular_and_all_else_plural(number: int, said: str) -> None:
    assert counted(number, "person", "people") == said
    assert counted(number, "file") == said.replace("people", "files").replace("person", "file")


def test_photographs_and_people() -> None:
    assert counted_people(2, 1) == "2 photographs of 1 person"


def test_pages_have_thin_spaces_between_thousands() -> None:
    template = environment().from_string('{{ 1200 | counted("rating") }}, {{ 1 | counted("was not", "were not") }}')
    assert template.render() == "1\u2009200 ratings, 1 was not"


def test_lists_say_how_much_more_there_is() -> None:
    assert [listed(list("abcd"), most) for most in (5, 4, 2)] == ["a, b, c, d", "a, b, c, d", "a, b and 2 more"]
    assert listed_lines(["a", "b", "c"], 3) == ["a", "b", "c"]
    assert listed_lines(["a", "b", "c"], 1) == ["a", "... and 2 more"]
    assert listed_lines(["a", "b"], 1, "batch", "batches") == ["a", "... and 1 more batch"]
    assert listed_lines(["a", "b", "c"], 1, "batch", "batches")[1:] == ["... and 2 more batches"]


def test_kinds_are_counted_by_name() -> None:
    assert tally(["skipped", "ran", "skipped"]) == "1 ran, 2 skipped"
