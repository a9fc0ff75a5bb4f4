"""Ratings made ready for analysis: one score per rater and photograph on one scale, and means by role.

In: ratings as a DataFrame (image_id, rater_id, rater_role, scale, score; a `reason` column marks refused
rows). Out: a tidy frame with counts of what was left out, an images x raters matrix, and role means.
Rosero et al. 2025, "Lip Symmetry Evaluation": one medical practitioner and four lay persons, CARS 1-5.
Knows nothing of any method's scores.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

COLUMNS = ["image_id", "rater_id", "rater_role", "score"]


@dataclass(frozen=True)
class Ratings:
    """Usable ratings on one scale, sorted by image and rater, and what was dropped on the way (reason: count)."""

    rows: pd.DataFrame
    dropped: dict[str, int]


def prepare_ratings(ratings: pd.DataFrame, *, scale: str, grades: int | None) -> Ratings:
    """Ratings on `scale` with a score in 1..grades (None: any that ingest let in), one per rater and photograph.

    A repeated rating counts once; contradicting ones of the same rater and photograph are all left out.
    ValueError when a rater has two roles, since role means would then be mixed.
    """
    dropped: dict[str, int] = {}

    def keep(rows: pd.DataFrame, good: pd.Series, why: str) -> pd.DataFrame:
        if lost := int((~good).sum()):
            dropped[why] = lost
        return rows[good]

    rows = keep(ratings, ratings["scale"] == scale, "another scale")
    if "reason" in rows:
        rows = keep(rows, rows["reason"].isna(), "refused at ingest")
    score = pd.to_numeric(rows["score"], errors="coerce")
    rows = keep(rows.assign(score=score), score.notna(), "no number")
    if grades is not None:
        rows = keep(rows, rows["score"].between(1, grades), f"outside 1-{grades}")
    rows = keep(rows, ~rows.duplicated(["image_id", "rater_id", "score"]), "repeated")
    rows = keep(rows, ~rows.duplicated(["image_id", "rater_id"], keep=False), "contradicting")
    if not rows.empty and (rows.groupby("rater_id")["rater_role"].nunique() > 1).any():
        raise ValueError("a rater has two roles; role means need one role a rater")
    return Ratings(rows[COLUMNS].sort_values(["image_id", "rater_id"], ignore_index=True), dropped)


def rating_matrix(rows: pd.DataFrame) -> pd.DataFrame:  # images x raters, NaN where not rated
    """One row per image, one column per rater, both in order of their ids."""
    if rows.empty:
        return pd.DataFrame(dtype=float)
    return rows.pivot(index="image_id", columns="rater_id", values="score").sort_index().sort_index(axis=1)


def rater_roles(rows: pd.DataFrame) -> dict[str, str]:
    """rater_id -> role, in order of rater_id."""
    pairs = rows[["rater_id", "rater_role"]].drop_duplicates().sort_values("rater_id")
    return dict(zip(pairs["rater_id"].tolist(), pairs["rater_role"].tolist(), strict=True))


def role_members(rows: pd.DataFrame, *, flagged: list[str]) -> dict[str, list[str]]:
    """Groups of raters whose mean is compared with: each role, `all`, and `reliable` when a rater is flagged."""
    roles = rater_roles(rows)
    groups = {role: [r for r, own in roles.items() if own == role] for role in sorted(set(roles.values()))}
    groups["all"] = list(roles)
    if flagged:
        groups["reliable"] = [r for r in roles if r not in flagged]
    return {name: members for name, members in groups.items() if members}


def mean_rating(matrix: pd.DataFrame, raters: list[str]) -> pd.Series:  # by image_id
    """Mean over those of `raters` who rated the image; images that none of them rated are left out."""
    return matrix[raters].mean(axis=1).dropna()


def nearest_grade(values: np.ndarray, *, grades: int) -> np.ndarray:  # (n,) float -> (n,) int64 in 1..grades
    """The nearest grade; halves go up, so that 1.5 is 2 and 2.5 is 3 (numpy's own rounding would give 2 and 2)."""
    return np.clip(np.floor(np.asarray(values, dtype=float) + 0.5), 1, grades).astype(np.int64)
