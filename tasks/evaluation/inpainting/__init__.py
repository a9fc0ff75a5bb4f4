"""The fillings against raters, references, and the same person's face without the cleft."""
