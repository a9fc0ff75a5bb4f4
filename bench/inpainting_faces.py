"""What bench/inpainting.py trains on and fills: photographs cropped for the network, and their surroundings.

In: the folder of photographs, or how many faces to draw, and the numbers. Out: a `Face` for each: its crop and points
as the stages make them, and the photograph in the crop's own frame, twice as wide, in which dlib can find the points of
a filled face again. Nothing is kept between runs.
"""

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from bench import london_faces
from tasks import params
from tasks.base import images
from tasks.faces.alignment import AlignmentError, align
from tasks.faces.cohort import split_of
from tasks.faces.regions import eye_centres
from tasks.ingest.faces.landmarks import measure_face, place_points
from tasks.ingest.faces.resampling import resample
from tasks.inpainting.network.training import Controls
from tasks.params.faces import PerceptualNet
from tasks.params.ingest import IngestLandmarks
from tasks.params.inpainting import InpaintingAlign, InpaintingControls, InpaintingFill, InpaintingTrain
from tasks.params.phantoms import PhantomVariation
from tasks.phantoms.dataset import draw_faces

NUMBERS = Path(__file__).with_name("inpainting.yaml")
PREDICT_SIDE = 256
"""Side of the face in which dlib places points: the crop's own pixels hold no more."""
VARIATION = PhantomVariation(yaw=4, pitch=3, roll=4, shift=0.05, zoom=0.08, opening=0.08, widening=0.3)
"""Of faces that are drawn beside the photographs."""


@dataclass(frozen=True)
class Numbers:
    """Every block of bench/inpainting.yaml, and bench/london.yaml's way of finding faces."""

    landmarks: IngestLandmarks
    align: InpaintingAlign
    train: InpaintingTrain
    fill: InpaintingFill
    controls: InpaintingControls
    perceptual: PerceptualNet


@dataclass(frozen=True)
class Face:
    """A photograph for the network. `wide`: twice the crop's side, the crop in its middle."""

    image_id: str
    subject_id: str
    picture: np.ndarray  # (S, S, 3) uint8 RGB
    points: np.ndarray  # (68, 2) px of the picture
    wide: np.ndarray  # (2S, 2S, 3) uint8 RGB
    box: np.ndarray  # (4,) left, top, right, bottom, px of `wide`

    def again(self, filled: np.ndarray) -> np.ndarray:
        """dlib's points on the face with its crop filled, (68, 2) px of the crop."""
        return points_again(self.wide, self.box, filled)


def points_again(wide: np.ndarray, box: np.ndarray, filled: np.ndarray) -> np.ndarray:
    """dlib's points on a face whose crop is another, (68, 2) px of the crop; see `surroundings`."""
    quarter, whole = len(filled) // 2, wide.copy()
    whole[quarter : quarter + len(filled), quarter : quarter + len(filled)] = filled
    return place_points(whole, box, model="dlib", predict_side=PREDICT_SIDE) - quarter


def usual() -> Numbers:
    """What docs/benchmarks.md was measured with."""
    return Numbers(
        landmarks=london_faces.usual().landmarks,
        align=params.load(InpaintingAlign, "inpainting_align", NUMBERS),
        train=params.load(InpaintingTrain, "inpainting_train", NUMBERS),
        fill=params.load(InpaintingFill, "inpainting_fill", NUMBERS),
        controls=params.load(InpaintingControls, "inpainting_controls", NUMBERS),
        perceptual=params.load(PerceptualNet, "perceptual", NUMBERS),
    )


def changed(numbers: Numbers, **train: object) -> Numbers:
    """The same with other numbers of the training."""
    return replace(numbers, train=numbers.train.model_copy(update=train))


def tiny(numbers: Numbers) -> Numbers:
    """The same with a small network, briefly trained."""
    small = numbers.train.network.model_copy(update={"width": 8, "blocks": 1})
    brief = {"threads": 1, "held_out": 0.5, "network": small, "steps": 2, "batch_size": 2, "evaluate_every": 2}
    return changed(replace(numbers, landmarks=london_faces.tiny(london_faces.usual()).landmarks), **brief)


def find(folder: Path, numbers: Numbers) -> list[Face]:
    """The London set's photographs."""
    ways = replace(london_faces.usual(), landmarks=numbers.landmarks)
    rows = london_faces.find_faces(london_faces.london(folder), numbers=ways)
    return [face for row in rows for face in _face(images.read(row["path"]), row, numbers)]


def drawn(count: int, numbers: Numbers, *, workers: int) -> list[Face]:
    """So many drawn people, one picture of each."""
    with tempfile.TemporaryDirectory() as folder:
        made = draw_faces(Path(folder), count, seed=7, image_size=384, variation=VARIATION, workers=workers)
        found = []
        for number, path in enumerate(made):
            image = images.read(path)
            row = measure_face(image, numbers.landmarks) | {"image_id": path.name, "subject_id": f"drawn {number}"}
            found += [] if row["reason"] else _face(image, row, numbers)
    return found


def _face(image: np.ndarray, row: Mapping[str, Any], numbers: Numbers) -> list[Face]:
    """One face, or none where it cannot be aligned."""
    points = np.reshape(row["points"], (68, 2))
    try:
        own = align(image, points, settings=numbers.align)
    except AlignmentError:
        return []
    wide, box = surroundings(image, own.to_original, len(own.picture), row["box"])
    return [Face(row["image_id"], row["subject_id"], own.picture, own.points, wide, box)]


def surroundings(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
    to_original: np.ndarray,  # (2, 3) px of the crop to px of the photograph
    side: int,  # of the crop
    box: Iterable[float],  # of the face, px of the photograph
) -> tuple[np.ndarray, np.ndarray]:
    """The photograph in the crop's frame, twice as wide, the crop in its middle; and the face's box in it."""
    matrix = to_original @ np.array([[1, 0, -(side // 2)], [0, 1, -(side // 2)], [0, 0, 1.0]])
    wide = resample(image, matrix, (2 * side, 2 * side), enlarging=cv2.INTER_CUBIC)
    corners = cv2.transform(np.reshape(np.array(list(box)), (1, 2, 2)), cv2.invertAffineTransform(matrix))[0]
    middle, half = corners.mean(axis=0), np.abs(corners[1] - corners[0]).mean() / 2
    return wide, np.concatenate([middle - half, middle + half])


def split(faces: list[Face], settings: InpaintingTrain) -> tuple[list[Face], list[Face]]:
    """Those who train and those held out, by person."""
    own: tuple[list[Face], list[Face]] = ([], [])
    for face in faces:
        own[not split_of(settings).trains(face.subject_id, "control")].append(face)
    return own


def controls(faces: list[Face]) -> Controls:
    """What a training takes."""
    pictures = torch.from_numpy(np.stack([face.picture for face in faces])).permute(0, 3, 1, 2).contiguous()
    return Controls(pictures, torch.from_numpy(np.stack([face.points for face in faces]).astype(np.float32)))


def eye_distance(points: np.ndarray) -> float:
    """Between the eye centres, px."""
    return float(np.hypot(*np.subtract(*eye_centres(points))))
