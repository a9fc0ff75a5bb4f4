"""What photographs show of skin, light and hair, and which groups they are in: as traits, one number per photograph.

In: the folder of the stages' tables. Out: people, traits, groups that are too small, refused lines of groups.csv.
Whatever is not there has no rows. Knows the tables' schemas, not the code that wrote them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from tasks.base import absence, tables
from tasks.base.tables import Schema
from tasks.schemas.fairness import APPEARANCE
from tasks.schemas.ingest import GROUPS, REFUSALS

MEASURED = {
    "skin_lightness": ("skin lightness", "lighter skin", "darker skin"),
    "light": ("brightness of the light", "brighter light", "dimmer light"),
    "uneven_light": ("unevenness of the light", "less even light", "more even light"),
    "hair_darkness": ("darkness of the hair", "darker hair", "lighter hair"),
}
"""Traits that every photograph shows: what each is called, and who has more and who less of it."""


USUAL = ("gender", "age_group")
"""Groupings that come last: images.csv names them."""


class Trait(NamedTuple):
    """A number per photograph that no measure may follow; of a group 1 in it and 0 outside it."""

    name: str
    title: str
    more: str
    less: str
    values: pd.Series  # by image_id


class Small(NamedTuple):
    """A group that is left out."""

    grouping: str
    group: str
    people: int


class Fairness(NamedTuple):
    """What the stages wrote. `missing`: why they wrote nothing."""

    appearance: pd.DataFrame  # APPEARANCE
    groups: pd.DataFrame  # GROUPS
    refused: pd.DataFrame  # REFUSALS of groups.csv
    missing: str | None


def read_fairness(folder: Path) -> Fairness:
    """The stages' tables."""
    return Fairness(
        _read(folder / "appearance", APPEARANCE),
        _read(folder / "groups.parquet", GROUPS),
        _read(folder / "groups_refused.parquet", REFUSALS),
        absence.reason_of(folder / "appearance"),
    )


def _read(path: Path, schema: Schema) -> pd.DataFrame:
    there = path.exists() and not absence.reason_of(path)
    found: pd.DataFrame = (tables.read(path, schema) if there else schema.table([])).to_pandas()
    return found


def traits_of(made: Fairness, *, least: int) -> tuple[list[Trait], list[Small]]:
    """Every trait: what photographs show, then groupings by name, those of images.csv last. And groups that are small.

    `least`: fewest people of a group. Of two groups one stands for both.
    """
    shown = made.appearance.set_index("image_id")
    traits = [Trait(name, *words, shown[name].astype(float).dropna()) for name, words in MEASURED.items()]
    small: list[Small] = []
    people = shown["subject_id"]
    groups = made.groups[made.groups["image_id"].isin(shown.index)]
    for grouping, rows in sorted(groups.groupby("grouping"), key=lambda own: (own[0] in USUAL, own[0])):
        called = str(grouping).replace("_", " ")
        if rows["word"].isna().all():
            values = rows.set_index("image_id")["number"].astype(float)
            traits.append(Trait(str(grouping), called, f"more {called}", f"less {called}", values))
            continue
        own, left_out = _groups(str(grouping), called, rows.set_index("image_id")["word"], people, least)
        traits += own
        small += left_out
    return traits, small


def _groups(
    grouping: str, called: str, words: pd.Series, people: pd.Series, least: int
) -> tuple[list[Trait], list[Small]]:
    """A trait for each group of a grouping, against all others that it names; and the small groups."""
    sizes = {str(word): people.reindex(own.index).nunique() for word, own in words.groupby(words, sort=True)}
    small = [Small(called, word, number) for word, number in sizes.items() if number < least]
    large = [word for word, number in sizes.items() if number >= least]
    if len(sizes) < 2:  # noqa: PLR2004
        return [], small
    if len(large) == len(sizes) == 2:  # noqa: PLR2004
        one, other = large
        title = f"{called}: {one} against {other}"
        return [Trait(f"{grouping}: {one}", title, one, other, (words == one).astype(float))], small
    return [
        Trait(f"{grouping}: {word}", f"{called}: {word} against the others", word, "the others", own)
        for word in large
        for own in [(words == word).astype(float)]
    ], small


def people_of(made: Fairness) -> dict[str, int]:
    """By population, people whose photographs show what is asked for."""
    known = made.appearance[made.appearance["reason"].isna()]
    return {str(name): int(own["subject_id"].nunique()) for name, own in known.groupby("population")}


def refused_lines(refused: pd.DataFrame) -> Sequence[str]:
    """Each refused line of groups.csv, in words."""
    return [f"{row.source}, line {row.line}: {row.path}: {row.reason}" for row in refused.itertuples()]
