"""A photograph's D by a small network, with its interval over crops and light."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tasks.evaluation.photograph import Photograph
from tasks.evaluation.symmetry.names import called
from tasks.evaluation.symmetry.photograph import NO_NETWORK, NOT_COMPARED, Model, SymmetryReader, open_reader
from tasks.evaluation.symmetry.reading import Distance
from tasks.ingest.faces.lips import crop_lips
from tasks.params.evaluation import Score
from tasks.params.ingest import IngestLips
from tasks.phantoms.identity import identity
from tasks.phantoms.motion import FRONTAL
from tasks.phantoms.render import render
from tasks.phantoms.shape import NEUTRAL, NO_CLEFT
from tasks.symmetry.network import Architecture, SiameseNetwork
from tests.evaluation.trials import trial

SIZE = 32
CUT = IngestLips(
    half_size=SIZE, margin_above=0.2, margin_below=0.12, margin_side=0.1, level_by_nose=0,
    split_by_nose=0, least_half=0, mirrored_half="left",
    erosion_kernel=1,
)  # fmt: skip
WORDS = Score(clear=0.05, views=[(0.05, 0, 0), (0, 2, 0), (0, 0, 0.2)], reach=2, most_spread=1000, most_unlike=2)


@pytest.fixture(scope="module")
def photograph() -> Photograph:
    face = render(identity(5), size=200, expression=NEUTRAL, pose=FRONTAL, cleft=NO_CLEFT, frame=0)
    return Photograph("ab" * 32, face.image, face.landmarks, crop_lips(face.image, face.landmarks, settings=CUT))


@pytest.fixture(scope="module")
def model() -> Model:
    torch.manual_seed(2)
    small = Architecture(
        input_size=SIZE, width=0.25, embedding_dim=16, normalise_embedding=True, pooled_grid=1, dropout=0
    )
    network = SiameseNetwork(small)
    for _ in range(20):  # statistics of batches other than the initial ones
        network(torch.rand(8, 3, 4, 4).repeat_interleave(SIZE // 4, 2).repeat_interleave(SIZE // 4, 3))
    nothing = np.empty(0)
    return Model(network.eval(), Distance("clp", 0.0, 0.5, None, nothing, nothing, nothing, trial()))


def read(model: Model, photograph: Photograph, **words: object) -> Any:
    reader = SymmetryReader((model,), 1, WORDS.model_copy(update=words), "left")
    return reader.read(photograph, lambda _: None).record["clp"]


def test_d_stays_as_it_was_and_its_interval_lies_around_it(model: Model, photograph: Photograph) -> None:
    plain, seen = read(model, photograph, views=[]), read(model, photograph)
    assert plain["interval"] is None
    assert seen["distance"] == plain["distance"]
    low, high = seen["interval"]
    assert 0 <= low < seen["distance"] < high
    narrow = read(model, photograph, reach=1)["interval"]
    assert narrow[1] - narrow[0] < high - low


def test_a_d_that_crop_and_light_change_much_is_unreliable(model: Model, photograph: Photograph) -> None:
    assert read(model, photograph)["doubt"] is None
    assert "pose or light" in read(model, photograph, most_spread=1e-6)["doubt"]


def test_in_the_middle_of_a_run_the_trained_networks_are_named(tmp_path: Path) -> None:
    (tmp_path / "data/reports").mkdir(parents=True)
    (tmp_path / "data/reports/metrics.json").write_text("{}")
    assert open_reader(tmp_path) == NO_NETWORK
    made = tmp_path / "data/symmetry/clp/model/model.safetensors"
    made.parent.mkdir(parents=True)
    made.touch()
    assert open_reader(tmp_path) == f"{called('clp')}: {NOT_COMPARED}"
