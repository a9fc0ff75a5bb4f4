"""What the network suggests of one photograph, and where in the face it looks.

In: a network, a photograph, its 68 points. Out: a probability for each label, most probable first; of those that are
to be reviewed a picture of the face with the places that speak for it. A suggestion is no finding, and no diagnosis.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from tasks.anthropometry.learned.network import FindingsNetwork, crop, logits_of, saliency
from tasks.anthropometry.learned.training import probability
from tasks.pages.overlays import jpeg, lay_over

PICTURE = 240
OPACITY = 0.6


@dataclass(frozen=True)
class Suggestion:
    """`review`: probable enough to be looked at. `by_rule`: whether a rule found it, too."""

    label: str
    probability: float
    review: bool
    by_rule: bool
    picture: bytes | None  # JPEG: where the network looks; of those to be reviewed


def suggest(
    network: FindingsNetwork,
    image: np.ndarray,  # (H, W, 3) uint8 RGB, upright
    points68: np.ndarray,  # (68, 2) px
    *,
    found: Collection[str],  # what rules found
    review_above: float,
) -> list[Suggestion]:
    """Every label, most probable first."""
    face = crop(image, points68, size=network.architecture.input_size)
    sure = probability(logits_of(network, [face]))[0]
    made = []
    for at in np.argsort(-sure, kind="stable"):
        label, own = network.architecture.labels[at], float(sure[at])
        review = own >= review_above
        heat = lay_over(face, saliency(network, face, label), high=1, opacity=OPACITY) if review else None
        picture = None if heat is None else jpeg(heat, side=PICTURE)
        made.append(Suggestion(label, own, review, label in found, picture))
    return made
