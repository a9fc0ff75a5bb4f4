"""The report: one HTML page that needs nothing beside itself.

In: the chapters, the raters' record, the comparison of all methods, counts of the data, refusals, and what made each
stage. Out: the page as text. Every value is escaped. Knows no system, and nothing of stages, files and tables on disk.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from tasks.evaluation.census import Census, Provenance, Refusal
from tasks.evaluation.front import front
from tasks.evaluation.photographs import Photographs
from tasks.evaluation.published import FLEISS_KAPPA, PATIENTS
from tasks.pages import figures
from tasks.pages.chapter import Chapter
from tasks.pages.environment import Picture, called, environment, settings_text
from tasks.params.evaluation import Report


def render_report(
    *,
    metrics: Mapping[str, Any],  # of tasks.evaluation.comparison.evaluate
    chapters: Sequence[Chapter],
    census: Sequence[Census],
    refusals: Sequence[Refusal],
    provenance: Sequence[Provenance],
    notices: Sequence[str],
    photographs: Photographs,
    files: Sequence[str],  # names of the files beside the page that have the same table
    settings: Report,
) -> str:
    """The whole page. `notices` are shown on top: drawn pictures, whatever a reader must know of the data."""
    raters = metrics["raters"]
    rows = _methods(metrics["methods"], metrics["combined"], chapters, metrics["settings"]["scale"])
    lines = [(row, [(key, settings_text(value)) for key, value in row.parameters.items()]) for row in provenance]
    return (
        environment()
        .get_template("evaluation/report.html.j2")
        .render(
            front=front(metrics, chapters, census, refusals, few_people=settings.few_people),
            chapters=[(chapter, _body(chapter)) for chapter in chapters],
            methods=rows,
            findings=_raters_said(raters),
            raters=raters,
            pictures=draw_raters(raters),
            settings=metrics["settings"],
            few_people=settings.few_people,
            census=census,
            refusals=sorted(refusals, key=lambda row: (row.stage, -row.count, row.reason)),
            provenance=lines,
            notices=notices,
            more=[line for chapter in chapters for line in chapter.notices],
            photographs=photographs,
            shown=photographs.rows[: settings.table],
            files=files,
            published_kappa=FLEISS_KAPPA,
            published_patients=PATIENTS,
        )
    )


def _body(chapter: Chapter) -> Markup:
    """The chapter's own template, filled in."""
    if chapter.reason or not chapter.template:
        return Markup()
    page = environment(chapter.names).get_template(chapter.template)
    places: dict[str, Sequence[Picture]] = _Places(chapter.pictures)
    return Markup(page.render(chapter=chapter, pictures=places, **chapter.context))  # noqa: S704 (it escapes)


class _Places(dict[str, Sequence[Picture]]):
    """Figures by place; a place without figures is empty."""

    def __missing__(self, place: str) -> Sequence[Picture]:
        return ()


TOGETHER = "all of them"
"""The row of all methods' weighted sum in the comparison."""


def _methods(
    compared: Mapping[str, Mapping[str, Any]],
    combined: Mapping[str, Any],
    chapters: Sequence[Chapter],
    scale: str,
) -> list[dict[str, Any]]:
    """The rows of the comparison: by target, methods from the closest to the furthest, and their weighted sum."""
    named = {name: (title, own.name) for own in chapters if not own.reason for name, title in own.columns.items()}
    named[TOGETHER] = ("A sum of all, its weights fitted on other people", "\u2013")
    rows = [
        {
            "target": target,
            "title": f"{target}, {scale}" if target.endswith(" ratings") else called(target, {}),
            "method": named[method][0],
            "chapter": named[method][1],
            **found,
        }
        for method, targets in {**compared, TOGETHER: combined}.items()
        if method in named
        for target, found in targets.items()
    ]
    return sorted(rows, key=lambda row: (not row["title"].endswith(f", {scale}"), row["target"], *_rank(row)))


def _rank(row: Mapping[str, Any]) -> tuple[bool, float, str]:
    value = row["pearson"]["value"]  # as on the first screen
    return (value is None, -(value or 0.0), row["method"])


def _raters_said(raters: Mapping[str, Any]) -> list[str]:
    if not raters["flagged"]:
        return []
    who = ", ".join(raters["flagged"])
    counted = "Every mean but \u201creliable\u201d still counts them."
    return [f"Rated unlike the others, and probably unreliable: {who}. {counted}"]


def draw_raters(raters: Mapping[str, Any]) -> list[Picture]:
    """Each rater beside the others, where that is known."""
    own = raters["raters"]
    if not any(record["with_others"]["value"] is not None for record in own.values()):
        return []
    caption = "Each rater against the mean of the other raters, with interval."
    return [Picture(figures.rater_agreement(own), caption, "Dot plot of agreement by rater")]
