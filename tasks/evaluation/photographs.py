"""Every photograph with what raters and methods say of it: one table for the page, for CSV and for XLSX.

In: the table of images, of landmarks (why a photograph was refused), the study, the scores. Out: columns and rows.
Knows no system: methods are named by their chapters.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from tasks.base import tables
from tasks.base.sheets import Cell
from tasks.evaluation.study import Study
from tasks.schemas.ingest import IMAGES, LANDMARKS
from tasks.statistics.ratings import prepare_ratings


@dataclass(frozen=True)
class Photographs:
    """`columns`: name of each column; `rows`: a photograph each, numbers as numbers, null where there is none."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def photographs(
    images: Path,
    landmarks: Path,
    study: Study,
    scores: pd.DataFrame,  # SCORES
    titles: Mapping[str, str],  # methods in their order, by readable name
    doubts: Mapping[str, Mapping[str, str]],  # method to image_id to why its value does not count, or is not there
) -> Photographs:
    """Every still photograph, in the order of names; clips and frames are left out.

    `refused because` is why a photograph was refused or, where it was not, why methods have no value for it.
    """
    listed = tables.read(images, IMAGES, ["image_id", "names", "kind", "subject_id", "population"]).to_pandas()
    stills = listed[listed["kind"] == "still"].set_index("image_id")
    table = pd.DataFrame({"photograph": stills["names"].str[0], "person": stills["subject_id"]})
    table["population"] = stills["population"]
    rated = prepare_ratings(study.ratings, scale=study.settings.scale, grades=study.settings.grades).rows
    by_image = rated.groupby("image_id")["score"]
    table[f"mean rating ({study.settings.scale})"] = by_image.mean().reindex(table.index)
    table["ratings"] = by_image.size().reindex(table.index).fillna(0).astype(int)
    lacking: dict[str, list[str]] = {}
    for method, title in titles.items():
        own = scores[scores["method"] == method].drop_duplicates("image_id").set_index("image_id")
        table[title] = own["score"].reindex(table.index)
        if own["grade"].notna().any():
            table[f"grade, {title}"] = own["grade"].reindex(table.index).astype("Int64")
        said = pd.Series(doubts.get(method, {}), dtype=object).reindex(table.index)
        if said[table[title].notna()].notna().any():
            table[f"unreliable, {title}"] = said.where(table[title].notna())
        unmeasured = said[table[title].isna()].dropna()
        for image, reason in unmeasured.items():
            lacking.setdefault(str(image), []).append(f"{title}: {reason}")
    for measure, values in study.references.groupby("measure"):
        table[str(measure)] = values.set_index("image_id")["value"].reindex(table.index)
    table["learned from"] = ["yes" if image in study.taught else "no" for image in table.index]
    measured = tables.read(landmarks, LANDMARKS, ["image_id", "reason"]).to_pandas().drop_duplicates("image_id")
    why = pd.Series({image: "; ".join(reasons) for image, reasons in lacking.items()}, dtype=object)
    refused = measured.set_index("image_id")["reason"].reindex(table.index)
    table["refused because"] = refused.where(refused.notna(), why.reindex(table.index))
    table["image_id"] = table.index
    table = table.reset_index(drop=True)
    table = table.sort_values(["photograph", "image_id"])
    return Photographs(
        list(table.columns), [[_cell(value) for value in row] for row in table.astype(object).to_numpy()]
    )


def _cell(value: object) -> Cell:
    if value is None or pd.isna(value):  # type: ignore[call-overload]
        return None
    return value if isinstance(value, str) else value.item() if hasattr(value, "item") else value  # type: ignore[return-value]
