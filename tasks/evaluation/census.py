"""What data there are: counted, refused, and what a reader must be told of them.

In: the tables of the ingest stages. Out: the census, the refusals, the notices, and what made each stage's tables.
Knows no system.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.base import tables
from tasks.base.words import counted
from tasks.schemas.columns import AROUND
from tasks.schemas.ingest import FRAMES, IMAGES, LANDMARKS, REFUSALS

MOST_ASKED = 10
"""Pairs of names that look alike and are told one by one at the head of the report."""


@dataclass(frozen=True)
class Census:
    """One line of the data census: what there is, of how many people, and how many items were refused."""

    what: str
    subjects: int
    items: int
    refused: int


@dataclass(frozen=True)
class Refusal:
    """One kind of reason for which a stage refused items: the first such reason as it was given, and how many."""

    stage: str
    reason: str
    count: int
    kind: str = "refused"  # or "passed over", "asked"


@dataclass(frozen=True)
class Provenance:
    """What made one stage's tables: parameters, weights by name and sha256, seed, digest of the code."""

    stage: str
    parameters: Mapping[str, Any]
    weights: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None
    code: str = ""


def take_census(images: Path, frames: Path, landmarks: Path) -> list[Census]:
    """Stills, clips and frames by population: subjects, items, and how many were refused."""
    listed = tables.read(images, IMAGES).to_pandas()
    sampled = tables.read(frames, FRAMES, ["image_id", "clip_id", "subject_id", "population", "reason"]).to_pandas()
    measured = tables.read(landmarks, LANDMARKS, ["image_id", "reason"]).to_pandas()
    refused = set(measured.loc[measured["reason"].notna(), "image_id"])
    stills = listed[listed["kind"] == "still"]
    unread = set(sampled.loc[sampled["reason"].notna(), "clip_id"])
    groups = [
        ("photographs", stills[stills["view"] != AROUND], refused),
        ("photographs of sets from several sides", stills[stills["view"] == AROUND], refused),
        ("clips", listed[listed["kind"] == "clip"], unread),
        ("frames sampled from clips", sampled, refused),
    ]
    return [
        Census(f"{what}, {population}", rows["subject_id"].nunique(), len(rows), int(rows["image_id"].isin(bad).sum()))
        for what, table, bad in groups
        for population, rows in table.groupby("population", sort=True)
    ]


def read_refusals(lines: Sequence[Path], landmarks: Path) -> list[Refusal]:
    """How often each reason was given: lines, files that a raw folder passes over, images that cannot be measured."""
    given: dict[tuple[str, str, str], list[str]] = {}
    for path in lines:
        for row in tables.read(path, REFUSALS).to_pylist():
            where = f"line {row['line']}" if row["kind"] == "refused" else row["path"]
            given.setdefault((row["source"], _kind_of(row["reason"]), row["kind"]), []).append(
                f"{where}: {row['reason']}"
            )
    for reason in tables.read(landmarks, LANDMARKS, ["reason"])["reason"].drop_null().to_pylist():
        given.setdefault(("images and frames", _kind_of(reason), "refused"), []).append(reason)
    return [Refusal(stage, reasons[0], len(reasons), kind) for (stage, _, kind), reasons in sorted(given.items())]


def _kind_of(reason: str) -> str:
    """A reason without its particulars: what stands before a comma or bracket, numbers and quoted words left out."""
    return re.sub(r"\d+|'[^']*'", "some", re.split(r"[,(:;]", reason)[0]).strip()


def read_notices(images: Path, lines: Sequence[Path] = ()) -> list[str]:
    """What a reader must be told about the pictures, of how many of them it is true, and what has to be asked.

    `lines`: tables of refused lines; of them, the names that look alike are told, and how many files are passed over.
    """
    notices = tables.read(images, IMAGES, ["notice"])["notice"].to_pylist()
    said = Counter(notice for notice in notices if notice)
    told = [f"{count} of {counted(len(notices), 'image')}: {notice}." for notice, count in sorted(said.items())]
    remarks = [row for path in lines for row in tables.read(path, REFUSALS).to_pylist()]
    asked = [f"Please check: {row['reason']}" for row in remarks if row["kind"] == "asked"]
    told += asked[:MOST_ASKED]
    if len(asked) > MOST_ASKED:
        more = counted(len(asked) - MOST_ASKED, "more pair")
        told.append(f"{more} of names to ask about (kind `asked`: data/ingest/*_refused).")
    if over := sum(row["kind"] == "passed over" for row in remarks):
        told.append(f"Files of the raw folder passed over: {over}; what was refused, and why, has the reasons.")
    return told


def pictures(images: Path) -> dict[str, Any]:
    """Beside the scores: what must be told of the pictures, and which notices the controls have ("" where none).

    Not in metrics.json, which goes into git: what people wrote there may name somebody.
    """
    listed = tables.read(images, IMAGES, ["population", "notice"]).to_pylist()
    controls = {row["notice"] or "" for row in listed if row["population"] == "control"}
    return {"notices": read_notices(images), "controls": sorted(controls)}


def read_provenance(folders: Sequence[Path]) -> list[Provenance]:
    """What made each stage's tables, once per stage, in the order of their folders' names."""
    made: dict[str, Provenance] = {}
    for path in (path for folder in folders for path in sorted(folder.rglob("*.parquet"))):
        record = tables.provenance_of(path)
        if record and record.get("stage") and record["stage"] not in made:
            numbers: dict[str, Any] = dict(record["parameters"])
            numbers |= numbers.pop("settings", {})
            made[record["stage"]] = Provenance(
                record["stage"], numbers, record.get("files", {}), numbers.get("seed"), record.get("code", "")
            )
    return list(made.values())
