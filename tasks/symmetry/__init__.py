"""Siamese lip symmetry (Rosero et al. 2025, Deep learning-based assessment of lip symmetry)."""
