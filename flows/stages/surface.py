"""Three dimensions: photographs of a visit from several sides, a surface, what is measured on it.

Reads images and references, writes data/surface. COLMAP takes a second to import, so the modules that need it are
imported by the flows that do.
"""

from pathlib import Path

from prefect import flow

from flows.buckets import Out, runtime
from flows.buckets.incremental import run_buckets
from flows.buckets.work import Source, Work, write_parts
from flows.stages.ingest import PIXELS
from tasks import params
from tasks.base import absence, tables
from tasks.base.words import counted
from tasks.findings.norms import of_controls
from tasks.pages.norms import NONE, OWN, made_of
from tasks.params.anthropometry import AnthropometryNorms
from tasks.params.ingest import IngestLandmarks
from tasks.params.surface import SurfaceCameras, SurfaceMeasure, SurfaceReconstruct
from tasks.schemas.ingest import IMAGES, REFERENCES
from tasks.schemas.norms import NORMS
from tasks.schemas.surface import (
    SURFACE_FACES,
    SURFACE_FINDINGS,
    SURFACE_HAND,
    SURFACE_MEASURES,
    SURFACE_SETS,
    SURFACE_VIEWS,
    SURFACE_VISITS,
    SURFACES,
)
from tasks.surface.photographs import sets_of_visits

NO_SETS = (
    "no photographs from several sides: in images.csv write `around` under `view` and the day under `visit` "
    "(docs/capture.md says how they are taken)"
)


@flow
def surface_views(images: Path, out: Out) -> None:
    """Find in every photograph of a set what can be found again in the others."""
    from tasks.surface.photographs import each_photograph

    members = sets_of_visits.members(tables.read(images, IMAGES).to_pylist())
    if not members:
        raise absence.Absent(NO_SETS)
    work = Work(
        stage="surface_views",
        compute=each_photograph.look_at,
        schema=SURFACE_VIEWS,
        sources={"images": Source(images, IMAGES, PIXELS, members)},
        settings={
            "detection": params.load(IngestLandmarks, "ingest_landmarks"),
            "settings": params.load(SurfaceCameras, "surface_cameras"),
        },
        together=1,
    )
    run_buckets(work, out, runtime=runtime())


@flow
def surface_reconstruct(images: Path, views: Path, references: Path, sets: Out, out: Out) -> None:
    """Find the cameras of every set, and the face's surface and points in millimetres."""
    from tasks.surface import reconstructing

    absence.require(views)
    seen = tables.read(views, SURFACE_VIEWS).to_pylist()
    known = tables.read(references, REFERENCES).to_pylist()
    together = sets_of_visits.joined(tables.read(images, IMAGES).to_pylist(), seen, known)
    write_parts(
        together, sets, SURFACE_SETS, {"stage": "surface_reconstruct", "parameters": {}}, buckets=runtime().buckets
    )
    keyed = tuple(column.name for column in SURFACE_SETS.columns if column.name != "path")
    work = Work(
        stage="surface_reconstruct",
        compute=reconstructing.reconstruct_sets,
        schema=SURFACES,
        sources={"sets": Source(sets, SURFACE_SETS, keyed)},
        settings={
            "detection": params.load(IngestLandmarks, "ingest_landmarks"),
            "cameras": params.load(SurfaceCameras, "surface_cameras"),
            "settings": params.load(SurfaceReconstruct, "surface_reconstruct"),
        },
        together=1,
    )
    run_buckets(work, out, runtime=runtime())


@flow
def surface_measure(
    images: Path, surfaces: Path, corrections: Path, hand: Out, faces: Out, out: Out, visits: Out
) -> None:
    """Hold every surface against its mirror image, and measure between its points, people's among them."""
    from tasks.surface import measuring_faces

    absence.require(surfaces)
    _write_hand(surfaces, corrections, hand)
    settings = {"settings": params.load(SurfaceMeasure, "surface_measure")}
    found = Source(surfaces, SURFACES)
    mirroring = Work(
        "surface_measure", measuring_faces.face_sets, SURFACE_FACES, {"surfaces": found}, settings, together=1
    )
    run_buckets(mirroring, faces, runtime=runtime())
    sources = {"surfaces": found, "faces": Source(faces, SURFACE_FACES), "hand": Source(hand, SURFACE_HAND)}
    numbers = settings | {"points": params.load(SurfaceReconstruct, "surface_reconstruct").points}
    measuring = Work("surface_measure", measuring_faces.measure_sets, SURFACE_MEASURES, sources, numbers, together=1)
    run_buckets(measuring, out, runtime=runtime())
    of_visits = sets_of_visits.visits_of(tables.read(images, IMAGES).to_pylist())
    tables.write(of_visits, visits, SURFACE_VISITS, provenance={"stage": "surface_measure", "parameters": {}})
    whole = sum(reason is None for reason in tables.read(surfaces, SURFACES, ["reason"])["reason"].to_pylist())
    print(f"surface_measure: {counted(whole, 'face')} measured", flush=True)


def _write_hand(surfaces: Path, corrections: Path, hand: Path) -> None:
    """What people placed, set by set."""
    from tasks.surface.review_corrections import SHEET, hand_rows

    rows = tables.read(surfaces, SURFACES, ["image_id", "subject_id", "cameras"]).to_pylist()
    placed = hand_rows(rows, SHEET.said_in(corrections))
    made = {"stage": "surface_measure", "parameters": {}}
    for old in tables.parts(hand) if hand.exists() else ():
        old.unlink()
    write_parts(placed, hand, SURFACE_HAND, made, buckets=runtime().buckets)


@flow
def surface_findings(images: Path, measures: Path, norms: Out, out: Out) -> None:
    """Make norms of the project's controls in three dimensions, and find what lies beyond the rules' limits."""
    from tasks.surface import findings

    absence.require(measures)
    settings = params.load(AnthropometryNorms, "anthropometry_norms")
    found, listed = tables.read(measures, SURFACE_MEASURES), tables.read(images, IMAGES, PEOPLE).to_pylist()
    made = {"stage": "surface_findings", "parameters": settings.model_dump(mode="json")}
    fitting, said = NONE, "no controls"
    try:
        own = of_controls(found, listed, least=settings.people)
        fitting, said = made_of(own.table.to_pylist(), own.notices, OWN), own.said
        tables.write(own.table, norms, NORMS, provenance=made | {"notices": own.notices})
    except absence.Absent as reason:  # rules that need no norms are asked all the same
        absence.mark(norms, str(reason))
    beyond = findings.find_sets(found, listed, norms=fitting)
    tables.write(beyond, out, SURFACE_FINDINGS, provenance=made)
    print(f"surface_findings: {said}; {counted(len(beyond), 'finding')}", flush=True)


PEOPLE = ["image_id", "subject_id", "population", "gender", "age_group", "notice"]
