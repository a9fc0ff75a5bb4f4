"""One photograph held against its own filling: the anomaly part of `vermilion score` where params.yaml wants that.

In: a photograph, and what `dvc repro` left behind (the network that fills, the cohort's scores). Out: its reading. The
same functions as the stages call. Writes nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tasks import params
from tasks.anomaly.filled import map_fillings, score_fillings
from tasks.base import tables
from tasks.errors import InputError
from tasks.evaluation.anomaly.chapter import NAME, SOURCE
from tasks.evaluation.anomaly.compare import Combination
from tasks.evaluation.anomaly.photograph_beside import beside
from tasks.evaluation.anomaly.read import notices as said_of
from tasks.evaluation.anomaly.reading import AnomalyReading, pictures, row_of
from tasks.evaluation.inpainting import photograph as inpainting
from tasks.evaluation.photograph import Photograph
from tasks.faces.alignment import align
from tasks.pages.chapter import Reading
from tasks.params.anomaly import AnomalyAlign, AnomalyPerceptual, AnomalyScore
from tasks.params.evaluation import Report
from tasks.schemas.anomaly import ANOMALY_SCORES
from tasks.schemas.faces import ALIGNED


@dataclass(frozen=True)
class FilledReader:
    """What a photograph is filled with, and what its S is read beside."""

    filling: inpainting.InpaintingReader
    beside: AnomalyReading  # without a score
    align: AnomalyAlign
    score: AnomalyScore
    perceptual: AnomalyPerceptual
    opacity: float
    notices: tuple[str, ...]
    steps: int = 1

    def read(self, photograph: Photograph, advance: Callable[[int], None]) -> Reading:
        """S, its heatmap and its pictures; a reason where the face cannot be aligned or filled."""
        try:
            found = self._read(photograph)
        except InputError as error:
            found = replace(self.beside, reason=str(error))
        finally:
            advance(self.steps)
        return found.as_reading(NAME, "Anomaly", SOURCE)

    def _read(self, photograph: Photograph) -> AnomalyReading:
        face = align(photograph.image, photograph.landmarks, settings=self.align)
        aligned, filled = ALIGNED.table([row_of(face, photograph.image_id)]), self.filling.fill(photograph)
        numbers: dict[str, Any] = {"settings": self.score, "perceptual": self.perceptual}
        numbers["weights"] = str(self.filling.weights)
        mapped = map_fillings(aligned, filled, **numbers).to_pylist()[0]
        if mapped["reason"]:
            raise InputError(mapped["reason"])
        own = self.beside.made._asdict()
        scores = score_fillings(aligned, filled, **numbers).to_pylist()
        score = next(row["score"] for row in scores if all(row[name] == value for name, value in own.items()))
        shown: dict[str, Any] = dict(pictures(photograph.image, face, mapped, opacity=self.opacity))
        return replace(self.beside, score=score, **shown)


def open_filled(root: Path, measured: Mapping[str, Any]) -> FilledReader | str:
    """The reader, or why there is none. `measured`: the system's record in metrics.json."""
    filling, folder = inpainting.open_reader(root), root / "data" / NAME
    if isinstance(filling, str):
        return filling
    if not tables.parts(folder / "scores"):
        return "there is no cohort; run `dvc repro`"
    made = tables.provenance_of(folder / "scores")["parameters"]
    aligned = tables.provenance_of(folder / "aligned")["parameters"]["settings"]
    known, headline = tables.read(folder / "scores", ANOMALY_SCORES).to_pandas(), Combination(**measured["headline"])
    return FilledReader(
        filling,
        beside(root, known, headline, measured["detection"]["patients"], against="filling"),
        AnomalyAlign.model_validate(aligned),
        AnomalyScore.model_validate(made["settings"]),
        AnomalyPerceptual.model_validate(made["perceptual"]),
        params.load(Report, "report", root / "params.yaml").opacity,
        tuple(said_of(folder)),
    )
