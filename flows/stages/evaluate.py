"""Every method against raters and references: the tables of all systems in, metrics and scores out."""

import json
from pathlib import Path

import pyarrow as pa
from prefect import flow
from prefect.artifacts import create_table_artifact

from flows.running.tracking import show
from tasks import params
from tasks.base import tables
from tasks.evaluation import census, chapters, comparison
from tasks.params.evaluation import Evaluate
from tasks.schemas.evaluation import SCORES
from tasks.schemas.ingest import RATINGS, REFERENCES, REPEATS

NUMBERS = Path("params.yaml")


@flow
def evaluate(
    systems: Path,
    images: Path,
    ratings: Path,
    references: Path,
    repeats: Path,
    metrics: Path,
    summary: Path,
    scores: Path,
) -> None:
    """Compare every method with the raters and with what is known by other means. `systems`: the folder of theirs."""
    settings = params.load(Evaluate, "evaluate")
    said, known = tables.read(ratings, RATINGS).to_pandas(), tables.read(references, REFERENCES).to_pandas()
    twice = tables.read(repeats, REPEATS).to_pandas()
    made, study = comparison.gather(
        chapters.CHAPTERS, systems, said, known, settings=settings, numbers=NUMBERS, repeats=twice
    )
    result = comparison.evaluate(chapters.CHAPTERS, made, study, numbers=NUMBERS)
    table = pa.Table.from_pandas(result.scores, schema=SCORES.arrow, preserve_index=False)
    made_by = {"stage": "evaluate", "parameters": settings.model_dump(mode="json"), "pictures": census.pictures(images)}
    tables.write(table, scores, SCORES, provenance=made_by)
    for path, content in ((metrics, result.metrics), (summary, result.summary)):
        with tables.replacing(path) as temporary:
            temporary.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    rows = [
        {"chapter": chapter, "of": column, "measure": key, "value": value}
        for chapter, columns in result.summary.items()
        for column, own in columns.items()
        for key, value in own.items()
    ]
    show(lambda: create_table_artifact(rows, key="evaluate-summary", description="headline metrics"))
