"""Points with directions to triangles: Poisson's surface (Kazhdan and Hoppe 2013), by pycolmap, without a GPU.

In: what tasks/surface/dense/stereo.py agreed on. Out: vertices and triangles, seen from outside counter-clockwise.
Poisson's surface is closed; whatever lies further from every point than `fill` is cut off, so that larger holes stay
holes. One thread: with more the last bits differ from run to run. Does not smooth besides: the octree's cells (the
ball's diameter by 2 to the `octree`) are its resolution.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import trimesh
from scipy.spatial import cKDTree

from tasks.params.surface import SurfaceDense
from tasks.space.views import Surface
from tasks.surface.cameras.colmap import pycolmap
from tasks.surface.cameras.features import quiet
from tasks.surface.dense.stereo import Cloud

COLUMNS = ("x", "y", "z", "nx", "ny", "nz")


def meshed(cloud: Cloud, *, settings: SurfaceDense) -> Surface:
    """The surface within `fill` of the points, grey, nothing of it seen; may be in several pieces."""
    options = pycolmap.PoissonMeshingOptions()
    options.depth, options.trim, options.num_threads = settings.octree, 0.0, 1
    options.point_weight, options.color = settings.point_weight, False
    with TemporaryDirectory(prefix="vermilion-") as folder:  # readable to its owner alone
        given, made = Path(folder) / "points.ply", Path(folder) / "surface.ply"
        given.write_bytes(_ply(cloud))
        with quiet():
            pycolmap.poisson_meshing(given, made, options)
        mesh = trimesh.load_mesh(made, process=False)
    vertices, faces = np.asarray(mesh.vertices, dtype=np.float64), np.asarray(mesh.faces, dtype=np.int32)
    away = cKDTree(cloud.points).query(vertices, distance_upper_bound=settings.fill)[0]
    vertices, faces, _ = part(vertices, faces, np.isfinite(away))
    return Surface(vertices, faces, np.full(vertices.shape, 128, np.uint8), np.zeros(len(vertices), bool))


def _ply(cloud: Cloud) -> bytes:
    """The points as a .ply file with directions."""
    head = "".join(f"property float {name}\n" for name in COLUMNS)
    text = f"ply\nformat binary_little_endian 1.0\nelement vertex {len(cloud.points)}\n{head}end_header\n"
    return text.encode() + np.hstack([cloud.points, cloud.directions]).astype("<f4").tobytes()


def part(
    vertices: np.ndarray,  # (V, 3)
    faces: np.ndarray,  # (F, 3)
    kept: np.ndarray,  # (V,) bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The triangles all of whose corners are kept: vertices, faces, and the numbers that its vertices had before."""
    whole = faces[kept[faces].all(axis=1)]
    numbers = np.unique(whole)
    again = np.zeros(len(vertices), dtype=np.int32)
    again[numbers] = np.arange(len(numbers), dtype=np.int32)
    return vertices[numbers], again[whole], numbers
