"""One HTML page of everything that was measured, and its figures as PNG files."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from prefect import flow
from prefect.artifacts import create_link_artifact

from flows.running.tracking import show
from tasks import params
from tasks.base import images, tables
from tasks.evaluation.anomaly.compare import Combination
from tasks.evaluation.anomaly.section import Face, draw_anomaly, gallery, stand_ins
from tasks.evaluation.gather import (
    read_anomaly,
    read_notices,
    read_optional,
    read_pairs,
    read_refusals,
    read_synthesis,
    take_census,
)
from tasks.evaluation.report import Example, Provenance, draw_pictures, pick_examples, render_report
from tasks.evaluation.synthesis.section import Section, draw_synthesis, plan_section, read_pictures, wanted
from tasks.evaluation.synthesis.section import stand_ins as stand_ins_of_synthesis
from tasks.pages.environment import Picture
from tasks.pages.overlays import jpeg
from tasks.params.evaluation import Evaluate, Report
from tasks.params.symmetry import SymmetryTrain
from tasks.schemas.anomaly import ANOMALY_MAPS
from tasks.schemas.evaluation import SCORES
from tasks.schemas.ingest import IMAGES, LIPS, RATINGS, REFERENCES
from tasks.schemas.symmetry import CURVES
from tasks.schemas.synthesis import ADAPTER_CURVES, CONDITIONS, GENERATED, PROJECTIONS

STAND_IN = (
    "The networks started from random weights, a stand-in for ImageNet's: results do not compare with the paper's."
)

THUMB = 144
"""Longer side of a picture in a contact sheet, pixels; it is shown at half of that."""


@flow
def report(
    symmetry: Path, anomaly: Path, synthesis: Path, ingest: Path, metrics: Path, scores: Path, figures: Path, out: Path
) -> None:
    """Write the report: census, refusals, published tables filled in, figures, examples, provenance."""
    settings, compared = params.load(Report, "report"), params.load(Evaluate, "evaluate")
    measured = json.loads(metrics.read_text(encoding="utf-8"))
    scored = tables.read(scores, SCORES).to_pandas()
    ratings = tables.read(ingest / "ratings.parquet", RATINGS).to_pandas()
    strategies = {name: symmetry / name for name in sorted(measured["symmetry"])}
    pictures = draw_pictures(
        pairs={name: read_pairs(folder / "pairs", folder / "distances") for name, folder in strategies.items()},
        scores=scored,
        ratings=ratings,
        curves={name: tables.read(f / "model/curves.parquet", CURVES).to_pandas() for name, f in strategies.items()},
        metrics=measured,
        settings=compared,
    )
    drawn, maps = read_anomaly(anomaly)
    references = tables.read(ingest / "references.parquet", REFERENCES).to_pandas()
    pictures |= draw_anomaly(measured["anomaly"], drawn, maps, ratings, references, compared)
    pictures |= _draw_synthesis(measured["synthesis"], synthesis)
    _write_figures(pictures, figures)
    section = read_section(synthesis, ingest / "images", settings)
    lines = [ingest / "images_refused.parquet", ingest / "ratings_refused.parquet"]
    stand_in = params.load(SymmetryTrain, "symmetry_train").initial_weights == "random"
    page = render_report(
        metrics=measured,
        census=take_census(ingest / "images", ingest / "frames", ingest / "landmarks"),
        refusals=read_refusals(lines, ingest / "landmarks"),
        pictures=pictures,
        examples=list(
            _examples(
                scored,
                ratings[ratings["scale"] == compared.scale],
                ingest / "lips",
                list(strategies),
                settings.examples,
            )
        ),
        provenance=_provenance(ingest, symmetry, anomaly, synthesis),
        notices=[
            *read_notices(ingest / "images"),
            *([STAND_IN] if stand_in else []),
            *anomaly_notices(anomaly),
            *section.notices,
        ],
        faces=_faces(measured["anomaly"], anomaly / "maps", drawn, settings),
        synthesis=section,
    )
    with tables.replacing(out) as temporary:
        temporary.write_text(page, encoding="utf-8")
    show(lambda: create_link_artifact(out.resolve().as_uri(), link_text="report", key="report"))


def anomaly_notices(anomaly: Path) -> list[str]:
    """What stood in for a trained network, by what made the anomaly's tables; also for a photograph's page."""
    made = {
        name: tables.provenance_of(anomaly / name).get("parameters", {})
        for name in ("scores", "generator/curves.parquet", "aligned")
        if (anomaly / name).exists()
    }
    if "scores" not in made:
        return []
    return stand_ins(
        made["scores"].get("perceptual", {}),
        made.get("generator/curves.parquet", {}).get("settings", {}),
        made.get("aligned", {}).get("settings", {}).get("size"),
    )


def _draw_synthesis(record: Mapping[str, Any], folder: Path) -> dict[str, list[Picture]]:
    curves = {name: read_optional(folder / name / "adapter/curves.parquet", ADAPTER_CURVES) for name in CONDITIONS}
    projections = read_optional(folder / "projections.parquet", PROJECTIONS)
    return draw_synthesis(record, read_synthesis(folder).measures, projections, curves)


def read_section(folder: Path, listed: Path, settings: Report) -> Section:
    """The synthesis section with its pictures; photographs only where settings ask for them."""
    made, manifest = read_synthesis(folder), folder / "base/base.json"
    base = json.loads(manifest.read_text(encoding="utf-8")) if manifest.exists() else {}
    plan = plan_section(made, settings, stand_ins_of_synthesis(base, made.measures.get("network", {})))
    drawn, photographs = wanted(plan, settings)
    found: dict[str, bytes] = {}
    for name in CONDITIONS:
        if (folder / name / "generated").exists():
            parts = tables.read_each(folder / name / "generated", GENERATED, ["image_id", "picture"])
            found |= read_pictures(parts, drawn, side=THUMB)
    if photographs:
        rows = tables.read(listed, IMAGES, ["image_id", "path"]).to_pylist()
        found |= {
            row["image_id"]: jpeg(images.read(Path(row["path"])), side=THUMB)
            for row in rows
            if row["image_id"] in photographs
        }
    return replace(plan, pictures=found)


def _faces(record: Mapping[str, Any], maps: Path, scores: pd.DataFrame, settings: Report) -> list[Face]:
    if record["reason"]:
        return []
    parts = tables.read_each(maps, ANOMALY_MAPS) if maps.exists() else iter(())
    return gallery(parts, scores, Combination(**record["headline"]), settings)


def _write_figures(pictures: Mapping[str, Sequence[Picture]], folder: Path) -> None:
    for section, drawn in pictures.items():
        for number, picture in enumerate(drawn, 1):
            with tables.replacing(folder / f"{section}-{number}.png") as temporary:
                temporary.write_bytes(picture.png)


def _examples(
    scores: pd.DataFrame, ratings: pd.DataFrame, lips: Path, strategies: Sequence[str], each: int
) -> Iterator[Example]:
    """The rated photographs of lowest and highest D, with their lip regions; `ratings` on one scale."""
    mean = {str(key): float(value) for key, value in ratings.groupby("image_id")["score"].mean().items()}
    rated = scores[scores["image_id"].isin(list(mean))]
    for strategy in strategies:
        chosen = pick_examples(rated, strategy=strategy, each=each)
        regions = _regions(lips, chosen["image_id"].tolist())
        for image_id, row in chosen.set_index("image_id").to_dict("index").items():
            yield Example(
                strategy=strategy,
                image_id=str(image_id),
                subject_id=row["subject_id"],
                distance=float(row["score"]),
                grade=None if pd.isna(row["grade"]) else int(row["grade"]),
                rating=mean[str(image_id)],
                png=regions[str(image_id)],
            )


def _regions(lips: Path, wanted: Sequence[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for part in tables.read_each(lips, LIPS, ["image_id", "region"]):
        rows = part.filter(pc.is_in(part["image_id"], pa.array(wanted, pa.string())))
        found |= dict(zip(rows["image_id"].to_pylist(), rows["region"].to_pylist(), strict=True))
    return found


def _provenance(*folders: Path) -> list[Provenance]:
    """What made each stage's tables, once a stage, in the order of their folders' names."""
    made: dict[str, Provenance] = {}
    for path in (path for folder in folders for path in sorted(folder.rglob("*.parquet"))):
        record = tables.provenance_of(path)
        if record and record["stage"] not in made:
            numbers: dict[str, Any] = dict(record["parameters"])
            numbers |= numbers.pop("settings", {})
            made[record["stage"]] = Provenance(
                record["stage"], numbers, record.get("files", {}), numbers.get("seed"), record.get("code", "")
            )
    return list(made.values())
