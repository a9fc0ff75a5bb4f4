"""Moving the drawn head: yaw and pitch by depth parallax, roll about the neck, shift.

In: a Pose, the head's canvas and its relief. Out: a `Motion` that moves points forward and pictures backward by the
same map, so that picture and truth cannot part. Not a true turn: beyond some 12 degrees the far temple smears.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from tasks.phantoms.canvas import Canvas

PIVOT_HEIGHT = 0.45  # relief height about which the head turns, face units
NECK_PIVOT = 0.5  # point about which the head rolls, below the eye line, face units
DEPTH_BLUR = 0.06  # face units
INVERSION_STEPS = 3


@dataclass(frozen=True)
class Pose:
    """Degrees; yaw > 0 turns toward the image's right, pitch > 0 up, roll > 0 clockwise.

    Shifts are face units; zoom is a factor on the face's size. Textures depend on zoom: keep it constant in a clip.
    """

    yaw: float
    pitch: float
    roll: float
    shift_x: float
    shift_y: float
    zoom: float


FRONTAL = Pose(yaw=0.0, pitch=0.0, roll=0.0, shift_x=0.0, shift_y=0.0, zoom=1.0)


@dataclass(frozen=True)
class Motion:
    """One pose on one canvas; everything in pixels of that canvas."""

    parallax: tuple[np.ndarray, np.ndarray] | None  # x and y, (H, W) float32 each
    cos: float
    sin: float
    pivot: np.ndarray  # (2,)
    shift: np.ndarray  # (2,)

    @property
    def still(self) -> bool:
        """Whether nothing moves."""
        return self.parallax is None and self.sin == 0 and not self.shift.any()

    def forward(self, points: np.ndarray) -> np.ndarray:
        """Where drawn points (N, 2) move to; may lie outside the head's canvas."""
        x, y = (points[:, axis : axis + 1].astype(np.float32) for axis in (0, 1))
        near = points - self.pivot + np.hstack(self._parallax_at(x, y))
        turned = np.column_stack([near[:, 0] * self.cos - near[:, 1] * self.sin,
                                  near[:, 0] * self.sin + near[:, 1] * self.cos])  # fmt: skip
        moved: np.ndarray = turned + self.pivot + self.shift
        return moved

    def backward(self, height: int, width: int, origin: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For each pixel of a height x width picture whose canvas lies at `origin`: x and y of its source on it."""
        left, top = -(origin + self.pivot + self.shift)
        x = (np.arange(width) + left).astype(np.float32)[None]
        y = (np.arange(height) + top).astype(np.float32)[:, None]
        cos, sin, (pivot_x, pivot_y) = np.float32(self.cos), np.float32(self.sin), self.pivot.astype(np.float32)
        source_x, source_y = x * cos + y * sin + pivot_x, y * cos - x * sin + pivot_y
        found_x, found_y = source_x, source_y
        if self.parallax is not None:
            for _ in range(INVERSION_STEPS):  # fixed point of p -> source - parallax(p)
                by_x, by_y = self._parallax_at(found_x, found_y)
                found_x, found_y = source_x - by_x, source_y - by_y
        return found_x, found_y

    def _parallax_at(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self.parallax is None:
            return np.zeros_like(x), np.zeros_like(y)
        by_x, by_y = (
            cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for plane in self.parallax
        )
        return by_x, by_y


def motion(pose: Pose, canvas: Canvas, relief: np.ndarray) -> Motion:
    """The pose on this canvas; `relief` is (H, W) in face units, 0 outside the head."""
    parallax = None
    if pose.yaw or pose.pitch:
        depth = cv2.GaussianBlur(relief, (0, 0), DEPTH_BLUR * canvas.unit) - np.float32(PIVOT_HEIGHT)
        yaw, pitch = (float(np.sin(np.radians(angle))) * canvas.unit for angle in (pose.yaw, pose.pitch))
        parallax = (depth * np.float32(yaw), depth * np.float32(-pitch))
    return Motion(
        parallax,
        cos=float(np.cos(np.radians(pose.roll))),
        sin=float(np.sin(np.radians(pose.roll))),
        pivot=canvas.pixels(np.array([0, NECK_PIVOT])),
        shift=np.array([pose.shift_x, pose.shift_y]) * canvas.unit,
    )
