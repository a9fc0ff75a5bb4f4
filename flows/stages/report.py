"""One HTML page of everything that was measured, and its figures as PNG files."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from prefect import flow
from prefect.artifacts import create_link_artifact

from flows.running.tracking import show
from tasks import params
from tasks.base import tables
from tasks.evaluation import chapters, comparison
from tasks.evaluation.census import read_notices, read_provenance, read_refusals, take_census
from tasks.evaluation.report import draw_raters, render_report
from tasks.evaluation.show import Shown
from tasks.pages.environment import Picture
from tasks.params.evaluation import Evaluate, Report
from tasks.schemas.evaluation import SCORES
from tasks.schemas.ingest import RATINGS, REFERENCES

NUMBERS = Path("params.yaml")


@flow
def report(systems: Path, ingest: Path, metrics: Path, scores: Path, figures: Path, out: Path) -> None:
    """Write the report: census, refusals, each system's chapter, provenance. `systems`: the folder of theirs."""
    settings, compared = params.load(Report, "report"), params.load(Evaluate, "evaluate")
    measured = json.loads(metrics.read_text(encoding="utf-8"))
    said = tables.read(ingest / "ratings.parquet", RATINGS).to_pandas()
    known = tables.read(ingest / "references.parquet", REFERENCES).to_pandas()
    made, study = comparison.gather(chapters.CHAPTERS, systems, said, known, settings=compared, numbers=NUMBERS)
    scored = tables.read(scores, SCORES).to_pandas()
    shown = [
        chapter.show(
            made[chapter.NAME],
            measured[chapter.NAME],
            Shown(study, scored, systems / chapter.NAME, ingest, NUMBERS, settings),
        )
        for chapter in chapters.CHAPTERS
    ]
    _write_figures({f"{own.name}-{place}": drawn for own in shown for place, drawn in own.pictures.items()}, figures)
    _write_figures({"raters": draw_raters(measured["raters"])}, figures)
    page = render_report(
        metrics=measured,
        chapters=shown,
        census=take_census(ingest / "images", ingest / "frames", ingest / "landmarks"),
        refusals=read_refusals(
            [ingest / "images_refused.parquet", ingest / "ratings_refused.parquet"], ingest / "landmarks"
        ),
        provenance=read_provenance([ingest, *(systems / own.name for own in shown)]),
        notices=read_notices(ingest / "images"),
    )
    with tables.replacing(out) as temporary:
        temporary.write_text(page, encoding="utf-8")
    show(lambda: create_link_artifact(out.resolve().as_uri(), link_text="report", key="report"))


def _write_figures(pictures: Mapping[str, Sequence[Picture]], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for section, drawn in pictures.items():
        for number, picture in enumerate(drawn, 1):
            with tables.replacing(folder / f"{section}-{number}.png") as temporary:
                temporary.write_bytes(picture.png)
