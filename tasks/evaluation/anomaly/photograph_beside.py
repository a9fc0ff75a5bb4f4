"""What every S is read beside: the cohort's scores, and how well S tells patients from controls in it.

In: the cohort's table and its record of the evaluation. Out: a reading without a score. Knows nothing of generators.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from tasks import params
from tasks.evaluation.anomaly.compare import Combination
from tasks.evaluation.anomaly.reading import AnomalyReading, cohort
from tasks.evaluation.anomaly.words import Normal, trial_said
from tasks.params.evaluation import Report, Score

TRIED = {"people": "n_subjects", "auc": "value", "auc_low": "low", "auc_high": "high"}
"""What --json says of the trial of S on patients and unseen controls."""


def beside(
    root: Path,
    scores: pd.DataFrame,  # ANOMALY_SCORES
    made: Combination,
    tried: Mapping[str, Any],  # how well S tells patients from unseen controls
    *,
    doubt: str | None = None,  # why no S says anything
    against: Normal = "drawn",
) -> AnomalyReading:
    """The reading that a photograph's S is put into."""
    few = params.load(Report, "report", root / "params.yaml").few_people
    guess, trust = trial_said(tried, few_people=few)
    known = cohort(scores, made)
    return AnomalyReading(
        made,
        known["controls"],
        known["patients"],
        against,
        clear=params.load(Score, "score", root / "params.yaml").clear,
        doubt=doubt,
        guess=guess,
        trust=trust,
        tried={name: tried.get(key) for name, key in TRIED.items()},
    )
