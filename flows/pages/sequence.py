"""In which order a rater sees photographs: at random, but the same whenever they come back.

In: ids of photographs, the rater, the scale, the share that is shown twice. Out: showings in order. A photograph that
comes in later finds its own place; the others stay in theirs. Repeats stand half a set behind their first showing, so
that nobody remembers. Knows no pictures and no answers.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from tasks.ingest.ratings.answers import AGAIN, FIRST, PRACTICE
from tasks.ingest.tables.spelling import key

FEWEST = 4
"""Photographs below which none is shown twice: everybody would notice."""


class Showing(NamedTuple):
    """A photograph that is shown: for practice, for the first time, or again."""

    image_id: str
    time: str


def sequence(image_ids: Iterable[str], *, rater: str, scale: str, repeats: float) -> list[Showing]:
    """Every photograph once, the share `repeats` of them twice, the one for practice before all."""

    def drawn(image_id: str, what: str) -> str:
        return hashlib.sha256(f"{key(rater)}\n{scale}\n{what}\n{image_id}".encode()).hexdigest()

    order = sorted(set(image_ids), key=lambda one: drawn(one, "order"))
    return with_repeats(order, repeats, lambda one: drawn(one, "again"))


def with_repeats(order: Sequence[str], repeats: float, drawn: Callable[[str], str | int]) -> list[Showing]:
    """The photographs in their order, the last one before all for practice; of the first half the share, at least one
    photograph, a second time. `drawn`: by which the lot falls on these."""
    if not order:
        return []
    placed = [(float(at), Showing(image_id, FIRST)) for at, image_id in enumerate(order)]
    if repeats and len(order) >= FEWEST:
        half = (len(order) + 1) // 2
        number = min(half, max(1, round(repeats * len(order))))
        again = sorted(order[:half], key=drawn)[:number]
        placed += [(order.index(one) + half + 0.5, Showing(one, AGAIN)) for one in again]
    return [Showing(order[-1], PRACTICE), *(showing for _, showing in sorted(placed))]


def mark(showing: Showing, *, rater: str, scale: str) -> str:
    """By which the page names a showing: its place moves when photographs come in. Tells neither what it shows nor
    that it was shown before."""
    return hashlib.sha256(f"{key(rater)}\n{scale}\n{showing.time}\n{showing.image_id}".encode()).hexdigest()[:16]
