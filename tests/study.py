"""A small made-up study with known truth: pairs, scores, ratings, references, as the tables give them."""

from types import SimpleNamespace

import numpy as np
import pandas as pd

from tasks.params.evaluation import Evaluate

SETTINGS = Evaluate(
    seed=7,
    resamples=300,
    confidence=0.95,
    scale="CARS",
    grades=5,
    positive_quantile=0.5,
    negative_quantile=0.5,
    reliable_share=0.75,
    survey="CARS",
    survey_best="low",
    realism="realism",
    plausibility="plausibility",
)


def draw_pairs(rng: np.random.Generator, *, gap: float, subjects: int) -> pd.DataFrame:
    rows = []
    for split, start in (("train", 0), ("validation", 100), ("test", 200)):
        for s in range(subjects):
            for kind, label in (("untouched", 1), ("both_sided", 1), ("clp", 0), ("commissure", 0)):
                severity = 0.0 if label else float(rng.uniform(0.3, 1.0))
                shift = 0.0 if label else gap * severity
                distance = float(abs(0.3 + shift + rng.normal(0, 0.08)))
                name = f"{split}-{s}-{kind}"
                rows.append((name, split, label, kind, severity, f"control-{start + s}", distance))
    names = ["pair_id", "split", "label", "kind", "severity", "subject_id", "distance"]
    return pd.DataFrame(rows, columns=names)


def draw_study(*, seed: int = 3, patients: int = 25, photographs: int = 2) -> SimpleNamespace:
    rng = np.random.default_rng(seed)
    raters = {"m1": ("medical", 0.4), "l1": ("lay", 0.5), "l2": ("lay", 0.6), "l3": ("lay", 0.6), "l4": ("lay", 9.0)}
    scores: list[tuple[str, str, str, float | None]] = []
    ratings, references = [], []
    for p in range(patients):
        for i in range(photographs):
            image, severity = f"image-{p:03d}-{i}", float(rng.uniform())
            references.append((image, "drawn_severity", severity))
            for method, noise in (("distance_clp", 0.1), ("distance_temporal", 0.5), ("mirror_difference", 0.25)):
                scores.append((image, f"patient-{p:03d}", method, float(abs(0.3 + severity + rng.normal(0, noise)))))
            for rater, (role, noise) in raters.items():
                score = float(np.clip(round(1 + 4 * severity + rng.normal(0, noise)), 1, 5))
                ratings.append((image, rater, role, "CARS", score))
    scores.append(("image-refused", "patient-000", "distance_clp", None))
    pairs = {"clp": draw_pairs(rng, gap=1.2, subjects=8), "temporal": draw_pairs(rng, gap=0.4, subjects=8)}
    return SimpleNamespace(
        pairs=pairs,
        scores=pd.DataFrame(scores, columns=["image_id", "subject_id", "method", "score"]),
        ratings=pd.DataFrame(ratings, columns=["image_id", "rater_id", "rater_role", "scale", "score"]),
        references=pd.DataFrame(references, columns=["image_id", "measure", "value"]),
    )
