"""What the demo's committed numbers must say: `make demo` writes them, and README and docs speak of them."""

import json

from flows import PROJECT

ANOMALY = json.loads((PROJECT / "data/reports/metrics.json").read_text())["anomaly"]


def severity_correlations() -> list[float]:
    """Spearman's rho with the drawn severity of all 48 scores; higher than 0 is the right way round."""
    return [
        cell["references"]["drawn_severity"]["spearman"]["value"]
        for regions in ANOMALY["table1"].values()
        for heatmaps in regions.values()
        for processings in heatmaps.values()
        for cell in processings.values()
    ]


def test_the_best_anomaly_score_follows_the_drawn_severity_of_unseen_faces():
    found = severity_correlations()
    assert len(found) == 48
    assert max(found) >= 0.8


def test_patients_are_told_from_controls_who_trained_nothing():
    assert ANOMALY["detection"]["patients"]["low"] > 0.5
