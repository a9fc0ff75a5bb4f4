"""Photographs one by one, outside the stages: scores and surveys."""
