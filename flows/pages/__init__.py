"""Local pages for people: look at photographs, correct points, rate."""
