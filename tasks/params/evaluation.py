"""The numbers of the evaluation and the report."""

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import BaseModel, Field

from tasks.params import Block, Disagreement
from tasks.params.ingest import IngestRatings


class Evaluate(Block):
    """Comparison of every method with raters and references (tasks.evaluation; formulas in docs/grading.md)."""

    seed: int = Field(ge=0, description="of the bootstrap")
    resamples: int = Field(ge=100, description="bootstrap resamples; whole subjects are drawn")
    confidence: float = Field(gt=0, lt=1, description="of every interval")
    scale: str = Field(description="name of the rating scale that is compared with")
    grades: int = Field(ge=2, description="grades of that scale; scores run from 1 to this")
    positive_quantile: float = Field(ge=0, le=1, description="of the training positives' D: becomes grade 1")
    negative_quantile: float = Field(ge=0, le=1, description="of the training negatives' D: becomes the worst grade")
    reliable_share: float = Field(gt=0, lt=1, description="of the other raters' usual correlation; below it: flagged")
    survey: str = Field(description="scale that scores without grades are compared with, of ingest_ratings.scales")
    survey_best: Literal["low", "high"] = Field(description="end of that scale at which nothing is to be seen")
    realism: str = Field(description="scale of how convincing pictures are, generated and real mixed; published: 1-5")
    plausibility: str = Field(description="scale of how possible the anatomy is; published: 1 to 5")


class Report(Block):
    """The report page (tasks.evaluation.report)."""

    examples: int = Field(ge=0, description="photographs of lowest D shown a strategy, and as many of highest")
    gallery: int = Field(ge=0, description="photographs in a gallery of heatmaps, evenly spaced in rank")
    opacity: float = Field(ge=0, le=1, description="of a heatmap's highest value where it is laid over a photograph")
    few_people: int = Field(ge=3, description="a number from fewer people than this is no headline")
    table: int = Field(ge=0, description="photographs in the page's table; the files beside the page have all")
    sheet: int = Field(ge=0, description="generated pictures shown a value, flag or condition")
    show_training_pairs: bool = Field(
        description="quarantined pictures and the photographs they are nearest to; such a page must not leave the house"
    )


class Score(Block):
    """How `vermilion score` words what it measured (tasks.evaluation.verdict)."""

    clear: float = Field(
        gt=0,
        lt=0.5,
        description="share of symmetric pairs above a D that stands out, of controls below such an S, and of the other "
        "kind beyond a value called clear",
    )
    views: list[tuple[float, float, float]] = Field(
        description="of each D for its interval: shift of the midline, turn in degrees, light that a side lacks"
    )
    reach: float = Field(ge=0, description="half the interval, in root mean squares of what the views change")
    most_spread: float = Field(gt=0, description="half an interval above this share of the threshold: D is unreliable")
    most_unlike: float = Field(
        gt=0,
        description="beside mouth and nose, so many times as far off as a usual control: S says nothing",
    )


def disagreements(blocks: Mapping[str, BaseModel]) -> Iterator[Disagreement]:
    """What is compared with must be rated."""
    ratings, own = blocks.get("ingest_ratings"), blocks.get("evaluate")
    if isinstance(ratings, IngestRatings) and isinstance(own, Evaluate) and own.scale not in ratings.scales:
        there = ", ".join(ratings.scales)
        yield "evaluate.scale", f"{own.scale!r} is none of the scales in ingest_ratings.scales: {there}"
