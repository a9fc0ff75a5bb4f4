"""Fairness: what measures must not follow. Reads images, landmarks and groups.csv, writes data/fairness."""

from pathlib import Path

from prefect import flow

from flows.buckets import Out, runtime
from flows.buckets.incremental import run_buckets
from flows.buckets.work import Source, Work
from flows.stages.ingest import PIXELS
from tasks.base import absence, tables
from tasks.base.words import counted
from tasks.fairness import appearance
from tasks.ingest.images.groups import TOLD, read_groups
from tasks.schemas.fairness import APPEARANCE
from tasks.schemas.ingest import GROUPS, IMAGES, LANDMARKS, REFUSALS


@flow
def fairness_appearance(images: Path, landmarks: Path, out: Out) -> None:
    """Measure how light the skin of every photograph is, how bright and even its light, how dark the hair."""
    absence.require(images)
    if "still" not in tables.read(images, IMAGES, ["kind"])["kind"].to_pylist():
        raise absence.Absent("nothing to compare: no photographs; add some to images.csv (clips alone do not do)")
    work = Work(
        stage="fairness_appearance",
        compute=appearance.measure_photographs,
        schema=APPEARANCE,
        sources={"images": Source(images, IMAGES, PIXELS), "landmarks": Source(landmarks, LANDMARKS)},
        settings={},
    )
    run_buckets(work, out, runtime=runtime())


@flow
def fairness_groups(raw: Path, images: Path, out: Out, refusals: Out) -> None:
    """Read which groups people belong to: groups.csv of the raw folder, gender and age group of images.csv."""
    absence.require(images)
    listed = tables.read(images, IMAGES, ["image_id", "names", "subject_id", *TOLD])
    groups, refused = read_groups(raw, listed)
    made = {"stage": "fairness_groups", "parameters": {}}
    tables.write(groups, out, GROUPS, provenance=made)
    tables.write(refused, refusals, REFUSALS, provenance=made)
    number = len(groups["grouping"].unique())
    print(f"fairness_groups: {counted(number, 'grouping')}, {counted(refused.num_rows, 'line')} refused", flush=True)
