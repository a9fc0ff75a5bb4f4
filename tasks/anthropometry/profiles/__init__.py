"""Photographs in profile, measured between tasks.ingest.profile's points. Nothing here knows a face from the front."""
