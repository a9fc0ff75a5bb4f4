"""One photograph through alignment, inversion, adaptation and scoring: the anomaly part of `vermilion score`.

In: a photograph, and what `dvc repro` left behind (generator, cohort's scores). Out: its reading. The same functions as
the stages call, with a batch of one face. Writes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tasks import params
from tasks.anomaly.adaptation import adapt_photographs
from tasks.anomaly.checkpoints import GeneratorError, load_generator, require_faces
from tasks.anomaly.inversion import invert_photographs
from tasks.anomaly.scores import map_photographs, score_photographs
from tasks.base import tables
from tasks.base.digests import file_digest
from tasks.evaluation.anomaly.chapter import NAME, SOURCE
from tasks.evaluation.anomaly.compare import Combination
from tasks.evaluation.anomaly.photograph_beside import beside
from tasks.evaluation.anomaly.photograph_filled import FilledReader, open_filled
from tasks.evaluation.anomaly.read import notices as said_of
from tasks.evaluation.anomaly.reading import AnomalyReading, pictures, row_of
from tasks.evaluation.anomaly.unlike import rest, rest_of_controls, unlike
from tasks.evaluation.metrics import read_records
from tasks.evaluation.photograph import Photograph
from tasks.faces.alignment import AlignmentError, align
from tasks.pages.chapter import Reading
from tasks.params.anomaly import AnomalyAdapt, AnomalyAlign, AnomalyInvert, AnomalyPerceptual, AnomalyScore
from tasks.params.evaluation import Report, Score
from tasks.schemas.anomaly import (
    ANOMALY_SCORES,
    GENERATOR_FILE,
)
from tasks.schemas.faces import ALIGNED


@dataclass(frozen=True)
class AnomalyReader:
    """What a photograph is inverted with and read beside."""

    generator: Path
    weights: Path
    beside: AnomalyReading  # without a score
    align: AnomalyAlign
    invert: AnomalyInvert
    adapt: AnomalyAdapt
    score: AnomalyScore
    perceptual: AnomalyPerceptual
    opacity: float
    controls: np.ndarray  # (n,) how far off unseen controls stay beside mouth and nose
    most_unlike: float
    notices: tuple[str, ...]

    @property
    def steps(self) -> int:
        """Iterations of inversion and adaptation per photograph: what takes the time."""
        return self.invert.iterations + self.adapt.iterations

    def read(self, photograph: Photograph, advance: Callable[[int], None]) -> Reading:
        """S, its heatmap and its pictures; a reason where the face cannot be aligned or inverted."""
        found = _read(photograph.image, photograph.landmarks, self, image_id=photograph.image_id, advance=advance)
        return found.as_reading(NAME, "Anomaly", SOURCE)


def open_reader(root: Path) -> AnomalyReader | FilledReader | str:
    """What the anomaly stages left under a project's folder, or why there is nothing to read with.

    A photograph goes through the numbers that the generator and the cohort's tables were made with, whatever
    params.yaml says now.
    """
    folder, measured = root / "data" / NAME, read_records(root / "data/reports/metrics.json").get(NAME, {})
    if reason := measured.get("reason"):
        return str(reason)
    if measured.get("against") == "filling":
        return open_filled(root, measured)
    generator = folder / "generator" / GENERATOR_FILE
    if not generator.exists() or not tables.parts(folder / "scores"):
        return "there is no generator with a cohort; run `dvc repro`"
    made = {name: tables.provenance_of(folder / name) for name in ("inversions", "adaptations", "scores")}
    if file_digest(generator) != made["adaptations"]["files"]["generator"]:
        return "its generator is not the one that the cohort was scored with; run `dvc repro`"
    numbers = {name: record["parameters"]["settings"] for name, record in made.items()}
    aligned = tables.provenance_of(folder / "generator/curves.parquet")["parameters"]["align"]
    adapt = AnomalyAdapt.model_validate(numbers["adaptations"])
    headline, score = Combination(**measured["headline"]), AnomalyScore.model_validate(numbers["scores"])
    known = tables.read(folder / "scores", ANOMALY_SCORES).to_pandas()
    return AnomalyReader(
        generator=generator,
        weights=root / "data/weights",
        beside=beside(root, known, headline, measured["detection"]["patients"], doubt=_doubt(generator)),
        align=AnomalyAlign.model_validate(aligned),
        invert=AnomalyInvert.model_validate(numbers["inversions"]).model_copy(update={"together": 1}),
        adapt=adapt.model_copy(update={"together": 1, "until": adapt.iterations}),
        score=score,
        perceptual=AnomalyPerceptual.model_validate(made["scores"]["parameters"]["perceptual"]),
        opacity=params.load(Report, "report", root / "params.yaml").opacity,
        controls=_rest_of_controls(folder, known, headline, score, int(aligned["size"])),
        most_unlike=params.load(Score, "score", root / "params.yaml").most_unlike,
        notices=tuple(said_of(folder)),
    )


def _rest_of_controls(
    folder: Path, scores: pd.DataFrame, made: Combination, settings: AnomalyScore, size: int
) -> np.ndarray:
    aligned = tables.read(folder / "aligned", ALIGNED, ["image_id", "points"]).to_pandas()
    return rest_of_controls(scores, aligned, size, made, soft_edge=settings.soft_edge)


def _doubt(generator: Path) -> str | None:
    """Why no S says anything: the generator draws no face to compare with."""
    drawing = load_generator(generator)
    try:
        require_faces(drawing)
    except GeneratorError:
        return "the generator draws no face"
    return None


def _read(
    image: np.ndarray,  # (H, W, 3) uint8 RGB
    points: np.ndarray,  # (68, 2) px
    anomaly: AnomalyReader,
    *,
    image_id: str,
    advance: Callable[[int], None],
) -> AnomalyReading:
    """S, its heatmap and its pictures; a reason where the face cannot be aligned or inverted.

    `advance` takes how many more iterations are done, of `anomaly.steps`.
    """
    try:
        face = align(image, points, settings=anomaly.align)
    except AlignmentError as error:
        return replace(anomaly.beside, reason=str(error))
    scores, maps = _through_the_stages(ALIGNED.table([row_of(face, image_id)]), anomaly, advance)
    if reason := maps["reason"][0].as_py():
        return replace(anomaly.beside, reason=reason)
    score, doubt = _score_of(scores, face.points, anomaly)
    shown = pictures(image, face, maps.to_pylist()[0], opacity=anomaly.opacity)
    found_out: dict[str, Any] = {"score": score, "doubt": doubt, **shown}
    return replace(anomaly.beside, **found_out)


def _score_of(scores: pa.Table, points: np.ndarray, anomaly: AnomalyReader) -> tuple[float, str | None]:
    """S, and why it says nothing."""
    own = anomaly.beside.made._asdict()
    region = own.pop("region")
    by_region = {s["region"]: s["score"] for s in scores.to_pylist() if all(s[name] == own[name] for name in own)}
    beside = rest(by_region, points, anomaly.align.size, soft_edge=anomaly.score.soft_edge)
    return by_region[region], anomaly.beside.doubt or unlike(beside, anomaly.controls, most=anomaly.most_unlike)


def _through_the_stages(
    aligned: pa.Table, anomaly: AnomalyReader, advance: Callable[[int], None]
) -> tuple[pa.Table, pa.Table]:
    """ANOMALY_SCORES and ANOMALY_MAPS of the photograph."""
    weights, perceptual, step = str(anomaly.weights), anomaly.perceptual, anomaly.adapt.iterations
    inversions = invert_photographs(
        aligned,
        generator=anomaly.generator,
        weights=weights,
        settings=anomaly.invert,
        perceptual=perceptual,
        checkpoint=None,
        on_progress=_advancing(advance),
    )
    adaptations = adapt_photographs(
        aligned,
        inversions,
        generator=anomaly.generator,
        weights=weights,
        settings=anomaly.adapt,
        perceptual=perceptual,
        on_progress=_advancing(advance),
    )
    scores = score_photographs(
        aligned, adaptations, weights=weights, settings=anomaly.score, perceptual=perceptual, iterations=step
    )
    maps = map_photographs(
        aligned,
        inversions,
        adaptations,
        weights=weights,
        settings=anomaly.score,
        perceptual=perceptual,
        iterations=step,
    )
    return scores, maps


def _advancing(advance: Callable[[int], None]) -> Callable[[int, int], None]:
    """From iterations done, of how many, to how many more are done."""
    before = 0

    def passed(done: int, total: int) -> None:
        nonlocal before
        advance(max(0, done - before))
        before = done

    return passed
