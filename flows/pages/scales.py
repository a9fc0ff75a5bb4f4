"""The scales that a rater may be asked on, and what their ends mean.

In: the scales of params.yaml. Out: those whose answers are keys, with words for people. A scale without words here is
asked with its numbers alone.
"""

from collections.abc import Mapping
from typing import NamedTuple

from tasks.params.ingest import Scale

MOST = 9
"""The highest answer that a single key can give."""


class Words(NamedTuple):
    """What is asked, and what the lowest and the highest answer mean."""

    asked: str
    low: str
    high: str


_SAID = {
    "cars": Words("How symmetric are the lips? (Cleft Aesthetic Rating Scale)", "symmetric", "strongly asymmetric"),
    "realism": Words("Does this look like a photograph?", "not at all", "like a photograph"),
    "plausibility": Words("Is this a cleft, or a repair, as surgeons see them?", "never", "as they are"),
    "likeness": Words("How near to a face without a cleft is this one?", "most abnormal", "almost normal"),
    "symmetry": Words("How symmetric is the face?", "not at all", "wholly"),
    "appearance": Words("How does lip and nose look, all in all?", "very poor", "very good"),
    "nasal_form": Words("Asher-McDade: nasal form", "very good", "very poor"),
    "nasal_deviation": Words("Asher-McDade: deviation of the nose", "very good", "very poor"),
    "nasal_profile": Words("Asher-McDade: profile of the nose and upper lip", "very good", "very poor"),
    "vermilion_border": Words("Asher-McDade: shape of the vermilion border", "very good", "very poor"),
}


class Answers(NamedTuple):
    """A scale as it is asked: its words and its answers, in the order of the keys."""

    name: str
    words: Words
    scores: tuple[int, ...]

    def said(self, score: int) -> str:
        """What stands beside an answer."""
        return {self.scores[0]: self.words.low, self.scores[-1]: self.words.high}.get(score, "")


def askable(scales: Mapping[str, Scale]) -> dict[str, Answers]:
    """Scales of whole numbers from 0 to 9, by name."""
    found = {}
    for name, scale in scales.items():
        if scale.low == int(scale.low) and scale.high == int(scale.high) and scale.low >= 0 and scale.high <= MOST:
            words = _SAID.get(name.lower().replace("-", "_"), Words(f"How do you rate this on {name}?", "", ""))
            found[name] = Answers(name, words, tuple(range(int(scale.low), int(scale.high) + 1)))
    return found
