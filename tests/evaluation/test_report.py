import base64
import hashlib
import re
from collections.abc import Callable
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tasks.evaluation.census import Census, Provenance, Refusal
from tasks.evaluation.comparison import Evaluation
from tasks.evaluation.report import draw_raters
from tasks.evaluation.symmetry.section import Example, draw_pictures, pick_examples
from tasks.pages.environment import Picture
from tasks.params.evaluation import Evaluate
from tests.evaluation.showing import evaluate, symmetry_chapter
from tests.evaluation.showing import render as render_page

HOSTILE = '<script>alert("x")</script>'


class Page(HTMLParser):
    """Collects tags with their attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


def render(evaluation: Evaluation, region: bytes, **changed: Any) -> str:
    shown: dict[str, Any] = {
        "pictures": {"scatter": [Picture(region, "a caption", "an alternative")]},
        "examples": [Example("clp", f"i{n}", f"s{n}", n / 4, 1 + n % 5, None, region) for n in range(4)],
    }
    shown |= {name: changed.pop(name) for name in list(changed) if name in shown}
    given: dict[str, Any] = {
        "census": [Census("Control photographs", 120, 1360, 3)],
        "refusals": [Refusal("ingest_landmarks", "no face was found", 9)],
        "provenance": [Provenance("symmetry_train@clp", {"margin": 1.0}, {"net": "ab" * 32}, 5, "cd" * 32)],
        "notices": ["Drawn faces."],
    }
    return render_page(evaluation, symmetry_chapter(evaluation, **shown), **(given | changed))


@pytest.fixture(scope="module")
def page(evaluation: Evaluation, region: bytes) -> str:
    return render(evaluation, region)


@pytest.fixture(scope="module")
def full_page(study: SimpleNamespace, evaluation: Evaluation, settings: Evaluate, region: bytes) -> str:
    curve = pd.DataFrame({"step": [0, 1], "train_loss": [0.3, 0.1], "validation_loss": [0.3, 0.2]})
    pictures = draw_pictures(
        pairs=study.pairs,
        scores=evaluation.scores,
        ratings=study.ratings,
        curves={"clp": curve},
        record=evaluation.metrics["symmetry"],
        settings=settings,
    )
    assert len(draw_raters(evaluation.metrics["raters"])) == 1
    assert {name: len(own) for name, own in pictures.items()} == {
        "scatter": 2,
        "ratings": 2,
        "training": 1,
    }
    return render(evaluation, region, pictures=pictures)


def test_published_values_stand_beside_ours(page: str, evaluation: Evaluation) -> None:
    text = Page(page).text
    ours = evaluation.metrics["symmetry"]["strategies"]["clp"]["binary"]["test"]["accuracy"]["value"]
    assert f"{100 * ours:.1f}" in text
    for value in ("98.42", "87.65", "86.67", "75.34", "63.53", "92.62", "85.19", "69.41", "70.04"):
        assert f"published {value}" in text
    for value in ("0.37", "0.31", "0.29", "0.27", "0.25 (146 patients)"):
        assert f"published {value}" in text


def test_findings_refusals_and_provenance_are_told(page: str) -> None:
    text = Page(page).text
    assert "Lip pose does not beat the plain measure “Pixel mirror difference”" in text
    assert "Lip outline beats the plain measure" in text
    assert "no face was found" in text
    assert "probably unreliable: l4" in text
    assert "ab" * 6 in text
    assert "1\u2009360" in page
    assert "not a medical device" in text


def test_the_banner_is_there_exactly_when_there_is_something_to_say(
    page: str, evaluation: Evaluation, region: bytes
) -> None:
    assert "Read this first" in page
    assert "Drawn faces." in page
    assert "Read this first" not in render(evaluation, region, notices=[])


def test_hostile_strings_are_shown_not_run(evaluation: Evaluation, region: bytes) -> None:
    html = render(
        evaluation,
        region,
        notices=[HOSTILE],
        refusals=[Refusal(HOSTILE, HOSTILE, 1)],
        census=[Census(HOSTILE, 1, 1, 0)],
        examples=[Example("clp", HOSTILE, '"><img src=x onerror=alert(1)>', 0.5, None, None, region)],
        provenance=[Provenance(HOSTILE, {HOSTILE: HOSTILE}, {HOSTILE: HOSTILE}, 1, HOSTILE)],
        pictures={"scatter": [Picture(region, HOSTILE, '" onload="alert(1)')]},
    )
    parsed = Page(html)
    assert not [tag for tag, _ in parsed.tags if tag in {"iframe", "object", "base", "form"}]
    assert [attrs for tag, attrs in parsed.tags if tag == "script"] == [{}]  # its own, which alone the policy lets run
    assert not [name for _, attrs in parsed.tags for name in attrs if name.startswith("on")]
    assert parsed.text.count("alert(") >= 6


def test_nothing_is_fetched_from_anywhere(full_page: str) -> None:
    for tag, attrs in Page(full_page).tags:
        for name in ("src", "href", "srcset", "data", "poster", "action"):
            value = attrs.get(name)
            assert value is None or value.startswith(("data:", "#")), (tag, value)
    style = "".join(re.findall(r"<style>(.*?)</style>", full_page, re.DOTALL))
    assert "url(" not in style
    assert "@import" not in style
    assert "http" not in re.sub(r'http-equiv="', "", full_page.replace("data:image/png;base64", ""))


def test_every_picture_has_a_text_and_every_table_heads(full_page: str) -> None:
    tags = Page(full_page).tags
    assert all(attrs.get("alt") for tag, attrs in tags if tag == "img")
    assert all(attrs.get("scope") for tag, attrs in tags if tag == "th")
    assert [tag for tag, _ in tags if tag == "h1"] == ["h1"]
    targets = {attrs["href"] for tag, attrs in tags if tag == "a"}
    assert targets <= {f"#{attrs['id']}" for _, attrs in tags if "id" in attrs}


def test_a_column_of_nothing_but_nulls_is_not_shown(
    page: str, draw: Callable[..., SimpleNamespace], settings: Evaluate, region: bytes
) -> None:
    assert "Within a subject" not in page
    many = draw(patients=10, photographs=4)
    found = evaluate(many.pairs, many.scores, many.ratings, many.references, settings)
    html = render(found, region)
    table = html[html.index("Correlation with references") :].split("</table>")[0]
    row = table[table.index('<th scope="row">drawn severity') :].split("</tr>")[0]
    assert "Within a subject" in table
    assert row.count("<td") == 4


def test_symmetric_kinds_come_first(page: str) -> None:
    text = Page(page).text
    kinds = [
        text.index(f" {kind} ", text.index("What is flagged")) for kind in ("both sided", "untouched", "commissure")
    ]
    assert kinds == sorted(kinds)


def test_the_policy_lets_its_own_script_run_and_no_other(page: str) -> None:
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy == f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def test_the_same_input_gives_the_same_page(evaluation: Evaluation, region: bytes, page: str) -> None:
    assert render(evaluation, region) == page


def test_a_page_without_ratings_patients_or_refusals(study: SimpleNamespace, settings: Evaluate, region: bytes) -> None:
    none = {"ratings": study.ratings.iloc[:0], "references": study.references.iloc[:0]}
    bare = evaluate(study.pairs, study.scores.iloc[:0], settings=settings, **none)
    text = Page(render(bare, region, refusals=[], examples=[], pictures={}, provenance=[])).text
    assert "Nothing was refused." in text
    assert "No usable ratings" in text
    assert "nan" not in text.lower().split()


def test_a_collapsed_network_is_said_to_guess(
    study: SimpleNamespace, settings: Evaluate, region: bytes, draw: Callable[..., SimpleNamespace]
) -> None:
    flat = {"clp": study.pairs["clp"].assign(distance=0.5)}
    found = evaluate(flat, study.scores, study.ratings, study.references, settings)
    text = Page(render(found, region, examples=[])).text
    assert "hardly better than guessing" in text
    assert "must exceed" in text


def test_examples_are_the_ends_one_a_subject(evaluation: Evaluation) -> None:
    rows = pick_examples(evaluation.scores, strategy="clp", each=3)
    own = evaluation.scores[(evaluation.scores["method"] == "distance_clp") & evaluation.scores["score"].notna()]
    assert len(rows) == 6
    assert rows["score"].iloc[0] == own["score"].min()
    assert rows["score"].iloc[-1] == own["score"].max()
    assert rows["score"].is_monotonic_increasing
    assert not rows["image_id"].duplicated().any()
    assert pick_examples(evaluation.scores.iloc[:2], strategy="clp", each=3)["image_id"].is_unique


def test_lowest_and_highest_examples_are_told_apart(page: str) -> None:
    low, high = page.index("lowest D"), page.index("highest D")
    assert low < page.index("Lip region of s0") < page.index("Lip region of s1") < high
    assert high < page.index("Lip region of s3") < page.index("Lip region of s2")


def test_number_formats() -> None:
    from tasks.pages.environment import number, sentence, share

    assert [number(v) for v in (0.125, -0.5, -0.001, None)] == ["0.12", "\u22120.50", "0.00", "\u2013"]
    assert [share(v) for v in (1.0, 0.8765, None)] == ["100.0", "87.6", "\u2013"]
    assert sentence("no face") == "No face."
    assert np.isfinite(float(number(1 / 3)))
