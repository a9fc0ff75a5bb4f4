"""A surgeon's own measures: declared in YAML once, taken of every later photograph like those that are built in.

In: a file of names, wordings, units and formulas over the named points. Out: measures
(tasks.anthropometry.measures.measure), with which tables, intervals and pages work as with any other. A formula is
built from six words and nothing else; nothing in the file is executed. docs/anthropometry.md has an example.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from tasks.anthropometry.declared import Told, entries
from tasks.anthropometry.frame import Half
from tasks.anthropometry.measures import geometry
from tasks.anthropometry.measures.catalogue import BY_NAME
from tasks.anthropometry.measures.measure import DEGREES, INTEROCULAR, RATIO, Kind, Measure
from tasks.anthropometry.names import MIDLINE, PAIRED, POINTS, SIDES

REGION = "own"
FORMULAS = {
    "distance": "between two points",
    "height": "by how much the second of two points lies above the first",
    "angle": "at the second of three points",
    "deviation": "of a point of the midline: how far from it",
    "ratio": "of two formulas, the first over the second",
    "difference": "of one formula between the sides; points of a pair are named without their side",
}
WHOLE = ("difference", "deviation")
"""Formulas that stand alone: their values have a side."""
UNITS = (INTEROCULAR, DEGREES, "ratio")
DISTURBANCES = ("yaw", "smile", "opening")

Function = Callable[[Half], np.ndarray]


def own_measures(path: Path) -> tuple[Measure, ...]:
    """The measures that a file declares. DeclaredError names file and line, what is wrong and what is accepted."""
    found: dict[str, Measure] = {}
    for entry in entries(path, "measures"):
        measure = _measure(entry)
        if measure.name in found or measure.name in BY_NAME:
            entry.wrong(f"{measure.name}: there is a measure of this name; take another")
        found[measure.name] = measure
    return tuple(found.values())


def _measure(entry: Told) -> Measure:
    keys = entry.keys(("name", "words", "unit", "formula"), ("direction", "suffers"))
    name = keys["name"].text()
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,59}", name):
        keys["name"].wrong(f"{name!r}: a name has lower-case letters, digits and underscores, such as lip_to_chin")
    unit = {"ratio": RATIO}.get(keys["unit"].text(UNITS), keys["unit"].text(UNITS))
    formula = keys["formula"]
    word, _ = _word(formula)
    kind: Kind = "difference" if word == "difference" else "deviation" if word == "deviation" else "plain"
    points: list[str] = []
    function, meant = _built(formula, points, within=False)
    if meant != unit:
        keys["unit"].wrong(f"this formula gives {meant or 'a ratio'}; write unit: {meant or 'ratio'}")
    function.__name__, function.__doc__ = name, f"{keys['words'].text()}.\n\nSource: {entry.path.name}."
    suffers = [own.text(DISTURBANCES) for own in keys["suffers"].items()] if "suffers" in keys else []
    direction = keys["direction"].text() if "direction" in keys else "more"
    return Measure(function, keys["words"].text(), unit, direction, REGION, kind, tuple(points), suffers=tuple(suffers))


def _word(formula: Told) -> tuple[str, Told]:
    """A formula's one word and what stands after it."""
    found = formula.keys((), tuple(FORMULAS))
    if len(found) != 1:
        formula.wrong(f"one formula expected, of: {', '.join(FORMULAS)}")
    return next(iter(found.items()))


def _built(formula: Told, points: list[str], *, within: bool) -> tuple[Function, str]:
    """A formula as a function, and its unit. `points` gathers what it reads; `within`: inside a difference of sides."""
    word, given = _word(formula)
    if word == "difference":
        inner, _ = _word(given)
        if inner in WHOLE:
            given.wrong(f"a {inner} cannot stand within a difference of sides")
        return _built(given, points, within=True)
    if word == "ratio":
        return _ratio(given, points, within=within)
    if word == "deviation":
        name = given.text(tuple(MIDLINE))
        points.append(name)
        return (lambda half: np.asarray(half.middle(name)[..., 0])), INTEROCULAR
    number = 3 if word == "angle" else 2
    told = given.items()
    if len(told) != number:
        given.wrong(f"{word}: {number} points expected, not {len(told)}")
    read = [_point(own, points, within=within) for own in told]
    if word == "angle":
        return (lambda half: geometry.angle_at(read[1](half), read[0](half), read[2](half))), DEGREES
    how = geometry.distance if word == "distance" else geometry.rise
    return (lambda half: how(read[0](half), read[1](half))), INTEROCULAR


def _ratio(given: Told, points: list[str], *, within: bool) -> tuple[Function, str]:
    parts = given.items()
    if len(parts) != 2:
        given.wrong(f"ratio: 2 formulas expected, not {len(parts)}")
    for part in parts:
        if (inner := _word(part)[0]) in WHOLE:
            part.wrong(f"a {inner} cannot stand within a ratio: it has a side, which a ratio would lose")
    word, below = _word(parts[1])
    names = [own.value for own in below.items()] if word in ("distance", "height") else []
    if len(set(names)) < len(names):
        below.wrong(f"divides by zero: the {word} from {names[0]} to itself")
    (over, unit), (under, other) = (_built(own, points, within=within) for own in parts)
    if unit != other:
        given.wrong(f"a ratio of {unit or 'a ratio'} and {other or 'a ratio'}; both must be of one unit")
    return (lambda half: geometry.ratio(over(half), under(half))), RATIO


def _point(told: Told, points: list[str], *, within: bool) -> Function:
    """A point by its name: in a difference of sides, one of a pair is the side's own."""
    known: Sequence[str] = (*MIDLINE, *PAIRED) if within else POINTS
    name = told.text()
    if name in PAIRED and not within:
        told.wrong(f"{name}: of which side? {' or '.join(f'{name}_{side}' for side in SIDES)}")
    if name in POINTS and name not in known:
        told.wrong(f"{name}: in a difference of sides a point is named without its side")
    told.text(known)
    base, _, side = name.rpartition("_")
    if name in MIDLINE or name in PAIRED:
        points.append(name)
        return (lambda half: half.middle(name)) if name in MIDLINE else (lambda half: half.own(name))
    points.append(base)
    return lambda half: half.own(base) if half.side == side else half.other(base)
