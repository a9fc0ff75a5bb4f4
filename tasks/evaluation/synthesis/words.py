"""The synthesis' evaluation in plain words.

In: the record of `evaluate_synthesis`. Out: sentences that stand alone, and readable names.
The rule: say what was measured, on how many, beside what; a number that a stand-in made is said to be none.
Knows nothing of how numbers came about.
"""

from collections.abc import Mapping
from typing import Any

from tasks.base.words import counted
from tasks.evaluation.synthesis.published import CLEFTGAN, EARLIER, PAIRS, PUBLISHED
from tasks.pages.chapter import Tile
from tasks.pages.environment import count, number, share, span
from tasks.schemas.synthesis import CONDITIONS

NAMES = {
    "pre": "before repair",
    "post": "after repair",
    "all": "together",
    "control": "controls",
    "asked_for": "asked for",
    "drawn": "drawn",
    "one_face": "exactly one face",
    "whole_and_frontal": "face whole and frontal",
    "nothing_in_the_way": "eyes free, no text",
    "sharp": "sharp",
    "as_asked_for": "as asked for (passed)",
    "not_quarantined": "nobody\u2019s face",
    "released": "released",
    "no_face": "no face found",
    "several_faces": "several faces",
    "cropped": "face cut off",
    "not_frontal": "not frontal",
    "eyes_covered": "eyes covered",
    "text": "text or watermark",
    "blurred": "blurred",
    "skin_tone": "skin tone",
    "age": "age",
    "person": "age and gender",
    "eyes": "eyes",
    "hair": "hair",
    "cleft": "cleft features",
    "unrepaired": "Cleft before repair against controls",
    "lip_anomaly": "Cleft after repair against controls",
    "pre_post": "Before against after repair",
}

FUNNEL = (
    "asked_for",
    "drawn",
    "one_face",
    "whole_and_frontal",
    "nothing_in_the_way",
    "sharp",
    "as_asked_for",
    "not_quarantined",
    "released",
)
"""The steps between asking for a picture and showing it, in order."""

ANSWERS = {
    "unrepaired": ("control", "cleft"),
    "lip_anomaly": ("control", "cleft"),
    "pre_post": ("before repair", "after repair"),
}
"""What 0 and 1 mean, by classifier."""

FEW = 2048
"""Pictures under which the covariance of as many Inception features cannot be told."""


def named(name: str) -> str:
    """The readable name of a condition, step, flag, part of a prompt or classifier."""
    return NAMES.get(name, name.replace("_", " "))


def rate(value: float | None) -> str:
    """A small share in [0, 1] as per cent with four digits; a dash for null."""
    return number(None if value is None else 100 * value, 4)


def tiles(record: Mapping[str, Any]) -> list[Tile]:
    """By condition how many of the pictures asked for may be shown."""
    return [
        Tile(
            f"Synthesis: pictures {named(name)} that may be shown",
            str(record["funnel"][name].get("released", 0)),
            f"of {record['funnel'][name]['asked_for']}",
        )
        for name in CONDITIONS
        if record["funnel"][name]["asked_for"]
    ]


def findings(record: Mapping[str, Any], *, realism: str, plausibility: str) -> list[str]:
    """The result as sentences."""
    table, network = record["table2"], record["network"]
    said = [_funnel_said(name, left) for name, left in record["funnel"].items() if left["asked_for"]]
    said += [_flags_said(record["flags"])] if any(sum(own.values()) for own in record["flags"].values()) else []
    said += [line for name in ("pre", "post") for line in _identity_said(name, record)]
    said += _fidelity_said(table, network) + _diversity_said(table, network)
    said += [line for scale in (realism, plausibility) for line in _ratings_said(scale, record["ratings"][scale])]
    said += [line for task, own in record["classifiers"].items() for line in _classifier_said(task, own)]
    return said


def _funnel_said(name: str, left: Mapping[str, int]) -> str:
    text = f"{named(name).capitalize()}, {count(left['asked_for'])} pictures were asked for"
    if "as_asked_for" in left:
        text += f"; {count(left['as_asked_for'])} passed the screening"
    if "released" in left:
        text += f"; {count(left['released'])} may be shown"
    return text + "."


def _flags_said(flags: Mapping[str, Mapping[str, int]]) -> str:
    sums = {flag: sum(own.values()) for flag, own in flags.items()}
    most = sorted((flag for flag in sums if sums[flag]), key=lambda flag: -sums[flag])[:3]
    return f"Most often held against a picture: {', '.join(f'{named(flag)} ({sums[flag]})' for flag in most)}."


def _identity_said(name: str, record: Mapping[str, Any]) -> list[str]:
    found, own, quarantined = record["table2"]["fir"][name], record["matched"][name], record["quarantined"][name]
    if found["value"] is None:
        return []
    published = f"published {PUBLISHED['fir'][name]:.4f}\u2009% of {count(PAIRS[name])} pairs"
    text = (
        f"{named(name).capitalize()}, {count(found['matching_pairs'] or 0)} of {count(found['pairs'] or 0)} pairs of a "
        f"generated picture and a training photograph are one face by the threshold "
        f"(FIR {rate(found['value'])}\u2009%; {published})"
    )
    if own["value"] is not None:
        text += f"; {share(own['value'])}\u2009% of the pictures match somebody ({span(dict(own), percent=True)})"
    repeats = counted(record["repeats"][name], "picture")
    return [
        f"{text}. Whoever the network sees in them, {repeats} repeat{'s' if record['repeats'][name] == 1 else ''} a"
        f" training photograph, perhaps mirrored, recoloured, cropped or blurred. {count(quarantined)} are quarantined."
    ]


def _stand_in(network: Mapping[str, Any], key: str) -> bool:
    return network.get(key) == "random"


def _fidelity_said(table: Mapping[str, Any], network: Mapping[str, Any]) -> list[str]:
    known = {name: own for name, own in table["fid"].items() if own["value"] is not None}
    if not known:
        return []
    sizes = {name: (own["n_generated"] or 0, own["n_real"] or 0) for name, own in known.items()}
    values = ", ".join(
        f"{number(own['value'], 3)} {named(name)} (N {count(sizes[name][0])} against {count(sizes[name][1])})"
        for name, own in known.items()
    )
    beside = f"published {PUBLISHED['fid']['all']} together, CleftGAN {CLEFTGAN['fid']}"
    if _stand_in(network, "inception"):
        return [
            f"The Fr\u00e9chet distance of random features is {values}. This is no FID: nothing to set beside {beside}."
        ]
    text = f"FID is {values}; {beside}."
    if min(min(both) for both in sizes.values()) < FEW:
        text += " With few pictures FID comes out too high; KID does not."
    return [text]


def _diversity_said(table: Mapping[str, Any], network: Mapping[str, Any]) -> list[str]:
    known = {name: own for name, own in table["lpips"].items() if own["value"] is not None}
    if not known:
        return []
    values = ", ".join(
        f"{number(own['value'], 3)} {named(name)} ({count(own['pairs'] or 0)} pairs)" for name, own in known.items()
    )
    if _stand_in(network, "lpips"):
        return [f"The distance of two generated pictures by random features is {values}. This is no LPIPS."]
    beside = f"published {PUBLISHED['lpips']['all']} together, CleftGAN {CLEFTGAN['lpips']}"
    return [f"Two generated pictures differ by LPIPS {values}; {beside}."]


def _ratings_said(scale: str, own: Mapping[str, Any]) -> list[str]:
    drawn, real = own["means"]["generated"]["all"], own["means"]["real"]["all"]
    if drawn["value"] is None:
        return []
    rated = counted(drawn["n_images"], "generated picture")
    text = f"{scale.capitalize()}: {counted(own['n_raters'], 'rater')} gave {rated} "
    text += f"{number(drawn['value'])} of 5 ({span(drawn)})"
    if real["value"] is not None:
        text += f", {counted(real['n_images'], 'photograph')} {number(real['value'])} ({span(real)})"
    gap = own["difference"]
    if gap["low"] is None:
        return [text + "."]
    verdict = "no difference shown" if gap["low"] <= 0 <= gap["high"] else "a difference"
    return [text + f"; generated less real {number(gap['value'])} ({span(gap)}): {verdict}."]


def _classifier_said(task: str, own: Mapping[str, Any]) -> list[str]:
    if own["reason"]:
        return []
    right, even = own["accuracy"], own["balanced_accuracy"]
    published = PUBLISHED["accuracy"].get(task)
    beside = span(right, percent=True) + (f"; published {published:g}" if published else "")
    text = (
        f"{named(task)}: a classifier that saw generated faces and no photograph of a patient gets "
        f"{share(right['value'])}\u2009% of {count(own['n'])} photographs right ({beside})"
    )
    if even["low"] is None or even["low"] <= 0.5:
        return [text + f", not shown to be better than guessing (balanced {share(even['value'])}\u2009%)."]
    if task == "lip_anomaly" and right["low"] is not None:
        text += f", beside {EARLIER} from warped faces before"
    return [text + "."]
