"""Points by their definition lie where a drawn head has them, though models of landmarks show an even nose."""

import numpy as np
import pytest

from tasks.phantoms.heads.people import Head, head
from tasks.phantoms.heads.visits import LIGHT
from tasks.space.render import render
from tasks.space.rings import camera_around
from tasks.space.views import Surface
from tasks.surface.points.lip_border import LOWER, UPPER
from tasks.surface.points.names import MESH, base_of
from tasks.surface.points.on_surface import NEIGHBOURS, defined
from tests.phantoms.test_heads import SETTINGS
from tests.surface.even import without
from tests.surface.measured import POINTS

NOSE = ("alare_left", "alare_right", "alar_base_left", "alar_base_right", "subnasale")


@pytest.fixture(scope="module")
def uneven() -> Head:
    return head(1, settings=SETTINGS.model_copy(update={"seed": 77, "asymmetries": (0.0, 1.2)}))


def rough(drawn: Head) -> dict[str, np.ndarray]:
    """The points as models show them: several mm off, those of the middle on the mid-plane."""
    aside = {"alare": [-1, 0, 3.0], "alar_base": [-2, 2, 3.0], "subnasale": [0, 3, 2.0], "pogonion": [0, 2, 0.0]}
    found = {}
    for name, place in drawn.points.items():
        side = -1 if name.endswith("_right") else 1
        found[name] = place + np.array(aside.get(base_of(name), [0.0, 0, 0])) * [side, 1, 1]
    return found | {"subnasale": found["subnasale"] * [0, 1, 1]}


def test_points_of_a_cleft_nose_are_found_where_they_are(uneven: Head) -> None:
    start = rough(uneven)
    found = defined(uneven.surface, start, reach=POINTS.reach, smoothing=POINTS.smoothing)
    for name in (*NOSE, "nasion", "sublabiale", "menton"):
        off = float(np.linalg.norm(found[name] - uneven.points[name]))
        assert off < POINTS.told[base_of(name)], name
    assert abs(uneven.points["subnasale"][0]) > 1.5  # the models have it on the mid-plane


def test_a_nasion_is_the_deepest_of_its_root_wherever_models_see_it(uneven: Head) -> None:
    for off in (-4.0, 4.0):
        start = rough(uneven) | {"nasion": uneven.points["nasion"] + [0, off, 0]}
        found = defined(uneven.surface, start, reach=POINTS.reach, smoothing=POINTS.smoothing)
        assert np.linalg.norm(found["nasion"] - uneven.points["nasion"]) < 1, off


def test_a_menton_that_hardly_any_photograph_saw_lies_on_the_circle_of_its_chin(uneven: Head) -> None:
    surface, pogonion = uneven.surface, uneven.points["pogonion"]
    seen = surface.vertices[:, 1] > pogonion[1] - 8  # the menton lies 11 mm below it
    shown = Surface(surface.vertices, surface.faces, surface.colours, seen)
    start = rough(uneven) | {"menton": uneven.points["menton"] + [0, 3, 3]}
    found = defined(shown, start, reach=POINTS.reach, smoothing=POINTS.smoothing)
    assert np.linalg.norm(found["menton"] - uneven.points["menton"]) < 3
    nothing = Surface(surface.vertices, surface.faces, surface.colours, surface.vertices[:, 1] > pogonion[1])
    assert "menton" not in defined(nothing, start, reach=POINTS.reach, smoothing=POINTS.smoothing)


def test_a_wing_with_a_hole_has_no_base(uneven: Head) -> None:
    hole = np.linalg.norm(uneven.surface.vertices - uneven.points["alar_base_left"], axis=1) < 5
    found = defined(without(uneven.surface, hole), rough(uneven), reach=POINTS.reach, smoothing=POINTS.smoothing)
    assert "alar_base_left" not in found and "alar_base_right" in found


def test_every_point_has_the_interval_that_was_measured() -> None:
    assert set(POINTS.seen) == {base_of(name) for name in MESH}
    lips = {base_of(name) for name in (*UPPER, *LOWER)} - {"cheilion"}
    assert set(POINTS.told) == {"nasion", "pronasale", "alare", "alar_base", *lips, *NEIGHBOURS}
    assert min(POINTS.told.values()) > 0 and all(POINTS.seen[name] >= own for name, own in POINTS.told.items())


def test_a_drawn_point_by_its_definition_is_seen_from_before_the_face(uneven: Head) -> None:
    for turn, pitch, names in ((0, -20, ("subnasale", "pronasale")), (45, -20, ("alare_left", "alar_base_left"))):
        camera = camera_around(turn, pitch, centre=np.zeros(3), distance=900, focal=3000, width=600, height=600)
        depth = render(uneven.surface, camera, light=LIGHT).depth
        for name in names:
            column, row = np.rint(camera.project(uneven.points[name][None])[0]).astype(int)
            assert abs(camera.seen(uneven.points[name][None])[0, 2] - depth[row, column]) < 1, name
