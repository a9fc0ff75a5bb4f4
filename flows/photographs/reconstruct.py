"""Photographs of one visit to a face in three dimensions: what `vermilion reconstruct` computes.

In: a folder. Out: a `Reconstructed` with its page, or the reason why there is none. Writes nothing but
what it needs to go on after a kill (looked.py).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flows.photographs import files
from flows.photographs.declared import PERSON, WHO, norms_of, own_of, people_of, rules_of
from flows.photographs.looked import looked_at
from tasks import params
from tasks.base import images as pictures
from tasks.base.digests import file_digest
from tasks.base.images import UnreadableImage
from tasks.base.words import counted
from tasks.errors import InputError
from tasks.findings.rules import Finding, Rule, findings
from tasks.pages.norms import Norms
from tasks.params.ingest import IngestImages, IngestLandmarks
from tasks.params.surface import SurfaceCameras, SurfaceMeasure, SurfaceReconstruct
from tasks.surface import measuring_faces, reconstructing
from tasks.surface.beside_norms import shown_of
from tasks.surface.cameras.calibration import doubts_in, read_calibration, told_of
from tasks.surface.cameras.features import Features
from tasks.surface.cameras.lens import lens_of
from tasks.surface.cameras.refusals import RefusedSet
from tasks.surface.dense.from_known_cameras import made_by
from tasks.surface.measures.measure import Measure
from tasks.surface.measures.measuring import Measured
from tasks.surface.pages.contents import Photographed, Shown
from tasks.surface.pages.visit_page import render_surface_page
from tasks.surface.points.names import POINTS
from tasks.surface.points.placed_by_hand import read_placed
from tasks.surface.reconstructing import Face
from tasks.surface.review_corrections import with_hand
from tasks.surface.scale.known_distances import Known, check_any_found
from tasks.surface.scale.ruler import Ruler, check_inside, read_ruler

FOLDER = Path("data/surface")
Progress = Callable[[Sequence[Any], str], Iterable[Any]]
"""Goes round a loop and shows how far it is: the loop's items, and what is done."""
MEASURING = "measures and page"
PARTS = (*reconstructing.PARTS, MEASURING)
"""What follows when every photograph was looked at, in order."""


@dataclass(frozen=True)
class Numbers:
    """The blocks of params.yaml that count."""

    images: IngestImages
    detection: IngestLandmarks
    cameras: SurfaceCameras
    reconstruct: SurfaceReconstruct
    measure: SurfaceMeasure


@dataclass(frozen=True)
class Beside:
    """What a face is read beside: a user's own measures, rules of findings, norms, and who is on the photographs."""

    own: tuple[Measure, ...]
    rules: tuple[Rule, ...]
    norms: Norms
    people: Mapping[str, Mapping[str, Any]]  # the project's photographs by image_id


@dataclass(frozen=True)
class Reconstructed:
    """What became of a visit's photographs. With a `reason` there is no face; `cameras` says more."""

    reason: str | None
    cameras: Sequence[Photographed]
    html: str
    face: Face | None = None
    measures: Sequence[Measured] = ()
    findings: Sequence[Finding] = ()
    notices: Sequence[str] = ()
    images: tuple[str, ...] = ()  # sha256 of the visit's photographs


def numbers_of(root: Path) -> Numbers:
    """The project's numbers."""
    path = root / "params.yaml"
    return Numbers(
        params.load(IngestImages, "ingest_images", path),
        params.load(IngestLandmarks, "ingest_landmarks", path),
        params.load(SurfaceCameras, "surface_cameras", path),
        params.load(SurfaceReconstruct, "surface_reconstruct", path),
        params.load(SurfaceMeasure, "surface_measure", path),
    )


def beside_of(root: Path, *, own: Path | None, rules: Path | None, norms: Path | None) -> Beside:
    """What is given, and what the project has. InputError names what cannot be used."""
    given = own_of(own)
    return Beside(given.space, rules_of(rules, given).space, norms_of(norms, root / FOLDER), people_of(root))


def reconstruct(
    folder: Path,
    *,
    known: Sequence[Known],
    ruler: Path | None,
    points: Path | None,
    keep: Path | None,
    numbers: Numbers,
    beside: Beside,
    progress: Progress,
    part: reconstructing.Part,
) -> Reconstructed:
    """The face that the photographs in a folder show. InputError: no folder, no photographs, no table that can be read.
    `keep`: a folder in which each photograph's features stand until the end, for the run after a kill.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no folder; give the folder with the photographs of one visit")
    if ruler is None:
        check_any_found(known)
    placed = {} if points is None else read_placed(points, POINTS)
    photographs = _photographs(folder, numbers)
    clicked = None if ruler is None else _clicked(ruler, photographs)
    lenses = read_calibration(folder, photographs)
    seen, bad = _seen(photographs, keep, numbers, progress)
    sizes = {name: (own.width, own.height) for name, own in seen.items()}
    person = _person([photographs[name] for name in seen], beside)
    images = tuple(files.digests(photographs.values()))
    try:
        face = reconstructing.face_of(
            seen,
            told_of(sizes, {name: lens_of(photographs[name]).focal for name in seen}, lenses),
            lambda name: pictures.read(photographs[name]),
            known=known,
            ruler=clicked,
            detection=numbers.detection,
            cameras=numbers.cameras,
            settings=numbers.reconstruct,
            part=part,
        )
    except (InputError, ValueError) as error:
        told = error.reasons if isinstance(error, RefusedSet) else {}
        rows = [*(Photographed(name, reason=told.get(name)) for name in seen), *bad]
        shown = Shown(folder.name, reason=str(error), cameras=rows)
        notices = _drawn(person)
        return Reconstructed(str(error), rows, _page(shown, notices, numbers), notices=notices, images=images)
    part(MEASURING)
    face = with_hand(face, placed, settings=numbers.reconstruct.points)
    return replace(_measured(folder.name, face, bad, person, beside, numbers), images=images)


def _photographs(folder: Path, numbers: Numbers) -> dict[str, Path]:
    """Every photograph in the folder and below, by its name there."""
    found = files.find([folder], numbers.images.still_suffixes).photographs
    return {file.relative_to(folder).as_posix(): file for file in found}


def _clicked(table: Path, photographs: Mapping[str, Path]) -> Ruler:
    """The ruler of a table, held against its photographs before a minute's work on all of them."""
    ruler, sizes = read_ruler(table, photographs), {}
    for name in ruler.first:
        with suppress(UnreadableImage):  # told with the others
            height, width = pictures.read(photographs[name]).shape[:2]
            sizes[name] = width, height
    check_inside(ruler, sizes)
    return ruler


def _seen(
    photographs: Mapping[str, Path], keep: Path | None, numbers: Numbers, progress: Progress
) -> tuple[dict[str, Features], list[Photographed]]:
    """What is found in every photograph, and those that cannot be read."""
    seen, bad = {}, []
    for name in progress(sorted(photographs), "looking"):
        try:
            seen[name] = looked_at(photographs[name], keep, detection=numbers.detection, settings=numbers.cameras)
        except UnreadableImage as error:
            bad.append(Photographed(name, reason=str(error)))
    return seen, bad


def _person(files: Sequence[Path], beside: Beside) -> Mapping[str, str | None]:
    """Who is on the photographs, where the project knows all of them and says the same of each: PERSON."""
    rows = [beside.people.get(file_digest(file), {}) for file in files] or [{}]
    told = {name: {row.get(name) for row in rows} for name in PERSON}
    drawn = sorted(said for said in told["notice"] if said)
    alike = {name: next(iter(values)) if len(values) == 1 else None for name, values in told.items()}
    return alike | {"notice": drawn[0] if drawn else None}


def _drawn(person: Mapping[str, str | None]) -> list[str]:
    """What a reader must know of the photographs: that they are drawn, where images.csv says so."""
    return [f"These photographs: {person['notice']}."] if person["notice"] else []


def _measured(
    title: str,
    face: Face,
    bad: list[Photographed],
    person: Mapping[str, str | None],
    beside: Beside,
    numbers: Numbers,
) -> Reconstructed:
    values = measuring_faces.map_of(face, settings=numbers.measure)
    rows = measuring_faces.measures_of(face, values, settings=numbers.measure, own=beside.own)
    norms = beside.norms.for_picture(person["notice"])
    who = {name: person[name] for name in WHO}
    found = findings([measuring_faces.measure_row(one) for one in rows], beside.rules, norms=norms.rows, **who)
    face = face._replace(cameras=[*face.cameras, *bad])
    made = [*_provenance(face, numbers), ("norms", norms.said)]
    shown = shown_of(title, face, values, rows, norms=norms.rows, person=who, found=found, provenance=made)
    notices = [*_drawn(person), *doubts_in(row.lens for row in face.cameras)]
    return Reconstructed(None, face.cameras, _page(shown, notices, numbers), face, rows, found, notices)


def _page(shown: Shown, notices: Sequence[str], numbers: Numbers) -> str:
    return render_surface_page(shown, notices=notices, picture_px=numbers.measure.picture)


def _lenses(face: Face) -> str:
    told = Counter(row.lens for row in face.cameras if row.lens)
    return "; ".join(f"{words} ({counted(number, 'photograph')})" for words, number in sorted(told.items()))


def _provenance(face: Face, numbers: Numbers) -> list[tuple[str, str]]:
    placed = sum(row.reason is None for row in face.cameras)
    return [
        ("cameras", f"COLMAP's structure from motion, {placed} of {len(face.cameras)} photographs"),
        ("lenses", _lenses(face)),
        ("surface", f"{made_by(numbers.reconstruct.dense)}, {len(face.surface.faces):,} triangles"),
        ("points", "dlib's 68 and the 478 of MediaPipe, where photographs agree; by definition where geometry has one"),
    ]
