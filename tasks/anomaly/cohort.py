"""Which controls train the generator and which are kept to be scored: by the subject's name alone.

In: a subject and the share that is held out. Out: whether the subject trains. A photograph that comes in later moves
nobody. Knows nothing of pictures.
"""

from tasks.params import AnomalyGenerator
from tasks.runtime import seed_of

_PARTS = 2**20


def trains(subject_id: str, population: str, *, settings: AnomalyGenerator) -> bool:
    """Whether the generator learns from this subject: a control that is not held out. No patient ever does."""
    if population != "control" or settings.source != "controls":
        return False
    return seed_of(settings.seed, "held out", subject_id) % _PARTS >= settings.held_out * _PARTS
