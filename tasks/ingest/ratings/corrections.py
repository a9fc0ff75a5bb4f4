"""Scores that were put right: which rating counts now, and what it was before.

In: the lines of corrections.csv of all batches, as rows of ratings, and the ratings that they correct. Out: the
ratings with the scores that count, each with its earlier scores, and the refused lines. Corrections count in the order
in which they were made, wherever they lie. A correction says which score it replaces (`was`): one that meets another
score is refused, so that no two corrections are mixed up. Knows neither batches nor DVC.
"""

from collections.abc import Iterable
from typing import Any

from tasks.ingest.tables.cells import NotMeant, number
from tasks.ingest.tables.raw_layout import Line

ADDED_COLUMNS = ("was", "corrected")
"""What a line of corrections.csv has besides a rating's columns: the score it replaces, and when (UTC, ISO 8601)."""

Ratings = dict[tuple[object, ...], dict[str, Any]]
"""Rows of the ratings table by image, rater and scale."""


def correct(ratings: Ratings, said: Iterable[tuple[Line, dict[str, Any], str | None]]) -> list[dict[str, object]]:
    """Put the scores of `ratings` right, in place, and return the refused lines.

    `said`: each line of corrections with its row of ratings, and why it cannot be one.
    """
    refused: list[dict[str, object]] = []
    for line, row, reason in sorted(said, key=lambda one: (one[0].cells["corrected"], one[0].source, one[0].number)):
        standing = ratings.get((row["image_id"], row["rater_id"], row["scale"]))
        reason = reason or _unfit(line, standing)
        if reason is None and standing is not None:
            standing["earlier"] = [*(standing.get("earlier") or []), standing["score"]]
            standing["score"] = row["score"]
        else:
            refused.append(line.refused(str(reason)))
    return refused


def _unfit(line: Line, standing: dict[str, Any] | None) -> str | None:
    if standing is None:
        return "corrects a rating that is not there"
    try:
        was = number(line.cells["was"], decimal_comma=line.decimal_comma)
    except NotMeant as error:
        return f"was {error}"
    if was != standing["score"]:
        return f"corrects a score of {was:g}, but it is {standing['score']:g}"
    return None
