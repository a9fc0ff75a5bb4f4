"""Several methods' values made into one that follows a target, without looking at the people it is judged on.

In: values by image and method, a target, the subject of each image. Out: one value per image, made by a ridge
regression (scikit-learn) that was fitted on other people alone. Knows nothing of how a value was made.
"""

import numpy as np
import pandas as pd

from tasks.base.words import counted
from tasks.statistics.bootstrap import Estimate, missing

FOLDS = 5
PENALTIES = np.logspace(-1, 4, 11)
"""Of the ridge; the one with the smallest leave-one-out error on the people fitted is taken."""


def cross_fitted(
    values: pd.DataFrame,  # image_id -> method -> value, none missing
    target: pd.Series,  # image_id -> what is followed
    subjects: pd.Series,  # image_id -> subject
) -> pd.Series | None:
    """One value per image that has a target; None with fewer than two people a fold.

    Each fifth of the people is combined by weights that were fitted on the other four fifths, so a person's own target
    has no part in their value.
    """
    known = values.join(target.rename("target"), how="inner").dropna().sort_index()
    people = subjects.reindex(known.index).to_numpy(str)
    if len(np.unique(people)) < 2 * FOLDS:
        return None
    from sklearn.linear_model import RidgeCV  # slow to import
    from sklearn.model_selection import GroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = known[values.columns].to_numpy(float), known["target"].to_numpy(float)
    found = np.empty(len(known))
    for fitted, judged in GroupKFold(FOLDS).split(x, y, people):
        model = make_pipeline(StandardScaler(), RidgeCV(PENALTIES)).fit(x[fitted], y[fitted])
        found[judged] = model.predict(x[judged])
    return pd.Series(found, index=known.index)


def not_combined(
    values: pd.DataFrame,  # image_id -> method -> value, none missing
    target: pd.Series,  # image_id -> what is followed
    subjects: pd.Series,  # image_id -> subject
) -> Estimate:
    """What stands where `cross_fitted` gives nothing; it counts what has a target, as every method by itself does."""
    known = target.reindex(values.index).dropna().index
    people = int(subjects.reindex(known).nunique())
    why = f"{counted(people, 'person', 'people')}: too few to fit weights on some and judge others ({2 * FOLDS} needed)"
    return missing(why, n_images=len(known), n_subjects=people)
