"""What Rosero et al. 2025 published of their raters, to stand beside ours: other photographs, other raters."""

FLEISS_KAPPA = 0.25
PATIENTS = 146
