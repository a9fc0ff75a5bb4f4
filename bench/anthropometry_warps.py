"""What tasks/anthropometry/locating/descent.py learns from: London's people, warped as clefts are after repair.

In: a folder with `london/neutral` and hand-placed points. Out: per look at a face, whose it is, its gradients around
the model's points, and how far these are off; and a regression from them. Peaks, dip, corners, wings and columella go
their own random ways around what a cleft does to them (thin-plate splines), most by little, some the other way, some
not at all.
Does not know how well it goes (bench/anthropometry.py).
"""

import argparse
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from scipy.interpolate import RBFInterpolator

from bench.anthropometry_faces import Photograph, hand_placed, photographs
from tasks import params
from tasks.anthropometry.locating.descent import FILE, TOLD, Regression, fit, gradients, write
from tasks.anthropometry.locating.levelled import levelled
from tasks.anthropometry.locating.locate import AROUND as AROUND_FACE
from tasks.anthropometry.locating.meshed import named
from tasks.anthropometry.names import INDEX, MIRROR, POINTS
from tasks.base.points68 import MIRROR as MIRROR_68
from tasks.ingest.faces.landmarks import padded_crop
from tasks.ingest.faces.mesh import mesh
from tasks.params.anthropometry import AnthropometryPoints

WARPS, SEED, RIDGE, FOLDS = 8, 7, 80.0, 5
GRID = 48
"""Places along a side at which the spline is computed; linear between them."""
MOVES = {
    "crista_philtri_left": (0.015, -0.10),
    "labiale_superius": (0.025, -0.02),
    "crista_philtri_right": (0.008, 0.005),
    "cheilion_left": (-0.014, -0.025),
    "alar_base_left": (0.05, 0.047),
    "alare_left": (0.035, 0.03),
    "subnasale": (-0.022, 0.006),
    "columella_left": (-0.02, 0.0),
    "columella_right": (-0.018, 0.0),
    "nostril_inner_left": (-0.012, 0.005),
    "nostril_inner_right": (-0.014, 0.0),
    "nostril_outer_left": (0.045, 0.035),
    "philtrum_top_left": (0.005, 0.005),
    "philtrum_top_right": (-0.01, 0.0),
    "pronasale": (-0.028, 0.008),
    "stomion": (0.004, -0.004),
}
"""What a cleft of the patient's left does at severity 1: interocular units towards the left and down."""
LIP = ("crista", "labiale", "cheilion", "stomion")
BETWEEN = {88: "crista_philtri_right", 92: "crista_philtri_left"}
"""Hand-placed points of the border half-way to the corners, which go half as far as the peak."""
LOWER_LIP = [104, 105, 106, 107, 108]
FACE = [*range(27), *range(36, 48)]
"""Of the 68 points, those that stay: jaw, brows and eyes."""
BORDER = [(0, 0), (0.5, 0), (1, 0), (0, 0.5), (1, 0.5), (0, 1), (0.5, 1), (1, 1)]
"""Places on the picture's edge that stay, of its width and height."""
NEAR = 0.08
"""Of those, what lies nearer than this to a moved point is left out, interocular units."""


class Look(NamedTuple):
    """One look at a face, or at its mirror image; px of the levelled picture."""

    person: int
    gradients: np.ndarray
    off: np.ndarray  # (2 * len(TOLD),): truth less model


def looks(folder: Path, warps: int = WARPS) -> Iterator[Look]:
    """Every person's photograph, untouched and warped, and all their mirror images."""
    rng = np.random.default_rng(SEED)
    for person, face in enumerate(photographs(folder)):
        image, points68, placed = around(face)
        truth = hand_placed(placed)
        yield from _seen(person, image, points68, truth)
        for _ in range(warps):
            moves = plan(rng)
            yield from _seen(person, warped(image, points68, placed, truth, moves), points68, moved(truth, moves))


def around(face: Photograph) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The part of a photograph that has the face, dlib's points and the hand-placed ones in it."""
    reach = np.ptp(face.points68, axis=0) * AROUND_FACE
    low, high = np.floor(face.points68.min(axis=0) - reach), np.ceil(face.points68.max(axis=0) + reach) + 1
    part = padded_crop(face.image, low.astype(int), high.astype(int))
    return np.ascontiguousarray(part), face.points68 - low, face.placed - low


def _seen(person: int, image: np.ndarray, points68: np.ndarray, truth: np.ndarray) -> Iterator[Look]:
    settings = params.load(AnthropometryPoints, "anthropometry_points")
    for mirrored in (False, True):
        if mirrored:
            image, end = np.ascontiguousarray(image[:, ::-1]), [image.shape[1] - 1, 0]
            points68, truth = points68[MIRROR_68] * [-1, 1] + end, truth[MIRROR] * [-1, 1] + end
        face = levelled(image, mesh(image, points68, crop=settings.crop, crop_raised=settings.crop_raised))
        model, back = named(face.found), cv2.invertAffineTransform(face.to_image)
        true = truth @ back[:, :2].T + back[:, 2]
        own = [INDEX[name] for name in TOLD]
        yield Look(person, gradients(face.picture, model), (true - model)[own].ravel())


def plan(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Moves of points, interocular units towards the patient's left and down."""
    kind, severity = rng.random(), rng.uniform(0, 1.15)
    severity *= 0 if kind < 0.15 else 0.3 if kind < 0.5 else 1
    right = rng.random() < 0.5
    lip, nose = rng.uniform(0.5, 1.3, 2) * np.where(rng.random(2) < 0.15, -0.5, 1)
    moves = {}
    for name, move in MOVES.items():
        share = severity * (lip if name.startswith(LIP) else nose) * rng.uniform(0.6, 1.4)
        by = np.array(move) * share + rng.normal(0, 0.004, 2)
        moves[POINTS[MIRROR[INDEX[name]]] if right else name] = by * [-1, 1] if right else by
    return moves


def _axes(truth: np.ndarray) -> np.ndarray:  # (2, 2)
    """An interocular unit towards the patient's left, and one down, in px."""
    across = truth[INDEX["exocanthion_left"]] - truth[INDEX["exocanthion_right"]]
    return np.stack([across, [-across[1], across[0]]])


def moved(truth: np.ndarray, moves: dict[str, np.ndarray]) -> np.ndarray:
    """The true points of the warped face."""
    there = truth.copy()
    there[[INDEX[name] for name in moves]] += np.array(list(moves.values())) @ _axes(truth)
    return there


def warped(
    image: np.ndarray, points68: np.ndarray, placed: np.ndarray, truth: np.ndarray, moves: dict[str, np.ndarray]
) -> np.ndarray:
    """The photograph with its points moved."""
    axes = _axes(truth)
    unit = float(np.hypot(*axes[0]))
    own = [INDEX[name] for name in MOVES | {POINTS[MIRROR[INDEX[name]]]: () for name in MOVES}]
    from_, to = truth[own], moved(truth, moves)[own]
    half = np.array([moves.get(name, np.zeros(2)) for name in BETWEEN.values()]) / 2 @ axes
    height, width = image.shape[:2]
    still = np.concatenate([placed[LOWER_LIP], points68[FACE], truth[[INDEX["sublabiale"], INDEX["menton"]]]])
    apart = np.hypot(*(still[:, None] - from_).transpose(2, 0, 1)).min(axis=1) > NEAR * unit
    border = np.array([[x, y] for x in (0, 0.5, 1) for y in (0, 0.5, 1) if (x, y) != (0.5, 0.5)]) * [
        width - 1,
        height - 1,
    ]
    kept = np.concatenate([still[apart], border])
    between = placed[list(BETWEEN)]
    target = np.concatenate([to, between + half, kept])
    source = np.concatenate([from_, between, kept])
    places = np.stack(np.meshgrid(np.linspace(0, width - 1, GRID), np.linspace(0, height - 1, GRID)), axis=-1)
    spline = RBFInterpolator(target / unit, (source - target) / unit, kernel="thin_plate_spline")
    coarse = (spline(places.reshape(-1, 2) / unit) * unit).reshape(GRID, GRID, 2).astype(np.float32)
    x, y = (np.linspace(0, GRID - 1, size, dtype=np.float32) for size in (width, height))
    by = cv2.remap(coarse, *np.meshgrid(x, y), cv2.INTER_LINEAR)
    at_x, at_y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    at_x, at_y = at_x + by[..., 0], at_y + by[..., 1]
    return np.asarray(cv2.remap(image, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def cross_fitted(folder: Path) -> list[Regression]:
    """FOLDS regressions: number k learned from all people but those whose number leaves k."""
    found = list(looks(folder))
    return [learned([look for look in found if look.person % FOLDS != fold]) for fold in range(FOLDS)]


def learned(found: list[Look]) -> Regression:
    """The regression from looks."""
    return fit(np.array([look.gradients for look in found]), np.array([look.off for look in found]), ridge=RIDGE)


def main(given: list[str] | None = None) -> None:
    """Write what tasks/anthropometry/locating/descent.py reads, and say its sha256, which stands there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", type=Path, required=True)
    write(learned(list(looks(parser.parse_args(given).real))), FILE)
    print(f"{FILE}: sha256 {hashlib.sha256(FILE.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
