"""The report's synthesis section: figures, sheets, quarantine, and what is said where there is nothing."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from tasks.evaluation.comparison import Evaluation
from tasks.evaluation.metrics import finite
from tasks.evaluation.synthesis.read import read_synthesis
from tasks.evaluation.synthesis.section import draw_synthesis, stand_ins
from tests.evaluation.showing import render as render_page
from tests.evaluation.showing import synthesis_chapter
from tests.evaluation.synthesis_study import NETWORK, name_of, section_of, write_study
from tests.evaluation.test_report import Page


def render(evaluation: Evaluation, record: dict[str, Any], **given: Any) -> str:
    chapter = synthesis_chapter(record, evaluation.metrics["settings"], **given)
    html = re.sub(r"\s+", " ", render_page(evaluation, chapter))
    return html[html.index('id="synthesis"') : html.index('id="raters"')]


@pytest.fixture(scope="module")
def page(evaluation: Evaluation, drawn: SimpleNamespace, drawn_record: dict[str, Any]) -> str:
    given = (finite(drawn_record), drawn.made.measures, drawn.projections, drawn.curves)
    pictures = draw_synthesis(*given)
    assert {name: len(own) for name, own in pictures.items()} == {
        "screening": 1,
        "identity": 2,
        "ratings": 2,
        "embeddings": 1,
        "training": 1,
    }
    assert draw_synthesis(*given) == pictures
    section = section_of(drawn, show_training_pairs=False, notices=stand_ins({"stand_in": True}, NETWORK))
    return render(evaluation, drawn_record, pictures=pictures, section=section)


def test_published_values_stand_beside_ours(page: str, drawn_record: dict[str, Any]) -> None:
    text = re.sub(r"\s+", " ", Page(page).text)
    for value in ("0.0025", "0.0002", "7.277", "7.774", "5.911", "0.542", "0.559", "0.556", "4.85", "4.81", "84"):
        assert f"published {value} " in text
    for value in ("4.96", "4.86", "79, earlier 66", "mean 0.18", "mean 0.10"):
        assert f"published {value}" in text
    for value in ("21.03", "0.335", "0.5682", "1 of 176 pairs", "31.250", "23 against 8"):
        assert value in text
    assert all(re.sub(r"\s+", " ", line) in text for line in drawn_record["findings"])


def test_a_stand_in_is_not_called_by_the_measures_name(page: str) -> None:
    assert "(no FID)" in page
    assert "(no KID)" in page
    assert "(no LPIPS)" in page
    assert "stand-in for FLUX.1-schnell" in page
    assert "dlib" in page
    assert len(stand_ins({"stand_in": True}, NETWORK)) == 4
    trained = {"identity": "arcface", "inception": "pt_inception_fid", "lpips": "alex"}
    assert stand_ins({"stand_in": False}, trained) == []
    assert "64 Inception features, not of the published 2048" in stand_ins({}, trained | {"dims": 64})[0]


def test_steps_and_conditions_stand_in_their_order(page: str) -> None:
    text = Page(page).text
    steps = [text.index(f" {step} ", text.index("Pictures left Before")) for step in ("drawn", "exactly one face")]
    assert steps == sorted(steps)
    assert page.index("Before repair, by skin tone") < page.index("After repair, by skin tone")
    assert page.index("realism, 2 raters") < page.index("plausibility, 2 raters")


def test_nobody_quarantined_is_shown_and_no_photograph(page: str, drawn: SimpleNamespace) -> None:
    section = section_of(drawn, show_training_pairs=False)
    quarantined = set(drawn.made.identity.loc[drawn.made.identity["quarantined"], "image_id"])
    assert len(quarantined) == 6
    assert not quarantined & set(section.pictures)
    assert all(name.startswith("generated-") for name in section.pictures)
    assert "Training photograph" not in page
    assert section.pairs[0].quarantined
    assert section.pairs[0].image_id == name_of("pre", 0)
    assert page.count(f'<code title="{name_of("pre", 0)}">') == 1
    similar = [pair.similarity for pair in section.pairs if pair.condition == "pre"]
    assert similar == sorted(similar, reverse=True)


def test_the_pairs_are_shown_to_whoever_asks(
    evaluation: Evaluation, drawn: SimpleNamespace, drawn_record: dict[str, Any]
) -> None:
    section = section_of(drawn, show_training_pairs=True)
    html = render(evaluation, drawn_record, section=section)
    assert name_of("pre", 0) in section.pictures
    assert html.count('alt="Training photograph') == len(section.pairs) == 8
    assert "nor is any photograph" not in html


def test_sheets_show_released_pictures_only(drawn: SimpleNamespace) -> None:
    section = section_of(drawn, show_training_pairs=False)
    shown = {one for sheet in section.sheets for row in sheet.rows for one in row.ids}
    assert shown
    assert shown <= drawn.made.released
    tones = next(sheet for sheet in section.sheets if (sheet.condition, sheet.part) == ("pre", "skin_tone"))
    assert [(row.name, row.among, len(row.ids)) for row in tones.rows] == [
        ("dark", 5, 4),
        ("light", 5, 4),
        ("olive", 5, 4),
    ]
    prompts = drawn.made.prompts.set_index("image_id")["skin_tone"]
    assert all(prompts[one] == row.name for row in tones.rows for one in row.ids)


def test_every_picture_has_a_text_and_every_table_heads(page: str) -> None:
    tags = Page(page).tags
    assert all(attrs.get("alt") for tag, attrs in tags if tag == "img")
    assert len([tag for tag, _ in tags if tag == "img"]) > 30
    assert all(attrs.get("scope") for tag, attrs in tags if tag == "th")


def test_without_anything_the_section_says_why(evaluation: Evaluation) -> None:
    none = {"reason": "no pictures were generated"}
    html = render(evaluation, none)
    assert "Not measured: no pictures were generated." in html
    assert draw_synthesis(none, {}, pd.DataFrame(), {}) == {}


def test_a_page_of_prompts_alone(evaluation: Evaluation, drawn: SimpleNamespace, settings: Any) -> None:
    from tasks.evaluation.synthesis.compare import evaluate_synthesis

    empty = {name: getattr(drawn.made, name).iloc[:0] for name in ("screened", "identity", "captions", "classified")}
    bare = drawn.made._replace(**empty, released=frozenset(), measures={})
    record = finite(evaluate_synthesis(bare, drawn.ratings.iloc[:0], settings=settings))
    pictures = draw_synthesis(record, {}, drawn.projections.iloc[:0], {})
    text = Page(render(evaluation, record, pictures=pictures)).text
    assert "No picture was released" in text
    assert "Nobody has rated generated pictures" in text
    assert "not measured" in text
    assert "nan" not in text.lower().split()


def test_tables_are_read_as_the_stages_lay_them_out(drawn: SimpleNamespace, tmp_path: Path) -> None:
    nothing = read_synthesis(tmp_path / "none")
    assert nothing.prompts.empty
    assert nothing.measures == {}
    write_study(drawn, tmp_path)
    found = read_synthesis(tmp_path)
    assert found.released == drawn.made.released
    assert len(found.screened) == len(drawn.made.screened)
    assert found.prompts.equals(drawn.made.prompts)
