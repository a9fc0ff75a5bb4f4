"""Fillings of drawn noise, to be judged and rated side by side."""

from pathlib import Path
from typing import Any

import numpy as np

from tasks.base import tables
from tasks.base.images import encode_png
from tasks.schemas.inpainting import FILLINGS

PATIENTS = 4
METHODS = {"network", "ns", "telea"}


def filling(number: int, population: str, grey: int = 90) -> dict[str, Any]:
    face = np.random.default_rng(number).integers(0, 255, (64, 64, 3), np.uint8)
    mask = np.zeros_like(face)
    mask[20:44, 16:48] = 255
    row: dict[str, Any] = {
        "image_id": f"{number:064x}",
        "proposal": 0,
        "subject_id": f"s{number}",
        "population": population,
    }
    row["reason"] = None
    pictures = {"photograph": face, "filled": np.where(mask > 0, np.uint8(grey), face), "mask": mask}
    return row | {name: encode_png(picture) for name, picture in pictures.items()}


def fill(project: Path, grey: int = 90) -> list[dict[str, Any]]:
    """Fillings of four patients before repair; `grey` is what the network draws."""
    rows = [filling(number, "unrepaired", grey) for number in range(PATIENTS)]
    path = project / "data/inpainting/fillings/00.parquet"
    path.unlink(missing_ok=True)
    tables.write(FILLINGS.table(rows), path, FILLINGS, provenance={})
    return rows
