"""The report's inpainting section: the curves of its training, and a gallery.

In: curves, FILLINGS and AFTER part by part. Out: `Picture`s, and one `Face` per photograph of the gallery, with
pictures as JPEG bytes. Knows nothing of files, nor of how fillings were made.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tasks.base import images
from tasks.pages.environment import Picture
from tasks.pages.figures import NEGATIVE, RATED, draw_figure, legend
from tasks.pages.overlays import jpeg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GREY = 127
"""What the gallery shows under a mask."""
DOT = (255, 214, 10)


@dataclass(frozen=True)
class Face:
    """One photograph of the gallery."""

    subject_id: str
    population: str
    photograph: bytes
    masked: bytes
    filled: bytes
    points: bytes | None  # the filling with the landmarks that the network sees
    after: bytes | None
    against: str  # what `after` shows


def curves_picture(curves: pd.DataFrame) -> list[Picture]:
    """The training's curves; none where nothing was trained."""
    if curves.empty:
        return []

    def draw(axes: "Axes") -> None:
        axes.plot(curves["step"], curves["loss"], color=RATED, label="training loss")
        axes.set(xlabel="optimiser steps", ylabel="loss (equation 8)", yscale="log")
        if curves["held_out"].notna().any():
            other = axes.twinx()
            other.plot(curves["step"], curves["held_out"], color=NEGATIVE, linestyle="--", label="held-out controls")
            other.set_ylabel("difference under the mask, grey levels")
            axes.plot([], [], color=NEGATIVE, linestyle="--", label="held-out controls, grey levels")
        legend(axes, 2)

    caption = (
        "Training: the loss, and the mean difference under the mask on controls who did not train. A dashed line that "
        "still falls at its end asks for more steps; one that rises asks for more controls."
    )
    return [Picture(draw_figure(draw), caption, "Line chart of training loss and held-out difference by step")]


def gallery(fillings: Iterable[pa.Table], after: pa.Table, *, count: int) -> list[Face]:
    """Up to `count` photographs of patients before repair first, then of others; each filling that was made."""
    known = {row["image_id"]: row for row in after.to_pylist()}
    chosen: list[dict[str, Any]] = []
    for part in fillings:
        rows = part.filter(pc.and_(pc.equal(part["proposal"], 0), pc.is_null(part["reason"]))).to_pylist()
        chosen = sorted(chosen + rows, key=_first)[:count]
    return [_face(row, known.get(row["image_id"])) for row in chosen]


def _first(row: Mapping[str, Any]) -> tuple[bool, bool, str]:
    return row["population"] != "unrepaired", row["population"] != "repaired", str(row["image_id"])


def _face(row: Mapping[str, Any], after: Mapping[str, Any] | None) -> Face:
    photograph, filled, mask = (images.decode_png(row[name]) for name in ("photograph", "filled", "mask"))
    return Face(
        subject_id=row["subject_id"],
        population=row["population"],
        photograph=jpeg(photograph),
        masked=jpeg(np.where(mask > 0, GREY, photograph).astype(np.uint8)),
        filled=jpeg(filled),
        points=None if row["points"] is None else jpeg(dotted(filled, np.reshape(row["points"], (68, 2)))),
        after=None if after is None else jpeg(images.decode_png(after["picture"])),
        against="" if after is None else str(after["against"]),
    )


def dotted(
    picture: np.ndarray,  # (H, W, 3) uint8 RGB
    points: np.ndarray,  # (n, 2) px
) -> np.ndarray:
    """The picture with a dot at each point."""
    shown = picture.copy()
    radius = max(1, round(len(picture) / 130))
    for x, y in np.rint(points).astype(int).tolist():
        cv2.circle(shown, (x, y), radius, DOT, -1, cv2.LINE_AA)
    return shown
