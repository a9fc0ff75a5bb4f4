"""Photographs in profile, measured between points (tasks.ingest.faces.profile). Knows no face from the front."""
