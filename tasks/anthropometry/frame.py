"""The levelled frame in which everything is measured, and the face as either side sees it.

In: points and outlines of faces in pixels, any number of faces at once. Out: the same in interocular units, in axes
that belong to the face. Does not know what is measured.

**Level** is the line through both eyes' centres, each the middle of its two corners: gaze moves a pupil, lids and
brows move with expression, corners stay. **The midline** stands upright on it, through the middle between the inner
eye corners. That middle lies on the root of the nose, as the nasion does, but a frontal photograph shows corners and no
nasion. It lies deep, too, so a slightly turned head moves it less than the middle of the outer corners. Nose and mouth
take no part in it: in a cleft they are what deviates. **The unit** is the distance between the outer eye corners.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tasks.anthropometry.names import INDEX, SIDES

CANTHI = tuple(f"{name}_{side}" for name in ("exocanthion", "endocanthion") for side in SIDES)
"""The points that every measure needs: they make the frame."""


@dataclass(frozen=True)
class Frame:
    """Faces in their own axes: x grows towards the patient's left, y upwards, 0 between the inner eye corners.

    Leading axes are whatever the caller has: one per face, one per disturbance. A face whose eye corners are not all
    known is NaN throughout.
    """

    points: np.ndarray  # (..., len(POINTS), 2) interocular units
    outlines: dict[str, np.ndarray]  # name: (..., number, 2) interocular units
    unit: np.ndarray  # (...,) px: the distance between the outer eye corners

    @cached_property
    def left(self) -> "Half":
        """The face as the patient's left side sees it."""
        return Half(self, "left")

    @cached_property
    def right(self) -> "Half":
        """The face as the patient's right side sees it."""
        return Half(self, "right")


@dataclass(frozen=True)
class Half:
    """A face as one side sees it: x grows from the midline outwards on this side, y upwards.

    A measure is a function of a half. Both halves of a face and its mirror image run through the same arithmetic, so a
    symmetric face gives the same bits on both sides.
    """

    frame: Frame
    side: str  # the patient's: right or left

    def own(self, name: str) -> np.ndarray:  # (..., 2)
        """The paired point of this side."""
        return self._outwards(self.frame.points[..., INDEX[f"{name}_{self.side}"], :])

    def other(self, name: str) -> np.ndarray:  # (..., 2)
        """The paired point of the other side, in this side's axes: its x is usually negative."""
        return self._outwards(self.frame.points[..., INDEX[f"{name}_{SIDES[self.side == SIDES[0]]}"], :])

    def middle(self, name: str) -> np.ndarray:  # (..., 2)
        """A point of the midline."""
        return self._outwards(self.frame.points[..., INDEX[name], :])

    def outline(self, name: str) -> np.ndarray:  # (..., number, 2)
        """An outline that crosses the midline, from this side's end to the other's."""
        line = self._outwards(self.frame.outlines[name])
        return line if self.side == SIDES[0] else line[..., ::-1, :]

    def own_outline(self, name: str) -> np.ndarray:  # (..., number, 2)
        """This side's one of a pair of outlines."""
        return self._outwards(self.frame.outlines[f"{name}_{self.side}"])

    def _outwards(self, where: np.ndarray) -> np.ndarray:
        return where if self.side == SIDES[1] else where * (-1.0, 1.0)


def levelled(points: np.ndarray, outlines: dict[str, np.ndarray]) -> Frame:
    """Faces in their own axes.

    `points`: (..., len(POINTS), 2) px, y down; `outlines`: (..., number, 2) px. NaN where something was not found.
    """
    exo_r, exo_l, endo_r, endo_l = (points[..., INDEX[name], :] for name in CANTHI)
    along = (exo_l + endo_l) - (exo_r + endo_r)
    origin = (endo_r + endo_l) / 2
    unit = np.hypot(*np.moveaxis(exo_l - exo_r, -1, 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        axis = along / np.hypot(along[..., :1], along[..., 1:]) / unit[..., None]
    return Frame(
        _turned(points, origin, axis), {name: _turned(line, origin, axis) for name, line in outlines.items()}, unit
    )


def _turned(where: np.ndarray, origin: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """Pixels as the face's axes have them; pixels grow downwards, the face's y upwards."""
    x, y = np.moveaxis(where - origin[..., None, :], -1, 0)
    ax, ay = axis[..., :1], axis[..., 1:]
    return np.stack([x * ax + y * ay, x * ay - y * ax], axis=-1)


def to_pixels(frame_points: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Places in one face's axes, (n, 2) interocular units, as pixels of its photograph.

    `points`: (len(POINTS), 2) px, by which the face was levelled.
    """
    exo_r, exo_l, endo_r, endo_l = (points[INDEX[name]] for name in CANTHI)
    along = (exo_l + endo_l) - (exo_r + endo_r)
    axis = along / np.hypot(*along) * np.hypot(*(exo_l - exo_r))
    down = np.array([-axis[1], axis[0]])
    return np.asarray((endo_r + endo_l) / 2 + frame_points[:, :1] * axis - frame_points[:, 1:] * down)
