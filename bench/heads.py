"""Heads in millimetres that benchmarks render views of: the scanned one of the real data, or a drawn one.

Infinite-Realities, "Lee Perry-Smith", CC BY 3.0. Its eyes are closed. The file has no unit; ours makes the head, from
the chin's lower edge to its top, 220 mm high. Needs DracoPy, which only a developer's installation has.
"""

import json
import struct
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import DracoPy
import numpy as np
import trimesh

from bench.demo import PROJECT
from tasks import params
from tasks.base import images
from tasks.params.phantoms import PhantomsHeads
from tasks.params.surface import SurfaceMeasure, SurfaceReconstruct
from tasks.phantoms.heads.people import Head as Drawn
from tasks.phantoms.heads.people import head
from tasks.phantoms.heads.points import places
from tasks.phantoms.heads.visits import MIDDLE
from tasks.space.render import Light, Paint
from tasks.space.views import Point, Surface
from tasks.surface.geometry.head_frame import upright
from tasks.surface.geometry.mid_plane import Plane
from tasks.surface.geometry.nearest_points import Finder

UNIT = 50.0  # mm
FROM_THE_CENTRE = np.array([0.0, 1.75, 0.0])  # of the bust to that of the head, in the file's unit
SOFT = Light(ambient=0.45, lamps=np.array([[0.12, 0.2, 0.3], [-0.15, 0.05, 0.25]]))
"""Daylight from the front and both sides: nothing is white, nothing black."""


ACROSS = np.array([1.0, 0.0, 0.0])  # a drawn head's mid-plane is x = 0
NOSE = 30.0  # mm to each side of the middle: what stands foremost there is the tip of the nose
ROUNDS = 200  # after 60 a face of 34 photographs still lay 0.29 mm off, after 150 0.09
FEW = 10
"""Rounds of a benchmark that only shows that it runs."""
FEW_VIEWS = {"ring_reach": 45, "pitched": ((0, 25), (0, -25)), "asymmetries": (1.0,), "width": 320, "height": 400}
"""Its photographs: of one drawn head from nine places."""


@dataclass(frozen=True)
class Head:
    """A head that can be rendered: z out of the face, y up, x to its left; its middle at the origin."""

    surface: Surface
    paint: Paint


def scanned_head(
    real: Path,  # the folder that VERMILION_REAL names
) -> Head:
    """The scan, (9223 vertices, 17684 triangles), with its texture of 1024 x 1024. Shoulders are on it."""
    packed = _packed((real / "head/head.glb").read_bytes())
    found = DracoPy.decode(packed)
    faces = np.asarray(found.faces).reshape(-1, 3).astype(np.int32)
    vertices = (np.asarray(found.points, float) - FROM_THE_CENTRE) * UNIT
    uv = np.asarray(found.tex_coord, float)[faces] * [1, -1] + [0, 1]  # the file's v is counted from below
    colours = np.full(vertices.shape, 180, np.uint8)
    paint = Paint(uv, images.read(real / "head/color.jpg"))
    return Head(Surface(vertices, faces, colours, np.ones(len(vertices), bool)), paint)


def held_upright(drawn: Drawn) -> dict[str, np.ndarray]:
    """The true points of a drawn head, held as Vermilion holds heads, by its own true eyes and mouth; in its frame.

    What lies furthest forward, back or down hangs on how a head is held; the drawn ones lean by 4 to 12 degrees.
    """
    lean = params.load(SurfaceReconstruct, "surface_reconstruct", PROJECT / "params.yaml").points.lean
    points = {name: Point(place, 0.0, 0, None) for name, place in drawn.points.items()}
    _, rotation, _ = upright(Plane(ACROSS, np.zeros(3), 1.0, 0.0), points, lean=lean)
    return {name: place @ rotation for name, place in places(drawn.surface.vertices @ rotation.T).items()}


def coarse(settings: SurfaceReconstruct) -> SurfaceReconstruct:
    """For a benchmark that only shows that it runs: a surface of a tenth as many vertices."""
    return settings.model_copy(
        update={"dense": settings.dense.model_copy(update={"voxel": 4.0, "octree": 6, "step": 1.5})}
    )


def seldom(settings: SurfaceMeasure) -> SurfaceMeasure:
    """For the same: measures are drawn again a few times alone."""
    return settings.model_copy(
        update={"measures": settings.measures.model_copy(update={"of_points": 10, "of_surface": 2})}
    )


@cache
def drawn_head() -> Head:
    """The demo's first head, which needs no data of one's own."""
    drawn = head(0, settings=params.load(PhantomsHeads, "phantoms_heads", PROJECT / "params.yaml"))
    return Head(drawn.surface.moved(1.0, np.eye(3), -MIDDLE), drawn.paint)


def away_from(
    head: Head,
    vertices: np.ndarray,  # (V, 3) of a made surface that stands upright, of any size and place
    tip: np.ndarray,  # (3,) its pronasale
    rounds: int = ROUNDS,
) -> np.ndarray:
    """How far each vertex lies from the head, in its mm, (V,), once the made surface lies on it as well as it can.

    The best similarity, by the nearest places of nine vertices in ten: place and size do not count.
    """
    motion = laid_on(head.surface, vertices, tip, rounds)
    laid = trimesh.transform_points(vertices, motion)
    return np.asarray(np.linalg.norm(laid - Finder(head.surface).nearest(laid).places, axis=1))


def laid_on(
    surface: Surface,  # of a head: z out of the face
    vertices: np.ndarray,  # (V, 3) of a made one
    tip: np.ndarray,  # (3,) its pronasale
    rounds: int = ROUNDS,
) -> np.ndarray:
    """The similarity (4, 4) that brings the made vertices onto the head, by the nearest places of nine in ten."""
    near, true = Finder(surface), surface.vertices
    foremost = true[np.argmax(np.where(np.abs(true[:, 0]) < NOSE, true[:, 2], -np.inf))]
    whole, chance = np.eye(4), np.random.default_rng(0)
    whole[:3, 3] = foremost - tip
    for _ in range(rounds):
        chosen = vertices[chance.choice(len(vertices), min(len(vertices), 4000), replace=False)]
        some = trimesh.transform_points(chosen, whole)
        places = near.nearest(some).places
        gaps = np.linalg.norm(some - places, axis=1)
        kept = gaps <= np.quantile(gaps, 0.9)
        motion, _, _ = trimesh.registration.procrustes(some[kept], places[kept], reflection=False, scale=True)
        whole = motion @ whole
    return np.asarray(whole)


def _packed(content: bytes) -> bytes:
    """The Draco part of a .glb file."""
    size = struct.unpack("<I", content[12:16])[0]
    described = json.loads(content[20 : 20 + size])
    number = described["meshes"][0]["primitives"][0]["extensions"]["KHR_draco_mesh_compression"]["bufferView"]
    view = described["bufferViews"][number]
    start = 28 + size + view.get("byteOffset", 0)
    return content[start : start + view["byteLength"]]
