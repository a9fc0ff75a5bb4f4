"""How good generated pictures are: fidelity, diversity, and classifiers that learn from them."""
