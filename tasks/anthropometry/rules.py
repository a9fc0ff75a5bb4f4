"""Rules of findings for faces in two dimensions, from the front and in profile (tasks.findings.rules)."""

from collections.abc import Collection
from pathlib import Path

from tasks.anthropometry.measures.catalogue import BY_NAME
from tasks.anthropometry.measures.measure import INTEROCULAR, Measure
from tasks.anthropometry.profiles.measures import NOSE_HEIGHTS, PROFILE_MEASURES
from tasks.findings.rules import Named, Rule, rules_in


def read_rules(path: Path, own: Collection[Measure] = ()) -> tuple[Rule, ...]:
    """The rules of a file. `own`: a surgeon's own measures. DeclaredError names file, line and what is accepted."""
    every: tuple[Named, ...] = (*BY_NAME.values(), *PROFILE_MEASURES, *own)
    known = {measure.name: measure for measure in every}
    return rules_in(path, known, dimensions=2, lengths=(INTEROCULAR, NOSE_HEIGHTS))
