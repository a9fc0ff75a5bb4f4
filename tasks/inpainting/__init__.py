"""Filling a masked nose and lip with what a face without a cleft would have there; controls alone train it.

Chen et al., "A feasibility study on image inpainting for non-cleft lip generation from patients with cleft lip".
"""
