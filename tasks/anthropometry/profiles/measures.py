"""One function per measure of a profile, and their list.

In: a profile's points in its own axes. Out: arrays of the points' leading axes. Every measure but one is defined by
the face alone, so a tilted head has the same; the glabella vertical is the photograph's own upright.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from tasks.anthropometry.measures.geometry import angle_at
from tasks.anthropometry.measures.measure import DEGREES
from tasks.faces.described import Described

NOSE_HEIGHTS = "nose heights"
"""The unit of a profile's lengths: the distance from nasion to subnasale, some 53 mm in adults."""
BRIDGE = (0.15, 0.7)
"""The part of the line from nasion to tip, as shares of it, over which the nose's bridge is read."""


@dataclass(frozen=True)
class Side:
    """A profile in its own axes: x forwards, y upwards, in nose heights. Points that are hidden are NaN."""

    points: Mapping[str, np.ndarray]  # (..., 2)
    dorsum: np.ndarray  # (..., n, 2) the outline from nasion to the tip

    def __getitem__(self, name: str) -> np.ndarray:
        return self.points[name]


@dataclass(frozen=True)
class ProfileMeasure(Described):
    """One measure of a profile. `points` are those that it reads."""

    function: Callable[[Side], np.ndarray]
    words: str
    unit: str
    direction: str  # what a greater value means
    points: tuple[str, ...]
    dorsum: bool = False


def in_front(where: np.ndarray, above: np.ndarray, below: np.ndarray) -> np.ndarray:  # (..., 2) each
    """How far a point lies in front of the line through two others, the first of them the higher one."""
    along = above - below
    apart = where - below
    crossed = apart[..., 0] * along[..., 1] - apart[..., 1] * along[..., 0]
    return np.asarray(crossed / np.hypot(along[..., 0], along[..., 1]))


def nasolabial_angle(side: Side) -> np.ndarray:
    """The angle at subnasale between the columella and the upper lip.

    The columella is the line to the outline half-way to the tip. Source: Solution 1, steps 15 and 23.
    """
    return angle_at(side["subnasale"], side["columella"], side["labiale_superius"])


def nasofacial_angle(side: Side) -> np.ndarray:
    """The angle between the line from glabella to pogonion and that from nasion to the tip of the nose.

    Source: Solution 1, step 23: some 36 degrees.
    """
    face, nose = side["pogonion"] - side["glabella"], side["pronasale"] - side["nasion"]
    cross = face[..., 0] * nose[..., 1] - face[..., 1] * nose[..., 0]
    return np.asarray(np.degrees(np.arctan2(np.abs(cross), (face * nose).sum(axis=-1))))


def nasofrontal_angle(side: Side) -> np.ndarray:
    """The angle at nasion between glabella and the tip of the nose. Source: Solution 2, step 21."""
    return angle_at(side["nasion"], side["glabella"], side["pronasale"])


def dorsal_hump(side: Side) -> np.ndarray:
    """How far the bridge stands out in front of the line from nasion to tip; negative: how far it lies behind.

    The tip itself, which is round, takes no part. Source: Solution 1, step 15.
    """
    top, tip = side["nasion"][..., None, :], side["pronasale"][..., None, :]
    along = tip - top
    share = ((side.dorsum - top) * along).sum(axis=-1) / (along**2).sum(axis=-1)
    out = in_front(side.dorsum, top, tip)
    bridge = np.where((share >= BRIDGE[0]) & (share <= BRIDGE[1]), out, -np.inf).max(axis=-1)
    return np.where(np.isfinite(bridge), bridge, np.nan)


def cervicomental_angle(side: Side) -> np.ndarray:
    """The angle between the chin's underside and the neck. Source: Solution 1, feature extraction (cervicomentale)."""
    return angle_at(side["cervicale"], side["menton"], side["neck"])


def facial_convexity(side: Side) -> np.ndarray:
    """By how much the line from glabella by subnasale to pogonion bends; positive: the middle of the face stands out.

    Source: Legan and Burstone 1980: 12 degrees, standard deviation 4; source not verified by us.
    """
    upper, lower = side["subnasale"] - side["glabella"], side["pogonion"] - side["subnasale"]
    cross = upper[..., 0] * lower[..., 1] - upper[..., 1] * lower[..., 0]
    return np.asarray(np.degrees(np.arctan2(-cross, (upper * lower).sum(axis=-1))))


def chin_to_glabella_vertical(side: Side) -> np.ndarray:
    """How far pogonion lies in front of the photograph's upright through glabella; negative: behind it.

    Source: Solution 1, step 15.
    """
    return np.asarray(side["pogonion"][..., 0] - side["glabella"][..., 0])


def upper_lip_to_e_line(side: Side) -> np.ndarray:
    """How far the upper lip lies in front of the line from the tip of the nose to pogonion; negative: behind it.

    Source: Ricketts 1968: 4 mm behind; Solution 1, step 14.
    """
    return in_front(side["labiale_superius"], side["pronasale"], side["pogonion"])


def lower_lip_to_e_line(side: Side) -> np.ndarray:
    """How far the lower lip lies in front of the line from the tip of the nose to pogonion; negative: behind it.

    Source: Ricketts 1968: 2 mm behind; Solution 1, step 14.
    """
    return in_front(side["labiale_inferius"], side["pronasale"], side["pogonion"])


PROFILE_MEASURES = (
    ProfileMeasure(
        nasolabial_angle,
        "nasolabial angle",
        DEGREES,
        "tip turned up further",
        ("subnasale", "columella", "labiale_superius"),
    ),
    ProfileMeasure(
        nasofacial_angle,
        "nasofacial angle",
        DEGREES,
        "nose stands out further",
        ("glabella", "pogonion", "nasion", "pronasale"),
    ),
    ProfileMeasure(
        nasofrontal_angle, "nasofrontal angle", DEGREES, "flatter root", ("nasion", "glabella", "pronasale")
    ),
    ProfileMeasure(dorsal_hump, "dorsal hump", NOSE_HEIGHTS, "larger hump", ("nasion", "pronasale"), dorsum=True),
    ProfileMeasure(
        cervicomental_angle, "cervicomental angle", DEGREES, "chin less marked", ("cervicale", "menton", "neck")
    ),
    ProfileMeasure(
        facial_convexity,
        "convexity of the face",
        DEGREES,
        "middle stands out further, or chin further back",
        ("glabella", "subnasale", "pogonion"),
    ),
    ProfileMeasure(
        chin_to_glabella_vertical,
        "chin to glabella vertical",
        NOSE_HEIGHTS,
        "chin further forward",
        ("pogonion", "glabella"),
    ),
    ProfileMeasure(
        upper_lip_to_e_line,
        "upper lip to Ricketts' line",
        NOSE_HEIGHTS,
        "lip further forward",
        ("labiale_superius", "pronasale", "pogonion"),
    ),
    ProfileMeasure(
        lower_lip_to_e_line,
        "lower lip to Ricketts' line",
        NOSE_HEIGHTS,
        "lip further forward",
        ("labiale_inferius", "pronasale", "pogonion"),
    ),
)
"""In the order in which tables and pages show them."""
PROFILE_BY_NAME = {measure.name: measure for measure in PROFILE_MEASURES}
