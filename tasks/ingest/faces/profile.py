"""The named points of a face in profile, on the outline of its head (names as in Farkas 1994).

In: a photograph in profile before an even background. Out: the points, and the outline that they lie on, in the
photograph's pixels; or why there are none. Two steps. **A chain**: of all places on the outline, those are taken that
together turn like a profile (out at the tip of the nose, in below it, ...) and lie from each other as in a face, of any
size and of any tilt that is sensible; the chain's cost says how little this outline is a profile. **Each point's own
definition**: the place that stands out furthest, or lies in deepest, between its neighbours; none of them uses the
picture's axes, so a turned photograph has the same points. Does not know what is measured between them.
"""

from typing import Literal, NamedTuple

import numpy as np

from tasks.errors import InputError
from tasks.ingest.faces.silhouette import NoSilhouette, front_edge
from tasks.params.ingest import Profile

View = Literal["left", "right"]
"""The side of the face that is seen: of `left` the nose points to the picture's left."""


class Place(NamedTuple):
    """A point of the chain: how the outline turns there (degrees, outwards positive) and where the next one lies."""

    turn: float
    next_x: float  # nose heights, backwards
    next_y: float  # nose heights, downwards
    spread: float  # of both, one standard deviation


CHAIN = {
    "glabella": Place(15, 0.08, 0.28, 0.14),
    "nasion": Place(-25, -0.45, 0.78, 0.16),
    "pronasale": Place(80, 0.30, 0.20, 0.12),
    "subnasale": Place(-65, -0.06, 0.25, 0.11),
    "labiale_superius": Place(40, 0.10, 0.15, 0.09),
    "stomion": Place(-50, -0.06, 0.17, 0.09),
    "labiale_inferius": Place(45, 0.12, 0.17, 0.10),
    "sublabiale": Place(-35, -0.06, 0.27, 0.12),
    "pogonion": Place(35, 0.20, 0.28, 0.15),
    "menton": Place(50, 0.0, 0.0, 1.0),
}
"""The profile from above. Distances are of adults, in nose heights (nasion to subnasale: some 53 mm)."""
ONWARD = ("cervicale", "neck")
"""Points below the chin, which hair or a collar may hide."""
POINTS = (*CHAIN, *ONWARD, "columella")
NAMES = {
    "glabella": "most prominent point of the forehead, between the brows",
    "nasion": "deepest point of the nose's root",
    "pronasale": "tip of the nose",
    "subnasale": "where the columella meets the upper lip",
    "labiale_superius": "most prominent point of the upper lip",
    "stomion": "where the lips meet",
    "labiale_inferius": "most prominent point of the lower lip",
    "sublabiale": "the fold between lower lip and chin",
    "pogonion": "most prominent point of the chin",
    "menton": "the corner between chin and its underside",
    "cervicale": "where the chin's underside meets the neck",
    "neck": "on the neck's outline, half a nose height below",
    "columella": "on the outline half-way from subnasale to the tip",
}
LINES = {"glabella": ("nasion", "menton"), "pronasale": ("nasion", "subnasale")}
"""The line from which such a point is the furthest; its neighbours lie too close, or one of them far behind."""
SLIDE = 0.25
"""Nose heights by which a point may move from its place in the chain."""
PLACES = 220
"""Places of the outline that the chain is chosen among."""
SIZES = np.geomspace(0.05, 0.22, 10)
"""Nose heights over the outline's length that are tried."""
TILTS = np.radians((-24, -12, 0, 12, 24))
TURN_SPREAD = 32.0
"""Degrees, one standard deviation of a turn."""
ARM = 0.13
"""Nose heights over which a turn is read, to either side."""
BEND = 0.1
"""Nose heights by which the outline turns in where chin and neck meet; a collar runs straight."""
FAR_OFF = 1e6
"""Nose heights: what lies earlier on the outline comes no later."""
ROUNDS = 4
"""Times that the points are placed between their neighbours."""


class NoProfile(InputError):
    """The outline is not that of a face in profile; the message says why."""


class Seen(NamedTuple):
    """A face in profile."""

    points: dict[str, np.ndarray]  # (2,) px; without those that are hidden
    outline: np.ndarray  # (n, 2) px, from the crown down the front
    unit: float  # px: nose height, nasion to subnasale
    misfit: float  # from a usual profile: squared deviations per number


def find(
    image: np.ndarray,  # (H, W, 3) uint8 RGB, upright
    view: View,
    *,
    settings: Profile,
) -> Seen:
    """The profile in a photograph. A mirrored photograph of the other view gives exactly the mirrored points.

    NoSilhouette, NoProfile: it has none, or looks the other way; the message says so.
    """
    seen = _looking_left(image if view == "left" else np.ascontiguousarray(image[:, ::-1]), settings)
    if seen.misfit > settings.most_misfit:
        other = _looking_left(image if view == "right" else np.ascontiguousarray(image[:, ::-1]), settings)
        if other.misfit <= settings.most_misfit:
            is_view, ought = ("right", "left") if view == "left" else ("left", "right")
            raise NoProfile(
                f"the nose points to the picture's {is_view}: of view {view} it points to the picture's {ought}; "
                f"write {is_view}, the side of the face that is seen"
            )
        raise NoProfile("the outline is not that of a face in profile")
    return seen if view == "left" else _mirrored(seen, image.shape[1])


def view_of(image: np.ndarray, *, settings: Profile) -> View | None:
    """From which side a photograph shows a face in profile; None where it does not."""
    views: tuple[View, View] = ("left", "right")
    for view in views:
        try:
            find(image, view, settings=settings)
        except (NoProfile, NoSilhouette):
            continue
        return view
    return None


def _mirrored(seen: Seen, width: int) -> Seen:
    def back(where: np.ndarray) -> np.ndarray:
        return np.asarray(where * [-1, 1] + [width - 1, 0])

    return seen._replace(points={name: back(own) for name, own in seen.points.items()}, outline=back(seen.outline))


def _looking_left(image: np.ndarray, settings: Profile) -> Seen:
    edge, scale = front_edge(image, settings=settings.silhouette)
    at = _chain(edge)
    first = at
    for _ in range(ROUNDS):
        at = _placed(edge, at, first)
    points = {name: edge[index] for name, index in zip(CHAIN, at, strict=True)}
    unit = float(np.hypot(*(points["subnasale"] - points["nasion"])))
    points["columella"] = edge[(at[2] + at[3]) // 2]
    points |= _below(edge, at[-1], unit, settings)
    whole = {name: (own + 0.5) / scale - 0.5 for name, own in points.items()}  # pixels of the photograph
    return Seen(whole, (edge + 0.5) / scale - 0.5, unit / scale, _misfit(edge, at))


def _chain(edge: np.ndarray) -> list[int]:
    """Indices of the chain's points on the edge."""
    stride = max(1, len(edge) // PLACES)
    places = edge[::stride]
    gaps = (places[None] - places[:, None]).astype(np.float32)  # from the first index to the second
    earlier = np.tril(np.ones((len(places), len(places)), bool))[..., None]
    best: tuple[float, list[int]] = (np.inf, [0] * len(CHAIN))
    for size in SIZES * len(edge):
        turns = _turns(places, max(1, round(ARM * size / stride)))
        for tilt in TILTS:
            turned = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]], np.float32)
            found = _cheapest(np.where(earlier, np.float32(FAR_OFF), gaps @ turned.T / np.float32(size)), turns)
            best = min(best, found, key=lambda own: own[0])
    return [index * stride for index in best[1]]


def _misfit(edge: np.ndarray, at: list[int]) -> float:
    """How far the placed points are from a usual profile of the size and tilt that fit best: squared deviations."""
    places = list(CHAIN.values())
    apart = np.diff(edge[at], axis=0) @ [1, 1j]
    usual = np.array([place.next_x + 1j * place.next_y for place in places[:-1]])
    weight = np.array([place.spread for place in places[:-1]]) ** -2.0
    fit = (weight * apart * usual.conj()).sum() / (weight * np.abs(usual) ** 2).sum()
    if abs(fit) < 1:  # px: no face
        return float("inf")
    lengths = (weight * np.abs(apart / fit - usual) ** 2).mean() / 2
    turns = _turns(edge, max(1, round(ARM * abs(fit))))[at] - [place.turn for place in places]
    return float(lengths + ((turns / TURN_SPREAD) ** 2).mean()) / 2


def _cheapest(gaps: np.ndarray, turns: np.ndarray) -> tuple[float, list[int]]:
    """The chain of least cost, by dynamic programming."""
    names = list(CHAIN)
    total = ((turns - CHAIN[names[0]].turn) / TURN_SPREAD) ** 2
    before = []
    for one, other in zip(names, names[1:], strict=False):
        place = CHAIN[one]
        apart = ((gaps[..., 0] - place.next_x) ** 2 + (gaps[..., 1] - place.next_y) ** 2) / place.spread**2
        whole = total[:, None] + apart
        before.append(whole.argmin(axis=0))
        total = whole.min(axis=0) + ((turns - CHAIN[other].turn) / TURN_SPREAD) ** 2
    chosen = [int(total.argmin())]
    for pointers in reversed(before):
        chosen.insert(0, int(pointers[chosen[0]]))
    return float(total.min()), chosen


def _turns(places: np.ndarray, arm: int) -> np.ndarray:
    """How the outline turns at each place, degrees: outwards (a tip) positive, inwards negative."""
    padded = np.concatenate([np.repeat(places[:1], arm, 0), places, np.repeat(places[-1:], arm, 0)])
    come, go = places - padded[: -2 * arm], padded[2 * arm :] - places
    cross = come[:, 0] * go[:, 1] - come[:, 1] * go[:, 0]
    return np.asarray(np.degrees(np.arctan2(-cross, (come * go).sum(axis=1))))


def _placed(edge: np.ndarray, at: list[int], first: list[int]) -> list[int]:
    """The chain with every point where its definition puts it between its neighbours.

    A point that stands out, or lies in, is the furthest from a line: the one through its neighbours, or that of LINES.
    """
    names = list(CHAIN)
    places = dict(zip(names, at, strict=True))
    slide = round(SLIDE * float(np.hypot(*(edge[first[3]] - edge[first[1]]))))
    for number, name in enumerate(names):
        low = places[names[number - 1]] if number else 0
        high = places[names[number + 1]] if number + 1 < len(names) else len(edge) - 1
        low, high = max(low, first[number] - slide), min(high, first[number] + slide)
        one, other = (edge[places[own]] for own in LINES[name]) if name in LINES else (edge[low], edge[high])
        inside = slice(low + 1, max(high, low + 2))
        out = _outwards(edge[inside], one, other)
        places[name] = low + 1 + int(np.argmax(out if CHAIN[name].turn > 0 else -out))
    return list(places.values())


def _outwards(where: np.ndarray, above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """How far points lie in front of the line from one point down to another, px."""
    along = (below - above) / np.hypot(*(below - above))
    apart = where - above
    return np.asarray(apart[..., 1] * along[0] - apart[..., 0] * along[1])


def _below(edge: np.ndarray, menton: int, unit: float, settings: Profile) -> dict[str, np.ndarray]:
    """Where the chin's underside meets the neck, and a point on the neck; nothing where the edge does not show it."""
    far = min(menton + round(2.2 * unit), len(edge) - 1)
    if far - menton < unit:
        return {}
    inward = -_outwards(edge[menton : far + 1], edge[menton], edge[far])
    at = menton + int(np.argmax(inward))
    neck = at + round(unit / 2)
    underside = float(np.hypot(*(edge[at] - edge[menton])))
    if inward.max() < BEND * unit or underside < settings.least_underside * unit or neck >= len(edge):
        return {}
    return {"cervicale": edge[at], "neck": edge[neck]}
