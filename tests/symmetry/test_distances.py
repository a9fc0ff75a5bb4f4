"""D of a photograph depends on that photograph alone."""

import copy
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pytest
import torch

from tasks.base import runtime
from tasks.base.training import TrainingError
from tasks.schemas.ingest import LIPS
from tasks.schemas.symmetry import PAIRS
from tasks.symmetry import distances
from tasks.symmetry.halves import paired
from tasks.symmetry.network import Architecture, SiameseNetwork, save_network

SIZE = 32


@pytest.fixture(scope="module")
def network() -> SiameseNetwork:
    """A network whose batch statistics are not the initial ones, so that halves differ in their embeddings."""
    torch.manual_seed(3)
    made = SiameseNetwork(
        Architecture(
            input_size=SIZE, width=0.25, embedding_dim=16, normalise_embedding=True, pooled_grid=1, dropout=0.2
        )
    )
    with torch.no_grad():
        for number in range(30):
            made(torch.from_numpy(pictures(8, number)).permute(0, 3, 1, 2) / 255)
    return made.eval()


def pictures(count: int, seed: int = 0) -> np.ndarray:
    """Patches of colour: fine noise would look the same to the network wherever it is."""
    patches = np.random.default_rng(seed).integers(0, 256, (count, 4, 4, 3), np.uint8)
    return patches.repeat(SIZE // 4, axis=1).repeat(SIZE // 4, axis=2)


def png(picture: np.ndarray) -> bytes:
    return cv2.imencode(".png", picture[..., ::-1])[1].tobytes()


def lips_row(name: str, left: np.ndarray | None, right: np.ndarray | None, reason: str | None = None) -> dict[str, Any]:
    halves = {"left": None if left is None else png(left), "right": None if right is None else png(right)}
    return {"image_id": name, "subject_id": f"subject {name}", "population": "control", "reason": reason, **halves}


def test_views_come_with_each_network_and_the_first_is_plain_d(network: SiameseNetwork) -> None:
    right, left = pictures(3, 1), pictures(3, 2)
    views = [(0.0, 0.0, 0.0), (0.05, 0.0, 0.0), (0.0, 2.0, 0.0)]
    found = distances.over_views([network, network], right, left, views=views, mirrored="left")
    plain = distances.between(distances.embedded(network, right), distances.embedded(network, left))
    assert found.shape == (6, 3)
    assert np.array_equal(found[0], plain)
    assert np.array_equal(found[:3], found[3:])
    assert (found[1:3] != plain).all()


def test_embedding_is_the_same_alone_in_company_and_in_any_order(network: SiameseNetwork) -> None:
    halves = pictures(distances.BATCH * 2 + 5)
    together = distances.embedded(network, halves)
    order = np.random.default_rng(1).permutation(len(halves))
    assert np.array_equal(distances.embedded(network, halves[order]), together[order])
    for place in (0, 31, 32, len(halves) - 1):
        assert np.array_equal(distances.embedded(network, halves[place : place + 1])[0], together[place])


def test_equal_halves_have_distance_zero(network: SiameseNetwork) -> None:
    half = pictures(1)[0]
    lips = LIPS.table([lips_row("a", half, half), lips_row("b", half, pictures(1, 5)[0])])
    found = distances.distances_of_lips(lips, network, threads=1)["distance"].to_pylist()
    assert found[0] == 0.0
    assert found[1] > 1e-5


def test_sides_may_be_exchanged(network: SiameseNetwork) -> None:
    a, b = pictures(2)
    lips = LIPS.table([lips_row("a", a, b), lips_row("b", b, a)])
    found = distances.distances_of_lips(lips, network, threads=1)["distance"].to_pylist()
    assert found[0] == found[1]


def test_a_refused_row_stays_refused_and_the_others_keep_their_distance(network: SiameseNetwork) -> None:
    halves = pictures(4)
    good = [lips_row("a", halves[0], halves[1]), lips_row("c", halves[2], halves[3])]
    refused = lips_row("b", None, None, "no face found")
    alone = distances.distances_of_lips(LIPS.table(good[:1]), network, threads=1)
    mixed = distances.distances_of_lips(LIPS.table([good[0], refused, good[1]]), network, threads=1)
    assert mixed["reason"].to_pylist() == [None, "no face found", None]
    assert mixed["distance"][1].as_py() is None
    assert mixed["distance"][0] == alone["distance"][0]


def test_no_rows_give_an_empty_table(network: SiameseNetwork) -> None:
    assert distances.distances_of_lips(LIPS.table([]), network, threads=1).num_rows == 0


def test_the_networks_mode_is_left_as_it_was(network: SiameseNetwork) -> None:
    network.train()
    first = distances.embedded(network, pictures(2))
    assert network.training
    assert np.array_equal(first, distances.embedded(network.eval(), pictures(2)))


def test_halves_of_another_size_are_refused(network: SiameseNetwork) -> None:
    with pytest.raises(ValueError, match="the network takes"):
        distances.embedded(network, np.zeros((1, 16, 16, 3), np.uint8))


def pairs_table(*rows: tuple[str, str, str]) -> pa.Table:
    return PAIRS.table(
        {"pair_id": name, "split": "train", "subject_id": "s", "population": "control", "label": 1, "kind": "k",
         "severity": 0.0, "left_from": left, "right_from": right}
        for name, left, right in rows
    )  # fmt: skip


def test_pairs_find_their_halves_in_any_part(network: SiameseNetwork) -> None:
    """The left half of one face with the right half of another, from two parts; each half is kept once."""
    halves = pictures(4)
    parts = [
        LIPS.table([lips_row("a", halves[0], halves[1])]),
        LIPS.table([lips_row("x", None, None, "no face"), lips_row("b", halves[2], halves[3])]),
    ]
    pairs = pairs_table(("aa", "a", "a"), ("ab", "a", "b"))
    found = paired(pairs, parts, size=SIZE, threads=2)
    assert len(found.halves) == 3
    assert np.array_equal(found.halves[found.left], halves[[0, 0]])
    assert np.array_equal(found.halves[found.right], halves[[1, 3]])
    table = distances.distances_of_pairs(pairs, parts, network, threads=1)
    with runtime.settled(threads=1, seed=0):  # as many threads: sums in float32 differ with them in the last bits
        expected = distances.between(*(distances.embedded(network, halves[i]) for i in ([0, 0], [1, 3])))
    assert table["distance"].to_pylist() == expected.tolist()


def test_a_network_that_gives_every_pair_the_same_distance_gives_no_results(network: SiameseNetwork) -> None:
    collapsed = copy.deepcopy(network)
    torch.nn.init.zeros_(collapsed.embedding.weight)
    halves = pictures(4)
    parts = [LIPS.table([lips_row("a", halves[0], halves[1]), lips_row("b", halves[2], halves[3])])]
    pairs = pairs_table(("aa", "a", "a"), ("ab", "a", "b"))
    with pytest.raises(TrainingError, match=r"all 2 pairs the same D \(0\).*lower symmetry_train\.learning_rate"):
        distances.distances_of_pairs(pairs, parts, collapsed, threads=1)


def test_frames_are_passed_over_and_one_photograph_alone_has_the_same_distance(
    network: SiameseNetwork, tmp_path: Path
) -> None:
    (tmp_path / "model").write_bytes(save_network(network, {}))
    left, right = pictures(2)
    frame = lips_row("f", left, right) | {"clip_id": "c", "frame_index": 3}
    lips = LIPS.table([frame, lips_row("a", left, right)])
    table = distances.distances_of_photographs(lips, model=tmp_path / "model", threads=1)
    assert table["image_id"].to_pylist() == ["a"]
    alone = distances.distance_of_halves(png(left), png(right), network, threads=1)
    assert table["distance"].to_pylist() == [alone]


def test_a_model_file_that_changed_is_opened_again(network: SiameseNetwork, tmp_path: Path) -> None:
    lips = LIPS.table([lips_row("a", *pictures(2))])
    path = tmp_path / "model"
    path.write_bytes(save_network(network, {}))
    before = distances.distances_of_photographs(lips, model=path, threads=1)
    other = copy.deepcopy(network)
    torch.nn.init.normal_(other.embedding.weight)
    path.write_bytes(save_network(other, {}))
    assert distances.distances_of_photographs(lips, model=path, threads=1)["distance"] != before["distance"]
