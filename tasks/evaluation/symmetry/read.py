"""The symmetry system's tables as DataFrames.

In: the folder of its stages. Out: pairs with their D by strategy, tidy scores by method, training curves. What a stage
did not make for want of data is left out, with its reason. Knows the tables' schemas, not the code that wrote them.
"""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from tasks.base import absence, tables
from tasks.evaluation.study import COLUMNS
from tasks.evaluation.symmetry.compare import PREFIX
from tasks.schemas.symmetry import BASELINES, CURVES, DISTANCES, PAIR_DISTANCES, PAIRS

MEASURED = ("cupids_bow_difference", "mirror_difference")
"""The baselines' columns that are methods."""


class Symmetry(NamedTuple):
    """What the stages wrote. `missing`: by strategy, why it has nothing."""

    pairs: dict[str, pd.DataFrame]
    scores: pd.DataFrame  # COLUMNS
    curves: dict[str, pd.DataFrame]
    missing: dict[str, str]
    networks: dict[str, str]  # by strategy, the sha256 of the network that made D
    changes: dict[str, pd.Series]  # by strategy, what crop and light change of each photograph's D; null: not known


def read_symmetry(folder: Path) -> Symmetry:
    """Everything under data/symmetry that the chapter compares and shows."""
    strategies = {own.parent.name: own.parent for own in sorted(folder.glob("*/distances"))}
    missing = {name: reason for name, own in strategies.items() if (reason := _reason(own))}
    present = {name: own for name, own in strategies.items() if name not in missing}
    return Symmetry(
        pairs={name: read_pairs(own) for name, own in present.items()},
        scores=_read_scores(present, folder / "baselines"),
        curves={name: tables.read(own / "model/curves.parquet", CURVES).to_pandas() for name, own in present.items()},
        missing=missing,
        networks={name: _network(own) for name, own in present.items()},
        changes={name: _changes(own) for name, own in present.items()},
    )


def _reason(strategy: Path) -> str | None:
    return absence.reason_of(strategy / "pairs") or absence.reason_of(strategy / "distances")


def _changes(strategy: Path) -> pd.Series:
    table = tables.read(strategy / "distances/photographs", DISTANCES, ["image_id", "change"]).to_pandas()
    found: pd.Series = table.set_index("image_id")["change"].astype(float)
    return found


def _network(strategy: Path) -> str:
    files: dict[str, str] = tables.provenance_of(strategy / "distances/pairs.parquet").get("files", {})
    return files.get("model", "")


def read_pairs(strategy: Path) -> pd.DataFrame:
    """One strategy's pairs with their D; columns as in `compare_symmetry`."""
    listed = tables.read(strategy / "pairs/pairs.parquet", PAIRS).to_pandas()
    found = tables.read(strategy / "distances/pairs.parquet", PAIR_DISTANCES).to_pandas()
    both: pd.DataFrame = listed.merge(found, on=["pair_id", "split", "label"], validate="one_to_one")
    return both


def _read_scores(strategies: dict[str, Path], baselines: Path) -> pd.DataFrame:
    found = []
    for name, folder in strategies.items():
        table = tables.read(folder / "distances/photographs", DISTANCES).to_pandas()
        found.append(table.rename(columns={"distance": "score"}).assign(method=PREFIX + name)[COLUMNS])
    plain = tables.read(baselines, BASELINES).to_pandas() if baselines.exists() else BASELINES.table([]).to_pandas()
    found += [plain.rename(columns={name: "score"}).assign(method=name)[COLUMNS] for name in MEASURED]
    every: pd.DataFrame = pd.concat(found, ignore_index=True)
    return every
