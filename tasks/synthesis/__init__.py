"""DiffusionCleft (Rosero et al. 2025): new faces with a cleft from text, checked for identity, fidelity, diversity."""
