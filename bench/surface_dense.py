"""Known cameras to a surface on a CPU: distance from the scanned head, completeness, CPU seconds, memory.

`python -m bench.surface_dense --real FOLDER` renders the scanned head from 17 known places (a ring of 15 degrees, and
six from above and below), makes the surface, and measures how far it lies from the scan over the front of the face; and
again with a sensor's noise and JPEG. Does not say what solved cameras add. `--tiny`: a drawn head, once.
"""

import argparse
import resource
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from scipy.spatial import cKDTree

from bench.heads import SOFT, Head, drawn_head, scanned_head
from tasks import params
from tasks.params.surface import SurfaceDense, SurfaceReconstruct
from tasks.space.render import normals, render
from tasks.space.rings import camera_around, ring
from tasks.space.views import Surface, View
from tasks.surface.dense.from_known_cameras import surface_of
from tasks.surface.geometry.mesh_files import write

RADIUS = 150.0  # mm: the whole scanned head, where params.yaml asks for the face alone
PITCHED = tuple((turn, pitch) for pitch in (-25.0, 25.0) for turn in (-30.0, 0.0, 30.0))
FRONT = np.array([[-60.0, -95.0, 40.0], [60.0, 60.0, 200.0]])
"""The front of the face in the scan's frame: from below the chin to the brow's top, mm."""
SAMPLES, NEAR = 400_000, 2.0


def numbers() -> SurfaceDense:
    """Those of params.yaml, with room for the head."""
    found = params.load(SurfaceReconstruct, "surface_reconstruct")
    return found.dense.model_copy(update={"radius": RADIUS})


PLACES = tuple(ring(15, 75, PITCHED))
"""From where: degrees to the side and up."""
FEW = tuple(ring(15, 45, ()))


def photographs(
    head: Head, width: int, height: int, noise: float, places: Sequence[tuple[float, float]] = PLACES
) -> list[View]:
    """Views from all these places; rendered at twice the size and averaged."""
    random = np.random.default_rng(0)
    made = []
    for number, (yaw, pitch) in enumerate(places):
        camera = camera_around(
            yaw, pitch, centre=np.zeros(3), distance=770, focal=2.9 * width, width=width, height=height
        )
        large = np.full((2 * height, 2 * width, 3), (96, 104, 112), np.uint8)
        found = render(
            head.surface, camera.resized(2 * width, 2 * height), light=SOFT, paint=head.paint, background=large
        )
        image = cv2.resize(found.image, (width, height), interpolation=cv2.INTER_AREA)
        if noise:
            image = np.clip(image + random.normal(scale=noise, size=image.shape), 0, 255).astype(np.uint8)
            stored = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
            image = np.asarray(cv2.imdecode(stored, cv2.IMREAD_COLOR))
        made.append(View(f"{number:02d}.jpg", np.ascontiguousarray(image), camera))
    return made


def skin(head: Surface) -> tuple[np.ndarray, np.ndarray]:
    """Places on the scan, evenly spread, and the directions there."""
    random = np.random.default_rng(0)
    corners = head.vertices[head.faces]
    areas = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    which = random.choice(len(areas), SAMPLES, p=areas / areas.sum())
    shares = random.dirichlet([1, 1, 1], SAMPLES)
    directions = (normals(head)[head.faces[which]] * shares[..., None]).sum(axis=1)
    return (corners[which] * shares[..., None]).sum(axis=1), directions


def in_front(
    points: np.ndarray,  # (N, 3)
) -> np.ndarray:
    """Whether points lie in the box around the front of the face, (N,) bool."""
    return np.asarray(((points > FRONT[0]) & (points < FRONT[1])).all(axis=1))


def visible(points: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """What of the scan's front is outside: the foremost of each square of 1.5 mm, turned to the front."""
    squares = np.floor(points[:, :2] / 1.5).astype(int)
    number = np.unique(squares, axis=0, return_inverse=True)[1].ravel()
    foremost = np.full(number.max() + 1, -np.inf)
    np.maximum.at(foremost, number, points[:, 2])
    return np.asarray((points[:, 2] > foremost[number] - 8) & (directions[:, 2] > 0.2))


def distances(surface: Surface, head: Surface) -> tuple[np.ndarray, np.ndarray]:
    """Of the surface's front from the scan, and of the scan's front from the surface, mm."""
    points, directions = skin(head)
    own = surface.vertices[in_front(surface.vertices)]
    away, which = cKDTree(points).query(own)
    across = np.abs(((own - points[which]) * directions[which]).sum(axis=1))
    front = points[in_front(points) & visible(points, directions)]
    return np.where(away < NEAR, across, away), cKDTree(surface.vertices).query(front)[0]


def measure(
    head: Head, width: int, height: int, noise: float, out: Path | None, places: Sequence[tuple[float, float]]
) -> None:
    """Print one line."""
    views = photographs(head, width, height, noise, places)
    start = time.process_time()
    surface = surface_of(views, np.zeros((0, 3)), settings=numbers())
    seconds = time.process_time() - start
    off, missing = distances(surface, head.surface)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(
        f"{width} x {height}, noise {noise:g}: {np.median(off):.2f} mm median, {np.quantile(off, 0.95):.2f} mm 95 %, "
        f"{np.mean(missing < NEAR):.1%} of the front within {NEAR:g} mm, {surface.seen.mean():.1%} seen, "
        f"{len(surface.vertices):,} vertices, {seconds:.1f} CPU s, {memory:.0f} MB at most"
    )
    if out:
        write(surface, out / f"{width}-{noise:g}.ply")


def main(given: list[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", type=Path, help="folder of the real data, with head/ in it")
    parser.add_argument("--out", type=Path, help="folder for the surfaces")
    parser.add_argument("--widths", type=int, nargs="+", default=[480, 720], help="of the photographs; 4 to 5, px")
    parser.add_argument("--tiny", action="store_true", help="a drawn head in seven photographs of 240 x 300")
    options = parser.parse_args(given)
    if not options.real and not options.tiny:
        parser.error("--real is needed; --tiny draws a head")
    head = scanned_head(options.real) if options.real else drawn_head()
    for width in [240] if options.tiny else options.widths:
        for noise in (0.0,) if options.tiny else (0.0, 4.0):
            measure(head, width, width * 5 // 4, noise, options.out, FEW if options.tiny else PLACES)


if __name__ == "__main__":
    main()
