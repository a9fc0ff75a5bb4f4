"""What Rosero et al. 2025 published, to stand beside ours: other photographs, other raters, never a target.

Table 1 and Results, in the paper's own digits. docs/published-tables.md says where the papers disagree with themselves.
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
