"""The training: who is let in, that a resumed one ends with the same bytes, and that it learns to fill."""

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from flows import PROJECT
from tasks.base.images import encode_png
from tasks.base.training import TrainingError
from tasks.errors import InputError
from tasks.faces.cohort import split_of
from tasks.inpainting.network import training, weights
from tasks.params.inpainting import InpaintingTrain
from tasks.schemas.faces import ALIGNED
from tests.inpainting.test_photographs import face, shares_of

SIDE = 32


def settings(**changes: object) -> InpaintingTrain:
    network = {"width": 8, "halvings": 2, "blocks": 1, "dilation": 2, "mask_channel": True}
    own = yaml.safe_load((PROJECT / "params.yaml").read_text())["inpainting_train"] | {
        "threads": 1,
        "held_out": 0.2,
        "steps": 6,
        "batch_size": 2,
        "evaluate_every": 2,
    }
    own["network"] = network | {"gated": True, "landmarks": True, "spread": 1}
    losses = {"perceptual": 0.1, "style": 0.1, "variation": 0.1, "adversarial": 0.01}
    own["losses"] = own["losses"] | losses
    return InpaintingTrain.model_validate(own | changes)


def rows(count: int = 12, population: str = "control") -> list[dict[str, object]]:
    """Grey faces with a darker stripe: what surrounds a hidden part tells how light it is."""
    rng = np.random.default_rng(1)
    points = shares_of(face()) * SIDE - 0.5
    found: list[dict[str, object]] = []
    for number in range(count):
        picture = np.full((SIDE, SIDE, 3), rng.integers(40, 216), np.uint8)
        picture[12:20] //= 2
        found.append(
            {
                "image_id": f"{number:064x}",
                "subject_id": f"s{number}",
                "population": population,
                "picture": encode_png(picture),
                "to_original": [1.0, 0, 0, 0, 1, 0],
                "points": points.ravel().tolist(),
                "face_share": 0.5,
                "outside_share": 0.0,
            }
        )
    return found


def trained(
    own: InpaintingTrain, checkpoint: Path | None = None, stop: int | None = None, count: int = 12
) -> training.Trained:
    def watch(done: int, total: int) -> None:
        if done == stop:
            raise KeyboardInterrupt

    return training.train(
        *training.controls_of(ALIGNED.table(rows(count)), settings=own),
        settings=own,
        weights_folder=Path("none"),
        checkpoint=checkpoint,
        provenance={"stage": "test"},
        on_progress=watch,
    )


def test_a_patient_never_trains() -> None:
    with pytest.raises(InputError, match="controls alone train"):
        training.controls_of(ALIGNED.table([*rows(), rows(13, "repaired")[-1]]), settings=settings())


def test_too_few_controls_are_told() -> None:
    table = ALIGNED.table(rows(5))
    assert "8 are needed; add controls" in str(split_of(settings()).too_few(table))
    with pytest.raises(InputError, match="8 are needed"):
        training.controls_of(table, settings=settings())


@pytest.mark.parametrize("stop", [3, 4])
def test_a_training_that_was_killed_ends_with_the_same_bytes(tmp_path: Path, stop: int) -> None:
    whole = trained(settings())
    with pytest.raises(KeyboardInterrupt):
        trained(settings(), tmp_path / "checkpoint", stop)
    resumed = trained(settings(), tmp_path / "checkpoint")
    assert resumed.weights == whole.weights
    assert resumed.curves == whole.curves


def test_an_average_of_no_past_is_the_network_itself() -> None:
    """`average: 0`, as published."""
    own = settings(average=0.0, steps=2)
    learning = training.Learning(own, Path("none"), torch.device("cpu"))
    pictures, mask = torch.rand(2, 3, SIDE, SIDE), torch.zeros(2, 1, SIDE, SIDE)
    mask[:, :, 8:20, 8:20] = 1
    learning.step(pictures, mask, torch.full((2, 68, 2), 0.5), 0)
    for mean, weight in zip(learning.average.parameters(), learning.generator.parameters(), strict=True):
        torch.testing.assert_close(mean, weight, rtol=0, atol=1e-7)


def test_what_is_switched_off_is_not_there(tmp_path: Path) -> None:
    """Table IV's baseline: no landmark branch, plain convolutions."""
    plain = settings(network=dict(settings().network) | {"gated": False, "landmarks": False}, steps=2)
    found = trained(plain)
    (tmp_path / "network").write_bytes(found.weights)
    network, size = weights.load(tmp_path / "network")
    assert size == SIDE
    assert network.branch is None
    assert found.curves[-1]["landmarks"] is None


def test_it_learns_how_light_a_hidden_part_is() -> None:
    off = {"perceptual": 0, "style": 0, "variation": 0, "adversarial": 0}
    own = settings(
        losses=dict(settings().losses) | off, steps=200, batch_size=4, evaluate_every=50, learning_rate=0.002, average=0
    )
    curves = trained(own, count=40).curves
    assert curves[-1]["held_out"] < 0.5 * curves[0]["held_out"]  # type: ignore[operator]


def test_a_size_that_cannot_be_halved_is_told() -> None:
    deep = settings(network=dict(settings().network) | {"halvings": 4})
    few = ALIGNED.table(rows())
    controls, held_out = training.controls_of(few, settings=deep)
    odd = training.Controls(controls.pictures[..., :24, :24].contiguous(), controls.points)
    with pytest.raises(TrainingError, match="cannot be halved 4 times"):
        training.train(odd, held_out, settings=deep, weights_folder=Path("none"), checkpoint=None, provenance={})


def test_a_network_file_of_another_kind_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no network")
    with pytest.raises(weights.NetworkFileError, match="text: not a network that inpainting_train wrote"):
        weights.load(tmp_path / "text")
    with pytest.raises(weights.NetworkFileError, match="run the stage inpainting_train"):
        weights.load(tmp_path / "missing")
    found = trained(settings(steps=2)).weights
    (tmp_path / "other").write_bytes(found.replace(b'"width\\": 8', b'"width\\": 9'))
    with pytest.raises(weights.NetworkFileError, match="other: "):
        weights.load(tmp_path / "other")
