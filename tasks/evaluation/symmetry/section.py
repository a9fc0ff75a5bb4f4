"""The symmetry chapter's section: its figures, and the photographs of lowest and highest D.

In: the chapter's record and tables, scores and ratings. Out: `Picture`s and the template's context. Rosero et al. 2025,
Figure 4. Knows nothing of how a D was made.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tasks.base import tables
from tasks.base.words import counted
from tasks.evaluation.symmetry.compare import PREFIX
from tasks.evaluation.symmetry.names import LEARNED, called
from tasks.evaluation.symmetry.published import PUBLISHED
from tasks.evaluation.symmetry.read import Symmetry
from tasks.evaluation.system import Shown
from tasks.pages import figures
from tasks.pages.environment import Picture
from tasks.params.evaluation import Evaluate
from tasks.params.symmetry import SymmetryTrain
from tasks.schemas.ingest import LIPS
from tasks.statistics.ratings import mean_rating, prepare_ratings, rating_matrix, role_members

POINTS = 600
"""Most points per group in the scatter; more would only blacken it."""

STAND_IN = (
    "The networks started from random weights, a stand-in for ImageNet's: results do not compare with the paper's."
)


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


def notices(settings: SymmetryTrain) -> list[str]:
    """What a reader must know of networks that were trained with these numbers."""
    return [STAND_IN] if settings.initial_weights == "random" else []


def context(
    made: Symmetry, record: Mapping[str, Any], shown: Shown, doubted: Mapping[str, frozenset[str]]
) -> dict[str, Any]:
    """What the template needs beside the figures. `doubted`: by strategy, photographs whose D tells nothing."""
    study = shown.study
    rated = study.ratings[study.ratings["scale"] == study.settings.scale]
    known = steady_alone(_untaught(shown), doubted)
    chosen = list(_examples(known, rated, shown.ingest / "lips", list(made.pairs), shown.settings.examples))
    return template_context(record, study.raters, study.settings.model_dump(), chosen)


def template_context(
    record: Mapping[str, Any], raters: Mapping[str, Any], settings: Mapping[str, Any], chosen: Sequence[Example]
) -> dict[str, Any]:
    """The same from values alone."""
    ranked = {own: sorted((e for e in chosen if e.strategy == own), key=_by_distance) for own in record["strategies"]}
    return {
        "record": record,
        "raters": raters,
        "settings": settings,
        "examples": {name: _ends(rows) for name, rows in ranked.items() if rows},
        "published": PUBLISHED,
        "learned": LEARNED,
        "roles": sorted(raters["ceiling"]),
        "prefix": PREFIX,
        "doubts": any(own.get("steady", {}).get("n_images") for own in record["strategies"].values()),
    }


def steady_alone(scores: pd.DataFrame, doubted: Mapping[str, frozenset[str]]) -> pd.DataFrame:
    """SCORES without those D that tell nothing. `doubted`: by strategy, the photographs that have such a D."""
    for strategy, left_out in doubted.items():
        scores = scores[(scores["method"] != PREFIX + strategy) | ~scores["image_id"].isin(left_out)]
    return scores


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


def _examples(
    scores: pd.DataFrame, ratings: pd.DataFrame, lips: Path, strategies: Sequence[str], each: int
) -> Iterator[Example]:
    """The rated photographs of lowest and highest D, with their lip regions; `ratings` on one scale."""
    mean = {str(key): float(value) for key, value in ratings.groupby("image_id")["score"].mean().items()}
    rated = scores[scores["image_id"].isin(list(mean))]
    for strategy in strategies:
        chosen = pick_examples(rated, strategy=strategy, each=each)
        regions = _regions(lips, chosen["image_id"].tolist())
        for image_id, row in chosen.set_index("image_id").to_dict("index").items():
            yield Example(
                strategy=strategy,
                image_id=str(image_id),
                subject_id=row["subject_id"],
                distance=float(row["score"]),
                grade=None if pd.isna(row["grade"]) else int(row["grade"]),
                rating=mean[str(image_id)],
                png=regions[str(image_id)],
            )


def _regions(lips: Path, wanted: Sequence[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for part in tables.read_each(lips, LIPS, ["image_id", "region"]):
        rows = part.filter(pc.is_in(part["image_id"], pa.array(wanted, pa.string())))
        found |= dict(zip(rows["image_id"].to_pylist(), rows["region"].to_pylist(), strict=True))
    return found


def draw(made: Symmetry, record: Mapping[str, Any], shown: Shown) -> dict[str, list[Picture]]:
    """The chapter's figures by place: scatter, ratings, training."""
    study = shown.study
    return draw_pictures(made.pairs, _untaught(shown), study.ratings, made.curves, record, study.settings)


def _untaught(shown: Shown) -> pd.DataFrame:
    """Scores of the photographs that no network learned from: the tables count these alone."""
    return shown.scores[~shown.scores["image_id"].isin(shown.study.taught)]


def draw_pictures(
    pairs: Mapping[str, pd.DataFrame],
    scores: pd.DataFrame,  # SCORES
    ratings: pd.DataFrame,
    curves: Mapping[str, pd.DataFrame],  # strategy -> step, train_loss, validation_loss, ...
    record: Mapping[str, Any],
    settings: Evaluate,
) -> dict[str, list[Picture]]:
    """The figures from values alone."""
    usable = prepare_ratings(ratings, scale=settings.scale, grades=settings.grades).rows
    drawn: dict[str, list[Picture]] = {"scatter": [], "ratings": [], "training": []}
    for strategy in sorted(pairs):
        own = scores[(scores["method"] == PREFIX + strategy) & scores["score"].notna()]
        distances = own.set_index("image_id")["score"].astype(float)
        rated = distances[distances.index.isin(usable["image_id"])]
        threshold = record["strategies"][strategy]["threshold"]
        drawn["scatter"].append(_scatter(strategy, pairs[strategy], rated, threshold))
        drawn["ratings"] += _by_rating(strategy, distances, usable, settings)
        if strategy in curves:
            caption = f"{called(strategy)}: loss during training. The weights of the best validation loss were kept."
            png = figures.training_curves(curves[strategy])
            drawn["training"].append(Picture(png, caption, f"Line chart of training and validation loss, {strategy}"))
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
    caption = f"{called(strategy)}: D against the mean rating of {counted(len(both), 'photograph')}."
    return [Picture(png, caption, f"Scatter of D against mean rating, {strategy}")]
