"""What is measured of skin, light and hair follows what was drawn; patches beyond the picture are null."""

import numpy as np
import pytest
from scipy import stats

from tasks.fairness.appearance import Appearance, appearance
from tasks.params.phantoms import PhantomVariation
from tasks.phantoms.dataset import identity_seed
from tasks.phantoms.files import SITTING_STREAM, Still, draw_still
from tasks.phantoms.identity import Identity, another_sitting, identity
from tasks.phantoms.palette import HAIR
from tasks.phantoms.shape import NO_CLEFT
from tests.conftest import Face

VARIATION = PhantomVariation(yaw=4, pitch=3, roll=4, shift=0.05, zoom=0.08, opening=0.08, widening=0.3)
FACES = 40


def sitting(seed: int) -> Identity:
    """The person as `draw_still` photographs them."""
    rng = np.random.default_rng([seed, 0, SITTING_STREAM])
    return another_sitting(identity(seed), int(rng.integers(2**62)))


@pytest.fixture(scope="module")
def seen() -> list[tuple[Appearance, Identity]]:
    found = []
    for number in range(FACES):
        seed = identity_seed("face", number, seed=11)
        drawing = draw_still(Still("", "", seed, 0, 384, NO_CLEFT, VARIATION))
        found.append((appearance(drawing.image, drawing.landmarks), sitting(seed)))
    return found


def rho(pairs: list[tuple[float | None, float]]) -> float:
    return float(stats.spearmanr(*zip(*pairs, strict=True)).statistic)


def test_skin_light_and_hair_are_those_that_were_drawn(seen: list[tuple[Appearance, Identity]]) -> None:
    assert rho([(own.skin_lightness, person.complexion.tone) for own, person in seen]) < -0.95
    assert rho([(own.light, person.light.exposure) for own, person in seen]) > 0.25
    assert abs(rho([(own.light, person.complexion.tone) for own, person in seen])) < 0.6
    assert rho([(own.uneven_light, abs(person.light.azimuth)) for own, person in seen]) > 0.4
    haired = [
        (own.hair_darkness, HAIR[person.hair.colour].mean()) for own, person in seen if person.hair.style != "bald"
    ]
    assert rho(haired) < -0.9


def test_more_light_is_lighter_and_a_lamp_from_one_side_is_uneven(even_face: Face) -> None:
    plain = appearance(even_face.image, even_face.landmarks)
    dark = appearance((even_face.image * 0.6).astype(np.uint8), even_face.landmarks)
    ramp = np.linspace(0.6, 1, even_face.image.shape[1])[None, :, None]
    aside = appearance((even_face.image * ramp).astype(np.uint8), even_face.landmarks)
    assert plain.skin_lightness and dark.skin_lightness and plain.light and dark.light
    assert dark.skin_lightness < plain.skin_lightness - 10
    assert dark.light < plain.light - 10
    assert plain.uneven_light is not None and aside.uneven_light is not None
    assert plain.uneven_light < 1
    assert aside.uneven_light > 5


def test_a_turned_picture_shows_the_same(even_face: Face) -> None:
    """The patches lie by the eyes, not by the picture's edges."""
    upside = np.ascontiguousarray(even_face.image[::-1, ::-1])
    size = np.array(even_face.image.shape[1::-1]) - 1
    turned = appearance(upside, size - even_face.landmarks)
    for one, other in zip(turned, appearance(even_face.image, even_face.landmarks), strict=True):
        assert one == pytest.approx(other, abs=1.0)


def test_hair_beyond_the_picture_is_not_known(even_face: Face) -> None:
    top = int(even_face.landmarks[17:27, 1].min()) - 20
    cut = appearance(even_face.image[top:], even_face.landmarks - [0, top])
    assert cut.hair_darkness is None
    assert cut.skin_lightness == pytest.approx(appearance(even_face.image, even_face.landmarks).skin_lightness, abs=0.5)
