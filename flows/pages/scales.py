"""The scales that a rater may be asked on: those whose answers are single keys.

In: the scales of params.yaml, or the project's. Out: those whose answers are keys, with words for people
(tasks.pages.scales).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from fastapi import HTTPException

from tasks import params
from tasks.pages.scales import Words, words_of
from tasks.params.ingest import IngestRatings, Scale

MOST = 9
"""The highest answer that a single key can give."""


class Answers(NamedTuple):
    """A scale as it is asked: its words and its answers, in the order of the keys."""

    name: str
    words: Words
    scores: tuple[int, ...]

    def said(self, score: int) -> str:
        """What stands beside an answer."""
        return {self.scores[0]: self.words.low, self.scores[-1]: self.words.high}.get(score, "")

    def shown(self) -> list[dict[str, int | str]]:
        """The answers as a page has them, each with what stands beside it."""
        return [{"score": score, "said": self.said(score)} for score in self.scores]


def askable(scales: Mapping[str, Scale]) -> dict[str, Answers]:
    """Scales of whole numbers from 0 to 9, by name."""
    found = {}
    for name, scale in scales.items():
        if scale.low == int(scale.low) and scale.high == int(scale.high) and scale.low >= 0 and scale.high <= MOST:
            found[name] = Answers(name, words_of(name), tuple(range(int(scale.low), int(scale.high) + 1)))
    return found


def known(root: Path) -> Mapping[str, Scale]:
    """The project's scales, those without keys, too."""
    return params.load(IngestRatings, "ingest_ratings", root / "params.yaml").scales


def scale_of(root: Path, name: str) -> Answers:
    """The project's scale of that name, for a page: not found where it has none with keys."""
    scales = askable(known(root))
    if name not in scales:
        raise HTTPException(404, f"There is no scale {name} with keys for answers; there are: {', '.join(scales)}.")
    return scales[name]
