"""Drawn faces with clefts, dlib's points in them, and the true ones."""

from functools import cache

import numpy as np

from flows import PROJECT
from tasks import params
from tasks.ingest.faces.landmarks import measure_face
from tasks.params.anthropometry import AnthropometryPoints
from tasks.params.ingest import IngestLandmarks
from tasks.params.phantoms import PhantomsDraw
from tasks.phantoms.files import Still, draw_still
from tasks.phantoms.shape import Cleft

PARAMS = PROJECT / "params.yaml"
SETTINGS = params.load(AnthropometryPoints, "anthropometry_points", PARAMS)


@cache
def face(
    number: int, severity: float = 0.0, side: str = "left", *, repaired: bool = True
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A picture, (384, 384, 3) uint8 RGB, dlib's points and the true ones, (68, 2) px. Not to be changed in place."""
    draw = params.load(PhantomsDraw, "phantoms_draw", PARAMS)
    cleft = Cleft(severity, "left" if side == "left" else "right", repaired=repaired)
    drawing = draw_still(Still("", "", 91_000 + number, 0, draw.image_size, cleft, draw.variation))
    row = measure_face(drawing.image, params.load(IngestLandmarks, "ingest_landmarks", PARAMS))
    return drawing.image, np.reshape(np.asarray(row["points"], float), (68, 2)), drawing.landmarks
