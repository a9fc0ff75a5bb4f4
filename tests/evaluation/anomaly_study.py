"""A made-up cohort with known truth, as the anomaly tables give it: severity makes the scores, the survey rates it."""

from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pandas as pd

from tasks.base.images import encode_png
from tasks.evaluation.anomaly.compare import Combination
from tasks.faces.alignment import Aligned
from tasks.schemas.anomaly import ANOMALY_MAPS, ANOMALY_SCORES, HEATMAPS, PROCESSINGS, REGIONS

ITERATIONS, UNTIL = 20, 40
HEADLINE = Combination(step=ITERATIONS, region="mouth", heatmap="pse", processing="both")
NOISE = {"pse": 0.1, "lpips": 0.5, "ssim": 1.5, "base": 0.5, "ycbcr": 0.3, "erosion": 0.45, "both": 0.0}
NO_RATERS: dict[str, Any] = {"ceiling": {}}
"""No record of raters on the scale of the other systems."""
COLUMNS = ["image_id", "subject_id", "population", "steps_to_half", "curve", "reason"]


def noise(c: Combination) -> float:
    away = NOISE[c.heatmap] + NOISE[c.processing] + (c.region == "face") * 0.2
    return away + (0.4 if c.step == 0 else 0.0)


def png(rng: np.random.Generator, *, deep: bool = False, side: int = 32) -> bytes:
    picture = cv2.GaussianBlur(rng.uniform(60, 220, (side, side) if deep else (side, side, 3)), (0, 0), 3)
    picture = (picture * 250).astype(np.uint16) if deep else picture.astype(np.uint8)
    return cv2.imencode(".png", picture)[1].tobytes()


def draw_cohort(*, seed: int = 4, patients: int = 30, controls: int = 15, raters: int = 4) -> SimpleNamespace:
    """Scores and maps as their schemas have them, and ratings 1 (worst) .. 7 (best) and references of the patients."""
    rng = np.random.default_rng(seed)
    scores: list[dict[str, Any]] = []
    maps: list[dict[str, Any]] = []
    ratings, references = [], []
    people = [("repaired", f"patient-{n:03d}", float(rng.uniform(0.1, 1))) for n in range(patients)]
    people += [("control", f"control-{n:03d}", 0.0) for n in range(controls)]
    for population, subject, severity in people:
        image = f"image-{subject}"
        who = {"image_id": image, "subject_id": subject, "population": population}
        for step in range(0, UNTIL + 1, 10):
            for heatmap in HEATMAPS:
                for processing in PROCESSINGS:
                    for region in REGIONS:
                        c = Combination(step, region, heatmap, processing)
                        score = 5 - 2 * severity + 0.02 * step + float(rng.normal(0, noise(c)))
                        scores.append(who | c._asdict() | {"score": score})
        half = 5 + 30 * severity + float(rng.normal(0, 2))
        curve = (np.exp(-np.linspace(0, 3, 12)) * (0.5 + severity)).astype(np.float32)
        maps.append(
            who
            | {name: png(rng) for name in ("picture", "inverted", "normalised")}
            | {"heat": png(rng, deep=True), "heat_high": 0.4, "to_original": [2.0, 0, 10, 0, 2.0, 20]}
            | {"steps_to_half": half if half < UNTIL - 10 else None, "curve": curve.tolist()}
        )
        if population != "control":
            references.append((image, "drawn_severity", severity))
            for rater in range(raters):
                rating = float(np.clip(round(7 - 6 * severity + rng.normal(0, 0.5)), 1, 7))
                ratings.append((image, f"r{rater}", "lay", "likeness", rating))
    why = {"image_id": "image-refused", "subject_id": "patient-000", "population": "repaired", "reason": "no face"}
    maps.append(why)
    scores += [
        why | {"step": step, "heatmap": h, "processing": p, "region": r}
        for step in (0, ITERATIONS)
        for h in HEATMAPS
        for p in PROCESSINGS
        for r in REGIONS
    ]
    return SimpleNamespace(
        score_table=ANOMALY_SCORES.table(scores),
        map_table=ANOMALY_MAPS.table(maps),
        scores=ANOMALY_SCORES.table(scores).to_pandas(),
        maps=ANOMALY_MAPS.table(maps).select(COLUMNS).to_pandas(),
        ratings=pd.DataFrame(ratings, columns=["image_id", "rater_id", "rater_role", "scale", "score"]),
        references=pd.DataFrame(references, columns=["image_id", "measure", "value"]),
        methods=pd.DataFrame(
            [(f"image-{s}", "distance_clp", v + float(rng.normal(0, 0.2))) for _, s, v in people],
            columns=["image_id", "method", "score"],
        ),
    )


def aligned_with(
    heat: np.ndarray, photograph: np.ndarray, to_original: np.ndarray
) -> tuple[np.ndarray, Aligned, dict[str, Any]]:
    """A photograph, its aligned face and its row of ANOMALY_MAPS with that heat: what `reading.pictures` takes."""
    face = Aligned(photograph[: len(heat), : len(heat)], to_original, np.zeros((68, 2)), 0.5, 0.0)
    deep = np.rint(heat / heat.max() * 65535).astype(np.uint16)
    found = {"heat": cv2.imencode(".png", deep)[1].tobytes(), "heat_high": float(heat.max())}
    return photograph, face, found | {"normalised": encode_png(face.picture)}
