"""docs/measures.md from the list of measures: `python docs/make_measures.py`; tests/house/test_docs.py asks for it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tasks.anthropometry.measures.catalogue import MEASURES, REGIONS
from tasks.anthropometry.measures.measure import KINDS, Measure
from tasks.anthropometry.names import DEFINITIONS, MIDLINE, OUTLINES, PAIRED
from tasks.anthropometry.profiles.measures import PROFILE_MEASURES
from tasks.ingest.faces.profile import NAMES
from tasks.surface.measures import measure as space
from tasks.surface.measures.catalogue import MEASURES as SPACE
from tasks.surface.measures.catalogue import REGIONS as SPACE_REGIONS
from tasks.surface.points import names

TARGET = Path(__file__).with_name("measures.md")
HEAD = """# The measures of a face

Written by `python docs/make_measures.py` from `tasks/anthropometry/measures` and `tasks/surface/measures`; change the
functions, not this page. How they are taken, and what their intervals mean: [anthropometry.md](anthropometry.md) of one
photograph, [surface.md](surface.md) of a face [in three dimensions](#three-dimensions).

Unit `interocular`: distances between the outer eye corners; empty: a pure number. Sides are the patient's own.
*Suffers from*: what makes a measure null, beyond the limits of `anthropometry_measure` in params.yaml.
"""
KIND_HEAD = ["## What kinds there are", "", "| kind | its value and its side |", "|---|---|"]


def render() -> str:
    """The whole page."""
    kinds = [f"| {kind} | {words} |" for kind, words in KINDS.items()]
    regions = [line for region, words in REGIONS.items() for line in _section(region, words)]
    return "\n".join([HEAD, *KIND_HEAD, *kinds, "", *regions, *_profile(), *_points(), *_space()])


def _section(region: str, words: str) -> list[str]:
    head = [
        "| measure | what it is | unit | kind | a greater value | suffers from | source |",
        "|---|---|---|---|---|---|---|",
    ]
    return [f"## {words}", "", *head, *(_row(measure) for measure in MEASURES if measure.region == region), ""]


def _row(measure: Measure) -> str:
    said = f"`{measure.name}`<br>{measure.words}"
    cells = [
        said,
        measure.meaning,
        measure.unit,
        measure.kind,
        measure.direction,
        ", ".join(measure.suffers),
        measure.source,
    ]
    return f"| {' | '.join(cells)} |"


def _profile() -> list[str]:
    """What is measured on a photograph in profile, and the points there."""
    rows = [
        f"| `{own.name}`<br>{own.words} | {own.meaning} | {own.unit} | {own.direction} | {own.source} |"
        for own in PROFILE_MEASURES
    ]
    points = [f"| `{name}` | {words} |" for name, words in NAMES.items()]
    head = ["| measure | what it is | unit | a greater value | source |", "|---|---|---|---|---|"]
    said = "Unit `nose heights`: distances from nasion to subnasale. Its points lie on the outline of the head:"
    return ["## Profile", "", *head, *rows, "", said, "", "| name | what it is |", "|---|---|", *points, ""]


def _points() -> list[str]:
    """The points and outlines, for whoever declares measures of their own."""
    pairs = [f"| `{name}_right`, `{name}_left` | {words} |" for name, words in PAIRED.items()]
    middle = [f"| `{name}` | {DEFINITIONS[name]} |" for name in MIDLINE]
    lines = [f"| `{line.name}` | {line.words} |" for line in OUTLINES]
    head = ["| name | what it is |", "|---|---|"]
    return ["## The points", "", *head, *middle, *pairs, "", "## The outlines", "", *head, *lines, ""]


def _space() -> list[str]:
    """What is measured in three dimensions, and the points there."""
    said = "Rules of findings and own measures name what stands here with `dimensions: 3`. Lengths are in mm."
    kinds = [f"| {kind} | {words} |" for kind, words in space.KINDS.items()]
    lines = ["## Three dimensions", "", said, "", "| kind | its value and its side |", "|---|---|", *kinds, ""]
    for region, words in SPACE_REGIONS.items():
        rows = [_space_row(measure) for measure in SPACE if measure.region == region]
        head = ["| measure | what it is | unit | kind | a greater value | source |", "|---|---|---|---|---|---|"]
        lines += [f"### {words}", "", *head, *rows, ""]
    middle = [f"| `{name}` | {words} |" for name, words in names.MIDLINE.items()]
    pairs = [f"| `{name}_right`, `{name}_left` | {words} |" for name, words in names.PAIRED.items()]
    return [*lines, "### The points of a head", "", "| name | what it is |", "|---|---|", *middle, *pairs, ""]


def _space_row(measure: space.Measure) -> str:
    said = f"`{measure.name}`<br>{measure.words}"
    cells = [said, measure.meaning, measure.unit, measure.kind, measure.direction, measure.source]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
