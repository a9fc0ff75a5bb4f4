"""The named points of a head in space, from where its photographs show them.

In: photographs with known cameras, the surface they gave, and points that a person placed. Out: every point of
tasks.surface.points.names with its 95 % interval, or the reason why it is not there. Each photograph's points (dlib's
68 and the 478 of tasks.ingest.faces.mesh) are rays; what most rays agree upon is followed along their mean onto the
surface, and what geometry defines is then looked for there (tasks.surface.points.on_surface).
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from tasks.base.words import counted
from tasks.ingest.faces.detection import find_face
from tasks.ingest.faces.landmarks import place_points
from tasks.ingest.faces.mesh import PAIRED as MESH_PAIRED
from tasks.ingest.faces.mesh import mesh
from tasks.params.ingest import IngestLandmarks
from tasks.params.surface import HeadPoints, MidPlane
from tasks.space.views import Camera, Point, Surface, View
from tasks.surface.geometry.head_frame import Motion, upright
from tasks.surface.geometry.mid_plane import between, midsagittal
from tasks.surface.geometry.nearest_points import Finder, hits
from tasks.surface.points.meeting_rays import Met, intersect
from tasks.surface.points.names import DLIB, MESH, POINTS, base_of, side_of
from tasks.surface.points.on_surface import defined

WIDE = 1.96  # deviations of a 95 % interval
IRIS = ("iris_inner", "iris_outer")
EDGES = {f"{name}_{side}": MESH_PAIRED[name][number] for name in IRIS for number, side in enumerate(("right", "left"))}
"""The irises' edges among the 478 points: what tells millimetres."""
BY_HAND = "place it by hand"
AROUND, SEEN = 3.0, 0.2
"""mm about a point, and the share of the surface there that photographs must have seen."""
BELOW = "menton"
"""It lies where photographs begin to see nothing, and every region hangs on it: it stays, with its wide interval."""


class Look(NamedTuple):
    """What one photograph shows of the points."""

    camera: Camera
    places: dict[str, np.ndarray]  # name: (n, 2) px, one of each model that has it
    name: str  # the photograph's
    mesh: np.ndarray  # (478, 2) px, of tasks.ingest.faces.mesh


def looks_of(views: Sequence[View], *, settings: HeadPoints, detection: IngestLandmarks) -> list[Look]:
    """Both models' points of every photograph in which dlib finds a face; the 478-point model's alone by choice."""
    both = settings.both_models and detection.model == "dlib"  # else they are the same points twice
    looks = []
    for view in views:
        face = find_face(view.image, detection)
        if face is None or face.score < settings.least_score:
            continue
        ours = place_points(view.image, face.box, model=detection.model, predict_side=detection.predict_side)
        found = mesh(view.image, ours, crop=settings.crop, crop_raised=settings.crop_raised)
        places = {name: found[list(numbers)].mean(axis=0)[None] for name, numbers in MESH.items()}
        places |= {name: found[[number]] for name, number in EDGES.items()}
        for name, number in DLIB.items() if both else ():
            places[name] = np.vstack([places[name], ours[number]])
        looks.append(Look(view.camera, places, view.name, found))
    return looks


def points_of(
    views: Sequence[View],
    surface: Surface,  # in mm
    *,
    settings: HeadPoints,
    plane: MidPlane,
    detection: IngestLandmarks,
    placed: Mapping[str, np.ndarray],  # by hand, in the surface's frame (`placed_by_hand`): kept as they are
) -> dict[str, Point]:
    """Every point by its name. ValueError where a placed point has no such name."""
    if strange := sorted(set(placed) - set(POINTS)):
        raise ValueError(f"{strange[0]}: no point has this name; there are: {', '.join(POINTS)}")
    looks = looks_of(views, settings=settings, detection=detection)
    return placed_on(looks, surface, settings=settings, plane=plane, placed=placed)


def places_of(looks: Sequence[Look], *, settings: HeadPoints) -> np.ndarray:
    """Where the rays of the models' points meet, before there is a surface: places (N, 3) about the face."""
    met = [meeting(looks, name, settings) for name in MESH]
    return np.array([one.place for one in met if one is not None]).reshape(-1, 3)


def placed_on(
    looks: Sequence[Look],
    surface: Surface,
    *,
    settings: HeadPoints,
    plane: MidPlane,
    placed: Mapping[str, np.ndarray],
) -> dict[str, Point]:
    """`points_of`, from what was seen."""
    by_hand = {name: Point(np.asarray(place, float), settings.hand, 0, None) for name, place in placed.items()}
    rough = _met(looks, surface, settings, None) | by_hand
    turned = _upright(surface, rough, settings, plane)
    if turned is None:
        return _seen(rough, surface)
    points = _met(looks, surface, settings, turned) | by_hand
    _, rotation, shift = turned
    places = {name: rotation @ own.position + shift for name, own in points.items() if own.position is not None}
    told = defined(surface.moved(*turned), places, reach=settings.reach, smoothing=settings.smoothing)
    for name in set(told) - set(by_hand):
        place = rotation.T @ (told[name] - shift)
        interval = settings.told.get(base_of(name), settings.seen[base_of(name)])  # of an older params.yaml
        points[name] = Point(place, interval, points[name].views, None)
    return _seen(points, surface) | by_hand


def _seen(points: Mapping[str, Point], surface: Surface) -> dict[str, Point]:
    """The points, those of them null around which the surface was closed without having been seen."""
    tree, kept = cKDTree(surface.vertices), dict(points)
    for name, point in points.items():
        if point.position is None or name == BELOW:
            continue
        around = tree.query_ball_point(point.position, AROUND)
        if around and surface.seen[around].mean() < SEEN:
            kept[name] = Point(None, None, point.views, "no photograph saw the surface there")
    return kept


def _upright(surface: Surface, points: Mapping[str, Point], settings: HeadPoints, plane: MidPlane) -> Motion | None:
    """The head's frame, by the surface's own plane or, failing that, the points'; None where too few are known."""
    try:
        first, _ = between(points)
        with suppress(ValueError):
            first = midsagittal(surface, points, settings=plane)
        return upright(first, points, lean=settings.lean)
    except ValueError:
        return None


def _met(looks: Sequence[Look], surface: Surface, settings: HeadPoints, frame: Motion | None) -> dict[str, Point]:
    """Every point where the rays of trusted photographs meet, on the surface; of those not there, the reason."""
    return {
        name: _point(name, [look for look in looks if trusted(name, look, frame, settings)], surface, settings)
        for name in POINTS
    }


def trusted(name: str, look: Look, frame: Motion | None, settings: HeadPoints) -> bool:
    """Whether a photograph is from where a point is seen well: not from the other side of the head."""
    if name not in look.places:
        return False
    if frame is None:
        return True
    _, rotation, shift = frame
    x, _, z = rotation @ look.camera.centre + shift
    yaw = float(np.degrees(np.arctan2(x, z))) * (side_of(name) or 1)
    return -(settings.far_yaw if side_of(name) else settings.most_yaw) <= yaw <= settings.most_yaw


def _point(name: str, looks: Sequence[Look], surface: Surface, settings: HeadPoints) -> Point:
    if name not in MESH:
        return Point(None, None, 0, f"no model of landmarks has this point; {BY_HAND}")
    if len(looks) < settings.least_views:
        return Point(None, None, len(looks), f"seen in {counted(len(looks), 'photograph', 'photographs')}; {BY_HAND}")
    centres, rays = _rays(looks, name)
    met = meeting(looks, name, settings)
    if met is None:
        return Point(None, None, len(looks), f"photographs do not agree where it is; {BY_HAND}")
    agreeing = len({tuple(centre) for centre in centres[met.inliers]})
    if agreeing < settings.least_views:
        return Point(None, None, agreeing, f"{agreeing} of {len(looks)} photographs agree where it is; {BY_HAND}")
    snapped = _snapped(met, rays, surface, settings.snap, settings.seen[base_of(name)])
    if snapped is None:
        return Point(None, None, agreeing, f"the surface has a hole there; {BY_HAND}")
    return Point(*snapped, agreeing, None)


def meeting(looks: Sequence[Look], name: str, settings: HeadPoints) -> Met | None:
    """Where the rays of photographs to a point meet; None where they do not agree."""
    if not looks:
        return None
    return intersect(*_rays(looks, name), gate=settings.gate, least_angle=settings.least_angle, noise=settings.noise)


def _rays(looks: Sequence[Look], name: str) -> tuple[np.ndarray, np.ndarray]:
    """From where (N, 3) and in which directions (N, 3) photographs show a point."""
    centres = np.repeat([look.camera.centre for look in looks], [len(look.places[name]) for look in looks], axis=0)
    return centres, np.vstack([look.camera.rays(look.places[name]) for look in looks])


def _snapped(met: Met, rays: np.ndarray, surface: Surface, snap: float, bias: float) -> tuple[np.ndarray, float] | None:
    """The place on the surface along the mean ray, and its interval: what lies along the ray is no longer in doubt.

    Where that ray passes the surface by, as at a wing's outline, the nearest place; how far it is counts as doubt.
    """
    ray = rays[met.inliers].mean(axis=0)
    ray /= np.linalg.norm(ray)
    along = hits(surface, met.place, ray)
    along = along[np.abs(along) <= snap]
    if len(along):  # the first of them is what the photographs show
        place, away = met.place + along[0] * ray, 0.0
    else:
        near = Finder(surface).nearest(met.place[None])
        place, away = near.places[0], float(np.linalg.norm(near.places[0] - met.place))
        if near.rim[0] or away > snap:
            return None
    across = np.eye(3) - np.outer(ray, ray)
    worst = float(np.linalg.eigvalsh(across @ met.covariance @ across)[-1])
    return place, float(np.sqrt(WIDE**2 * worst + bias**2 + away**2))
