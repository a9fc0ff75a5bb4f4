"""What `vermilion reconstruct --out` leaves: the page, the surface as files, and tables.

In: a `Reconstructed`. Out: files that their owner alone reads. Of a visit without a face, the page and the photographs;
what a former run wrote besides is removed, for it would pass for this run's.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from flows.photographs.marks import marked_page
from flows.photographs.reconstruct import Reconstructed
from tasks.base import sheets
from tasks.base.tables import replacing
from tasks.errors import InputError
from tasks.space.views import Surface
from tasks.surface.dense.trimming import cut
from tasks.surface.geometry import mesh_files
from tasks.surface.geometry.joining import joined
from tasks.surface.geometry.regions import REGIONS, inside, regions_of
from tasks.surface.measuring_faces import measure_row
from tasks.surface.reconstructing import Face

PAGE, WHOLE = "face.html", "face"
OF_FACE = ("points.csv", "measures.csv", "face.ply", "face.glb", "face.stl")
"""What stands beside the page and photographs.csv of a visit that has a face."""
STL = (WHOLE, *(name for name in REGIONS if name != WHOLE))
"""What face.stl may hold."""


def check_region(name: str) -> None:
    """InputError where face.stl can hold no such region."""
    if name not in STL:
        raise InputError(f"--stl {name}: there is no such region; there are {', '.join(STL)}")


def write(out: Path, found: Reconstructed, stl: str, *, given: Path | None = None) -> None:
    """All files of a visit, into the folder `out`, instead of a former run's. InputError: nothing of the region `stl`
    is there. `given`: the table of points that a person placed, which stays without a face, too.
    """
    for name in OF_FACE:
        old = out / name
        if given is None or not (old.exists() and given.exists() and old.samefile(given)):
            old.unlink(missing_ok=True)
    _write(out / PAGE, marked_page(found.html, found.images))
    photographs = [
        {
            "photograph": row.name,
            "turn_degrees": row.turn,
            "height_degrees": row.height,
            "points": row.points,
            "residual_px": row.residual,
            "focal_px": row.focal,
            "lens": row.lens,
            "reason": row.reason,
        }
        for row in found.cameras
    ]
    _table(out / "photographs.csv", photographs)
    if found.face is None:
        return
    _table(out / "points.csv", point_rows(found.face))
    _table(out / "measures.csv", [measure_row(one) for one in found.measures])
    for suffix in (".ply", ".glb"):
        mesh_files.write(joined(found.face.surface, found.face.filled), out / f"face{suffix}")
    mesh_files.write(part_of(found.face, stl), out / "face.stl")


def point_rows(face: Face) -> list[dict[str, Any]]:
    """The points as `vermilion reconstruct --points` reads them, and what is known of each."""
    nowhere = np.array([None, None, None])
    return [
        {
            "name": name,
            **dict(zip("xyz", nowhere if point.position is None else point.position.tolist(), strict=True)),
            "interval": point.interval,
            "photographs": point.views,
            "reason": point.reason,
        }
        for name, point in face.points.items()
    ]


def part_of(face: Face, region: str) -> Surface:
    """The face, or a region of it. InputError where nothing of it is there, or its points are not."""
    if region == WHOLE:
        return face.surface
    try:
        places = {name: point.position for name, point in face.points.items() if point.position is not None}
        kept = inside(regions_of(places, face.middle), region, face.surface.vertices)
    except (KeyError, ValueError) as error:
        raise InputError(f"--stl {region}: the points that bound it are not known: {error}") from error
    if not kept[face.surface.faces].all(axis=1).any():
        raise InputError(f"--stl {region}: nothing of it is on the surface")
    return cut(face.surface, kept)


def _table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    names = list(rows[0]) if rows else ["photograph"]
    sheets.write(path, names, [list(row.values()) for row in rows])


def _write(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        temporary.touch(mode=0o600)
        temporary.write_text(text, encoding="utf-8")
