"""What a trained judge says of people it never saw: the figures of bench/london.py and its first table.

In: trials of each photograph (bench/london_faces.py), who is on it, a function that gives D of pairs of halves, a
threshold. Out: figures by name. Knows nothing of trainings.
"""

from collections.abc import Callable, Sequence

import numpy as np
from scipy.stats import spearmanr
from sklearn.metrics import accuracy_score, precision_score, roc_auc_score

from bench.london_faces import Trial
from tasks.ingest.faces.lips import level
from tasks.statistics.grading import choose_threshold
from tasks.symmetry.views import interval

Measure = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Right halves and left halves, (N, S, S, 3) uint8 RGB, to D (N,)."""

LEVELS = (0.0, 0.5, 0.7, 1.0)
UNTOUCHED = 0.95
"""Share of untouched faces below the threshold of a landmark, where it is asked what could be seen at all."""
REACHES = (1.0, 2.0, 3.0, 4.0)
KEPT = (1.0, 0.8, 0.6, 0.4)

FIRST = {
    "published kind of pair: balanced accuracy": ("test pairs, published kind: accuracy", ">=", 0.95),
    "untouched faces flagged": ("flagged, symmetric: untouched", "<=", 0.05),
    "Spearman of D with severity, pooled": ("D and severity: Spearman, pooled", ">=", 0.90),
    "  the same within a face": ("D and severity: Spearman within a face", ">=", 0.96),
    "corner of the mouth up by .07 flagged": ("flagged, one-sided: corner up, 0.07", ">=", 0.85),
    "corner of the mouth down by .07 flagged": ("flagged, one-sided: corner down, 0.07", ">=", 0.85),
    "broad lift of one side flagged": ("flagged, one-sided: broad lift, 0.07", ">=", 0.95),
    "philtrum and bow sideways by .06 flagged": (
        "flagged, one-sided: philtrum and bow shifted sideways, 0.06", ">=", 0.80,
    ),
    "corner drawn outwards by .08 flagged": ("flagged, one-sided: corner drawn outwards, 0.08", ">=", 0.60),
    "halves of different people flagged": ("flagged, one-sided: halves of different people", ">=", 0.70),
    "symmetric: both sides warped alike": ("flagged, symmetric: both sides warped alike", "<=", 0.05),
    "symmetric: both corners up": ("flagged, symmetric: corner up, 0.07", "<=", 0.05),
    "symmetric: one side darker by 18 %": ("flagged, symmetric: one side darker by 18 %", "<=", 0.05),
    "scar-like line on one side flagged": ("flagged, one-sided: scar-like line", "", np.nan),
}  # fmt: skip
"""The rows of the first table: where each figure comes from, and what is asked of it."""


def on_people(
    measure: Measure,
    threshold: float,
    testing: Sequence[list[Trial]],  # of each photograph
    who: Sequence[str],  # on each photograph
    bow_threshold: float,
) -> dict[str, float]:
    """Every figure about these people. `bow_threshold`: of the landmark baseline, from other people."""
    trials = [(number, *trial) for number, own in enumerate(testing) for trial in own]
    place, name, severity, bow = (np.array(column) for column in zip(*(trial[:4] for trial in trials), strict=True))
    right, left = (np.stack([trial[i] for trial in trials]) for i in (4, 5))
    d = measure(right, left)
    label, where = published(name)
    result = binary("test pairs, published kind", d[where], label, threshold)
    by_landmarks = float(accuracy_score(label, bow[where] <= bow_threshold))
    result["  landmark baseline: accuracy"] = by_landmarks
    result["  points above the landmark baseline"] = result["test pairs, published kind: accuracy"] - by_landmarks
    graded = np.isin(name, ("plain", "series"))
    result["D and severity: Spearman, pooled"] = float(spearmanr(severity[graded], d[graded]).statistic)
    faces = [graded & (place == one) for one in sorted(set(place))]
    each = [spearmanr(severity[face], d[face]).statistic for face in faces]
    result["D and severity: Spearman within a face"] = float(np.mean(each))
    for kind in dict.fromkeys(n for n in name if n.startswith("flagged")):
        result[kind] = float((d[name == kind] > threshold).mean())
    plain = np.flatnonzero(name == "plain")
    result["flagged, symmetric: untouched"] = float((d[plain] > threshold).mean())
    mixed = _strangers(right[plain], left[plain], [who[int(p)] for p in place[plain]], measure)
    told = float((mixed > threshold).mean()) if len(mixed) else np.nan
    result["flagged, one-sided: halves of different people"] = told
    return result


def show_frames(landmarks: Sequence[np.ndarray]) -> None:
    """How uneven these untouched faces are in frames of other kinds, standard deviations in mouth widths.

    A crop is the better, the less it adds to what it shows: left against right, and the midline against the bow.
    """
    print(f"\nuntouched faces as landmarks see them, {len(landmarks)} photographs, standard deviation in mouth widths")
    for share in LEVELS:
        frames = [level(points, by_nose=share) for points in landmarks]
        own = np.array([f.inward(points) / f.width for f, points in zip(frames, landmarks, strict=True)])
        corners, peaks = ((own[:, left, 1] - own[:, right, 1]).std() for left, right in ((54, 48), (52, 50)))
        nose, eyes = (own[:, where, 0].mean(axis=1).std() for where in ([31, 35], list(range(36, 48))))
        print(
            f"level by the nose {share:.1f}: corners, one higher {corners:.4f}, peaks {peaks:.4f}; beside the bow stand"
            f" the middle of the nose's base {nose:.4f}, of the eyes {eyes:.4f}"
        )
        aside = own[:, 50:53, 0].mean(axis=1)
        out = own[:, 54, 0] + own[:, 48, 0]
        print(
            f"  would be flagged by these points, {1 - UNTOUCHED:.0%} of untouched faces flagged: a corner up by .07"
            f" {seen(own[:, 54, 1] - own[:, 48, 1], 0.07):.2f}, outwards by .08 {seen(out, 0.08):.2f}; the bow aside by"
            f" .06, beside the corners' middle {seen(aside - out / 2, 0.06):.2f}, beside the nose's"
            f" {seen(aside - own[:, [31, 35], 0].mean(axis=1), 0.06):.2f}"
        )


def seen(
    untouched: np.ndarray,  # (N,) how uneven each face is, either sign
    change: float,
) -> float:
    """Share of faces that lie beyond the threshold after a change to one side, mean of both directions."""
    own = untouched - np.median(untouched)
    threshold = np.quantile(np.abs(own), UNTOUCHED)
    return float(np.mean([np.abs(own + change) > threshold, np.abs(own - change) > threshold]))


def steadiness(before: np.ndarray, after: np.ndarray) -> dict[str, float]:
    """How far D moves when a face is photographed anew, and whether the views told.

    `before` and `after`: (V, N) D of the same untouched faces in V views, first as cut; as they are, and taken anew.
    """
    moved = np.abs(after[0] - before[0])
    result = {}
    for reach in REACHES:
        ends = np.array([interval(list(own), reach=reach) for own in before.T])
        covered = (ends[:, 0] <= after[0]) & (after[0] <= ends[:, 1])
        result[f"D photographed anew within the interval, reach {reach:g}"] = float(covered.mean())
    spread = np.sqrt(((after[1:] - after[0]) ** 2).mean(axis=0))
    result["spread over views and how far D moved: Spearman"] = float(spearmanr(spread, moved).statistic)
    order = np.argsort(spread)
    for share in KEPT:
        kept = order[: max(1, round(share * len(order)))]
        result[f"how far D moved, steadiest {100 * share:.0f} % kept"] = float(moved[kept].mean())
    return result


def _strangers(right: np.ndarray, left: np.ndarray, who: Sequence[str], measure: Measure) -> np.ndarray:
    """D of each right half beside the next other person's left half, at the same place in the list modulo its end."""
    count = len(who)
    near = [next((j % count for j in range(i + 1, i + count) if who[j % count] != who[i]), None) for i in range(count)]
    kept = [(i, j) for i, j in enumerate(near) if j is not None]
    if not kept:
        return np.empty(0)
    return measure(right[[i for i, _ in kept]], left[[j for _, j in kept]])


def bow_threshold_of(people: Sequence[list[Trial]]) -> float:
    """The landmark baseline's threshold, by the published kind's pairs of these photographs."""
    own = [trial for photograph in people for trial in photograph]
    label, where = published(np.array([trial[0] for trial in own]))
    return choose_threshold(np.array([trial[2] for trial in own], float)[where], label)


def published(name: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labels and places of the published kind's pairs: each face untouched (twice, for equal classes) and warped."""
    positive, negative = np.flatnonzero(name == "plain").repeat(2), np.flatnonzero(name == "published")
    return np.r_[np.ones(len(positive), int), np.zeros(len(negative), int)], np.r_[positive, negative]


def binary(title: str, d: np.ndarray, label: np.ndarray, threshold: float) -> dict[str, float]:
    """Accuracy, precision and AUC of "symmetric where D is at most the threshold"."""
    called = (d <= threshold).astype(int)
    return {
        f"{title}: accuracy": float(accuracy_score(label, called)),
        f"{title}: precision": float(precision_score(label, called, zero_division=0)),
        f"{title}: AUC": float(roc_auc_score(1 - label, d)),
    }


def show(title: str, results: Sequence[dict[str, float]]) -> None:
    """Every figure: each seed, and the mean."""
    print(f"\n{title}: everything")
    for name in results[0]:
        print(_line(name, [result.get(name, np.nan) for result in results]))


def show_first(title: str, results: Sequence[dict[str, float]]) -> None:
    """The first table: each seed, the mean, and what is asked of it."""
    print(f"\n{title}: first table")
    for label, (name, sign, needed) in FIRST.items():
        values = [result.get(name, np.nan) for result in results]
        mean = float(np.mean(values))
        met = "" if not sign or np.isnan(mean) else "met" if _met(mean, sign, needed) else "NOT MET"
        print((_line(label, values) + (f"  {sign} {needed:.2f} {met}" if sign else "")).rstrip())


def _met(mean: float, sign: str, needed: float) -> bool:
    return mean >= needed if sign == ">=" else mean <= needed


def _line(name: str, values: Sequence[float]) -> str:
    return f"{name:64s}" + "".join(f"{v:8.3f}" for v in values) + f"   mean {float(np.mean(values)):6.3f}"
