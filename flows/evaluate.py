"""Every method against raters and references: the tables of all systems in, metrics and scores out."""

import json
from pathlib import Path

import pyarrow as pa
from prefect import flow
from prefect.artifacts import create_table_artifact

from flows.tracking import show
from tasks import params, tables
from tasks.evaluation.evaluate import evaluate as compare
from tasks.evaluation.gather import read_pairs, read_scores, rounded, summarise
from tasks.params import Evaluate
from tasks.schemas import RATINGS, REFERENCES, SCORES


@flow
def evaluate(symmetry: Path, ratings: Path, references: Path, metrics: Path, summary: Path, scores: Path) -> None:
    """Compare every method with the raters and with what is known by other means."""
    settings = params.load(Evaluate, "evaluate")
    strategies = {folder.parent.name: folder.parent for folder in sorted(symmetry.glob("*/distances"))}
    result = compare(
        {name: read_pairs(folder / "pairs", folder / "distances") for name, folder in strategies.items()},
        read_scores({name: folder / "distances" for name, folder in strategies.items()}, symmetry / "baselines"),
        tables.read(ratings, RATINGS).to_pandas(),
        tables.read(references, REFERENCES).to_pandas(),
        settings,
    )
    made = {"stage": "evaluate", "parameters": settings.model_dump(mode="json")}
    table = pa.Table.from_pandas(result.scores, schema=SCORES.arrow, preserve_index=False)
    tables.write(table, scores, SCORES, provenance=made)
    measured = rounded(result.metrics)
    headline = summarise(measured)
    for path, content in ((metrics, measured), (summary, headline)):
        with tables.replacing(path) as temporary:
            temporary.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    rows = [
        {"of": name, "measure": key, "value": value} for name, own in headline.items() for key, value in own.items()
    ]
    show(lambda: create_table_artifact(rows, key="evaluate-summary", description="headline metrics"))
