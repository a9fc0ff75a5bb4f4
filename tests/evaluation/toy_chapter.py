"""A system that nobody knows of: it measures how bright a photograph is. As a chapter, and as a reader of one."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from tasks.evaluation.photograph import Photograph
from tasks.evaluation.study import Study
from tasks.evaluation.system import Compared, Need, Shown
from tasks.pages.chapter import Chapter, Reading, Tile

NAME = "brightness"
TITLE = "Brightness: how much light is there?"
LEDE = "The mean of all pixels."
SOURCE = "a toy"
NAMES = {NAME: "Brightness"}
PHOTOGRAPH = "tests.evaluation.toy_chapter"
NEEDS = (Need("brightness at night", ("repaired",), "clip", 2, "add clips of two people after repair, in the dark"),)


def read(folder: Path) -> pd.DataFrame:
    """Its table, which a test writes as CSV."""
    return pd.read_csv(folder / "scores.csv")


def scores(made: pd.DataFrame, numbers: Path) -> pd.DataFrame:
    """Its one method."""
    return made.assign(method=NAME)[["image_id", "subject_id", "method", "score"]]


def taught(made: pd.DataFrame) -> set[str]:
    """It learns from nobody."""
    return set()


def compare(made: pd.DataFrame, study: Study, numbers: Path) -> Compared:
    """One number."""
    return Compared({"reason": None, "mean": float(made["score"].mean())}, {})


def headline(record: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """One column of one row."""
    return {"all photographs": {"mean_brightness": record["mean"]}}


def show(made: pd.DataFrame, record: Mapping[str, Any], shown: Shown) -> Chapter:
    """A tile, a finding, a column in the comparison; no template of its own."""
    return Chapter(
        NAME,
        TITLE,
        LEDE,
        SOURCE,
        tiles=[Tile("Mean brightness", f"{record['mean']:.2f}", "of 1")],
        findings=["There was light."],
        columns={NAME: "Brightness"},
    )


class Toy:
    """A reader that opens nothing."""

    notices = ("Brightness is a toy.",)
    steps = 1

    def read(self, photograph: Photograph, advance: Callable[[int], None]) -> Reading:
        """The mean of the photograph's pixels."""
        advance(1)
        value = float(photograph.image.mean() / 255)
        return Reading(NAME, "Brightness", {"mean": value}, {"mean brightness": value})


def open_reader(root: Path) -> Toy:
    """It is always there."""
    return Toy()
