"""The head that a face shows: where it looks, how large it is, how it holds its mouth, whose it is.

In: a photograph in which the detector finds a face. Out: one `Head`. The direction is read off the 478 points with the
depth that their model guesses: on a scanned head within 3 degrees up to 45 to the side (docs/capture.md). A head's own
frame: x to the patient's left, y up, z out of the face.
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import dlib
import numpy as np

from tasks.base import weights
from tasks.ingest.faces.mesh import PAIRED, solid

CROP, CROP_RAISED = 1.5, 0.05
"""How the 478-point model is shown a face, as everywhere in this house."""
HAIRLINE, CHIN = 10, 152
LIPS = (13, 14)
ACROSS = ("exocanthion", "endocanthion", "zygion", "gonion", "cheilion", "alare")
LEANS = np.radians(3.5)
"""By which the model's line from chin to hairline leans forward in people who look straight ahead (London, median)."""
EYES, MOUTH = PAIRED["exocanthion"], PAIRED["cheilion"]


class Head(NamedTuple):
    """`rotation`: from the head's frame to the camera's (x right, y down, z forward), (3, 3)."""

    rotation: np.ndarray
    height: float  # px of the photograph, from the hairline to the chin
    low: np.ndarray  # (2,) px: the corner above and left of all points
    high: np.ndarray  # (2,) px: the corner below and right
    opening: float  # between the lips, over the distance of the outer eye corners
    width: float  # of the mouth, likewise
    descriptor: np.ndarray  # (128,): two of one person lie closer than 0.6


def head_of(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
    points: np.ndarray,  # (68, 2) px
) -> Head:
    """The head whose 68 points these are."""
    found = solid(image, points, crop=CROP, crop_raised=CROP_RAISED)
    eyes = _apart(found, *EYES)
    low, high = found[:, :2].min(axis=0), found[:, :2].max(axis=0)
    openings = (_apart(found, *LIPS) / eyes, _apart(found, *MOUTH) / eyes)
    return Head(rotation_of(found), _apart(found, HAIRLINE, CHIN), low, high, *openings, _descriptor(image, points))


def rotation_of(
    found: np.ndarray,  # (478, 3) px, depth away from the camera
) -> np.ndarray:
    """The head's rotation, (3, 3): its columns are the head's axes as the camera sees them."""
    x = np.sum([found[left] - found[right] for right, left in map(PAIRED.__getitem__, ACROSS)], axis=0)
    x = x / np.linalg.norm(x)
    up = found[HAIRLINE] - found[CHIN]
    up = up - (up @ x) * x
    up = up / np.linalg.norm(up)
    out = np.cross(x, up)
    y = np.cos(LEANS) * up - np.sin(LEANS) * out
    return np.column_stack([x, y, np.cross(x, y)])


def _apart(found: np.ndarray, one: int, other: int) -> float:
    return float(np.linalg.norm(found[one] - found[other]))


@cache
def _network() -> dlib.face_recognition_model_v1:
    return dlib.face_recognition_model_v1(str(weights.verified("dlib_face_embedding", Path())))


def _descriptor(image: np.ndarray, points: np.ndarray) -> np.ndarray:
    low, high = points.min(axis=0).round().astype(int), points.max(axis=0).round().astype(int)
    parts = [dlib.point(int(x), int(y)) for x, y in points.round()]
    shape = dlib.full_object_detection(dlib.rectangle(*low.tolist(), *high.tolist()), parts)
    return np.array(_network().compute_face_descriptor(np.ascontiguousarray(image), shape))
