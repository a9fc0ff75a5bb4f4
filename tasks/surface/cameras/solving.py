"""Cameras from the photographs of one visit: features, matches, structure from motion, and the lens's distortion out.

In: photographs from several sides, a calibrated lens or EXIF's focal length where there is one, the face's box where
one was found. Out: pinhole cameras, sparse points with what sees them, a table of residuals, and of every photograph
that has no camera the reason. The unit and the frame are arbitrary (tasks.surface.scale.millimetres,
tasks.surface.geometry.head_frame). The same bytes for the same seed and number of threads. Does not know whether it is
a head: it asks for one thing that is rigid and seen from enough sides.
"""

from collections.abc import Mapping

import numpy as np

from tasks.params.surface import SurfaceCameras
from tasks.space.views import View
from tasks.surface.cameras import refusals
from tasks.surface.cameras.calibration import Told
from tasks.surface.cameras.features import Features, features_of
from tasks.surface.cameras.matching import Pairs, all_matches, heads, within
from tasks.surface.cameras.solution import Placed, Solved, solved_from, view_of, where_of
from tasks.surface.cameras.structure_from_motion import mapped


def solve(
    pictures: Mapping[str, np.ndarray],  # (H, W, 3) uint8 RGB, upright
    focals: Mapping[str, Told],  # px (tasks.surface.cameras.lens), or a calibrated lens; None where unknown
    faces: Mapping[str, np.ndarray | None],  # (4,) px, as tasks.ingest.faces.detection finds them
    *,
    settings: SurfaceCameras,
) -> tuple[Solved, tuple[View, ...]]:
    """Features of every picture, their cameras, and the pictures without distortion. RefusedSet says why not."""
    seen = {name: features_of(pictures[name], faces[name], settings=settings) for name in sorted(pictures)}
    solved = solved_of(seen, focals, settings=settings)
    return solved, tuple(view_of(name, pictures[name], solved) for name in solved.names)


def solved_of(seen: Mapping[str, Features], focals: Mapping[str, Told], *, settings: SurfaceCameras) -> Solved:
    """Cameras from features, without a look at the pictures. RefusedSet says why not, and of which photograph what."""
    refused = refusals.blurred(seen, settings=settings)
    kept = {name: seen[name] for name in sorted(seen) if name not in refused}
    refusals.enough(len(kept), refused, settings=settings)
    pairs = on_heads(kept, all_matches(kept, settings=settings))
    model = mapped(kept, pairs, focals, settings=settings)
    reasons = refusals.unplaced(model.names, model.placed(), kept, model.inliers)
    solved = solved_from(model, kept, seen, refused, reasons)
    middle = np.median(solved.points, axis=0) if len(solved.points) else np.zeros(3)
    refusals.apart(model.names, model.inliers, solved.cameras, middle, solved.refused, model.others, settings=settings)
    counted = refusals.conflicts(kept, pairs, where_of(model, kept), solved.cameras, solved.bends, settings=settings)
    odd = refusals.moved(solved.names, counted, solved.refused, settings=settings)
    if not odd:
        refusals.calibrated(solved.doubts, solved.refused)
        return solved
    still = {name: features for name, features in seen.items() if name not in odd}
    again = solved_of(still, focals, settings=settings)
    rows = [Placed(name, reason, None, None, 0, None, seen[name].sharpness) for name, reason in odd.items()]
    return again._replace(table=sorted([*again.table, *rows]), refused=dict(sorted({**again.refused, **odd}.items())))


def on_heads(seen: Mapping[str, Features], pairs: Pairs) -> dict[tuple[str, str], np.ndarray]:
    """The matches between heads; all of them where no face was found in any photograph."""
    boxes = heads(seen, pairs)
    if not boxes:
        return dict(pairs)
    on = {
        name: within(features, boxes[name]) if name in boxes else np.zeros(len(features.keypoints), bool)
        for name, features in seen.items()
    }
    return {
        (one, other): matches[on[one][matches[:, 0]] & on[other][matches[:, 1]]]
        for (one, other), matches in pairs.items()
    }
