"""What Chen et al. published, to stand beside ours: other photographs, other masks, never a target.

Tables III and IV, in the paper's own digits, on CelebA. Tables I and II are surgeons' (votes.py).
"""

_MEASURES = ("psnr", "ssim", "fid")


def _row(*values: float) -> dict[str, float]:
    return dict(zip(_MEASURES, values, strict=True))


TABLE_3: dict[str, dict[str, dict[str, float]]] = {
    "0-20": {
        "EC": _row(36.1340, 0.9880, 0.4706),
        "Lafin": _row(35.9544, 0.9870, 0.5845),
        "CTSDG": _row(37.9275, 0.9908, 0.3420),
        "Ours": _row(38.1083, 0.9911, 0.3421),
    },
    "20-40": {
        "EC": _row(28.3684, 0.9486, 3.1275),
        "Lafin": _row(28.2797, 0.9476, 3.3880),
        "CTSDG": _row(29.3860, 0.9570, 2.8436),
        "Ours": _row(29.6678, 0.9595, 2.8327),
    },
    "40-60": {
        "EC": _row(23.4513, 0.8561, 6.1253),
        "Lafin": _row(23.5109, 0.8614, 6.5367),
        "CTSDG": _row(24.3130, 0.8762, 8.7051),
        "Ours": _row(24.2076, 0.8726, 4.3419),
    },
}
"""By mask band and method: PSNR (dB), SSIM, FID. EC: EdgeConnect. CTSDG: spelled CSTDG in Tables I and II."""

TABLE_4: dict[str, dict[str, dict[str, float]]] = {
    "0-20": {
        "Baseline": _row(37.1742, 0.9895, 0.5330),
        "Base+Lmk": _row(37.3932, 0.9897, 0.4614),
        "Ours": _row(38.1083, 0.9911, 0.3421),
    },
    "20-40": {
        "Baseline": _row(29.1189, 0.9545, 3.3655),
        "Base+Lmk": _row(29.2115, 0.9554, 2.9762),
        "Ours": _row(29.6678, 0.9595, 2.8327),
    },
    "40-60": {
        "Baseline": _row(23.7541, 0.8605, 5.7635),
        "Base+Lmk": _row(23.7948, 0.8626, 5.1124),
        "Ours": _row(24.2076, 0.8726, 4.3419),
    },
    "square": {
        "Baseline": _row(25.9412, 0.9113, 3.6037),
        "Base+Lmk": _row(26.074, 0.9144, 3.410),
        "Ours": _row(26.685, 0.9231, 3.274),
    },
}
"""By mask and network, the same measures. `square`: the paper's "regular mask", whose size it does not give."""

SWITCHES: dict[str, dict[str, bool]] = {
    "Baseline": {"landmarks": False, "gated": False},
    "Base+Lmk": {"landmarks": True, "gated": False},
    "Ours": {"landmarks": True, "gated": True},
}
"""Table IV's networks as inpainting_train: network has them."""
