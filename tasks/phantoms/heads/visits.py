"""Visits of drawn heads: photographs from several sides in folders, and tables of what is true of them.

In: a folder and the settings. Out: `SUBJECT/VISIT/NAME.jpg`; `heads.csv` (side and size of the asymmetry, a known
distance), `points.csv` (true places of the named points, mm) and `cameras.csv` (from where each was taken). The head
sits still in fixed light and the camera goes round it. The tables are written last, so that a kill leaves nothing that
looks whole; the files do not depend on the number of processes.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from concurrent.futures import as_completed
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from tasks.base.processes import worker_pool
from tasks.errors import InputError
from tasks.params.phantoms import PhantomsHeads
from tasks.phantoms.files import write_whole
from tasks.phantoms.heads.people import Head, head, side_of
from tasks.space.render import Light, render
from tasks.space.rings import camera_around, focal_of, ring
from tasks.space.views import Camera

VISIT = "2026-01-05"
NOTICE = "drawn head (phantom), not a person"
LICENCE = "CC0-1.0"
MIDDLE = np.array([0.0, 30.0, -60.0])  # mm from the subnasale: what the cameras look at
LIGHT = Light(ambient=0.6, lamps=np.array([[0.12, 0.3, 0.28], [-0.25, 0.1, 0.14]]))
WALL = ((150, 152, 156), (112, 114, 120))  # RGB above and below
HEADS = ("subject_id", "visit", "side", "asymmetry_mm", "largest_move_mm", "exocanthion_width_mm", "licence", "notice")
POINTS = ("subject_id", "visit", "point", "x_mm", "y_mm", "z_mm")
CAMERAS = ("path", "yaw_degrees", "pitch_degrees", "distance_mm", "focal_px")
Rows = tuple[tuple[str, ...], list[tuple[str, ...]]]
TABLES = ("heads.csv", "points.csv", "cameras.csv")


def draw_heads(out: Path, *, settings: PhantomsHeads, workers: int, tables: bool) -> list[tuple[str, str, str]]:
    """Draw every head's visit into `out` with `workers` processes; `tables`: write those of the truth beside them.

    Returns what is known of each photograph, as references.csv has it: path, measure (`asymmetry_mm`,
    `distance_mm exocanthion_right exocanthion_left`) and value.
    InputError when `out` holds a heads.csv that was not drawn, for then it is somebody's data.
    """
    _make_room(out)
    numbers = range(len(settings.asymmetries))
    if workers == 1:
        found = {number: draw_visit(out, number, settings) for number in numbers}
    else:
        found = _shared_out(out, numbers, settings, workers)
    rows = [found[number] for number in numbers]
    if tables:
        _write(out / "cameras.csv", CAMERAS, (row for number in numbers for row in _camera_rows(number, settings)))
        _write(out / "points.csv", POINTS, (row for _, points in rows for row in points))
        _write(out / "heads.csv", HEADS, (row for row, _ in rows))
    return [known for number in numbers for known in _known(number, rows[number][0], settings)]


def image_rows(settings: PhantomsHeads) -> list[dict[str, str]]:
    """What images.csv says of every photograph."""
    return [
        {
            "path": path,
            "subject_id": subject_of(number),
            "population": "repaired" if side_of(number, settings=settings) else "control",
            "cleft_side": side_of(number, settings=settings) or "",
            "view": "around",
            "visit": VISIT,
        }
        for number in range(len(settings.asymmetries))
        for path in _paths(number, settings)
    ]


def _shared_out(out: Path, numbers: Iterable[int], settings: PhantomsHeads, workers: int) -> dict[int, Rows]:
    """`draw_visit` of every number, by processes. The first error stops the rest."""
    with worker_pool(workers, __name__) as pool:
        waiting = {pool.submit(draw_visit, out, number, settings): number for number in numbers}
        try:
            return {waiting[done]: done.result() for done in as_completed(waiting)}
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def draw_visit(out: Path, number: int, settings: PhantomsHeads) -> Rows:
    """Draw one head's photographs. Returns its row of heads.csv and its rows of points.csv."""
    drawn, subject = head(number, settings=settings), subject_of(number)
    folder = out / subject / VISIT
    folder.mkdir(parents=True, exist_ok=True)
    for index, (yaw, pitch) in enumerate(places_of(settings)):
        image = photograph(
            drawn, camera_of(yaw, pitch, settings=settings), seed=(settings.seed, number, index), settings=settings
        )
        write_whole(folder / f"{name_of(yaw, pitch)}.jpg", encoded(image, settings=settings))
    width = float(np.linalg.norm(drawn.points["exocanthion_left"] - drawn.points["exocanthion_right"]))
    largest = float(np.linalg.norm(drawn.moves, axis=1).max())
    sizes = (f"{drawn.asymmetry:.4f}", f"{largest:.4f}", f"{width:.4f}")
    points = [(subject, VISIT, name, *(f"{value:.4f}" for value in at)) for name, at in drawn.points.items()]
    return (subject, VISIT, drawn.side or "", *sizes, LICENCE, NOTICE), points


def subject_of(number: int) -> str:
    """The subject_id of a head."""
    return f"head_{number:05d}"


def places_of(settings: PhantomsHeads) -> tuple[tuple[float, float], ...]:
    """Yaw and pitch of every camera of a visit, degrees."""
    return ring(settings.ring_step, settings.ring_reach, settings.pitched)


def name_of(yaw: float, pitch: float) -> str:
    """A photograph's name: on which side of the patient, and how high, the camera stood; `front` for neither."""
    across = f"{'left' if yaw > 0 else 'right'}_{abs(yaw):g}" if yaw else ""
    along = f"{'above' if pitch > 0 else 'below'}_{abs(pitch):g}" if pitch else ""
    return "_".join(part for part in (across, along) if part) or "front"


def camera_of(yaw: float, pitch: float, *, settings: PhantomsHeads) -> Camera:
    """The camera of a photograph, in the head's frame."""
    width, height = settings.width, settings.height
    focal = focal_of(settings.focal, width=width, height=height)
    return camera_around(yaw, pitch, centre=MIDDLE, distance=settings.distance, focal=focal, width=width, height=height)


def photograph(drawn: Head, camera: Camera, *, seed: Sequence[int], settings: PhantomsHeads) -> np.ndarray:
    """What the camera sees, with noise, (H, W, 3) uint8 RGB."""
    share = np.linspace(0, 1, camera.height)[:, None, None]
    wall = np.broadcast_to(
        np.array(WALL[0]) * (1 - share) + np.array(WALL[1]) * share, (camera.height, camera.width, 3)
    )
    seen = render(drawn.surface, camera, light=LIGHT, paint=drawn.paint, background=wall.astype(np.uint8)).image
    noise = np.random.default_rng(seed).normal(scale=settings.noise, size=seen.shape)
    return np.asarray(np.rint(seen + noise).clip(0, 255).astype(np.uint8))


def encoded(image: np.ndarray, *, settings: PhantomsHeads) -> bytes:
    """The picture as JPEG; its EXIF tells the focal length, where it should, and nothing else."""
    told, content = Image.Exif(), io.BytesIO()
    if settings.focal_told:
        told.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.FocalLengthIn35mmFilm] = settings.focal
    exif = told.tobytes() if settings.focal_told else b""
    Image.fromarray(image).save(content, "JPEG", quality=settings.quality, exif=exif)
    return content.getvalue()


def _paths(number: int, settings: PhantomsHeads) -> list[str]:
    return [f"{subject_of(number)}/{VISIT}/{name_of(yaw, pitch)}.jpg" for yaw, pitch in places_of(settings)]


def _known(number: int, row: Sequence[str], settings: PhantomsHeads) -> Iterable[tuple[str, str, str]]:
    said = dict(zip(HEADS, row, strict=True))
    for path in _paths(number, settings):
        yield path, "asymmetry_mm", said["asymmetry_mm"]
        yield path, "distance_mm exocanthion_right exocanthion_left", said["exocanthion_width_mm"]


def _camera_rows(number: int, settings: PhantomsHeads) -> Iterable[tuple[str, ...]]:
    focal = focal_of(settings.focal, width=settings.width, height=settings.height)
    for path, (yaw, pitch) in zip(_paths(number, settings), places_of(settings), strict=True):
        yield path, f"{yaw:g}", f"{pitch:g}", f"{settings.distance:g}", f"{focal:.3f}"


def _make_room(out: Path) -> None:
    """Take away the tables of an earlier drawing, so that a killed run does not pass for that one."""
    heads = out / "heads.csv"
    if heads.exists():
        with heads.open(encoding="utf-8", newline="") as lines:
            if any(row.get("notice") != NOTICE for row in csv.DictReader(lines)):
                raise InputError(f"{heads}: names heads that were not drawn; draw into an empty folder")
    out.mkdir(parents=True, exist_ok=True)
    for name in TABLES:
        (out / name).unlink(missing_ok=True)


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    write_whole(path, text.getvalue().encode())
