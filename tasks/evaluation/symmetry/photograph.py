"""One photograph through the trained Siamese networks: the symmetry part of `vermilion score`.

In: a photograph, and what the last evaluation stands on: networks, D of unseen people's pairs, scores of rated
photographs. Out: its reading. Writes nothing. Where a training failed since, that network and its numbers are still
there, and are used as they were made, whatever params.yaml says now.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tasks import params
from tasks.base import tables
from tasks.base.digests import file_digest
from tasks.base.images import encode_png
from tasks.evaluation.metrics import read_records
from tasks.evaluation.photograph import Photograph
from tasks.evaluation.symmetry.chapter import NAME, SOURCE
from tasks.evaluation.symmetry.compare import PREFIX
from tasks.evaluation.symmetry.names import called
from tasks.evaluation.symmetry.reading import Distance, as_reading
from tasks.evaluation.symmetry.section import notices as said_of
from tasks.evaluation.symmetry.trial import trial_of
from tasks.pages.chapter import Reading
from tasks.pages.notices import notice_of
from tasks.params.evaluation import Report, Score
from tasks.params.ingest import IngestLips
from tasks.params.symmetry import SymmetryTrain
from tasks.schemas.evaluation import SCORES
from tasks.schemas.ingest import RATINGS
from tasks.schemas.symmetry import PAIR_DISTANCES
from tasks.statistics.grading import GradeScale
from tasks.symmetry.distances import distance_of_halves, in_views
from tasks.symmetry.network import SiameseNetwork, load_network
from tasks.symmetry.views import interval


@dataclass(frozen=True)
class Model:
    """A strategy's network and everything its D is read beside."""

    network: SiameseNetwork
    beside: Distance  # distance left at 0


@dataclass(frozen=True)
class SymmetryReader:
    """The networks of all strategies."""

    models: tuple[Model, ...]
    threads: int
    words: Score
    mirrored: str
    notices: tuple[str, ...] = ()
    steps: int = 1

    def read(self, photograph: Photograph, advance: Callable[[int], None]) -> Reading:
        """D of every strategy."""
        left, right = encode_png(photograph.lips.left), encode_png(photograph.lips.right)
        found = [self._measured(left, right, model) for model in self.models]
        advance(1)
        return as_reading(NAME, "Symmetry", SOURCE, found)

    def _measured(self, left: bytes, right: bytes, model: Model) -> Distance:
        distance = distance_of_halves(left, right, model.network, threads=self.threads)
        found = replace(model.beside, distance=distance, most_spread=self.words.most_spread)
        if not self.words.views:
            return found
        views, threads = self.words.views, self.threads
        over = in_views(left, right, model.network, views=views, mirrored=self.mirrored, threads=threads)
        return replace(found, interval=interval([distance, *over], reach=self.words.reach))


NO_NETWORK = "there is no trained network; run `dvc repro`"


NOT_COMPARED = (
    "trained, but not yet compared with raters and other methods, which the end of a run does; wait for the run that "
    "is under way, or run `dvc repro`"
)


def open_reader(root: Path) -> SymmetryReader | str:
    """The trained networks under a project's folder, or why there are none."""
    measured = read_records(root / "data/reports/metrics.json").get(NAME, {})
    if reason := measured.get("reason"):
        return str(reason)
    compared, said_of_them = root / "data/evaluation/scores.parquet", root / "data/ingest/ratings.parquet"
    trained = sorted(path.parent.parent.name for path in root.glob(f"data/{NAME}/*/model/model.safetensors"))
    if not (compared.exists() and said_of_them.exists()):
        return f"{' and '.join(map(called, trained))}: {NOT_COMPARED}" if trained else NO_NETWORK
    scores = tables.read(compared, SCORES).to_pandas()
    rated = set(tables.read(said_of_them, RATINGS, ["image_id"])["image_id"].to_pylist())
    known = scores[scores["image_id"].isin(rated)]
    missing = dict(measured.get("missing", {}))
    numbers = root / "params.yaml"
    words, cut = params.load(Score, "score", numbers), params.load(IngestLips, "ingest_lips", numbers)
    limits = (words.clear, params.load(Report, "report", numbers).few_people)
    models, made = [], []
    for folder in sorted(path.parent.parent for path in root.glob(f"data/{NAME}/*/model/model.safetensors")):
        if file_digest(folder / "model/model.safetensors") == measured.get("networks", {}).get(folder.name):
            models.append(_model(folder, measured["strategies"][folder.name], known, *limits))
            made.append(trained_with(folder / "model/curves.parquet"))
        else:
            missing[folder.name] = "its network is not the one that was evaluated; run `dvc repro`"
    if not models:
        return "; ".join(dict.fromkeys(missing.values())) or NO_NETWORK
    said = [notice_of(reason).after(f"{called(name)} was not read: ") for name, reason in missing.items()]
    stood_in = dict.fromkeys(line for settings in made for line in said_of(settings))
    return SymmetryReader(tuple(models), made[0].threads, words, cut.mirrored_half, (*stood_in, *said))


def trained_with(curves: Path) -> SymmetryTrain:
    """The numbers that a network was trained with; `curves`: the table beside it."""
    return SymmetryTrain.model_validate(tables.provenance_of(curves)["parameters"]["settings"])


def _model(folder: Path, measured: Mapping[str, Any], rated: pd.DataFrame, clear: float, few: int) -> Model:
    pairs = tables.read(folder / "distances/pairs.parquet", PAIR_DISTANCES).to_pandas()
    unseen = pairs[pairs["split"] == "test"]
    beside = Distance(
        strategy=folder.name,
        distance=0.0,
        threshold=measured["threshold"],
        clear=clear,
        trial=trial_of(folder.name, measured, few_people=few),
        scale=GradeScale(**measured["grade_scale"]) if measured["grade_scale"] else None,
        positives=unseen.loc[unseen["label"] == 1, "distance"].to_numpy(float),
        negatives=unseen.loc[unseen["label"] == 0, "distance"].to_numpy(float),
        rated=np.asarray(rated.loc[rated["method"] == PREFIX + folder.name, "score"].dropna(), float),
    )
    return Model(load_network(folder / "model" / "model.safetensors"), beside)
