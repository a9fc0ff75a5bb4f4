"""What every method is compared with: mean ratings by role, references, and whose photographs they are.

In: ratings, references, all methods' scores, the photographs that a network learned from. Out: `Targets` for the
chapters, and the record of the raters themselves. Rosero et al. 2025, Results. Knows no system.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import pandas as pd

from tasks.params.evaluation import Evaluate
from tasks.statistics.agreement import ceilings, evaluate_raters
from tasks.statistics.bootstrap import clusters
from tasks.statistics.intra import with_themselves
from tasks.statistics.ratings import mean_rating, prepare_ratings, rating_matrix, role_members

COLUMNS = ["image_id", "subject_id", "method", "score"]
"""Scores of methods: tidy, null where a photograph was refused, higher is worse."""


SIZES = r"(distance|asymmetry|ruler)_mm\b"
"""References that give a face's size in space: no target for methods that look at photographs."""


class Targets(NamedTuple):
    """What scores are compared with, by name, and the subject of every image."""

    ratings: dict[str, pd.Series]
    references: dict[str, pd.Series]
    subjects: pd.Series


class Study(NamedTuple):
    """What a chapter is given to compare with. `taught`: photographs of people that a network learned from."""

    every_rating: pd.DataFrame  # image_id, rater_id, rater_role, scale, score; every scale
    ratings: pd.DataFrame  # without the scales that ask whether a generated picture looks real
    references: pd.DataFrame  # image_id, measure, value
    scores: pd.DataFrame  # COLUMNS, of all methods
    taught: frozenset[str]
    targets: Targets
    raters: Mapping[str, Any]  # the raters' own record
    settings: Evaluate
    names: Mapping[str, str]  # readable names of methods, of all systems
    taught_by: Mapping[str, frozenset[str]] = MappingProxyType({})  # by method: those of its own chapter

    @property
    def of_photographs(self) -> pd.DataFrame:
        """The references but those that give the size of a face in space."""
        return self.references[~self.references["measure"].str.match(SIZES)]

    def compared(self) -> pd.DataFrame:
        """Scores by image_id and method, of photographs that all methods scored and no network learned from.

        A method that scored less than half of them (three dimensions, where few visits have them) is left out: the
        others would be compared on its photographs alone.
        """
        unseen = self.scores[~self.scores["image_id"].isin(self.taught)]
        wide = unseen.pivot(index="image_id", columns="method", values="score").astype(float)
        scored = wide.notna().sum()
        return wide.loc[:, scored > 0.5 * scored.max()].dropna() if len(wide) else wide


def make_study(
    ratings: pd.DataFrame,  # image_id, rater_id, rater_role, scale, score [, reason]
    references: pd.DataFrame,  # image_id, measure, value
    scores: pd.DataFrame,  # COLUMNS, of all methods
    taught: frozenset[str],
    settings: Evaluate,
    names: Mapping[str, str],  # readable names of methods
    repeats: pd.DataFrame | None = None,  # REPEATS: photographs that raters rated twice
) -> Study:
    """Ratings and references made ready. Photographs of subjects that a network learned from are left out.

    ValueError when a photograph has two scores of one method.
    """
    scores = scores.sort_values(["method", "image_id"], ignore_index=True)
    if scores.duplicated(["image_id", "method"]).any():
        raise ValueError("a photograph has two scores of one method")
    looks = ratings["scale"].isin([settings.realism, settings.plausibility])
    raters, targets = _raters(ratings[~looks], references, scores, taught, settings)
    raters |= {"with_themselves": {} if repeats is None else with_themselves(repeats, settings)}
    return Study(ratings, ratings[~looks], references, scores, taught, targets, raters, settings, names)


def _raters(
    ratings: pd.DataFrame, references: pd.DataFrame, scores: pd.DataFrame, taught: frozenset[str], settings: Evaluate
) -> tuple[dict[str, Any], Targets]:
    unseen = ratings[~ratings["image_id"].isin(taught)]
    usable = prepare_ratings(unseen, scale=settings.scale, grades=settings.grades)
    subjects = _subjects(scores, usable.rows, references)
    record = evaluate_raters(usable.rows, subjects, settings)
    matrix = rating_matrix(usable.rows)
    groups = role_members(usable.rows, flagged=record["flagged"])
    cluster = subjects.reindex(matrix.index).to_numpy()
    record["ceiling"] = ceilings(usable.rows, matrix, record["flagged"], cluster, settings)
    record["dropped"] = usable.dropped | _count("subject used in training", ratings["image_id"].isin(taught))
    of_size = references["measure"].str.match(SIZES)
    untaught = references[~references["image_id"].isin(taught) & ~of_size]
    known = {str(name): rows.set_index("image_id")["value"] for name, rows in untaught.groupby("measure")}
    means = {name: mean_rating(matrix, who) for name, who in groups.items()}
    return record, Targets(means, known, subjects)


def _count(why: str, rows: pd.Series) -> dict[str, int]:
    return {why: int(rows.sum())} if rows.any() else {}


def _subjects(scores: pd.DataFrame, ratings: pd.DataFrame, references: pd.DataFrame) -> pd.Series:
    """A cluster name for every image in sight; an image without a known subject is its own cluster."""
    known = scores[["image_id", "subject_id"]].drop_duplicates("image_id")
    ids = pd.concat([ratings["image_id"], references["image_id"]]).drop_duplicates()
    rest = pd.DataFrame({"image_id": ids[~ids.isin(known["image_id"])]}).assign(subject_id=None)
    everyone = pd.concat([known.astype(object), rest.astype(object)], ignore_index=True)
    return pd.Series(clusters(everyone), index=everyone["image_id"].to_numpy(), dtype=object)
