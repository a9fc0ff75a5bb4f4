"""What images.csv says of a drawn face."""

import pytest

from tasks.phantoms.attributes import age_group, asymmetry, gender, scarring
from tasks.phantoms.identity import identity
from tasks.phantoms.shape import Cleft
from tasks.schemas.columns import AGE_GROUPS, ASYMMETRIES, GENDERS, SCARRINGS


def test_every_word_is_one_that_images_csv_accepts() -> None:
    people = [identity(seed) for seed in range(60)]
    assert {age_group(person) for person in people} == set(AGE_GROUPS)
    assert {gender(person) for person in people} == set(GENDERS)
    clefts = [Cleft(severity / 10, "left") for severity in range(11)]
    assert {asymmetry(cleft) for cleft in clefts} == set(ASYMMETRIES)
    assert {scarring(cleft) for cleft in clefts} == set(SCARRINGS)


def test_children_are_those_drawn_as_children() -> None:
    for person in map(identity, range(60)):
        assert (age_group(person) == "adult") == (person.child == 0)


@pytest.mark.parametrize(
    ("cleft", "words"),
    [
        (None, ("none", "none")),
        (Cleft(0.1, "left"), ("none", "none")),
        (Cleft(0.4, "right"), ("slight", "subtle")),
        (Cleft(0.9, "left"), ("marked", "visible")),
        (Cleft(0.9, "left", repaired=False), ("marked", "none")),
        (Cleft(0.9, "both", repaired=False), ("none", "none")),
    ],
)
def test_asymmetry_and_scars_follow_the_cleft(cleft: Cleft | None, words: tuple[str, str]) -> None:
    assert (asymmetry(cleft), scarring(cleft)) == words
