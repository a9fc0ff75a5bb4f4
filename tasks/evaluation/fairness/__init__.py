"""The chapter of fairness: what measures must not follow, and whether they do."""
