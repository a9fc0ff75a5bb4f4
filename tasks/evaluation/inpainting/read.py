"""The inpainting system's tables as DataFrames, and what a reader must know of its network.

In: the folder of its stages. Out: distances, nearness, votes, scores, curves, controls. Whatever is not there has no
rows. Knows the tables' schemas, not the code that wrote them.
"""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from tasks import params
from tasks.base import absence, tables
from tasks.base.tables import Schema
from tasks.evaluation.inpainting.controls import Controls, read_controls
from tasks.params.inpainting import InpaintingMeasure
from tasks.schemas.inpainting import FILLING_DISTANCES, INPAINTING_CURVES, INPAINTING_JUDGED, NEARNESS
from tasks.schemas.inpainting_scores import INPAINTING_SCORED


class Inpainting(NamedTuple):
    """What the stages wrote. `missing`: why they wrote nothing."""

    distances: pd.DataFrame  # FILLING_DISTANCES
    nearness: pd.DataFrame  # NEARNESS
    judged: pd.DataFrame  # INPAINTING_JUDGED
    scored: pd.DataFrame  # INPAINTING_SCORED
    curves: pd.DataFrame  # INPAINTING_CURVES
    controls: Controls
    missing: str | None


def read_inpainting(folder: Path) -> Inpainting:
    """The stages' tables without pictures."""
    return Inpainting(
        _read(folder / "distances", FILLING_DISTANCES),
        _read(folder / "nearness", NEARNESS),
        _read(folder / "judged.parquet", INPAINTING_JUDGED),
        _read(folder / "scored.parquet", INPAINTING_SCORED),
        _read(folder / "model/curves.parquet", INPAINTING_CURVES),
        read_controls(folder),
        absence.reason_of(folder / "distances"),
    )


def _read(path: Path, schema: Schema) -> pd.DataFrame:
    there = path.exists() and not absence.reason_of(path)
    found: pd.DataFrame = (tables.read(path, schema) if there else schema.table([])).to_pandas()
    return found


def headline_heatmap(numbers: Path) -> str:
    """How params.yaml wants a photograph and its filling compared."""
    return params.load(InpaintingMeasure, "inpainting_measure", numbers).heatmap


def notices(folder: Path) -> list[str]:
    """What stood in for a trained network, by what made the tables; also for a photograph's page."""
    curves, distances = folder / "model/curves.parquet", folder / "distances"
    made = tables.provenance_of(curves)["parameters"] if curves.exists() else {}
    said = []
    if size := made.get("align", {}).get("size"):
        said.append(
            f"The inpainting\u2019s network was trained here, on the controls at hand, on faces of {size} pixels: its "
            "fillings do not compare with the paper\u2019s, which saw 160,000 faces at 256 pixels."
        )
    if distances.exists():
        trunk = tables.provenance_of(distances)["parameters"]["perceptual"]["trunk"]
        if trunk == "random":
            said.append(
                "The inpainting\u2019s LPIPS has random weights, a stand-in for ImageNet\u2019s: it is no LPIPS."
            )
    return said
