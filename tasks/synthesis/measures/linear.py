"""The plainest classifier of two kinds of crops: logistic regression of their pixels.

In: crops of two classes. Out: the probability of the second. For pictures too few or too small for a network that
begins from random weights. Rosero et al. 2025, DiffusionCleft, section 5.5, have a network (measures.classifiers).
Knows nothing of where crops come from.
"""

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from tasks.synthesis.measures.views import plain

DARKEST = 20.0
"""Grey levels, added to the brightness that differences are divided by: dark skin has less contrast and more noise."""
MOST_ITERATIONS = 1000


def fit(
    classes: Sequence[Sequence[np.ndarray]],  # two, of (S, S, 3) uint8 RGB
    *,
    penalty: float,
) -> Pipeline:
    """Of every crop and its mirror image; both classes weigh alike."""
    values = [values_of([side for one in own for side in (one, one[:, ::-1])]) for own in classes]
    truths = np.repeat([0, 1], [len(own) for own in values])
    model = LogisticRegression(C=1 / penalty, class_weight="balanced", max_iter=MOST_ITERATIONS)
    return make_pipeline(StandardScaler(), model).fit(np.concatenate(values), truths)


def probabilities(model: Pipeline, crops: Sequence[np.ndarray]) -> np.ndarray:
    """(N,) in [0, 1]: mean over the crop and its mirror image."""
    if not crops:
        return np.zeros(0)
    ways = [values_of(crops), values_of([one[:, ::-1] for one in crops])]
    found: np.ndarray = np.mean([model.predict_proba(way)[:, 1] for way in ways], axis=0)
    return found


def values_of(crops: Sequence[np.ndarray]) -> np.ndarray:
    """(N, 3 S S): how far each pixel is from the crop's median colour, in its brightness: skin tone does not count."""
    seen = np.stack([plain(one) for one in crops]).astype(float)
    middle = np.median(seen, axis=(1, 2), keepdims=True)
    found: np.ndarray = ((seen - middle) / (middle.mean(axis=3, keepdims=True) + DARKEST)).reshape(len(seen), -1)
    return found
