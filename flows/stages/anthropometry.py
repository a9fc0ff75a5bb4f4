"""Anthropometry: named points of every face, and what is measured between them.

Reads images, landmarks and people's corrections, writes data/anthropometry.
"""

from pathlib import Path

import pyarrow as pa
from prefect import flow

from flows.buckets import Out, runtime
from flows.buckets.incremental import run_buckets
from flows.buckets.work import Source, Work, side_by_side
from flows.stages.ingest import PIXELS
from tasks import params
from tasks.anthropometry import errors, measuring
from tasks.anthropometry.from_people import adjustment
from tasks.anthropometry.from_people.corrections import corrected, kept
from tasks.anthropometry.locating import locate
from tasks.anthropometry.profiles.measuring import locate_profiles, measure_profiles
from tasks.anthropometry.visits import by_visit
from tasks.base import absence, tables
from tasks.base.digests import table_digest
from tasks.findings.norms import of_controls
from tasks.params.anthropometry import (
    AnthropometryAdjust,
    AnthropometryMeasure,
    AnthropometryNorms,
    AnthropometryPoints,
    AnthropometryProfiles,
)
from tasks.params.ingest import IngestLandmarks
from tasks.schemas.anthropometry import (
    ANTHROPOMETRY_MEASURES,
    ANTHROPOMETRY_POINTS,
    ANTHROPOMETRY_PROFILES,
    ANTHROPOMETRY_VISITS,
)
from tasks.schemas.ingest import IMAGES, LANDMARKS
from tasks.schemas.norms import NORMS


@flow
def anthropometry_points(images: Path, landmarks: Path, out: Out) -> None:
    """Place the named points of every photograph, and refine those of lip and nose on its pixels."""
    kinds = tables.read(images, IMAGES, ["kind"])["kind"].to_pylist()
    if "still" not in kinds:
        raise absence.Absent("no photographs: add some to images.csv (clips alone are not measured)")
    work = Work(
        stage="anthropometry_points",
        compute=locate.locate_points,
        schema=ANTHROPOMETRY_POINTS,
        sources={"images": Source(images, IMAGES, (*PIXELS, "view")), "landmarks": Source(landmarks, LANDMARKS)},
        settings={
            "settings": params.load(AnthropometryPoints, "anthropometry_points"),
            "model": params.load(IngestLandmarks, "ingest_landmarks").model,
        },
    )
    run_buckets(work, out, runtime=runtime())


@flow
def anthropometry_profiles(images: Path, points: Out, out: Out) -> None:
    """Place the named points of every photograph in profile on the head's outline, and measure between them."""
    views = tables.read(images, IMAGES, ["view"])["view"].to_pylist()
    if not {"left", "right"} & set(views):
        raise absence.Absent("no photographs in profile: name some in images.csv, with `left` or `right` under `view`")
    placing = Work(
        stage="anthropometry_profiles",
        compute=locate_profiles,
        schema=ANTHROPOMETRY_PROFILES,
        sources={"images": Source(images, IMAGES, (*PIXELS, "view"))},
        settings={"settings": params.load(IngestLandmarks, "ingest_landmarks")},
    )
    run_buckets(placing, points, runtime=runtime())
    measured = Work(
        stage="anthropometry_profiles",
        compute=measure_profiles,
        schema=ANTHROPOMETRY_MEASURES,
        sources={"profiles": Source(points, ANTHROPOMETRY_PROFILES)},
        settings={"settings": params.load(AnthropometryProfiles, "anthropometry_profiles")},
    )
    run_buckets(measured, out, runtime=runtime())


@flow
def anthropometry_measure(images: Path, points: Path, corrections: Path, placed: Out, out: Out, visits: Out) -> None:
    """Measure every face between its points. `placed`: the points that count, people's corrections among them."""
    absence.require(points)
    settings = params.load(AnthropometryMeasure, "anthropometry_measure")
    _put_corrections(points, corrections, placed, settings.hand_error)
    work = Work(
        stage="anthropometry_measure",
        compute=measuring.measure_bucket,
        schema=ANTHROPOMETRY_MEASURES,
        sources={
            "points": Source(placed, ANTHROPOMETRY_POINTS),
            "images": Source(images, IMAGES, ("image_id", "cleft_side")),
        },
        files={"point_errors": errors.table(settings.errors)},
        settings={"settings": settings},
    )
    run_buckets(work, out, runtime=runtime())
    measured = tables.read(out, ANTHROPOMETRY_MEASURES)
    means = by_visit(measured, tables.read(images, IMAGES, ["image_id", "visit"]), confidence=settings.confidence)
    made = {"stage": "anthropometry_measure", "inputs": {"measures": table_digest(measured)}}
    tables.write(means, visits, ANTHROPOMETRY_VISITS, provenance=made)


@flow
def anthropometry_norms(images: Path, measures: Path, profiles: Path, out: Out) -> None:
    """Make norms of the project's controls, from the front and in profile: each measure's spread among them."""
    absence.require_any((measures, profiles))
    there = [path for path in (measures, profiles) if not absence.reason_of(path)]
    settings = params.load(AnthropometryNorms, "anthropometry_norms")
    listed = tables.read(images, IMAGES, ["subject_id", "population", "gender", "age_group", "notice"]).to_pylist()
    every = pa.concat_tables([tables.read(path, ANTHROPOMETRY_MEASURES) for path in there])
    found = of_controls(every, listed, least=settings.people)
    made = {"stage": "anthropometry_norms", "parameters": settings.model_dump(mode="json"), "notices": found.notices}
    tables.write(found.table, out, NORMS, provenance=made)
    print(f"anthropometry_norms: {found.said}", flush=True)


def _put_corrections(points: Path, corrections: Path, placed: Path, error: float) -> None:
    """The points part by part: adjusted as people's corrections taught, and the corrections themselves in them."""
    said = kept(corrections)
    settings = params.load(AnthropometryAdjust, "anthropometry_adjust")
    learned = adjustment.standing(tables.read(points, ANTHROPOMETRY_POINTS), corrections, settings=settings)
    made = tables.provenance_of(tables.parts(points)[0]) | {
        "corrections": table_digest(said),
        "adjusted": [one.kind for one in learned if one.used],
    }
    placed.mkdir(parents=True, exist_ok=True)

    def place(file: Path) -> None:
        part = adjustment.adjusted(tables.read(file, ANTHROPOMETRY_POINTS), learned)
        part = corrected(part, said, error=error)
        tables.write(part, placed / file.name, ANTHROPOMETRY_POINTS, provenance=made)

    side_by_side(place, tables.parts(points))
