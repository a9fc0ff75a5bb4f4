"""One page per photograph that was filled, or why it was not.

In: the photograph's face, the mask, fillings, the points that the network sees. Out: an HTML page that needs no other
file. Every value is escaped. Knows nothing of networks and files.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tasks.evaluation.inpainting.section import GREY, dotted
from tasks.pages.environment import environment
from tasks.pages.notices import for_a_page
from tasks.pages.overlays import jpeg, lay_over

SIDE = 420
"""Pixels of a picture's side on the page."""


@dataclass(frozen=True)
class FilledFace:
    """A photograph's face and its proposals. With a `reason` there is nothing but that."""

    name: str
    reason: str | None = None
    photograph: np.ndarray | None = None  # (S, S, 3) uint8 RGB
    mask: np.ndarray | None = None  # (S, S) bool
    filled: Sequence[np.ndarray] = ()  # (S, S, 3) uint8 RGB
    points: np.ndarray | None = None  # (68, 2) px
    masked: str = ""  # what the mask covers
    disagreement: float | None = None  # eye distances
    doubt: str | None = None  # why the filling says nothing
    which: str = ""  # which face, where the photograph shows several


def spread(filled: Sequence[np.ndarray]) -> np.ndarray:
    """(S, S) grey levels: the standard deviation over proposals, mean of the channels."""
    found: np.ndarray = np.stack([own.astype(np.float32) for own in filled]).std(axis=0).mean(axis=2)
    return found


def render_filled_page(face: FilledFace, *, notices: Sequence[str]) -> str:
    """The page of one photograph."""
    shown: list[tuple[bytes, str]] = []
    if face.photograph is not None and face.mask is not None:
        hidden = np.where(face.mask[..., None], GREY, face.photograph).astype(np.uint8)
        shown = [
            (jpeg(face.photograph, side=SIDE), "As photographed, levelled and cropped"),
            (jpeg(hidden, side=SIDE), f"What the network saw: {face.masked} hidden"),
            (jpeg(face.filled[0], side=SIDE), "Filled"),
        ]
        if face.points is not None:
            shown.append((jpeg(dotted(face.filled[0], face.points), side=SIDE), "The landmarks that the network sees"))
        for number, other in enumerate(face.filled[1:], 2):
            shown.append((jpeg(other, side=SIDE), f"Proposal {number}: the mask moved a little"))
        if len(face.filled) > 1:
            heat = spread(face.filled)
            high = float(heat.max()) or 1.0
            picture = lay_over(face.filled[0], heat, high=high, opacity=0.7)
            shown.append((jpeg(picture, side=SIDE), f"Where the proposals differ, by up to {high:.0f} grey levels"))
    page = environment().get_template("evaluation/inpainting/page.html.j2")
    return page.render(face=face, shown=shown, notices=[for_a_page(line) for line in notices])
