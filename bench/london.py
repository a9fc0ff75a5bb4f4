"""The symmetry system on real photographs: `VERMILION_REAL=... python -m bench.london`, or `--real PATH`.

`--also FOLDER` (again for more folders): pictures of other people, one a file, or a folder for each person.
`--tiny`: the same code on a few drawn faces, in seconds.

In: a folder with `london/neutral`, `london/smiling` (files NNN_*.jpg, NNN the person) and `weights`. Trains
Siamese networks on most of the people and prints, for each seed and as a mean, what they do on people that they
never saw: London's held-out people, the same photographed anew as simulated (bench/rephotography.py), and those
of other folders. Pairs of the published kind, D against severity, and changes made by other means than training's
(bench/unseen.py). Every seed splits the people anew. Beside it the landmark baseline with a threshold of
its own. Numbers: bench/london.yaml, or `--numbers bench/london_wider.yaml`, which teaches more changes: a file has the
numbers that are other ones than those of the file which it names by `over`, or all of them. Nothing is written but the
cache of lip halves.
"""

import argparse
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa

from bench.london_faces import (
    NUMBERS,
    Numbers,
    Trial,
    cache_folder,
    draw_set,
    find_faces,
    london,
    numbers_of,
    others,
    tiny,
    trials_of,
    usual,
    warps_of,
)
from bench.london_judges import Judging, teach
from bench.london_rows import binary, bow_threshold_of, on_people, show, show_first, show_frames, steadiness
from tasks.symmetry.views import AS_CUT

TINY_PEOPLE = 8
LONDON, ANEW = "London, held-out people", "London, held-out people, photographed anew"


@dataclass(frozen=True)
class People:
    """Whose trials can be asked for: London's people by split, and other sets whole."""

    faces: list[dict[str, Any]]
    others: dict[str, list[dict[str, Any]]]
    numbers: Numbers
    cache: Path

    def __call__(self, title: str, split: Mapping[str, str], name: str) -> list[tuple[str, list[Trial]]]:
        """Who and trials, photograph by photograph, of London's people of one split, or of another set's."""
        rows = self.others.get(title) or [f for f in self.faces if split.get(f["subject_id"]) == name]
        asked = partial(trials_of, numbers=self.numbers, cache=self.cache, anew=title == ANEW)
        return [(row["subject_id"], trials) for row in rows if (trials := asked(row))]

    def untouched(self, split: Mapping[str, str], name: str) -> list[tuple[np.ndarray, ...]]:
        """Right and left half of each photograph of London's people of one split, and of the same taken anew."""
        asked = partial(trials_of, numbers=self.numbers, cache=self.cache)
        rows = [f for f in self.faces if split.get(f["subject_id"]) == name]
        both = [(asked(row), asked(row, anew=True)) for row in rows]
        return [(own[0][3], own[0][4], anew[0][3], anew[0][4]) for own, anew in both if own and anew]


def train_and_try(
    seed: int, made: list[pa.Table], people: People, *, numbers: Numbers, judging: Judging, weights: Path
) -> dict[str, dict[str, float]]:
    """One seed: split, train, choose the threshold, and everything that is printed, by set of people."""
    taught = teach(made, seed=seed, numbers=numbers, judging=judging, weights=weights)
    judge = taught.judge
    bow = bow_threshold_of([trials for _, trials in people(LONDON, taught.split, "validation")])
    results = {}
    for title in (LONDON, ANEW, *people.others):
        who, trials = zip(*people(title, taught.split, "test"), strict=True)
        results[title] = {"threshold": judge.threshold, "steps": taught.steps}
        results[title] |= on_people(judge.measure, judge.threshold, trials, who, bow)
    plain = people.untouched(taught.split, "test")
    if plain:
        right, left, right_anew, left_anew = (np.stack(column) for column in zip(*plain, strict=True))
        views = [AS_CUT, *judging.shaken]
        shaken = [judge.in_views(*pair, views) for pair in ((right, left), (right_anew, left_anew))]
        results[LONDON] |= steadiness(*shaken)
    test = taught.pairs.where("test")
    right, left = (taught.pairs.halves[side[test]] for side in (taught.pairs.right, taught.pairs.left))
    found = judge.measure(right, left)
    results[LONDON] |= binary("test pairs, as trained", found, taught.pairs.label[test], judge.threshold)
    for kind in sorted(set(taught.kinds)):
        flagged = found[taught.kinds[test] == kind] > judge.threshold
        results[LONDON][f"flagged, as trained: {kind}"] = float(flagged.mean()) if len(flagged) else np.nan
    return results


def options(given: list[str] | None) -> argparse.Namespace:
    """The command line's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", type=Path, default=os.environ.get("VERMILION_REAL"))
    parser.add_argument("--cache", type=Path, default=Path("/tmp/vermilion-london"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--also", type=Path, action="append", default=[], help="a folder with other people's pictures")
    parser.add_argument("--numbers", type=Path, default=NUMBERS, help="another file's than bench/london.yaml")
    parser.add_argument("--networks", type=int, help="how many are trained apart; otherwise as the file says")
    parser.add_argument("--tiny", action="store_true", help="a few drawn faces, where the figures mean nothing")
    chosen = parser.parse_args(given)
    if chosen.real is None and not chosen.tiny:
        parser.error("give --real, or set VERMILION_REAL, to the folder with london/ and weights/")
    return chosen


def main(given: list[str] | None = None) -> None:
    """Measure, on the real set or a drawn one."""
    chosen = options(given)
    judging = numbers_of(Judging, "judging", chosen.numbers)
    if not chosen.tiny:
        judging = judging.model_copy(update={"networks": chosen.networks} if chosen.networks else {})
        measure(Path(chosen.real), chosen.cache, usual(chosen.numbers), judging, seeds=chosen.seeds, also=chosen.also)
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = draw_set(Path(scratch), people=TINY_PEOPLE)
        also = chosen.also or [folder / "london/neutral"]
        measure(folder, folder / "cache", tiny(usual(chosen.numbers)), judging, seeds=[1], also=also)


def measure(
    folder: Path, kept: Path, numbers: Numbers, judging: Judging, *, seeds: list[int], also: list[Path]
) -> None:
    """Find the faces, make what is trained on and tried, and print what each seed gives."""
    cv2.setNumThreads(1)
    faces = find_faces(london(folder), numbers=numbers)
    elsewhere = {f"people of {place}": find_faces(others(place), numbers=numbers) for place in also}
    if empty := [title for title, found in elsewhere.items() if not found]:
        raise SystemExit(f"{empty[0]}: no picture with a face that can be measured")
    cache = cache_folder(kept, numbers)
    print(f"{len(faces)} photographs of {len({f['subject_id'] for f in faces})} people; lip halves in {cache}")
    show_frames([np.reshape(face["points"], (68, 2)) for face in faces])
    people = People(faces, elsewhere, numbers, cache)
    made = [warps_of(face, numbers=numbers, cache=cache) for face in faces]
    results: list[dict[str, dict[str, float]]] = []
    for seed in seeds:
        weights = folder / "weights"
        results.append(train_and_try(seed, made, people, numbers=numbers, judging=judging, weights=weights))
        print(f"seed {seed}: trained and tried", flush=True)
    for title in results[0]:
        show(title, [result[title] for result in results])
    for title in results[0]:
        show_first(title, [result[title] for result in results])


if __name__ == "__main__":
    main()
