"""Names of the symmetry system's methods as people read them, and what its measures usually mean in a photograph.

In: nothing. Out: words. Knows no numbers.
"""

from tasks.pages.environment import called as plainly

MEASURES = {"clp": "lip outline", "temporal": "lip pose"}
"""By strategy, its measure's one name everywhere: what it compares between left and right, as a clinician says it."""

NAMES = {
    **{strategy: name.capitalize() for strategy, name in MEASURES.items()},
    **{f"distance_{strategy}": f"{name.capitalize()} D" for strategy, name in MEASURES.items()},
    "cupids_bow_difference": "Cupid\u2019s-bow height difference",
    "mirror_difference": "Pixel mirror difference",
}
"""Readable names of strategies, methods and measures."""

LEARNED = {
    "clp": "learned from a cleft-like warp (the paper\u2019s CLP transformation)",
    "temporal": "learned from two moments of speech (the paper\u2019s temporal misalignment)",
}
"""What each strategy is in the paper."""


def called(name: str) -> str:
    """The readable name of a strategy, method or measure, as it begins a sentence."""
    return plainly(name, NAMES)


def measure(strategy: str) -> str:
    """The name of a strategy's measure within a sentence or a table's column."""
    return plainly(strategy, MEASURES)


ALONE = {
    "clp": "Usually one side of the lips differs in outline; a turned head or light from one side does the same.",
    "temporal": "Usually an expression that pulls one side, such as a crooked smile or a word on the lips.",
}
"""What it usually means where a strategy's D alone stands out."""

QUIET = {
    "clp": "Usually the outline is even and something else differs: expression, colour or what lies beside the lips.",
    "temporal": "Usually the outline differs and the pose of the mouth does not.",
}
"""What it usually means where all other measures stand out and a strategy's D does not."""
