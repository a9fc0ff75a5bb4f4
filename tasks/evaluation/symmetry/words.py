"""The symmetry chapter in plain words.

In: its record. Out: sentences for its head, and its figures in large type. The rule: say what was measured, on how
many, beside what; a network that beats nothing is said to. Knows nothing of how numbers came about.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from tasks.base.words import counted
from tasks.evaluation.symmetry.compare import PREFIX
from tasks.evaluation.symmetry.names import called
from tasks.evaluation.symmetry.published import PUBLISHED
from tasks.evaluation.symmetry.trial import GUESSING, may_be_guessing
from tasks.pages.chapter import Tile
from tasks.pages.environment import number, share, span


def tiles(record: Mapping[str, Any]) -> list[Tile]:
    """For each strategy: test accuracy and precision, and D against raters (or references where nobody rated)."""
    found = []
    for strategy, own in record["strategies"].items():
        test = own["binary"].get("test")
        for key in ("accuracy", "precision") if test else ():
            known = PUBLISHED.get(strategy, {}).get(key, {}).get("test")
            beside = f"{span(test[key], percent=True)}; published {known}" if known else span(test[key], percent=True)
            value = share(test[key]["value"]) + ("\u2009%" if test[key]["value"] is not None else "")
            found.append(Tile(f"{called(strategy)}: test {key}", value, beside, test["n_subjects"]))
        for name, target in _main_target(own):
            rho = target["spearman"]
            label = f"{called(strategy)}: Spearman\u2019s \u03c1 of D with {name}"
            found.append(
                Tile(
                    label,
                    number(rho["value"]),
                    f"{span(rho)}, {counted(rho['n_images'], 'photograph')}",
                    rho["n_subjects"],
                )
            )
    return found


def unsteady(record: Mapping[str, Any]) -> list[str]:
    """What a reader must know of photographs whose D pose or light makes unreliable, by strategy that has such."""
    said = []
    for strategy, own in record["strategies"].items():
        steady = own.get("steady", {})
        if not steady.get("n_images"):
            continue
        rated = own["ratings"].get("all", {}).get("pearson")
        of = f"{steady['n_images']:,} of {counted(own['n_scored'], 'photograph')}"
        if rated:
            left = steady["ratings"]["all"]["pearson"]["n_images"]
            of += f", {rated['n_images'] - left:,} of the {rated['n_images']:,} rated ones"
        said.append(
            f"Pose or light makes {called(PREFIX + strategy)} unreliable in {of}: small changes of crop or light would "
            "change it much. They are marked under Every photograph and are no examples. Every number counts them but "
            "those that are said to be without them. No mark tells a smile or an open mouth, which change D, too."
        )
    return said


def _main_target(own: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    ratings, references = own.get("ratings", {}), own.get("references", {})
    chosen = [("all ratings", ratings["all"])] if "all" in ratings else []
    return chosen + [(called(name), target) for name, target in list(references.items())[:1]]


def findings(record: Mapping[str, Any], ceilings: Mapping[str, Any]) -> list[str]:
    """The result as a few sentences that stand alone. `ceilings`: what one more rater reaches, by role."""
    said = []
    for strategy, own in record["strategies"].items():
        said += [_pairs_said(strategy, own), *_ratings_said(strategy, own, ceilings)]
        said += _baselines_said(strategy, record["comparisons"].get(strategy, {}))
    return said


def _pairs_said(strategy: str, own: dict[str, Any]) -> str:
    test = own["binary"].get("test")
    if own["threshold"] is None or test is None:
        return (
            f"{called(strategy)}: symmetric and asymmetric pairs could not be compared ({own['reason'] or 'no test'})."
        )
    right, area = test["accuracy"], test["auc"]["value"]
    text = f"{called(strategy)} told {share(right['value'])} % of {test['n']:,} unseen test pairs rightly"
    text += f" ({span(right, percent=True)})"
    if area is not None and area < GUESSING:
        return text + f": hardly better than guessing (AUC {number(area)}). Its D should not be read."
    text += f", AUC {number(area, 3)}" if area is not None else ""
    return text + (": that may be guessing, and no photograph is judged by it." if may_be_guessing(test) else ".")


def _ratings_said(strategy: str, own: dict[str, Any], ceilings: Mapping[str, Any]) -> list[str]:
    parts = []
    for role, target in own.get("ratings", {}).items():
        r, ceiling = target["pearson"], ceilings.get(role, {}).get("value")
        if role == "reliable" or r["value"] is None:
            continue
        marks = span(r) + (f"; one more rater reaches {number(ceiling)}" if ceiling is not None else "")
        parts.append(f"{number(r['value'])} with {role} ratings ({marks})")
    if not parts:
        return []
    return [
        f"{called(strategy)}: Pearson\u2019s r of D on the rated photographs is {', '.join(parts)}.",
        *_steady_said(strategy, own),
    ]


def _steady_said(strategy: str, own: dict[str, Any]) -> list[str]:
    """The same without the photographs whose D pose or light makes unreliable, where there are such."""
    rest = own.get("steady", {}).get("ratings", {})
    parts = []
    for role, target in rest.items():
        r = target["pearson"]
        if role == "reliable" or r["n_images"] == own["ratings"][role]["pearson"]["n_images"]:
            continue
        known = f"{number(r['value'])} with {role} ratings ({span(r)})" if r["value"] is not None else None
        parts.append(known or f"not known with {role} ratings ({r['reason']})")
    if not parts:
        return []
    gone = max(own["ratings"][role]["pearson"]["n_images"] - rest[role]["pearson"]["n_images"] for role in rest)
    who = f"{counted(gone, 'photograph')} whose D pose or light makes unreliable"
    return [f"{called(strategy)}: without the {who} it is {', '.join(parts)}."]


def _baselines_said(strategy: str, duels: dict[str, Any]) -> list[str]:
    said = []
    for baseline, by_target in duels.items():
        verdicts = Counter(duel["verdict"] for duel in by_target.values())
        known = sum(n for verdict, n in verdicts.items() if verdict != "unknown")
        if not known:
            continue
        beats = verdicts["better"] == known
        verdict = "beats" if beats else "does not always beat" if verdicts["better"] else "does not beat"
        words = {"better": "closer", "alike": "undecided", "worse": "less close"}
        counts = ", ".join(f"{verdicts[key]} {word}" for key, word in words.items() if verdicts[key])
        detail = f"closer in all {known} comparisons" if beats else f"of {known} comparisons: {counts}"
        said.append(
            f"{called(strategy)} {verdict} the plain measure \u201c{called(baseline)}\u201d "
            f"in following ratings and references ({detail})."
        )
    return said
