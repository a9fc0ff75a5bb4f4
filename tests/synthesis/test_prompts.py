"""Prompts: the paper's words, every value about equally often, rules kept, and nothing moved by a larger count."""

from typing import Any

import pytest

from tasks import params
from tasks.params.synthesis import SynthesisCaptions, SynthesisPrompts
from tasks.schemas.synthesis import CONDITIONS
from tasks.synthesis.prompts import PARTS, PromptError, coverage, holds_trigger, plan_prompts, whole_face, with_trigger

SETTINGS = params.load(SynthesisPrompts, "synthesis_prompts")
TRIGGERS = params.load(SynthesisCaptions, "synthesis_captions").triggers


def settings(count: int = SETTINGS.count, **grammar: object) -> SynthesisPrompts:
    changed = SETTINGS.grammar.model_copy(update=grammar)
    return SETTINGS.model_copy(update={"count": count, "grammar": changed})


def plan(condition: str, count: int, **grammar: object) -> Any:
    return plan_prompts(condition=condition, triggers=TRIGGERS, settings=settings(count, **grammar))


def test_the_papers_example_can_be_said() -> None:
    face = whole_face("girl", "unrepaired cleft lip", kind="unilateral", signs=())
    assert with_trigger(face, "CLP") == "[CLP] A girl's whole face with an unrepaired unilateral cleft lip."
    face = whole_face("adult", "after cleft lip repair", kind="", signs=("subtle scar", "slight nose asymmetry"))
    assert face == "An adult's whole face after cleft lip repair, with a subtle scar and slight nose asymmetry."


@pytest.mark.parametrize("condition", CONDITIONS)
def test_prompts_say_what_the_columns_say(condition: Any) -> None:
    for row in plan(condition, 50).to_pylist():
        prompt = row["prompt"]
        assert prompt.startswith(f"[{getattr(TRIGGERS, condition)}] A {row['person']}'s whole face ")
        assert prompt.endswith(SETTINGS.grammar.closing)
        for words in (f"{row['skin_tone']} skin.", f"{row['hair']} hair.", f"{row['eyes']} eyes.", row["cleft"]):
            assert words.lower() in prompt.lower()
        assert "cleft lip" in prompt and ("unrepaired" in prompt) == (condition == "pre")


@pytest.mark.parametrize("condition", CONDITIONS)
def test_without_rules_values_differ_by_one_at_most(condition: Any) -> None:
    """At every count: 25 is no multiple of any part's number of values."""
    for count in (25, 64, 331):
        for _, counts in coverage(plan(condition, count, excluded=())).to_pandas().groupby("part")["count"]:
            assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("condition", CONDITIONS)
def test_with_the_demos_rules_values_are_still_about_equal(condition: Any) -> None:
    for _, rows in coverage(plan(condition, 500)).to_pandas().groupby("part"):
        assert (rows["count"] - rows["expected"]).abs().max() <= 2


def test_rules_are_kept_and_long_waiting_cards_are_played() -> None:
    """A value that goes with one person in four is still asked for as often as it can be."""
    rules = ({"person": ("girl", "boy", "kid"), "hair": ("long",)},)
    rows = plan("pre", 400, excluded=rules).to_pylist()
    assert {row["person"] for row in rows if row["hair"] == "long"} == {"baby"}
    assert sum(row["hair"] == "long" for row in rows) >= 400 // 9 - 2


def test_hard_rules_are_kept_where_equal_counts_are_impossible() -> None:
    """Half of the hair goes with a quarter of the persons: fewer of it, no rule broken, no endless search."""
    values = SETTINGS.grammar.hair[:6]
    rows = plan("pre", 300, excluded=({"person": ("girl", "boy", "kid"), "hair": values},)).to_pylist()
    assert {row["person"] for row in rows if row["hair"] in values} == {"baby"}
    assert len({row["hair"] for row in rows}) == 9


@pytest.mark.parametrize("condition", CONDITIONS)
def test_more_pictures_change_no_earlier_prompt(condition: Any) -> None:
    assert plan(condition, 300).slice(0, 70).equals(plan(condition, 70))


def test_no_two_pictures_share_a_name_or_a_seed_and_another_seed_asks_otherwise() -> None:
    both = [row for condition in CONDITIONS for row in plan(condition, 100).to_pylist()]
    assert len({row["image_id"] for row in both}) == len({row["seed"] for row in both}) == 200
    other = plan_prompts(condition="pre", triggers=TRIGGERS, settings=SETTINGS.model_copy(update={"seed": 2}))
    assert other["prompt"].to_pylist() != plan("pre", SETTINGS.count)["prompt"].to_pylist()


def test_parts_are_drawn_apart_from_each_other() -> None:
    """No value of one part always comes with one of another: every pair of skin tone and eyes is asked for."""
    rows = plan("pre", 300).to_pylist()
    assert len({(row["skin_tone"], row["eyes"]) for row in rows}) == 6 * 4


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"persons": ("baby",)}, "no part"),
        ({"person": ("toddler",)}, "toddler"),
        ({}, "names no values"),
        ({"person": ("baby",), "hair": ()}, "names no values"),
        ({"person": ("baby",)}, "leaves no prompt"),
        ({"person": ("baby",), "eyes": SETTINGS.grammar.eyes}, "person baby"),
    ],
)
def test_rules_that_cannot_be_are_refused(rule: Any, said: str) -> None:
    with pytest.raises(PromptError, match=said):
        plan("pre", 10, excluded=(rule,))


def test_a_rule_about_adults_is_no_error_before_repair() -> None:
    assert plan("pre", 10, excluded=({"person": ("man",), "hair": ("long",)},)).num_rows == 10


@pytest.mark.parametrize("part", [{"hair": ()}, {"eyes": ("blue", "blue")}, {"skin_tone": ("pale", " ")}])
def test_parts_that_cannot_be_are_refused(part: Any) -> None:
    with pytest.raises(PromptError, match=f"grammar.{next(iter(part))}"):
        plan("pre", 10, **part)


def test_both_conditions_under_one_trigger_are_refused() -> None:
    same = TRIGGERS.model_copy(update={"post": "clp"})
    with pytest.raises(PromptError, match="each needs its own"):
        plan_prompts(condition="pre", triggers=same, settings=SETTINGS)


@pytest.mark.parametrize(
    "text",
    ["A face.", "[CLP] A face.", "CLP A face.", "CLP: A face.", "(clp), A face.", "A face. [CLP]", "<CLP> A face. CLP",
     "{CLP} [CLP] A face.", "A [CLP] face."],
)  # fmt: skip
def test_the_trigger_is_put_in_once(text: str) -> None:
    said = with_trigger(text, "CLP")
    assert said == "[CLP] A face." and with_trigger(said, "CLP") == said


def test_a_trigger_inside_another_is_another() -> None:
    assert not holds_trigger("[CLPrep] A face.", "CLP")
    assert with_trigger("A face.", "CLPrep") == "[CLPrep] A face."


@pytest.mark.parametrize("text", ["A baby with CLP on both sides.", "[CLP]", "CLP.", ""])
def test_a_trigger_that_cannot_be_moved_is_refused(text: str) -> None:
    with pytest.raises(PromptError, match="CLP"):
        with_trigger(text, "CLP")


def test_coverage_counts_every_prompt_once_a_part() -> None:
    table = coverage(plan("post", 64)).to_pandas()
    assert set(table.part) == set(PARTS)
    assert (table.groupby("part")["count"].sum() == 64).all()
