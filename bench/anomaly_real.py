"""A generator from real people: `VERMILION_REAL=... python -m bench.anomaly_real`, or `--real PATH`.

--method reconstruction|adversarial --size 64|128   which recipe of bench/anomaly_real.yaml
--steps N       of the training, in place of the recipe's
--people N      so many held-out people are scored; otherwise all
--train         trains (or goes on) and stops there
--kept FOLDER   where the generator is kept, .cache/bench: it is trained once, and goes on where it was stopped
--tiny          the same code on a few drawn faces, in seconds

Trains on most of London's people (PATH/london/*/NNN_*.jpg, NNN the person) and inverts, adapts and scores those held
out, untouched and warped as bench/london.py warps them, with the code and settings of the stages. Prints how well S
tells warped from untouched, and follows the severity; the same of a generator that draws the very person without the
change; whether S follows skin; of how many S says nothing by the report's own rule. Leaves a picture to look at, beside
the generator.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import torch

from bench import anomaly_real_rows, anomaly_real_training, london_faces
from bench.anomaly_real_faces import HARMLESS, PLAIN, WARPS, Tried, held_out, tried
from bench.anomaly_real_training import Made, Numbers, cpu_seconds, stretched, usual
from tasks import params
from tasks.anomaly import checkpoints
from tasks.anomaly.adaptation import adapt_photographs
from tasks.anomaly.inversion import invert_photographs
from tasks.anomaly.scores import map_photographs, score_photographs, scores_of
from tasks.evaluation.anomaly.compare import Combination, turned
from tasks.evaluation.anomaly.unlike import rests, undrawn
from tasks.faces import pictures
from tasks.faces.brightness import even
from tasks.faces.perceptual import load_perceptual
from tasks.faces.regions import region_masks
from tasks.params.evaluation import Evaluate, Score

KEPT = Path(".cache/bench")
TINY_PEOPLE = 16
ON_SHEET = 4
"""People on the contact sheet."""


def options(given: list[str] | None) -> argparse.Namespace:
    """The command line's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", type=Path, default=os.environ.get("VERMILION_REAL"))
    parser.add_argument("--method", choices=("reconstruction", "adversarial"), default="reconstruction")
    parser.add_argument("--size", type=int, choices=(64, 128), default=64)
    parser.add_argument("--steps", type=int, help="of the training, in all")
    parser.add_argument("--people", type=int, help="held-out people who are scored")
    parser.add_argument("--train", action="store_true", help="trains and scores nobody")
    parser.add_argument("--kept", type=Path, default=KEPT)
    parser.add_argument("--tiny", action="store_true", help="a few drawn faces, where the figures mean nothing")
    chosen = parser.parse_args(given)
    if chosen.real is None and not chosen.tiny:
        parser.error("give --real, or set VERMILION_REAL, to the folder with london/ and weights/")
    return chosen


def main(given: list[str] | None = None) -> None:
    """Measure, on the real set or a drawn one."""
    chosen = options(given)
    numbers = usual(chosen.method, chosen.size)
    if chosen.steps:
        numbers = stretched(numbers, chosen.steps)
    if not chosen.tiny:
        measure(Path(chosen.real), numbers, chosen.kept, people=chosen.people, only_train=chosen.train)
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = london_faces.draw_set(Path(scratch), people=TINY_PEOPLE)
        measure(folder, tiny(numbers), folder / "kept", people=chosen.people or 3, only_train=chosen.train)


def tiny(numbers: Numbers) -> Numbers:
    """The same with a small network, briefly trained, and few iterations."""
    small = {"channel_base": 256, "channel_max": 8, "z_dim": 8, "w_dim": 8, "evaluate_every": 2, "batch_size": 2}
    brief = replace(
        stretched(numbers, 4),
        london=london_faces.tiny(numbers.london),
        perceptual=numbers.perceptual.model_copy(update={"trunk": "random", "size": 32}),
        invert=numbers.invert.model_copy(update={"iterations": 2, "curve_points": 2, "mean_latents": 100}),
        adapt=numbers.adapt.model_copy(update={"iterations": 2, "until": 2, "keep_every": 1}),
    )
    return replace(brief, generator=brief.generator.model_copy(update=small))


def measure(folder: Path, numbers: Numbers, kept: Path, *, people: int | None, only_train: bool) -> None:
    """Train, or find what was trained; score those held out and print it all."""
    torch.set_num_threads(numbers.generator.threads)
    rows = london_faces.find_faces(london_faces.london(folder), numbers=numbers.london)
    made = anomaly_real_training.trained(anomaly_real_training.aligned_of(rows, numbers.align), numbers, kept)
    print("\n".join(described(made, numbers, rows)), flush=True)
    if only_train:
        return
    began, before = time.monotonic(), cpu_seconds()
    own = tried(held_out(rows, numbers, people), numbers)
    scores, maps = scored(own, made.file, folder / "weights", numbers)
    cost = f"{time.monotonic() - began:.0f} s, {cpu_seconds() - before:.0f} s of CPU"
    print(f"{len(own.truth)} photographs of {own.truth['subject_id'].nunique()} people scored in {cost}")
    print(f"refused by landmarks or alignment: {own.refused}\n")
    show(own, scores, numbers, folder / "weights")
    picture = made.file.with_suffix(".png")
    someone = sorted(set(own.truth["subject_id"]))[:ON_SHEET]
    anomaly_real_rows.sheet(maps.to_pandas(), own.truth, made.file, someone, picture)
    print(f"\nto look at: {picture}")


def described(made: Made, numbers: Numbers, rows: list[dict[str, object]]) -> Iterator[str]:
    """Who trained, how long, and whether the product would take the generator for one of faces."""
    own, everyone = numbers.generator, {row["subject_id"] for row in rows}
    spared = held_out(rows, numbers, None)
    teaching = len(rows) - sum(map(len, spared.values()))
    yield f"{own.method}, {numbers.align.size} px: {teaching} photographs of {len(everyone) - len(spared)} people train"
    yield f"trained in {made.wall:.0f} s, {made.cpu:.0f} s of CPU, steps {dict(own.steps)}, kept in {made.file}"
    for row in made.curves[:: -max(1, len(made.curves) // 8)][::-1]:
        held = "" if row["held_out"] is None else f", on held-out people {row['held_out']:.3f}"
        yield f"  step {row['step']:.0f}: loss {row['loss']:.3f}{held}"
    try:
        checkpoints.require_faces(checkpoints.load_generator(made.file))
        yield "dlib finds a face in its mean picture"
    except checkpoints.GeneratorError as error:
        yield f"the stage would refuse it: {error}"


def scored(own: Tried, generator: Path, weights: Path, numbers: Numbers) -> tuple[pd.DataFrame, pa.Table]:
    """ANOMALY_SCORES and ANOMALY_MAPS, batch by batch as the stages make them."""
    scores, maps = [], []
    common: dict[str, Any] = {"weights": str(weights), "perceptual": numbers.perceptual}
    for start in range(0, len(own.aligned), numbers.invert.together):
        part = own.aligned.slice(start, numbers.invert.together)
        found = invert_photographs(part, generator=generator, settings=numbers.invert, checkpoint=None, **common)
        drawn = adapt_photographs(part, found, generator=generator, settings=numbers.adapt, **common)
        last: dict[str, Any] = {"iterations": numbers.adapt.iterations, "settings": numbers.score, **common}
        scores.append(score_photographs(part, drawn, **last))
        maps.append(map_photographs(part, found, drawn, **last))
    return pa.concat_tables(scores).to_pandas(), pa.concat_tables(maps)


def show(own: Tried, scores: pd.DataFrame, numbers: Numbers, weights: Path) -> None:
    """Every figure: the headline's, other scores' in brief, the bound's, and who is left out by the report's rule."""
    settings, headline = params.load(Evaluate, "evaluate"), headline_of(numbers)
    far, truth = turned(scores), own.truth
    print(f"S ({', '.join(map(str, headline[1:]))}, adapted for {headline.step} iterations), intervals by person")
    print("\n".join(anomaly_real_rows.told(far[headline], truth, settings)))
    print(anomaly_real_rows.followed(far[headline], truth, settings))
    print(anomaly_real_rows.spread(far[headline], truth))
    print(anomaly_real_rows.by_skin(far[headline], truth, settings))
    print("\nother scores, in the same region")
    for heatmap in ("ssim", "pse", "lpips"):
        for step in (0, headline.step):
            made = headline._replace(heatmap=heatmap, step=step)
            name = f"  {heatmap}, {'adapted' if step else 'not adapted'}: "
            print(name + anomaly_real_rows.followed(far[made], truth, settings))
    print("\nheld against the person's own untouched photograph, which no generator can beat")
    print(anomaly_real_rows.followed(bound(own, numbers, weights), truth, settings))
    left = rests(scores, own.aligned.to_pandas(), numbers.align.size, headline, soft_edge=numbers.score.soft_edge)
    usual_ones = left[left.index.isin(truth.index[truth["title"] == PLAIN.title])].to_numpy()
    most = params.load(Score, "score").most_unlike
    out = truth.loc[sorted(undrawn(left, usual_ones, most=most)), "title"].value_counts()
    print(f"\nthe generator cannot draw it (beside mouth and nose over {most:g} times a usual untouched one):")
    for change in (PLAIN, *WARPS, *HARMLESS):
        count = int((truth["title"] == change.title).sum())
        print(f"  {change.title}: {out.get(change.title, 0)} of {count}")


def bound(own: Tried, numbers: Numbers, weights: Path) -> pd.Series:
    """-S by image_id where the face that is drawn is the untouched photograph itself."""
    network, headline, found = load_perceptual(numbers.perceptual, weights), headline_of(numbers), {}
    for row in own.aligned.to_pylist():
        if row["image_id"] in own.known:
            shown, untouched = pictures.decode(row["picture"]), own.known[row["image_id"]] / 255
            side, points = len(shown), np.reshape(row["points"], (68, 2))
            masks = region_masks(points, side, soft_edge=numbers.score.soft_edge)
            factor = even(shown, masks["mouth"]) if numbers.score.brightness == "evened" else 1.0
            every = scores_of(shown * factor, [untouched * factor], masks, network, erosion=numbers.score.erosion)
            found[row["image_id"]] = -every[headline.heatmap, headline.processing, headline.region][0]
    return pd.Series(found, dtype=float)


def headline_of(numbers: Numbers) -> Combination:
    """The score that is meant where none is named."""
    own = numbers.score
    return Combination(numbers.adapt.iterations, own.region, own.heatmap, own.processing)


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    main()
