"""A surgeon's own measures: declared in YAML once, taken of every later face like those that are built in.

In: a file of names, wordings, units and formulas over named points, and what formulas are written over (a `Language`:
faces in two or in three dimensions). Out: what the file declares, each with its function. A formula is built from six
words and nothing else; nothing in the file is executed. Knows no point.
"""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from tasks.findings.declared import Told, dimensions_of, entries

REGION = "own"
GROUP = "Own measures"
"""Their region in tables, and its words on pages."""
DEGREES, RATIO = "degrees", ""
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

Face = Any
"""A face as one side sees it, of a photograph or in three dimensions: what a Language says."""
Function = Callable[[Face], Any]


@dataclass(frozen=True)
class Language:
    """What formulas are written over: faces of so many dimensions, their points, and what the words do."""

    dimensions: Literal[2, 3]
    length: str  # the unit of lengths
    midline: Collection[str]
    paired: Collection[str]
    sides: Sequence[str]
    suffers: Sequence[str]  # what may spoil a measure; none: nothing is asked for
    at: Callable[[Face, str], Any]  # a point of the midline
    own: Callable[[Face, str], Any]  # of a pair, this side's point
    of: Callable[[Face, str, str], Any]  # of a pair, the point of a side
    distance: Callable[[Any, Any], Any]
    height: Callable[[Any, Any], Any]
    angle: Callable[[Any, Any, Any], Any]  # corner, and both ends
    deviation: Callable[[Face, Any], Any]  # of a place, towards this side
    ratio: Callable[[Any, Any], Any]

    @property
    def points(self) -> tuple[str, ...]:
        """Every point's name."""
        return (*self.midline, *(f"{name}_{side}" for name in self.paired for side in self.sides))


class Declared(NamedTuple):
    """One measure of a file. `function` has the measure's name, and its words and file as docstring."""

    function: Function
    words: str
    unit: str  # RATIO of a ratio
    direction: str
    kind: Literal["plain", "difference", "deviation"]
    points: tuple[str, ...]  # of a pair, the name without its side
    suffers: tuple[str, ...]


def declared(path: Path, language: Language, taken: Collection[str]) -> tuple[Declared, ...]:
    """The measures of a file that are of the language's dimensions. `taken`: names that are measures already.

    DeclaredError names file and line, what is wrong and what is accepted. Of the others it is the number of dimensions
    that is looked at, and nothing else.
    """
    found: dict[str, Declared] = {}
    for entry in entries(path, "measures"):
        if dimensions_of(entry) != language.dimensions:
            continue
        one = _measure(entry, language)
        name = one.function.__name__
        if name in found or name in taken:
            entry.wrong(f"{name}: there is a measure of this name; take another")
        found[name] = one
    return tuple(found.values())


def _measure(entry: Told, language: Language) -> Declared:
    keys = entry.keys(("name", "words", "unit", "formula"), ("direction", "dimensions", "suffers"))
    name = keys["name"].text()
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,59}", name):
        keys["name"].wrong(f"{name!r}: a name has lower-case letters, digits and underscores, such as lip_to_chin")
    said = keys["unit"].text((language.length, DEGREES, "ratio"))
    unit = {"ratio": RATIO}.get(said, said)
    formula = keys["formula"]
    word, _ = _word(formula)
    points: list[str] = []
    function, meant = _built(formula, points, language, within=False)
    if meant != unit:
        keys["unit"].wrong(f"this formula gives {meant or 'a ratio'}; write unit: {meant or 'ratio'}")
    function.__name__, function.__doc__ = name, f"{keys['words'].text()}.\n\nSource: {entry.path.name}."
    return Declared(
        function,
        keys["words"].text(),
        unit,
        keys["direction"].text() if "direction" in keys else "more",
        "difference" if word == "difference" else "deviation" if word == "deviation" else "plain",
        tuple(points),
        _suffers(keys["suffers"], language) if "suffers" in keys else (),
    )


def _suffers(told: Told, language: Language) -> tuple[str, ...]:
    if not language.suffers:
        told.wrong("suffers: of a face in three dimensions nothing is asked for; leave it out")
    return tuple(own.text(language.suffers) for own in told.items())


def _word(formula: Told) -> tuple[str, Told]:
    """A formula's one word and what stands after it."""
    found = formula.keys((), tuple(FORMULAS))
    if len(found) != 1:
        formula.wrong(f"one formula expected, of: {', '.join(FORMULAS)}")
    return next(iter(found.items()))


def _built(formula: Told, points: list[str], language: Language, *, within: bool) -> tuple[Function, str]:
    """A formula as a function, and its unit. `points` gathers what it reads; `within`: inside a difference of sides."""
    word, given = _word(formula)
    if word == "difference":
        inner, _ = _word(given)
        if inner in WHOLE:
            given.wrong(f"a {inner} cannot stand within a difference of sides")
        return _built(given, points, language, within=True)
    if word == "ratio":
        return _ratio(given, points, language, within=within)
    if word == "deviation":
        name = given.text(tuple(language.midline))
        points.append(name)
        return (lambda face: language.deviation(face, language.at(face, name))), language.length
    number = 3 if word == "angle" else 2
    told = given.items()
    if len(told) != number:
        given.wrong(f"{word}: {number} points expected, not {len(told)}")
    read = [_point(own, points, language, within=within) for own in told]
    if word == "angle":
        return (lambda face: language.angle(read[1](face), read[0](face), read[2](face))), DEGREES
    how = language.distance if word == "distance" else language.height
    return (lambda face: how(read[0](face), read[1](face))), language.length


def _ratio(given: Told, points: list[str], language: Language, *, within: bool) -> tuple[Function, str]:
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
    (over, unit), (under, other) = (_built(own, points, language, within=within) for own in parts)
    if unit != other:
        given.wrong(f"a ratio of {unit or 'a ratio'} and {other or 'a ratio'}; both must be of one unit")
    return (lambda face: language.ratio(over(face), under(face))), RATIO


def _point(told: Told, points: list[str], language: Language, *, within: bool) -> Function:
    """A point by its name: in a difference of sides, one of a pair is the side's own."""
    midline, paired = language.midline, language.paired
    known: Sequence[str] = (*midline, *paired) if within else language.points
    name = told.text()
    if name in paired and not within:
        told.wrong(f"{name}: of which side? {' or '.join(f'{name}_{side}' for side in language.sides)}")
    if name in language.points and name not in known:
        told.wrong(f"{name}: in a difference of sides a point is named without its side")
    told.text(known)
    base, _, side = name.rpartition("_")
    if name in midline or name in paired:
        points.append(name)
        return (lambda face: language.at(face, name)) if name in midline else (lambda face: language.own(face, name))
    points.append(base)
    return lambda face: language.of(face, base, side)
