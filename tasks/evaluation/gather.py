"""Every system's tables as the DataFrames that the evaluation compares.

In: paths of tables. Out: pairs with D by strategy, tidy scores by method, the data census and the refusals.
This is where the systems meet: as columns. Knows their schemas, not their code.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from tasks.base import tables
from tasks.base.tables import Schema
from tasks.evaluation.anomaly.compare import METHOD
from tasks.evaluation.anomaly.words import headline_cell
from tasks.evaluation.report import Census, Refusal
from tasks.evaluation.symmetry.compare import PREFIX
from tasks.evaluation.synthesis.compare import GROUPS, Synthesis
from tasks.evaluation.synthesis.compare import METHOD as SYNTHESIS
from tasks.schemas.anomaly import ANOMALY_MAPS, ANOMALY_SCORES
from tasks.schemas.ingest import FRAMES, IMAGES, LANDMARKS, REFUSALS
from tasks.schemas.symmetry import BASELINES, DISTANCES, PAIR_DISTANCES, PAIRS
from tasks.schemas.synthesis import CAPTIONS, CLASSIFIED, CONDITIONS, IDENTITY, PROMPTS, SCREENED

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


def read_synthesis(folder: Path) -> Synthesis:
    """What the synthesis stages wrote, without pictures; whatever is not there is empty."""
    prompts = read_optional(folder / "prompts", PROMPTS)
    names = [f"{c}_{n:05d}" for c, n in zip(prompts["condition"], prompts["number"], strict=True)]
    files = {path.stem for path in (folder / "released").rglob("*.png")}
    shown = [name in files for name in names]
    measures = folder / "measures.json"
    return Synthesis(
        prompts=prompts,
        screened=read_optional(folder / "screened", SCREENED),
        identity=read_optional(folder / "identity.parquet", IDENTITY),
        captions=read_optional(folder / "captions", CAPTIONS),
        classified=read_optional(folder / "classified.parquet", CLASSIFIED),
        released=frozenset(prompts.loc[shown, "image_id"]),
        measures=json.loads(measures.read_text(encoding="utf-8")) if measures.exists() else {},
        trigger={
            name: json.loads(path.read_text(encoding="utf-8"))
            for name in CONDITIONS
            if (path := folder / name / "adapter/trigger.json").exists()
        },
    )


def read_optional(path: Path, schema: Schema) -> pd.DataFrame:
    """The table at `path`, a file, a folder of parts, or of such folders; no rows where nothing is there."""
    folders = sorted({file.parent for file in path.rglob("*.parquet")}) if path.is_dir() else [path]
    found = [tables.read(own, schema) for own in folders if own.exists()]
    frame: pd.DataFrame = (pa.concat_tables(found) if found else schema.table([])).to_pandas()
    return frame


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
    drawn = metrics.get("synthesis", {"reason": "not evaluated"})
    synthesis = {SYNTHESIS: _synthesis(drawn)} if not drawn["reason"] else {}
    return (
        {strategy: _headline(record) for strategy, record in sorted(metrics["symmetry"].items())}
        | {name: _correlations(record) for name, record in sorted(metrics["baselines"].items())}
        | anomaly
        | synthesis
    )


def _synthesis(record: Mapping[str, Any]) -> dict[str, Any]:
    """Named `<measure>_<pre, post or all>`, and each classifier's accuracy."""
    measured = {name: {group: own["value"] for group, own in by.items()} for name, by in record["table2"].items()}
    rated = {
        scale: {group: own["means"]["generated"][group]["value"] for group in GROUPS}
        for scale, own in record["ratings"].items()
    }
    counted = {
        "released": {group: left.get("released") for group, left in record["funnel"].items()},
        "quarantined": record["quarantined"],
    }
    named = {f"{name}_{group}": by[group] for name, by in (measured | rated | counted).items() for group in by}
    return named | {
        f"{task}_accuracy": None if own["reason"] else own["accuracy"]["value"]
        for task, own in record["classifiers"].items()
    }


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
