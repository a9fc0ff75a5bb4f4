"""From raw files to lip halves: reads raw files, writes tables cut into buckets by the file's content."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
from prefect import flow

from flows.buckets import Out, runtime
from flows.buckets.incremental import run_buckets
from flows.buckets.work import Source, Work, write_parts
from tasks import params
from tasks.base import absence, tables
from tasks.base.words import counted
from tasks.ingest.clips import frames as clips
from tasks.ingest.faces import landmarks as points
from tasks.ingest.faces import lips as mouths
from tasks.ingest.images import same_pixels as pictures
from tasks.ingest.images.inventory import NoImages, take_inventory
from tasks.ingest.images.withdrawn import Withdrawn, read_withdrawn
from tasks.ingest.ratings.reading import read_ratings
from tasks.ingest.ratings.repeats import read_repeats
from tasks.ingest.raw_folders.remarks import Remark, passed_over, raters_alike, subjects_alike, visits_alike
from tasks.ingest.tables.raw_layout import folders, refusals_table
from tasks.params.ingest import IngestFrames, IngestImages, IngestLandmarks, IngestLips, IngestRatings
from tasks.schemas.ingest import FRAMES, IMAGES, LANDMARKS, LIPS, RATINGS, REFERENCES, REFUSALS, REPEATS, SHOWN

LOOKING = ".pixels-"
"""How a folder is called in which a run looks for pictures that were withdrawn."""

PIXELS = ("image_id", "kind", "subject_id", "population")
"""What a result from an image's pixels depends on: not its path, licence or consent."""


@flow
def ingest_images(raw: Path, added: Path, out: Out, refusals: Out) -> None:
    """List the images and clips of the raw folder and of the batches added to it, by content."""
    settings = params.load(IngestImages, "ingest_images")
    here = folders(raw, added)
    withdrawn = read_withdrawn(added)
    try:
        images, refused = take_inventory(here, settings=settings, withdrawn=withdrawn)
        if same := _showing_withdrawn(images, withdrawn, out.parent):
            images, refused = take_inventory(here, settings=settings, withdrawn=withdrawn, same=same)
    except NoImages as error:
        raise absence.Absent(f"{error}; add photographs or clips (docs/raw-layout.md)") from error
    made: dict[str, object] = {"stage": "ingest_images", "parameters": settings.model_dump(mode="json")}
    write_parts(images, out, IMAGES, made, buckets=runtime().buckets)
    over = list(passed_over(here, images, refused, suffixes=(*settings.still_suffixes, *settings.clip_suffixes)))
    alike = [*subjects_alike(images, here[1:]), *visits_alike(images)]
    _write_refusals(refused, [*over, *alike], refusals, made)
    print(
        f"ingest_images: {counted(images.num_rows, 'image')}, {counted(refused.num_rows, 'line')} refused, "
        f"{counted(len(over), 'file')} passed over{_alike(alike, 'subjects')}",
        flush=True,
    )


def _showing_withdrawn(images: pa.Table, withdrawn: Withdrawn, beside: Path) -> set[str]:
    """Stills with the pixels of a withdrawn one, in another file. Opens pictures only where there is a tombstone."""
    if not withdrawn.pixels:
        return set()
    for left in beside.glob(f"{LOOKING}*"):
        shutil.rmtree(left)  # of a run that was killed
    beside.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=LOOKING, dir=beside) as folder:
        listed, seen = Path(folder, "images"), Path(folder, "pixels")
        write_parts(images, listed, IMAGES, {"stage": "ingest_images"}, buckets=runtime().buckets)
        listing = Source(listed, IMAGES, ("image_id", "kind"))
        work = Work("ingest_images", pictures.digests, SHOWN, {"images": listing}, {})
        run_buckets(work, seen, runtime=runtime())
        rows = tables.read(seen, SHOWN).to_pylist() if tables.parts(seen) else []
    return {row["image_id"] for row in rows if withdrawn.has_pixels(row["pixels"])}


@flow
def ingest_ratings(raw: Path, added: Path, images: Path, out: Out, references: Out, refusals: Out) -> None:
    """Read what raters said of the images, and what is known of them by other means."""
    settings = params.load(IngestRatings, "ingest_ratings")
    listed = tables.read(images, IMAGES, ["image_id", "names"])
    here = folders(raw, added)
    ratings, known, refused = read_ratings(here, listed, scales=settings.scales)
    alike = list(raters_alike(read_ratings(here[:1], listed, scales=settings.scales)[0], ratings))
    made = {"stage": "ingest_ratings", "parameters": settings.model_dump(mode="json")}
    tables.write(ratings, out, RATINGS, provenance=made)
    tables.write(known, references, REFERENCES, provenance=made)
    _write_refusals(refused, alike, refusals, made)
    print(
        f"ingest_ratings: {counted(ratings.num_rows, 'rating')}, {counted(refused.num_rows, 'line')} refused"
        f"{_alike(alike, 'raters')}",
        flush=True,
    )


@flow
def ingest_repeats(repeats: Path, images: Path, out: Out) -> None:
    """Read which photographs raters were shown twice, and what they said both times."""
    listed = tables.read(images, IMAGES, ["image_id", "subject_id"]).to_pylist()
    subjects = {row["image_id"]: row["subject_id"] for row in listed}
    said = read_repeats(repeats)
    rows = [row | {"subject_id": subjects[row["image_id"]]} for row in said if row["image_id"] in subjects]
    tables.write(REPEATS.table(rows), out, REPEATS, provenance={"stage": "ingest_repeats", "parameters": {}})
    gone = f", {len(said) - len(rows)} of photographs that are gone" if len(said) > len(rows) else ""
    print(f"ingest_repeats: {counted(len(rows), 'photograph')} rated twice by the same rater{gone}", flush=True)


def _alike(pairs: list[Remark], of: str) -> str:
    """How many pairs of names have to be asked about, where there are any."""
    number = len(pairs)
    return f", {counted(number, 'pair')} of {of} look{'s' * (number == 1)} alike: ask" if number else ""


def _write_refusals(refused: pa.Table, remarks: list[Remark], out: Path, made: Mapping[str, object]) -> None:
    tables.write(pa.concat_tables([refused, refusals_table(remarks)]), out, REFUSALS, provenance=made)


@flow
def ingest_frames(images: Path, out: Out) -> None:
    """Sample the frames of the clips."""
    if "clip" not in tables.read(images, IMAGES, ["kind"])["kind"].unique().to_pylist():
        raise absence.Absent("no clips; moments of speech need some")
    work = Work(
        stage="ingest_frames",
        compute=clips.sample_frames,
        schema=FRAMES,
        sources={"images": Source(images, IMAGES, PIXELS)},
        settings={"settings": params.load(IngestFrames, "ingest_frames")},
    )
    run_buckets(work, out, runtime=runtime())


@flow
def ingest_landmarks(images: Path, frames: Path, out: Out) -> None:
    """Find the face and its 68 points in every still and frame, or say why it cannot be measured."""
    work = Work(
        stage="ingest_landmarks",
        compute=points.locate,
        schema=LANDMARKS,
        sources={"images": Source(images, IMAGES, (*PIXELS, "view")), "frames": Source(frames, FRAMES)},
        settings={"settings": params.load(IngestLandmarks, "ingest_landmarks")},
    )
    run_buckets(work, out, runtime=runtime())


@flow
def ingest_lips(images: Path, frames: Path, landmarks: Path, out: Out) -> None:
    """Cut out the levelled lip region and its two halves."""
    work = Work(
        stage="ingest_lips",
        compute=mouths.cut_lips,
        schema=LIPS,
        sources={
            "images": Source(images, IMAGES, PIXELS),
            "frames": Source(frames, FRAMES, ("image_id",)),
            "landmarks": Source(landmarks, LANDMARKS),
        },
        settings={"settings": params.load(IngestLips, "ingest_lips")},
    )
    run_buckets(work, out, runtime=runtime())
