"""Photographs whose D pose or light makes unreliable: one rule for `vermilion score` and for the report.

In: what other crops and light change of D, the threshold, the limits of the block `score`. Out: whether D counts. The
rule: half of D's interval is more than `most_spread` of the threshold. Beyond the paper. Knows no page.
"""

from typing import Any

import pandas as pd

from tasks.evaluation.study import Targets
from tasks.params.evaluation import Evaluate, Score
from tasks.statistics.correlation import correlate

SHORT = "pose or light"
"""Why D is unreliable, in a cell of a table."""


def too_wide(half: float, threshold: float, *, most_spread: float) -> bool:
    """Whether `half` of D's interval says that D tells nothing."""
    return half > most_spread * threshold


def unsteady(
    change: pd.Series,  # image_id -> root mean square of D's changes; null where it is not known
    threshold: float | None,
    limits: Score,
) -> frozenset[str]:
    """The photographs whose D tells nothing; none where no threshold is there to tell by."""
    if threshold is None:
        return frozenset()
    known = change.dropna()
    wide = [too_wide(limits.reach * own, threshold, most_spread=limits.most_spread) for own in known]
    return frozenset(known.index[wide])


def without(score: pd.Series, left_out: frozenset[str], targets: Targets, settings: Evaluate) -> dict[str, Any]:
    """How many of the scored photographs are `left_out`, and what D follows without them; nothing where none is."""
    known = score.dropna()
    out = known.index.intersection(sorted(left_out))
    found: dict[str, Any] = {
        "n_images": len(out),
        "n_subjects": int(targets.subjects.reindex(out).nunique()),
        "ratings": {},
        "references": {},
    }
    if not len(out):
        return found
    rest = known.drop(out)
    for kind in ("ratings", "references"):
        own = getattr(targets, kind)
        found[kind] = {name: correlate(rest, values, targets.subjects, settings) for name, values in own.items()}
    return found
