"""Sets of photographs from which no head can be made, and photographs that do not belong, each with the true reason.

In: what was seen in every photograph, the matches, the cameras found. Out: reasons. Two people, or a face that moved
between photographs, give matches that one rigid head does not fit: they lie near the place where it would be seen, and
not on it. Does not know who is shown.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from tasks.errors import InputError
from tasks.params.surface import SurfaceCameras
from tasks.space.views import Camera
from tasks.surface.cameras.distortion import Bend, bent
from tasks.surface.cameras.features import Features
from tasks.surface.cameras.matching import Pairs
from tasks.surface.cameras.structure_from_motion import Doubt, scale_of

PAIR = 3
"""Photographs without which not even their distance from each other can be told."""

FEW = 50
"""Features: a photograph with fewer has no face that could be found again."""

FEWER = 0.2
"""Share of a set: what disagrees with the rest and is fewer than this, or than three, is left out by itself."""

ADVICE = "take one every 15 to 20 degrees round the head, and a few from above and below"


class RefusedSet(InputError):
    """No head can be made of these photographs; the message says why, `reasons` which of them."""

    def __init__(self, message: str, reasons: Mapping[str, str]) -> None:
        super().__init__(message)
        self.reasons = dict(reasons)


def blurred(seen: Mapping[str, Features], *, settings: SurfaceCameras) -> dict[str, str]:
    """The photographs that are too blurred, by themselves or beside the others, with the reason."""
    if not seen:
        return {}
    usual = float(np.median([features.sharpness for features in seen.values()]))
    limit = max(settings.least_sharpness, settings.least_sharpness_of_median * usual)
    return {
        name: f"blurred: sharpness {features.sharpness:.2f} (at least {limit:.2f})"
        for name, features in sorted(seen.items())
        if features.sharpness < limit
    }


def enough(count: int, reasons: Mapping[str, str], *, settings: SurfaceCameras) -> None:
    """RefusedSet where nothing can be tried: hardly a photograph, or too few that are not blurred."""
    given = count + len(reasons)
    if given < PAIR:
        told = {0: "no photograph", 1: "one photograph"}.get(given, f"{given} photographs")
        raise RefusedSet(f"{told}: a head needs at least {settings.least_views}; {ADVICE}", reasons)
    if count >= settings.least_views:
        return
    if blurs := sum(reason.startswith("blurred") for reason in reasons.values()):
        raise RefusedSet(
            f"{blurs} of {given} photographs are blurred; {count} are left, at least {settings.least_views} are needed",
            reasons,
        )


GROSS = 0.1, 2.0
"""A focal length so much off, as a share, with so many times the error: no remark will do."""


def calibrated(doubts: Mapping[str, Doubt], reasons: Mapping[str, str]) -> None:
    """RefusedSet where a lens that was held is grossly another one than that of the photographs."""
    gross = {name: own for name, own in doubts.items() if abs(own.fitted / own.given - 1) > GROSS[0]}
    gross = {name: own for name, own in gross.items() if own.times > GROSS[1]}
    if gross:
        own = next(iter(gross.values()))
        told = f"cameras.csv has a focal length of {own.given:.0f} px, the photographs have some {own.fitted:.0f} px"
        raise RefusedSet(
            f"{told} ({len(gross)} of them): another camera or zoom, or pictures that were cut; mend the file or take "
            "it away, then the lens is found from the photographs",
            {**reasons, **dict.fromkeys(gross, told)},
        )


def groups(names: list[str], inliers: Mapping[tuple[str, str], int], *, settings: SurfaceCameras) -> list[list[str]]:
    """Photographs joined by matches, directly or through others; the largest group first."""
    joined = {name: {name} for name in names}
    for (one, other), count in inliers.items():
        if count >= settings.least_inliers and joined[one] is not joined[other]:
            merged = joined[one] | joined[other]
            joined |= dict.fromkeys(merged, merged)
    distinct = {min(group): sorted(group) for group in joined.values()}
    return sorted(distinct.values(), key=lambda group: (-len(group), group))


def apart(
    names: list[str],
    inliers: Mapping[tuple[str, str], int],
    placed: Mapping[str, Camera],
    middle: np.ndarray,  # (3,) of the head
    reasons: Mapping[str, str],
    others: Sequence[Sequence[str]],  # photographs that fit together, but not with those placed
    *,
    settings: SurfaceCameras,
) -> None:
    """RefusedSet where the photographs that are placed do not make a head: groups that share nothing, gaps, too few."""
    least = max(3, FEWER * len(names))
    found = [group for group in groups(names, inliers, settings=settings) if len(group) > 1]
    if len(found) > 1 and len(found[1]) >= least:
        told = " and ".join(str(len(group)) for group in found)
        raise RefusedSet(
            f"two people, or two visits: the photographs fall into groups of {told} that share no place of a face",
            reasons,
        )
    second = sorted(set(others[0]) - set(placed)) if others else []
    if len(second) >= least:
        one = f"fits {len(second) - 1} others, but not the {len(placed)} that fit together"
        raise RefusedSet(
            f"two people, two visits, or a head that moved: {len(placed)} photographs fit together, and {len(second)} "
            "others fit one another but not these",
            {**reasons, **dict.fromkeys(second, one)},
        )
    few = len(placed) < max(settings.least_views, settings.least_share * len(names))
    gaps = neighbours(placed, middle)
    gap = float(np.median(gaps)) if len(gaps) else None
    far = "" if gap is None else f"neighbours are {gap:.0f} degrees apart"
    if gap is not None and gap > settings.widest_gap:
        fit = f"{len(placed)} of {len(names)} photographs fit together" if few else "too far apart"
        spoilt = sum(reason.startswith("blurred") for reason in reasons.values())
        told = f"; {spoilt} of {len(names) + spoilt} photographs are blurred" if spoilt else ""
        raise RefusedSet(f"{fit}: {far}, at most {settings.widest_gap:g} will do{told}; {ADVICE}", reasons)
    if few:
        raise RefusedSet(
            f"only {len(placed)} of {len(names)} photographs fit together, at least {settings.least_views} and "
            f"{settings.least_share:.0%} are needed: the others lie too far apart, or show something else; {ADVICE}",
            reasons,
        )
    if (width := span(placed, middle)) < settings.least_span:
        raise RefusedSet(
            f"the photographs go {width:.0f} degrees round the head, at least {settings.least_span:g} are needed; if "
            "they were taken all round, what is behind the head moved between them: take them before a plain wall",
            reasons,
        )


def directions(placed: Mapping[str, Camera], middle: np.ndarray) -> np.ndarray:
    """Unit vectors (n, 3) from the head to each camera, by name."""
    towards = np.array([placed[name].centre - middle for name in sorted(placed)]).reshape(-1, 3)
    return np.asarray(towards / np.linalg.norm(towards, axis=1, keepdims=True))


def neighbours(placed: Mapping[str, Camera], middle: np.ndarray) -> np.ndarray:
    """Degrees (n,) from each camera to the nearest other one, seen from the head; empty for fewer than two."""
    if len(placed) < 2:
        return np.zeros(0)
    towards = directions(placed, middle)
    between = np.degrees(np.arccos(np.clip(towards @ towards.T, -1, 1)))
    np.fill_diagonal(between, np.inf)
    return np.asarray(between.min(axis=1))


def span(placed: Mapping[str, Camera], middle: np.ndarray) -> float:
    """Degrees between the two cameras that lie farthest apart, seen from the head."""
    towards = directions(placed, middle)
    return float(np.degrees(np.arccos(np.clip(towards @ towards.T, -1, 1))).max(initial=0))


def unplaced(
    names: list[str], placed: Iterable[str], seen: Mapping[str, Features], inliers: Mapping[tuple[str, str], int]
) -> dict[str, str]:
    """Why each photograph has no camera that got none."""
    best = {name: max((count for pair, count in inliers.items() if name in pair), default=0) for name in names}
    told = {}
    for name in sorted(set(names) - set(placed)):
        if len(seen[name].keypoints) < FEW:
            told[name] = f"nothing to find again in it: {len(seen[name].keypoints)} features"
        elif not best[name]:
            told[name] = (
                "shares no place of the head with another photograph: too far from its neighbours, or another head"
            )
        else:
            told[name] = f"shares too few places of the head with the others: {best[name]} with the next photograph"
    return told


def conflicts(
    seen: Mapping[str, Features],
    pairs: Pairs,
    where: Mapping[str, np.ndarray],  # (N, 3) of each photograph's features; NaN where it is no point
    placed: Mapping[str, Camera],
    bends: Mapping[str, Bend],
    *,
    settings: SurfaceCameras,
) -> dict[tuple[str, str], tuple[int, int]]:
    """Of each pair: matches that lie near where a rigid head would show the place, and those of them not on it."""
    counted = {}
    reaches = {name: settings.moved_reach * _spread(seen[name], where[name]) for name in placed}
    for one, other in itertools.combinations(sorted(placed), 2):
        if (one, other) not in pairs:
            continue
        matches, off = pairs[one, other], []
        for first, second, column in ((one, other, 0), (other, one, 1)):
            points = where[first][matches[:, column]]
            told = ~np.isnan(points[:, 0])
            at = bent(placed[second].project(points[told]), placed[second], bends[second])
            seen_at = seen[second].keypoints[matches[told, 1 - column], :2]
            distance = np.linalg.norm(at - seen_at, axis=1)
            off.append(distance[distance < reaches[second]] / scale_of(seen[second], settings))
        distances = np.concatenate(off)
        counted[one, other] = len(distances), int((distances > settings.moved_px).sum())
    return counted


def moved(
    names: list[str],
    counted: Mapping[tuple[str, str], tuple[int, int]],
    reasons: Mapping[str, str],
    *,
    settings: SurfaceCameras,
) -> dict[str, str]:
    """The photographs in which the face is another one than in the rest, with the reason; they are to be left out.

    The set is parted in two so that as many matches as can be are off their place between the parts and as few as can
    be within them. RefusedSet where a part is too large to be left out.
    """
    near, off = (_matrix(names, counted, column) for column in (0, 1))
    part = parted(near, off)
    across = part[:, None] != part[None]
    share = off[across].sum() / max(near[across].sum(), 1)
    inside = off[~across].sum() / max(near[~across].sum(), 1)
    if share <= settings.most_moved or share < 2 * inside:
        return {}
    odd = [name for name, there in zip(names, part, strict=True) if there]
    told = f"{share:.0%} of the places that both show have moved"
    if len(odd) >= max(3, FEWER * len(names)):
        raise RefusedSet(
            "the head or the face moved between the photographs, or they are of two people: "
            f"between {len(odd)} and {len(names) - len(odd)} of them {told}, at most {settings.most_moved:.0%} will do",
            {**reasons, **dict.fromkeys(odd, "another expression, or another person, than the others")},
        )
    return dict.fromkeys(odd, f"another expression, or another person, than the others: {told}")


def parted(
    near: np.ndarray,  # (n, n) matches
    off: np.ndarray,  # (n, n) of them off their place
) -> np.ndarray:
    """The two parts of a set that disagree most, (n,) bool; True in the smaller one.

    From the best start of one photograph, whichever change of sides gains most, until none does.
    """
    gain = off - off.sum() / max(near.sum(), 1) * near  # above what would be off if all were alike
    best, most = np.zeros(len(near), bool), 0.0
    for first in range(len(near)):
        part = np.arange(len(near)) == first
        while True:
            sides = np.where(part, 1.0, -1.0)
            change = sides * (gain @ sides)  # what moving each across would add, halved
            if change.max() <= 1e-9:
                break
            part[int(change.argmax())] ^= True
        reached = float(gain[part][:, ~part].sum())
        if reached > most:
            best, most = part, reached
    return best if best.sum() * 2 <= len(best) else ~best


def _matrix(names: list[str], counted: Mapping[tuple[str, str], tuple[int, int]], column: int) -> np.ndarray:
    matrix = np.zeros((len(names), len(names)))
    for (one, other), counts in counted.items():
        row, beside = names.index(one), names.index(other)
        matrix[row, beside] = matrix[beside, row] = counts[column]
    return matrix


def _spread(features: Features, points: np.ndarray) -> float:
    """How large the head is in a photograph: twice the deviation of its points' places, px."""
    at = features.keypoints[~np.isnan(points[:, 0]), :2]
    return float(2 * at.std(axis=0).max()) if len(at) else 0.0
