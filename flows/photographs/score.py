"""Photographs nobody has seen, through the trained models: what `vermilion score` computes.

In: files, and what `dvc repro` left behind (models, training pairs' D, metrics). Out: one `Scored` a file, with
D by strategy beside what it is read against, or the reason for which the photograph was refused. Writes nothing.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from flows.photographs.anomaly import Anomaly, read_anomaly
from tasks import params
from tasks.base import images, tables
from tasks.base.digests import file_digest
from tasks.errors import InputError
from tasks.evaluation.gather import read_notices, read_pairs
from tasks.evaluation.photo_page import Measure, Photo, Reading, read_out
from tasks.evaluation.symmetry.compare import PREFIX, training_scale
from tasks.ingest.landmarks import measure_face
from tasks.ingest.lips import Lips, LipsError, crop_lips
from tasks.params.evaluation import Evaluate
from tasks.params.ingest import IngestLandmarks, IngestLips
from tasks.params.symmetry import SymmetryTrain
from tasks.schemas.evaluation import SCORES
from tasks.schemas.ingest import RATINGS
from tasks.symmetry.distances import distance_of_halves
from tasks.symmetry.network import SiameseNetwork, load_network

QUALITY = {
    "interocular_px": ("outer eye corners", "{:.0f} px apart", "min_interocular", "at least {:g} px"),
    "yaw_deg": ("turned to the side", "{:+.0f} degrees", "max_yaw", "at most {:g} either way"),
    "pitch_deg": ("raised or lowered", "{:+.0f} degrees", "max_pitch", "at most {:g} either way"),
    "roll_deg": ("tilted", "{:+.0f} degrees", "max_roll", "at most {:g} either way"),
    "sharpness": ("sharpness at the mouth", "{:.2f}", "min_sharpness", "at least {:g}"),
    "mouth_contrast": ("lips against skin", "{:.1f}", "min_mouth_contrast", "at least {:g}"),
}
"""Column of the landmarks table: its name, how its value is said, the limit's parameter and how that is said."""


@dataclass(frozen=True)
class Model:
    """A strategy's network and everything its D is read beside."""

    strategy: str
    network: SiameseNetwork
    reading: Reading  # distance left at 0


@dataclass(frozen=True)
class Scored:
    """A photograph's result; `reason` is given when it was refused, and then there are no readings."""

    path: Path
    photo: Photo

    def record(self) -> dict[str, Any]:
        """The result as plain values, for --json."""
        readings = {reading.strategy: _plain(reading) for reading in self.photo.readings}
        return {
            "photograph": str(self.path),
            "image_id": self.photo.image_id,
            "reason": self.photo.reason,
            "symmetry": readings,
            "anomaly": self.photo.anomaly.record() if self.photo.anomaly else None,
            "quality": {measure.name: measure.value for measure in self.photo.measures},
        }


def _plain(reading: Reading) -> dict[str, Any]:
    shown = read_out(reading)
    below = {row["name"].replace(" ", "_"): round(row["below"], 1) for row in shown["rows"]}
    return {name: shown[name] for name in ("distance", "threshold", "flagged", "grade")} | {"percentile_among": below}


def load_models(root: Path) -> list[Model]:
    """The trained models under a project's folder. InputError says what to run when results are missing."""
    folders = sorted(path.parent.parent for path in root.glob("data/symmetry/*/model/model.safetensors"))
    metrics = root / "data/reports/metrics.json"
    if not metrics.exists():
        raise InputError(f"{metrics}: not there; run `dvc repro` to the end first")
    measured = json.loads(metrics.read_text(encoding="utf-8"))["symmetry"]
    settings = params.load(Evaluate, "evaluate", root / "params.yaml")
    scores = tables.read(root / "data/evaluation/scores.parquet", SCORES).to_pandas()
    rated = set(tables.read(root / "data/ingest/ratings.parquet", RATINGS, ["image_id"])["image_id"].to_pylist())
    return [_model(folder, measured, scores[scores["image_id"].isin(rated)], settings) for folder in folders]


def _model(folder: Path, measured: Mapping[str, Any], rated: pd.DataFrame, settings: Evaluate) -> Model:
    strategy = folder.name
    pairs = read_pairs(folder / "pairs", folder / "distances")
    training = pairs[pairs["split"] == "train"]
    own = measured[strategy]
    reading = Reading(
        strategy=strategy,
        distance=0.0,
        threshold=own["threshold"],
        scale=training_scale(pairs, settings) if own["grade_scale"] else None,
        positives=training.loc[training["label"] == 1, "distance"].to_numpy(float),
        negatives=training.loc[training["label"] == 0, "distance"].to_numpy(float),
        rated=rated.loc[rated["method"] == PREFIX + strategy, "score"].dropna().to_numpy(float),
    )
    return Model(strategy, load_network(folder / "model" / "model.safetensors"), reading)


def score(
    path: Path, models: Sequence[Model], root: Path, *, anomaly: Anomaly | None, advance: Callable[[int], None]
) -> Scored:
    """One photograph's result. A file that cannot be measured gives a reason, never an exception.

    `anomaly`: None leaves that part out; `advance` as in `read_anomaly`.
    """
    points = params.load(IngestLandmarks, "ingest_landmarks", root / "params.yaml")
    cut = params.load(IngestLips, "ingest_lips", root / "params.yaml")
    try:
        image_id = file_digest(path)
        image = images.read(path)
    except OSError as error:
        return Scored(path, Photo(path.name, "", reason=f"cannot be read: {error.strerror}"))
    except images.UnreadableImage as error:
        return Scored(path, Photo(path.name, image_id, reason=str(error)))
    face = measure_face(image, points)
    measures = _measures(face, points)
    if face["reason"]:
        return Scored(path, Photo(path.name, image_id, reason=str(face["reason"]), measures=measures))
    landmarks = np.reshape(np.array(face["points"], float), (68, 2))
    try:
        lips = crop_lips(image, landmarks, settings=cut)
    except LipsError as error:
        return Scored(path, Photo(path.name, image_id, reason=str(error), measures=measures))
    photo = _photo(path.name, image_id, lips, cut, models, measures, root)
    if anomaly is None:
        return Scored(path, photo)
    return Scored(
        path, replace(photo, anomaly=read_anomaly(image, landmarks, anomaly, image_id=image_id, advance=advance))
    )


def _photo(
    name: str,
    image_id: str,
    lips: Lips,
    cut: IngestLips,
    models: Sequence[Model],
    measures: Sequence[Measure],
    root: Path,
) -> Photo:
    threads = params.load(SymmetryTrain, "symmetry_train", root / "params.yaml").threads
    left, right = images.encode_png(lips.left), images.encode_png(lips.right)
    readings = []
    for model in models:
        distance = distance_of_halves(left, right, model.network, threads=threads)
        readings.append(Reading(**{**vars(model.reading), "distance": distance}))
    return Photo(
        name,
        image_id,
        region=images.encode_png(lips.region),
        left=left,
        right=right,
        points=lips.points,
        midline_x=lips.midline_x,
        mirrored=None if cut.mirrored_half == "none" else cut.mirrored_half,
        readings=readings,
        measures=measures,
    )


def _measures(face: Mapping[str, object], limits: IngestLandmarks) -> list[Measure]:
    return [
        Measure(name, said.format(face[column]), limit.format(getattr(limits, parameter)))
        for column, (name, said, parameter, limit) in QUALITY.items()
        if face.get(column) is not None
    ]


def notices(root: Path) -> list[str]:
    """What a reader must know of the models: on what they were trained."""
    return [f"Trained and compared on these pictures: {notice}" for notice in read_notices(root / "data/ingest/images")]
