"""The lips' border is found by its colour, in shade and gloss: bow, dip, lower lip. Where it does not show, nothing."""

from collections.abc import Callable

import numpy as np
import pytest

from tasks.space.views import Surface
from tasks.surface.points.lip_border import LOWER, UPPER, lips

SKIN, RED = np.array([200.0, 150, 130]), np.array([165.0, 95, 95])
STEP = 0.5
PEAKS, DIP, BOTTOM = (-6.0, 8.0), 1.0, -16.0  # mm: the left peak lies further out
MODELS = {
    "cheilion_right": (-26.0, -8, 0),
    "cheilion_left": (26.0, -8, 0),
    "crista_philtri_right": (-4.0, 1.0, 0),
    "crista_philtri_left": (5.0, 1.0, 0),
    "labiale_superius": (0.5, -1.0, 0),
    "labiale_inferius": (0.5, -17.5, 0),
}
ROUGH = {name: np.array(place) for name, place in MODELS.items()}
Shown = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def bow(x: np.ndarray) -> np.ndarray:
    """The height of the upper border: up to the peaks, at 0, from the corners at -8; the dip lies at -2."""
    return np.asarray(np.interp(x, [-26, PEAKS[0], DIP, PEAKS[1], 26], [-8, 0, -2, 0, -8]))


def bottom(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.interp(x, [-26, -8, 8, 26], [-8, BOTTOM, BOTTOM, -8]))


def mouth(red: np.ndarray = RED, shown: Shown = lambda colours, x, y: colours, hole: float = -99) -> Surface:
    """A flat mouth, every `STEP` mm; without the triangles within 3 mm of the bottom where x is `hole`."""
    along = np.arange(-45, 45 + STEP, STEP)
    x, y = (one.ravel() for one in np.meshgrid(along, along))
    inside = (y < bow(x)) & (y > bottom(x)) & (np.abs(x) < 26)
    colours = shown(np.where(inside[:, None], red, SKIN), x, y).clip(0, 255).round().astype(np.uint8)
    count = len(along)
    first = (np.arange(count - 1)[:, None] * count + np.arange(count - 1)).ravel()
    faces = np.vstack(
        [
            np.column_stack([first, first + 1, first + count]),
            np.column_stack([first + 1, first + count + 1, first + count]),
        ]
    )
    vertices = np.column_stack([x, y, np.zeros(len(x))])
    middles = vertices[faces].mean(axis=1)
    faces = faces[np.linalg.norm(middles[:, :2] - [hole, BOTTOM], axis=1) > 3]
    return Surface(vertices, faces.astype(np.int32), colours, np.ones(len(x), bool))


def shaded(colours: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The upper lip in its own shade, half as bright where it ends."""
    return np.asarray(colours * np.where((y < bow(x)) & (y > -9), np.interp(y, [-9, 0], [0.5, 1]), 1)[:, None])


def glossy(colours: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """White on the lower lip, most of it 2 mm above its border."""
    return np.asarray(colours + 60 * np.exp(-(((y - BOTTOM - 2) / 1.5) ** 2) - (x / 15) ** 2)[:, None])


@pytest.mark.parametrize("shown", [lambda colours, x, y: colours, shaded, glossy], ids=["plain", "shaded", "glossy"])
def test_the_bow_and_the_lower_lip_lie_where_the_colour_changes(shown: Shown) -> None:
    found = lips(mouth(shown=shown), ROUGH)
    true = {
        "crista_philtri_right": (PEAKS[0], 0),
        "crista_philtri_left": (PEAKS[1], 0),
        "labiale_superius": (DIP, -2),
        "labiale_inferius": (0.5, BOTTOM),
    }
    assert set(found) == set(true)
    for name, place in true.items():
        assert np.linalg.norm(found[name][:2] - place) < 0.9, name


@pytest.mark.parametrize("red", [SKIN, np.array([150.0, 112, 97])], ids=["none", "darker and no redder"])
def test_nothing_is_told_where_lips_are_no_redder_than_skin(red: np.ndarray) -> None:
    assert lips(mouth(red), ROUGH) == {}


def test_nothing_is_told_without_the_points_that_models_find() -> None:
    assert lips(mouth(), {name: place for name, place in ROUGH.items() if name not in UPPER[:1]}) == {}
    assert set(LOWER) <= set(ROUGH)


def test_a_point_in_a_hole_or_far_from_where_models_have_it_is_not_told() -> None:
    assert "labiale_inferius" not in lips(mouth(hole=0.5), ROUGH)
    far = ROUGH | {"crista_philtri_left": np.array([2.5, 1.0, 0])}
    assert "crista_philtri_left" not in lips(mouth(), far)
    assert "crista_philtri_right" in lips(mouth(), far)


def test_an_upper_border_that_only_rises_outwards_has_no_peaks() -> None:
    turned = Surface(mouth().vertices * [1, -1, 1], mouth().faces[:, ::-1], mouth().colours, mouth().seen)
    found = lips(turned, {name: place * [1, -1, 1] for name, place in ROUGH.items()})
    assert "crista_philtri_right" not in found
