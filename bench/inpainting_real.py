"""One seed of bench/inpainting.py --real: people split, a network trained, and what it makes of the others.

In: faces, numbers. Out: a row for each photograph, kind of mask and method, OpenCV's two among them: how near the
filling is to what was hidden, and how far the points that dlib finds on it lie from those on the photograph.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.inpainting_faces import Face, Numbers, controls, eye_distance, split
from tasks.base import runtime
from tasks.faces.perceptual import Perceptual, load_perceptual
from tasks.inpainting.baselines import METHODS, opencv_filled
from tasks.inpainting.filling import fill
from tasks.inpainting.measuring import ITSELF, drawn_by, landmark_errors, mask_of
from tasks.inpainting.network import training, weights
from tasks.inpainting.network.generator import Generator
from tasks.inpainting.photographs import under
from tasks.inpainting.quality import qualities
from tasks.schemas.inpainting import MASK_KINDS

Row = dict[str, Any]


def train_and_fill(faces: list[Face], more: list[Face], numbers: Numbers) -> list[Row]:
    """A network of some people, and `more` faces that only train; the rows of the others."""
    training_faces, others = split(faces, numbers.train)
    trained = training.train(
        controls(training_faces + more),
        controls(others),
        settings=numbers.train,
        weights_folder=Path(),
        checkpoint=None,
        provenance={},
    )
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "network.safetensors"
        file.write_bytes(trained.weights)
        network, _ = weights.load(file)
    last = trained.curves[-1]
    print(f"  {len(training_faces)} + {len(more)} train, {len(others)} are filled; loss {last['loss']:.4f}", flush=True)
    looking = load_perceptual(numbers.perceptual, Path())
    with runtime.settled(threads=1, seed=0), torch.inference_mode():
        return [row for face in others for kind in MASK_KINDS for row in filled(face, kind, network, looking, numbers)]


def filled(face: Face, kind: str, network: Generator, looking: Perceptual, numbers: Numbers) -> Iterator[Row]:
    """A row for each method, of one photograph under one mask."""
    own = numbers.controls
    mask = mask_of(kind, face.image_id, face.points, len(face.picture), seed=own.seed, around=numbers.fill.around)
    drawn, points = drawn_by(network, face.picture, mask)
    made = {
        "network": fill(face.picture, mask, drawn, ITSELF),
        **{name: opencv_filled(face.picture, mask, name) for name in METHODS},
    }
    found = qualities(
        face.picture, list(made.values()), mask, channels=own.channels, window=own.window, perceptual=looking
    )
    truth, hidden = face.again(face.picture), under(face.points, mask)
    for (method, picture), quality in zip(made.items(), found, strict=True):
        apart = np.linalg.norm(face.again(picture) - truth, axis=1) / eye_distance(truth)
        row = {"mask": kind, "method": method, "subject": face.subject_id, "share": float(mask.mean())}
        row |= asdict(quality) | {"landmarks": float(apart.mean())}
        row["landmarks_hidden"] = float(apart[hidden].mean()) if hidden.any() else None
        if method == "network" and points is not None:
            row |= landmark_errors(points, face.points, mask)
        yield row
