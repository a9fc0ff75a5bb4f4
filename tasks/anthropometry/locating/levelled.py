"""Mouth and nose in one size and levelled by the eyes, and the way back.

In: a photograph and the model's 478 points. Out: a small picture in which the outer eye corners would be level and
UNIT pixels apart and the middle of the mouth's corners has its fixed place, the points in it, and the map to the
photograph. Does not know what is looked for in it.
"""

from typing import NamedTuple

import cv2
import numpy as np

from tasks.ingest.faces.resampling import resample

UNIT = 256
"""Pixels of a levelled picture between the outer eye corners."""
WIDTH, HEIGHT, MOUTH = 281, 300, 190
"""Its size, and the row of the mouth: nose and chin are in it."""
RIGHT_EYE, LEFT_EYE, CORNERS = 33, 263, (61, 291)


class Levelled(NamedTuple):
    """Mouth and nose. Pixel centres are at whole numbers in both pictures."""

    picture: np.ndarray  # (HEIGHT, WIDTH, 3) uint8 RGB
    found: np.ndarray  # (478, 2) float, px of the picture
    to_image: np.ndarray  # (2, 3) float: px of the picture to px of the photograph

    def in_image(self, points: np.ndarray) -> np.ndarray:
        """(n, 2) px of the picture as px of the photograph."""
        return np.asarray(points @ self.to_image[:, :2].T + self.to_image[:, 2])

    def from_image(self, points: np.ndarray) -> np.ndarray:
        """(n, 2) px of the photograph as px of the picture."""
        back = cv2.invertAffineTransform(self.to_image)
        return np.asarray(points @ back[:, :2].T + back[:, 2])


def levelled(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
    found: np.ndarray,  # (478, 2) float, px
) -> Levelled:
    """Mouth and nose of the photograph, averaged where they are larger there."""
    across = found[LEFT_EYE] - found[RIGHT_EYE]
    distance = float(np.hypot(*across))
    x = across / distance
    turned = np.column_stack([x, [-x[1], x[0]]]) * (distance / UNIT)
    to_image = np.column_stack([turned, found[list(CORNERS)].mean(axis=0) - turned @ [(WIDTH - 1) / 2, MOUTH]])
    picture = resample(image, to_image, (HEIGHT, WIDTH), enlarging=cv2.INTER_LINEAR)
    back = cv2.invertAffineTransform(to_image)
    return Levelled(picture, found @ back[:, :2].T + back[:, 2], to_image)
