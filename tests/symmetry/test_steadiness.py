"""How much other crops and light change a photograph's D: the report's number is the one that `score` finds."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tasks.schemas.ingest import LIPS
from tasks.symmetry import steadiness
from tasks.symmetry.distances import distances_of_photographs, in_views
from tasks.symmetry.network import Architecture, SiameseNetwork, load_network, save_network
from tasks.symmetry.steadiness import Seen, steadiness_of_photographs
from tasks.symmetry.views import interval
from tests.symmetry.test_distances import SIZE, lips_row, pictures, png

SEEN = Seen(views=[(0.05, 0, 0), (0, 2, 0), (0, 0, 0.2)], mirrored="left")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(3)
    small = Architecture(
        input_size=SIZE, width=0.25, embedding_dim=16, normalise_embedding=True, pooled_grid=1, dropout=0
    )
    network = SiameseNetwork(small)
    with torch.no_grad():
        for number in range(20):
            network(torch.from_numpy(pictures(8, number)).permute(0, 3, 1, 2) / 255)
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    path.write_bytes(save_network(network.eval(), {}))
    return path


def test_a_photographs_change_is_what_score_takes_for_half_of_its_interval(model: Path) -> None:
    left, right = pictures(2)
    (row,) = steadiness_of_photographs(
        LIPS.table([lips_row("a", left, right)]), model=model, seen=SEEN, threads=1
    ).to_pylist()
    over = in_views(png(left), png(right), load_network(model), views=SEEN.views, mirrored="left", threads=1)
    high = interval([row["distance"], *over], reach=2)[1]
    assert 2 * row["change"] == pytest.approx(high - row["distance"], rel=1e-6)
    assert row["change"] > 0


def test_it_depends_on_that_photograph_alone(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [lips_row(f"i{n}", *pictures(2, n)) for n in range(5)]
    monkeypatch.setattr(steadiness, "TOGETHER", 2)
    together = steadiness_of_photographs(LIPS.table(rows), model=model, seen=SEEN, threads=1).to_pylist()
    for row, found in zip(rows, together, strict=True):
        assert steadiness_of_photographs(LIPS.table([row]), model=model, seen=SEEN, threads=1).to_pylist() == [found]


def test_d_stays_as_it_was_and_refused_photographs_and_frames_have_no_change(model: Path) -> None:
    left, right = pictures(2)
    lips = LIPS.table(
        [
            lips_row("a", left, right),
            lips_row("b", None, None, "no face was found"),
            lips_row("f", left, right) | {"clip_id": "c", "frame_index": 3},
        ]
    )
    found = steadiness_of_photographs(lips, model=model, seen=SEEN, threads=1)
    plain = distances_of_photographs(lips, model=model, threads=1)
    assert found.drop(["change"]).equals(plain.drop(["change"]))
    assert [value is None for value in found["change"].to_pylist()] == [False, True]
    none = steadiness_of_photographs(lips, model=model, seen=Seen(views=[], mirrored="left"), threads=1)
    assert none["change"].to_pylist() == [None, None]


def test_equal_halves_that_turn_alike_do_not_change(model: Path) -> None:
    half = pictures(1)[0]
    still = Seen(views=[(0, 0, 0)], mirrored="left")
    lips = LIPS.table([lips_row("a", half, half)])
    assert np.array_equal(steadiness_of_photographs(lips, model=model, seen=still, threads=1)["change"], [0.0])
