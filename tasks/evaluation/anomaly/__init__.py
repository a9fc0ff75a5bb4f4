"""The anomaly scores against raters and references."""
