"""What is set comes back in millimetres; an even head is even; a mirrored head swaps its sides."""

import numpy as np
import pytest

from tasks.space.views import Surface
from tasks.surface.geometry.asymmetry import asymmetry, evenness, mirrored
from tasks.surface.geometry.mid_plane import Plane
from tests.surface.even import head, set_asymmetry, without
from tests.surface.measured import ASYMMETRY

EXACT = Plane(np.array([1.0, 0, 0]), np.zeros(3), 1.0, 0.0)
SETS = {
    "cheek": {"asym/asym-cheek-1-l": 1.0},
    "jaw": {"asym/asym-jaw-1-l": 1.0},
    "nose": {"asym/asym-nose-1-l": 1.0},
    "mouth": {"asym/asym-mouth-2-l": 1.0},
}


def of(surface: Surface) -> np.ndarray:
    return asymmetry(surface, EXACT, settings=ASYMMETRY)


def front(surface: Surface) -> np.ndarray:
    """The skin of the face: in front of the ears, and not inside mouth and nose, which no camera sees."""
    x, y, z = surface.vertices.T
    cell = np.round(x / 2).astype(int) * 10_000 + np.round(y / 2).astype(int)
    order = np.argsort(-z)
    _, first, which = np.unique(cell[order], return_index=True, return_inverse=True)
    foremost = np.empty(len(z))
    foremost[order] = z[order][first][which]
    return np.asarray((z > 60) & (z > foremost - 4))


def test_an_even_head_is_exactly_even() -> None:
    surface, _ = head({})
    values = of(surface)
    assert np.nanmax(np.abs(values)) < 1e-9
    assert evenness(surface, EXACT, values, front(surface)).rms == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("weights", SETS.values(), ids=SETS)
def test_the_map_has_what_was_set_at_every_vertex(weights: dict[str, float]) -> None:
    surface, partner = head(weights)
    values, wanted = of(surface), set_asymmetry(surface, partner)
    known = np.isfinite(values) & front(surface)
    assert np.corrcoef(values[known], wanted[known])[0, 1] > 0.9  # what slides along the surface is not seen
    assert 0.8 < np.polyfit(wanted[known], values[known], 1)[0] < 1.2


def test_measured_against_set_over_many_heads() -> None:
    wanted, found = [], []
    for name in SETS:
        for side in ("l", "r"):
            for weight in (0.3, 1.5):
                surface, partner = head({f"asym/asym-{name}-{2 if name == 'mouth' else 1}-{side}": weight})
                region = front(surface)
                wanted.append(np.sqrt((set_asymmetry(surface, partner)[region] ** 2).mean()))
                found.append(np.sqrt(np.nanmean(of(surface)[region] ** 2)))
    assert np.corrcoef(wanted, found)[0, 1] > 0.95
    assert 0.8 < np.polyfit(wanted, found, 1)[0] < 1.2


def test_a_mirrored_head_swaps_its_sides_and_keeps_its_numbers() -> None:
    surface, _ = head(SETS["cheek"] | SETS["mouth"])
    other = mirrored(surface, EXACT)
    here, there = of(surface), of(other)
    both = np.isfinite(here) & np.isfinite(there)
    assert (np.isfinite(here) == np.isfinite(there)).mean() > 0.99  # between two equally close triangles chance decides
    np.testing.assert_allclose(there[both], here[both], atol=0.05)
    assert np.isclose(there[both], here[both], atol=1e-9).mean() > 0.999
    one, two = (evenness(own, EXACT, of(own), front(own)) for own in (surface, other))
    assert {one.fuller, two.fuller} == {"left", "right"}
    assert one.rms == pytest.approx(two.rms, rel=0.01) and one.by == pytest.approx(two.by, rel=0.01)


def test_the_side_with_more_of_it_is_called_fuller() -> None:
    surface, _ = head({})
    left = surface.vertices[:, 0] > 0
    pushed = surface.vertices + np.outer(
        left * np.exp(-((surface.vertices - [45, 690, 100]) ** 2).sum(1) / 400), [2, 0, 3]
    )
    fuller = Surface(pushed, surface.faces, surface.colours, surface.seen)
    found = evenness(fuller, EXACT, of(fuller), front(fuller))
    assert found.fuller == "left" and found.by and found.rms


def test_where_the_other_side_has_a_hole_nothing_is_said() -> None:
    surface, _ = head({})
    holed = without(surface, np.linalg.norm(surface.vertices[:, :2] - [40, 690], axis=1) < 15)
    values = of(holed)
    opposite = (np.linalg.norm(holed.vertices[:, :2] - [-40, 690], axis=1) < 6) & (holed.vertices[:, 2] > 60)
    assert opposite.any() and np.isnan(values[opposite]).all()
    assert np.nanmax(np.abs(values)) < 1e-9
    assert evenness(holed, EXACT, values, opposite).rms is None


def test_what_no_photograph_saw_is_not_compared() -> None:
    surface, _ = head({})
    filled = np.linalg.norm(surface.vertices - [45, 690, 100], axis=1) < 12
    values = of(Surface(surface.vertices, surface.faces, surface.colours, ~filled))
    assert np.isnan(values[filled]).all()
    assert np.isnan(values[np.linalg.norm(surface.vertices - [-45, 690, 100], axis=1) < 8]).all()
