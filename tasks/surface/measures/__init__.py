"""Measures of a head in three dimensions: one function a measure, a file a region."""
