"""The inpainting chapter: what its stages wrote, compared, summed up and shown. Chen et al."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from tasks.base import tables
from tasks.evaluation.inpainting import compare as compared
from tasks.evaluation.inpainting.compare import METHOD, evaluate_inpainting, method_scores
from tasks.evaluation.inpainting.controls import compare_controls, controls_findings
from tasks.evaluation.inpainting.controls import shown as controls_shown
from tasks.evaluation.inpainting.judgement import differences_said, judge
from tasks.evaluation.inpainting.read import Inpainting, headline_heatmap, notices, read_inpainting
from tasks.evaluation.inpainting.scoring import score_methods, scores_said
from tasks.evaluation.inpainting.section import curves_picture, gallery
from tasks.evaluation.inpainting.table_three import headline as controls_headline
from tasks.evaluation.inpainting.votes import JUDGED
from tasks.evaluation.inpainting.words import MEASURES, METHODS, findings, tiles
from tasks.evaluation.study import COLUMNS, Study
from tasks.evaluation.system import Compared, Need, Shown
from tasks.pages.chapter import Chapter
from tasks.schemas.inpainting import AFTER, FILLINGS

NAME = "inpainting"
TITLE = "Inpainting: the same face without the cleft"
LEDE = "Lips and nose are hidden and drawn anew by a network that only faces without a cleft have trained."
SOURCE = "Chen et al., a feasibility study on image inpainting for non-cleft lip generation"
NAMES = {METHOD: "Distance from the filling"}
PHOTOGRAPH = "tasks.evaluation.inpainting.photograph"
"""Reads one photograph. Only who scores imports it: torch takes seconds."""
NEEDS = (
    Need("training a network that fills", ("control",), "still", 8, "add photographs of controls, hundreds if you can"),
    Need("fillings of clefts", ("unrepaired",), "still", 1, "add photographs of patients before repair"),
)


def read(folder: Path) -> Inpainting:
    """What its stages wrote."""
    return read_inpainting(folder)


def scores(made: Inpainting, numbers: Path) -> pd.DataFrame:
    """Its method in the comparison: how far a photograph is from its own filling, under the mask."""
    return method_scores(made.distances, headline_heatmap(numbers))[COLUMNS]


def taught(made: Inpainting) -> set[str]:
    """No photograph: controls that the network learned from are not filled."""
    return set()


def compare(made: Inpainting, study: Study, numbers: Path) -> Compared:
    """Its record for metrics.json; it grades nobody."""
    if made.missing:
        return Compared({"reason": made.missing}, {})
    heatmap = headline_heatmap(numbers)
    record = evaluate_inpainting(made.distances, made.nearness, study, heatmap=heatmap)
    own = {
        "controls": compare_controls(made.controls, study.settings),
        "judgement": judge(made.judged, study.settings),
        "scored": score_methods(made.scored, study.settings),
    }
    return Compared(record | own, {})


def headline(record: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The few numbers that people compare between runs."""
    found = compared.headline(record)
    return (
        found if record["controls"]["reason"] else {**found, "unseen controls": controls_headline(record["controls"])}
    )


def show(made: Inpainting, record: Mapping[str, Any], shown: Shown) -> Chapter:
    """The chapter as the report has it."""
    empty = Chapter(NAME, TITLE, LEDE, SOURCE, reason=record["reason"])
    if record["reason"]:
        return empty
    after = shown.folder / "after"
    known = tables.read(after, AFTER) if after.exists() else AFTER.table([])
    faces = gallery(tables.read_each(shown.folder / "fillings", FILLINGS), known, count=shown.settings.gallery)
    missing = () if record["nearness"] else (_NO_TRUTH,)
    return replace(
        empty,
        tiles=tiles(record),
        findings=[*findings(record), *controls_findings(record["controls"])],
        notices=notices(shown.folder),
        missing=missing,
        pictures={"curves": curves_picture(made.curves)},
        columns=NAMES,
        names={**shown.study.names, **METHODS},
        template="evaluation/inpainting/section.html.j2",
        context={
            "own": record,
            "faces": faces,
            "methods": METHODS,
            "measures": MEASURES,
            "controls": record["controls"],
            "said": controls_shown(record["controls"]),
            "judged": record["judgement"],
            "differences": differences_said(record["judgement"], METHODS),
            "published_votes": JUDGED,
            "scored": scores_said(record["scored"], METHODS),
            "themselves": record["scored"]["with_themselves"],
            "earlier": record["scored"]["n_earlier"],
        },
    )


_NO_TRUTH = (
    "How near fillings are to what surgery made was not measured: no patient has photographs both before and after "
    "repair; add both under one subject_id."
)
