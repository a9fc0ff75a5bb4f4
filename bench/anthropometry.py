"""Points of lip and nose: `python -m bench.anthropometry [--real FOLDER]`, or `--tiny` in seconds.

In: nothing but drawn faces, whose true points are known, with clefts of every severity; with --real a folder with
`london/neutral` (faces with 189 hand-placed points each, .tem). Out: how far dlib's, the 478-point model's and the
refined points lie from the truth, and how much of a true difference between the sides each of them shows (slope, r).
"""

import argparse
import os
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np

from bench.anthropometry_faces import HAND_HAIRLINE, Seen, drawn, london, photographs, still
from bench.anthropometry_warps import cross_fitted
from tasks import params
from tasks.anthropometry.frame import levelled as levelled_frame
from tasks.anthropometry.locating.locate import find
from tasks.anthropometry.measures.catalogue import MEASURES as CATALOGUE
from tasks.anthropometry.measures.measure import both, side_of, value_of
from tasks.anthropometry.names import INDEX, POINTS
from tasks.base import images
from tasks.ingest.faces.detection import find_face
from tasks.ingest.faces.landmarks import place_points
from tasks.ingest.faces.mesh import mesh
from tasks.params.anthropometry import AnthropometryPoints
from tasks.params.ingest import IngestLandmarks
from tasks.phantoms.files import draw_still
from tasks.phantoms.shape import NO_CLEFT

FACES, TINY_FACES = 150, 6
UNREPAIRED_SHARE = 0.2
ROUNDS, FEWEST_KNOWN = 20, 3
"""Times that a step is repeated when its cost is measured; faces below which a measure is not judged."""
METHODS: dict[str, Callable[[Seen], np.ndarray]] = {
    "dlib": lambda seen: seen.dlib,
    "478 points": lambda seen: seen.model,
    "edges": lambda seen: seen.edges,
    "learned": lambda seen: seen.learned,
    "both": lambda seen: seen.both,
}


def levelled(points: np.ndarray, seen: Seen) -> np.ndarray:
    """Points level by the true outer eye corners, whose distance is 1."""
    right, left = (seen.truth[INDEX[f"exocanthion_{side}"]] for side in ("right", "left"))
    across = left - right
    turned = np.stack([across, [-across[1], across[0]]]) / (across @ across)
    return np.asarray((points - right) @ turned.T)


def side_difference(name: str) -> Callable[[np.ndarray], float]:
    """How much lower the left one of a pair lies."""
    return lambda p: float(p[INDEX[f"{name}_left"], 1] - p[INDEX[f"{name}_right"], 1])


def lateral_ratio(points: np.ndarray) -> float:
    """Log of the lateral lip's height, alar base to peak, on the left over that on the right."""
    heights = [
        np.hypot(*(points[INDEX[f"crista_philtri_{side}"]] - points[INDEX[f"alar_base_{side}"]]))
        for side in ("left", "right")
    ]
    return float(np.log(heights[0] / heights[1]))


MEASURES: dict[str, Callable[[np.ndarray], float]] = {
    "peak height difference": side_difference("crista_philtri"),
    "lateral lip height ratio (log)": lateral_ratio,
    "alar base height difference": side_difference("alar_base"),
    "corner height difference": side_difference("cheilion"),
}


def show_differences(title: str, faces: Sequence[Seen]) -> None:
    """Slope and r of every measure by every method."""
    print(f"\n{title}: {len(faces)} faces; slope and r against the truth")
    print(f"{'':34s}" + "".join(f"{name:>20s}" for name in METHODS))
    for name, measure in MEASURES.items():
        truth = np.array([measure(levelled(seen.truth, seen)) for seen in faces])
        cells = []
        for method in METHODS.values():
            shown = np.array([measure(levelled(method(seen), seen)) for seen in faces])
            ok = np.isfinite(truth) & np.isfinite(shown)
            if ok.sum() < 3:
                cells.append(f"{'-':>20s}")
                continue
            slope, r = np.polyfit(truth[ok], shown[ok], 1)[0], np.corrcoef(truth[ok], shown[ok])[0, 1]
            cells.append(f"{slope:12.2f} {r:7.2f}")
        print(f"{name:34s}" + "".join(cells))


def show_errors(title: str, faces: Sequence[Seen]) -> None:
    """Median and 95th percentile of each point's distance from the truth, by every method."""
    print(f"\n{title}: {len(faces)} faces; distance from the truth in pupil distances, median and 95th percentile")
    print(f"{'':24s}" + "".join(f"{name:>18s}" for name in METHODS) + f"{'sd of an axis':>18s}")
    names = dict.fromkeys(name.removesuffix("_right").removesuffix("_left") for name in POINTS)
    for name in names:
        own = [INDEX[full] for full in (name, f"{name}_right", f"{name}_left") if full in INDEX]
        rows = [_distances(faces, own, method) for method in METHODS.values()]
        if not np.isfinite(rows).any():
            continue
        cells = [
            f"{np.nanmedian(r):10.4f} {np.nanquantile(r, 0.95):7.3f}" if np.isfinite(r).any() else f"{'-':>18s}"
            for r in rows
        ]
        refined = np.nanmedian(_distances(faces, own, lambda seen: seen.refined))
        deviation = refined / np.sqrt(2 * np.log(2)) * _pupils_to_corners(faces)
        print(f"{name:24s}" + "".join(cells) + f"{deviation:18.4f}")


def _distances(faces: Iterable[Seen], own: list[int], method: Callable[[Seen], np.ndarray]) -> np.ndarray:
    away = [np.hypot(*(method(seen)[own] - seen.truth[own]).T) / _pupil_distance(seen) for seen in faces]
    return np.concatenate(away)


def _pupil_distance(seen: Seen) -> float:
    right, left = (
        np.nanmean(np.stack([seen.truth[INDEX[f"exocanthion_{s}"]], seen.truth[INDEX[f"endocanthion_{s}"]]]), 0)
        for s in ("right", "left")
    )
    return float(np.hypot(*(left - right)))


def _pupils_to_corners(faces: Iterable[Seen]) -> float:
    """Mean of the eyes' distance over that of the outer corners."""
    return float(
        np.mean(
            [
                _pupil_distance(s)
                / np.hypot(*(s.truth[INDEX["exocanthion_left"]] - s.truth[INDEX["exocanthion_right"]]))
                for s in faces
            ]
        )
    )


def show_measures(title: str, faces: Sequence[Seen]) -> None:
    """How far every measure between points lies from what the true points give, and whether it tells people apart."""
    points, truth = (np.array([getattr(seen, name) for seen in faces]) for name in ("refined", "truth"))
    found, true = levelled_frame(points, {}), levelled_frame(truth, {})
    print(f"\n{title}: every measure by the points as the pipeline has them, against the true points'")
    print(f"{'':36s}{'faces':>6s}{'unit':>14s}{'median off':>12s}{'95th':>10s}{'sd of people':>14s}{'r':>7s}")
    for measure in (own for own in CATALOGUE if not own.outlines):
        sides = both(measure, found)
        side = side_of(measure.kind, sides, np.zeros(len(points), int))
        ours, theirs = (value_of(measure.kind, own, side) for own in (sides, both(measure, true)))
        known = np.isfinite(ours) & np.isfinite(theirs)
        if known.sum() < FEWEST_KNOWN:
            continue
        off, ours, theirs = np.abs(ours - theirs)[known], ours[known], theirs[known]
        r = np.corrcoef(ours, theirs)[0, 1] if theirs.std() > 0 and ours.std() > 0 else np.nan
        numbers = f"{np.median(off):12.4f}{np.quantile(off, 0.95):10.4f}{theirs.std():14.4f}{r:7.2f}"
        print(f"{measure.name:36s}{known.sum():6d}{measure.unit:>14s}{numbers}")


def show_hairlines(folder: Path) -> None:
    """How far the hairlines that are told lie from London's hand-placed ones, and how many are told."""
    settings, away, number = params.load(AnthropometryPoints, "anthropometry_points"), [], 0
    for face in photographs(folder):
        number += 1
        found = find(face.image, face.points68, settings=settings).face
        if "hairline" in found.outlines:
            lines = {"found": found.outlines["hairline"], "placed": face.placed[HAND_HAIRLINE][None]}
            seen = levelled_frame(found.points, lines).outlines
            away.append(float(seen["found"][:, 1].mean() - seen["placed"][0, 1]))
    off = np.abs(away)
    print(f"\nhairline told in {len(away)} of {number}; height off, distances of the outer eye corners: ", end="")
    print(
        f"median {np.median(off):.3f}, 95th {np.quantile(off, 0.95):.3f}, rms {np.sqrt(np.mean(off**2)):.3f}, ", end=""
    )
    print(f"on average {np.mean(away):+.3f}")


def show_cost(image: np.ndarray) -> None:
    """CPU time of one face, ms: dlib's box and points, the 478 points in its box, everything here."""
    numbers = params.load(AnthropometryPoints, "anthropometry_points")
    landmarks = params.load(IngestLandmarks, "ingest_landmarks")
    face = find_face(image, landmarks)
    if face is None:
        return
    points68 = place_points(image, face.box, model=landmarks.model, predict_side=landmarks.predict_side)
    steps: dict[str, Callable[[], object]] = {
        "dlib's box": lambda: find_face(image, landmarks),
        "dlib's 68 points": lambda: place_points(
            image, face.box, model=landmarks.model, predict_side=landmarks.predict_side
        ),
        "the 478 points": lambda: mesh(image, points68, crop=numbers.crop, crop_raised=numbers.crop_raised),
        "all of it, with the mirror image": lambda: find(image, points68, settings=numbers),
    }
    print("\nms of CPU, one face of " + " x ".join(map(str, image.shape[1::-1])))
    for name, step in steps.items():
        step()
        began = time.process_time()
        for _ in range(ROUNDS):
            step()
        print(f"  {name:34s}{(time.process_time() - began) / ROUNDS * 1000:8.1f}")


def main(given: list[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", type=Path, default=os.environ.get("VERMILION_REAL"))
    parser.add_argument("--tiny", action="store_true", help="a few drawn faces, where the figures mean nothing")
    chosen = parser.parse_args(given)
    cv2.setNumThreads(1)
    number = TINY_FACES if chosen.tiny else FACES
    repaired = list(drawn(number, repaired=True))
    show_errors("drawn, repaired clefts", repaired)
    show_differences("drawn, repaired clefts", repaired)
    show_measures("drawn, repaired clefts", repaired)
    show_differences("drawn, unrepaired clefts", list(drawn(max(3, round(number * UNREPAIRED_SHARE)), repaired=False)))
    show_cost(draw_still(still(0, NO_CLEFT)).image)
    if chosen.real and not chosen.tiny:
        faces = list(london(Path(chosen.real), cross_fitted(Path(chosen.real))))
        show_errors("London, hand-placed", faces)
        show_differences("London, hand-placed", faces)
        show_measures("London, hand-placed", faces)
        show_hairlines(Path(chosen.real))
        show_cost(images.decode(next((Path(chosen.real) / "london/neutral").glob("*.jpg")).read_bytes()))


if __name__ == "__main__":
    main()
