from typing import Any

import numpy as np
import pytest

from tasks.base.images import decode_png
from tasks.base.points68 import MIRROR
from tasks.ingest.faces.lips import crop_lips, level
from tasks.params.ingest import IngestLips
from tasks.params.symmetry import SymmetryWarp
from tasks.symmetry import deformations, mesh
from tasks.symmetry.plans import draw_plans, make_plan
from tasks.symmetry.warp import warp_face, warps_table

LIPS = IngestLips(
    half_size=32,
    margin_above=0.3,
    margin_below=0.15,
    margin_side=0.1,
    level_by_nose=0.0,
    split_by_nose=0.0,
    least_half=0.0,
    mirrored_half="left",
    erosion_kernel=1,
)
SETTINGS = SymmetryWarp(
    seed=3,
    variants=3,
    deformations={"clp": 2, "peak_down": 1, "local": 1, "scar": 1},
    controls={"resampled": 1, "both_sided": 1},
    severity_low=0.3,
    severity_high=1.0,
    full_strength=0.1,
    inner_lip=0.5,
    alar=0.5,
    jitter=0.1,
    smooth_share=0.5,
    reach_low=0.08,
    reach_high=0.15,
    exemplar_weight=0.5,
    closed_gap=0.03,
    least_area=0.15,
    landmarks="redetected",
    box_jitter=0.02,
)
KINDS = [*deformations.GEOMETRIC, "clp", "local", "scar"]
ID = "ab" * 32


def settings(**changes: Any) -> Any:
    return SETTINGS.model_copy(update=changes)


def plan_of(kind: Any, side: Any, *, method: Any = "mesh", severity: Any = 1.0, seed: Any = 0) -> Any:
    chosen = settings(severity_low=severity, severity_high=severity, smooth_share=float(method == "smooth"), jitter=0.0)
    return make_plan(kind, side, np.random.default_rng(seed), settings=chosen, exemplars=None)


def halves_differ(image: Any, landmarks: Any) -> Any:
    lips = crop_lips(image, landmarks, settings=LIPS)
    return float(np.abs(lips.left.astype(float) - lips.right).mean())


@pytest.mark.parametrize("method", ["mesh", "smooth"])
def test_clp_raises_the_peak_of_its_side_by_the_share_of_the_mouth_asked_for(even_face: Any, method: str) -> None:
    done = warp_face(
        even_face.image, even_face.landmarks, plan_of("clp", "left", method=method, severity=0.6), settings=SETTINGS
    )
    rise = (even_face.landmarks - done.displaced)[:, 1] / even_face.mouth_width
    assert rise[52] == pytest.approx(0.06, abs=0.006)  # the smooth field is a ridge fit
    assert abs(rise[50]) < 0.02
    assert done.severity == 0.6


@pytest.mark.parametrize("method", ["mesh", "smooth"])
def test_pixels_go_where_the_landmarks_go(even_face: Any, method: str) -> None:
    """A dark spot drawn on the peak is found at the displaced peak."""
    image = even_face.image.copy()
    x, y = np.round(even_face.landmarks[52]).astype(int)
    image[:] = 255
    image[y - 1 : y + 2, x - 1 : x + 2] = 0
    done = warp_face(image, even_face.landmarks, plan_of("peak_up", "left", method=method), settings=SETTINGS)
    dark = 255 - done.image[..., 0].astype(float)
    rows, columns = np.indices(dark.shape)
    found = np.array([(dark * columns).sum(), (dark * rows).sum()]) / dark.sum()
    assert np.hypot(*(found - done.displaced[52])) < 2
    assert np.hypot(*(done.displaced[52] - even_face.landmarks[52])) > 7


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["mesh", "smooth"])
def test_one_side_is_changed_and_both_sides_stay_mirror_images(even_face: Any, kind: Any, method: str) -> None:
    one = warp_face(even_face.image, even_face.landmarks, plan_of(kind, "right", method=method), settings=SETTINGS)
    both = warp_face(even_face.image, even_face.landmarks, plan_of(kind, None, method=method), settings=SETTINGS)
    flipped = np.abs(both.image.astype(int) - both.image[:, ::-1])
    assert flipped.mean() < 0.05
    assert (both.image != even_face.image).any()
    assert np.abs(one.image.astype(int) - one.image[:, ::-1]).mean() > 3 * flipped.mean() + 0.01
    assert np.allclose(both.displaced, np.column_stack([399 - both.displaced[:, 0], both.displaced[:, 1]])[MIRROR])


@pytest.mark.parametrize("kind", KINDS)
def test_left_and_right_are_mirror_images(even_face: Any, kind: Any) -> None:
    left = warp_face(even_face.image, even_face.landmarks, plan_of(kind, "left"), settings=SETTINGS)
    right = warp_face(even_face.image, even_face.landmarks, plan_of(kind, "right"), settings=SETTINGS)
    assert np.abs(left.image.astype(int) - right.image[:, ::-1]).mean() < 0.05
    if kind in ("lateral", "bow_aside"):
        return  # the bow itself moves, across the midline
    where = np.abs(left.image.astype(int) - even_face.image).sum(axis=(0, 2))
    assert where[200:].sum() > 3 * where[:200].sum()  # the patient's left is the picture's right


def test_more_severity_is_more_difference(even_face: Any) -> None:
    seen = []
    for severity in (0.0, 0.3, 0.6, 0.9, 1.2):
        done = warp_face(
            even_face.image, even_face.landmarks, plan_of("clp", "left", severity=severity), settings=SETTINGS
        )
        seen.append(halves_differ(done.image, even_face.landmarks))
    assert seen == sorted(seen) and seen[0] < 1 < seen[1]


def test_far_from_the_mouth_nothing_changes(even_face: Any) -> None:
    for kind in KINDS:
        done = warp_face(even_face.image, even_face.landmarks, plan_of(kind, "left"), settings=SETTINGS)
        assert np.array_equal(done.image[:160], even_face.image[:160]), kind
        assert done.image.shape == even_face.image.shape and done.image.dtype == np.uint8


def test_triangles_never_fold_and_the_reduction_is_recorded(even_face: Any) -> None:
    plan = plan_of("peak_down", "left", severity=6.0)
    done = warp_face(even_face.image, even_face.landmarks, plan, settings=SETTINGS)
    assert 0 < done.severity < plan.severity == 6.0
    built = mesh.triangulate(even_face.landmarks, 400, 400, closed_gap=0.03 * even_face.mouth_width)
    full = plan.share.T @ plan.moves * even_face.mouth_width
    assert mesh.least_area_ratio(built, 6.0 * full) < SETTINGS.least_area
    assert mesh.least_area_ratio(built, done.severity * full) >= SETTINGS.least_area


def test_closed_lips_are_one_vertex_a_pair_and_open_lips_two(even_face: Any) -> None:
    closed = even_face.landmarks.copy()
    closed[[65, 66, 67], 1] = closed[[63, 62, 61], 1] + 0.3
    for points, more in ((closed, 0), (even_face.landmarks, 3)):
        built = mesh.triangulate(points, 400, 400, closed_gap=1.0)
        assert len(built.vertices) == 60 + 3 + more + 4 * mesh.ANCHORS_PER_SIDE
        areas = mesh.signed_areas(built.vertices, built.triangles)
        assert (areas > 0).all() or (areas < 0).all()
    for kind in deformations.GEOMETRIC:
        done = warp_face(even_face.image, closed, plan_of(kind, "left"), settings=settings(closed_gap=0.01))
        assert done.severity > 0.5, kind


def test_mesh_map_is_continuous(even_face: Any) -> None:
    """Piecewise-affine, so neighbouring pixels come from neighbouring places: no seam."""
    built = mesh.triangulate(even_face.landmarks, 400, 400, closed_gap=1.0)
    plan = plan_of("clp", "left")
    map_x, map_y = mesh.mesh_map(
        built, plan.share.T @ plan.moves * even_face.mouth_width, mesh.Window(50, 150, 350, 380)
    )
    for field in (map_x, map_y):
        assert np.abs(np.diff(field, axis=0)).max() < 8 and np.abs(np.diff(field, axis=1)).max() < 8
    assert np.abs(map_x[0] - np.arange(50, 350)).max() == 0


def test_a_plan_depends_on_its_image_and_number_alone() -> None:
    few = draw_plans(ID, settings=settings(variants=2), exemplars=None)
    many = draw_plans(ID, settings=settings(variants=5), exemplars=None)
    other = draw_plans("cd" * 32, settings=settings(variants=2), exemplars=None)
    for (a, b), (c, d) in zip(few, many, strict=False):
        assert (a.kind, b.kind, b.severity, b.side) == (c.kind, d.kind, d.severity, d.side)
        assert np.array_equal(b.moves, d.moves)
    assert [b.severity for _, b in few] != [b.severity for _, b in other]


def test_plans_follow_the_weights() -> None:
    plans = [
        couple
        for number in range(150)
        for couple in draw_plans(f"{number:064x}", settings=settings(deformations={"clp": 1}), exemplars=None)
    ]
    assert all(plan.symmetric and not other.symmetric for plan, other in plans)
    assert {plan.kind for plan, _ in plans} == {"untouched", "resampled", "both_sided"}
    assert {other.kind for _, other in plans} == {"clp"}
    severities = np.array([other.severity for _, other in plans])
    assert severities.min() >= 0.3 and severities.max() <= 1.0 and abs(severities.mean() - 0.65) < 0.05
    assert abs(np.mean([other.side == "left" for _, other in plans]) - 0.5) < 0.1


def test_resampling_moves_nothing_but_softens(even_face: Any) -> None:
    plan = next(
        p
        for n in range(20)
        for p, _ in draw_plans(f"{n:064x}", settings=settings(controls={"resampled": 1}), exemplars=None)
        if p.kind == "resampled"
    )
    done = warp_face(even_face.image, even_face.landmarks, plan, settings=SETTINGS)
    assert np.array_equal(done.displaced, even_face.landmarks)
    assert 0 < np.abs(done.image.astype(int) - even_face.image).mean() < 1


def test_exemplars_pull_the_shape_their_way(even_face: Any) -> None:
    exemplar = even_face.landmarks.copy()
    exemplar[50] += [0, -0.3 * even_face.mouth_width]  # the patient's right, so it must be turned round
    frame = level(exemplar)
    moves = deformations.exemplar_offsets(frame.inward(exemplar) / frame.width)
    assert moves[52, 1] == pytest.approx(-0.3, abs=0.01) and not moves[48:50].any()
    chosen = settings(severity_low=1.0, severity_high=1.0, smooth_share=0.0, jitter=0.0)
    plain = make_plan("clp", "left", np.random.default_rng(0), settings=chosen, exemplars=None)
    blended = make_plan("clp", "left", np.random.default_rng(0), settings=chosen, exemplars=moves[None])
    assert blended.moves[:, 1].min() == pytest.approx((plain.moves[:, 1].min() - 0.3) / 2, abs=0.01)


def row(face: Any, **changes: Any) -> Any:
    return {
        "image_id": ID,
        "subject_id": "s1",
        "population": "control",
        "points": face.landmarks.ravel().tolist(),
        "box": [80.0, 60.0, 320.0, 330.0],
        "reason": None,
        **changes,
    }


def test_table_has_as_many_symmetric_as_deformed_faces(even_face: Any) -> None:
    boxes = []

    def locate(image: Any, box: Any) -> Any:
        boxes.append(box)
        return even_face.landmarks

    rows = [row(even_face), row(even_face, image_id="cd" * 32, points=None, reason="blurred")]
    table = warps_table(rows, lambda _: even_face.image, locate, settings=SETTINGS, lips=LIPS)
    found = table.to_pylist()
    assert len(found) == 2 * SETTINGS.variants and sum(r["symmetric"] for r in found) == SETTINGS.variants
    assert found[0]["kind"] == "untouched" and found[0]["displaced"] is None
    assert all((r["side"] is None) == r["symmetric"] and r["reason"] is None for r in found)
    assert len({tuple(box) for box in boxes}) == 6 and np.std(boxes, axis=0).max() < 20
    again = warps_table(rows[:1], lambda _: even_face.image, locate, settings=SETTINGS, lips=LIPS)
    assert again.equals(table)


def test_lost_landmarks_refuse_one_row(even_face: Any) -> None:
    seen = []

    def locate(image: Any, box: Any) -> Any:
        seen.append(1)
        return None if len(seen) == 2 else even_face.landmarks

    found = warps_table([row(even_face)], lambda _: even_face.image, locate, settings=SETTINGS, lips=LIPS).to_pylist()
    assert [r["reason"] for r in found].count("landmarks were not found again") == 1
    assert sum(r["left"] is None for r in found) == 1


def test_displaced_points_cut_both_kinds_alike(even_face: Any) -> None:
    chosen = settings(landmarks="displaced", deformations={"clp": 1}, variants=1, smooth_share=0.0)
    symmetric, deformed = warps_table(
        [row(even_face)], lambda _: even_face.image, lambda *_: pytest.fail("not needed"), settings=chosen, lips=LIPS
    ).to_pylist()
    points = np.reshape(deformed["displaced"], (68, 2))
    expected = crop_lips(even_face.image, points, settings=LIPS)
    assert np.array_equal(decode_png(symmetric["left"]), expected.left)


def test_a_patient_is_never_warped(even_face: Any) -> None:
    with pytest.raises(ValueError, match="only controls"):
        warps_table(
            [row(even_face, population="repaired")],
            lambda _: even_face.image,
            lambda *_: None,
            settings=SETTINGS,
            lips=LIPS,
        )
