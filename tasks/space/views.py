"""Cameras, photographs whose camera is known, surfaces of triangles, and named points on them.

Pixels: the centre of the first pixel is (0, 0), x to the right, y down, as landmarks have it everywhere in this house.
World: right-handed. Once a head stands upright its frame is millimetres, x to the patient's left, y up, z out of the
face, and the origin lies at the subnasale.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Camera:
    """A pinhole camera without distortion: x = K (R X + t)."""

    matrix: np.ndarray  # K, (3, 3), px
    rotation: np.ndarray  # R, (3, 3), from the world to the camera, whose z looks forward and y down
    translation: np.ndarray  # t, (3,), in the world's unit
    width: int  # px
    height: int  # px

    @property
    def centre(self) -> np.ndarray:
        """Where the camera stands, (3,), in the world's unit."""
        return np.asarray(-self.rotation.T @ self.translation)

    def seen(self, points: np.ndarray) -> np.ndarray:
        """Points (N, 3) of the world in the camera's own axes, (N, 3); the last is the depth."""
        return np.asarray(points @ self.rotation.T + self.translation)

    def project(self, points: np.ndarray) -> np.ndarray:
        """Pixels (N, 2) of points (N, 3). A point at or behind the camera is NaN."""
        image = self.seen(points) @ self.matrix.T
        depth = np.where(image[:, 2:] > 0, image[:, 2:], np.nan)
        return np.asarray(image[:, :2] / depth)

    def rays(self, pixels: np.ndarray) -> np.ndarray:
        """Unit directions (N, 3) in the world in which pixels (N, 2) look from `centre`."""
        ends = np.column_stack([pixels, np.ones(len(pixels))]) @ np.linalg.inv(self.matrix).T
        rays = ends @ self.rotation
        return np.asarray(rays / np.linalg.norm(rays, axis=1, keepdims=True))

    def resized(self, width: int, height: int) -> "Camera":
        """The camera of the same picture with other numbers of pixels."""
        across, down = width / self.width, height / self.height
        matrix = np.diag([across, down, 1.0]) @ self.matrix
        matrix[0, 2] = (self.matrix[0, 2] + 0.5) * across - 0.5
        matrix[1, 2] = (self.matrix[1, 2] + 0.5) * down - 0.5
        return Camera(matrix, self.rotation, self.translation, width, height)

    def moved(self, scale: float, rotation: np.ndarray, translation: np.ndarray) -> "Camera":
        """The same camera in the world X' = scale * rotation X + translation: every picture stays the same."""
        turned = self.rotation @ rotation.T
        return Camera(self.matrix, turned, scale * self.translation - turned @ translation, self.width, self.height)


@dataclass(frozen=True)
class View:
    """A photograph whose camera is known, its lens's distortion taken out."""

    name: str  # the file's name, or its image_id in stages
    image: np.ndarray  # (H, W, 3) uint8 RGB
    camera: Camera


@dataclass(frozen=True)
class Surface:
    """Triangles, seen from outside counter-clockwise."""

    vertices: np.ndarray  # (V, 3) float64, mm
    faces: np.ndarray  # (F, 3) int32, numbers of vertices
    colours: np.ndarray  # (V, 3) uint8 RGB
    seen: np.ndarray  # (V,) bool: some photograph saw it; False where it was filled

    def moved(self, scale: float, rotation: np.ndarray, translation: np.ndarray) -> "Surface":
        """The surface at X' = scale * rotation X + translation."""
        vertices = scale * self.vertices @ rotation.T + translation
        return Surface(np.asarray(vertices), self.faces, self.colours, self.seen)


@dataclass(frozen=True)
class Point:
    """A named point of the face, or the reason why it is not there."""

    position: np.ndarray | None  # (3,) mm
    interval: float | None  # mm: the half-width of its 95 % interval, along its worst direction
    views: int  # photographs in which it was seen
    reason: str | None
