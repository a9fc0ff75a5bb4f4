"""The head's frame: millimetres, origin at the subnasale, x to the patient's left, y up, z out of the face.

In: the mid-plane and named points. Out: the motion into that frame. x is across the mid-plane; up is from between the
corners of the mouth to between those of the eyes, tilted by what that line leans in a head that is held upright.
"""

from collections.abc import Mapping

import numpy as np

from tasks.space.views import Point
from tasks.surface.geometry.mid_plane import SIDES, Plane

Motion = tuple[float, np.ndarray, np.ndarray]
"""Scale, rotation (3, 3) and translation (3,), as `Surface.moved` and `Camera.moved` take them."""
EYES, MOUTH = ("exocanthion", "endocanthion"), ("cheilion",)


def upright(
    plane: Plane,
    points: Mapping[str, Point],
    *,
    lean: float,  # degrees by which the eyes lie behind the mouth, seen from it, in an upright head
) -> Motion:
    """The motion into the head's frame. ValueError where eyes, mouth or subnasale are not known.

    The origin is the subnasale itself, which in a cleft lies beside the mid-plane; x = 0 is parallel to that plane.
    """
    places = {name: point.position for name, point in points.items() if point.position is not None}
    eyes, mouth = (_middle(places, names, plane) for names in (EYES, MOUTH))
    if eyes is None or mouth is None or "subnasale" not in places:
        raise ValueError("eye corners, mouth corners and subnasale stand a head upright; place by hand what is missing")
    x = plane.normal
    along = eyes - mouth
    along -= (along @ x) * x
    along /= np.linalg.norm(along)
    out = np.cross(x, along)
    angle = np.radians(lean)
    y = np.cos(angle) * along + np.sin(angle) * out
    rotation = np.stack([x, y, np.cross(x, y)])
    return 1.0, rotation, -rotation @ places["subnasale"]


def _middle(places: Mapping[str, np.ndarray], names: tuple[str, ...], plane: Plane) -> np.ndarray | None:
    """The middle of those points, on the plane; one side alone will do."""
    found = [places[f"{name}_{side}"] for name in names for side in SIDES if f"{name}_{side}" in places]
    if not found:
        return None
    middle = np.mean(found, axis=0)
    return np.asarray(middle - plane.beyond(middle) * plane.normal)


def moved(points: Mapping[str, Point], motion: Motion) -> dict[str, Point]:
    """Points after a motion of scale 1; intervals keep their size."""
    _, rotation, translation = motion
    return {
        name: Point(None if own.position is None else rotation @ own.position + translation, *rest(own))
        for name, own in points.items()
    }


def rest(point: Point) -> tuple[float | None, int, str | None]:
    """What a point says beside its place."""
    return point.interval, point.views, point.reason
