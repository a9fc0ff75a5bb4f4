"""Every method against raters and references: the tables of all systems in, metrics and scores out."""

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
from prefect import flow
from prefect.artifacts import create_table_artifact

from flows.running.tracking import show
from tasks import params
from tasks.base import tables
from tasks.evaluation.anomaly.compare import Combination, evaluate_anomaly, headline_scores
from tasks.evaluation.gather import read_anomaly, read_pairs, read_scores, read_synthesis, rounded, summarise
from tasks.evaluation.symmetry.compare import evaluate as compare
from tasks.evaluation.symmetry.compare import finite, taught
from tasks.evaluation.synthesis.compare import evaluate_synthesis
from tasks.params.anomaly import AnomalyAdapt, AnomalyScore
from tasks.params.evaluation import Evaluate
from tasks.schemas.evaluation import SCORES
from tasks.schemas.ingest import RATINGS, REFERENCES


@flow
def evaluate(
    symmetry: Path,
    anomaly: Path,
    synthesis: Path,
    ratings: Path,
    references: Path,
    metrics: Path,
    summary: Path,
    scores: Path,
) -> None:
    """Compare every method with the raters and with what is known by other means."""
    settings = params.load(Evaluate, "evaluate")
    strategies = {folder.parent.name: folder.parent for folder in sorted(symmetry.glob("*/distances"))}
    pairs = {name: read_pairs(folder / "pairs", folder / "distances") for name, folder in strategies.items()}
    everything, known = tables.read(ratings, RATINGS).to_pandas(), tables.read(references, REFERENCES).to_pandas()
    rated = everything[~everything["scale"].isin([settings.realism, settings.plausibility])]
    result = compare(
        pairs,
        read_scores({name: folder / "distances" for name, folder in strategies.items()}, symmetry / "baselines"),
        rated,
        known,
        settings,
    )
    headline = headline_combination()
    drawn, maps = read_anomaly(anomaly)
    methods = result.scores[~result.scores["image_id"].isin(taught(pairs, result.scores))]
    found = evaluate_anomaly(drawn, maps, rated, known, methods, headline=headline, settings=settings)
    pictures = evaluate_synthesis(read_synthesis(synthesis), everything, settings=settings)
    made = {"stage": "evaluate", "parameters": settings.model_dump(mode="json")}
    every = pd.concat([result.scores, headline_scores(drawn, headline)], ignore_index=True)
    table = pa.Table.from_pandas(every, schema=SCORES.arrow, preserve_index=False)
    tables.write(table, scores, SCORES, provenance=made)
    measured = rounded(result.metrics | {"anomaly": finite(found), "synthesis": finite(pictures)})
    few = summarise(measured)
    for path, content in ((metrics, measured), (summary, few)):
        with tables.replacing(path) as temporary:
            temporary.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    rows = [{"of": name, "measure": key, "value": value} for name, own in few.items() for key, value in own.items()]
    show(lambda: create_table_artifact(rows, key="evaluate-summary", description="headline metrics"))


def headline_combination(numbers: Path = Path("params.yaml")) -> Combination:
    """The anomaly score that params.yaml names."""
    own = params.load(AnomalyScore, "anomaly_score", numbers)
    step = params.load(AnomalyAdapt, "anomaly_adapt", numbers).iterations
    return Combination(step=step, region=own.region, heatmap=own.heatmap, processing=own.processing)
