"""What S says of people whom the generator never saw: the figures of bench/anomaly_real.py, and its contact sheet.

In: S of every photograph and change, what was done to each, and the same held against the untouched photograph. Out:
lines of text with 95 % intervals by person, and a picture to look at, which shows people and goes into no repository.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import torch

from bench.anomaly_real_faces import HARMLESS, PLAIN, SERIES, WARPS, Change
from tasks.anomaly.checkpoints import load_generator
from tasks.base import runtime
from tasks.base.images import decode_png
from tasks.pages.overlays import decode_heat, lay_over
from tasks.params.evaluation import Evaluate
from tasks.statistics.binary import area
from tasks.statistics.bootstrap import Estimate, share_with_interval
from tasks.statistics.correlation import correlate, within_subject

SHOWN = (PLAIN, Change(SERIES, 1.0), Change(SERIES, 2.0), Change("scar", 2.0))
"""Changes on the contact sheet."""
SAMPLES = 16
ACROSS = 8


def told(
    far: pd.Series,  # -S by image_id
    truth: pd.DataFrame,  # of Tried
    settings: Evaluate,
) -> list[str]:
    """A line for each change: AUC beside the untouched, and how often it is worse than the person's own untouched."""
    lines = [f"{'change':36}{'AUC against untouched':>26}{'worse than own untouched':>30}{'S less by, median':>20}"]
    plain = by_person(far, truth, PLAIN)
    for change in (*WARPS, *HARMLESS):
        own = by_person(far, truth, change)
        both = own.index.intersection(plain.index)
        if len(both) == 0:
            continue
        less = (own[both] - plain[both]).to_numpy()
        pairs = pd.DataFrame(
            {
                "subject_id": [*plain.index, *own.index],
                "label": [1] * len(plain) + [0] * len(own),
                "distance": [*plain, *own],
            }
        )
        worse = share(less > 0, both, settings)
        lines.append(f"{change.title:36}{said(area(pairs, settings)):>26}{said(worse):>30}{np.median(less):20.3f}")
    return lines


def followed(far: pd.Series, truth: pd.DataFrame, settings: Evaluate) -> str:
    """Spearman's rho of -S with the severity of the series, pooled and within a face."""
    titles = [PLAIN.title, *(change.title for change in WARPS if change.kind == SERIES and not change.both)]
    series = truth[truth["title"].isin(titles)]
    pooled = correlate(far, series["severity"], series["subject_id"], settings)["spearman"]
    own = within_subject(far, series["severity"], series["subject_id"], settings)
    return f"rho of -S with the severity of {SERIES}: pooled {said(pooled)}, within a face {said(own)}"


def spread(far: pd.Series, truth: pd.DataFrame) -> str:
    """What stands in the way: how far people differ untouched, and one person's S from photograph to photograph."""
    plain = by_person(far, truth, PLAIN)
    apart = [f"{change.title} {(by_person(far, truth, change) - plain).std():.2f}" for change in HARMLESS]
    return f"standard deviation of S: of the untouched {plain.std():.2f}; of its change, {', '.join(apart)}"


def by_skin(far: pd.Series, truth: pd.DataFrame, settings: Evaluate) -> str:
    """Whether S follows how light the skin is, among the untouched."""
    plain = truth[truth["title"] == PLAIN.title]
    found = correlate(-far, plain["skin"].astype(float), plain["subject_id"], settings)["spearman"]
    return f"rho of S with the lightness of the skin, untouched: {said(found)}"


def by_person(far: pd.Series, truth: pd.DataFrame, change: Change) -> pd.Series:
    """-S of one change, by subject."""
    own = truth[truth["title"] == change.title].join(far.rename("far"), how="inner")
    return own.set_index("subject_id")["far"].sort_index()


def share(hits: np.ndarray, who: Iterable[Any], settings: Evaluate) -> Estimate:
    """Of people, one photograph each, with an interval."""
    values = hits.astype(float)
    return share_with_interval(
        float(values.mean()), lambda weights: weights @ values / weights.sum(axis=1), list(who), settings
    )


def said(found: Estimate) -> str:
    """The value and its interval."""
    if found["value"] is None:
        return "none"
    if found["low"] is None:
        return f"{found['value']:.2f}"
    return f"{found['value']:.2f} ({found['low']:.2f} to {found['high']:.2f})"


def sheet(maps: pd.DataFrame, truth: pd.DataFrame, generator: Path, people: Sequence[str], file: Path) -> None:
    """Per person and change: the photograph, inversion, adapted face, heat; below them faces of random latents."""
    high = float(maps["heat_high"].max())
    tiles = []
    for name in people:
        for change in SHOWN:
            own = truth.index[(truth["subject_id"] == name) & (truth["title"] == change.title)]
            for row in maps[maps["image_id"].isin(own)].to_dict("records"):
                shown = [decode_png(row[column]) for column in ("picture", "inverted", "normalised")]
                heat = lay_over(shown[0], decode_heat(row["heat"], row["heat_high"]), high=high, opacity=0.7)
                tiles += [*shown, heat]
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % ACROSS) + samples(generator)
    side = 128
    large = [cv2.resize(tile, (side, side), interpolation=cv2.INTER_CUBIC) for tile in tiles]
    lines = [np.hstack(large[start : start + ACROSS]) for start in range(0, len(large), ACROSS)]
    cv2.imwrite(str(file), cv2.cvtColor(np.vstack(lines), cv2.COLOR_RGB2BGR))


@torch.no_grad()
def samples(file: Path) -> list[np.ndarray]:
    """Faces of random latents, (R, R, 3) uint8 RGB, noise maps as the file has them."""
    generator = load_generator(file)
    z = torch.randn(SAMPLES, generator.architecture.z_dim, generator=runtime.generator(0, "samples"))
    drawn = generator.synthesise(generator.mapping(z), noise="none").clamp(-1, 1)
    return list(((drawn + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).numpy())
