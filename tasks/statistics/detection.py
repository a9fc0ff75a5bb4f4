"""Patients against controls: how often a measure puts a patient's photograph further off than a control's.

In: a distance per photograph, with subject and population. Out: the area under the ROC curve with its interval over
people, for all patients and for each population of them; the sentence that says so. Knows nothing of what is measured.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from tasks.params.evaluation import Evaluate
from tasks.statistics.binary import area
from tasks.statistics.bootstrap import Estimate, missing

GUESSING = 0.6
"""An area below this is hardly better than guessing."""


def detection(
    rows: pd.DataFrame,  # subject_id, population, distance: a row per photograph, none missing
    settings: Evaluate,
    *,
    controls: str,  # "unseen control" where controls who taught a network are not among them
    done: str,  # what was done to a photograph: "scored", "filled"
) -> dict[str, Estimate]:
    """The area for "patients", all of them, and for each of their populations by name."""
    labelled = rows.assign(label=(rows["population"] == "control").astype(int))
    patients = labelled[labelled["label"] == 0]
    groups = {"patients": patients} | {str(name): own for name, own in patients.groupby("population")}
    base = labelled[labelled["label"] == 1]
    return {name: _area(pd.concat([base, own]), settings, controls=controls, done=done) for name, own in groups.items()}


def _area(rows: pd.DataFrame, settings: Evaluate, *, controls: str, done: str) -> Estimate:
    if rows["label"].nunique() < 2:
        who = "patient" if rows["label"].any() else controls
        return missing(f"no {who} was {done}", n_images=len(rows), n_subjects=rows["subject_id"].nunique())
    return area(rows, settings)


def verdict(found: Mapping[str, Any]) -> str:
    """How a sentence about an area ends."""
    return ": hardly better than guessing." if found["value"] < GUESSING else "."
