"""Headline numbers, as a chapter names them: their values for summary.json, and how many people each stands on.

In: what a chapter's `headline` says, column to row to a plain number or an estimate with its people. Out: the same with
numbers alone, or people alone. Knows no system.
"""

from collections.abc import Mapping
from typing import Any

Headline = dict[str, dict[str, Any]]
"""Column to row to a number, or to an estimate: `value`, and `n_subjects` where people are what it stands on."""


def numbers_of(headline: Headline) -> dict[str, dict[str, Any]]:
    """Column to row to number, null where there is none."""
    return {
        column: {row: own["value"] if isinstance(own, Mapping) else own for row, own in rows.items()}
        for column, rows in headline.items()
    }


def people_of(headline: Headline) -> dict[str, dict[str, int]]:
    """Column to row to the number of people, of those numbers that stand on people."""
    return {
        column: {
            row: int(own["n_subjects"])
            for row, own in rows.items()
            if isinstance(own, Mapping) and own.get("n_subjects") is not None
        }
        for column, rows in headline.items()
    }
