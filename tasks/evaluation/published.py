"""What the papers published, to stand beside ours: other photographs, other raters, never a target.

Rosero et al. 2025 (Table 1, Results), Hayajneh et al. (ANOMALY_...: Table 1) and DiffusionCleft (SYNTHESIS...), in the
papers' own digits.
docs/published-tables.md says where they disagree with themselves.
"""

from typing import Any

PUBLISHED: dict[str, dict[str, Any]] = {
    "clp": {
        "title": "CLP transformation",
        "accuracy": {"train": 98.42, "validation": 85.35, "test": 87.65},
        "precision": {"train": 98.09, "validation": 86.51, "test": 86.67},
        "weighted_accuracy": 75.34,
        "weighted_precision": 63.53,
        "pearson": {"medical": 0.31, "lay": 0.37},
    },
    "temporal": {
        "title": "Temporal misalignment",
        "accuracy": {"train": 97.12, "validation": 91.57, "test": 92.62},
        "precision": {"train": 84.52, "validation": 83.94, "test": 85.19},
        "weighted_accuracy": 69.41,
        "weighted_precision": 70.04,
        "pearson": {"medical": 0.29, "lay": 0.27},
    },
}
"""By strategy: per cent, and Pearson's r with each role. The text gives 62.20 for temporal's weighted precision."""

FLEISS_KAPPA = 0.25
PATIENTS = 146

_PROCESSINGS = ("base", "ycbcr", "erosion", "both")


def _row(*values: float) -> dict[str, float]:
    return dict(zip(_PROCESSINGS, values, strict=True))


ANOMALY_TABLE: dict[str, dict[str, dict[str, dict[str, float]]]] = {
    "adapted": {
        "mouth": {
            "lpips": _row(74.1, 77.5, 74.3, 76.9),
            "pse": _row(72, 83.1, 79.7, 94.2),
            "ssim": _row(63, 60, 65.6, 55.2),
        },
        "face": {
            "lpips": _row(58.7, 77.1, 59.1, 74.7),
            "pse": _row(55.9, 78.7, 74.5, 91.1),
            "ssim": _row(57.7, 47.3, 72, 45.7),
        },
    },
    "not_adapted": {
        "mouth": {
            "lpips": _row(58.8, 67.6, 57.6, 71.9),
            "pse": _row(56.8, 77.5, 60.3, 79.9),
            "ssim": _row(48.1, 48.1, 42.3, 47.2),
        },
        "face": {
            "lpips": _row(62.1, 49.9, 61, 54.4),
            "pse": _row(43.6, 54.6, 44, 51.4),
            "ssim": _row(57.9, 40.4, 52.3, 40.6),
        },
    },
}
"""Pearson's r in per cent by adaptation, region, heatmap and processing. One cell is printed 0.44: read as 44."""

ANOMALY_MISPRINT = ("not_adapted", "face", "pse", "erosion")
ANOMALY_FACES = 13
ANOMALY_PEARSON = 0.942
ANOMALY_LATER = (0.89, 125)
"""Pearson's r and faces of the article that followed the preprint."""

SYNTHESIS: dict[str, dict[str, float]] = {
    "fir": {"pre": 0.0025, "post": 0.0002},
    "fid": {"pre": 7.277, "post": 7.774, "all": 5.911},
    "lpips": {"pre": 0.542, "post": 0.559, "all": 0.556},
    "similarity": {"pre": 0.18, "post": 0.10},
    "realism": {"post": 4.96, "all": 4.85},
    "plausibility": {"post": 4.86, "all": 4.81},
    "accuracy": {"lip_anomaly": 79, "pre_post": 84},
}
"""DiffusionCleft (Rosero et al. 2025, ICMI): Table 2, Figure 2's means, sections 5.3 and 5.5; fir and accuracy in per
cent. Of 2,000 pictures a condition, against 100 (pre) and 201 (post) photographs."""

CLEFTGAN = {"fid": 21.03, "lpips": 0.335}
"""The GAN before it: its FID as its authors gave it, its LPIPS as DiffusionCleft measured it."""

SYNTHESIS_EARLIER = 66
"""Accuracy, per cent, of the same test after training on faces made by warping (Rosero et al. 2024)."""

SYNTHESIS_PAIRS = {"pre": 2000 * 100, "post": 2000 * 201}
"""Pairs behind the published FIR: 5 and 1 of them matched."""
