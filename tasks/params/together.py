"""What blocks of params.yaml must agree on, where each alone is fine.

In: the blocks that fit their models. Out: the keys that disagree, and why. A block that is not there, or does not fit,
agrees with everything: that is told elsewhere. Knows no stage.
"""

from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from tasks.params.anomaly import AnomalyAlign, AnomalyGenerator
from tasks.params.evaluation import Evaluate
from tasks.params.ingest import IngestRatings

Disagreement = tuple[str, str]
"""A key, such as `anomaly_generator.steps`, and what is wrong with it."""


def disagreements(blocks: Mapping[str, BaseModel]) -> Iterator[Disagreement]:
    """Everything that does not go together."""
    align, generator = blocks.get("anomaly_align"), blocks.get("anomaly_generator")
    if isinstance(align, AnomalyAlign) and isinstance(generator, AnomalyGenerator):
        yield from _generator(align, generator)
    ratings, evaluate = blocks.get("ingest_ratings"), blocks.get("evaluate")
    if isinstance(ratings, IngestRatings) and isinstance(evaluate, Evaluate):
        yield from _compared(ratings, evaluate)


def _compared(ratings: IngestRatings, evaluate: Evaluate) -> Iterator[Disagreement]:
    if evaluate.scale not in ratings.scales:
        there = ", ".join(ratings.scales)
        yield "evaluate.scale", f"{evaluate.scale!r} is none of the scales in ingest_ratings.scales: {there}"


def _generator(align: AnomalyAlign, generator: AnomalyGenerator) -> Iterator[Disagreement]:
    """A generator that is trained here draws the pictures that are aligned here."""
    if generator.source != "controls":
        return
    if align.size & (align.size - 1):
        yield "anomaly_align.size", f"{align.size}: the generator is trained for powers of two: 32, 64, ... 1024"
    elif (last := max(generator.steps)) != align.size:
        said = f"the last side is {last}, and pictures have {align.size} (anomaly_align.size); make them equal"
        yield "anomaly_generator.steps", said
