"""Every measure against human raters: agreement, correlation, grading, figures and the report."""
