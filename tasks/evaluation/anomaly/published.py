"""What Hayajneh et al. published, to stand beside ours: other photographs, other raters, never a target.

Table 1, in the paper's own digits. docs/published-tables.md says where the papers disagree with themselves.
"""

_PROCESSINGS = ("base", "ycbcr", "erosion", "both")


def _row(*values: float) -> dict[str, float]:
    return dict(zip(_PROCESSINGS, values, strict=True))


TABLE: dict[str, dict[str, dict[str, dict[str, float]]]] = {
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

MISPRINT = ("not_adapted", "face", "pse", "erosion")
FACES = 13
PEARSON = 0.942
LATER = (0.89, 125)
"""Pearson's r and faces of the article that followed the preprint."""
