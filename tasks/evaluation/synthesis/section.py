"""The report's synthesis section: its figures, its contact sheets, its quarantine.

In: the record of `evaluate_synthesis`, the synthesis' tables, generated pictures. Out: `Picture`s, and a `Section`.
A photograph, and a picture that looks like somebody's (quarantined), stand in it only where settings ask for that.
Rosero et al. 2025, DiffusionCleft, Figures 2 to 7. Knows nothing of files, nor of how pictures were drawn.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tasks.base import images
from tasks.evaluation.synthesis import figures
from tasks.evaluation.synthesis.compare import LIKERT, Synthesis
from tasks.evaluation.synthesis.published import PUBLISHED
from tasks.evaluation.synthesis.words import named
from tasks.pages.environment import Picture, number
from tasks.pages.overlays import jpeg
from tasks.params.evaluation import Report
from tasks.schemas.synthesis import CONDITIONS, FLAGS

DIMS = 2048
"""Inception features of the published FID."""

SHEETS = ("person", "skin_tone", "cleft")
"""Parts of a prompt that have a contact sheet."""


@dataclass(frozen=True)
class Row:
    """A line of a contact sheet: a value or flag, how many pictures it is of, those shown (image_id)."""

    name: str
    among: int
    ids: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """Pictures by the values of one part of the prompt."""

    condition: str
    part: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Pair:
    """A generated picture and the training photograph it is nearest to."""

    condition: str
    image_id: str
    nearest_id: str
    similarity: float
    quarantined: bool


@dataclass(frozen=True)
class Section:
    """What the section shows beside numbers and figures. `pictures`: JPEG bytes; `prompts`: what was asked for."""

    sheets: tuple[Sheet, ...] = ()
    held: tuple[Row, ...] = ()
    pairs: tuple[Pair, ...] = ()
    pairs_shown: bool = False
    notices: tuple[str, ...] = ()
    prompts: Mapping[str, str] = field(default_factory=dict)
    pictures: Mapping[str, bytes] = field(default_factory=dict)


def plan_section(made: Synthesis, settings: Report, notices: Iterable[str]) -> Section:
    """Which pictures are shown where, the pictures themselves still to be filled in (`wanted`, `read_pictures`)."""
    return Section(
        sheets=tuple(
            Sheet(condition, part, rows)
            for condition in CONDITIONS
            for part in SHEETS
            if (rows := _sheet(made, condition, part, settings.sheet))
        ),
        held=_held(made, settings),
        pairs=_pairs(made.identity, settings.sheet),
        pairs_shown=settings.show_training_pairs,
        notices=tuple(notices),
        prompts={str(i): str(text) for i, text in zip(made.prompts["image_id"], made.prompts["prompt"], strict=True)},
    )


def _sheet(made: Synthesis, condition: str, part: str, most: int) -> tuple[Row, ...]:
    own = made.prompts[made.prompts["condition"] == condition].sort_values("number")
    own = own[own["image_id"].isin(made.released)]
    return tuple(
        Row(str(value), len(rows), tuple(rows["image_id"].head(most))) for value, rows in own.groupby(part, sort=True)
    )


def _held(made: Synthesis, settings: Report) -> tuple[Row, ...]:
    """By flag its pictures; shown are those that were compared with all photographs and are nobody's."""
    safe = set(made.identity.loc[~made.identity["quarantined"].astype(bool), "image_id"])
    rows = made.screened.sort_values("image_id")
    found = []
    for flag in FLAGS:
        own = rows.loc[[flag in (() if f is None else f) for f in rows["flags"]], "image_id"]
        if len(own):
            shown = own if settings.show_training_pairs else own[own.isin(safe)]
            found.append(Row(flag, len(own), tuple(shown.head(settings.sheet))))
    return tuple(found)


def _pairs(identity: pd.DataFrame, most: int) -> tuple[Pair, ...]:
    """The nearest pairs, `most` a condition, nearest first."""
    known = identity[identity["similarity"].notna()].sort_values(["similarity", "image_id"], ascending=[False, True])
    return tuple(
        Pair(condition, row["image_id"], row["nearest_id"], float(row["similarity"]), bool(row["quarantined"]))
        for condition in CONDITIONS
        for row in known[known["condition"] == condition].head(most).to_dict("records")
    )


def wanted(section: Section, settings: Report) -> tuple[set[str], set[str]]:
    """The generated pictures and the photographs that the section needs, by image_id."""
    drawn = {one for sheet in section.sheets for row in sheet.rows for one in row.ids}
    drawn |= {one for row in section.held for one in row.ids}
    drawn |= {pair.image_id for pair in section.pairs if settings.show_training_pairs or not pair.quarantined}
    photographs = {pair.nearest_id for pair in section.pairs} if settings.show_training_pairs else set()
    return drawn, photographs


def read_pictures(parts: Iterable[pa.Table], ids: set[str], *, side: int) -> dict[str, bytes]:
    """JPEGs, `side` px, of the pictures in parts of GENERATED (columns image_id, picture)."""
    found: dict[str, bytes] = {}
    for part in parts:
        rows = part.filter(pc.is_in(part["image_id"], pa.array(sorted(ids), pa.string())))
        for row in rows.select(["image_id", "picture"]).to_pylist():
            if row["picture"]:
                found[row["image_id"]] = jpeg(images.decode(row["picture"]), side=side)
    return found


def draw_synthesis(
    record: Mapping[str, Any],  # of evaluate_synthesis
    measures: Mapping[str, Any],  # measures.json
    projections: pd.DataFrame,  # PROJECTIONS
    curves: Mapping[str, pd.DataFrame],  # condition -> ADAPTER_CURVES
) -> dict[str, list[Picture]]:
    """Figures by place in the section; none where there is nothing to draw."""
    if record["reason"]:
        return {}
    return {
        "screening": [_funnel(record)],
        "identity": [one for name in CONDITIONS for one in _histogram(name, measures)],
        "ratings": [one for origin in ("generated", "real") for one in _ratings(origin, record["ratings"])],
        "embeddings": _embeddings(projections),
        "training": _training(curves),
    }


def _funnel(record: Mapping[str, Any]) -> Picture:
    asked = {name: record["funnel"][name]["asked_for"] for name in CONDITIONS}
    left = ", ".join(f"{count} {named(name)}" for name, count in asked.items() if count)
    caption = f"Pictures left after each step, of {left}. Each step also needs all steps above it."
    return Picture(figures.funnel_bars(record["funnel"]), caption, "Bar chart of pictures left by step")


def _histogram(name: str, measures: Mapping[str, Any]) -> list[Picture]:
    own = measures.get("identity", {}).get(name) or {}
    bars = own.get("histogram") or {}
    if not bars.get("counts") or not sum(bars["counts"]):
        return []
    threshold = measures.get("network", {}).get("threshold")
    mean = own.get("mean")
    png = figures.similarities(bars["edges"], bars["counts"], condition=name, mean=mean, threshold=threshold)
    caption = (
        f"{named(name).capitalize()} (Figure 2): {own['pairs']:,} pairs of a generated and a training face, mean "
        f"{number(mean, 3)}; published mean {PUBLISHED['similarity'][name]:.2f} by ArcFace. "
        "What lies beyond the ends counts in the last bars."
    )
    return [Picture(png, caption, f"Histogram of similarities {named(name)}, with mean and threshold")]


def _ratings(origin: str, ratings: Mapping[str, Any]) -> list[Picture]:
    means = {
        scale: {c: own["means"][origin][c] for c in CONDITIONS if own["means"][origin][c]["value"] is not None}
        for scale, own in ratings.items()
    }
    if not any(means.values()):
        return []
    what, figure = ("Generated pictures", 3) if origin == "generated" else ("Photographs", 4)
    caption = f"{what} (Figure {figure}): mean ratings with intervals; n: pictures."
    png = figures.rating_bars(means, highest=LIKERT)
    return [Picture(png, caption, f"Bar chart of mean ratings of {what.lower()} by scale and condition")]


def _embeddings(projections: pd.DataFrame) -> list[Picture]:
    if projections.empty:
        return []
    caption = (
        f"Face embeddings of {len(projections):,} pictures on their first two principal components (Figure 7). "
        "Hollow: photographs."
    )
    alt = "Scatter of face embeddings of generated pictures, photographs and controls"
    return [Picture(figures.embeddings(projections), caption, alt)]


def _training(curves: Mapping[str, pd.DataFrame]) -> list[Picture]:
    known = {name: rows for name, rows in curves.items() if len(rows)}
    if not known:
        return []
    steps = ", ".join(f"{int(rows['step'].max()):,} steps {named(name)}" for name, rows in known.items())
    caption = f"Flow-matching loss of the adapters, {steps}: a mean over random noise levels, which is noisy."
    return [Picture(figures.adapter_curves(known), caption, "Line chart of the adapters\u2019 training loss")]


def stand_ins(base: Mapping[str, Any], network: Mapping[str, Any]) -> list[str]:
    """What a reader must know of the networks behind the section: `base` is base.json, `network` of measures.json."""
    said = []
    if base.get("stand_in"):
        said.append(
            "The synthesis\u2019 base is a tiny model trained here on drawn faces, a stand-in for FLUX.1-schnell: its "
            "pictures do not compare with the paper\u2019s."
        )
    if network.get("inception") == "random":
        said.append(
            "The synthesis\u2019 Inception has random weights, a stand-in: its distances are no FID and no KID."
        )
    elif network.get("dims", DIMS) != DIMS:
        said.append(f"FID and KID are of {network['dims']} Inception features, not of the published {DIMS}.")
    if network.get("lpips") == "random":
        said.append("The synthesis\u2019 LPIPS has a random trunk, a stand-in: its numbers are no LPIPS.")
    if network.get("identity") == "dlib":
        said.append(
            "Identity was judged by dlib\u2019s network with a threshold of its own, not by ArcFace at 0.6: FIR does "
            "not compare with the paper\u2019s."
        )
    return said
