"""Which pictures a survey may show: generated ones that were released, and patients' photographs.

In: a project that has run. Out: candidates for tasks.synthesis.survey. Knows nothing of how they are mixed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from tasks.base import absence, images, tables
from tasks.errors import InputError
from tasks.schemas.ingest import IMAGES
from tasks.schemas.synthesis import CAPTIONS, CONDITIONS, GENERATED, IDENTITY, SCREENED
from tasks.synthesis.framing import framed
from tasks.synthesis.gate.release import cleared
from tasks.synthesis.survey import Candidate


def candidates(root: Path) -> tuple[list[Candidate], list[Candidate]]:
    """Generated pictures that were released, and photographs with a caption. InputError: the stages have not run."""
    folder = root / "data/synthesis"
    if reason := absence.reason_of(folder / "identity.parquet"):
        raise InputError(f"{folder}: no pictures: {reason}")
    if not (folder / "identity.parquet").exists():
        raise InputError(f"{folder / 'identity.parquet'}: not there yet; run `dvc repro` first")
    screened = pa.concat_tables(tables.read(folder / "screened" / condition, SCREENED) for condition in CONDITIONS)
    kept = cleared(screened, tables.read(folder / "identity.parquet", IDENTITY))
    generated = [
        _generated(row)
        for condition in CONDITIONS
        for part in tables.read_each(folder / condition / "generated", GENERATED, ["image_id", "condition", "picture"])
        for row in part.to_pylist()
        if row["image_id"] in kept
    ]
    return generated, _photographs(root, folder)


def _generated(row: dict[str, str]) -> Candidate:
    picture = bytes(row["picture"])  # type: ignore[arg-type]
    return Candidate(f"generated/{row['image_id']}.png", row["condition"], lambda: images.decode_png(picture))


def _photographs(root: Path, folder: Path) -> list[Candidate]:
    columns = ["image_id", "condition", "frame", "reason"]
    usable = {
        row["image_id"]: row
        for row in tables.read(folder / "captions", CAPTIONS, columns).to_pylist()
        if row["reason"] is None and row["condition"] in CONDITIONS
    }
    listed = tables.read(root / "data/ingest/images", IMAGES, ["image_id", "path", "names"]).to_pylist()
    return [
        _photograph(row["names"][0], root / row["path"], usable[row["image_id"]])
        for row in listed
        if row["image_id"] in usable
    ]


def _photograph(name: str, path: Path, told: Mapping[str, Any]) -> Candidate:
    """Cut as the adapters saw it, so that framing does not tell it from a generated picture."""
    return Candidate(name, told["condition"], lambda: framed(images.read(path), told["frame"]))
