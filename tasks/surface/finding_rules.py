"""Rules of findings for faces in three dimensions: the same file as in two (tasks.findings.rules)."""

from collections.abc import Collection
from pathlib import Path

from tasks.findings.rules import Rule, rules_in
from tasks.surface.measures.catalogue import BY_NAME
from tasks.surface.measures.measure import Measure


def read_rules(path: Path, own: Collection[Measure] = ()) -> tuple[Rule, ...]:
    """The rules with `dimensions: 3`. `own`: a surgeon's own measures. DeclaredError names file and line."""
    return rules_in(path, BY_NAME | {measure.name: measure for measure in own}, dimensions=3, lengths=())
