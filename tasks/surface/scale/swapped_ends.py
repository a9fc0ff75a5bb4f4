"""Whether a ruler's two ends are the same two in every photograph: one line that exchanges them makes another size.

In: both ends' pixels in photographs without distortion, and cameras. Out: nothing, or the photograph and the reason.
Rays of exchanged ends miss each other, but in two photographs whose cameras stand side by side along the ruler: there
they cross before or behind it. Then the ruler runs from right to left in one of them, which it does truly only where it
points between the two cameras. Does not know what is in the photographs.
"""

from collections.abc import Mapping

import numpy as np

from tasks.errors import InputError
from tasks.params.surface import SurfaceScale
from tasks.space.views import Camera
from tasks.surface.scale import millimetres

Ends = Mapping[str, tuple[float, float]]
MOST_OFF = 20.0
"""Pixels, of a photograph of 1,600, by which rays to one place may miss it. People click within 2 or 3 of them."""
FAR = 12.0
"""Pixels that are no clicking any more, where exchanged ends would fit."""
BETTER = 3.0
"""Times by which exchanged ends must fit better, to be believed."""
APART = 90.0
"""Degrees between two cameras up to which a ruler that points between them is not believed, of two photographs."""


def check_ends(cameras: Mapping[str, Camera], first: Ends, second: Ends, *, settings: SurfaceScale) -> None:
    """InputError names the photograph in which the ends are exchanged, or lie elsewhere than in the others."""
    given, worst = _off(cameras, first, second, settings)
    names = sorted(first)
    off, name = min((_swapped(cameras, first, second, name, settings), name) for name in names)
    if given > max(FAR, BETTER * off):
        where = name if len(names) > 2 else f"{names[0]} or {names[1]}"
        raise InputError(
            f"the ruler: its two ends seem to be exchanged in {where}: as they stand, rays miss each other by "
            f"{given:.0f} pixels, exchanged by {off:.0f}; the first end must be the same mark in every line"
        )
    if len(names) == 2 and off <= max(FAR, BETTER * given) and _turned(cameras, first, second):
        raise InputError(
            f"the ruler: from its first end to the second goes the other way in {names[0]} than in {names[1]}: "
            "exchanged in one of the two lines? If not, it points between the two; click it in a third photograph"
        )
    if given > MOST_OFF:
        raise InputError(
            f"the ruler: its ends are not the same places in every photograph: in {worst} they are {given:.0f} pixels "
            "off; click them again, in upright photographs at full size"
        )


def _swapped(cameras: Mapping[str, Camera], first: Ends, second: Ends, name: str, settings: SurfaceScale) -> float:
    """How far the worst click is off with the ends of one photograph exchanged."""
    own, other = {**first, name: second[name]}, {**second, name: first[name]}
    return _off(cameras, own, other, settings)[0]


def _off(cameras: Mapping[str, Camera], first: Ends, second: Ends, settings: SurfaceScale) -> tuple[float, str]:
    """Pixels, of a photograph of 1,600, by which the worst click lies beside where all place it; and where."""
    worst = 0.0, ""
    for end in (first, second):
        point, _ = millimetres.crossing(cameras, end, settings=settings)
        for name, pixel in end.items():
            away = float(np.linalg.norm(cameras[name].project(point[None])[0] - pixel))
            worst = max(worst, (away / millimetres.pixels_of(cameras[name]), name))
    return worst


def _turned(cameras: Mapping[str, Camera], first: Ends, second: Ends) -> bool:
    """Whether two cameras that stand not too far apart see the ruler run in opposite directions."""
    one, other = (np.subtract(second[name], first[name]) for name in sorted(first))
    sights = [cameras[name].rotation[2] for name in sorted(first)]
    return bool(one @ other < 0 and sights[0] @ sights[1] > np.cos(np.radians(APART)))
