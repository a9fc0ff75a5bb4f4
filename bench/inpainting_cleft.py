"""bench/inpainting.py --demo, in a project that has run: is a cleft still seen in fillings, and where are their lips?

In: fillings of drawn patients before repair, and the same faces drawn without the cleft (the table `after`). A small
network learns to tell clefts from other drawn people, each drawn with a cleft and without; pictures are blurred and
shaded by chance, so that the blur of a filling tells it nothing. Then it looks at photographs, fillings and the truth.
Lips: dlib's points on each, held against its points on the truth. Intervals are by person.
"""

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bench.inpainting_faces import eye_distance, points_again, surroundings
from tasks import params
from tasks.base import images, runtime, tables
from tasks.faces.alignment import align
from tasks.ingest.faces.landmarks import measure_face
from tasks.inpainting.baselines import METHODS, opencv_filled
from tasks.params.evaluation import Evaluate
from tasks.params.ingest import IngestLandmarks
from tasks.params.inpainting import InpaintingAlign
from tasks.params.phantoms import PhantomsDraw
from tasks.params.running import Data
from tasks.phantoms.dataset import unrepaired_stills
from tasks.phantoms.files import draw_files
from tasks.phantoms.shape import NO_CLEFT
from tasks.schemas.ingest import IMAGES, LANDMARKS
from tasks.schemas.inpainting import AFTER, FILLINGS
from tasks.statistics.bootstrap import share_with_interval

SIDE = 64
LOOKED_AT = (slice(24, 64), slice(12, 52))
"""Rows and columns of the crop: nose and mouth."""
LIPS = slice(48, 68)
OTHERS = 1000
"""What is added to the demo's seed for people whom the demo does not have."""


@dataclass(frozen=True)
class Patient:
    """A photograph before repair and what became of it, all in one crop."""

    subject_id: str
    pictures: Mapping[str, np.ndarray]  # by name, (K, K, 3) uint8 RGB; "truth" among them
    wide: np.ndarray  # (2K, 2K, 3) the truth's surroundings
    box: np.ndarray  # (4,) px of `wide`
    own_points: np.ndarray | None  # (68, 2) the network's, px of the crop


def detector() -> nn.Sequential:
    """Four convolutions; one number out, above 0 where a cleft is seen."""
    layers: list[nn.Module] = []
    for inputs, outputs in ((3, 16), (16, 32), (32, 64), (64, 64)):
        layers += [nn.Conv2d(inputs, outputs, 3, 2, 1), nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(64, 1))


def others(count: int, landmarks: IngestLandmarks, crop: InpaintingAlign) -> tuple[np.ndarray, np.ndarray]:
    """Crops of so many people whom the demo does not have: (n, 2, S, S, 3), with the cleft and without; whose, (n,)."""
    demo = params.load(PhantomsDraw, "phantoms_draw")
    stills = unrepaired_stills(demo.model_copy(update={"seed": demo.seed + OTHERS, "unrepaired_subjects": count}))
    found, who = [], []
    with tempfile.TemporaryDirectory() as scratch:
        clefts, without = Path(scratch) / "cleft", Path(scratch) / "without"
        draw_files(clefts, stills, workers=1)
        draw_files(without, [replace(still, cleft=NO_CLEFT) for still in stills], workers=1)
        for still in stills:
            pair = [images.read(folder / still.path) for folder in (clefts, without)]
            row = measure_face(pair[0], landmarks)
            if row["reason"] is None:
                points = np.reshape(row["points"], (68, 2))  # type: ignore[call-overload]
                found.append([align(image, points, settings=crop).picture for image in pair])
                who.append(still.subject_id)
    return np.array(found), np.array(who)


def trained(pairs: np.ndarray, *, steps: int, seed: int) -> nn.Sequential:
    """A detector of the people's pictures."""
    with runtime.settled(threads=1, seed=seed):
        net, rng = detector(), np.random.default_rng(seed)
        optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-2)
        for step in range(steps):
            optimiser.param_groups[0]["lr"] = 2e-3 * (1 - step / steps)
            rows, kinds = rng.integers(len(pairs), size=32), rng.integers(2, size=32)
            shown = np.stack([changed(pairs[row, kind], rng) for row, kind in zip(rows, kinds, strict=True)])
            wanted = torch.from_numpy(1 - kinds)[:, None].float()
            optimiser.zero_grad()
            F.binary_cross_entropy_with_logits(net(to_tensor(shown)), wanted).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        return net.eval()


def changed(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Mirrored, moved, blurred and shaded by chance: (S, S, 3) uint8."""
    own = picture[:, ::-1] if rng.uniform() < 0.5 else picture
    own = np.roll(own, tuple(rng.integers(-2, 3, 2)), (0, 1))
    if rng.uniform() < 0.7:
        own = cv2.GaussianBlur(np.ascontiguousarray(own), (0, 0), float(rng.uniform(0.3, 1.6)))
    shade = np.exp(rng.normal(0, 0.08, 3)) * own + rng.normal(0, 2, own.shape)
    return np.asarray(np.clip(shade, 0, 255).astype(np.uint8))


def to_tensor(pictures: np.ndarray) -> Tensor:
    """(n, S, S, 3) uint8 -> (n, 3, h, w) about 0, nose and mouth alone."""
    rows, columns = LOOKED_AT
    return torch.from_numpy(np.ascontiguousarray(pictures[:, rows, columns])).permute(0, 3, 1, 2).float() / 128 - 1


@torch.inference_mode()
def sees(net: nn.Sequential, pictures: Iterable[np.ndarray]) -> np.ndarray:
    """Whether a cleft is seen in each picture of any size, (n,) bool."""
    small = [cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for picture in pictures]
    return np.asarray(net(to_tensor(np.stack(small))).numpy()[:, 0] > 0)


def patients(landmarks: IngestLandmarks) -> list[Patient]:
    """Of the project in the working directory: drawn, before repair, filled, and known without the cleft."""
    inpainting, ingest = Path("data/inpainting"), Path("data/ingest")
    known = {row["image_id"]: row for row in tables.read(inpainting / "after", AFTER).to_pylist()}
    places = {row["image_id"]: row["path"] for row in tables.read(ingest / "images", IMAGES).to_pylist()}
    boxes = {row["image_id"]: row["box"] for row in tables.read(ingest / "landmarks", LANDMARKS).to_pylist()}
    raw = params.load(Data, "data").raw
    found = []
    for row in tables.read(inpainting / "fillings", FILLINGS).to_pylist():
        after = known.get(row["image_id"])
        if row["reason"] is not None or row["proposal"] or after is None or after["against"] != "without the cleft":
            continue
        path = Path(places[row["image_id"]])
        truth = Path("data/uncleft") / path.relative_to(raw)
        found.append(_patient(row, after["picture"], images.read(truth), boxes[row["image_id"]]))
    return found


def _patient(row: Mapping[str, Any], after: bytes, truth: np.ndarray, box: list[float]) -> Patient:
    photograph, filled, mask = (images.decode_png(row[name]) for name in ("photograph", "filled", "mask"))
    hidden = mask[..., 0] > 0
    pictures = {"photograph": photograph, "truth": images.decode_png(after), "network": filled}
    pictures |= {name: opencv_filled(photograph, hidden, name) for name in METHODS}
    wide, wide_box = surroundings(truth, np.reshape(row["to_original"], (2, 3)), len(photograph), box)
    own = None if row["points"] is None else np.reshape(row["points"], (68, 2))
    return Patient(row["subject_id"], pictures, wide, wide_box, own)


def measure(*, people: int, steps: int) -> str:
    """Lines to print."""
    landmarks = params.load(IngestLandmarks, "ingest_landmarks")
    crop = params.load(InpaintingAlign, "inpainting_align").model_copy(update={"size": SIDE, "eye_distance": 23})
    pairs, who = others(people, landmarks, crop)
    held = np.isin(who, sorted(set(who))[::4])
    net, given = trained(pairs[~held], steps=steps, seed=1), patients(landmarks)
    lines = [f"detector: {len(pairs)} pairs of {len(set(who))} other people, a quarter of them held out"]
    for name, blur in (("as drawn", 0.0), ("blurred", 1.0)):
        shown = [[cv2.GaussianBlur(p, (0, 0), blur) if blur else p for p in pairs[held, kind]] for kind in (0, 1)]
        cleft, without = (float(sees(net, own).mean()) for own in shown)
        lines.append(f"  held out, {name}: a cleft seen in {cleft:.1%} of clefts, {without:.1%} of faces without one")
    subjects = [patient.subject_id for patient in given]
    lines.append(f"{len(given)} photographs of {len(set(subjects))} patients of the demo; a cleft is seen in")
    for name in given[0].pictures:
        seen = sees(net, [patient.pictures[name] for patient in given]).astype(float)
        lines.append(f"  {name:12} {said(seen, subjects, '.1%')}")
    return "\n".join([*lines, "lips' points from those on the truth, eye distances:", *_lips(given, subjects)])


def _lips(given: list[Patient], subjects: list[str]) -> list[str]:
    """Lines of how far the lips lie from the truth's."""
    apart: dict[str, list[float]] = {}
    for patient in given:
        truth = points_again(patient.wide, patient.box, patient.pictures["truth"])
        found = {
            name: points_again(patient.wide, patient.box, picture)
            for name, picture in patient.pictures.items()
            if name != "truth"
        }
        if patient.own_points is not None:
            found["network's own"] = patient.own_points
        for name, points in found.items():
            distance = np.linalg.norm(points[LIPS] - truth[LIPS], axis=1).mean() / eye_distance(truth)
            apart.setdefault(name, []).append(float(distance))
    return [f"  {name:14} {said(np.array(values), subjects, '.3f')}" for name, values in apart.items()]


def said(values: np.ndarray, subjects: list[str], kind: str) -> str:
    """The mean and its interval by person."""
    settings = params.load(Evaluate, "evaluate")
    found = share_with_interval(
        float(values.mean()), lambda weights: weights @ values / weights.sum(axis=1), subjects, settings
    )
    low, high = (np.nan if found[end] is None else found[end] for end in ("low", "high"))
    return f"{found['value']:{kind}} ({low:{kind}} to {high:{kind}})"
