"""One measured photograph as a PDF: what its page has, on sheets of A4.

In: a photograph's pictures, measures, norms, findings and what others say, as its page takes them. Out: PDF bytes, the
same for the same photograph. Measures nothing. Knows no files.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tasks.anthropometry.page import Line, MeasuredFace, lines_of, refusals_of
from tasks.anthropometry.shown import Shown
from tasks.findings.rules import CAVEAT
from tasks.pages.paper import ACCENT, OUTSIDE, ROW, SOFT, Cell, Paper, Picture, Place

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FOOT = "Research measures of one photograph, no medical device. They decide nothing about treatment."
WORDS, VALUE, INTERVAL, BAR, NORM, SIDE, MM = (
    *(Cell(0), Cell(208, right=True), Cell(280, right=True), Cell(289), Cell(411, right=True), Cell(416)),
    Cell(511, right=True),
)
MOST_WORDS, MOST_REASON = 46, 78


def render_pdf(face: MeasuredFace, *, notices: Sequence[str]) -> bytes:
    """The sheets of one photograph, from the front or in profile."""
    paper = Paper(face.name, FOOT)
    paper.text(face.name, size=16, bold=True)
    if face.image_id:
        paper.text(f"Content {face.image_id[:16]}", colour=SOFT)
    for notice in notices:
        paper.text(notice, colour=OUTSIDE)
    if face.reason:
        paper.heading("Not measured")
        paper.text(face.reason)
        return paper.pdf()
    _pictures(paper, face)
    _findings(paper, face)
    _measures(paper, face)
    if refused := refusals_of(face):
        paper.heading("What this photograph cannot tell")
        for reason, names in refused:
            paper.text(f"{reason}: {'; '.join(names)}")
    for title, pairs in (("What other methods say of this photograph", face.others), ("Made by", face.provenance)):
        if pairs:
            paper.heading(title)
            for name, value in pairs:
                paper.text(f"{name}: {value}")
    return paper.pdf()


def _pictures(paper: Paper, face: MeasuredFace) -> None:
    if face.shown is not None:
        own = face.shown
        captions = (
            "Levelled by the eyes. Dashed: midline and eye line. The patient's right is on the left.",
            "The face and its mirror image, half and half. Dashed: the mirrored outlines.",
            "The patient's right half, twice.",
            "The patient's left half, twice.",
        )
        pixels = (own.face, own.blended, own.rights, own.lefts)
        marks = (_marks(own, mirrored=False), _marks(own, mirrored=True), None, None)
        row = [Picture(*one) for one in zip(pixels, captions, marks, strict=True)]
        paper.pictures(row, columns=4)
    if face.profile is not None:
        seen = face.profile

        def draw(axes: "Axes", there: Callable[[Sequence[Place]], np.ndarray]) -> None:
            if seen.outline:
                axes.plot(*there(seen.outline).T, color="white", linewidth=1, alpha=0.9)
            for _, one, other in seen.lines:
                axes.plot(*there([one, other]).T, color=OUTSIDE, linewidth=0.7, dashes=(4, 3))
            axes.plot(*there(list(seen.points.values())).T, "o", color="#0072b2", markersize=2.4, mec="white", mew=0.4)

        paper.pictures([Picture(seen.picture, "The head's outline, its points and lines.", draw)], columns=3)


def _marks(own: Shown, *, mirrored: bool) -> "Callable[[Axes, Callable[[Sequence[Place]], np.ndarray]], None]":
    def draw(axes: "Axes", there: Callable[[Sequence[Place]], np.ndarray]) -> None:
        for line in own.outlines:
            axes.plot(*there(line).T, color="white", linewidth=0.7, alpha=0.9)
        if mirrored:
            for line in own.mirrored:
                axes.plot(*there(line).T, color=OUTSIDE, linewidth=0.7, dashes=(4, 3))
            return
        width, height = own.size
        midline = [(own.midline_x, 0.0), (own.midline_x, float(height))]
        for dashed in (midline, [(0.0, own.level_y), (float(width), own.level_y)]):
            axes.plot(*there(dashed).T, color=OUTSIDE, linewidth=0.7, dashes=(5, 3))
        points = there(list(own.points.values()))
        axes.plot(*points.T, "o", color="#0072b2", markersize=2.2, mec="white", mew=0.4)

    return draw


def _findings(paper: Paper, face: MeasuredFace) -> None:
    paper.heading("Findings")
    words = {line.name: line.words for lines in lines_of(face).values() for line in lines}
    for own in face.findings:
        paper.text(f"{own.sentence(words[own.measure])} Limit from: {own.source}.", hang=8)
    if not face.findings:
        paper.text(f"No measure lies beyond the rules' limits{' that could be asked' if face.unasked else ''}.")
    if face.unasked:
        paper.text(face.unasked, colour=SOFT)
    paper.text(f"Found by rules that anybody can read and change. {CAVEAT}", colour=SOFT)
    for own in face.suggested:
        said = f"suggests to review: {own.label}" if own.review else f"{own.label}"
        paper.text(
            f"A network, which measures nothing, {said}, probability {100 * own.probability:.0f} %.", colour=SOFT
        )


def _measures(paper: Paper, face: MeasuredFace) -> None:
    paper.heading("Measures", needed=100)
    front = "io, the distance between the outer eye corners"
    said = f"Lengths are in {front if face.profile is None else 'nose heights, from nasion to subnasale'}"
    paper.text(f"{said}{f'; millimetres {face.scale}' if face.scale else ''}.", colour=SOFT)
    named = [(WORDS, "measure"), (VALUE, "value"), (INTERVAL, "interval"), (SIDE, "side"), (MM, "mm")]
    if face.norms:
        named += [(BAR, "against the norm"), (NORM, "norm")]
    paper.row(named, bold=True)
    paper.rule(ACCENT)
    for group, lines in lines_of(face).items():
        if not lines:
            continue
        paper.room(3 * ROW)
        paper.row([(WORDS, group)], bold=True, colour=ACCENT)
        for line in lines:
            _row(paper, line)
        paper.rule()


def _row(paper: Paper, line: Line) -> None:
    words = _short(line.words, MOST_WORDS)
    if line.reason:
        paper.row([(WORDS, words), (Cell(174), _short(line.reason, MOST_REASON))], colour=SOFT)
        return
    cells = [(WORDS, words), (VALUE, line.value), (INTERVAL, line.interval), (NORM, line.norm), (SIDE, line.side)]
    bar: tuple[float, Mapping[str, Any]] | None = (BAR.at, line.bar) if line.bar else None
    paper.row([*cells, (MM, line.millimetres.replace(" mm", "").replace(" to ", "–"))], bar=bar)


def _short(words: str, most: int) -> str:
    return words if len(words) <= most else f"{words[: most - 1]}…"
