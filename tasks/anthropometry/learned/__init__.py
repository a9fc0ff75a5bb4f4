"""Learned findings: a network that names findings in a face, beside the rules; off unless asked for."""
