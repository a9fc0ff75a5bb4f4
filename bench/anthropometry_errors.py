"""Errors of points, and whether intervals by them hold the truth: `python -m bench.anthropometry_errors --real FOLDER`.

In: drawn faces with repaired clefts, and London's hand-placed points (--real; `--tiny` does without, in seconds). Out:
of each measure, the share of faces whose true value lies within the 95 per cent interval, and the interval's median
width: with errors taken as independent, and with their joint ones. No face is judged on errors that it helped to
measure: London's people are split five ways, drawn people are others. `--write` writes the tables of
tasks/anthropometry/errors.py from all of them.
"""

import argparse
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from bench.anthropometry_faces import Seen, drawn, london
from bench.anthropometry_warps import FOLDS, cross_fitted
from tasks.anthropometry import errors
from tasks.anthropometry.frame import levelled
from tasks.anthropometry.measures.catalogue import MEASURES
from tasks.anthropometry.measures.measure import Measure, both, side_of, value_of
from tasks.anthropometry.names import POINTS
from tasks.anthropometry.uncertainty import quantile_of, standard_errors

FACES, TINY_FACES, TINY_JUDGED = 150, 20, 3
OTHERS = 200_000
"""Number, among new drawn people, of the first whose errors are measured; those before it are judged."""
CONFIDENCE = 0.95
Shown = tuple[np.ndarray, np.ndarray]
"""Points as the pipeline has them and true ones, (n, 45, 2) px each."""
Moments = Callable[[int], np.ndarray]
"""Errors by which the faces of a fold are judged."""


def shown(faces: Iterator[Seen]) -> Shown:
    """The points of all faces."""
    found = list(faces)
    return np.array([seen.refined for seen in found]), np.array([seen.truth for seen in found])


def independent(joint: np.ndarray) -> np.ndarray:
    """The same errors, sharing nothing."""
    sizes = np.diag(joint)
    return np.where(np.isfinite(joint), np.diag(np.nan_to_num(sizes)), np.nan)


def held(measure: Measure, faces: Shown, moments: Moments) -> tuple[float, float, int]:
    """Share of the true values within the interval, the interval's median width, and the number of faces."""
    points, truth = faces
    frame, true = levelled(points, {}), levelled(truth, {})
    sides = both(measure, frame)
    side = side_of(measure.kind, sides, np.zeros(len(points), int))
    away = value_of(measure.kind, sides, side) - value_of(measure.kind, both(measure, true), side)
    nobody = np.full(points.shape[:2], np.nan)
    reach = np.full(len(points), np.nan)
    for fold in range(FOLDS):
        at = np.arange(len(points)) % FOLDS == fold
        own = standard_errors(measure, levelled(points[at], {}), nobody[at], moments(fold), side[at])
        reach[at] = quantile_of(CONFIDENCE) * own
    known = np.isfinite(reach) & np.isfinite(away)
    if not known.any():
        return float("nan"), float("nan"), 0
    return float((np.abs(away) <= reach)[known].mean()), float(np.median(2 * reach[known])), int(known.sum())


def show(title: str, faces: Shown, moments: Moments) -> None:
    """A line a measure, and what they come to."""
    print(f"\n{title}: share of true values within the 95 per cent interval, and its median width")
    print(f"{'':36s}{'faces':>6s}{'independent':>20s}{'joint':>20s}")
    rows = []
    for measure in (own for own in MEASURES if not own.outlines):
        apart, together = (held(measure, faces, own) for own in (lambda f: independent(moments(f)), moments))
        if not together[2]:
            continue
        rows.append((*apart[:2], *together[:2]))
        cells = "".join(f"{share:10.2f}{width:10.4f}" for share, width, _ in (apart, together))
        print(f"{measure.name:36s}{together[2]:6d}{cells}")
    if rows:
        every = np.array(rows)
        narrower = np.exp(np.mean(np.log(every[:, 3] / every[:, 1])))
        fine = np.mean((every[:, 2] >= 0.9) & (every[:, 2] <= 0.98))
        print(f"mean share: independent {every[:, 0].mean():.3f}, joint {every[:, 2].mean():.3f}")
        print(f"width, joint over independent: {narrower:.2f}; measures within .90 to .98: {fine:.0%}")


def without(faces: Shown, fold: int) -> np.ndarray:
    """Errors of the faces that are not in a fold."""
    others = np.arange(len(faces[0])) % FOLDS != fold
    return errors.moments(faces[0][others], faces[1][others])


def main(given: list[str] | None = None) -> None:
    """Print the tables; write them where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", type=Path, default=os.environ.get("VERMILION_REAL"))
    parser.add_argument("--tiny", action="store_true", help="a few drawn faces, where the figures mean nothing")
    parser.add_argument("--write", action="store_true", help="write tasks/anthropometry/errors_*.csv")
    chosen = parser.parse_args(given)
    cv2.setNumThreads(1)
    number = TINY_FACES if chosen.tiny else FACES
    others = shown(drawn(number, repaired=True, first=OTHERS))
    known = errors.moments(*others)
    show("drawn, repaired clefts", shown(drawn(TINY_JUDGED if chosen.tiny else FACES, repaired=True)), lambda _: known)
    found = {"drawn": known}
    if chosen.real and not chosen.tiny:
        people = shown(london(Path(chosen.real), cross_fitted(Path(chosen.real))))
        apart = [without(people, fold) for fold in range(FOLDS)]
        show("London, hand-placed", people, lambda fold: apart[fold])
        found["photographs"] = errors.moments(*people)
    if chosen.write and not chosen.tiny:
        for name, moments in found.items():
            errors.write(moments, errors.table(name))
            print(
                f"wrote {errors.table(name)}: {int(np.isfinite(np.diag(moments)).sum()) // 2} of {len(POINTS)} points"
            )


if __name__ == "__main__":
    main()
