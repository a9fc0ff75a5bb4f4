"""What a command must not import: each of these takes longer than all that a photograph's score computes."""

import subprocess
import sys

import pytest

from flows import PROJECT

COMMAND = {"numpy", "pandas", "pyarrow", "openpyxl", "httpx", "torch", "prefect", "dvc", "matplotlib"}
"""None of them is needed to know what a command is called."""
SCORE = {"prefect", "diffusers", "transformers", "torchvision", "sklearn", "statsmodels", "matplotlib", "scipy.stats"}
COMPILER = {"torch._dynamo", "torch._inductor", "sympy"}
"""Torch imports it for innocent calls: random numbers for weights on the device meta, deterministic algorithms."""
SYMMETRY = """
import numpy as np
import flows.photographs.score
from tasks.base.images import encode_png
from tasks.evaluation.chapters import CHAPTERS
from tasks.evaluation.symmetry import photograph
from tasks.symmetry import network
from tasks.symmetry.distances import distance_of_halves
sizes = {"input_size": 32, "width": 0.1, "embedding_dim": 2, "dropout": 0.1, "pooled_grid": 2}
made = network.build(network.Architecture(normalise_embedding=True, **sizes), None)
half = encode_png(np.zeros((32, 32, 3), np.uint8))
assert distance_of_halves(half, half, network.load_network(network.save_network(made, {})), threads=1) == 0
"""


@pytest.mark.parametrize(
    ("code", "slow"), [("import flows.cli", COMMAND), (SYMMETRY, SCORE | COMPILER)], ids=["command", "score"]
)
def test_slow_packages_are_not_imported(code: str, slow: set[str]) -> None:
    said = f"{code}\nimport sys\nprint(*sorted({slow!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", said], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert not done.stdout.split()
