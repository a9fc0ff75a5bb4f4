"""Drawn faces with their true points, each drawn once."""

from dataclasses import replace
from functools import cache

import cv2
import numpy as np

from flows import PROJECT
from tasks import params
from tasks.params.ingest import IngestLandmarks
from tasks.phantoms.identity import identity
from tasks.phantoms.motion import FRONTAL
from tasks.phantoms.render import Drawing, render
from tasks.phantoms.shape import NEUTRAL, NO_CLEFT

NUMBERS = params.load(IngestLandmarks, "ingest_landmarks", PROJECT / "params.yaml")
SETTINGS = IngestLandmarks(
    model="dlib",
    detect_side=450,
    enlarge_to=900,
    min_score=0.0,
    sure_score=1.2,
    min_lead=0.3,
    second_face_score=0.5,
    several="refuse",
    predict_side=512,
    min_interocular=40,
    max_yaw=20,
    max_pitch=25,
    max_roll=30,
    min_sharpness=0.27,
    min_mouth_contrast=0.5,
    profile=NUMBERS.profile,
)


@cache
def face(seed: int = 3, *, size: int = 300, **pose: float) -> Drawing:
    """A frontal control face; `pose` may give yaw, pitch, roll in degrees. Not to be changed in place."""
    return render(identity(seed), size=size, expression=NEUTRAL, pose=replace(FRONTAL, **pose), cleft=NO_CLEFT, frame=0)


def scaled(image: np.ndarray, scale: float) -> np.ndarray:
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=method)


def covered_mouth(drawing: Drawing) -> np.ndarray:
    """The picture with a grey rectangle over the mouth, as a mask or a hand would lie."""
    image = drawing.image.copy()
    mouth = drawing.landmarks[48:]
    margin = 0.35 * np.ptp(mouth[:, 0])
    left, top = (mouth.min(axis=0) - margin).astype(int)
    right, bottom = (mouth.max(axis=0) + margin).astype(int)
    image[top:bottom, left:right] = 128
    return image
