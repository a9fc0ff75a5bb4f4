"""Anomaly: the nearest face that a generator of control faces draws, and what still differs."""
