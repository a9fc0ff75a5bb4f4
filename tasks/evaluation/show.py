"""What a chapter is given to show itself with.

In: the study, all scores, and where pictures lie. Out: one frozen value. Knows no system.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from tasks.evaluation.study import Study
from tasks.params.evaluation import Report


@dataclass(frozen=True)
class Shown:
    """`scores`: the SCORES table; `folder`: the system's own tables; `ingest`: those of the photographs."""

    study: Study
    scores: pd.DataFrame  # image_id, subject_id, method, score, grade
    folder: Path
    ingest: Path
    numbers: Path  # params.yaml
    settings: Report
