"""The report's first screen: which method follows raters best, by how much, on how many people; what is missing."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from scipy import stats

from tasks.evaluation.census import Refusal
from tasks.evaluation.comparison import Evaluation
from tasks.evaluation.front import Front, front
from tasks.evaluation.metrics import finite
from tasks.evaluation.photographs import Photographs
from tasks.evaluation.symmetry.names import called
from tasks.pages.chapter import Chapter, Tile
from tasks.pages.environment import environment
from tasks.params.evaluation import Evaluate
from tests.evaluation.showing import evaluate, render, symmetry_chapter

FEW = 20


def of(found: Evaluation, *more: Chapter) -> Front:
    return front(finite(found.metrics), [symmetry_chapter(found), *more], [], [], few_people=FEW)


@pytest.fixture
def draw_one(draw: Callable[..., SimpleNamespace], settings: Evaluate) -> Callable[..., Evaluation]:
    def made(copy: bool = False, **given: Any) -> Evaluation:
        study = draw(**given)
        if copy:  # a method that is another one, but for a trifle
            own = study.scores[study.scores["method"] == "distance_clp"].dropna()
            rest = study.scores[study.scores["method"] == "distance_temporal"]
            twin = own.assign(method="mirror_difference", score=own["score"] + (own.index % 2) * 0.001)
            study.scores = pd.concat([own, rest, twin], ignore_index=True)
        return evaluate(study.pairs, study.scores, study.ratings, study.references, settings)

    return made


def test_the_answer_names_the_closest_method_by_how_much_and_on_how_many(
    evaluation: Evaluation, study: SimpleNamespace
) -> None:
    shown = of(evaluation)
    assert shown.answer == "Lip outline D follows the raters best, by more than chance."
    wide = study.scores.pivot(index="image_id", columns="method", values="score").dropna()
    mean = study.ratings.groupby("image_id")["score"].mean().reindex(wide.index)
    first, second = (stats.pearsonr(wide[name], mean).statistic for name in ("distance_clp", "mirror_difference"))
    assert [tile.value for tile in shown.tiles[:2]] == [f"{first:.2f}", f"{first - second:.2f}"]
    assert "on 50 photographs of 25 people" in shown.detail[0]
    assert f"Next is Pixel mirror difference, {first - second:.2f} behind" in shown.detail[1]
    assert "One more rater reaches" in shown.detail[2]
    ceiling = evaluation.metrics["raters"]["ceiling"]["all"]["value"]
    assert shown.tiles[2].value == f"{ceiling:.2f}"
    assert (shown.tiles[3].value, shown.small) == ("25", [])


def test_rated_photographs_that_a_method_did_not_score_are_counted(
    study: SimpleNamespace, settings: Evaluate
) -> None:
    scores = study.scores.copy()
    mirror = scores.index[(scores["method"] == "mirror_difference") & scores["score"].notna()]
    rated = set(study.ratings["image_id"])
    gone = [at for at in mirror if scores.loc[at, "image_id"] in rated][:3]
    scores.loc[gone, "score"] = None
    shown = of(evaluate(study.pairs, scores, study.ratings, study.references, settings))
    assert "on all 50 rated)" in shown.detail[2]
    assert "on 47 photographs of" in shown.detail[0]
    assert shown.detail[0].endswith(
        "3 rated photographs are left out, as not every method scored them: Pixel mirror difference has no value "
        "for 3. \u201cEvery photograph\u201d says why."
    )


def test_a_lead_that_may_be_chance_is_said_to(draw_one: Callable[..., Evaluation]) -> None:
    found = draw_one(copy=True)
    behind = found.metrics["closest"]["behind"]
    assert {name: duel["verdict"] for name, duel in behind.items()}["distance_temporal"] == "better"
    assert "may be chance" in of(found).answer


def test_a_number_from_few_people_is_no_headline(draw_one: Callable[..., Evaluation], region: bytes) -> None:
    found = draw_one(patients=4, photographs=6)
    shown = of(found)
    assert shown.answer == "4 people are too few to say which method follows raters best."
    assert shown.small == ["Only 4 people were rated and scored by every method; 20 are needed for a headline."]
    assert not any(word in " ".join(shown.detail) for word in ("chance", "no difference", "closer", "come up to"))
    page = render(found, symmetry_chapter(found))
    assert "from 4 people: too few for a headline" in page
    assert f'<span class="value">{shown.tiles[0].value}</span>' not in page
    assert shown.small[0] in page


def test_a_tile_without_a_value_says_why_and_nothing_of_few_people() -> None:
    tile: Any = environment().get_template("pages/macros.html.j2").module
    shown = str(tile.tile(Tile("AUC", "–", "no unseen control was scored", 10), 20))
    assert "No value. No unseen control was scored." in shown and "too few" not in shown


def test_without_ratings_it_says_what_to_add(study: SimpleNamespace, settings: Evaluate) -> None:
    found = evaluate(study.pairs, study.scores, study.ratings.iloc[:0], study.references, settings)
    gone = Chapter("anomaly", "Anomaly", reason="no controls; add photographs of controls")
    parts = Chapter("synthesis", "Synthesis", missing=["Pictures before repair were not drawn: no patients."])
    shown = of(found, gone, parts)
    assert shown.answer == "Nothing can be said yet about which method follows raters best."
    assert shown.detail == ["Nobody rated a photograph that was scored."]
    assert "Anomaly was not measured: no controls; add photographs of controls." in shown.missing
    assert "Pictures before repair were not drawn: no patients." in shown.missing
    assert any(line.startswith("There are no ratings") for line in shown.missing)
    assert shown.tiles == []


def test_one_rater_alone_is_a_notice(study: SimpleNamespace, settings: Evaluate) -> None:
    one = study.ratings[study.ratings["rater_id"] == "m1"]
    shown = of(evaluate(study.pairs, study.scores, one, study.references, settings))
    assert any(line.startswith("One rater alone") for line in shown.small)
    assert not any("One more rater" in tile.name for tile in shown.tiles)


def test_what_was_refused_is_said_to_be_missing(evaluation: Evaluation) -> None:
    rows = [
        Refusal("ratings.csv", "line 7: score 9 is not on the scale", 2),
        Refusal("ratings.csv", "line 9: no such photograph", 1),
        *(Refusal("groups.csv", f"of kind {number}", number) for number in range(1, 10)),
        Refusal("raw folder", "Thumbs.db: no picture", 1, "passed over"),
        Refusal("images and frames", "no face was found", 1),
    ]
    missing = front(finite(evaluation.metrics), [symmetry_chapter(evaluation)], [], rows, few_people=FEW).missing
    kinds = " ".join(f"Of kind {number} ({number})." for number in range(9, 1, -1))
    assert missing[-3:] == [
        "Refused of ratings.csv: 3. Line 7: score 9 is not on the scale (2). Line 9: no such photograph (1).",
        f"Refused of groups.csv: 45. {kinds} Data has all reasons.",
        "Refused of images and frames: 1. No face was found.",
    ]


@pytest.mark.parametrize(
    ("low", "high", "claim"),
    [
        (0.9, 0.97, "closer to their mean"),
        (0.2, 0.7, "does not come up"),
        (0.4, 0.95, "no difference from the method is shown"),
    ],
)
def test_a_method_beside_one_more_rater(evaluation: Evaluation, low: float, high: float, claim: str) -> None:
    """A wide interval around the rater's mark shows no difference; it does not show that they are alike."""
    metrics = finite(evaluation.metrics)
    metrics["closest"] |= {
        "pearson": metrics["closest"]["pearson"] | {"low": low, "high": high},
        "ceiling": metrics["closest"]["ceiling"] | {"value": 0.8, "low": 0.7, "high": 0.9},
    }
    (said,) = (line for line in front(metrics, [], [], [], few_people=FEW).detail if line.startswith("One more rater"))
    assert claim in said


def test_the_table_of_methods_is_in_the_order_of_the_first_screen(evaluation: Evaluation) -> None:
    page = render(evaluation, symmetry_chapter(evaluation))
    table = page[page.index('aria-label="All methods"') :]
    places = [table.index(f'<th scope="row">{called(name)}') for name in evaluation.metrics["closest"]["order"]]
    assert places == sorted(places)


@pytest.mark.parametrize(("rows", "boxed"), [(42, False), (61, True)])
def test_a_table_in_a_box_says_how_many_rows_it_has(evaluation: Evaluation, rows: int, boxed: bool) -> None:
    table = Photographs(["photograph"], [[f"{row}.jpg"] for row in range(rows)])
    page = render(evaluation, symmetry_chapter(evaluation), photographs=table)
    assert (f"Scroll inside the box: it has {rows} rows." in page) == boxed
    assert ('class="scroll tall"' in page) == boxed
