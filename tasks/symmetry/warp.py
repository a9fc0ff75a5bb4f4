"""Control faces made asymmetric like a repaired unilateral cleft, and the same faces treated alike on both sides.

In: a control's photograph, its landmarks, a plan. Out: the warped photograph; per bucket, the table of lip
halves of untouched, symmetrically treated and deformed faces. Rosero et al. 2025, Methods, "CLP
Transformation" (after Rosero et al., their reference 7). Where the paper is silent: docs/symmetry.md.
Never sees a patient: rows of any other population than control are an error.
Does not know how landmarks are found, nor which pairs will be made of the halves.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pyarrow as pa

from tasks.base.images import encode_png
from tasks.ingest.faces.lips import Lips, LipsError, crop_lips, level
from tasks.params.ingest import IngestLips
from tasks.params.symmetry import SymmetryWarp
from tasks.schemas.symmetry import WARPS
from tasks.symmetry import mesh as meshes
from tasks.symmetry.deformations import exemplar_offsets
from tasks.symmetry.plans import Plan, draw_plans, stream
from tasks.symmetry.texture import add_scar

SOFTER = 0.9
"""Factor by which severity is reduced until nothing folds."""

Locate = Callable[[np.ndarray, np.ndarray], np.ndarray | None]
"""(picture, box of 4) to (68, 2) landmarks, or None where none are found."""


@dataclass(frozen=True)
class Warped:
    """A warped photograph, where its landmarks went, and how severe it became."""

    image: np.ndarray  # (H, W, 3) uint8 RGB
    displaced: np.ndarray  # (68, 2) px
    severity: float  # as applied


def warp_face(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
    landmarks: np.ndarray,  # (68, 2) px
    plan: Plan,
    *,
    settings: SymmetryWarp,
) -> Warped:
    """Carry out the plan. Severity is reduced until no triangle folds (no Jacobian vanishes); 0 moves nothing."""
    frame = level(landmarks)
    displacement = plan.moves @ frame.axes * frame.width
    if plan.resample is not None:
        return Warped(_resampled(image, landmarks, plan.resample), landmarks, 0.0)
    if plan.scar is not None:
        sides = [True, False] if plan.side is None else [plan.side == "left"]
        for left in sides:
            image = add_scar(image, landmarks, frame, plan.scar, left=left, strength=plan.severity)
        return Warped(image, landmarks, plan.severity)
    if plan.method == "mesh":
        return _by_mesh(image, landmarks, plan, displacement, settings)
    if plan.method == "smooth":
        return _by_field(image, landmarks, plan, displacement, plan.reach * frame.width, settings)
    return Warped(image, landmarks, plan.severity)


def _by_mesh(
    image: np.ndarray, landmarks: np.ndarray, plan: Plan, displacement: np.ndarray, settings: SymmetryWarp
) -> Warped:
    gap = settings.closed_gap * level(landmarks).width
    mesh = meshes.triangulate(landmarks, image.shape[1], image.shape[0], closed_gap=gap)
    full = plan.share.T @ displacement
    severity = plan.severity
    while severity > 0 and meshes.least_area_ratio(mesh, severity * full) < settings.least_area:
        severity = severity * SOFTER if severity > 0.01 else 0.0
    moved = severity * full
    touched = mesh.triangles[(np.abs(mesh.share @ full).sum(axis=1) > 0)[mesh.triangles].any(axis=1)]
    if severity == 0 or not len(touched):
        return Warped(image, landmarks, severity)
    corners = np.concatenate([mesh.vertices[touched.ravel()], mesh.moved(moved)[touched.ravel()]])
    window = _window(image, corners, 2.0)
    return Warped(_remapped(image, window, *meshes.mesh_map(mesh, moved, window)), landmarks + moved, severity)


def _by_field(
    image: np.ndarray,
    landmarks: np.ndarray,
    plan: Plan,
    displacement: np.ndarray,
    reach: float,
    settings: SymmetryWarp,
) -> Warped:
    centres = plan.share @ landmarks
    window = _window(image, centres, 4 * reach)
    severity = plan.severity
    while severity > 0:
        field = meshes.smooth_field(centres, severity * displacement, reach)
        map_x, map_y, jacobian = meshes.field_map(field, window)
        if jacobian >= settings.least_area:
            moved = np.stack(field.at(landmarks[:, 0], landmarks[:, 1]), axis=1)
            return Warped(_remapped(image, window, map_x, map_y), landmarks + moved, severity)
        severity = severity * SOFTER if severity > 0.01 else 0.0
    return Warped(image, landmarks, 0.0)


def _window(image: np.ndarray, points: np.ndarray, margin: float) -> meshes.Window:
    low = np.maximum(np.floor(points.min(axis=0) - margin).astype(int), 0)
    high = np.minimum(np.ceil(points.max(axis=0) + margin).astype(int) + 1, [image.shape[1], image.shape[0]])
    return meshes.Window(int(low[0]), int(low[1]), int(high[0]), int(high[1]))


def _remapped(image: np.ndarray, window: meshes.Window, map_x: np.ndarray, map_y: np.ndarray) -> np.ndarray:
    """The picture with the window's pixels fetched from where the maps say; the rest untouched."""
    out = image.copy()
    out[window.top : window.bottom, window.left : window.right] = cv2.remap(
        image, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return out


def _resampled(image: np.ndarray, landmarks: np.ndarray, resample: np.ndarray) -> np.ndarray:
    """The mouth's pixels fetched from a sub-pixel shift away and back: softened as by a warp, moved nowhere.

    `resample` is shift x, shift y, and the side: -1 the picture's left only, 1 its right only, 0 both.
    """
    frame = level(landmarks)
    window = _window(image, landmarks[27:68], 0.3 * frame.width)
    x, y = window.grid()
    side = (x - frame.origin[0]) * frame.axes[0, 0] + (y - frame.origin[1]) * frame.axes[0, 1]
    where = np.float32(1) if resample[2] == 0 else (side * resample[2] > 0).astype(np.float32)
    there = _remapped(image, window, x + np.float32(resample[0]) * where, y + np.float32(resample[1]) * where)
    return _remapped(there, window, x - np.float32(resample[0]) * where, y - np.float32(resample[1]) * where)


def warps_table(
    landmarks: Iterable[Mapping[str, Any]],
    load: Callable[[str], np.ndarray],
    locate: Locate,
    *,
    settings: SymmetryWarp,
    lips: IngestLips,
    exemplars: np.ndarray | None = None,
) -> pa.Table:
    """WARPS rows for LANDMARKS rows of controls: `variants` symmetric and as many asymmetric ones each.

    ValueError where a row is not a control's. Rows refused before are left out: they stand in LANDMARKS.
    A warp whose landmarks are lost, or whose lips cannot be cut, is refused with a reason. `exemplars`:
    landmark sets of patients, (n, 68, 2) px each of its own picture, or None.
    """
    moves = None if exemplars is None else np.array([_exemplar_moves(points) for points in exemplars])
    return WARPS.table(
        warp
        for row in landmarks
        if row["reason"] is None
        for warp in _warps(row, load(row["image_id"]), locate, settings, lips, moves)
    )


def _exemplar_moves(points: np.ndarray) -> np.ndarray:
    frame = level(points)
    return exemplar_offsets(frame.inward(points) / frame.width)


def _warps(
    row: Mapping[str, Any],
    image: np.ndarray,
    locate: Locate,
    settings: SymmetryWarp,
    lips: IngestLips,
    exemplars: np.ndarray | None,
) -> Iterator[dict[str, Any]]:
    if row["population"] != "control":
        raise ValueError(f"image {row['image_id']}: only controls are warped, this is {row['population']!r}")
    landmarks = np.reshape(np.asarray(row["points"], float), (68, 2))
    for number, couple in enumerate(draw_plans(row["image_id"], settings=settings, exemplars=exemplars)):
        warped = [warp_face(image, landmarks, plan, settings=settings) for plan in couple]
        for plan, result in zip(couple, warped, strict=True):
            name = f"{row['image_id']}-{'positive' if plan.symmetric else 'negative'}-{number}"
            cut_by: np.ndarray | None = warped[1].displaced
            if settings.landmarks == "redetected":
                cut_by = locate(result.image, _jittered(row, number, plan, settings))
            folds = not plan.symmetric and result.severity < settings.severity_low
            cut = {"reason": "triangles fold at the lowest severity"} if folds else _cut(result.image, cut_by, lips)
            yield _record(name, row, plan, result) | cut


def _jittered(row: Mapping[str, Any], number: int, plan: Plan, settings: SymmetryWarp) -> np.ndarray:
    """The face box moved and resized a little, alike in distribution for both kinds, as a detector would."""
    rng = stream(settings.seed, row["image_id"], number, 2 + plan.symmetric)
    box = np.asarray(row["box"], float)
    side = box[2] - box[0]
    shift = rng.normal(0, settings.box_jitter * side, 2)
    grow = rng.normal(0, settings.box_jitter * side)
    return np.asarray(box + [shift[0] - grow, shift[1] - grow, shift[0] + grow, shift[1] + grow])


def _record(name: str, row: Mapping[str, Any], plan: Plan, result: Warped) -> dict[str, Any]:
    moved = plan.method != "none"
    return {
        "warp_id": name,
        **{key: row[key] for key in ("image_id", "subject_id", "population")},
        "kind": plan.kind,
        "symmetric": plan.symmetric,
        "side": plan.side,
        "severity_drawn": plan.severity,
        "severity_applied": result.severity,
        "displaced": result.displaced.ravel().round(6).tolist() if moved else None,
    }


def _cut(image: np.ndarray, landmarks: np.ndarray | None, lips: IngestLips) -> dict[str, Any]:
    if landmarks is None:
        return {"reason": "landmarks were not found again"}
    try:
        cut: Lips = crop_lips(image, landmarks, settings=lips)
    except LipsError as error:
        return {"reason": str(error)}
    return {
        "region": encode_png(cut.region),
        "left": encode_png(cut.left),
        "right": encode_png(cut.right),
        "reason": None,
    }
