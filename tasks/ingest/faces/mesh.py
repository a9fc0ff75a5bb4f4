"""The 478-point model with irises: where it lies, how a face is shown to it, and which of its points have a name.

In: a photograph and a rough idea of where eyes, mouth and chin are (68 points). Out: 478 points in the
photograph's pixels. OpenCV runs the network, so no runtime is added. Does not know what is refined or measured.
"""

import threading
from pathlib import Path

import cv2
import numpy as np

from tasks.base import weights
from tasks.ingest.faces.lips import LEFT_EYE, RIGHT_EYE
from tasks.ingest.faces.resampling import resample

SIDE, NUMBER = 256, 478
LANDMARKS = "Identity"
"""The network's tensor of 478 times x, y, depth."""

MIDLINE: dict[str, tuple[int, ...]] = {
    "glabella": (9,),
    "nasion": (168,),
    "pronasale": (4,),
    "subnasale": (94,),
    "labiale_superius": (0,),
    "stomion": (13, 14),
    "labiale_inferius": (17,),
    "sublabiale": (18,),
    "menton": (152,),
}
PAIRED: dict[str, tuple[int, int]] = {  # the patient's right one, the left one
    "superciliare": (105, 334),
    "exocanthion": (33, 263),
    "endocanthion": (133, 362),
    "palpebrale_superius": (159, 386),
    "palpebrale_inferius": (145, 374),
    "pupil": (468, 473),
    "iris_outer": (471, 474),
    "iris_inner": (469, 476),
    "alare": (48, 278),
    "alar_base": (240, 460),
    "columella": (242, 462),
    "nostril_outer": (219, 439),
    "nostril_inner": (238, 458),
    "philtrum_top": (97, 326),
    "crista_philtri": (37, 267),
    "cheilion": (61, 291),
    "zygion": (234, 454),
    "gonion": (172, 397),
}
"""Numbers of the named points: those that lie closest to London's hand-placed ones."""

UPPER_BORDER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
UPPER_INNER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_BORDER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)
NOSE = (209, 49, 129, 64, 98, 97, 2, 326, 327, 294, 358, 279, 429)
NOSTRIL_RIGHT = (219, 218, 237, 44, 238, 60, 75, 59)
NOSTRIL_LEFT = (439, 438, 457, 274, 458, 290, 305, 289)

_networks = threading.local()


def _network() -> cv2.dnn.Net:
    """This thread's own network: one cannot serve two at once."""
    if not hasattr(_networks, "net"):
        content = weights.read("face_mesh_478", Path())
        _networks.net = cv2.dnn.readNetFromTFLite(np.frombuffer(content, np.uint8))
    net: cv2.dnn.Net = _networks.net
    return net


def mesh(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
    points: np.ndarray,  # (68, 2) float, px
    *,
    crop: float,
    crop_raised: float,
) -> np.ndarray:
    """The model's points, (478, 2) float px, on a square levelled by the eyes around the 68 points."""
    return solid(image, points, crop=crop, crop_raised=crop_raised)[:, :2]


def solid(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
    points: np.ndarray,  # (68, 2) float, px
    *,
    crop: float,
    crop_raised: float,
) -> np.ndarray:
    """The same points with the depth that the model guesses, away from the camera, (478, 3) float px."""
    return looked_at(image, around(points, crop, crop_raised))


def looked_at(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
    to_image: np.ndarray,  # (2, 3): px of the model's picture to px of the photograph
) -> np.ndarray:
    """The model's points and depth on a square of the photograph, (478, 3) float px."""
    picture = resample(image, to_image, (SIDE, SIDE), enlarging=cv2.INTER_LINEAR)
    net = _network()
    net.setInput(np.ascontiguousarray(picture.transpose(2, 0, 1)[None], np.float32) / 255)
    found = net.forward(LANDMARKS).reshape(NUMBER, 3).astype(float)
    depth = found[:, 2:] * float(np.hypot(*to_image[:, 0]))
    return np.column_stack([found[:, :2] @ to_image[:, :2].T + to_image[:, 2], depth])


def around(
    points: np.ndarray,  # (68, 2) float, px
    crop: float,
    crop_raised: float,
) -> np.ndarray:
    """(2, 3): px of the model's picture to px of the photograph; the square around the points, levelled by the eyes."""
    right, left = points[RIGHT_EYE].mean(axis=0), points[LEFT_EYE].mean(axis=0)
    x = (left - right) / np.hypot(*(left - right))
    turned = np.stack([x, [-x[1], x[0]]])
    level = points @ turned.T
    low, high = level.min(axis=0), level.max(axis=0)
    side = float((high - low).max()) * crop
    middle = (low + high) / 2 - [0, crop_raised * side]
    scaled = turned.T * (side / SIDE)
    return np.column_stack([scaled, turned.T @ middle - scaled @ np.full(2, (SIDE - 1) / 2)])
