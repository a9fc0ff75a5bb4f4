"""The symmetry system against raters and references."""
