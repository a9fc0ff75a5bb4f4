"""What generated pictures are worth to a classifier: trained on them, tested on photographs of patients.

In: generated pictures, photographs with captions, screening and identity. Out: the classified table. Rosero et al.
2025, DiffusionCleft, section 5.5: one branch of MobileNetV2; cleft after repair against control (79 %), before against
after repair (84 %). Ours besides: cleft before repair against control, and a plainer classifier (measures.linear).
No photograph of a patient trains; quarantined and flagged pictures do not either. Controls are
photographs on both sides, of other people. Tests are on subjects whom no adapter learnt from; the paper does not say.
Knows nothing of accuracy.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tasks.base import images as pictures
from tasks.base import runtime, weights
from tasks.base.images import UnreadableImage
from tasks.base.networks.mobilenet import MobileNetV2
from tasks.base.schedules import cosine_fall
from tasks.base.training import Losses, Progress, due, set_rate, steps
from tasks.base.weights import WeightsError
from tasks.params.ingest import LandmarkModel
from tasks.params.synthesis import SynthesisClassify
from tasks.schemas.synthesis import CLASSIFIED
from tasks.synthesis.framing import framed, placed
from tasks.synthesis.gate.release import cleared
from tasks.synthesis.latents import decode, encode, vae_of
from tasks.synthesis.measures import linear
from tasks.synthesis.measures.fidelity import square
from tasks.synthesis.measures.views import crop, plain, points_in_square, spoilt

ZERO_AND_ONE = {"unrepaired": ("control", "pre"), "lip_anomaly": ("control", "post"), "pre_post": ("pre", "post")}
"""By task: the class that is 0, the class that is 1."""
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CHECKS = 10
"""Times that the validation share is looked at."""
TOGETHER = 16
"""Photographs, each with its mirror image, that a trained network is shown in one call."""
WARMUP = 0.1
CLIP_NORM = 5.0


@dataclass(frozen=True)
class Seen:
    """A cropped face, and whose: a subject, or a generated picture for itself."""

    image_id: str
    subject: str
    picture: np.ndarray  # (S, S, 3) uint8 RGB


def classify(
    pre: pa.Table,  # image_id, condition, picture, reason
    post: pa.Table,
    images: pa.Table,  # image_id, path
    landmarks: pa.Table,  # image_id, points
    captions: pa.Table,
    screened: pa.Table,
    identity: pa.Table,
    *,
    base: Path,
    side: int,
    settings: SynthesisClassify,
    model: LandmarkModel,
    weights: str,
    on_progress: Progress | None = None,
) -> pa.Table:
    """A row for every photograph of a held-out subject and task; none where a class has no pictures.

    `base`: its base.json. `side`: of the generated pictures, pixels. `model`: whose 68 points. `weights`: a folder. The
    same inputs give the same rows on a CPU.
    WeightsError: the initial weights are missing or are for another width. BaseError: the base cannot be opened.
    """
    kept = cleared(screened, identity)
    drawn = [row for table in (pre, post) for row in table.to_pylist() if row["image_id"] in kept and not row["reason"]]
    photographs = [row for row in captions.to_pylist() if row["reason"] is None]
    paths = dict(zip(images["image_id"].to_pylist(), images["path"].to_pylist(), strict=True))
    points = {row["image_id"]: row["points"] for row in landmarks.select(["image_id", "points"]).to_pylist()}
    frames = {row["image_id"]: row["frame"] for row in photographs}
    faces = Faces(paths, points, frames, side, settings, model, base)
    rows: list[dict[str, object]] = []
    for task, names in ZERO_AND_ONE.items():
        train = [
            faces.real(photographs, name, "train") if name == "control" else faces.drawn(drawn, name) for name in names
        ]
        test = [faces.real(photographs, name, "test") for name in names]
        if all(train) and all(test):
            rows += _rows(task, train, test, settings, Path(weights), on_progress)
    return CLASSIFIED.table(rows)


class Faces:
    """Crops faces, each picture once."""

    def __init__(
        self,
        paths: Mapping[str, str],
        points: Mapping[str, list[float]],
        frames: Mapping[str, list[float] | None],
        side: int,
        settings: SynthesisClassify,
        model: LandmarkModel,
        base: Path,
    ) -> None:
        self.base = base
        self.paths, self.points, self.frames, self.side, self.settings = paths, points, frames, side, settings
        self.model: LandmarkModel = model
        self.known: dict[str, np.ndarray | None] = {}

    def drawn(self, rows: Iterable[Mapping[str, Any]], condition: str) -> list[Seen]:
        """Generated pictures of a condition in which a face is found, by image_id."""
        own = [row for row in rows if row["condition"] == condition]
        return self._seen((row["image_id"], row["image_id"], pictures.decode_png(row["picture"])) for row in own)

    def real(self, rows: Iterable[Mapping[str, Any]], condition: str, split: str) -> list[Seen]:
        """Photographs of a condition and split in which a face is found, by image_id."""
        own = [row for row in rows if row["condition"] == condition and row["split"] == split]
        return self._seen((row["image_id"], row["subject_id"], self.paths[row["image_id"]]) for row in own)

    def _seen(self, items: Iterable[tuple[str, str, np.ndarray | str]]) -> list[Seen]:
        found = []
        for image_id, subject, picture in items:
            if image_id not in self.known:
                self.known[image_id] = self._crop(image_id, picture)
            if (face := self.known[image_id]) is not None:
                found.append(Seen(image_id, subject, face))
        return sorted(found, key=lambda one: one.image_id)

    def _crop(self, image_id: str, picture: np.ndarray | str) -> np.ndarray | None:
        settings, known, frame = self.settings, self.points.get(image_id), self.frames.get(image_id)
        try:
            shown = pictures.read(Path(picture)) if isinstance(picture, str) else picture
        except UnreadableImage:
            return None
        points = None if known is None else np.array(known, float).reshape(-1, 2)
        if frame is not None:
            left, top, _ = placed(frame, *shown.shape[:2])
            shown, points = framed(shown, frame), None if points is None else points - [left, top]
        if settings.softened and isinstance(picture, str):
            shown, points = self._softened(shown, points)
        return crop(shown, points, side=self.side, region=settings.region, size=settings.input_size, model=self.model)

    def _softened(self, photograph: np.ndarray, points: np.ndarray | None) -> tuple[np.ndarray, np.ndarray | None]:
        """The photograph at the generated size, through the base's autoencoder; and its points there."""
        small = square(photograph, self.side)
        with runtime.settled(threads=self.settings.threads, seed=0):
            network = vae_of(self.base, tiling=False)
            seen = decode(network, encode(network, small)[None])[0]
        return seen, None if points is None else points_in_square(points, photograph.shape, len(small))


def _rows(
    task: str,
    train: list[list[Seen]],
    test: list[list[Seen]],
    settings: SynthesisClassify,
    folder: Path,
    on_progress: Progress | None,
) -> list[dict[str, object]]:
    with runtime.settled(threads=settings.threads, seed=runtime.seed_of(settings.seed, "classify", task)):
        told = _told(task, train, test, settings, folder, on_progress)
        found: list[dict[str, object]] = []
        for truth, (own, values) in enumerate(zip(test, told, strict=True)):
            for one, value in zip(own, values, strict=True):
                who = {"task": task, "image_id": one.image_id, "subject_id": one.subject, "truth": truth}
                found.append(who | {"probability": float(value)})
    return found


def _told(
    task: str,
    train: list[list[Seen]],
    test: list[list[Seen]],
    settings: SynthesisClassify,
    folder: Path,
    on_progress: Progress | None,
) -> list[np.ndarray]:
    """The probabilities of the second class for each class's tests."""
    if settings.network == "pixels":
        model = linear.fit([[one.picture for one in own] for own in train], penalty=settings.penalty)
        return [linear.probabilities(model, [one.picture for one in own]) for own in test]
    network = fit(task, train, settings=settings, folder=folder, on_progress=on_progress)
    return [probabilities(network, own) for own in test]


def fit(
    task: str,
    classes: list[list[Seen]],
    *,
    settings: SynthesisClassify,
    folder: Path,
    on_progress: Progress | None = None,
) -> nn.Module:
    """Train on two classes, half of each batch each; the weights of the lowest loss on the share kept for that.

    Subjects are whole in training or validation. Rate: a short rise, then a cosine down to 0.
    """
    train, kept = zip(*(split(own, share=settings.validation, seed=settings.seed) for own in classes), strict=True)
    network = build(settings, folder).to(runtime.device())
    optimiser = torch.optim.SGD(
        network.parameters(), lr=settings.learning_rate, momentum=0.9, nesterov=True, weight_decay=1e-4
    )
    rng = np.random.default_rng(runtime.seed_of(settings.seed, "batches", task))
    best, lowest = {}, float("inf")
    every = max(1, settings.steps // CHECKS)
    losses, what = Losses("synthesis_classify.learning_rate"), f"classifier {task}"
    for step in steps(0, settings.steps, losses=losses, what=what, every=every, on_progress=on_progress):
        set_rate(optimiser, settings.learning_rate * _ramp(step / settings.steps))
        losses.add(_step(network, optimiser, train, rng, settings.batch_size // 2))
        if due(step + 1, settings.steps, every):
            loss = validation_loss(network, kept)
            if loss < lowest:
                best, lowest = {name: t.clone() for name, t in network.state_dict().items()}, loss
    if best:
        network.load_state_dict(best)
    losses.check_weights(network.state_dict(), settings.steps)
    return network.eval()


def _ramp(done: float) -> float:
    return min(1.0, done / WARMUP + 0.02) * cosine_fall(done)


def _step(
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    train: tuple[list[Seen], ...],
    rng: np.random.Generator,
    half: int,
) -> Tensor:
    """The loss of one batch: `half` of each class, drawn with replacement."""
    shown, truths = [], []
    for truth, own in enumerate(train):
        shown += [spoilt(own[int(n)].picture, rng) for n in rng.integers(0, len(own), half)]
        truths += [float(truth)] * half
    network.train()
    place = runtime.device()
    loss = F.binary_cross_entropy_with_logits(network(batch(shown).to(place))[:, 0], torch.tensor(truths, device=place))
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(network.parameters(), CLIP_NORM)
    optimiser.step()
    return loss


def split(own: list[Seen], *, share: float, seed: int) -> tuple[list[Seen], list[Seen]]:
    """Training and validation by subject and seed; about `share` are kept, at least one subject where there are two."""
    subjects = sorted({one.subject for one in own}, key=lambda name: runtime.seed_of(seed, "validation", name))
    kept = set(subjects[: min(len(subjects) - 1, max(1, round(share * len(subjects))))])
    return [one for one in own if one.subject not in kept], [one for one in own if one.subject in kept]


def validation_loss(network: nn.Module, kept: tuple[list[Seen], ...]) -> float:
    """Mean cross-entropy of the classes' means; infinite only if training went astray."""
    losses = []
    for truth, own in enumerate(kept):
        if own:
            right = np.abs(1 - truth - probabilities(network, own))
            losses.append(float(-np.log(np.clip(right, 1e-7, 1)).mean()))
    return float(np.mean(losses)) if losses else 0.0


def probabilities(network: nn.Module, own: list[Seen]) -> np.ndarray:
    """(N,) in [0, 1]: mean over the face and its mirror image."""
    network.eval()
    found = []
    with torch.inference_mode():
        for start in range(0, len(own), TOGETHER):
            faces = [plain(one.picture) for one in own[start : start + TOGETHER]]
            both = batch([side for face in faces for side in (face, face[:, ::-1])])
            found.append(torch.sigmoid(network(both.to(runtime.device())).double()).reshape(-1, 2).mean(1).cpu())
    return torch.cat(found).numpy() if found else np.zeros(0)


def batch(shown: list[np.ndarray]) -> Tensor:
    """(N, 3, S, S), ImageNet's mean and deviation taken out, channels last."""
    x = torch.from_numpy(np.stack(shown).transpose(0, 3, 1, 2).copy()).float() / 255
    x = (x - torch.tensor(MEAN).view(1, 3, 1, 1)) / torch.tensor(STD).view(1, 3, 1, 1)
    return x.contiguous(memory_format=torch.channels_last)


def build(settings: SynthesisClassify, folder: Path) -> nn.Module:
    """MobileNetV2 with one output; features from the settings' initial weights, or random by torch's generator."""
    network: nn.Module = MobileNetV2(classes=1, width=settings.width, dropout=0.2)
    name = settings.initial_weights
    if name != "random":
        found = weights.state_dict(name, folder)
        features = {key.removeprefix("features."): t for key, t in found.items() if key.startswith("features.")}
        try:
            network.get_submodule("features").load_state_dict(features, strict=True)
        except RuntimeError as error:
            raise WeightsError(f"{name}: is for width 1, synthesis_classify has {settings.width:g}") from error
    return network.to(memory_format=torch.channels_last)
