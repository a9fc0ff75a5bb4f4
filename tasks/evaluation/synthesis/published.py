"""What DiffusionCleft published, to stand beside ours: other photographs, other raters, never a target.

Rosero et al. 2025, in the paper's own digits. docs/published-tables.md says where the papers disagree with themselves.
"""

PUBLISHED: dict[str, dict[str, float]] = {
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

EARLIER = 66
"""Accuracy, per cent, of the same test after training on faces made by warping (Rosero et al. 2024)."""

PAIRS = {"pre": 2000 * 100, "post": 2000 * 201}
"""Pairs behind the published FIR: 5 and 1 of them matched."""
