"""A texture without seams for any triangles: each has a small square of its own, filled by its places in space.

In: triangles. Out: where their corners lie in the texture, and for every pixel of it the triangle and the weights of
its corners, so that whatever a colour depends on (position, masks) is known there. Neighbours agree on their common
edge, because they ask for the colour of the same place.
"""

from dataclasses import dataclass

import numpy as np

SQUARE = 6  # pixels


@dataclass(frozen=True)
class Atlas:
    """The texture's layout."""

    uv: np.ndarray  # (F, 3, 2) as `tasks.space.render.Paint` has it
    faces: np.ndarray  # (F, 3)
    weights: np.ndarray  # (SQUARE * SQUARE, 3) of a triangle's corners at its square's pixels
    across: int  # squares in a row

    def at_pixels(self, values: np.ndarray) -> np.ndarray:
        """What vertices carry, (V, C), at every pixel of every square, (F, SQUARE * SQUARE, C) float32."""
        return np.asarray(np.einsum("pk,fkc->fpc", self.weights, values[self.faces].astype(np.float32)))

    def texture(self, colours: np.ndarray) -> np.ndarray:
        """The texture (h, w, 3) uint8 of the colours 0..255 of every pixel of every square, (F, SQUARE * SQUARE, 3)."""
        side = self.across
        squares = np.zeros((side * side, SQUARE, SQUARE, 3), np.uint8)
        squares[: len(colours)] = np.rint(colours.clip(0, 255)).reshape(-1, SQUARE, SQUARE, 3)
        rows = squares.reshape(side, side, SQUARE, SQUARE, 3).transpose(0, 2, 1, 3, 4)
        return rows.reshape(side * SQUARE, side * SQUARE, 3)


def atlas(faces: np.ndarray) -> Atlas:
    """The layout for these triangles (F, 3): corners at the centres of a square's first row's and column's ends."""
    across = int(np.ceil(np.sqrt(len(faces))))
    row, column = np.divmod(np.arange(len(faces)), across)
    ends = np.array([[0, 0], [SQUARE - 1, 0], [0, SQUARE - 1]]) + 0.5
    uv = (np.column_stack([column, row])[:, None] * SQUARE + ends) / (across * SQUARE)
    down, right = np.divmod(np.arange(SQUARE * SQUARE), SQUARE) / np.array(SQUARE - 1.0)
    return Atlas(uv, faces, np.column_stack([1 - right - down, right, down]).astype(np.float32), across)
