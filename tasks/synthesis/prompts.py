"""Which pictures are asked for: prompts from a grammar, every value about equally often, each with a seed of its own.

In: the grammar (Table 1 as data), how many pictures, a seed. Out: the prompts table, and how evenly values were drawn.
Rosero et al. 2025, DiffusionCleft, section 3.3 and Table 1. Knows nothing of models.

Every part of the grammar is a deck of cards, shuffled anew each round; a picture takes one card of each. So values
differ in number by one at most, and picture n is asked for in the same words however many follow. A card that does not
go with the others (an excluded combination) stays in hand until one comes with which it does.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, TypeVar

import pyarrow as pa

from tasks.base.digests import digest
from tasks.base.runtime import generator, seed_of
from tasks.errors import InputError
from tasks.params.synthesis import Grammar, SynthesisPrompts, Triggers
from tasks.schemas.synthesis import PROMPT_COVERAGE, PROMPTS

PARTS = ("person", "skin_tone", "hair", "eyes", "cleft")
"""What differs between one condition's prompts, in the order in which cards are taken."""

Parts = Mapping[str, Sequence[str]]
Value = TypeVar("Value")


class PromptError(InputError):
    """The grammar or a text cannot be used; the message names the part, value or trigger, and what is accepted."""


def plan_prompts(*, condition: str, triggers: Triggers, settings: SynthesisPrompts) -> pa.Table:
    """The prompts table of one condition (pre or post), numbers 0 to count - 1.

    PromptError: a rule names an unknown part or value or leaves a value without any prompt, or the triggers are one.
    """
    if triggers.pre.casefold() == triggers.post.casefold():
        raise PromptError(f"both conditions have the trigger {triggers.pre!r}; each needs its own")
    parts = parts_of(settings.grammar, condition)
    check_rules(settings.grammar, condition)
    dealt = _deal(parts, settings.grammar.excluded, settings.count, name=(settings.seed, "prompts", condition))
    status, trigger = _of(settings.grammar.status, condition), str(getattr(triggers, condition))
    return PROMPTS.table(
        asked
        | {
            "image_id": digest([condition, settings.seed, number]),
            "condition": condition,
            "number": number,
            "seed": seed_of(settings.seed, "picture", condition, number),
            "prompt": with_trigger(_words(condition, status, asked, settings.grammar.closing), trigger),
            "status": status,
        }
        for number, asked in enumerate(dealt)
    )


def parts_of(grammar: Grammar, condition: str) -> dict[str, tuple[str, ...]]:
    """The values of every part of the condition's prompts. PromptError: a part has none, or one twice."""
    parts = {
        "person": _of(grammar.person, condition),
        "skin_tone": grammar.skin_tone,
        "hair": grammar.hair,
        "eyes": grammar.eyes,
        "cleft": _of(grammar.cleft, condition),
    }
    for part, values in parts.items():
        if not values or len(set(values)) < len(values) or not all(value.strip() for value in values):
            raise PromptError(
                f"grammar.{part} ({condition}): {list(values)}; at least one value, each once, none empty"
            )
    return parts


def _of(by_condition: Mapping[Any, Value], condition: str) -> Value:
    if condition not in by_condition:
        raise PromptError(f"the grammar says nothing for condition {condition!r}; it has: {', '.join(by_condition)}")
    return by_condition[condition]


def check_rules(grammar: Grammar, condition: str) -> None:
    """PromptError unless every rule names known parts and values and leaves each value of the condition a prompt."""
    everything = {part: {value for name in grammar.person for value in parts_of(grammar, name)[part]} for part in PARTS}
    for number, rule in enumerate(grammar.excluded):
        where = f"grammar.excluded[{number}]"
        if strange := set(rule) - set(PARTS):
            raise PromptError(f"{where}: no part {sorted(strange)}; there are: {', '.join(PARTS)}")
        if not rule or not all(rule.values()):
            raise PromptError(f"{where}: names no values; a rule gives values of two parts or more")
        for part, values in rule.items():
            if unknown := set(values) - everything[part]:
                known = ", ".join(sorted(everything[part]))
                raise PromptError(f"{where}: {part} has no value {sorted(unknown)}; there are: {known}")
    _require_possible(parts_of(grammar, condition), grammar.excluded, condition)


def _require_possible(parts: Parts, rules: Sequence[Parts], condition: str) -> None:
    """PromptError where the rules together leave a value without any combination; only parts in rules matter."""
    bound = [part for part in PARTS if any(part in rule for rule in rules)]
    possible: dict[str, set[str]] = {part: set() for part in bound}
    for values in product(*(parts[part] for part in bound)):
        asked = dict(zip(bound, values, strict=True))
        if not _is_excluded(asked, rules):
            for part, value in asked.items():
                possible[part].add(value)
    for part in bound:
        if never := [value for value in parts[part] if value not in possible[part]]:
            raise PromptError(f"grammar.excluded leaves no prompt ({condition}) for {part} {', '.join(never)}")


def _is_excluded(asked: Mapping[str, str], rules: Sequence[Parts]) -> bool:
    return any(all(asked.get(part) in values for part, values in rule.items()) for rule in rules)


def _deal(parts: Parts, rules: Sequence[Parts], count: int, *, name: tuple[int | str, ...]) -> Iterator[dict[str, str]]:
    """One value of each part, `count` times; what comes later changes nothing before it."""
    import torch  # seconds, for which who only writes captions need not wait

    hands: dict[str, list[str]] = {part: [] for part in parts}
    rounds = dict.fromkeys(parts, 0)

    def draw(part: str) -> None:
        deck = torch.randperm(len(parts[part]), generator=generator(*name, part, rounds[part])).tolist()
        hands[part] += [parts[part][card] for card in deck]
        rounds[part] += 1

    for _ in range(count):
        for part in parts:
            if not hands[part]:
                draw(part)
        taken = _first_fitting(hands, rules)
        if taken is None:  # whole decks hold every value, and some combination fits: check_rules
            for part in parts:
                draw(part)
            taken = _first_fitting(hands, rules)
        assert taken is not None
        for part, value in taken.items():
            hands[part].remove(value)
        yield taken


def _first_fitting(hands: Mapping[str, Sequence[str]], rules: Sequence[Parts]) -> dict[str, str] | None:
    """The first combination that no rule excludes: of each part's oldest cards first."""
    for values in product(*(dict.fromkeys(hand) for hand in hands.values())):
        asked = dict(zip(hands, values, strict=True))
        if not _is_excluded(asked, rules):
            return asked
    return None


def _words(condition: str, status: str, asked: Mapping[str, str], closing: str) -> str:
    if condition == "pre":
        face = whole_face(asked["person"], status, kind=asked["cleft"], signs=())
    else:
        face = whole_face(asked["person"], status, kind="", signs=(asked["cleft"],))
    look = [f"{asked[part]} {noun}.".capitalize() for part, noun in (("skin_tone", "skin"), ("hair", "hair"))]
    return " ".join([face, *look, f"{asked['eyes']} eyes.".capitalize(), closing])


def whole_face(person: str, status: str, *, kind: str, signs: Sequence[str]) -> str:
    """The sentence that says whose face it is and what can be seen.

    `status`: of the cleft lip, such as "unrepaired cleft lip" or "after cleft lip repair"; empty: none. `kind`:
    unilateral or bilateral, or empty. `signs`: scars and asymmetries.
    """
    words = status.replace("cleft lip", f"{kind} cleft lip") if kind else status
    if words and not words.startswith("after "):
        words = f"with {_article(words)} {words}"
    seen = " and ".join(f"{_article(sign)} {sign}" if sign.endswith("scar") else sign for sign in signs)
    said = f"{_article(person).capitalize()} {person}'s whole face {words}".strip()
    return said + (f", with {seen}." if seen else ".")


def _article(noun: str) -> str:
    """`an` before a vowel that is heard as one: an unrepaired lip, a unilateral cleft."""
    return "an" if re.match(r"(?!uni|eu)[aeiou]", noun, re.IGNORECASE) else "a"


def coverage(prompts: pa.Table) -> pa.Table:
    """How often each value is asked for, and how often if all were equally often; rows by condition, part, value.

    Of the values that are asked for at all: with fewer pictures than values, some are not.
    """
    rows: list[dict[str, object]] = []
    for condition in sorted(set(prompts["condition"].to_pylist())):
        own = [row for row in prompts.to_pylist() if row["condition"] == condition]
        for part in PARTS:
            values = [row[part] for row in own]
            kinds = sorted(set(values))
            expected = len(own) / len(kinds)
            rows += [
                {"condition": condition, "part": part, "value": kind, "count": values.count(kind), "expected": expected}
                for kind in kinds
            ]
    return PROMPT_COVERAGE.table(rows)


def holds_trigger(text: str, trigger: str) -> bool:
    """Whether the trigger stands in the text as a word of its own: CLP does not stand in CLPrep."""
    return re.search(_word(trigger), text, re.IGNORECASE) is not None


def with_trigger(text: str, trigger: str) -> str:
    """The text with the trigger in front, once: `[CLP] A girl's whole face ...`.

    One that stands in front, at the end, or in brackets anywhere is taken out first. PromptError: it stands bare in the
    middle, where taking it out would break the sentence; or nothing is left.
    """
    word = _word(trigger)
    bare = re.sub(rf"[\[({{<]\s*{word}\s*[\])}}>]", " ", text, flags=re.IGNORECASE)
    bare = re.sub(rf"^\W*{word}(\s*[:,.;-])?", " ", bare.strip(), flags=re.IGNORECASE)
    bare = re.sub(rf"(?<=[.,;!?])\s*{word}\W*$", " ", bare.strip(), flags=re.IGNORECASE)
    bare = re.sub(r"\s+([.,;])", r"\1", " ".join(bare.split())).lstrip(" :,.;-")
    if holds_trigger(bare, trigger):
        raise PromptError(f"the trigger {trigger} stands in the middle of {text!r}; write it in front, or leave it out")
    if not re.search(r"\w", bare):
        raise PromptError(f"{text!r} says nothing besides the trigger {trigger}")
    return f"[{trigger}] {bare}"


def _word(trigger: str) -> str:
    return rf"(?<!\w){re.escape(trigger)}(?!\w)"
