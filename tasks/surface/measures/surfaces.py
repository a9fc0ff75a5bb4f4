"""Measures that are read off the surface: curves, evenness, areas and volumes.

Source: Farkas 1994 is Anthropometry of the Head and Face, 2nd edition; "Solution 2" is Offline AI solutions for
cosmetic facial analysis.
"""

from collections.abc import Callable

import numpy as np

from tasks.surface.geometry.asymmetry import Evenness, evenness
from tasks.surface.geometry.curves import length, thread
from tasks.surface.geometry.mid_plane import Plane
from tasks.surface.geometry.profile_line import profile
from tasks.surface.geometry.regions import BOUNDS, Extent, extent, inside, regions_of
from tasks.surface.measures.measure import CM2, LESS_EVEN, ML, MM, RATIO, Head, Kind, Measure


def lateral_lip_curve(head: Head) -> float:
    """The length on the skin from the corner of the mouth to the peak of cupid's bow.

    Source: Farkas 1994, ch-cph as an arc.
    """
    return length(thread(head.surface, head.own("cheilion"), head.own("crista_philtri")))


def philtrum_curve(head: Head) -> float:
    """The length on the skin from subnasale to the peak of cupid's bow.

    Source: Farkas 1994, sn-cph as an arc.
    """
    return length(thread(head.surface, head.at("subnasale"), head.own("crista_philtri")))


def ala_curve(head: Head) -> float:
    """The length on the skin from the tip of the nose to the wing's widest point.

    Source: Farkas 1994, surface length of the ala.
    """
    return length(thread(head.surface, head.at("pronasale"), head.own("alare")))


def nose_curve(head: Head) -> float:
    """The length of the profile from nasion to the tip of the nose.

    Source: Farkas 1994, n-prn as an arc; Solution 2, step 30.
    """
    tip = head.at("pronasale")
    line = profile(head.surface, float(tip[0]), float(tip[1]), float(head.at("nasion")[1]))
    if not len(line):
        raise ValueError("the surface has a hole between its points")
    return length(line)


def nasolabial_asymmetry(head: Head) -> float:
    """How far nose and upper lip lie from their mirror image, root mean square by area.

    Source: Solution 2, step 22; RMS of the nasolabial region.
    """
    return _rms(head, "nasolabial")


def face_asymmetry(head: Head) -> float:
    """How far the face from glabella to menton lies from its mirror image, root mean square by area.

    Source: Solution 2, step 22; RMS of the face.
    """
    return _rms(head, "face")


def nasolabial_seen(head: Head) -> float:
    """The share of nose and upper lip that was seen on both sides, and so is in their asymmetry.

    Source: our own.
    """
    return _evenness(head, "nasolabial").covered


def face_seen(head: Head) -> float:
    """The share of the face from glabella to menton that was seen on both sides, and so is in its asymmetry.

    Source: our own.
    """
    return _evenness(head, "face").covered


def nose_fullness(head: Head) -> float:
    """By how much one side of the nose lies outside the other's mirror image, on average.

    Source: Solution 2, step 22.
    """
    return _fuller(head, "nose")


def upper_lip_fullness(head: Head) -> float:
    """By how much one side of the upper lip lies outside the other's mirror image, on average.

    Source: Solution 2, step 22.
    """
    return _fuller(head, "upper_lip")


def cheek_fullness(head: Head) -> float:
    """By how much one cheek lies outside the other's mirror image, on average.

    Source: Solution 2, step 22.
    """
    return _fuller(head, "cheeks")


def chin_fullness(head: Head) -> float:
    """By how much one side of the chin lies outside the other's mirror image, on average.

    Source: Solution 2, step 22.
    """
    return _fuller(head, "chin")


def nose_volume(head: Head) -> float:
    """The volume of a half of the nose, down to the plane 60 mm behind the mouth's corners.

    Source: Solution 2, step 23.
    """
    return _volume(head, "nose")


def upper_lip_volume(head: Head) -> float:
    """The volume of a half of the upper lip, down to the plane 60 mm behind the mouth's corners.

    Source: Solution 2, step 23.
    """
    return _volume(head, "upper_lip")


def lower_lip_volume(head: Head) -> float:
    """The volume of a half of the lower lip, down to the plane 60 mm behind the mouth's corners.

    Source: Solution 2, step 23.
    """
    return _volume(head, "lower_lip")


def cheek_volume(head: Head) -> float:
    """The volume of a cheek, down to the plane 60 mm behind the mouth's corners.

    Source: Solution 2, step 23.
    """
    return _volume(head, "cheeks")


def chin_volume(head: Head) -> float:
    """The volume of a half of the chin, down to the plane 60 mm behind the mouth's corners.

    Source: Solution 2, step 23.
    """
    return _volume(head, "chin")


def nose_area(head: Head) -> float:
    """The area, as far as it is seen from the front, of the skin of a half of the nose.

    Source: Solution 2, step 23.
    """
    return _area(head, "nose")


def upper_lip_area(head: Head) -> float:
    """The area, as far as it is seen from the front, of the skin and vermilion of a half of the upper lip.

    Source: Solution 2, step 23.
    """
    return _area(head, "upper_lip")


def cheek_area(head: Head) -> float:
    """The area, as far as it is seen from the front, of the skin of a cheek.

    Source: Solution 2, step 23.
    """
    return _area(head, "cheeks")


def _evenness(head: Head, name: str) -> Evenness:
    regions = regions_of(head.points, head.middle)
    region = inside(regions, name, head.surface.vertices) & head.front.shows(head.surface.vertices)
    plane = Plane(np.array([1.0, 0, 0]), np.array([head.middle, 0, 0]), 1.0, 0.0)
    found = evenness(head.surface, plane, head.map, region)
    if found.rms is None or found.covered < head.least_seen:
        raise ValueError(f"{found.covered:.0%} of it were seen on both sides; {head.least_seen:.0%} are needed")
    return found


def _rms(head: Head, name: str) -> float:
    return float(_evenness(head, name).rms or 0)


def _fuller(head: Head, name: str) -> float:
    found = _evenness(head, name)
    return float(found.by or 0) * (1 if found.fuller == "left" else -1)


def _volume(head: Head, name: str) -> float:
    return _whole(head, name).volume or 0.0


def _area(head: Head, name: str) -> float:
    return _whole(head, name).area or 0.0


def _whole(head: Head, name: str) -> Extent:
    found = extent(head.front, regions_of(head.points, head.middle), name, head.side)
    if found.volume is None:
        raise ValueError(f"{1 - found.covered:.0%} of it is a hole on the {'left' if head.side > 0 else 'right'}")
    return found


APART = 0.07
"""mm: standard deviation with which the one side of a region lies beside the mirror image of the other, on average."""
ROUGH = 0.1
"""mm: the same of what a surface's own unevenness makes of a root mean square."""
STRETCHED = 0.006
"""The same of an area, as a share."""
# On four drawn heads, 17 photographs of 480 x 600 each: docs/surface.md, Mid-plane, asymmetry, points and measures.

Own = Callable[[Head], float]


def _volume_apart(name: str) -> Own:
    return lambda head: APART * (_whole(head, name).area or 0.0) / 10  # cm2 times mm, as ml


def _area_apart(name: str) -> Own:
    return lambda head: STRETCHED * (_whole(head, name).area or 0.0)


def _of(function: Callable[[Head], float], words: str, unit: str, direction: str, kind: Kind, *points: str) -> Measure:
    return Measure(function, words, unit, direction, "surface", kind, points, on_surface=True)


def _sized(region: str, function: Callable[[Head], float], words: str, unit: str, own: Own) -> Measure:
    """Volume or area of each side of a region."""
    return Measure(function, words, unit, MORE, "surface", "paired", BOUNDS[region], on_surface=True, own=own)


def _in(
    region: str, function: Callable[[Head], float], words: str, unit: str, direction: str, kind: Kind, own: float
) -> Measure:
    """A measure by the map, of a region that points of one side bound as well; volumes need both sides' own."""
    given = BOUNDS[region]
    return Measure(
        function,
        words,
        unit,
        direction,
        "surface",
        kind,
        given,
        on_surface=True,
        own=(lambda _: own) if own else None,
        either=True,
    )


LONGER, MORE, FULLER = "longer on this side", "more on this side", "fuller on this side"
SURFACE = (
    _of(lateral_lip_curve, "Lateral lip length on the skin", MM, LONGER, "paired", "cheilion", "crista_philtri"),
    _of(philtrum_curve, "Philtrum length on the skin", MM, LONGER, "paired", "subnasale", "crista_philtri"),
    _of(ala_curve, "Wing length on the skin", MM, LONGER, "paired", "pronasale", "alare"),
    _of(nose_curve, "Length of the nose's back", MM, "longer", "plain", "nasion", "pronasale"),
    _in("nasolabial", nasolabial_asymmetry, "Asymmetry of nose and upper lip (RMS)", MM, LESS_EVEN, "plain", ROUGH),
    _in("face", face_asymmetry, "Asymmetry of the face (RMS)", MM, LESS_EVEN, "plain", ROUGH),
    _in(
        "nasolabial",
        nasolabial_seen,
        "Nose and upper lip: share that was compared",
        RATIO,
        "more was seen",
        "plain",
        0.0,
    ),
    _in("face", face_seen, "Face: share that was compared", RATIO, "more was seen", "plain", 0.0),
    _in("nose", nose_fullness, "Fuller side of the nose", MM, FULLER, "deviation", APART),
    _in("upper_lip", upper_lip_fullness, "Fuller side of the upper lip", MM, FULLER, "deviation", APART),
    _in("cheeks", cheek_fullness, "Fuller cheek", MM, FULLER, "deviation", APART),
    _in("chin", chin_fullness, "Fuller side of the chin", MM, FULLER, "deviation", APART),
    _sized("nose", nose_volume, "Volume of the nose", ML, _volume_apart("nose")),
    _sized("upper_lip", upper_lip_volume, "Volume of the upper lip", ML, _volume_apart("upper_lip")),
    _sized("lower_lip", lower_lip_volume, "Volume of the lower lip", ML, _volume_apart("lower_lip")),
    _sized("cheeks", cheek_volume, "Volume of the cheek", ML, _volume_apart("cheeks")),
    _sized("chin", chin_volume, "Volume of the chin", ML, _volume_apart("chin")),
    _sized("nose", nose_area, "Area of the nose", CM2, _area_apart("nose")),
    _sized("upper_lip", upper_lip_area, "Area of the upper lip", CM2, _area_apart("upper_lip")),
    _sized("cheeks", cheek_area, "Area of the cheek", CM2, _area_apart("cheeks")),
)
