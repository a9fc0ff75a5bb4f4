"""Photographs of one visit to a face in three dimensions: what `vermilion reconstruct` computes.

In: a folder. Out: a `Reconstructed` with its page, or the reason why there is none. Writes nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from flows.photographs import files
from tasks import params
from tasks.base import images as pictures
from tasks.errors import InputError
from tasks.ingest.detection import find_face
from tasks.params.ingest import IngestImages, IngestLandmarks
from tasks.params.surface import SurfaceCameras, SurfaceMeasure, SurfaceReconstruct
from tasks.space.views import Point
from tasks.surface import facing, reconstructing
from tasks.surface.features import Features, features_of
from tasks.surface.lens import lens_of
from tasks.surface.measuring import Measured
from tasks.surface.named import POINTS
from tasks.surface.page import render_surface_page
from tasks.surface.placed import read_placed
from tasks.surface.reconstructing import Face, Known
from tasks.surface.sets import RefusedSet
from tasks.surface.shown import Photographed, Shown

Progress = Callable[[Sequence[Any], str], Iterable[Any]]
"""Goes round a loop and shows how far it is: the loop's items, and what is done."""


@dataclass(frozen=True)
class Numbers:
    """The blocks of params.yaml that count."""

    images: IngestImages
    detection: IngestLandmarks
    cameras: SurfaceCameras
    reconstruct: SurfaceReconstruct
    measure: SurfaceMeasure


@dataclass(frozen=True)
class Reconstructed:
    """What became of a visit's photographs. With a `reason` there is no face; `cameras` says more."""

    reason: str | None
    cameras: Sequence[Photographed]
    html: str
    face: Face | None = None
    measures: Sequence[Measured] = ()


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


def reconstruct(
    folder: Path, *, known: Sequence[Known], points: Path | None, numbers: Numbers, progress: Progress
) -> Reconstructed:
    """The face that the photographs in a folder show. InputError: no folder, no photographs, no table of points."""
    if not folder.is_dir():
        raise InputError(f"{folder}: no folder; give the folder with the photographs of one visit")
    placed = {} if points is None else read_placed(points, POINTS)
    photographs = {
        file.relative_to(folder).as_posix(): file
        for file in files.find([folder], numbers.images.still_suffixes).photographs
    }
    seen, bad = _seen(photographs, numbers, progress)
    try:
        face = reconstructing.face_of(
            seen,
            {name: lens_of(photographs[name]).focal for name in seen},
            lambda name: pictures.read(photographs[name]),
            known=known,
            detection=numbers.detection,
            cameras=numbers.cameras,
            settings=numbers.reconstruct,
        )
    except (InputError, ValueError) as error:
        told = error.reasons if isinstance(error, RefusedSet) else {}
        rows = [*(Photographed(name, reason=told.get(name)) for name in seen), *bad]
        return Reconstructed(str(error), rows, _page(Shown(folder.name, reason=str(error), cameras=rows), numbers))
    return _measured(folder.name, with_hand(face, placed, numbers), bad, numbers)


def _seen(
    photographs: Mapping[str, Path], numbers: Numbers, progress: Progress
) -> tuple[dict[str, Features], list[Photographed]]:
    """What is found in every photograph, and those that cannot be read."""
    seen, bad = {}, []
    for name in progress(sorted(photographs), "looking"):
        try:
            image = pictures.read(photographs[name])
        except ValueError as error:
            bad.append(Photographed(name, reason=str(error)))
            continue
        box = find_face(image, numbers.detection)
        seen[name] = features_of(image, None if box is None else box.box, settings=numbers.cameras)
    return seen, bad


def with_hand(face: Face, placed: Mapping[str, np.ndarray], numbers: Numbers) -> Face:
    """The face with points that a person placed, in its own frame, instead of those that were found."""
    half = numbers.reconstruct.points.hand
    return face._replace(points=face.points | {name: Point(at, half, 0, None) for name, at in placed.items()})


def _measured(title: str, face: Face, bad: list[Photographed], numbers: Numbers) -> Reconstructed:
    values = facing.map_of(face, settings=numbers.measure)
    rows = facing.measures_of(face, values, settings=numbers.measure)
    face = face._replace(cameras=[*face.cameras, *bad])
    shown = facing.shown_of(title, face, values, rows, provenance=_provenance(face))
    return Reconstructed(None, face.cameras, _page(shown, numbers), face, rows)


def _page(shown: Shown, numbers: Numbers) -> str:
    return render_surface_page(shown, notices=(), picture_px=numbers.measure.picture)


def _provenance(face: Face) -> list[tuple[str, str]]:
    placed = sum(row.reason is None for row in face.cameras)
    return [
        ("cameras", f"COLMAP's structure from motion, {placed} of {len(face.cameras)} photographs"),
        ("surface", f"stereo pairs on the processor, {len(face.surface.faces):,} triangles"),
        ("points", "dlib's 68 and the 478 of MediaPipe, where photographs agree; by definition where geometry has one"),
    ]
