"""A whole drawn data set as ordinary files, laid out as docs/raw-layout.md asks.

In: the `phantoms_draw` settings and a folder. Out: PNG stills of controls, of repaired and of unrepaired clefts, AVI
clips of speakers, images.csv, ratings.csv, references.csv. No person is in two populations: each has seeds of its own.
Only repaired clefts are rated and have a reference, so the unrepaired ones enter no correlation.
Every file is written under another name and renamed, the CSVs last, so a kill leaves nothing that looks whole.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from tasks.errors import InputError
from tasks.params.phantoms import PhantomsDraw, PhantomVariation
from tasks.phantoms.attributes import age_group, asymmetry, gender, scarring
from tasks.phantoms.files import Clip, Still, draw_files, write_whole
from tasks.phantoms.identity import identity
from tasks.phantoms.raters import SCALE, rate
from tasks.phantoms.shape import NO_CLEFT, SIDES, Cleft

Population = Literal["control", "speaker", "repaired", "face", "unrepaired"]
SEED_BLOCK = 10**8  # seeds of one population
POPULATIONS: tuple[Population, ...] = ("control", "speaker", "repaired", "face", "unrepaired")
FIRST_POPULATIONS = 4  # came first and keep their seeds; those that came later have blocks of their own
LATER_BLOCK, LATER_POPULATIONS = 10**10, 8  # first block of the later ones, and room for so many of them
FOLDERS: dict[Population, str] = {"control": "controls", "speaker": "clips", "face": "faces"}  # others: their own name
CHILD_CANDIDATES = 32  # numbers among which an unrepaired person is looked for who is a child: all but 1 in 10,000 are
LEAST_UNREPAIRED = 0.4  # severity of the mildest unrepaired cleft: a notch still plain at 64 pixels

IMAGE_COLUMNS = (
    ("path", "subject_id", "population", "cleft_side")
    + ("age_group", "gender", "asymmetry", "scarring", "licence", "consent", "notice", "view", "visit")
)  # fmt: skip
RATING_COLUMNS = ("path", "rater_id", "rater_role", "scale", "score")
REFERENCE_COLUMNS = ("path", "measure", "value")
LICENCE, CONSENT = "CC0-1.0", "not needed: drawn"
NOTICE = "drawn face (phantom), not a person"
SEVERITY = "drawn_severity"
CSV_NAMES = ("images.csv", "ratings.csv", "references.csv")


def draw_dataset(
    out: Path,
    *,
    settings: PhantomsDraw,
    workers: int,
    around: Sequence[Mapping[str, str]] = (),
    known: Sequence[tuple[str, str, str]] = (),
) -> None:
    """Draw everything into `out` with `workers` processes; the files do not depend on how many there are.

    `around`, `known`: what images.csv and references.csv say besides, of pictures that are drawn already
    (tasks.phantoms.heads).
    InputError when `out` holds an images.csv that was not drawn, for then it is somebody's data.
    """
    repaired = repaired_stills(settings)
    jobs: list[Clip | Still] = [*_clips(settings), *_control_stills(settings), *repaired, *unrepaired_stills(settings)]
    make_room(out)
    draw_files(out, jobs, workers=workers)
    _write_csv(out / "ratings.csv", RATING_COLUMNS, _ratings(repaired, settings))
    references = [(still.path, SEVERITY, f"{still.cleft.severity:.6f}") for still in repaired]
    _write_csv(out / "references.csv", REFERENCE_COLUMNS, [*references, *known])
    rows = [*map(_image_row, sorted(jobs, key=lambda job: job.path)), *map(_told, around)]
    _write_csv(out / "images.csv", IMAGE_COLUMNS, rows)


def draw_uncleft(out: Path, *, settings: PhantomsDraw, workers: int) -> None:
    """Draw the unrepaired people's stills into `out` as they would be without a cleft: a truth no real data set has.

    Same names, people, poses and light as in `draw_dataset`: pixel lies on pixel.
    """
    draw_files(out, [replace(still, cleft=NO_CLEFT) for still in unrepaired_stills(settings)], workers=workers)


def draw_faces(
    out: Path, count: int, *, seed: int, image_size: int, variation: PhantomVariation, workers: int
) -> list[Path]:
    """Draw `count` different controls, one still each, and an images.csv: for benches and tests that need many faces.

    Face i is the same whatever `count` is. dlib finds them all from 128 pixels on; from 192 pixels their outer eye
    corners are more than 45 apart, which the demo's quality gate wants. Returns the pictures' paths, in order.
    """
    jobs = [
        _still("face", number, 0, seed=seed, size=image_size, variation=variation, cleft=NO_CLEFT)
        for number in range(count)
    ]
    make_room(out)
    draw_files(out, jobs, workers=workers)
    _write_csv(out / "images.csv", IMAGE_COLUMNS, map(_image_row, jobs))
    return [out / job.path for job in jobs]


def identity_seed(population: Population, number: int, *, seed: int) -> int:
    """The seed of the `number`-th person of a population; no two populations share one (seeds below 2.5e9)."""
    if not 0 <= number < SEED_BLOCK:
        raise ValueError(f"{population} {number}: there are {SEED_BLOCK} seeds a population")
    place = POPULATIONS.index(population)
    if place < FIRST_POPULATIONS:
        return (seed * FIRST_POPULATIONS + place) * SEED_BLOCK + number
    return (LATER_BLOCK + seed * LATER_POPULATIONS + place - FIRST_POPULATIONS) * SEED_BLOCK + number


def repaired_stills(settings: PhantomsDraw) -> list[Still]:
    """The stills of repaired clefts: severities stratified over [0, 1], both sides equally often."""
    subjects, stills = settings.repaired_subjects, settings.stills_per_repaired
    rng = np.random.default_rng([settings.seed, POPULATIONS.index("repaired")])
    ranks = rng.permutation(subjects).tolist()
    turned = rng.integers(0, 2, size=subjects // 2 + 1)  # which of two neighbours in severity has it on the left
    jitter = rng.uniform(size=(subjects, stills))
    found = []
    for number, rank in enumerate(ranks):
        for still in range(stills):
            stratum = (still + rank // 2) % stills * subjects + rank
            severity = (stratum + float(jitter[number, still])) / (subjects * stills)
            cleft = Cleft(severity, "left" if (rank + turned[rank // 2]) % 2 else "right")
            found.append(_settled_still(settings, "repaired", number, still, cleft))
    return found


def unrepaired_stills(settings: PhantomsDraw) -> list[Still]:
    """Stills of unrepaired clefts, all of babies and children: one severity per person, stratified; sides in turn."""
    subjects = settings.unrepaired_subjects
    rng = np.random.default_rng([settings.seed, POPULATIONS.index("unrepaired")])
    ranks, jitter = rng.permutation(subjects).tolist(), rng.uniform(size=subjects)
    found = []
    for number, rank in enumerate(ranks):
        severity = LEAST_UNREPAIRED + (1 - LEAST_UNREPAIRED) * (rank + float(jitter[number])) / subjects
        cleft = Cleft(severity, SIDES[rank % len(SIDES)], repaired=False)
        for still in range(settings.stills_per_unrepaired):
            job = _settled_still(settings, "unrepaired", number, still, cleft)
            found.append(replace(job, seed=_child_seed(number, seed=settings.seed)))
    return found


def _child_seed(number: int, *, seed: int) -> int:
    """The seed of the first child among the `number`-th candidates."""
    first = identity_seed("unrepaired", number * CHILD_CANDIDATES, seed=seed)
    candidates = range(first, first + CHILD_CANDIDATES)
    return next((candidate for candidate in candidates if identity(candidate).child > 0), first)


def _control_stills(settings: PhantomsDraw) -> list[Still]:
    return [
        _settled_still(settings, "control", number, still, NO_CLEFT)
        for number in range(settings.control_subjects)
        for still in range(settings.stills_per_control)
    ]


def _settled_still(settings: PhantomsDraw, population: Population, number: int, still: int, cleft: Cleft) -> Still:
    size, variation = settings.image_size, settings.variation
    return _still(population, number, still, seed=settings.seed, size=size, variation=variation, cleft=cleft)


def _still(
    population: Population,
    number: int,
    still: int,
    *,
    seed: int,
    size: int,
    variation: PhantomVariation,
    cleft: Cleft,
) -> Still:
    subject_id = f"{population}_{number:05d}"
    return Still(
        path=f"{FOLDERS.get(population, population)}/{subject_id}/{still}.png",
        subject_id=subject_id,
        seed=identity_seed(population, number, seed=seed),
        number=still,
        size=size,
        cleft=cleft,
        variation=variation,
    )


def _clips(settings: PhantomsDraw) -> list[Clip]:
    return [
        Clip(
            path=f"{FOLDERS['speaker']}/speaker_{number:05d}/{clip}.avi",
            subject_id=f"speaker_{number:05d}",
            seed=identity_seed("speaker", number, seed=settings.seed),
            number=clip,
            size=settings.clip_size,
            frames=settings.clip_frames,
            frames_per_second=settings.frames_per_second,
            quality=settings.clip_quality,
        )
        for number in range(settings.clip_subjects)
        for clip in range(settings.clips_per_subject)
    ]


def _image_row(job: Still | Clip) -> tuple[str, ...]:
    drawn, _, _ = job.subject_id.partition("_")
    cleft = job.cleft if isinstance(job, Still) and drawn in ("repaired", "unrepaired") else None
    population, side = (drawn, cleft.side) if cleft else ("control", "")
    person = identity(job.seed)
    told = (age_group(person), gender(person), asymmetry(cleft), scarring(cleft))
    return job.path, job.subject_id, population, side, *told, LICENCE, CONSENT, NOTICE, "", ""


def _told(row: Mapping[str, str]) -> tuple[str, ...]:
    """A row of a picture that is drawn already."""
    filled = {"licence": LICENCE, "consent": CONSENT, "notice": NOTICE, **row}
    return tuple(filled.get(column, "") for column in IMAGE_COLUMNS)


def _ratings(stills: Sequence[Still], settings: PhantomsDraw) -> Iterator[tuple[str, ...]]:
    for still in stills:
        for rater in settings.raters:
            score = rate(rater, still.cleft.severity, path=still.path, seed=settings.seed)
            yield still.path, rater.rater_id, rater.role, SCALE, str(score)


def make_room(out: Path) -> None:
    """Take away the CSVs of an earlier drawing, so that a killed run does not pass for that one."""
    images = out / "images.csv"
    if images.exists():
        with images.open(encoding="utf-8", newline="") as lines:
            if any(row.get("notice") != NOTICE for row in csv.DictReader(lines)):
                raise InputError(f"{images}: names images that were not drawn; draw into an empty folder")
    out.mkdir(parents=True, exist_ok=True)
    for name in CSV_NAMES:
        (out / name).unlink(missing_ok=True)


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[tuple[str, ...]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    write_whole(path, text.getvalue().encode())
