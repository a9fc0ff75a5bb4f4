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
from tasks.params.ingest import IngestLandmarks
from tasks.params.surface import SurfaceCameras, SurfaceMeasure, SurfaceReconstruct
from tasks.schemas.ingest import IMAGES, REFERENCES
from tasks.schemas.surface import (
    SURFACE_FACES,
    SURFACE_MEASURES,
    SURFACE_SETS,
    SURFACE_VIEWS,
    SURFACE_VISITS,
    SURFACES,
)
from tasks.surface import visiting

NO_SETS = (
    "no photographs from several sides: in images.csv write `around` under `view` and the day under `visit` "
    "(docs/capture.md says how they are taken)"
)


@flow
def surface_views(images: Path, out: Out) -> None:
    """Find in every photograph of a set what can be found again in the others."""
    from tasks.surface import looking

    members = visiting.members(tables.read(images, IMAGES).to_pylist())
    if not members:
        raise absence.Absent(NO_SETS)
    work = Work(
        stage="surface_views",
        compute=looking.look_at,
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
    together = visiting.joined(tables.read(images, IMAGES).to_pylist(), seen, known)
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
def surface_measure(images: Path, surfaces: Path, faces: Out, out: Out, visits: Out) -> None:
    """Hold every surface against its mirror image, and measure between its points."""
    from tasks.surface import facing

    absence.require(surfaces)
    settings = {"settings": params.load(SurfaceMeasure, "surface_measure")}
    found = Source(surfaces, SURFACES)
    mirroring = Work("surface_measure", facing.face_sets, SURFACE_FACES, {"surfaces": found}, settings, together=1)
    run_buckets(mirroring, faces, runtime=runtime())
    sources = {"surfaces": found, "faces": Source(faces, SURFACE_FACES)}
    measuring = Work("surface_measure", facing.measure_sets, SURFACE_MEASURES, sources, settings, together=1)
    run_buckets(measuring, out, runtime=runtime())
    of_visits = visiting.visits_of(tables.read(images, IMAGES).to_pylist())
    tables.write(of_visits, visits, SURFACE_VISITS, provenance={"stage": "surface_measure", "parameters": {}})
    whole = sum(reason is None for reason in tables.read(surfaces, SURFACES, ["reason"])["reason"].to_pylist())
    print(f"surface_measure: {counted(whole, 'face')} measured", flush=True)
