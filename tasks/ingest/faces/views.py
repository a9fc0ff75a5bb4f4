"""From where a photograph shows a face: from the front, or in profile, and whether that is what images.csv says.

In: a photograph and its `view`. Out: a profile's points, or why it is none; of a photograph without a face from the
front, whether it is one in profile. Measures nothing.
"""

import numpy as np

from tasks.errors import InputError
from tasks.ingest.faces import profile
from tasks.ingest.faces.detection import NO_FACE, find_face
from tasks.params.ingest import IngestLandmarks

VIEWED: dict[str, profile.View] = {"left": "left", "right": "right"}
"""Views that are profiles, by their words in images.csv."""
IN_PROFILE = "in profile: its outline is measured, and nothing that needs a face from the front"


def seen_in_profile(
    image: np.ndarray,  # (H, W, 3) uint8 RGB, upright
    view: profile.View,
    settings: IngestLandmarks,
) -> profile.Seen:
    """A profile's points. InputError: it is no profile, or of the other side, or the background is uneven."""
    face = find_face(image, settings)
    if face is not None and face.score >= settings.second_face_score:
        raise profile.NoProfile(f"the face is seen from the front, but its view is called {view}")
    return profile.find(image, view, settings=settings.profile)


def unfit_profile(image: np.ndarray, view: profile.View, settings: IngestLandmarks) -> str | None:
    """Why a photograph is no profile of this view; None where it is."""
    try:
        seen_in_profile(image, view, settings)
    except InputError as error:
        return str(error)
    return None


def without_face(image: np.ndarray, settings: IngestLandmarks) -> str:
    """Why no face from the front was found: where there is one in profile, it is said, with what to do."""
    view = profile.view_of(image, settings=settings.profile)
    return NO_FACE if view is None else f"the face is in profile, not from the front: its view is {view}"
