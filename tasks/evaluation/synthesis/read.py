"""The synthesis' tables as DataFrames, without pictures; and the few pictures that its section shows.

In: the folder of its stages. Out: `Synthesis`, `Section`. Whatever is not there has no rows. Knows the tables' schemas,
not the code that wrote them.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from tasks.base import absence, images, tables
from tasks.base.tables import Schema
from tasks.evaluation.synthesis.compare import Synthesis
from tasks.evaluation.synthesis.section import Section, plan_section, read_pictures, stand_ins, wanted
from tasks.pages.overlays import jpeg
from tasks.params.evaluation import Report
from tasks.schemas.ingest import IMAGES
from tasks.schemas.synthesis import CAPTIONS, CLASSIFIED, CONDITIONS, GENERATED, IDENTITY, PROMPTS, SCREENED

THUMB = 144
"""Longer side of a picture in a contact sheet, pixels; it is shown at half of that."""


def read_synthesis(folder: Path) -> Synthesis:
    """What the synthesis stages wrote, without pictures."""
    missing = {
        name: reason
        for name in CONDITIONS
        if (reason := absence.reason_of(folder / name / "adapter") or absence.reason_of(folder / "prompts"))
    }
    prompts = read_optional(folder / "prompts", PROMPTS)
    prompts = prompts[~prompts["condition"].isin(list(missing))].reset_index(drop=True)
    names = [f"{c}_{n:05d}" for c, n in zip(prompts["condition"], prompts["number"], strict=True)]
    files = {path.stem for path in (folder / "released").rglob("*.png")}
    shown = [name in files for name in names]
    return Synthesis(
        prompts=prompts,
        screened=read_optional(folder / "screened", SCREENED),
        identity=read_optional(folder / "identity.parquet", IDENTITY),
        captions=read_optional(folder / "captions", CAPTIONS),
        classified=read_optional(folder / "classified.parquet", CLASSIFIED),
        released=frozenset(prompts.loc[shown, "image_id"]),
        measures=_json(folder / "measures.json"),
        trigger={
            name: json.loads(path.read_text(encoding="utf-8"))
            for name in CONDITIONS
            if (path := folder / name / "adapter/trigger.json").exists()
        },
        missing=missing,
    )


def _json(path: Path) -> Mapping[str, Any]:
    """The file's content; nothing where it is not there or says that it is absent."""
    if not path.exists() or absence.reason_of(path):
        return {}
    found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def read_optional(path: Path, schema: Schema) -> pd.DataFrame:
    """The table at `path`, a file, a folder of parts, or of such folders; no rows where nothing is there."""
    folders = sorted({file.parent for file in path.rglob("*.parquet")}) if path.is_dir() else [path]
    found = [tables.read(own, schema) for own in folders if own.exists()]
    frame: pd.DataFrame = (pa.concat_tables(found) if found else schema.table([])).to_pandas()
    return frame


def read_section(folder: Path, listed: Path, settings: Report) -> Section:
    """The section with its pictures; photographs only where settings ask for them. `listed`: the images table."""
    made = read_synthesis(folder)
    base = _json(folder / "base/base.json")
    plan = plan_section(made, settings, stand_ins(base, made.measures.get("network", {})))
    drawn, photographs = wanted(plan, settings)
    found: dict[str, bytes] = {}
    for name in CONDITIONS:
        if (folder / name / "generated").exists():
            parts = tables.read_each(folder / name / "generated", GENERATED, ["image_id", "picture"])
            found |= read_pictures(parts, drawn, side=THUMB)
    if photographs:
        rows = tables.read(listed, IMAGES, ["image_id", "path"]).to_pylist()
        found |= {
            row["image_id"]: jpeg(images.read(Path(row["path"])), side=THUMB)
            for row in rows
            if row["image_id"] in photographs
        }
    return replace(plan, pictures=found)
