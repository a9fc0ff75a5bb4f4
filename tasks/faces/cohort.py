"""Which control subjects a network learns from, and which are held out: by the subject's name alone.

In: a subject, a seed, the share that is held out. Out: whether it trains. A photograph that comes in later moves
nobody. Knows nothing of pictures.
"""

from tasks.base.runtime import seed_of

_PARTS = 2**20


def trains(subject_id: str, population: str, *, seed: int, held_out: float) -> bool:
    """Whether a network learns from this subject: a control that is not held out. No patient ever does (law 7)."""
    if population != "control":
        return False
    return seed_of(seed, "held out", subject_id) % _PARTS >= held_out * _PARTS
