import struct
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from tasks.evaluation.comparison import Evaluation
from tasks.pages import figures

RNG = np.random.default_rng(1)
D = RNG.uniform(size=40)


def drawn(evaluation: Evaluation) -> dict[str, Callable[[], bytes]]:
    curves = pd.DataFrame({"step": [0, 50, 100], "train_loss": [0.3, 0.1, 0.05], "validation_loss": [0.3, 0.2, 0.1]})
    return {
        "scatter": lambda: figures.scatter(D, D + 1, D * 2, threshold=0.8, most=20),
        "rating": lambda: figures.distance_by_rating(D, 1 + 4 * D, role="all", scale="CARS", grades=5),
        "curves": lambda: figures.training_curves(curves),
        "raters": lambda: figures.rater_agreement(evaluation.metrics["raters"]["raters"]),
    }


def chunks(png: bytes) -> list[bytes]:
    found, at = [], 8
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        found.append(png[at + 4 : at + 8])
        at += size + 12
    return found


@pytest.mark.parametrize("name", ["scatter", "rating", "curves", "raters"])
def test_same_input_same_bytes_and_nothing_but_pixels(name: str, evaluation: Evaluation) -> None:
    draw = drawn(evaluation)[name]
    png = draw()
    assert png == draw()
    assert set(chunks(png)) <= {b"IHDR", b"pHYs", b"IDAT", b"IEND"}


def test_a_users_matplotlib_settings_change_nothing(evaluation: Evaluation) -> None:
    import matplotlib as mpl

    draw = drawn(evaluation)["scatter"]
    png = draw()
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "black"}):
        assert draw() == png


def test_empty_groups_can_be_drawn() -> None:
    empty = np.array([])
    assert figures.scatter(empty, empty, empty, threshold=None, most=5)
    assert figures.distance_by_rating(empty, empty, role="all", scale="CARS", grades=5)


def test_large_groups_are_thinned_evenly() -> None:
    assert figures._thinned(np.arange(1001.0), 11).tolist() == list(range(0, 1001, 100))
    assert figures._thinned(np.arange(3.0), 11).tolist() == [0, 1, 2]
