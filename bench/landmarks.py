"""The 68 points by the 478-point model beside dlib's: `python -m bench.landmarks [--real FOLDER]`, or `--tiny`.

In: drawn faces, whose true 68 points are known; with --real a folder with `london/neutral`. Out: how far each model is
from the truth and from the other, how much their lip regions differ, whether they see the same difference between the
sides, where the named points come out when anthropometry begins with either, and the cost. Nothing is written.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from bench.anthropometry_faces import still
from tasks import params
from tasks.anthropometry.locating.locate import PointsError, find
from tasks.anthropometry.names import INDEX
from tasks.base import images
from tasks.ingest.faces.landmarks import measure_face
from tasks.ingest.faces.lips import level
from tasks.params.anthropometry import AnthropometryPoints
from tasks.params.ingest import IngestLandmarks
from tasks.phantoms.files import draw_still
from tasks.phantoms.shape import SIDES, Cleft

FACES, TINY_FACES = 150, 4
PARTS = {
    "jaw": slice(0, 17),
    "brows": slice(17, 27),
    "nose": slice(27, 36),
    "eyes": slice(36, 48),
    "lips, outer": slice(48, 60),
    "lips, inner": slice(60, 68),
}
DIFFERENCES = {"peaks": (50, 52), "corners of the mouth": (48, 54), "wings' bases": (31, 35)}
PEAK = "crista_philtri"


class Pair(NamedTuple):
    """A face's points by both models, pixels; `truth`: where it is known. `named`: the peaks' difference by each."""

    dlib: np.ndarray  # (68, 2)
    mesh: np.ndarray  # (68, 2)
    truth: np.ndarray | None  # (68, 2)
    named: tuple[float, float] | None


def pairs(faces: Iterator[tuple[str, np.ndarray, np.ndarray | None]], refusals: dict[str, int]) -> Iterator[Pair]:
    """Every face that both ways measure; `refusals` counts those that only one does."""
    settings = params.load(IngestLandmarks, "ingest_landmarks")
    numbers = params.load(AnthropometryPoints, "anthropometry_points")
    limits = {"min_sharpness": 0.0, "min_mouth_contrast": 0.0}
    for name, image, truth in faces:
        both: dict[str, np.ndarray] = {}
        for model in ("dlib", "mesh"):
            row = measure_face(image, settings.model_copy(update={"model": model, **limits}))
            if row["reason"]:
                refusals[model] = refusals.get(model, 0) + 1
                print(f"{name}, {model}: {row['reason']}", file=sys.stderr)
            else:
                both[model] = np.reshape(np.asarray(row["points"], float), (68, 2))
        if len(both) == 2:
            yield Pair(both["dlib"], both["mesh"], truth, _named(image, both, numbers))


def _named(image: np.ndarray, both: dict[str, np.ndarray], numbers: AnthropometryPoints) -> tuple[float, float] | None:
    try:
        found = [find(image, points, settings=numbers) for points in both.values()]
    except PointsError as error:
        print(error, file=sys.stderr)
        return None
    right, left = INDEX[f"{PEAK}_right"], INDEX[f"{PEAK}_left"]
    one, other = (float(own.face.points[left, 1] - own.face.points[right, 1]) / own.interocular for own in found)
    return one, other


def show(title: str, found: list[Pair], refusals: dict[str, int]) -> None:
    """All of it."""
    print(
        f"\n{title}: {len(found)} faces; refused: {refusals.get('dlib', 0)} by dlib, {refusals.get('mesh', 0)} by mesh"
    )
    print(f"{'distance, shares of the eye distance: median, 95th':52s}{'dlib to mesh':>16s}", end="")
    known = [one for one in found if one.truth is not None]
    print(f"{'dlib to truth':>16s}{'mesh to truth':>16s}" if known else "")
    for name, part in PARTS.items():
        cells = [_cell([_apart(one.dlib, one.mesh, one.dlib)[part] for one in found])]
        for model in ("dlib", "mesh") if known else ():
            cells.append(
                _cell(
                    [_apart(getattr(one, model), one.truth, one.truth)[part] for one in known if one.truth is not None]
                )
            )
        print(f"  {name:50s}" + "".join(f"{cell:>16s}" for cell in cells))
    for name, pair in DIFFERENCES.items():
        two = np.array([[_difference(points, pair) for points in (one.dlib, one.mesh)] for one in found])
        says = f"{np.corrcoef(two.T)[0, 1]:.2f}; sd {two[:, 0].std():.4f}, {two[:, 1].std():.4f}"
        if known:
            true = np.array([_difference(one.truth, pair) for one in known if one.truth is not None])
            against = [np.corrcoef(own, true)[0, 1] for own in two.T]
            says += f"; r with the truth {against[0]:.2f}, {against[1]:.2f}"
        print(f"  height difference of {name}, r of both: {says}")
    frames = [(level(one.dlib), level(one.mesh)) for one in found]
    moved = [np.hypot(*(a.origin - b.origin)) / a.width for a, b in frames]
    turned = [np.degrees(np.arcsin(a.axes[0, 0] * b.axes[0, 1] - a.axes[0, 1] * b.axes[0, 0])) for a, b in frames]
    wider = [b.width / a.width for a, b in frames]
    print(f"  lip region: moved by {np.median(moved):.3f} mouth widths (95th {np.quantile(moved, 0.95):.3f}), ", end="")
    print(f"turned by {np.median(np.abs(turned)):.2f} degrees ({np.quantile(np.abs(turned), 0.95):.2f}), ", end="")
    print(f"{np.median(wider):.3f} times as wide ({np.quantile(wider, 0.05):.3f} to {np.quantile(wider, 0.95):.3f})")
    named = np.array([one.named for one in found if one.named is not None])
    off = np.abs(named[:, 0] - named[:, 1])
    print(
        f"  refined peak difference, begun with either: r {np.corrcoef(named.T)[0, 1]:.3f}, apart {np.median(off):.4f}"
    )


def _apart(one: np.ndarray, other: np.ndarray | None, scale: np.ndarray) -> np.ndarray:
    assert other is not None
    return np.asarray(np.hypot(*(one - other).T) / np.hypot(*(scale[45] - scale[36])))


def _cell(distances: list[np.ndarray]) -> str:
    return f"{np.median(distances):.3f}, {np.quantile(distances, 0.95):.3f}"


def _difference(points: np.ndarray, pair: tuple[int, int]) -> float:
    """By how much the left one lies lower, levelled by the outer eye corners, in their distance."""
    across = points[45] - points[36]
    apart = points[pair[1]] - points[pair[0]]
    return float((across[0] * apart[1] - across[1] * apart[0]) / (across @ across))


def show_cost(image: np.ndarray) -> None:
    """CPU time of detection and points together, ms."""
    settings = params.load(IngestLandmarks, "ingest_landmarks")
    for name in ("dlib", "mesh"):
        own = settings.model_copy(update={"model": name})
        measure_face(image, own)
        began = time.process_time()
        for _ in range(20):
            measure_face(image, own)
        print(f"  {name}: {(time.process_time() - began) / 20 * 1000:.0f} ms of CPU for a face's row")


def drawn(number: int) -> Iterator[tuple[str, np.ndarray, np.ndarray | None]]:
    """Repaired clefts of every severity."""
    rng = np.random.default_rng(68)
    for index in range(number):
        cleft = Cleft(float(rng.uniform(0.1, 1.0)), SIDES[index % 2], repaired=True)
        drawing = draw_still(still(index, cleft))
        yield f"drawn {index}", drawing.image, drawing.landmarks


def london(folder: Path) -> Iterator[tuple[str, np.ndarray, np.ndarray | None]]:
    """London's neutral faces."""
    for path in sorted((folder / "london/neutral").glob("*.jpg")):
        yield path.name, images.decode(path.read_bytes()), None


def main(given: list[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", type=Path, default=os.environ.get("VERMILION_REAL"))
    parser.add_argument("--tiny", action="store_true", help="a few drawn faces, where the figures mean nothing")
    chosen = parser.parse_args(given)
    cv2.setNumThreads(1)
    refusals: dict[str, int] = {}
    own = list(drawn(TINY_FACES if chosen.tiny else FACES))
    show("drawn, repaired clefts", list(pairs(iter(own), refusals)), refusals)
    show_cost(own[0][1])
    if chosen.real and not chosen.tiny:
        refusals = {}
        show("London", list(pairs(london(Path(chosen.real)), refusals)), refusals)


if __name__ == "__main__":
    main()
