"""A measured photograph as a PDF: everything that its page says, the same bytes each time."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tasks.anthropometry.measures.catalogue import MEASURES
from tasks.anthropometry.measuring import measure_face
from tasks.anthropometry.names import Face
from tasks.anthropometry.page import MeasuredFace
from tasks.anthropometry.printed import MOST_WORDS, render_pdf
from tasks.anthropometry.rules import read_rules
from tasks.anthropometry.shown import shown
from tasks.findings.rules import DEFAULT, findings
from tasks.pages import paper
from tests.anthropometry.template import SETTINGS, moved, template
from tests.anthropometry.test_page import NORM, picture


def measured(face: Face, **known: float) -> MeasuredFace:
    rows = measure_face(face, settings=SETTINGS, disturbances=known, cleft_side=None, known_scale=None)
    found = findings(rows, read_rules(DEFAULT), norms=[NORM], population=None, gender=None, age_group=None)
    return MeasuredFace(
        "a $<b>$.jpg",
        "0" * 64,
        shown=shown(picture(), face),
        rows=rows,
        findings=found,
        norms=[NORM],
        others=[("D", "0.31")],
        provenance=[("points", "by hand")],
    )


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every line of text that is put on a sheet."""
    said: list[str] = []
    write: Callable[..., None] = paper.Paper._write

    def both(self: paper.Paper, x: float, text: str, size: float, **how: Any) -> None:
        said.append(text)
        assert self.y < paper.HEIGHT - paper.EDGE + 6 and paper.EDGE <= x <= paper.WIDTH - paper.EDGE
        write(self, x, text, size, **how)

    monkeypatch.setattr(paper.Paper, "_write", both)
    return said


def test_the_sheets_have_every_measure_finding_refusal_and_what_others_say(written: list[str]) -> None:
    face = moved(template(0.2), cheilion_left=(0.0, -10.0), columella_left=(np.nan, np.nan))
    pdf = render_pdf(measured(face), notices=["read this"])
    assert pdf.startswith(b"%PDF-") and pdf.rstrip().endswith(b"%%EOF")
    text = " ".join(written)
    for measure in MEASURES:
        assert measure.words in text and len(measure.words) <= MOST_WORDS  # none is cut off
    for words in ("a $<b>$.jpg", "read this", "Mouth is canted", "A finding, not a diagnosis.", "not seen: columella"):
        assert words in text
    for words in ("What this photograph cannot tell", "D: 0.31", "points: by hand", "The patient's right half, twice."):
        assert words in text
    assert "0.1 to 2.0" in text  # the norm
    assert "Lengths are in io" in text
    assert pdf.count(b"/Subtype /Image") == 4
    assert "1 of 3" in text or "1 of 2" in text


def test_without_norms_it_says_which_rules_were_not_asked(written: list[str]) -> None:
    face = replace(measured(template(0.2)), findings=[])
    render_pdf(face, notices=[])
    assert "not asked" not in " ".join(written)
    render_pdf(replace(face, norms=[], unasked="Not asked, for want of norms: the rule for this."), notices=[])
    assert "Not asked, for want of norms: the rule for this." in " ".join(written)


def test_the_same_photograph_gives_the_same_bytes() -> None:
    face = measured(template(0.2))
    assert render_pdf(face, notices=[]) == render_pdf(face, notices=[])


def test_a_refused_photograph_has_its_reason(written: list[str]) -> None:
    assert render_pdf(MeasuredFace("x.jpg", reason="no face found"), notices=[]).startswith(b"%PDF-")
    assert "no face found" in written and "Measures" not in written


def test_what_does_not_fit_goes_on(written: list[str]) -> None:
    sheets = paper.Paper("t", "foot")
    for number in range(200):
        sheets.text(f"line {number} " + "word " * 30)
    assert sheets.pdf().count(b"/Type /Page ") == len(sheets.sheets) > 5
    assert written.count("foot") == len(sheets.sheets)
    assert not [line for line in written if len(line) * 8.5 * paper.LETTER > paper.INNER + 1]


def test_a_tall_picture_keeps_to_its_sheet() -> None:
    sheets = paper.Paper("t", "foot")
    drawn: list[np.ndarray] = []
    tall = np.zeros((2000, 100, 3), np.uint8)
    sheets.pictures([paper.Picture(tall, "tall", lambda _, there: drawn.append(there([(0.0, 2000.0)])))], columns=1)
    ((_, foot),) = drawn[0]
    assert foot < paper.HEIGHT - paper.EDGE
