"""Which controls train the generator and who is scored by it: by the subject's name alone.

In: subjects, and the share that is held out. Out: whether a subject trains; the images to be scored. A photograph that
comes in later moves nobody. Knows nothing of pictures.
"""

from collections.abc import Collection

import pyarrow as pa

from tasks.faces import cohort
from tasks.params.anomaly import AnomalyGenerator


def trains(subject_id: str, population: str, *, settings: AnomalyGenerator) -> bool:
    """Whether the generator learns from this subject: a control that is not held out. No patient ever does."""
    if settings.source != "controls":
        return False
    return cohort.trains(subject_id, population, seed=settings.seed, held_out=settings.held_out)


def scored(
    aligned: pa.Table,  # image_id, subject_id, population
    *,
    settings: AnomalyGenerator,
    populations: Collection[str],
) -> frozenset[str]:
    """The images of these populations, controls from whom the generator learned left out."""
    return frozenset(
        row["image_id"]
        for row in aligned.select(["image_id", "subject_id", "population"]).to_pylist()
        if row["population"] in populations and not trains(row["subject_id"], row["population"], settings=settings)
    )
