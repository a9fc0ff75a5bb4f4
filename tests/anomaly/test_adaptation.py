from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch

from tasks.anomaly import adaptation
from tasks.anomaly.adaptation import Kept, adapt, adapt_photographs, kept_steps
from tasks.anomaly.checkpoints import save_generator
from tasks.base.images import encode_png
from tasks.faces import pictures
from tasks.params.anomaly import AnomalyAdapt, FaceLoss
from tasks.schemas.anomaly import (
    INVERSIONS,
)
from tasks.schemas.faces import ALIGNED
from tests.anomaly import small_inversion as small
from tests.anomaly.small_inversion import drawn, small_inversion

SETTINGS = AnomalyAdapt(
    threads=1, together=3, iterations=5, until=12, keep_every=4, learning_rate=0.01,
    loss=FaceLoss(lpips=1, l2=1, l1=0, ssim=0),
    precision="float32",
)  # fmt: skip


def settings(**changes: Any) -> AnomalyAdapt:
    return AnomalyAdapt.model_validate(SETTINGS.model_dump() | changes)


@pytest.fixture(scope="module")
def inverted() -> Sequence[torch.Tensor]:
    """Mirrored faces, their inversions' w, noise and pictures."""
    targets = drawn(3).flip(3)
    faces = small_inversion(targets, ["a", "b", "c"])
    return targets, *(torch.stack([getattr(face, part) for face in faces]) for part in ("w", "noise", "picture"))


def small_adaptation(targets: Any, w: Any, noises: Any, **changes: Any) -> list[list[Kept]]:
    generator, perceptual = small.networks()
    return adapt(targets, w, noises, generator, perceptual, settings=settings(**changes), on_progress=None)


@pytest.fixture(scope="module")
def three(inverted: Sequence[torch.Tensor]) -> list[list[Kept]]:
    return small_adaptation(*inverted[:3])


def same(one: list[Kept], other: list[Kept]) -> bool:
    pairs = list(zip(one, other, strict=True))
    return all((a.step, a.loss) == (b.step, b.loss) and torch.equal(a.picture, b.picture) for a, b in pairs)


def test_the_steps_asked_for_are_kept() -> None:
    assert kept_steps(SETTINGS) == [0, 4, 5, 8, 12]
    assert kept_steps(settings(iterations=8)) == [0, 4, 8, 12]
    assert kept_steps(settings(iterations=50, until=10)) == [0, 4, 8, 50]


def test_the_generator_comes_nearer_to_every_face(three: list[list[Kept]]) -> None:
    for face in three:
        assert [kept.step for kept in face] == [0, 4, 5, 8, 12]
        losses = [kept.loss for kept in face]
        assert losses[1] < losses[0] / 2
        assert losses[-1] < losses[0] / 2


def test_the_loss_is_lpips_and_l2_of_the_picture_beside_it(
    three: list[list[Kept]], inverted: Sequence[torch.Tensor]
) -> None:
    _, perceptual = small.networks()
    for face, target in zip(three, inverted[0], strict=True):
        for kept in (face[0], face[2], face[-1]):
            picture = kept.picture[None]
            lpips = perceptual.distance(perceptual.features(picture), perceptual.features(target[None]))
            l2 = (picture - target).square().mean()
            assert kept.loss == pytest.approx(float(lpips + l2), rel=1e-4)


def test_it_starts_from_the_inversions_picture(three: list[list[Kept]], inverted: Sequence[torch.Tensor]) -> None:
    for face, picture in zip(three, inverted[3], strict=True):
        assert (face[0].picture - picture).abs().max() < 1e-4


def test_the_generator_given_is_left_as_it_is(
    inverted: Sequence[torch.Tensor],
) -> None:
    generator, _ = small.networks()
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    small_adaptation(*inverted[:3])
    assert all(torch.equal(value, before[name]) for name, value in generator.state_dict().items())
    assert not any(parameter.requires_grad for parameter in generator.parameters())


def test_a_step_is_that_of_plain_adam_over_a_copy(inverted: Sequence[torch.Tensor], three: list[list[Kept]]) -> None:
    """One face, an ordinary copy of the generator, torch's Adam over all but the mapping."""
    targets, w, noises, _ = inverted
    generator, perceptual = small.networks()
    with torch.random.fork_rng():
        copy = type(generator)(generator.architecture)
    copy.load_state_dict(generator.state_dict())
    fitted = [value for name, value in copy.named_parameters() if not name.startswith("mapper")]
    optimiser = torch.optim.Adam(fitted, lr=0.01)
    sides = generator.architecture.noise_sides
    parts = torch.split_with_sizes(noises[0], [side * side for side in sides])
    maps = [part.view(1, 1, side, side) for part, side in zip(parts, sides, strict=True)]
    for _ in range(4):
        picture = copy.synthesise(w[:1, None].expand(-1, copy.num_ws, -1), maps)
        lpips = perceptual.distance(perceptual.features(picture), perceptual.features(targets[:1]))
        optimiser.zero_grad()
        torch.autograd.backward(lpips.sum() + (picture - targets[:1]).square().mean())
        optimiser.step()
    again = copy.synthesise(w[:1, None].expand(-1, copy.num_ws, -1), maps)[0]
    assert (again - three[0][1].picture).abs().max() < 1e-2  # Adam makes much of the sign of tiny gradients
    assert (again - three[0][1].picture).abs().mean() < 1e-4


def test_a_face_is_the_same_bytes_whoever_shares_its_batch(
    inverted: Sequence[torch.Tensor], three: list[list[Kept]]
) -> None:
    alone = small_adaptation(*(part[1:2] for part in inverted[:3]))
    last = small_adaptation(*(part[[2, 0, 0, 1]] for part in inverted[:3]))  # a batch and one more face
    assert same(alone[0], three[1])
    assert same(last[3], three[1])
    assert same(last[0], three[2])


def test_a_face_whose_loss_is_no_number_disturbs_no_other(
    inverted: Sequence[torch.Tensor], three: list[list[Kept]]
) -> None:
    targets = inverted[0].clone()
    targets[1] = torch.nan
    found = small_adaptation(targets, *inverted[1:3])
    assert found[1] == []
    assert same(found[0], three[0])
    assert same(found[2], three[2])


def test_weights_of_the_losses_count(inverted: Sequence[torch.Tensor]) -> None:
    only_pixels = small_adaptation(*inverted[:3], loss=FaceLoss(lpips=0, l2=1, l1=0, ssim=0))[0]
    difference = (only_pixels[-1].picture - inverted[0][0]).square().mean()
    assert only_pixels[-1].loss == pytest.approx(float(difference), rel=1e-4)


def test_w_plus_is_adapted_too(inverted: Sequence[torch.Tensor]) -> None:
    wide = small_adaptation(inverted[0], inverted[1].repeat(1, 8), inverted[2])
    narrow = small_adaptation(*inverted[:3])
    assert (wide[0][0].picture - narrow[0][0].picture).abs().max() < 1e-5


def tables(inverted: Sequence[torch.Tensor]) -> tuple[pa.Table, pa.Table]:
    targets, w, noises, found = inverted
    rows, inversions = [], []
    for place, target in enumerate(targets):
        image = np.rint((target.permute(1, 2, 0).numpy() + 1) * 127.5).astype(np.uint8)
        name = {"image_id": f"i{place}", "subject_id": f"s{place}"}
        points = {"to_original": [1, 0, 0, 0, 1, 0], "points": [0.0] * 136}
        rows.append(name | points | {"population": "repaired", "picture": encode_png(image)})
        latent = {"w": w[place].numpy(), "noise": noises[place].numpy(), "curve": [1.0, 0.5], "start": 0}
        inversions.append(name | latent | {"picture": pictures.encode(found[place])})
    refused = {"image_id": "y", "subject_id": "s", "reason": "no face found"}
    return ALIGNED.table([refused | {"population": "control"}, *rows]), INVERSIONS.table([refused, *inversions])


def test_photographs_become_rows_and_refused_ones_pass_through(
    inverted: Sequence[torch.Tensor], tmp_path: Path
) -> None:
    path = tmp_path / "generator.safetensors"
    path.write_bytes(save_generator(small.networks()[0], provenance={}))
    seen: list[tuple[int, int]] = []
    table = adapt_photographs(
        *tables(inverted), generator=path, weights="nowhere", settings=SETTINGS, perceptual=small.PERCEPTUAL,
        on_progress=lambda *where: seen.append(where),
    )  # fmt: skip
    refused, *rows = table.to_pylist()
    assert (refused["step"], refused["reason"], refused["picture"]) == (0, "no face found", None)
    assert [(row["image_id"], row["step"]) for row in rows] == [
        (f"i{face}", step) for face in range(3) for step in (0, 4, 5, 8, 12)
    ]
    assert rows[0]["picture"] == pictures.encode(inverted[3][0]), "step 0 is the inversion's own picture"
    assert rows[4]["loss"] < rows[0]["loss"]
    assert rows[4]["picture"] != rows[3]["picture"]
    assert seen[-1] == (12, 12)


def test_a_loss_that_is_no_number_is_a_row_with_a_reason(
    inverted: Sequence[torch.Tensor],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    path = tmp_path / "generator.safetensors"
    path.write_bytes(save_generator(small.networks()[0], provenance={}))
    broken = [part.clone() for part in inverted]
    broken[1][2] = 1e30
    table = adapt_photographs(
        *tables(broken), generator=path, weights="nowhere", settings=SETTINGS, perceptual=small.PERCEPTUAL
    )
    last = table.to_pylist()[-1]
    assert (last["image_id"], last["step"], last["picture"]) == ("i2", 0, None)
    assert last["reason"] == "adaptation: the loss was no number; lower anomaly_adapt.learning_rate"
    assert table.num_rows == 1 + 2 * 5 + 1


def test_only_refused_photographs_open_no_generator() -> None:
    row = {"image_id": "y", "subject_id": "s", "reason": "no face found"}
    table = adapt_photographs(
        ALIGNED.table([row | {"population": "control"}]), INVERSIONS.table([row]), generator=Path("nowhere"),
        weights="nowhere", settings=SETTINGS, perceptual=small.PERCEPTUAL,
    )  # fmt: skip
    assert table["reason"].to_pylist() == ["no face found"]


def test_no_parameter_of_the_mapping_is_fitted() -> None:
    generator, _ = small.networks()
    fitted = [name for name, _ in generator.named_parameters() if not name.startswith(adaptation.FROZEN)]
    assert fitted
    assert not any("mapper" in name for name in fitted)
    assert "constant" in fitted
