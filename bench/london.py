"""The symmetry system on real photographs: `VERMILION_REAL=... python -m bench.london`, or `--real PATH`.

`--tiny`: the same code on a few drawn faces, in seconds.

In: a folder with `london/neutral`, `london/smiling` (files NNN_*.jpg, NNN the person) and `weights`. Trains
the Siamese network on two thirds of the people, chooses the threshold on some others, and prints, for each
seed and as a mean, what it does on the rest: pairs made as for training, the published kind alone, D against
severity, and changes that no training saw (bench/unseen.py). Every seed splits the people anew. Beside it
the landmark baseline with a threshold of its own. Numbers: bench/london.yaml. Nothing is written but the
cache of lip halves.
"""

import argparse
import os
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
from scipy.stats import spearmanr
from sklearn.metrics import accuracy_score, precision_score, roc_auc_score

from bench.london_faces import Numbers, Trial, cache_folder, draw_set, find_faces, tiny, trials_of, usual, warps_of
from tasks.base.processes import worker_pool
from tasks.statistics.grading import choose_threshold
from tasks.symmetry import distances, halves, network, pairs, training

TINY_PEOPLE = 8
NEEDED = {
    "test pairs, published kind: accuracy": (">=", 0.93),
    "test pairs, published kind: precision": (">=", 0.90),
    "test pairs, published kind: AUC": (">=", 0.98),
    "  points above the landmark baseline": (">=", 0.08),
    "D and severity: Spearman, pooled": (">=", 0.85),
    "D and severity: Spearman within a face": (">=", 0.93),
    "flagged, symmetric: both sides warped alike": ("<=", 0.10),
    "flagged, symmetric: resampled by half a pixel": ("<=", 0.10),
    "flagged, symmetric: smooth rise of a peak, 0.07": ("<=", 0.10),
    "flagged, one-sided: smooth rise of a peak, 0.07": (">=", 0.95),
}


def train_and_try(
    seed: int, faces: list[dict[str, Any]], made: list[pa.Table], *, weights: Path, numbers: Numbers, cache: Path
) -> dict[str, float]:
    """One seed: split, train, choose the threshold, and everything that is printed about the rest of the people."""
    table = pairs.clp_pairs(
        (row for part in made for row in part.to_pylist()),
        settings=numbers.pairs.model_copy(update={"seed": seed}),
    )
    settings = numbers.train.model_copy(update={"seed": seed})
    paired = halves.paired(table, made, size=settings.input_size, threads=settings.threads)
    trained = training.train(paired, settings=settings, weights_folder=weights, checkpoint=None, provenance={})
    net = network.load_network(trained.weights)
    found = distances.of_pairs(net, paired)
    validation, test = paired.where("validation"), paired.where("test")
    threshold = choose_threshold(found[validation], paired.label[validation])
    split = dict(zip(table["subject_id"].to_pylist(), table["split"].to_pylist(), strict=True))
    kinds = np.array(table["kind"].to_pylist())
    result = {"threshold": threshold, "steps": float(trained.best_step)}
    result |= _binary("test pairs, as trained", found[test], paired.label[test], threshold)
    validating, testing = ([f for f in faces if split.get(f["subject_id"]) == name] for name in ("validation", "test"))
    asked = partial(trials_of, numbers=numbers, cache=cache)
    result |= on_people(net, list(map(asked, validating)), list(map(asked, testing)), threshold)
    for kind in sorted(set(kinds)):
        flagged = found[test][kinds[test] == kind] > threshold
        result[f"flagged, as trained: {kind}"] = float(flagged.mean()) if len(flagged) else np.nan
    return result


def on_people(
    net: network.SiameseNetwork,
    validating: list[list[Trial]],  # of each photograph of the validation people
    testing: list[list[Trial]],
    threshold: float,
) -> dict[str, float]:
    """The trials of the test people; the landmark baseline's threshold comes from the validation people's."""
    trials = [(number, *trial) for number, own in enumerate(testing) for trial in own]
    who, name, severity, bow = (np.array(column) for column in zip(*(trial[:4] for trial in trials), strict=True))
    right, left = (np.stack([trial[i] for trial in trials]) for i in (4, 5))
    d = distances.between(distances.embedded(net, left), distances.embedded(net, right))
    label, where = _published(name)
    result = _binary("test pairs, published kind", d[where], label, threshold)
    own = [trial for photograph in validating for trial in photograph]
    own_label, own_where = _published(np.array([trial[0] for trial in own]))
    bow_threshold = choose_threshold(np.array([trial[2] for trial in own], float)[own_where], own_label)
    by_landmarks = float(accuracy_score(label, bow[where] <= bow_threshold))
    result["  landmark baseline: accuracy"] = by_landmarks
    result["  points above the landmark baseline"] = result["test pairs, published kind: accuracy"] - by_landmarks
    graded = np.isin(name, ("plain", "series"))
    result["D and severity: Spearman, pooled"] = float(spearmanr(severity[graded], d[graded]).statistic)
    each = [spearmanr(severity[graded & (who == one)], d[graded & (who == one)]).statistic for one in sorted(set(who))]
    result["D and severity: Spearman within a face"] = float(np.mean(each))
    for kind in dict.fromkeys(n for n in name if n.startswith("flagged")):
        result[kind] = float((d[name == kind] > threshold).mean())
    result["flagged, symmetric: untouched"] = float((d[name == "plain"] > threshold).mean())
    return result


def _published(name: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labels and places of the published kind's pairs: each face untouched (twice, for equal classes) and warped."""
    positive, negative = np.flatnonzero(name == "plain").repeat(2), np.flatnonzero(name == "published")
    return np.r_[np.ones(len(positive), int), np.zeros(len(negative), int)], np.r_[positive, negative]


def _binary(title: str, d: np.ndarray, label: np.ndarray, threshold: float) -> dict[str, float]:
    called = (d <= threshold).astype(int)
    return {
        f"{title}: accuracy": float(accuracy_score(label, called)),
        f"{title}: precision": float(precision_score(label, called, zero_division=0)),
        f"{title}: AUC": float(roc_auc_score(1 - label, d)),
    }


def show(results: list[dict[str, float]]) -> None:
    """A row a figure: each seed, the mean, and what is asked of it."""
    for name in results[0]:
        values = [result[name] for result in results]
        sign, needed = NEEDED.get(name, ("", np.nan))
        mean = float(np.mean(values))
        met = "" if not sign else "met" if (mean >= needed if sign == ">=" else mean <= needed) else "NOT MET"
        asked = f"{sign} {needed:.2f} {met}" if sign else ""
        print(f"{name:58s}" + "".join(f"{v:8.3f}" for v in values) + f"   mean {mean:6.3f}  {asked}".rstrip())


def options(given: list[str] | None) -> argparse.Namespace:
    """The command line's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", type=Path, default=os.environ.get("VERMILION_REAL"))
    parser.add_argument("--cache", type=Path, default=Path("/tmp/vermilion-london"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--tiny", action="store_true", help="a few drawn faces, where the figures mean nothing")
    chosen = parser.parse_args(given)
    if chosen.real is None and not chosen.tiny:
        parser.error("give --real, or set VERMILION_REAL, to the folder with london/ and weights/")
    return chosen


def main(given: list[str] | None = None) -> None:
    """Measure, on the real set or a drawn one."""
    chosen = options(given)
    if not chosen.tiny:
        measure(Path(chosen.real), chosen.cache, usual(), seeds=chosen.seeds, processes=2)
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = draw_set(Path(scratch), people=TINY_PEOPLE)
        measure(folder, folder / "cache", tiny(usual()), seeds=[1], processes=1)


def measure(folder: Path, kept: Path, numbers: Numbers, *, seeds: list[int], processes: int) -> None:
    """Find the faces, make what is trained on and tried, and print what each seed gives."""
    cv2.setNumThreads(1)
    faces = find_faces(folder, numbers=numbers)
    cache = cache_folder(kept, numbers)
    print(f"{len(faces)} photographs of {len({f['subject_id'] for f in faces})} people; lip halves in {cache}")
    make = partial(_make, numbers=numbers, cache=cache)
    if processes > 1:
        with worker_pool(processes) as pool:
            list(pool.map(make, faces))
    made = [make(face) for face in faces]
    results = []
    for seed in seeds:
        weights = folder / "weights"
        results.append(train_and_try(seed, faces, made, weights=weights, numbers=numbers, cache=cache))
        print(f"seed {seed}: " + ", ".join(f"{k.strip()} {results[-1][k]:.3f}" for k in NEEDED), flush=True)
    show(results)


def _make(row: dict[str, Any], *, numbers: Numbers, cache: Path) -> pa.Table:
    """A photograph's training faces; its trials are in the cache afterwards."""
    trials_of(row, numbers=numbers, cache=cache)
    return warps_of(row, numbers=numbers, cache=cache)


if __name__ == "__main__":
    main()
