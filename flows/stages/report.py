"""One HTML page of everything that was measured, and its figures as PNG files."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.artifacts import create_link_artifact

from flows.buckets import Out
from flows.running.tracking import show
from tasks import params
from tasks.base import sheets, tables
from tasks.evaluation import chapters, comparison
from tasks.evaluation.census import read_notices, read_provenance, read_refusals, take_census
from tasks.evaluation.photographs import Photographs, photographs
from tasks.evaluation.report import draw_raters, render_report
from tasks.evaluation.study import Study
from tasks.evaluation.system import Shown, System
from tasks.pages.chapter import Chapter
from tasks.pages.environment import Picture
from tasks.params.evaluation import Evaluate, Report
from tasks.params.running import Systems
from tasks.schemas.evaluation import SCORES
from tasks.schemas.ingest import RATINGS, REFERENCES

NUMBERS = Path("params.yaml")


LATER = "its stages run after this page was written; the whole report, index.html, will have it"


@flow
def report_first(system: Path, ingest: Path, out: Out) -> None:
    """Write the page of the system that is done first. It names the systems that are still to come."""
    own = [chapter for chapter in chapters.CHAPTERS if system.name == chapter.NAME]
    made, study = _gather(own, system.parent, ingest)
    result = comparison.evaluate(own, made, study, numbers=NUMBERS)
    shown = {chapter.name: chapter for chapter in _show(own, made, study, result, system.parent, ingest)}
    systems = params.load(Systems, "systems")
    every = [
        shown.get(chapter.NAME)
        or Chapter(chapter.NAME, chapter.TITLE, chapter.LEDE, chapter.SOURCE, systems.off(chapter.NAME) or LATER)
        for chapter in chapters.CHAPTERS
    ]
    _write(_page(result.metrics, every, system.parent, ingest, _photographs(every, study, result, ingest), []), out)
    print(f"report_first: {out.resolve().as_uri()}", flush=True)


@flow
def report(
    systems: Path, ingest: Path, metrics: Path, scores: Path, figures: Path, csv: Path, xlsx: Path, out: Path
) -> None:
    """Write the report: the answer, census, refusals, each system's chapter, provenance; every photograph in two files.

    `systems`: the folder of theirs.
    """
    made, study = _gather(chapters.CHAPTERS, systems, ingest)
    scored = tables.read(scores, SCORES).to_pandas()
    result = comparison.Evaluation(json.loads(metrics.read_text(encoding="utf-8")), scored, {})
    shown = _show(chapters.CHAPTERS, made, study, result, systems, ingest)
    _write_figures({f"{own.name}-{place}": drawn for own in shown for place, drawn in own.pictures.items()}, figures)
    _write_figures({"raters": draw_raters(result.metrics["raters"])}, figures)
    table = _photographs(shown, study, result, ingest)
    for path in (csv, xlsx):
        sheets.write(path, table.columns, table.rows)
    _write(_page(result.metrics, shown, systems, ingest, table, [csv.name, xlsx.name]), out)
    print(f"report: {out.resolve().as_uri()}", flush=True)
    show(lambda: create_link_artifact(out.resolve().as_uri(), link_text="report", key="report"))


def _gather(own: Sequence[System], systems: Path, ingest: Path) -> tuple[dict[str, Any], Study]:
    settings = params.load(Evaluate, "evaluate")
    said = tables.read(ingest / "ratings.parquet", RATINGS).to_pandas()
    known = tables.read(ingest / "references.parquet", REFERENCES).to_pandas()
    return comparison.gather(own, systems, said, known, settings=settings, numbers=NUMBERS)


def _show(
    own: Sequence[System],
    made: Mapping[str, Any],
    study: Study,
    result: comparison.Evaluation,
    systems: Path,
    ingest: Path,
) -> list[Chapter]:
    """Each system's chapter."""
    settings = params.load(Report, "report")
    return [
        chapter.show(
            made[chapter.NAME],
            result.metrics[chapter.NAME],
            Shown(study, result.scores, systems / chapter.NAME, ingest, NUMBERS, settings),
        )
        for chapter in own
    ]


def _photographs(shown: Sequence[Chapter], study: Study, result: comparison.Evaluation, ingest: Path) -> Photographs:
    titles = {name: title for chapter in shown if not chapter.reason for name, title in chapter.columns.items()}
    doubts = {name: own for chapter in shown for name, own in chapter.doubts.items()}
    return photographs(ingest / "images", ingest / "landmarks", study, result.scores, titles, doubts)


def _page(
    metrics: Mapping[str, Any],
    shown: Sequence[Chapter],
    systems: Path,
    ingest: Path,
    table: Photographs,
    files: Sequence[str],
) -> str:
    refused = [ingest / "images_refused.parquet", ingest / "ratings_refused.parquet"]
    return render_report(
        metrics=metrics,
        chapters=shown,
        census=take_census(ingest / "images", ingest / "frames", ingest / "landmarks"),
        refusals=read_refusals(refused, ingest / "landmarks"),
        provenance=read_provenance([ingest, *(systems / own.name for own in shown if own.reason != LATER)]),
        notices=read_notices(ingest / "images", refused),
        photographs=table,
        files=files,
        settings=params.load(Report, "report"),
    )


def _write(page: str, out: Path) -> None:
    with tables.replacing(out) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _write_figures(pictures: Mapping[str, Sequence[Picture]], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for section, drawn in pictures.items():
        for number, picture in enumerate(drawn, 1):
            with tables.replacing(folder / f"{section}-{number}.png") as temporary:
                temporary.write_bytes(picture.png)
