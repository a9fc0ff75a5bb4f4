"""How long a millimetre is on a face: from every distance that somebody measured, a ruler, or else the irises.

In: a face's points in millimetres by the irises (tasks.surface.scale.where_rays_cross), distances that are known of it,
a ruler's factor. Out: the factor by which the face has to grow, its 95 % interval, and words that name what was used
and by how much each is missed. What is known is combined by inverse variance; two that contradict each other are
refused with both numbers, and what contradicts the irises grossly, too. Models err on both sides of a face alike: both
outer corners of the eyes too far in. So a point and that of the other side share most of their error, mirrored. Knows
no photographs.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from tasks.errors import InputError
from tasks.params.surface import SurfaceScale
from tasks.space.views import Point
from tasks.surface.geometry.mid_plane import between
from tasks.surface.points.names import POINTS, UNSEEN, base_of, side_of
from tasks.surface.scale.millimetres import Z95, Factor

SHORTEST, LONGEST = 1.0, 500.0
"""mm between two points of a face."""
APART = 3.0
"""Standard deviations of their difference beyond which two sizes contradict each other."""
ALIKE = 0.6
"""Of the square of a point's error, what it shares with the point of the other side: London's eye corners, against
hand-placed ones (`python -m bench.surface_scale --real`)."""
GROSS = 1.6
"""Times, either way, by which what was measured may differ from the irises. Closed eyes make irises 20 % wrong, a
child's are up to 15 % small, and landmarks read them 8 % wide or narrow: 1.5 together. Beyond it a number is wrong."""


class Known(NamedTuple):
    """A distance that somebody measured on the person."""

    first: str  # name of a point
    second: str
    mm: float


def checked(known: Sequence[Known]) -> None:
    """InputError where a distance cannot be one: told before hours of work, not after it."""
    for one in known:
        if strange := [name for name in (one.first, one.second) if name not in POINTS]:
            raise InputError(
                f"a distance is known from {one.first} to {one.second}: there is no point {strange[0]}; the points are "
                f"{', '.join(POINTS)}"
            )
        if one.first == one.second or not SHORTEST <= one.mm <= LONGEST:
            raise InputError(f"{said(one)}: two different points and {SHORTEST:g} to {LONGEST:g} mm expected")


def check_any_found(known: Sequence[Known]) -> None:
    """InputError where every distance ends at a point that people alone place, which they do after the scale."""
    if known and all(base_of(one.first) in UNSEEN or base_of(one.second) in UNSEEN for one in known):
        raise InputError(
            f"{' and '.join(said(one) for one in known)}: no such length tells the size, for {', '.join(UNSEEN)} are "
            "placed by hand, after the scale; measure another one, such as exocanthion_right to exocanthion_left"
        )


class Size(NamedTuple):
    """One word on the size: the logarithm of the factor, and what moves it."""

    said: str
    log: float
    moves: dict[str, np.ndarray]  # by what errs (3,): change of `log` for its standard deviation
    own: float  # standard deviation of `log` besides
    length: float | None  # mm on the face, by the irises; None: a ruler, which is no part of the face
    mm: float  # as it was given


def known_of(said: str) -> Known:
    """A distance that is known, of a cell of SURFACE_SETS."""
    first, second, mm = said.split()
    return Known(first, second, float(mm))


def size_of(
    known: Sequence[Known],
    points: Mapping[str, Point],
    unit: Factor,
    ruler: Factor | None,
    *,
    settings: SurfaceScale,
) -> Factor:
    """By how much points in millimetres of `unit`, the irises' factor, have to grow.

    InputError: two sizes contradict each other, they contradict the irises grossly, or distances were given and none
    can be used. The distances were `checked`.
    """
    sizes, lost = [], ""
    mirror = _mirror(points)
    for one in known:
        size, why = _size(one, points, mirror, settings)
        if size is None:
            lost += f"; {said(one)} says nothing, for {why}"
        else:
            sizes.append(size)
    if ruler is not None:
        spread = math.log(ruler.high / ruler.low) / (2 * Z95)
        sizes.append(Size(ruler.words.removeprefix("by "), math.log(ruler.value / unit.value), {}, spread, None, 0))
    if not sizes and known:
        raise InputError(
            f"no length that was given can be used{lost}; measure one between points that are found by themselves (a "
            "point placed by hand comes after the scale), or give none: the irises then tell the size"
        )
    if not sizes:
        return Factor(1.0, unit.low / unit.value, unit.high / unit.value, unit.words)
    errors = _errors(sizes)
    _agree(sizes, errors)
    shares = 1 / np.diag(errors)
    shares /= shares.sum()
    log, reach = float(shares @ [size.log for size in sizes]), Z95 * math.sqrt(shares @ errors @ shares)
    value = math.exp(log)
    _borne_out(sizes, value, unit)
    words = f"by {_listed(sizes, value)}{_beside(value, unit)}{lost}"
    return Factor(value, value * math.exp(-reach), value * math.exp(reach), words)


def _mirror(points: Mapping[str, Point]) -> np.ndarray:
    """What the mid-plane makes of a direction, (3, 3)."""
    try:
        normal = between(points)[0].normal
    except ValueError:
        return np.eye(3)
    return np.asarray(np.eye(3) - 2 * np.outer(normal, normal))


def _size(
    one: Known, points: Mapping[str, Point], mirror: np.ndarray, settings: SurfaceScale
) -> tuple[Size | None, str]:
    """What a distance says, or why it says nothing."""
    ends = [points[name] for name in (one.first, one.second)]
    first, second = (end.position for end in ends)
    if first is None or second is None:
        return None, "a point of it was not found"
    length, spreads = float(np.linalg.norm(second - first)), [(end.interval or 0) / Z95 for end in ends]
    if not length > Z95 * math.hypot(*spreads):
        return None, "its points lie too near to each other"
    along = (second - first) / length**2
    moves: dict[str, np.ndarray] = {}
    for name, move in ((one.first, along * spreads[0]), (one.second, -along * spreads[1])):
        own = mirror @ move if side_of(name) < 0 else move
        alike = moves.get(base_of(name), np.zeros(3)) + math.sqrt(ALIKE) * own
        moves |= {base_of(name): alike, f"{name} itself": math.sqrt(1 - ALIKE) * move}
    return Size(said(one), math.log(one.mm / length), moves, settings.calliper_mm / one.mm, length, one.mm), ""


def expected(one: Known, *, settings: SurfaceScale) -> float | None:
    """Half of the 95 % interval of lengths by this distance alone, as a share; None where no model has its points."""
    bases = [base_of(name) for name in (one.first, one.second)]
    if any(base not in settings.read for base in bases):
        return None
    points = math.hypot(*(settings.read[base] for base in bases))
    if bases[0] == bases[1]:
        points *= math.sqrt(1 + ALIKE)
    return Z95 * math.hypot(points, settings.calliper_mm) / one.mm


def said(one: Known) -> str:
    """A distance in words."""
    return f"{one.mm:g} mm from {one.first.replace('_', ' ')} to {one.second.replace('_', ' ')}"


def _errors(sizes: Sequence[Size]) -> np.ndarray:
    """Covariance (N, N) of what the sizes say; those with a point in common err together."""
    found = np.diag([size.own**2 for size in sizes])
    for (row, one), (column, other) in itertools.product(enumerate(sizes), repeat=2):
        found[row, column] += sum(float(one.moves[name] @ other.moves[name]) for name in one.moves.keys() & other.moves)
    return found


def _agree(sizes: Sequence[Size], errors: np.ndarray) -> None:
    """InputError names the two that differ most, where that is more than their errors allow."""
    worst, pair = 0.0, (0, 0)
    for one, other in itertools.combinations(range(len(sizes)), 2):
        spread = math.sqrt(max(errors[one, one] + errors[other, other] - 2 * errors[one, other], 1e-12))
        off = abs(sizes[one].log - sizes[other].log) / spread
        worst, pair = max((worst, pair), (off, (one, other)))
    if worst <= APART:
        return
    larger, smaller = sorted((sizes[number] for number in pair), key=lambda size: -size.log)
    raise InputError(
        f"two sizes contradict each other: by {larger.said} the face is {math.exp(larger.log - smaller.log) - 1:.0%} "
        f"larger than by {smaller.said}; measure both again, or leave one out"
    )


def _borne_out(sizes: Sequence[Size], value: float, unit: Factor) -> None:
    """InputError where the irises say another size altogether, and their own interval does not hold this one."""
    low, high = unit.low / unit.value, unit.high / unit.value
    if 1 / GROSS <= value <= GROSS or low <= value <= high:
        return
    how = f"{value:.1f} times larger" if value > 1 else f"{1 / value:.1f} times smaller"
    asked = [
        "are the two ends exchanged in a line of the table of the ruler, and are its millimetres right?"
        if size.length is None
        else f"is {size.mm:g} in millimetres, and between these two points? by the irises it is {size.length:.0f}"
        for size in sizes
    ]
    raise InputError(
        f"by {' and by '.join(size.said for size in sizes)} the face would be {how} than by its irises, which are "
        f"never wrong by {GROSS:g} times, even of closed eyes: {'; '.join(asked)}"
    )


def _listed(sizes: Sequence[Size], value: float) -> str:
    """What was used, and of several how far the face misses each."""
    if len(sizes) == 1:
        return sizes[0].said
    return " and by ".join(f"{size.said} ({_missed(size, value)})" for size in sizes)


def _missed(size: Size, value: float) -> str:
    if size.length is None:
        return f"it alone makes the face {math.exp(size.log) / value - 1:+.1%}"
    return f"on the face {size.length * value - size.mm:+.1f} mm"


def _beside(value: float, unit: Factor) -> str:
    """What the irises say, where that is another size altogether."""
    low, high = unit.low / unit.value, unit.high / unit.value
    if low <= value <= high:
        return ""
    return f"; by the irises all would be {abs(1 / value - 1):.0%} {'larger' if value < 1 else 'smaller'}: look again"
