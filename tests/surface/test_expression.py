"""A smile, parted lips or raised brows in some of the photographs are told from a still face; few are left out."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from tasks.ingest.faces.mesh import PAIRED
from tasks.space.rings import camera_around, ring
from tasks.surface.cameras.refusals import RefusedSet
from tasks.surface.capture.head import CHIN, HAIRLINE
from tasks.surface.photographs.expression import BROWS, CORNERS, LOWER, changed, moved
from tasks.surface.points.from_photographs import Look

PLACES = ring(15, 45, ((-30, 25), (0, 25), (30, 25), (-30, -25), (0, -25), (30, -25)))
SMILE = np.array([[-3.2, 3.2, -1.0], [3.2, 3.2, -1.0]])  # mm of the corners, right and left
MOST = 2.5


def head() -> np.ndarray:  # (478, 3) mm
    """Points about a face: those that tell where it looks lie as they do in a face, the others anywhere."""
    places = np.random.default_rng(5).normal(scale=(30, 40, 12), size=(478, 3))
    for number, (right, left) in enumerate(PAIRED.values()):
        places[left] = places[right] = [20 + 2 * number, 40 - 5 * number, 10]
        places[right, 0] *= -1
    places[HAIRLINE], places[CHIN] = [0, 80, 0], [0, -80, 0]
    return places


def looks(
    seed: int,
    moves: dict[tuple[int, ...], np.ndarray],
    where: Callable[[int], bool],
    taken_from: Sequence[tuple[float, float]] = PLACES,
) -> list[Look]:
    """What photographs show; each point a millimetre aside, all brows higher where it is taken from below."""
    random, found = np.random.default_rng(seed), []
    for number, (yaw, pitch) in enumerate(taken_from):
        camera = camera_around(yaw, pitch, centre=np.zeros(3), distance=700, focal=1200, width=720, height=900)
        places = head() + random.normal(scale=1.0, size=(478, 3))
        places[list(BROWS), 1] -= pitch * 0.06
        for points, move in moves.items() if where(number) else ():
            places[list(points)] += move
        found.append(Look(camera, {}, f"{number:02d}", camera.project(places)))
    return found


@pytest.mark.parametrize("seed", range(12))
def test_a_still_face(seed: int) -> None:
    change = changed(looks(seed, {}, lambda _: False))
    assert change is not None
    assert abs(change.apart) < 2
    assert moved(looks(seed, {}, lambda _: False), 17, most=MOST) == {}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("where", [lambda n: n % 2 == 1, lambda n: n in (0, 1, 2, 7, 10), lambda n: n * 7 % 5 < 2])
@pytest.mark.parametrize(
    ("moves", "words"),
    [
        (
            dict(zip(CORNERS, SMILE, strict=True)),
            "corners of the mouth stand [3-6] mm (higher|lower)",
        ),
        ({LOWER: np.array([0, -5.0, 0])}, "lips are [4-6] mm"),
        ({BROWS: np.array([0, 5.0, 0])}, "brows stand [4-6] mm"),
    ],
)
def test_another_expression_in_many(
    seed: int, where: Callable[[int], bool], moves: dict[tuple[int, ...], np.ndarray], words: str
) -> None:
    with pytest.raises(RefusedSet, match=f"the face moved between the photographs: in .*{words}") as told:
        moved(looks(seed, moves, where), 17, most=MOST)
    odd = {f"{number:02d}" for number in range(len(PLACES)) if where(number)}
    rest = {f"{number:02d}" for number in range(len(PLACES))} - odd
    assert min(len(set(told.value.reasons) ^ odd), len(set(told.value.reasons) ^ rest)) <= 1


def test_two_of_another_expression_are_left_out() -> None:
    found = moved(looks(1, dict(zip(CORNERS, SMILE, strict=True)), lambda number: number in (3, 8)), 17, most=MOST)
    assert list(found) == ["03", "08"]
    assert "another expression: the corners of the mouth stand" in found["03"]


def test_a_slip_takes_no_other_photograph_with_it() -> None:
    assert moved(looks(2, dict(zip(CORNERS, SMILE * 2, strict=True)), lambda number: number == 4), 17, most=MOST) == {}


def test_photographs_from_the_side_are_not_judged() -> None:
    wide = (*PLACES, (60, 0), (65, 2), (58, -2), (-60, 1))

    def beyond(number: int) -> bool:
        return number >= len(PLACES)

    assert moved(looks(3, dict(zip(CORNERS, SMILE * 2, strict=True)), beyond, wide), 21, most=MOST) == {}


def test_too_few_tell_nothing() -> None:
    assert changed(looks(0, {}, lambda _: False)[:5]) is None
