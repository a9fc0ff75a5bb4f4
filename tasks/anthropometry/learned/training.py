"""Training of the network that names findings, its calibration, and how it does on people held out.

In: cropped faces with labels, by split. Out: the network as safetensors bytes, and its figures. Each label has its own
temperature, fitted on people who trained nothing; figures are of a third group of people. A label counts only where
enough people of the training have it, and enough have it not. A killed training goes on from its checkpoint and ends
with the same bytes. Never sees a patient (tasks.anthropometry.learned.own, .labels).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch.nn.functional import binary_cross_entropy_with_logits

from tasks.anthropometry.learned.network import Architecture, FindingsNetwork, build, logits_of, save, stacked
from tasks.base import checkpoints, runtime
from tasks.base.schedules import cosine_fall
from tasks.base.training import Losses, Progress, TrainingError, bytes_of, key_of, set_rate, steps
from tasks.params.anthropometry import LearnedFindings

LOWER = "learned_findings.learning_rate"
KEEP_EVERY = 50
SETTLED_BY, TOGETHER = 1024, 32
"""Faces by which a finished network's running means are taken, and how many at a time."""
TEMPERATURES = np.geomspace(0.5, 8, 61)
NEVER_SURE = 1e-6
"""A probability is never closer to 0 or 1 than this where its loss is taken."""


@dataclass(frozen=True)
class Face:
    """A cropped face and what is known of it. `judged`: by a person, not by a rule."""

    subject: str
    split: str  # train, calibrate, test
    picture: np.ndarray  # (S, S, 3) uint8 RGB
    labels: Mapping[str, bool]
    judged: bool = False
    control: bool = True


def labels_of(faces: Sequence[Face], least: int) -> tuple[str, ...]:
    """The labels that at least so many people of the training have, and as many have not. TrainingError: none."""
    people: dict[tuple[str, bool], set[str]] = {}
    for face in faces:
        if face.split == "train":
            for name, value in face.labels.items():
                people.setdefault((name, value), set()).add(face.subject)
    names = sorted({name for name, _ in people})
    found = tuple(name for name in names if all(len(people.get((name, own), ())) >= least for own in (True, False)))
    if not found:
        most = max((min(len(people.get((name, own), ())) for own in (True, False)) for name in names), default=0)
        raise TrainingError(
            f"nothing to learn: no finding that {least} people of the training have and {least} have not "
            f"(learned_findings.least_people; the nearest has {most})"
        )
    return found


def train(
    faces: Sequence[Face],
    *,
    settings: LearnedFindings,
    imagenet: Path | None,
    checkpoint: Path | None,
    provenance: Mapping[str, Any],
    on_progress: Progress | None = None,
) -> bytes:
    """The calibrated network. TrainingError: nothing to learn, or it diverged. WeightsError: see `imagenet`'s file.

    `imagenet`: a MobileNetV2 as torchvision saves it; None: from scratch.
    """
    if any(face.split != "test" and not face.control for face in faces):
        raise TrainingError("a patient's photograph is among those that train (law 7)")
    names = labels_of(faces, settings.least_people)
    architecture = Architecture(labels=names, input_size=settings.input_size, width=settings.width)
    learning = [face for face in faces if face.split == "train" and set(names) & set(face.labels)]
    truth = _truth(learning, names)
    with runtime.settled(threads=settings.threads, seed=runtime.seed_of(settings.seed, "weights")):
        network = build(architecture, settings.dropout, imagenet).to(runtime.device())
        _fit(network, learning, truth, settings, checkpoint, imagenet, on_progress)
        _settle_means(network, learning)
        calibrating = [face for face in faces if face.split == "calibrate"]
        own = logits_of(network, [face.picture for face in calibrating])
        found = _temperatures(own, _truth(calibrating, names))
        network.temperature.copy_(torch.from_numpy(found))
    return save(network, provenance)


def _fit(
    network: FindingsNetwork,
    faces: Sequence[Face],
    truth: np.ndarray,
    settings: LearnedFindings,
    checkpoint: Path | None,
    imagenet: Path | None,
    on_progress: Progress | None,
) -> None:
    optimiser = torch.optim.AdamW(network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    start = imagenet.name if imagenet else "scratch"
    key = key_of(__name__, settings, start, bytes_of([truth, *(face.picture for face in faces)])) if checkpoint else ""
    losses = Losses(LOWER)
    first = 0
    if state := checkpoints.read(checkpoint, key):
        network.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
        first = state["step"]

    def keep(step: int) -> None:
        losses.check_weights(network.state_dict(), step)
        state = {"network": network.state_dict(), "optimiser": optimiser.state_dict(), "step": step}
        checkpoints.write(checkpoint, key, state)

    network.train()
    size, total = min(settings.batch_size, len(faces)), settings.steps
    for step in steps(first, total, losses=losses, every=KEEP_EVERY, keep=keep, on_progress=on_progress):
        set_rate(optimiser, settings.learning_rate * cosine_fall(step / total))
        torch.manual_seed(runtime.seed_of(settings.seed, "dropout", step))
        drawn = runtime.generator(settings.seed, "step", step)
        rows = torch.randperm(len(faces), generator=drawn)[:size].tolist()
        batch = _augmented(stacked([faces[row].picture for row in rows]), drawn).to(network.mean.device)
        wanted = torch.from_numpy(truth[rows]).to(network.mean.device)
        known = ~wanted.isnan()
        loss = binary_cross_entropy_with_logits(network(batch)[known], wanted[known])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        losses.add(loss)


def _settle_means(network: FindingsNetwork, faces: Sequence[Face]) -> None:
    """Means and variances of the finished network's layers, in place of those that ran along while it changed."""
    layers = [layer for layer in network.modules() if isinstance(layer, torch.nn.BatchNorm2d)]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # a plain mean over all batches
    network.train()
    shown = faces[:: max(1, len(faces) // SETTLED_BY)]
    with torch.no_grad():
        for start in range(0, len(shown), TOGETHER):
            network(stacked([face.picture for face in shown[start : start + TOGETHER]]).to(network.mean.device))


def _augmented(batch: torch.Tensor, drawn: torch.Generator) -> torch.Tensor:
    """Half of the faces mirrored, brightness and contrast a little changed: no finding here has a side."""
    flip = torch.rand(len(batch), generator=drawn) < 0.5  # noqa: PLR2004
    batch = torch.where(flip[:, None, None, None], batch.flip(3), batch)
    gain, shift = (torch.rand(2, len(batch), 1, 1, 1, generator=drawn) - 0.5) * 0.3
    changed: torch.Tensor = ((batch - 0.5) * (1 + gain) + 0.5 + shift).clamp(0, 1)
    return changed


def _truth(faces: Sequence[Face], names: Sequence[str]) -> np.ndarray:  # (N, labels) float32; NaN: not known
    rows = [[face.labels.get(name, math.nan) for name in names] for face in faces]
    return np.array(rows, np.float32).reshape(len(faces), len(names))


def _temperatures(logits: np.ndarray, truth: np.ndarray) -> np.ndarray:  # (labels,) float32
    """By label, what to divide logits by so that probabilities come true; 1 where only one answer was seen."""
    found = np.ones(truth.shape[1], np.float32)
    for at in range(truth.shape[1]):
        known = np.isfinite(truth[:, at])
        if len(set(truth[known, at].tolist())) > 1:
            losses = [loss_of(logits[known, at] / own, truth[known, at]) for own in TEMPERATURES]
            found[at] = TEMPERATURES[int(np.argmin(losses))]
    return found


def loss_of(logits: np.ndarray, truth: np.ndarray) -> float:
    """Mean log loss, nats."""
    sure = np.clip(probability(logits), NEVER_SURE, 1 - NEVER_SURE)
    return float(-np.mean(np.where(truth > 0, np.log(sure), np.log1p(-sure))))


def probability(logits: np.ndarray) -> np.ndarray:
    """By calibrated logits."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logits.astype(float), -60, 60))))


@dataclass(frozen=True)
class Figures:
    """Of a label, on people held out. `auc` is None where only one answer was seen."""

    label: str
    photographs: int
    people: int
    share: float  # of photographs that have it
    loss: float
    auc: float | None


def held_out(faces: Sequence[Face]) -> list[Face]:
    """Those that judge."""
    return [face for face in faces if face.split == "test"]


def _judging(faces: Sequence[Face], names: Sequence[str]) -> np.ndarray:  # (N, labels); NaN: does not judge
    """What is known of the faces; where people said something of a label, their words alone."""
    truth, judged = _truth(faces, names), np.array([face.judged for face in faces], bool)
    for at in range(len(names)):
        if np.isfinite(truth[judged, at]).any():
            truth[~judged, at] = np.nan
    return truth


def figures(network: FindingsNetwork, faces: Sequence[Face]) -> list[Figures]:
    """How the network does on these faces, by label; labels that none of them has or lacks are left out."""
    names = network.architecture.labels
    truth, logits = _judging(faces, names), logits_of(network, [face.picture for face in faces])
    found = []
    for at, name in enumerate(names):
        known = np.isfinite(truth[:, at])
        if known.any():
            own, said = truth[known, at], logits[known, at]
            auc = float(roc_auc_score(own, said)) if 0 < own.mean() < 1 else None
            people = {face.subject for face, here in zip(faces, known, strict=True) if here}
            found.append(Figures(name, int(known.sum()), len(people), float(own.mean()), loss_of(said, own), auc))
    return found


def mean_loss(found: Sequence[Figures], among: Sequence[str]) -> float | None:
    """Mean log loss over these labels; None where none of them was judged."""
    own = [one.loss for one in found if one.label in among]
    return float(np.mean(own)) if own else None


def prevalence_loss(faces: Sequence[Face], judges: Sequence[Face], among: Sequence[str]) -> float | None:
    """The same of whoever says of everybody how common a label is in the training."""
    common, truth = _truth([face for face in faces if face.split == "train"], among), _judging(judges, among)
    losses = []
    for at in range(len(among)):
        known = truth[np.isfinite(truth[:, at]), at]
        if len(known):
            share = np.clip(np.nanmean(common[:, at]), NEVER_SURE, 1 - NEVER_SURE)
            losses.append(loss_of(np.full(len(known), np.log(share / (1 - share))), known))
    return float(np.mean(losses)) if losses else None
