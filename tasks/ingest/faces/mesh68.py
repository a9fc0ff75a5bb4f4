"""The 68 points by the 478-point model, for a run without dlib's 68-point file (`ingest_landmarks: model: mesh`).

In: a picture and the face's box. Out: 68 points in the usual order. Inner points are the model's nearest by meaning,
each pair of sides by mirrored numbers; the jaw's 17 stand in equal steps along the model's outline, ear to chin to ear,
as the 68 are defined. None was chosen by what dlib says; bench/landmarks.py shows how far apart the two are.
"""

import numpy as np

from tasks.ingest.faces.mesh import SIDE, around, looked_at

OUTLINE = (
    *(127, 234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152),
    *(377, 400, 378, 379, 365, 397, 288, 361, 323, 454, 356),
)
"""The face's lower outline, from the patient's right ear to the left one."""
CHIN = OUTLINE.index(152)
STEPS = 8
"""From an ear to the chin."""
INNER = (
    *(70, 63, 105, 66, 107, 336, 296, 334, 293, 300),  # brows
    *(168, 6, 195, 4, 75, 97, 2, 326, 305),  # nose
    *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),  # eyes
    *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),  # lips, outer border
    *(78, 82, 13, 312, 308, 317, 14, 87),  # and inner one
)
"""The numbers of points 17 to 67."""
BOX_CROP, BOX_RAISED = 1.4, 0.1
"""The first look's square, of the detector's box: it goes from brows to chin, and the network wants the whole head."""
CROP, RAISED = 1.5, 0.05
"""The second look's, of the first one's points; levelled by their eyes."""


def place(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
    box: np.ndarray,  # (4,) left, top, right, bottom, px
) -> np.ndarray:
    """The points in a face box, (68, 2) float px of the image. Two looks: the box does not know how the head tilts."""
    scale = float(box[2] - box[0]) * BOX_CROP / SIDE
    corner = (box[:2] + box[2:]) / 2 - [0, BOX_RAISED * scale * SIDE] - scale * (SIDE - 1) / 2
    upright = np.column_stack([np.eye(2) * scale, corner])
    first = of_mesh(looked_at(image, upright)[:, :2])
    return of_mesh(looked_at(image, around(first, CROP, RAISED))[:, :2])


def of_mesh(
    found: np.ndarray,  # (478, 2) float
) -> np.ndarray:
    """The 68 points of 478, (68, 2)."""
    outline = found[list(OUTLINE)]
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(outline, axis=0).T))])
    chin, end = along[CHIN], along[-1]
    steps = np.concatenate([np.linspace(0, chin, STEPS + 1), np.linspace(chin, end, STEPS + 1)[1:]])
    jaw = np.column_stack([np.interp(steps, along, outline[:, axis]) for axis in (0, 1)])
    return np.vstack([jaw, found[list(INNER)]])
