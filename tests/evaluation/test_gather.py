"""Tables of all systems as columns, and what is told of them."""

from pathlib import Path
from typing import Any

from tasks.base import tables
from tasks.evaluation.anomaly.read import read_anomaly
from tasks.evaluation.metrics import rounded
from tasks.schemas.anomaly import ANOMALY_MAPS, ANOMALY_SCORES


def test_the_last_bits_of_a_number_are_not_kept() -> None:
    assert rounded({"a": [0.1 + 0.2, 3, None, "x"], "b": {"c": 1e-20 / 3}}) == {
        "a": [0.3, 3, None, "x"],
        "b": {"c": 3.33333333e-21},
    }


def test_the_anomaly_tables_are_read_without_pictures_or_missed_quietly(cohort: Any, tmp_path: Path) -> None:
    for name, own, schema in (
        ("scores", cohort.score_table, ANOMALY_SCORES),
        ("maps", cohort.map_table, ANOMALY_MAPS),
    ):
        none = read_anomaly(tmp_path / "none")
        assert none.scores.empty
        assert none.maps.empty
        tables.write(own, tmp_path / name / "00.parquet", schema, provenance={})
    scores, maps, _ = read_anomaly(tmp_path)
    assert scores.equals(cohort.scores)
    assert "picture" not in maps
    assert len(maps) == len(cohort.maps)
