"""Cameras of a rendered scanned head: photographs placed, errors, seconds and memory, beside COLMAP's own program.

python -m bench.surface_cameras REAL [--size 720 900]    REAL: the folder that VERMILION_REAL names
python -m bench.surface_cameras --tiny                   a drawn head, small

Renders 17 views (a ring of 15 degrees and six pitched ones), focal length known and not. `colmap` runs in the same
run where it is installed (Debian has 3.8), on the same pictures, with its own features and the focal length. The
scale is from the outermost two cameras' known distance; its error is that of all others.
"""

import argparse
import os
import resource
import shutil
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import pycolmap

from bench.heads import SOFT, drawn_head, scanned_head
from bench.orchestration import run
from tasks.base import images
from tasks.ingest.faces.detection import find_face
from tasks.params import load
from tasks.params.ingest import IngestLandmarks
from tasks.params.surface import SurfaceCameras
from tasks.space.render import render
from tasks.space.rings import camera_around, ring
from tasks.space.views import Camera
from tasks.surface.cameras.features import features_of
from tasks.surface.cameras.solving import solved_of

PLACES = ring(15, 75, ((-30, 25), (0, 25), (30, 25), (-30, -25), (0, -25), (30, -25)))
FEW = ring(15, 45, ((0, 25), (0, -25)))


def main(given: list[str] | None = None) -> None:
    """Print a line per way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("real", type=Path, nargs="?")
    parser.add_argument("--size", type=int, nargs=2, default=(720, 900), metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--tiny", action="store_true", help="nine pictures of 320 x 400")
    options = parser.parse_args(given)
    if not options.real and not options.tiny:
        parser.error("name the folder of the real data; --tiny draws a head")
    width, height = (320, 400) if options.tiny else options.size
    focal = 1.6 * height
    true = {
        f"{number:02d}": camera_around(
            *place, centre=np.zeros(3), distance=700, focal=focal, width=width, height=height
        )
        for number, place in enumerate(FEW if options.tiny else PLACES)
    }
    settings = load(SurfaceCameras, "surface_cameras")
    head = scanned_head(options.real) if options.real else drawn_head()
    with tempfile.TemporaryDirectory() as folder:
        for name, camera in true.items():
            seen = render(head.surface, camera.resized(width * 2, height * 2), paint=head.paint, light=SOFT).image
            small = cv2.resize(seen, (width, height), interpolation=cv2.INTER_AREA)
            cv2.imwrite(f"{folder}/{name}.png", cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
        ours(Path(folder), true, {"focal length known": focal, "focal length unknown": None}, settings)
        if shutil.which("colmap"):
            theirs(Path(folder), true, focal)
        else:
            print("colmap: not installed here")


def ours(folder: Path, true: dict[str, Camera], ways: dict[str, float | None], settings: SurfaceCameras) -> None:
    """Features once, cameras for each way."""
    detection, before = load(IngestLandmarks, "ingest_landmarks"), time.process_time()
    seen = {}
    for name in true:
        image = images.read(folder / f"{name}.png")
        found = find_face(image, detection)
        seen[name] = features_of(image, None if found is None else found.box, settings=settings)
    features = time.process_time() - before
    for words, focal in ways.items():
        before = time.process_time()
        solved = solved_of(seen, dict.fromkeys(seen, focal), settings=settings)
        spent = time.process_time() - before
        tell(f"ours, {words}", {name: it.centre for name, it in solved.cameras.items()}, true, len(solved.points))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(f"    CPU: features {features:.1f} s, the rest {spent:.1f} s; peak {peak:.2f} GB with the rendering")


def theirs(folder: Path, true: dict[str, Camera], focal: float) -> None:
    """COLMAP's program: features, exhaustive matching, mapper."""
    some = next(iter(true.values()))
    costs = [run(folder, *step) for step in colmap_steps(folder, folder, (some.width, some.height), focal)]
    models = [pycolmap.Reconstruction(path) for path in sorted((folder / "theirs").iterdir())]
    best = max(models, key=lambda model: model.num_reg_images(), default=None)
    if best is None:
        print("colmap's program: no model")
        return
    centres = {image.name[:2]: image.projection_center() for image in best.images.values()}
    tell("colmap's program", centres, true, best.num_points3D())
    peak = max(cost.peak_mb for cost in costs) / 1e3
    print(f"    CPU: {sum(cost.cpu for cost in costs):.1f} s; peak {peak:.2f} GB")


def colmap_steps(folder: Path, photographs: Path, size: tuple[int, int], focal: float) -> list[list[str]]:
    """The commands from photographs to cameras, in order; what they find comes to lie in `folder`/theirs."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    out = folder / "theirs"
    out.mkdir()
    lens = f"{focal},{size[0] / 2},{size[1] / 2},0"
    steps: list[list[object]] = [
        ["feature_extractor", "--image_path", photographs, "--ImageReader.single_camera", 1,
         "--ImageReader.camera_model", "SIMPLE_RADIAL", "--ImageReader.camera_params", lens,
         "--SiftExtraction.use_gpu", 0],
        ["exhaustive_matcher", "--SiftMatching.use_gpu", 0],
        ["mapper", "--image_path", photographs, "--output_path", out],
    ]  # fmt: skip
    database = ["--database_path", folder / "theirs.db"]
    return [[str(word) for word in ("colmap", step[0], *database, *step[1:])] for step in steps]


def tell(words: str, centres: dict[str, np.ndarray], true: dict[str, Camera], points: int) -> None:
    """One line: placed, errors in mm after the best similarity, error of the scale by one known distance."""
    names = sorted(centres)
    found, there = np.array([centres[name] for name in names]), np.array([true[name].centre for name in names])
    a, b = found - found.mean(axis=0), there - there.mean(axis=0)
    left, sizes, right = np.linalg.svd(b.T @ a)
    flip = np.array([1, 1, np.sign(np.linalg.det(left @ right))])
    size = (sizes * flip).sum() / (a**2).sum()
    error = np.linalg.norm(size * a @ ((left * flip) @ right).T - b, axis=1)
    known = np.linalg.norm(there[0] - there[-1]) / np.linalg.norm(found[0] - found[-1])
    print(
        f"{words}: {len(names)} of {len(true)} placed, {points} points, cameras off by {error.mean():.2f} mm "
        f"(most {error.max():.2f}), scale off by {abs(known / size - 1):.2%}"
    )


if __name__ == "__main__":
    main()
