"""The synthesis chapter: what its stages wrote, compared, summed up and shown. Rosero et al. 2025, DiffusionCleft."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from tasks.evaluation.study import COLUMNS, Study
from tasks.evaluation.synthesis.compare import GROUPS, Synthesis, evaluate_synthesis
from tasks.evaluation.synthesis.published import CLEFTGAN, EARLIER, PUBLISHED
from tasks.evaluation.synthesis.read import read_optional, read_section, read_synthesis
from tasks.evaluation.synthesis.section import Section, draw_synthesis
from tasks.evaluation.synthesis.words import ANSWERS, FUNNEL, named, tiles
from tasks.evaluation.system import Compared, Need, Shown
from tasks.pages.chapter import Chapter
from tasks.schemas.synthesis import ADAPTER_CURVES, CONDITIONS, PROJECTIONS

NAME = "synthesis"
TITLE = "Synthesis: faces drawn from words"
LEDE = "Generated faces with a cleft: is one anybody’s face, are they faithful, do they differ, are they of use?"
SOURCE = "Rosero et al. 2025, “DiffusionCleft: facial anomaly synthesis guided by text”"
NAMES: Mapping[str, str] = {}
PHOTOGRAPH = None
"""It measures generated pictures and reads no photograph."""
NEEDS = (
    Need("the adapter before repair", ("unrepaired",), "still", 1, "add photographs of patients before repair"),
    Need("the adapter after repair", ("repaired",), "still", 1, "add photographs of patients after repair"),
)


def read(folder: Path) -> Synthesis:
    """What its stages wrote, without pictures."""
    return read_synthesis(folder)


def scores(made: Synthesis, numbers: Path) -> pd.DataFrame:
    """No method: it scores no photograph."""
    return pd.DataFrame(columns=COLUMNS)


def taught(made: Synthesis) -> set[str]:
    """No photograph is scored, so none has to be left out."""
    return set()


def compare(made: Synthesis, study: Study, numbers: Path) -> Compared:
    """Its record for metrics.json; it grades nobody."""
    if len(made.missing) == len(CONDITIONS):
        return Compared({"reason": "; ".join(dict.fromkeys(made.missing.values()))}, {})
    record = evaluate_synthesis(made, study.every_rating, settings=study.settings)
    return Compared(record | {"missing": dict(made.missing)}, {})


def headline(record: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The few numbers that people compare between runs, by condition. A stand-in's distance bears no known name."""
    found: dict[str, dict[str, Any]] = {group: {} for group in GROUPS}
    for name, by_group in record["table2"].items():
        for group, own in by_group.items():
            found[group][measure_name(name, record["network"])] = own
    for scale, own in record["ratings"].items():
        for group in GROUPS:
            found[group][scale] = own["means"]["generated"][group]["value"]
    for group, left in record["funnel"].items():
        if left["asked_for"]:
            found[group] |= {"released": left.get("released"), "quarantined": record["quarantined"][group]}
            found[group]["repeats"] = record["repeats"][group]
    for task, own in record["classifiers"].items():
        found["all"][f"{task}_accuracy"] = None if own["reason"] else own["accuracy"]
    return found


def measure_name(name: str, network: Mapping[str, Any]) -> str:
    """A measure's name, which says so where a network with random weights made the distance."""
    if name in ("fid", "kid") and network.get("inception") == "random":
        return {"fid": "frechet_distance_of_random_features", "kid": "kernel_distance_of_random_features"}[name]
    if name == "lpips" and network.get("lpips") == "random":
        return "distance_by_random_features"
    return name


def show(made: Synthesis, record: Mapping[str, Any], shown: Shown) -> Chapter:
    """The chapter as the report has it."""
    empty = Chapter(NAME, TITLE, LEDE, SOURCE, reason=record["reason"])
    if record["reason"]:
        return empty
    folder = shown.folder
    section = read_section(folder, shown.ingest / "images", shown.settings)
    curves = {name: read_optional(folder / name / "adapter/curves.parquet", ADAPTER_CURVES) for name in CONDITIONS}
    projections = read_optional(folder / "projections.parquet", PROJECTIONS)
    left_out = [f"Pictures {named(name)} were not drawn: {reason}." for name, reason in made.missing.items()]
    return replace(
        empty,
        tiles=tiles(record),
        findings=record["findings"],
        notices=section.notices,
        missing=left_out,
        pictures=draw_synthesis(record, made.measures, projections, curves),
        template="evaluation/synthesis/section.html.j2",
        context=context(record, section, shown.study.settings.model_dump()),
    )


def context(record: Mapping[str, Any], section: Section, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What the template needs beside the figures."""
    return {
        "own": record,
        "shown": section,
        "settings": settings,
        "published": PUBLISHED,
        "earlier": EARLIER,
        "cleftgan": CLEFTGAN,
        "answers": ANSWERS,
        "steps": FUNNEL,
        "named": named,
        "likert_published": {settings[name]: PUBLISHED[name] for name in ("realism", "plausibility")},
    }
