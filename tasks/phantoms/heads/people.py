"""Who is drawn: a head's symmetric shape, its colours, and the cleft's nose and lip that are put on it.

In: the drawn heads' settings and a number. Out: `Head`, the same whatever the number of heads is. A person is a mixture
of two of MakeHuman's adults and some of its targets for the form of head, nose, mouth and chin.
"""

from dataclasses import dataclass

import numpy as np

from tasks.params.phantoms import PhantomsHeads
from tasks.phantoms.heads.asymmetry import made_asymmetric, surface_of
from tasks.phantoms.heads.clefts import SIDES, Side
from tasks.phantoms.heads.points import places
from tasks.phantoms.heads.skin import Colours, painted
from tasks.phantoms.heads.template import shape
from tasks.space.render import Paint
from tasks.space.views import Surface

ADULTS = ("caucasian_female_young", "caucasian_male_young", "african_female_young", "asian_male_young")
FORMS: tuple[str, ...] = ("head_oval", "head_round", "nose_hump_incr", "nose_width3_incr", "nose_point_up")
FORMS += ("mouth_scale_horiz_incr", "mouth_upperlip_volume_incr", "chin_prominent_incr")
MOST_OF_A_FORM = 0.5
TONES = (
    Colours((205, 160, 138), (176, 92, 92), (62, 44, 34), (96, 70, 48)),
    Colours((226, 184, 162), (190, 106, 104), (96, 70, 44), (92, 118, 132)),
    Colours((140, 98, 76), (124, 66, 64), (30, 24, 22), (58, 40, 28)),
    Colours((196, 150, 118), (170, 88, 84), (28, 24, 24), (64, 44, 30)),
    Colours((106, 72, 56), (104, 56, 56), (24, 20, 20), (48, 32, 24)),
)


@dataclass(frozen=True)
class Head:
    """A drawn head with its truth. The true mid-plane is x = 0."""

    surface: Surface
    paint: Paint
    side: Side | None  # of the cleft; None where the head is symmetric
    asymmetry: float  # mm, root mean square of the distance to the mirror image over nose and lips
    moves: np.ndarray  # (V, 3) mm: how far the asymmetry moved each vertex
    points: dict[str, np.ndarray]  # (3,) mm


def head(number: int, *, settings: PhantomsHeads) -> Head:
    """The head of `settings.asymmetries[number]`."""
    rng = np.random.default_rng([settings.seed, number])
    first, second = rng.permutation(len(ADULTS))[:2]
    share = float(rng.uniform(0.2, 0.8))
    targets = {ADULTS[first]: share, ADULTS[second]: 1 - share}
    targets |= {name: float(rng.uniform(0, MOST_OF_A_FORM)) for name in FORMS}
    colours = TONES[int(rng.integers(len(TONES)))]
    skin = int(rng.integers(2**31))
    asymmetry = settings.asymmetries[number]
    side = side_of(number, settings=settings)
    even = shape(targets)
    vertices, moves = made_asymmetric(even, side, asymmetry) if side else (even, np.zeros(even.shape))
    return Head(
        surface=surface_of(vertices),
        paint=painted(vertices, colours=colours, seed=skin),
        side=side,
        asymmetry=asymmetry,
        moves=moves,
        points=places(vertices),
    )


def side_of(number: int, *, settings: PhantomsHeads) -> Side | None:
    """The side of a head's cleft, in turn; None where it is symmetric."""
    return SIDES[number % len(SIDES)] if settings.asymmetries[number] else None
