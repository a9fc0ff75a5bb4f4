"""How a classifier gets to see faces: the same way from photographs as from generated pictures.

In: pictures. Out: the face (or mouth) cropped by its 68 points, at one size; spoilt anew for every training step.
Rosero et al. 2025, DiffusionCleft, section 5.5. Where one class is photographs and the other generated, a network can
learn which is which instead of what a cleft is. So photographs are brought to the generated pictures' size first, both
go through one crop, and both are blurred and compressed at random. That makes the trap smaller, not harmless.
Knows nothing of classes.
"""

import math

import cv2
import numpy as np

from tasks.params.ingest import LandmarkModel
from tasks.synthesis.gate.screening import enlarged, find
from tasks.synthesis.measures.fidelity import square

SEEN = 256
"""Side to which smaller pictures are enlarged for the detector, pixels."""
FACE, MOUTH = 1.15, 1.6
"""Side of the crop: of the face's longer extent by its points, of the mouth's width."""
SHIFT = 0.05
GROW = 0.06
LIGHT = 0.15
BLUR = (0.3, 1.2)
"""Standard deviation, pixels of the crop."""
QUALITY = (40, 95)
"""Of JPEG."""


def crop(
    picture: np.ndarray,  # (H, W, 3) uint8 RGB
    known: np.ndarray | None,  # (68, 2) px of the picture, for where no face is found at `side`
    *,
    side: int,
    region: str,
    size: int,
    model: LandmarkModel,
) -> np.ndarray | None:
    """The surest face (or its mouth), (size, size, 3) uint8 RGB, from the picture at `side` pixels; None: no face."""
    seen = enlarged(square(picture, side), SEEN)
    points = find(seen, model=model, min_score=0.0, second_face_score=math.inf).points
    if points is None and known is not None:
        points = points_in_square(known, picture.shape, len(seen))
    if points is None:
        return None
    own = points[48:] if region == "mouth" else points
    low, high = own.min(axis=0), own.max(axis=0)
    half = (MOUTH if region == "mouth" else FACE) * float((high - low).max()) / 2
    scale = size / (2 * half)
    middle = (low + high) / 2
    matrix = np.array([[scale, 0, size / 2 - scale * middle[0]], [0, scale, size / 2 - scale * middle[1]]])
    return _moved(seen, matrix, size)


def points_in_square(points: np.ndarray, shape: tuple[int, ...], side: int) -> np.ndarray:
    """(68, 2) px of a picture of this shape, to px of its middle square at `side` pixels."""
    least = min(shape[:2])
    corner = [(shape[1] - least) // 2, (shape[0] - least) // 2]
    return np.asarray((points + 0.5 - corner) * side / least - 0.5)


def spoilt(
    picture: np.ndarray,  # (S, S, 3) uint8 RGB
    rng: np.random.Generator,
) -> np.ndarray:
    """The crop mirrored or not, moved and lit a little, blurred and through JPEG, each by chance."""
    size = len(picture)
    mirrored = picture[:, ::-1] if rng.random() < 0.5 else picture
    scale = 1 + rng.uniform(-GROW, GROW)
    moved = rng.uniform(-SHIFT, SHIFT, 2) * size + size / 2 * (1 - scale)
    seen = _moved(mirrored, np.array([[scale, 0, moved[0]], [0, scale, moved[1]]]), size)
    seen = cv2.GaussianBlur(seen, (0, 0), rng.uniform(*BLUR))
    lit = seen.astype(np.float32) * (1 + rng.uniform(-LIGHT, LIGHT)) + 255 * rng.uniform(-LIGHT, LIGHT) / 2
    return compressed(np.clip(np.rint(lit), 0, 255).astype(np.uint8), int(rng.integers(*QUALITY)))


def plain(
    picture: np.ndarray,  # (S, S, 3) uint8 RGB
) -> np.ndarray:
    """As `spoilt` sees it on average: blurred and compressed in the middle of the ranges, not moved."""
    return compressed(cv2.GaussianBlur(picture, (0, 0), sum(BLUR) / 2), sum(QUALITY) // 2)


def compressed(picture: np.ndarray, quality: int) -> np.ndarray:
    """(S, S, 3) uint8 RGB through JPEG."""
    data = cv2.imencode(".jpg", np.ascontiguousarray(picture[:, :, ::-1]), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    back = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return np.ascontiguousarray(np.asarray(back)[:, :, ::-1])


def _moved(picture: np.ndarray, matrix: np.ndarray, size: int) -> np.ndarray:
    """By the 2 x 3 matrix, averaged when it reduces; what lies outside repeats the edge."""
    if matrix[0, 0] < 1:
        picture = cv2.GaussianBlur(picture, (0, 0), 0.4 / matrix[0, 0])
    shape, border = (size, size), cv2.BORDER_REPLICATE
    return np.asarray(cv2.warpAffine(np.ascontiguousarray(picture), matrix, shape, borderMode=border))
