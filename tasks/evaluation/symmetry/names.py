"""Names of the symmetry system's methods as people read them, and what its measures usually mean in a photograph.

In: nothing. Out: words. Knows no numbers.
"""

from tasks.pages.environment import called as plainly

NAMES = {
    "clp": "Cleft-like warp (CLP)",
    "temporal": "Moments of speech (temporal)",
    "distance_clp": "Lip symmetry D (cleft-like warp)",
    "distance_temporal": "Lip symmetry D (moments of speech)",
    "cupids_bow_difference": "Cupid\u2019s-bow height difference",
    "mirror_difference": "Pixel mirror difference",
}
"""Readable names of strategies, methods and measures."""


def called(name: str) -> str:
    """The readable name of a strategy, method or measure."""
    return plainly(name, NAMES)


MEASURES = {"clp": "lip outline", "temporal": "lip pose"}
"""What each strategy compares between left and right, as a clinician would say it."""

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
