"""The anomaly system's tables as DataFrames, and the score that params.yaml makes the headline.

In: the folder of its stages, params.yaml. Out: scores, maps without their pictures, what stood in for a trained
network. Whatever is not there has no rows. Knows the tables' schemas, not the code that wrote them.
"""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from tasks import params
from tasks.base import absence, tables
from tasks.evaluation.anomaly.compare import Combination
from tasks.evaluation.anomaly.section import stand_ins
from tasks.evaluation.anomaly.unlike import rest_of_controls, rests, undrawn
from tasks.evaluation.anomaly.words import FILLED, Normal
from tasks.params.anomaly import AnomalyAdapt, AnomalyScore
from tasks.params.evaluation import Score
from tasks.schemas.anomaly import ANOMALY_MAPS, ANOMALY_SCORES
from tasks.schemas.faces import ALIGNED


class Anomaly(NamedTuple):
    """What the stages wrote. `missing`: why they wrote nothing."""

    scores: pd.DataFrame  # ANOMALY_SCORES
    maps: pd.DataFrame  # of ANOMALY_MAPS: image_id, subject_id, population, steps_to_half, curve, reason
    missing: str | None


def read_anomaly(folder: Path) -> Anomaly:
    """Scores, and maps without their pictures."""
    columns = ["image_id", "subject_id", "population", "steps_to_half", "curve", "reason"]
    scores = tables.read(folder / "scores", ANOMALY_SCORES) if (folder / "scores").exists() else None
    maps = tables.read(folder / "maps", ANOMALY_MAPS, columns) if (folder / "maps").exists() else None
    return Anomaly(
        (ANOMALY_SCORES.table([]) if scores is None else scores).to_pandas(),
        (ANOMALY_MAPS.table([]).select(columns) if maps is None else maps).to_pandas(),
        absence.reason_of(folder / "scores"),
    )


def headline_combination(numbers: Path) -> Combination:
    """The anomaly score that params.yaml names."""
    own = params.load(AnomalyScore, "anomaly_score", numbers)
    step = 0 if own.filled else params.load(AnomalyAdapt, "anomaly_adapt", numbers).iterations
    return Combination(step=step, region=own.region, heatmap=own.heatmap, processing=own.processing)


def held_against(numbers: Path) -> Normal:
    """The face that photographs are held against, as params.yaml says."""
    return "filling" if params.load(AnomalyScore, "anomaly_score", numbers).filled else "drawn"


def doubted(folder: Path, scores: pd.DataFrame, made: Combination, numbers: Path) -> frozenset[str]:
    """The photographs that the generator cannot draw, by the rule of `vermilion score`; none where nothing is drawn."""
    curves = folder / "generator/curves.parquet"
    if held_against(numbers) == "filling" or not (folder / "aligned").exists() or not curves.exists():
        return frozenset()
    size = int(tables.provenance_of(curves)["parameters"]["align"]["size"])
    aligned = tables.read(folder / "aligned", ALIGNED, ["image_id", "points"]).to_pandas()
    soft_edge = params.load(AnomalyScore, "anomaly_score", numbers).soft_edge
    controls = rest_of_controls(scores, aligned, size, made, soft_edge=soft_edge)
    most = params.load(Score, "score", numbers).most_unlike
    return undrawn(rests(scores, aligned, size, made, soft_edge=soft_edge), controls, most=most)


def notices(folder: Path) -> list[str]:
    """What stood in for a trained network, by what made the tables; also for a photograph's page."""
    made = {
        name: tables.provenance_of(folder / name).get("parameters", {})
        for name in ("scores", "generator/curves.parquet")
        if (folder / name).exists()
    }
    if not made.get("scores"):
        return []
    if AnomalyScore.model_validate(made["scores"]["settings"]).filled:
        return [FILLED, *stand_ins(made["scores"].get("perceptual", {}), {}, None)]
    generator = made.get("generator/curves.parquet", {})
    size = generator.get("align", {}).get("size")
    return stand_ins(made["scores"].get("perceptual", {}), generator.get("settings", {}), size)
