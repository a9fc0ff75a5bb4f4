"""Ratings and what is computed of them: agreement, correlation, grading, binary metrics, the bootstrap."""
