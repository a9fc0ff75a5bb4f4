"""The tables of the pipeline, in the order in which they come about. `docs/tables.md` is written from here."""

from tasks.schemas.anomaly import (
    ADAPTATIONS,
    ALIGNED,
    ANOMALY_MAPS,
    ANOMALY_SCORES,
    GENERATOR_CURVES,
    GENERATORS,
    INVERSIONS,
)
from tasks.schemas.columns import POPULATIONS, ROLES, SIDES, SPLITS
from tasks.schemas.evaluation import SCORES
from tasks.schemas.ingest import FRAMES, IMAGES, LANDMARKS, LIPS, RATINGS, REFERENCES, REFUSALS
from tasks.schemas.symmetry import BASELINES, CURVES, DISTANCES, HALVES, PAIR_DISTANCES, PAIRS, TRAINED, WARPS
from tasks.tables import Schema

ALL: tuple[Schema, ...] = (
    IMAGES,
    REFUSALS,
    RATINGS,
    REFERENCES,
    FRAMES,
    LANDMARKS,
    LIPS,
    WARPS,
    PAIRS,
    HALVES,
    CURVES,
    TRAINED,
    PAIR_DISTANCES,
    DISTANCES,
    BASELINES,
    ALIGNED,
    GENERATORS,
    GENERATOR_CURVES,
    INVERSIONS,
    ADAPTATIONS,
    ANOMALY_SCORES,
    ANOMALY_MAPS,
    SCORES,
)

__all__ = [
    "ADAPTATIONS",
    "ALIGNED",
    "ALL",
    "ANOMALY_MAPS",
    "ANOMALY_SCORES",
    "BASELINES",
    "CURVES",
    "DISTANCES",
    "FRAMES",
    "GENERATORS",
    "GENERATOR_CURVES",
    "HALVES",
    "IMAGES",
    "INVERSIONS",
    "LANDMARKS",
    "LIPS",
    "PAIRS",
    "PAIR_DISTANCES",
    "POPULATIONS",
    "RATINGS",
    "REFERENCES",
    "REFUSALS",
    "ROLES",
    "SCORES",
    "SIDES",
    "SPLITS",
    "TRAINED",
    "WARPS",
]
