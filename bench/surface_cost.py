"""What photographs of 12 megapixels cost: `vermilion reconstruct` by part, in seconds and memory, beside COLMAP's own.

    python -m bench.surface_cost [REAL] [--views 9 17 34] [--size 3000 4000] [--own]
    python -m bench.surface_cost --tiny

REAL is the folder that VERMILION_REAL names; without it a head is drawn. It is rendered from a ring and from above and
below, at half the size, enlarged and with a sensor's noise, as JPEG with the focal length in its EXIF. Each number of
views is a program of its own, so that its memory is its own. `colmap` runs on the same files where it is installed, up
to the cameras: its surfaces need a GPU. It matches all pairs: of 34 photographs, for minutes; `--own` leaves it out.
"""

import argparse
import io
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
from PIL import ExifTags, Image

from bench.heads import FEW, ROUNDS, SOFT, Head, away_from, coarse, drawn_head, scanned_head, seldom
from bench.orchestration import Cost, run
from bench.surface_cameras import colmap_steps
from flows import PROJECT
from flows.photographs import reconstruct as making
from tasks.phantoms.files import write_whole
from tasks.space.render import render
from tasks.space.rings import FULL_FRAME, camera_around, focal_of, ring
from tasks.surface import reconstructing

FOCAL, DISTANCE, NOISE = 75, 800, 6  # mm on 35 mm film; mm; grey levels to either side
ABOVE_AND_BELOW = tuple(
    (turn, pitch) for pitch in (25.0, -25.0) for turn in (-30.0, 0.0, 30.0, -15.0, 15.0, -45.0, 45.0)
)
PLACES = {
    9: ring(18, 72, ()),
    17: ring(15, 75, (*ABOVE_AND_BELOW[:3], *ABOVE_AND_BELOW[7:10])),
    34: ring(7.5, 75, ABOVE_AND_BELOW[:13]),
}
"""From where, by the number of views."""
PARTS: tuple[tuple[str, ModuleType, str], ...] = (
    ("every photograph by itself", making, "_seen"),
    ("matches and cameras", reconstructing, "solved_of"),
    ("photographs again, points", reconstructing, "looks_of"),
    ("surface", reconstructing, "surface_of"),
    ("measures and page", making, "_measured"),
)
"""What is timed: words, and the function."""


def main(given: list[str] | None = None) -> None:
    """The table of all numbers of views."""
    parser = argparse.ArgumentParser("python -m bench.surface_cost", description=__doc__)
    parser.add_argument("real", type=Path, nargs="?")
    parser.add_argument("--views", type=int, nargs="+", choices=sorted(PLACES), default=sorted(PLACES))
    parser.add_argument("--size", type=int, nargs=2, default=(3000, 4000), metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--own", action="store_true", help="without COLMAP's programs")
    parser.add_argument("--tiny", action="store_true", help="nine views of 480 x 640")
    parser.add_argument("--parts", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(given)
    if options.parts:
        head = scanned_head(options.real) if options.real else drawn_head()
        parts(options.parts, head, tiny=options.tiny)
        return
    width, height = (480, 640) if options.tiny else options.size
    for views in [9] if options.tiny else options.views:
        with tempfile.TemporaryDirectory() as name:
            more = ["--tiny"] if options.tiny else []
            compare(options.real, views, (width, height), Path(name), more, peers=not options.own)


def compare(
    real: Path | None, views: int, size: tuple[int, int], folder: Path, more: list[str], *, peers: bool
) -> None:
    """Print what so many views cost, and how far the face lies from the head."""
    photographs = folder / "visit"
    photographs.mkdir()
    photograph(scanned_head(real) if real else drawn_head(), views, *size, photographs)
    given = more if real is None else [str(real.absolute()), *more]
    own = run(folder, sys.executable, "-m", "bench.surface_cost", *given, "--parts", str(photographs))
    print(f"{views} views of {size[0]} x {size[1]}: {_per(own, views)}")
    print((folder / "said").read_text().rstrip(), flush=True)
    if not peers:
        return
    if shutil.which("colmap"):
        peer(folder, photographs, views, size)
    else:
        print("  colmap: not installed here")


def photograph(head: Head, views: int, width: int, height: int, folder: Path) -> None:
    """The files of a visit."""
    told = Image.Exif()
    told.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.FocalLengthIn35mmFilm] = FOCAL
    for number, place in enumerate(PLACES[views]):
        half = width // 2, height // 2
        focal = focal_of(FOCAL, width=half[0], height=half[1])
        camera = camera_around(
            *place, centre=np.zeros(3), distance=DISTANCE, focal=focal, width=half[0], height=half[1]
        )
        wall = np.full((half[1], half[0], 3), (96, 104, 112), np.uint8)
        small = render(head.surface, camera, light=SOFT, paint=head.paint, background=wall).image
        image = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.int16)
        image += np.random.default_rng(number).integers(-NOISE, NOISE + 1, image.shape, np.int16)
        content = io.BytesIO()
        Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(content, "JPEG", quality=92, exif=told.tobytes())
        write_whole(folder / f"{number:02d}.jpg", content.getvalue())


def parts(folder: Path, head: Head, *, tiny: bool) -> None:
    """`vermilion reconstruct` in this process: CPU seconds of each part, and the most memory until its end."""
    spent: dict[str, tuple[float, float]] = {}
    for words, module, name in PARTS:
        setattr(module, name, _timed(getattr(module, name), words, spent))
    numbers = making.numbers_of(PROJECT)
    if tiny:
        numbers = replace(numbers, reconstruct=coarse(numbers.reconstruct), measure=seldom(numbers.measure))
    found = making.reconstruct(
        folder,
        known=(),
        ruler=None,
        points=None,
        keep=None,
        numbers=numbers,
        beside=making.beside_of(PROJECT, own=None, rules=None, norms=None),
        progress=lambda items, _: items,
        part=lambda _: None,
    )
    placed = sum(row.reason is None for row in found.cameras)
    print(f"  {placed} of {len(found.cameras)} placed; {found.reason or 'a face was made'}")
    if found.face and (tip := found.face.points["pronasale"].position) is not None:
        away = away_from(head, found.face.surface.vertices[found.face.surface.seen], tip, FEW if tiny else ROUNDS)
        told = f"median {np.median(away):.2f} mm, 95 % within {np.quantile(away, 0.95):.2f} mm"
        print(f"  the face lies from the head that was photographed: {told}")
    for words, (seconds, peak) in spent.items():
        print(f"  {words:30} {seconds:6.1f} CPU s, until then at most {peak:.0f} MB")


def _timed(function: Callable[..., Any], words: str, spent: dict[str, tuple[float, float]]) -> Callable[..., Any]:
    def timed(*given: Any, **named: Any) -> Any:
        before = time.process_time()
        try:
            return function(*given, **named)
        finally:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            spent[words] = spent.get(words, (0.0, 0.0))[0] + time.process_time() - before, peak

    return timed


def peer(folder: Path, photographs: Path, views: int, size: tuple[int, int]) -> None:
    """COLMAP's programs on the same files, up to the cameras."""
    costs = []
    for step in colmap_steps(folder, photographs, size, FOCAL / FULL_FRAME * max(size)):
        costs.append(run(folder, *step))
        print(f"  colmap {step[1]:23} {costs[-1]}", flush=True)
    peak = max(cost.peak_mb for cost in costs)
    whole = Cost(sum(cost.wall for cost in costs), sum(cost.cpu for cost in costs), peak)
    print(f"  colmap's programs, cameras alone: {_per(whole, views)}")


def _per(cost: Cost, views: int) -> str:
    return f"{cost}; per view {cost.wall / views:.2f} s, {cost.cpu / views:.2f} s CPU"


if __name__ == "__main__":
    main()
