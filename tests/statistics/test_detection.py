"""Patients against controls, on distances made by hand."""

import pandas as pd

from flows import PROJECT
from tasks.params import load
from tasks.params.evaluation import Evaluate
from tasks.statistics.detection import detection, verdict

SETTINGS = load(Evaluate, "evaluate", PROJECT / "params.yaml").model_copy(update={"resamples": 50})


def rows(**distances: list[float]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"subject_id": f"{population}{n}", "population": population, "distance": distance}
            for population, own in distances.items()
            for n, distance in enumerate(own)
        ]
    )


def test_all_patients_and_each_population_against_the_same_controls() -> None:
    found = detection(
        rows(control=[1, 2, 3, 4], repaired=[2.5, 5], unrepaired=[6, 7]), SETTINGS, controls="control", done="scored"
    )
    assert {name: own["value"] for name, own in found.items()} == {
        "patients": 14 / 16,
        "repaired": 6 / 8,
        "unrepaired": 1.0,
    }
    assert found["repaired"]["n_images"] == 6


def test_who_is_missing_is_named() -> None:
    alone = detection(rows(repaired=[1, 2, 3]), SETTINGS, controls="unseen control", done="filled")
    assert alone["patients"]["reason"] == "no unseen control was filled"
    assert detection(rows(control=[1]), SETTINGS, controls="control", done="scored")["patients"]["value"] is None


def test_little_is_called_guessing() -> None:
    assert verdict({"value": 0.59}) == ": hardly better than guessing."
    assert verdict({"value": 0.6}) == "."
