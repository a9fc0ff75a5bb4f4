"""The report: one HTML page that needs nothing beside itself.

In: the metrics of `evaluate`, counts of the data, refusals, figures and example crops as PNG bytes, and
what made each stage. Out: the page as text, with the published values of Rosero et al. 2025 beside ours.
Every value is escaped. Knows nothing of stages, files and tables on disk.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from tasks.evaluation.anomaly.section import Face
from tasks.evaluation.published import (
    ANOMALY_FACES,
    ANOMALY_MISPRINT,
    ANOMALY_TABLE,
    CLEFTGAN,
    FLEISS_KAPPA,
    PATIENTS,
    PUBLISHED,
    SYNTHESIS,
    SYNTHESIS_EARLIER,
)
from tasks.evaluation.symmetry.compare import PREFIX
from tasks.evaluation.symmetry.words import headline, tiles
from tasks.evaluation.synthesis.section import Section
from tasks.evaluation.synthesis.words import ANSWERS, FUNNEL, named
from tasks.pages import figures
from tasks.pages.environment import Picture, called, environment, settings_text
from tasks.params.evaluation import Evaluate
from tasks.statistics.ratings import mean_rating, prepare_ratings, rating_matrix, role_members

POINTS = 600
"""Most points a group in the scatter; more would only blacken it."""


PLACES: tuple[str, ...] = ("scatter", "ratings", "raters", "training")
PLACES += ("anomaly-table", "anomaly-scatters", "anomaly-steps", "anomaly-inversion")
PLACES += (
    "synthesis-screening",
    "synthesis-identity",
    "synthesis-ratings",
    "synthesis-embeddings",
    "synthesis-training",
)
"""Where figures stand."""


@dataclass(frozen=True)
class Census:
    """One line of the data census: what there is, of how many people, and how many items were refused."""

    what: str
    subjects: int
    items: int
    refused: int


@dataclass(frozen=True)
class Refusal:
    """One reason for which a stage refused items, and how many."""

    stage: str
    reason: str
    count: int


@dataclass(frozen=True)
class Example:
    """One lip region with the score that chose it; `png` is the region, RGB."""

    strategy: str
    image_id: str
    subject_id: str
    distance: float
    grade: int | None
    rating: float | None
    png: bytes


@dataclass(frozen=True)
class Provenance:
    """What made one stage's tables: parameters, weights by name and sha256, seed, digest of the code."""

    stage: str
    parameters: Mapping[str, Any]
    weights: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None
    code: str = ""


def render_report(
    *,
    metrics: Mapping[str, Any],  # of evaluate()
    census: Sequence[Census],
    refusals: Sequence[Refusal],
    pictures: Mapping[str, Sequence[Picture]],  # of draw_pictures()
    examples: Sequence[Example],
    provenance: Sequence[Provenance],
    notices: Sequence[str],
    faces: Sequence[Face] = (),
    synthesis: Section | None = None,
) -> str:
    """The whole page. `notices` are shown on top: stand-in weights, drawn pictures, whatever a reader must know."""
    lines = [(row, [(key, settings_text(value)) for key, value in row.parameters.items()]) for row in provenance]
    ranked = {own: sorted((e for e in examples if e.strategy == own), key=_by_distance) for own in metrics["symmetry"]}
    pages = environment()
    pages.filters["of_synthesis"] = named
    page = pages.get_template("evaluation/report.html.j2")
    return page.render(
        metrics={name: {"reason": "not evaluated"} for name in ("anomaly", "synthesis")} | dict(metrics),
        census=census,
        refusals=sorted(refusals, key=lambda row: (row.stage, -row.count, row.reason)),
        pictures={name: list(pictures.get(name, ())) for name in PLACES},
        faces=faces,
        anomaly_table=ANOMALY_TABLE,
        anomaly_misprint=ANOMALY_MISPRINT,
        anomaly_faces=ANOMALY_FACES,
        synthesis=synthesis or Section(),
        synthesis_published=SYNTHESIS,
        synthesis_earlier=SYNTHESIS_EARLIER,
        synthesis_answers=ANSWERS,
        synthesis_steps=FUNNEL,
        likert_published=_likert(dict(metrics)),
        cleftgan=CLEFTGAN,
        examples={name: _ends(rows) for name, rows in ranked.items() if rows},
        provenance=lines,
        notices=notices,
        tiles=tiles(dict(metrics)),
        headline=headline(dict(metrics)),
        published=PUBLISHED,
        published_kappa=FLEISS_KAPPA,
        published_patients=PATIENTS,
        roles=sorted(metrics["raters"]["ceiling"]),
        prefix=PREFIX,
    )


def _likert(metrics: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Published mean ratings by the names that the scales have here."""
    settings = metrics["settings"]
    return {settings[name]: SYNTHESIS[name] for name in ("realism", "plausibility")}


def _by_distance(example: Example) -> tuple[float, str]:
    return example.distance, example.image_id


def _ends(ranked: list[Example]) -> dict[str, list[Example]]:
    middle = (len(ranked) + 1) // 2
    return {"lowest": ranked[:middle], "highest": ranked[middle:][::-1]}


def pick_examples(scores: pd.DataFrame, *, strategy: str, each: int) -> pd.DataFrame:
    """Rows of `scores` (of `evaluate`) with the lowest and the highest D, `each` of both, one a subject.

    Rising by score; ties and equal subjects are settled by image_id, so the choice is repeatable.
    """
    rows = scores[(scores["method"] == PREFIX + strategy) & scores["score"].notna()]
    rows = rows.sort_values(["score", "image_id"])
    low = rows.drop_duplicates("subject_id", keep="first").head(each)
    high = rows.drop_duplicates("subject_id", keep="last").tail(each)
    both = pd.concat([low, high[~high["image_id"].isin(low["image_id"])]])
    return both.sort_values(["score", "image_id"], ignore_index=True)


def draw_pictures(
    *,
    pairs: Mapping[str, pd.DataFrame],  # as for evaluate()
    scores: pd.DataFrame,  # of evaluate()
    ratings: pd.DataFrame,  # as for evaluate()
    curves: Mapping[str, pd.DataFrame],  # strategy -> step, train_loss, validation_loss, ...
    metrics: Mapping[str, Any],  # of evaluate()
    settings: Evaluate,
) -> dict[str, list[Picture]]:
    """The report's figures by section: scatter, ratings, raters, training."""
    usable = prepare_ratings(ratings, scale=settings.scale, grades=settings.grades).rows
    drawn: dict[str, list[Picture]] = {"scatter": [], "ratings": [], "raters": [], "training": []}
    for strategy in sorted(pairs):
        own = scores[(scores["method"] == PREFIX + strategy) & scores["score"].notna()]
        distances = own.set_index("image_id")["score"].astype(float)
        rated = distances[distances.index.isin(usable["image_id"])]
        drawn["scatter"].append(_scatter(strategy, pairs[strategy], rated, metrics["symmetry"][strategy]["threshold"]))
        drawn["ratings"] += _by_rating(strategy, distances, usable, settings)
        if strategy in curves:
            caption = f"{called(strategy)}: loss during training. The weights of the best validation loss were kept."
            png = figures.training_curves(curves[strategy])
            drawn["training"].append(Picture(png, caption, f"Line chart of training and validation loss, {strategy}"))
    raters = metrics["raters"]["raters"]
    if any(record["with_others"]["value"] is not None for record in raters.values()):
        caption = "Each rater against the mean of the other raters, with interval."
        drawn["raters"].append(Picture(figures.rater_agreement(raters), caption, "Dot plot of agreement by rater"))
    return drawn


def _scatter(strategy: str, pairs: pd.DataFrame, rated: pd.Series, threshold: float | None) -> Picture:
    test = pairs[pairs["split"] == "test"]
    positives = test.loc[test["label"] == 1, "distance"].to_numpy(float)
    negatives = test.loc[test["label"] == 0, "distance"].to_numpy(float)
    png = figures.scatter(positives, negatives, rated.to_numpy(float), threshold=threshold, most=POINTS)
    means = ", ".join(
        f"{name} {np.mean(values):.2f}"
        for name, values in (("positives", positives), ("negatives", negatives), ("rated photographs", rated))
        if len(values)
    )
    caption = f"{called(strategy)}. Mean D: {means}."
    return Picture(png, caption, f"Scatter of D, {strategy}: positive and negative test pairs and rated photographs")


def _by_rating(strategy: str, distances: pd.Series, usable: pd.DataFrame, settings: Evaluate) -> list[Picture]:
    matrix = rating_matrix(usable)
    members = role_members(usable, flagged=[]).get("all")
    if members is None:
        return []
    both = pd.concat([distances.rename("d"), mean_rating(matrix, members).rename("r")], axis=1, join="inner").dropna()
    if both.empty:
        return []
    d, r = both["d"].to_numpy(float), both["r"].to_numpy(float)
    png = figures.distance_by_rating(d, r, role="all raters", scale=settings.scale, grades=settings.grades)
    caption = f"{called(strategy)}: D against the mean rating of {len(both)} photographs."
    return [Picture(png, caption, f"Scatter of D against mean rating, {strategy}")]
