"""What is to be said of a set of photographs: which can be used, whether they suffice, what is to be taken besides.

In: shots, their angles, their matches. Out: a row per photograph and a `Verdict`: faults (each a sentence that says
what to do) and notes. A set without faults will do. Draws nothing.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tasks.base.escaping import visible
from tasks.base.words import counted, listed
from tasks.params.capture import Capture
from tasks.surface.capture.angles import Angle
from tasks.surface.capture.gaps import Gap, between, beyond, nearest, sentences, span
from tasks.surface.capture.overlap import Match, Pair, held, tracks
from tasks.surface.capture.people import changed, strangers
from tasks.surface.capture.shot import Shot

NAMED = 3
"""Photographs that a sentence names."""
RAISED = 12.0
"""Degrees above or below the ring from which a photograph counts as from above or below."""
MANY = 2
"""Photographs of another expression from which the set has two of them, and not a slip."""
ASTRAY, SHARE = 3, 0.2
"""Photographs, and share of the set, that share nothing with those beside them: from here on it is no slip."""
CURES = {
    "blurred": "take them again, with more light or a shorter exposure, and hold still",
    "too dark": "take them again, with more light",
    "burnt out": "take them again, with less light or a shorter exposure",
}
"""What to do of what `_poor` says, by its first words."""


@dataclass(frozen=True)
class Row:
    """One photograph. `reason`: why it is left out."""

    shot: Shot
    angle: Angle | None
    shared: int  # points that it and two others show
    held: bool  # it finds together with the largest group
    reason: str | None


@dataclass(frozen=True)
class Verdict:
    """Of a set; it will do where there is no fault."""

    rows: Sequence[Row]
    faults: Sequence[str]
    notes: Sequence[str]
    gaps: Sequence[Gap]  # what is missing of the ring

    @property
    def fits(self) -> bool:
        """Whether the set will do."""
        return not self.faults

    @property
    def line(self) -> str:
        """The verdict in one line."""
        if not self.fits:
            return f"This set will not do: {self.faults[0]}."
        yaws = [row.angle.yaw for row in self.rows if row.angle and row.held]
        number = f"{len(yaws)} of {counted(len(self.rows), 'photograph')}"
        return f"This set will do: {number}, between {span(min(yaws), max(yaws))}."


def with_reasons(shots: Sequence[Shot], *, settings: Capture) -> list[Shot]:
    """The shots, those told that blur or light make useless."""
    fine = [shot.sharpness for shot in shots if shot.reason is None]
    middle = float(np.median(fine)) if fine else 0.0
    return [replace(shot, reason=shot.reason or _poor(shot, middle, settings)) for shot in shots]


def _poor(shot: Shot, middle: float, settings: Capture) -> str | None:
    if shot.light < settings.least_light:
        return f"too dark: the head's lightest parts are at {shot.light:.0f} of 255 (at least {settings.least_light:g})"
    if shot.burnt > settings.most_burnt:
        return f"burnt out: {100 * shot.burnt:.0f} % of the head is white (at most {100 * settings.most_burnt:g} %)"
    if shot.sharpness < settings.least_sharpness:
        below = np.floor(100 * shot.sharpness) / 100  # 0.149 is not told as 0.15, of which 0.15 are asked
        return f"blurred: sharpness {below:.2f} (at least {settings.least_sharpness:g})"
    if shot.sharpness < settings.least_of_middle * middle:
        return f"blurred: sharpness {shot.sharpness:.2f}, the set's middle one {middle:.2f}"
    return None


def judge(
    shots: Sequence[Shot],  # without pictures that cannot be used: those have a reason
    angles: Sequence[Angle | None],
    found: Mapping[Pair, Match],
    *,
    settings: Capture,
) -> Verdict:
    """The verdict on a set."""
    pairs = list(zip(shots, angles, strict=True))
    reasons = dict(enumerate(shot.reason or _lying(shot, angle, settings) for shot, angle in pairs))
    faces = {n: (shot.head, angle) for n, (shot, angle) in enumerate(pairs) if shot.head and angle and not reasons[n]}
    others = strangers(faces, settings=settings)
    moved = changed({n: face for n, face in faces.items() if n not in others}, settings=settings)
    reasons |= others | moved
    inside = {pair: match for pair, match in found.items() if not any(reasons[number] for number in pair)}
    points = tracks(inside)
    group = held(len(shots), points, inside, settings=settings)
    shared = Counter(number for point in points for number in point)
    rows = [Row(shot, angle, shared[n], n in group, reasons[n]) for n, (shot, angle) in enumerate(pairs)]
    missing = _missing([row for row in rows if row.reason is None], settings)
    faults = _mixed(rows, others, moved) + _astray(rows, settings) + _lacking(rows, missing, settings)
    return Verdict(rows, _spoilt(rows) * bool(faults) + faults, _notes(rows, settings), missing)


def _lying(shot: Shot, angle: Angle | None, settings: Capture) -> str | None:
    """Why the picture is the wrong way up. One that matches upright ones is as they say."""
    if angle is None or angle.by == "outline":
        return shot.turned
    if abs(angle.roll) <= settings.most_roll:
        return None
    if abs(angle.roll) > 180 - settings.most_roll:
        return "the head is upside down: turn the photograph the right way up"
    return f"the head leans by {abs(angle.roll):.0f} degrees: turn the photograph the right way up"


def _mixed(rows: Sequence[Row], others: Collection[int], moved: Collection[int]) -> list[str]:
    """What does not go together."""
    said = []
    if others:
        said.append(f"two people: {_names([rows[n] for n in others])} show somebody else than the others do")
    if len(moved) >= MANY:
        said.append(f"two expressions: {_names([rows[n] for n in moved])} show another than the others do")
    return said


def _astray(rows: Sequence[Row], settings: Capture) -> list[str]:
    """Photographs that share too little with those on either side of them, though those hold together."""
    used = [row for row in rows if row.reason is None]
    held = np.array([row.angle.yaw for row in used if row.held and row.angle])
    astray = []
    for row in used:
        if row.held or row.angle is None or not len(held):
            continue
        near = held[np.abs(held - row.angle.yaw) <= settings.most_gap] - row.angle.yaw
        if (near < 0).any() and (near > 0).any():
            astray.append(row)
    if len(astray) < max(ASTRAY, SHARE * len(used)):
        return []
    return [
        f"two people, two visits, or a head that moved: {_names(astray)} share too little with the photographs beside "
        "them, which hold together"
    ]


def _spoilt(rows: Sequence[Row]) -> list[str]:
    """What blur or light took away, where that is no slip: said first, for other places would be spoilt likewise."""
    why = Counter(own for row in rows if (own := (row.reason or "").partition(":")[0]) in CURES)
    return [
        f"{count} of {counted(len(rows), 'photograph')} {'is' if count == 1 else 'are'} {own}: {CURES[own]}"
        for own, count in why.most_common()
        if count >= max(ASTRAY, SHARE * len(rows))
    ]


def _missing(used: Sequence[Row], settings: Capture) -> list[Gap]:
    """The gaps of the ring. Where photographs hold together across one, it may be wider."""
    together = [row.angle.yaw for row in used if row.held and row.angle]
    enough = len(together) >= settings.least_photographs
    if enough and not beyond(together, settings=settings) + between(together, settings.widest_gap):
        return []
    every = [row.angle.yaw for row in used if row.angle]
    most = settings.widest_gap if enough and len(together) == len(used) else settings.most_gap
    return beyond(every, settings=settings) + between(every, most) if every else []


def _lacking(rows: Sequence[Row], missing: Sequence[Gap], settings: Capture) -> list[str]:
    """What is to be taken besides."""
    used = [row for row in rows if row.reason is None]
    if not used:
        return ["no photograph can be used"]
    if len(used) == 1:
        return ["one photograph alone has no depth: take a ring of them around the face"]
    if not any(row.angle for row in used):
        return ["no face is found in any photograph, so it is not known from where they were taken"]
    if missing:
        return sentences(missing, settings=settings)
    if len(used) < settings.least_photographs:
        return [f"{counted(len(used), 'photograph')} can be used, {settings.least_photographs} are the least"]
    loose = [row for row in used if not row.held]
    if len(used) - len(loose) < settings.least_photographs:
        return [_loose(loose, len(used))]
    apart = nearest([(row.angle.yaw, row.angle.pitch) for row in used if row.held and row.angle])
    if apart <= settings.nearest_gap:
        return []
    return [
        f"neighbours are {apart:.0f} degrees apart, at most {settings.nearest_gap:g} make a face: "
        f"take one every {settings.step:.0f} degrees"
    ]


def _loose(loose: Sequence[Row], number: int) -> str:
    return (
        f"{len(loose)} of {number} photographs share too little with the others ({_names(loose)}): "
        "go closer, give more light, take smaller steps"
    )


def _notes(rows: Sequence[Row], settings: Capture) -> list[str]:
    used = [row for row in rows if row.reason is None]
    said = []
    if out := [row for row in rows if row.reason is not None]:
        said.append(f"{counted(len(out), 'photograph')} left out: {_names(out)}")
    if (loose := [row for row in used if not row.held]) and len(loose) < len(used):
        said.append(f"{counted(len(loose), 'photograph')} would find no place among the others: {_names(loose)}")
    raised = [row.angle.pitch for row in used if row.angle]
    for where, there in (("above", [one > RAISED for one in raised]), ("below", [one < -RAISED for one in raised])):
        if used and not any(there):
            said.append(f"nothing from {where}: take two or three from 25 degrees {where}, for the nose and the chin")
    if small := [row for row in used if row.shot.tall is not None and row.shot.tall < settings.good_face]:
        least = min(row.shot.tall or 0 for row in small)
        good = f"{settings.good_face} or more is good"
        said.append(f"small faces in {len(small)}: down to {least:.0f} pixels from hairline to chin; {good}")
    return said + _lenses(used)


def _lenses(used: Sequence[Row]) -> list[str]:
    said = []
    cameras = sorted({row.shot.lens.camera or "unknown" for row in used})
    if len(cameras) > 1:
        said.append(f"{len(cameras)} cameras: {listed([visible(one) for one in cameras], NAMED)}; one is better")
    relative = {round(row.shot.lens.focal / max(row.shot.size), 1) for row in used if row.shot.lens.focal}
    if len(relative) > 1:
        said.append("the lens was zoomed between photographs; leave it as it is")
    if bare := [row for row in used if not row.shot.lens.focal]:
        said.append(f"EXIF of {len(bare)} says no focal length; it is guessed from the faces")
    return said


def _names(rows: Sequence[Row]) -> str:
    """The first photographs' names, and how many more."""
    return listed([visible(row.shot.name) for row in rows], NAMED)
