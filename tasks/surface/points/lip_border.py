"""The vermilion border of a mouth by its colour, and the points that lie on it: the bow's peaks and dip, the lower lip.

In: an upright surface with colours, and where models of landmarks put the mouth. Out: the points that the border tells.
Models smooth the bow: they draw its peaks 1 to 2 mm towards the middle. Knows no photographs. Where the lips are no
redder than the skin, as under a beard, nothing is told.

The upper lip faces down and lies in its own shade: its redness is log(red / green), which no shade changes. The lower
one shines: its redness is (red - green) over the brightness around, which no gloss changes, as gloss adds white.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from tasks.space.render import render
from tasks.space.views import Surface
from tasks.surface.geometry.front_view import FAR, camera_ahead
from tasks.surface.points.names import SIDES, side_of

STEP, REACH = 0.25, 45.0  # mm between the places of the map, and from its middle to its edges
BLUR = 0.5  # mm of the colours
AROUND = 8.0  # mm over which brightness is averaged
WITHIN = 5.0  # mm up and down from where models have the border
CORNER = 3.0  # mm inwards from a mouth's corner: beyond it the border is too steep to be followed from column to column
CALM = 0.75  # mm along the border
NEAREST, FURTHEST = 1.5, 11.0  # mm from the bow's dip to its peaks
LEAN = np.radians(8)
"""A bow may be flat: its peak is where it begins to go down, furthest in this direction from up towards the corner."""
LEAST = 0.03  # redness per mm across the border, in the median along it: on lips .06 to .2, on skin at most .02
AWAY = 5.0  # mm at most from where models have a point
UPPER = ("cheilion_right", "crista_philtri_right", "labiale_superius", "crista_philtri_left", "cheilion_left")
LOWER = ("cheilion_right", "labiale_inferius", "cheilion_left")


class _Mouth(NamedTuple):
    """A mouth from straight ahead; rows go downwards, columns to the patient's left."""

    upper: np.ndarray  # (n, n) redness as the upper lip's border has it
    lower: np.ndarray  # (n, n) redness as the lower one's has it
    z: np.ndarray  # (n, n) mm, NaN where there is no surface
    x: np.ndarray  # (n,) mm of the columns
    y: np.ndarray  # (n,) mm of the rows


def lips(
    surface: Surface,  # upright
    rough: Mapping[str, np.ndarray],  # name: (3,) mm
) -> dict[str, np.ndarray]:
    """The bow's peaks and dip and the lower lip's middle, by name, (3,) each; absent where colours do not tell."""
    if not {*UPPER, *LOWER} <= set(rough):
        return {}
    mouth = _seen(surface, (rough["labiale_superius"] + rough["labiale_inferius"]) / 2)
    upper = _border(mouth, mouth.upper, np.array([rough[name] for name in UPPER]))
    lower = _border(mouth, -mouth.lower, np.array([rough[name] for name in LOWER]))
    found = {} if upper is None else _bow(upper, float(rough["labiale_superius"][0]))
    if lower is not None:
        found["labiale_inferius"] = lower[np.abs(lower[:, 0] - rough["labiale_inferius"][0]).argmin()]
    return {name: at for name, at in found.items() if np.linalg.norm(at - rough[name]) < AWAY}


def _seen(surface: Surface, middle: np.ndarray) -> _Mouth:
    view = render(surface, camera_ahead(middle[:2], reach=REACH, step=STEP))
    colours = gaussian_filter(view.image.astype(float), (BLUR / STEP, BLUR / STEP, 0)) + 1
    red, green = colours[..., 0], colours[..., 1]
    around = gaussian_filter(colours.mean(axis=2), AROUND / STEP)
    along = np.arange(len(view.depth)) * STEP - REACH
    z = FAR - view.depth
    return _Mouth(np.log(red / green), (red - green) / around, z, middle[0] + along, middle[1] - along)


def _border(mouth: _Mouth, redness: np.ndarray, rough: np.ndarray) -> np.ndarray | None:
    """The border (n, 3) from the patient's right to the left, below which `redness` rises most; None: it hardly does.

    NaN in z beside a hole.
    """
    columns = np.flatnonzero((mouth.x >= rough[0, 0] + CORNER) & (mouth.x <= rough[-1, 0] - CORNER))
    if not len(columns):
        return None
    slopes = np.gradient(redness[:, columns], STEP, axis=0)
    near = np.abs(mouth.y[:, None] - np.interp(mouth.x[columns], rough[:, 0], rough[:, 1])) <= WITHIN
    rows = _best_way(np.where(near, slopes, -1.0))
    if np.median(slopes[rows, np.arange(len(columns))]) < LEAST:
        return None
    height = gaussian_filter1d(mouth.y[rows], CALM / STEP)
    holes = (near & np.isnan(mouth.z[:, columns])).any(axis=0)  # a hole has a border of its own
    return np.column_stack([mouth.x[columns], height, np.where(holes, np.nan, mouth.z[rows, columns])])


def _best_way(scores: np.ndarray) -> np.ndarray:
    """The row of every column, (n,), by which scores (m, n) add up to most; next to each other at most one aside."""
    total, steps = scores[:, 0], []
    for column in scores.T[1:]:
        around = np.stack([np.append(total[1:], -np.inf), total, np.append(-np.inf, total[:-1])])
        steps.append(1 - around.argmax(axis=0))
        total = around.max(axis=0) + column
    way = [int(total.argmax())]
    for step in reversed(steps):
        way.append(way[-1] + int(step[way[-1]]))
    return np.array(way[::-1])


def _bow(border: np.ndarray, middle: float) -> dict[str, np.ndarray]:
    """The peaks of a border (n, 3) and the dip between them, begun at `middle`; empty where a side has no peak."""
    for _ in range(3):  # the peaks lie beside the dip, and the dip lies between the peaks
        peaks = [_peak(border, middle, side_of(f"_{side}")) for side in SIDES]
        if None in peaks:
            return {}
        right, left = (int(at or 0) for at in peaks)
        between = border[right : left + 1]
        chord = np.interp(between[:, 0], between[[0, -1], 0], between[[0, -1], 1])
        dip = right + int((between[:, 1] - chord).argmin())
        middle = float(border[dip, 0])
    places = {"crista_philtri_right": right, "crista_philtri_left": left, "labiale_superius": dip}
    return {name: border[at] for name, at in places.items()}


def _peak(border: np.ndarray, middle: float, side: int) -> int | None:
    """Which place of a border is the bow's peak on a side; None where it only rises towards the corner."""
    out = side * (border[:, 0] - middle)
    beside = np.flatnonzero((out >= NEAREST) & (out <= FURTHEST))[::side]  # outwards
    if not len(beside):
        return None
    furthest = int((border[beside, 1] * np.cos(LEAN) + out[beside] * np.sin(LEAN)).argmax())
    return int(beside[furthest]) if furthest < len(beside) - 1 else None
