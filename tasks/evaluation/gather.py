"""Every system's tables as the DataFrames that the evaluation compares.

In: paths of tables. Out: pairs with D by strategy, tidy scores by method, the data census and the refusals.
This is where the systems meet: as columns. Knows their schemas, not their code.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from tasks import tables
from tasks.evaluation.anomaly import METHOD
from tasks.evaluation.anomaly_words import headline_cell
from tasks.evaluation.evaluate import PREFIX
from tasks.evaluation.report import Census, Refusal
from tasks.schemas import (
    ANOMALY_MAPS,
    ANOMALY_SCORES,
    BASELINES,
    DISTANCES,
    FRAMES,
    IMAGES,
    LANDMARKS,
    PAIR_DISTANCES,
    PAIRS,
    REFUSALS,
)

MEASURED = ("cupids_bow_difference", "mirror_difference")
"""The baselines' columns that are methods."""


def read_pairs(pairs: Path, distances: Path) -> pd.DataFrame:
    """One strategy's pairs with their D; columns as in `evaluate`."""
    listed = tables.read(pairs / "pairs.parquet", PAIRS).to_pandas()
    found = tables.read(distances / "pairs.parquet", PAIR_DISTANCES).to_pandas()
    both: pd.DataFrame = listed.merge(found, on="pair_id", validate="one_to_one")
    return both


def read_scores(distances: Mapping[str, Path], baselines: Path) -> pd.DataFrame:
    """Scores by photograph and method (image_id, subject_id, method, score); null where a photograph was refused.

    `distances`: the distances folder by strategy.
    """
    columns = ["image_id", "subject_id", "method", "score"]
    found: list[pd.DataFrame] = []
    for strategy, folder in sorted(distances.items()):
        table = tables.read(folder / "photographs", DISTANCES).to_pandas()
        found.append(table.rename(columns={"distance": "score"}).assign(method=PREFIX + strategy)[columns])
    plain = tables.read(baselines, BASELINES).to_pandas()
    found += [plain.rename(columns={name: "score"}).assign(method=name)[columns] for name in MEASURED]
    return pd.concat(found, ignore_index=True)


def read_anomaly(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores, and maps without their pictures; without rows where the folder's tables are not there."""
    columns = ["image_id", "subject_id", "population", "steps_to_half", "curve", "reason"]
    scores = tables.read(folder / "scores", ANOMALY_SCORES) if (folder / "scores").exists() else None
    maps = tables.read(folder / "maps", ANOMALY_MAPS, columns) if (folder / "maps").exists() else None
    return (
        (ANOMALY_SCORES.table([]) if scores is None else scores).to_pandas(),
        (ANOMALY_MAPS.table([]).select(columns) if maps is None else maps).to_pandas(),
    )


def take_census(images: Path, frames: Path, landmarks: Path) -> list[Census]:
    """Stills, clips and frames by population: subjects, items, and how many were refused."""
    listed = tables.read(images, IMAGES).to_pandas()
    sampled = tables.read(frames, FRAMES, ["image_id", "clip_id", "subject_id", "population", "reason"]).to_pandas()
    measured = tables.read(landmarks, LANDMARKS, ["image_id", "reason"]).to_pandas()
    refused = set(measured.loc[measured["reason"].notna(), "image_id"])
    unread = set(sampled.loc[sampled["reason"].notna(), "clip_id"])
    groups = [
        ("photographs", listed[listed["kind"] == "still"], refused),
        ("clips", listed[listed["kind"] == "clip"], unread),
        ("frames sampled from clips", sampled, refused),
    ]
    return [
        Census(f"{what}, {population}", rows["subject_id"].nunique(), len(rows), int(rows["image_id"].isin(bad).sum()))
        for what, table, bad in groups
        for population, rows in table.groupby("population", sort=True)
    ]


def read_refusals(lines: Sequence[Path], landmarks: Path) -> list[Refusal]:
    """How often each reason was given: lines of CSV files, and images that could not be measured."""
    counted: Counter[tuple[str, str]] = Counter()
    for path in lines:
        for row in tables.read(path, REFUSALS).to_pylist():
            counted[row["source"], _kind_of(row["reason"])] += 1
    for reason in tables.read(landmarks, LANDMARKS, ["reason"])["reason"].drop_null().to_pylist():
        counted["images and frames", _kind_of(reason)] += 1
    return [Refusal(stage, reason, count) for (stage, reason), count in sorted(counted.items())]


def _kind_of(reason: str) -> str:
    """A reason without its particulars: what stands before a comma or bracket, numbers left out."""
    return re.sub(r"\d+", "some", re.split(r"[,(:;]", reason)[0]).strip()


def read_notices(images: Path) -> list[str]:
    """What a reader must be told about the pictures, and of how many of them it is true."""
    notices = tables.read(images, IMAGES, ["notice"])["notice"].to_pylist()
    counted = Counter(notice for notice in notices if notice)
    return [f"{count} of {len(notices)} images: {notice}." for notice, count in sorted(counted.items())]


def rounded(value: Any) -> Any:
    """A nested value with every float to nine digits: the last bits of sums differ from run to run."""
    if isinstance(value, Mapping):
        return {key: rounded(own) for key, own in value.items()}
    if isinstance(value, list):
        return [rounded(own) for own in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value


def summarise(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The few numbers that people compare between runs (`dvc metrics diff`): test split, ratings, references."""
    anomaly = {METHOD: _anomaly(metrics["anomaly"])} if not metrics["anomaly"]["reason"] else {}
    return (
        {strategy: _headline(record) for strategy, record in sorted(metrics["symmetry"].items())}
        | {name: _correlations(record) for name, record in sorted(metrics["baselines"].items())}
        | anomaly
    )


def _anomaly(record: Mapping[str, Any]) -> dict[str, Any]:
    found = headline_cell(record)
    half = record["steps_to_half"]
    return {
        "pearson_survey": found["pearson"]["value"],
        "auc_controls": record["detection"]["patients"]["value"],
        **{f"spearman_{name}": own["spearman"]["value"] for name, own in found["references"].items()},
        **{f"half_spearman_{name}": own["spearman"]["value"] for name, own in half["references"].items()},
    }


def _headline(record: Mapping[str, Any]) -> dict[str, Any]:
    test = record["binary"].get("test", {})
    pairs = {f"test_{name}": test[name]["value"] for name in ("accuracy", "precision", "auc") if name in test}
    graded = {
        f"{name}_{role}": found[name]["value"]
        for role, found in record.get("cars", {}).items()
        for name in ("weighted_accuracy", "weighted_precision")
        if name in found
    }
    return pairs | graded | _correlations(record)


def _correlations(record: Mapping[str, Any]) -> dict[str, Any]:
    ratings, references = record.get("ratings", {}), record.get("references", {})
    return {f"pearson_{role}": found["pearson"]["value"] for role, found in ratings.items()} | {
        f"spearman_{measure}": found["spearman"]["value"] for measure, found in references.items()
    }
