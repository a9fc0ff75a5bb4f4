"""The report's anomaly section: its figures and its gallery.

In: the record of `evaluate_anomaly`, ANOMALY_SCORES, ANOMALY_MAPS and ratings. Out: `Picture`s, and one `Face` a
photograph of the gallery, with pictures as JPEG bytes. Knows nothing of files, nor of how scores were made.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tasks.base import images
from tasks.base.words import counted
from tasks.evaluation.anomaly import figures
from tasks.evaluation.anomaly.compare import Combination, turned
from tasks.evaluation.anomaly.words import state_of
from tasks.pages.environment import Picture, number
from tasks.pages.overlays import decode_heat, jpeg, lay_over
from tasks.params.evaluation import Evaluate, Report
from tasks.schemas.anomaly import HEATMAPS

TITLES = {"adapted": "With adaptation", "not_adapted": "Without adaptation"}


@dataclass(frozen=True)
class Face:
    """One photograph of the gallery. `place`: 1 is nearest to what the generator draws, of `among` scored ones."""

    subject_id: str
    population: str
    score: float
    place: int
    among: int
    original: bytes
    normalised: bytes
    overlay: bytes


def draw_anomaly(
    record: Mapping[str, Any],  # of evaluate_anomaly
    scores: pd.DataFrame,  # ANOMALY_SCORES
    maps: pd.DataFrame,  # of ANOMALY_MAPS: curve
    ratings: pd.DataFrame,
    references: pd.DataFrame,
    settings: Evaluate,
) -> dict[str, list[Picture]]:
    """Figures by place in the section: table, scatters, steps, inversion; none where there is nothing to draw."""
    if record["reason"]:
        return {}
    headline = Combination(**record["headline"])
    far = turned(scores)
    mean = ratings[ratings["scale"] == settings.survey].groupby("image_id")["score"].mean()
    worse = mean if settings.survey_best == "low" else -mean
    if worse.empty and len(references):
        worse = references.groupby("measure").get_group(min(references["measure"])).set_index("image_id")["value"]
    return {
        "table": _dots(record) if record["best"] else [],
        "scatters": _scatters(record, far, headline, mean, settings),
        "steps": _steps(far, headline, worse),
        "inversion": _inversion(maps),
    }


def _dots(record: Mapping[str, Any]) -> list[Picture]:
    return [
        Picture(
            figures.table_dots(record["table1"][state], state),
            f"{title}: Pearson\u2019s r of each score with the survey, with interval; upright ticks: published.",
            f"Dot plot of correlations by heatmap, region and processing, {title.lower()}",
        )
        for state, title in TITLES.items()
        if state == "not_adapted" or record["headline"]["step"]  # nothing is adapted to a filling
    ]


def _scatters(
    record: Mapping[str, Any],
    far: Mapping[Combination, pd.Series],
    headline: Combination,
    mean: pd.Series,
    settings: Evaluate,
) -> list[Picture]:
    """Figure 11, everything on: PSE, SSIM, LPIPS."""
    drawn = []
    for heatmap in HEATMAPS:
        own = far.get(headline._replace(heatmap=heatmap, processing="both"))
        found = record["table1"][state_of(headline.step)][headline.region][heatmap]["both"]["pearson"]
        if own is None or found["value"] is None:
            continue
        both = pd.concat([-own.rename("s"), mean.rename("r")], axis=1, join="inner").dropna()
        png = figures.score_by_rating(
            both["r"].to_numpy(),
            both["s"].to_numpy(),
            heatmap=heatmap,
            scale=settings.survey,
            best=settings.survey_best,
        )
        of = f"r {number(found['value'])}, {counted(len(both), 'photograph')}"
        caption = f"{heatmap.upper()}, YCbCr and erosion, {'adapted' if headline.step else 'not adapted'}: {of}."
        drawn.append(Picture(png, caption, f"Scatter of S by {heatmap.upper()} against the mean rating"))
    return drawn


def _steps(far: Mapping[Combination, pd.Series], headline: Combination, worse: pd.Series) -> list[Picture]:
    steps = sorted(c.step for c in far if c._replace(step=headline.step) == headline)
    table = pd.concat([-far[headline._replace(step=step)].rename(step) for step in steps], axis=1, join="inner")
    known = table.join(worse.rename("worse"), how="inner").dropna()
    if len(steps) < 2 or len(known) < 3:
        return []
    png = figures.score_by_step(
        steps, known[steps].to_numpy(float), known["worse"].to_numpy(float), iterations=headline.step
    )
    caption = (
        f"The headline score while the generator is fitted, {counted(len(known), 'photograph')} by thirds of severity: "
        "median and quartiles. Where adaptation goes on, what differs is drawn as well."
    )
    return [Picture(png, caption, "Line chart of S over iterations of adaptation by third of severity")]


def _inversion(maps: pd.DataFrame) -> list[Picture]:
    curves = [np.asarray(curve, float) for curve in maps["curve"].dropna()]
    length = max((len(curve) for curve in curves), default=0)
    whole = [curve for curve in curves if len(curve) == length]
    if length < 2:
        return []
    caption = f"Convergence of {len(whole)} inversions. A curve that still falls at its end asks for more iterations."
    return [Picture(figures.inversion_curves(np.stack(whole)), caption, "Line chart of distance by iteration")]


def pick_faces(scores: pd.DataFrame, headline: Combination, *, count: int) -> list[tuple[str, float, int, int]]:
    """`count` photographs evenly spaced in rank, best first: image_id, S, place (1 is best), among how many."""
    ranked = (
        (-turned(scores).get(headline, pd.Series(dtype=float))).sort_index().sort_values(ascending=False, kind="stable")
    )
    chosen = sorted(set(np.linspace(0, len(ranked) - 1, min(count, len(ranked))).round().astype(int).tolist()))
    return [(str(ranked.index[at]), float(ranked.iloc[at]), at + 1, len(ranked)) for at in chosen]


def gallery(
    parts: Iterable[pa.Table],  # ANOMALY_MAPS, part by part
    scores: pd.DataFrame,
    headline: Combination,
    settings: Report,
) -> list[Face]:
    """Faces sorted by score. One scale of colours for all, up to the 90th percentile of the photographs' highest."""
    wanted = pick_faces(scores, headline, count=settings.gallery)
    ids = pa.array([own[0] for own in wanted], pa.string())
    highs: list[float] = []
    rows: dict[str, dict[str, Any]] = {}
    for part in parts:
        highs += part["heat_high"].drop_null().to_pylist()
        rows |= {row["image_id"]: row for row in part.filter(pc.is_in(part["image_id"], ids)).to_pylist()}
    high = float(np.quantile(highs, 0.9)) if highs else 0.0
    return [
        _face(rows[image_id], score, place, among, high=high, opacity=settings.opacity)
        for image_id, score, place, among in wanted
        if image_id in rows and rows[image_id]["heat"]
    ]


def _face(row: Mapping[str, Any], score: float, place: int, among: int, *, high: float, opacity: float) -> Face:
    original = images.decode_png(row["picture"])
    heat = decode_heat(row["heat"], row["heat_high"])
    return Face(
        subject_id=row["subject_id"],
        population=row["population"],
        score=score,
        place=place,
        among=among,
        original=jpeg(original),
        normalised=jpeg(images.decode_png(row["normalised"])),
        overlay=jpeg(lay_over(original, heat, high=high, opacity=opacity)),
    )


def stand_ins(perceptual: Mapping[str, Any], generator: Mapping[str, Any], size: int | None) -> list[str]:
    """What a reader must know of the networks behind the scores: `perceptual` and `generator` are their parameters."""
    said = []
    if perceptual.get("trunk") == "random":
        said.append(
            "The anomaly\u2019s LPIPS has random weights, a stand-in for ImageNet\u2019s: its numbers are no LPIPS."
        )
    if generator.get("source") == "controls":
        side = f" of {size} pixels" if size else ""
        said.append(
            f"The anomaly\u2019s generator was trained here, on the controls at hand, on faces{side}: a stand-in for a "
            "generator of many thousand faces at 1024 pixels. Its scores do not compare with the paper\u2019s."
        )
    return said
