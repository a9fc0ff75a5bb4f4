"""How asymmetric a shape is: its distance from its own mirror image, in millimetres, signed.

In: vertices of a shape of the template, whose true mid-plane is x = 0. Out: per vertex the distance to the mirrored
surface (not to the mirrored vertex: what slides along the surface is no asymmetry of shape), above 0 where it stands
out further than the other side does, and its root mean square over the nose and lips.
"""

from functools import lru_cache

import numpy as np
import trimesh
from scipy.optimize import brentq
from scipy.spatial import cKDTree

from tasks.phantoms.heads.clefts import Side, moves
from tasks.phantoms.heads.template import SKIN, template
from tasks.space.render import normals, render
from tasks.space.rings import camera_around
from tasks.space.views import Surface

NASOLABIAL = np.array([[-28.0, -29.0, -26.0], [28.0, 27.0, 39.0]])
"""mm from the subnasale on the neutral head: nose below the bridge, lips, and the cheeks beside them."""
NEAR = 12  # triangles about a vertex among which the nearest is looked for
MOST = 5.0  # amplitude: beyond it the bumps would fold the surface
LOOKED = ((-50.0, 0.0), (0.0, 0.0), (50.0, 0.0), (0.0, -30.0), (0.0, 30.0))
FACING = 1.5  # mm: how far behind the nearest surface a vertex may lie and still be seen


def surface_of(vertices: np.ndarray) -> Surface:
    """The shape as a surface, all of it seen and grey."""
    grey = np.full(vertices.shape, 180, np.uint8)
    return Surface(vertices, template().faces, grey, np.ones(len(vertices), bool))


@lru_cache(maxsize=1)
def outside() -> np.ndarray:
    """Which vertices, (V,) bool, some camera before the face sees: not the mouth's inside, nor the nose's."""
    head = template()
    seen = np.zeros(len(head.neutral), bool)
    for yaw, pitch in LOOKED:
        camera = camera_around(yaw, pitch, centre=np.zeros(3), distance=900, focal=1500, width=400, height=500)
        depth = render(surface_of(head.neutral), camera).depth
        across, down = np.rint(camera.project(head.neutral)).astype(int).T
        inside = (across >= 0) & (across < camera.width) & (down >= 0) & (down < camera.height)
        own = camera.seen(head.neutral)[:, 2]
        seen[inside] |= own[inside] < depth[down[inside], across[inside]] + FACING
    return np.asarray((seen | seen[head.mirror]) & (head.part == SKIN))


@lru_cache(maxsize=1)
def nasolabial() -> np.ndarray:
    """The vertices of nose and lips, as numbers."""
    low, high = NASOLABIAL
    return np.flatnonzero(outside() & ((template().neutral > low) & (template().neutral < high)).all(axis=1))


def signed(vertices: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Millimetres (n,) from the vertices `which` to the mirrored surface; above 0 outside it.

    Only what can be seen counts: the back of a lip, some millimetres behind its skin, is no skin's counterpart.
    """
    faces = template().faces[outside()[template().faces].any(axis=1)]
    mirrored = vertices * [-1, 1, 1]
    triangles = mirrored[faces[:, ::-1]]
    _, near = cKDTree(triangles.mean(axis=1)).query(vertices[which], NEAR)
    points = np.repeat(vertices[which], NEAR, axis=0)
    closest = trimesh.triangles.closest_point(triangles[near.ravel()], points).reshape(len(which), NEAR, 3)
    away = np.linalg.norm(closest - vertices[which][:, None], axis=2)
    best = np.argmin(away, axis=1)
    rows = np.arange(len(which))
    across = vertices[which] - closest[rows, best]
    outwards = normals(surface_of(vertices))[which]
    return np.asarray(np.copysign(away[rows, best], np.einsum("nk,nk->n", across, outwards)))


def rms(vertices: np.ndarray) -> float:
    """The root mean square of `signed` over nose and lips, by area, mm."""
    which, faces = nasolabial(), template().faces
    corners = vertices[faces]
    doubled = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    area = np.bincount(faces.ravel(), np.repeat(doubled, 3), len(vertices))[which]
    return float(np.sqrt(np.average(signed(vertices, which) ** 2, weights=area)))


def made_asymmetric(vertices: np.ndarray, side: Side, asymmetry: float) -> tuple[np.ndarray, np.ndarray]:
    """A symmetric shape (V, 3) with a cleft's nose and lip of exactly that `rms` (mm), and its moves (V, 3).

    ValueError beyond what amplitude MOST gives.
    """
    each = moves(side)
    if rms(vertices + MOST * each) < asymmetry:
        raise ValueError(f"{asymmetry} mm: heads are drawn with at most {rms(vertices + MOST * each):.1f} mm")
    amplitude = brentq(lambda share: rms(vertices + share * each) - asymmetry, 0.0, MOST, xtol=1e-5)
    return vertices + amplitude * each, amplitude * each
