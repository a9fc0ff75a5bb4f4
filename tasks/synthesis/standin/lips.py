"""What a stand-in knows of lips before it sees a cleft: open, red, dark, pale and hairy ones, painted on drawn faces.

In: a drawing. Out: the picture with such a lip. FLUX.1-schnell knows what a lip is and where; from faces whose captions
never speak of lips a network learns that words change no mouth, and no trigger does there either (docs/synthesis.md).
Knows nothing of captions.
"""

import cv2
import numpy as np

from tasks.phantoms.render import Drawing

Colour = tuple[int, int, int]
PAINTED: dict[str, tuple[Colour, float]] = {
    "red": ((150, 25, 40), 0.75),
    "dark": ((60, 15, 30), 0.75),
    "pale": ((225, 190, 180), 0.7),
}
"""RGB, and how much of it covers the lips."""
HAIR: tuple[Colour, float] = ((45, 30, 22), 0.85)
KINDS = ("open", *PAINTED, "hairy")
OUTLINE = slice(48, 60)
SOFT = 0.02
"""Of the edges, by the distance of the outer eye corners."""


def paint_lip(drawing: Drawing, kind: str) -> np.ndarray:
    """(size, size, 3) uint8 RGB; "open" is the expression's work and changes nothing here."""
    points, picture = drawing.landmarks, drawing.image
    unit = float(np.linalg.norm(points[45] - points[36]))
    if kind in PAINTED:
        return _covered(picture, points[OUTLINE], *PAINTED[kind], soft=SOFT * unit)
    if kind == "hairy":
        edge = points[[48, 50, 51, 52, 54]] - [0, 0.01 * unit]
        above = 0.55 * points[[35, 33, 31]] + 0.45 * points[[52, 51, 50]]
        ends = points[[54, 48]] + np.array([[0.02, -0.05], [-0.02, -0.05]]) * unit
        return _covered(picture, np.concatenate([edge, ends[:1], above, ends[1:]]), *HAIR, soft=SOFT * unit)
    return picture


def _covered(picture: np.ndarray, outline: np.ndarray, colour: Colour, amount: float, *, soft: float) -> np.ndarray:
    mask = np.zeros(picture.shape[:2], np.float32)
    cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 1.0)
    share = amount * cv2.GaussianBlur(mask, (0, 0), soft)[..., None]
    found: np.ndarray = (picture * (1 - share) + np.array(colour) * share).round().astype(np.uint8)
    return found
