"""How well a strategy's network tells pairs of people whom it has never seen: what its D on one photograph is worth.

In: the strategy's record of the evaluation. Out: whether D counts, and that in one sentence. Knows no photograph.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tasks.base.words import counted
from tasks.evaluation.symmetry.names import called
from tasks.pages.environment import number, share, span

GUESSING = 0.6
"""An AUC below this is called hardly better than guessing."""


@dataclass(frozen=True)
class Trial:
    """`doubt`: why D says nothing of anybody. `guess`: why D does not tell whether a photograph stands out.

    `said`: the trial as a sentence. `few`: it stands on few people. `record`: its numbers, for --json.
    """

    doubt: str | None
    guess: str | None
    said: str
    few: bool
    record: Mapping[str, Any]


def trial_of(strategy: str, measured: Mapping[str, Any], *, few_people: int) -> Trial:
    """The trial on the test split's pairs. `few_people`: fewer than this are few."""
    test, rated = measured["binary"].get("test"), measured.get("ratings", {}).get("all")
    record: dict[str, Any] = {"pearson_with_raters": rated["pearson"]["value"] if rated else None}
    if measured["threshold"] is None or not test or test["auc"]["value"] is None:
        doubt = f"the network could not be tested on unseen people ({measured['reason'] or 'no test pairs'})"
        return Trial(doubt, None, "", True, record)
    record |= {
        "unseen_people": test["n_subjects"],
        "accuracy_on_unseen_pairs": test["accuracy"]["value"],
        "accuracy_interval": [test["accuracy"]["low"], test["accuracy"]["high"]],
        "auc_on_unseen_pairs": test["auc"]["value"],
        "auc_interval": [test["auc"]["low"], test["auc"]["high"]],
    }
    area, people = test["auc"]["value"], test["n_subjects"]
    few = people < few_people
    told = (
        f"told {share(test['accuracy']['value'])} % of symmetric and asymmetric pairs of "
        f"{'only ' if few else ''}{counted(people, 'unseen person', 'unseen people')} rightly"
    )
    doubt = f"on unseen people the network does hardly better than guessing (AUC {number(area)})"
    how = span(test["accuracy"], percent=True)
    guess = f"it {told}, {how}, which may be guessing" if may_be_guessing(test) else None
    said = f"{called(strategy)} {told} ({how})."
    return Trial(doubt if area < GUESSING else None, guess, said, few, record)


def may_be_guessing(test: Mapping[str, Any]) -> bool:
    """Whether the intervals of accuracy or AUC reach what guessing earns, or are not known."""
    always = max(test["n_positive"], test["n_negative"]) / test["n"]  # one answer for every pair
    marks = ((test["accuracy"]["low"], always), (test["auc"]["low"], 0.5))
    return any(low is None or low <= mark for low, mark in marks)
