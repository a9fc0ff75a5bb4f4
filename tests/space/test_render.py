"""The renderer against what is known without it: a sphere's depth, what hides what, pixels' places, textures."""

import numpy as np
import pytest
import trimesh

from tasks.space.render import Light, Paint, normals, render
from tasks.space.rings import camera_around, focal_of, ring
from tasks.space.views import Camera, Surface

RADIUS, DISTANCE = 45.0, 600.0
WHITE = np.array([255, 255, 255], np.uint8)


def surface_of(vertices: np.ndarray, faces: np.ndarray, colour: np.ndarray = WHITE) -> Surface:
    colours = np.broadcast_to(colour, vertices.shape).astype(np.uint8)
    return Surface(vertices.astype(float), faces.astype(np.int32), colours, np.ones(len(vertices), bool))


def camera_at(yaw: float, pitch: float) -> Camera:
    return camera_around(yaw, pitch, centre=np.zeros(3), distance=DISTANCE, focal=900.0, width=161, height=201)


@pytest.fixture(scope="module")
def ball() -> Surface:
    found = trimesh.creation.icosphere(subdivisions=5, radius=RADIUS)
    return surface_of(np.asarray(found.vertices), np.asarray(found.faces))


def rectangle(left: float, right: float, low: float, high: float, z: float) -> Surface:
    corners = np.array([[left, low, z], [right, low, z], [right, high, z], [left, high, z]])
    return surface_of(corners, np.array([[0, 1, 2], [0, 2, 3]]))


def together(*surfaces: Surface) -> Surface:
    starts = np.cumsum([0, *(len(one.vertices) for one in surfaces)])
    parts = zip(surfaces, starts, strict=False)
    faces = np.concatenate([one.faces + start for one, start in parts]).astype(np.int32)
    vertices = np.concatenate([one.vertices for one in surfaces])
    colours = np.concatenate([one.colours for one in surfaces])
    return Surface(vertices, faces, colours, np.ones(len(vertices), bool))


@pytest.mark.parametrize(("yaw", "pitch"), [(0, 0), (35, 0), (-70, 25)])
def test_the_depth_of_a_ball_is_that_of_the_sphere(ball: Surface, yaw: float, pitch: float) -> None:
    camera = camera_at(yaw, pitch)
    found = render(ball, camera).depth
    rows, columns = np.mgrid[: camera.height, : camera.width]
    rays = camera.rays(np.column_stack([columns.ravel(), rows.ravel()]))
    along = -rays @ camera.centre
    half = RADIUS**2 - (DISTANCE**2 - along**2)
    with np.errstate(invalid="ignore"):
        ahead = (along - np.sqrt(half)) * (rays @ camera.rotation[2])
    ahead = ahead.reshape(found.shape)
    both = np.isfinite(found) & np.isfinite(ahead)
    assert (np.isfinite(found) == np.isfinite(ahead)).mean() > 0.99
    middle = both & (half.reshape(found.shape) > (0.4 * RADIUS) ** 2)
    assert np.abs(found - ahead)[middle].max() < 0.05  # the facets lie that far inside
    assert np.nanmin(found) == pytest.approx(DISTANCE - RADIUS, abs=0.02)


def test_a_ball_has_no_holes(ball: Surface) -> None:
    seen = np.isfinite(render(ball, camera_at(12, 7)).depth)
    for row in seen[seen.any(axis=1)]:
        assert row[np.flatnonzero(row)[0] : np.flatnonzero(row)[-1] + 1].all()


def test_the_nearer_hides_the_farther_in_either_order() -> None:
    near, far = rectangle(-10, 10, -10, 10, 50), rectangle(-60, 60, -60, 60, -50)
    first = render(together(near, far), camera_at(0, 0)).depth
    second = render(together(far, near), camera_at(0, 0)).depth
    faces = render(together(near, far), camera_at(0, 0)).faces
    assert set(np.unique(faces[np.isfinite(first)])) == {0, 1, 2, 3}
    assert (faces[np.isnan(first)] == -1).all()
    assert first[faces >= 2].min() > first[(faces >= 0) & (faces < 2)].max()
    assert np.array_equal(first, second, equal_nan=True)
    assert first[100, 80] == pytest.approx(550) and first[100, 120] == pytest.approx(650)


def test_crossing_triangles_are_told_apart_within_themselves() -> None:
    slanted = np.array([[-40, -40, -40], [40, -40, 40], [40, 40, 40], [-40, 40, -40.0]])
    found = render(
        together(surface_of(slanted, np.array([[0, 1, 2], [0, 2, 3]])), rectangle(-40, 40, -40, 40, 0)),
        camera_at(0, 0),
    )
    assert found.depth[100, 50] == pytest.approx(600) and found.depth[100, 110] < 590


def test_a_pixel_is_covered_where_its_centre_is() -> None:
    """Focal 900 at 600: 1.5 pixels a millimetre, (80, 100) in the middle."""
    left, right = (-20.4) / 1.5, 20.4 / 1.5
    seen = np.isfinite(render(rectangle(left, right, -10.6 / 1.5, 5.6 / 1.5, 0), camera_at(0, 0)).depth)
    assert np.flatnonzero(seen.any(axis=0)).tolist() == list(range(60, 101))
    assert np.flatnonzero(seen.any(axis=1)).tolist() == list(range(95, 111))


def test_a_vertex_lies_where_the_camera_projects_it() -> None:
    camera = camera_at(20, -10)
    rng = np.random.default_rng(3)
    centres = rng.uniform(-40, 40, (30, 3))
    for centre in centres:
        small = trimesh.creation.icosphere(subdivisions=1, radius=2.5)
        depth = render(surface_of(np.asarray(small.vertices) + centre, np.asarray(small.faces)), camera).depth
        rows, columns = np.nonzero(np.isfinite(depth))
        assert np.allclose([columns.mean(), rows.mean()], camera.project(centre[None])[0], atol=0.35)


def test_colours_run_in_space_and_not_in_the_picture() -> None:
    """A floor that runs away: half-way in space is far above half-way in the picture."""
    floor = np.array([[-50, -30, 300], [50, -30, 300], [50, -30, -600], [-50, -30, -600.0]])
    colours = np.array([[0] * 3, [0] * 3, [240] * 3, [240] * 3], np.uint8)
    surface = Surface(floor, np.array([[0, 1, 2], [0, 2, 3]], np.int32), colours, np.ones(4, bool))
    camera = camera_at(0, 0)
    image = render(surface, camera).image
    for z in (100.0, -150.0, -500.0):
        column, row = np.rint(camera.project(np.array([[0, -30, z]]))[0]).astype(int)
        ray = camera.rays(np.array([[column, row]]))[0]
        there = camera.centre + ray * (-30 - camera.centre[1]) / ray[1]
        assert image[row, column, 0] == pytest.approx(240 * (300 - there[2]) / 900, abs=0.6)


def test_a_texture_lies_upright_and_pixel_on_pixel() -> None:
    """A rectangle of 30 x 20 mm is 45 x 30 pixels: rendered at one pixel of texture each, it is the texture."""
    texture = np.random.default_rng(0).integers(0, 255, (30, 45, 3)).astype(np.uint8)
    half = 0.5 / 1.5  # so that its upper edge lies between two rows
    sheet = rectangle(-15, 15, -10 + half, 10 + half, 0)
    corners = np.array([[0, 1], [1, 1], [1, 0], [0, 0.0]])[sheet.faces]
    image = render(sheet, camera_at(0, 0), paint=Paint(corners, texture)).image
    seen = image[85:115, 58:103]
    assert np.abs(seen.astype(int) - texture).max() <= 1


def test_light_falls_by_the_angle(ball: Surface) -> None:
    image = render(ball, camera_at(0, 0), light=Light(0.2, np.array([[0.6, 0.0, 0.0]]))).image[..., 0] / 255
    shown = np.isfinite(render(ball, camera_at(0, 0)).depth)
    assert image[100, 60] == pytest.approx(0.2, abs=0.01)  # turned away from the lamp, which stands at the left of it
    edge = np.flatnonzero(shown[100])[-1]
    assert image[100, edge - 1] > 0.7
    assert np.allclose(normals(ball), ball.vertices / RADIUS, atol=0.01)


def test_the_background_shows_where_no_surface_is() -> None:
    wall = np.random.default_rng(0).integers(0, 255, (201, 161, 3)).astype(np.uint8)
    found = render(rectangle(-5, 5, -5, 5, 0), camera_at(0, 0), background=wall)
    outside = np.isnan(found.depth)
    assert np.array_equal(found.image[outside], wall[outside]) and (found.image[~outside] == 255).all()


def test_what_reaches_behind_the_camera_or_beside_the_picture_is_left_out() -> None:
    through = np.array([[0, 0, 0], [10, 0, 0], [0, 10, 900.0]])
    assert np.isnan(render(surface_of(through, np.array([[0, 1, 2]])), camera_at(0, 0)).depth).all()
    aside = rectangle(300, 400, -5, 5, 0)
    assert np.isnan(render(aside, camera_at(0, 0)).depth).all()
    nothing = Surface(np.zeros((0, 3)), np.zeros((0, 3), np.int32), np.zeros((0, 3), np.uint8), np.zeros(0, bool))
    assert np.isnan(render(nothing, camera_at(0, 0)).depth).all()


def test_sizes_that_do_not_fit_are_refused(ball: Surface) -> None:
    with pytest.raises(ValueError, match="background"):
        render(ball, camera_at(0, 0), background=np.zeros((10, 10, 3), np.uint8))
    with pytest.raises(ValueError, match="paint"):
        render(ball, camera_at(0, 0), paint=Paint(np.zeros((1, 3, 2)), np.zeros((4, 4, 3), np.uint8)))


def test_cameras_of_a_ring_look_at_the_middle_from_where_they_should() -> None:
    left = camera_at(90, 0)
    assert np.allclose(left.centre, [DISTANCE, 0, 0])
    assert np.allclose(camera_at(0, 30).centre, [0, DISTANCE / 2, DISTANCE * np.sqrt(3) / 2])
    for yaw, pitch in ring(15, 60, ((0, 25), (30, -20))):
        camera = camera_at(yaw, pitch)
        assert np.allclose(camera.project(np.zeros((1, 3))), [[80, 100]])
        assert np.linalg.det(camera.rotation) == pytest.approx(1)
        assert camera.project(np.array([[0, 1.0, 0]]))[0, 1] < 100  # up is up
    assert len(ring(15, 60, ((0, 25),))) == 10
    assert camera_at(0, 0).project(np.array([[1.0, 0, 0]]))[0, 0] > 80  # the patient's left is the picture's right
    assert focal_of(50, width=480, height=600) == pytest.approx(50 / 36 * 600)
