"""What rating scales ask, in words, and what their ends mean: for the pages on which people rate, and for the report.

In: a scale's name. Out: its words. A scale without words here is shown with its numbers alone. Knows no ratings.
"""

from typing import NamedTuple


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


def words_of(scale: str) -> Words:
    """The scale's words, whatever its case and hyphens."""
    return _SAID.get(scale.lower().replace("-", "_"), Words(f"How do you rate this on {scale}?", "", ""))
