import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch

from tasks.anomaly.checkpoints import GeneratorError, save_generator
from tasks.anomaly.inversion import Inversion, invert, invert_photographs
from tasks.base import runtime
from tasks.base.images import encode_png
from tasks.faces import pictures
from tasks.faces.perceptual import Perceptual
from tasks.schemas.faces import ALIGNED
from tests.anomaly import small_inversion as small
from tests.anomaly.small_inversion import drawn, small_inversion
from tests.ready import python

PARTS = ("w", "noise", "picture", "curve")


def held(face: Inversion, part: str) -> torch.Tensor:
    """One of the `PARTS` of a face that was found."""
    value = getattr(face, part)
    assert isinstance(value, torch.Tensor)
    return value


def same(one: Inversion, other: Inversion) -> bool:
    return all(torch.equal(held(one, part), held(other, part)) for part in PARTS)


@pytest.fixture(scope="module")
def three() -> list[Inversion]:
    return small_inversion(drawn(3), ["a", "b", "c"])


def test_a_face_that_the_generator_drew_is_found_again() -> None:
    [face] = small_inversion(drawn(1), ["a"], together=1, iterations=150, curve_points=16)
    curve = held(face, "curve")
    assert curve[-1] < curve[0] / 4
    start = small.middle().mean
    generator, _ = small.networks()
    z = torch.randn(1, 16, generator=torch.Generator().manual_seed(1))
    truth = generator.mapping(z)[0, 0]
    assert (held(face, "w") - truth).norm() < 0.75 * (start - truth).norm()
    assert (held(face, "picture").clamp(-1, 1) - drawn(1)[0]).square().mean() < 0.05


def test_w_plus_searches_a_latent_a_style_and_comes_nearer() -> None:
    target = drawn(1).flip(3)  # a mirror image: nothing that one w can draw
    one, many = (small_inversion(target, ["a"], together=1, iterations=60, space=space)[0] for space in ("w", "w_plus"))
    assert held(one, "w").shape == (16,)
    assert held(many, "w").shape == (16 * 8,)
    assert held(many, "curve")[-1] < held(one, "curve")[-1]
    styles = held(many, "w").view(8, 16)
    assert not torch.equal(styles[0], styles[1])


def test_noise_maps_stay_noise(three: list[Inversion]) -> None:
    generator, _ = small.networks()
    sides = generator.architecture.noise_sides
    for face in three:
        maps = torch.split_with_sizes(held(face, "noise"), [side * side for side in sides])
        for own in maps:
            assert abs(own.mean()) < 1e-4
            assert abs(own.square().mean() - 1) < 1e-3


def test_the_picture_is_what_latent_and_noise_draw(three: list[Inversion]) -> None:
    generator, _ = small.networks()
    for face in three:
        sides = generator.architecture.noise_sides
        parts = torch.split_with_sizes(held(face, "noise"), [side * side for side in sides])
        maps = [part.view(1, 1, side, side) for part, side in zip(parts, sides, strict=True)]
        again = generator.synthesise(held(face, "w").expand(1, generator.num_ws, -1), maps)[0]
        assert (again - held(face, "picture")).abs().max() < 1e-5


def test_a_face_is_the_same_bytes_whoever_shares_its_batch(three: list[Inversion]) -> None:
    targets = drawn(3)
    alone = small_inversion(targets[1:2], ["b"])[0]
    last = small_inversion(targets[[2, 1]], ["c", "b"])[1]
    assert same(alone, three[1])
    assert same(last, three[1])


def test_a_faces_randomness_hangs_on_its_name(three: list[Inversion]) -> None:
    renamed = small_inversion(drawn(1), ["z"])[0]
    assert not torch.equal(held(renamed, "noise"), held(three[0], "noise"))


@pytest.mark.parametrize("step", [5, 11])
def test_what_stopped_midway_goes_on_with_the_same_bytes(three: list[Inversion], tmp_path: Path, step: int) -> None:
    class Stopped(Exception):
        pass

    def stop(done: int, total: int) -> None:
        assert total == 12
        if done == step:
            raise Stopped

    steps: list[int] = []
    with pytest.raises(Stopped):
        small_inversion(drawn(3), ["a", "b", "c"], checkpoint=tmp_path / "c.pt", on_progress=stop)
    again = small_inversion(
        drawn(3), ["a", "b", "c"], checkpoint=tmp_path / "c.pt", on_progress=lambda done, _: steps.append(done)
    )
    assert steps[0] == step // 4 * 4 + 1, "it started anew, or lost more than `checkpoint_every` iterations"
    assert all(same(one, other) for one, other in zip(again, three, strict=True))


def test_a_killed_inversion_goes_on_with_the_same_bytes(three: list[Inversion], tmp_path: Path) -> None:
    """kill -9 while it iterates; the second process goes on and writes the same."""
    kept, out = tmp_path / "c.pt", tmp_path / "out.pt"
    process = python("-m", "tests.anomaly.small_inversion", str(kept), "0.3", str(out))
    try:
        until = time.monotonic() + 120
        while not kept.exists():
            assert process.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < until
            time.sleep(0.05)
        process.kill()
        assert process.wait() == -signal.SIGKILL
    finally:
        process.kill()
        process.wait()
    assert not out.exists()
    steps: list[int] = []
    again = small_inversion(drawn(2), ["a", "b"], checkpoint=kept, on_progress=lambda done, _: steps.append(done))
    assert steps[0] > 1
    assert same(again[0], three[0])
    assert same(again[1], three[1])


def test_a_checkpoint_of_other_faces_is_not_used(three: list[Inversion], tmp_path: Path) -> None:
    small_inversion(drawn(3).flip(3), ["a", "b", "c"], checkpoint=tmp_path / "c.pt")
    again = small_inversion(drawn(3), ["a", "b", "c"], checkpoint=tmp_path / "c.pt")
    assert all(same(one, other) for one, other in zip(again, three, strict=True))


class Stumbling(Perceptual):
    """LPIPS that is no number for one row of the batch, at one call."""

    call, row = -1, 0

    def distance(self, a: Any, b: Any) -> Any:
        self.call += 1
        found = super().distance(a, b)
        return found * torch.where((torch.arange(len(found)) == self.row) & (self.call == 3), torch.nan, 1.0)


def stumbling() -> Stumbling:
    perceptual = small.networks()[1]
    copy = Stumbling.__new__(Stumbling)
    copy.__dict__ = perceptual.__dict__ | {"call": -1, "row": 1}
    return copy


def test_a_loss_that_is_no_number_starts_that_face_again_and_no_other(three: list[Inversion]) -> None:
    generator, _ = small.networks()
    found = invert(
        drawn(3), ["a", "b", "c"], generator, stumbling(), latent=small.middle(), settings=small.SETTINGS,
        checkpoint=None, on_progress=None,
    )  # fmt: skip
    assert [face.start for face in found] == [0, 1, 0]
    assert same(found[0], three[0])
    assert same(found[2], three[2])
    curve = held(found[1], "curve")
    assert curve[-1] < curve[0]
    assert not torch.equal(held(found[1], "w"), held(three[1], "w"))


def test_a_second_start_that_is_killed_goes_on(tmp_path: Path) -> None:
    generator, _ = small.networks()
    wanted: dict[str, Any] = {
        "generator": generator, "latent": small.middle(), "settings": small.SETTINGS, "checkpoint": tmp_path / "c.pt"
    }  # fmt: skip
    seen: list[int] = []

    def stop(done: int, _: int) -> None:
        seen.append(done)
        if len(seen) == 12 + 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        invert(drawn(2), ["a", "b"], perceptual=stumbling(), on_progress=stop, **wanted)
    whole = invert(drawn(2), ["a", "b"], perceptual=stumbling(), on_progress=None, **wanted | {"checkpoint": None})
    again = invert(drawn(2), ["a", "b"], perceptual=small.networks()[1], on_progress=None, **wanted)
    assert [face.start for face in again] == [0, 1]
    assert all(same(one, other) for one, other in zip(again, whole, strict=True))


def test_after_all_starts_a_face_is_refused_with_a_reason(three: list[Inversion]) -> None:
    targets = drawn(3)
    targets[1] = torch.nan
    found = small_inversion(targets, ["a", "b", "c"])
    assert found[1] == Inversion(reason="the loss was no number in any of 2 starts; lower anomaly_invert.learning_rate")
    assert same(found[0], three[0])
    assert same(found[2], three[2])


def test_too_many_or_wrong_pictures_are_an_error() -> None:
    with pytest.raises(ValueError, match="3 of"):
        small_inversion(drawn(4), ["a", "b", "c", "d"])
    with pytest.raises(ValueError, match="32, 32"):
        small_inversion(torch.zeros(1, 3, 16, 16), ["a"])


def test_the_mean_latents_spread_is_the_projectors() -> None:
    generator, _ = small.networks()
    z = torch.randn(200, 16, generator=runtime.generator(5, "mean latent"))
    w = generator.mapping(z)[:, 0].numpy().astype(float)
    found = small.middle()
    assert np.allclose(found.mean.numpy(), w.mean(0), atol=1e-6)
    assert found.spread == pytest.approx((np.sum((w - w.mean(0)) ** 2) / 200) ** 0.5, rel=1e-6)


@pytest.fixture(scope="module")
def generator_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("generator") / "generator.safetensors"
    path.write_bytes(save_generator(small.networks()[0], provenance={}))
    return path


def aligned(count: int, size: int = 32) -> pa.Table:
    """`count` faces that the generator drew, between refused ones."""
    rows: list[dict[str, Any]] = [
        {"image_id": "y", "subject_id": "s", "population": "control", "reason": "no face found"}
    ]
    for place, picture in enumerate(drawn(count)):
        image = np.rint((picture.permute(1, 2, 0).numpy() + 1) * 127.5).astype(np.uint8)[:size, :size]
        name = {"image_id": f"i{place}", "subject_id": f"s{place}", "population": "repaired"}
        rows.append(name | {"picture": encode_png(image), "to_original": [1, 0, 0, 0, 1, 0], "points": [0.0] * 136})
    return ALIGNED.table(rows)


def test_photographs_become_rows_and_refused_ones_pass_through(generator_file: Path) -> None:
    table = invert_photographs(
        aligned(2), generator=generator_file, weights="nowhere", settings=small.SETTINGS, perceptual=small.PERCEPTUAL,
        checkpoint=None,
    )  # fmt: skip
    refused, one, two = table.to_pylist()
    assert refused["reason"] == "no face found"
    assert refused["picture"] is refused["w"] is None
    assert (one["image_id"], one["subject_id"], one["start"], one["reason"]) == ("i0", "s0", 0, None)
    assert len(one["w"]) == 16
    assert len(one["noise"]) == 16 + 2 * (64 + 256 + 1024)
    assert len(one["curve"]) == 4
    assert pictures.decode(two["picture"]).shape == (32, 32, 3)
    assert one["picture"] != two["picture"]


def test_no_photograph_opens_no_generator() -> None:
    table = invert_photographs(
        aligned(0), generator=Path("nowhere"), weights="nowhere", settings=small.SETTINGS,
        perceptual=small.PERCEPTUAL, checkpoint=None,
    )  # fmt: skip
    assert table["reason"].to_pylist() == ["no face found"]


def test_a_generator_of_another_size_is_refused(generator_file: Path) -> None:
    with pytest.raises(GeneratorError, match="32"):
        invert_photographs(
            aligned(1, size=16), generator=generator_file, weights="nowhere", settings=small.SETTINGS,
            perceptual=small.PERCEPTUAL, checkpoint=None,
        )  # fmt: skip
