"""The anomaly evaluation in plain words.

In: the record of `evaluate_anomaly`. Out: sentences that stand alone, and the combinations' readable names.
The rule: say what was measured, on how many, beside what; a step that does not help is said not to.
Knows nothing of how numbers came about.
"""

from collections.abc import Mapping
from typing import Any, Literal

from tasks.base.words import counted, counted_people
from tasks.evaluation.anomaly.published import FACES, LATER, PEARSON
from tasks.pages.chapter import Tile
from tasks.pages.environment import called, number, share, span
from tasks.statistics.detection import verdict

NAMES = {
    "pse": "PSE",
    "ssim": "SSIM",
    "lpips": "LPIPS",
    "base": "neither YCbCr nor erosion",
    "ycbcr": "YCbCr",
    "erosion": "erosion",
    "both": "YCbCr and erosion",
    "mouth": "mouth and nose",
    "face": "the face without the eyes",
}

Normal = Literal["drawn", "filling"]
"""What a photograph is held against: the nearest face that the generator draws, or its own filling."""
NORMALS: Mapping[Normal, str] = {
    "drawn": "the nearest face that the generator draws",
    "filling": "its own face with lips and nose filled",
}
FILLED = (
    "The anomaly\u2019s scores hold each photograph against its own filling by the inpainting network, not against the "
    "face that a generator draws (anomaly_score: normal): they are not the published method\u2019s."
)

MEASURE = "anomaly"
"""The headline score's one name, as a column says it; "S" is its value."""

STEPS = {
    "adaptation": "Adaptation",
    "ycbcr": "YCbCr instead of RGB",
    "erosion": "Erosion",
    "both": "The pair of YCbCr and erosion",
}
"""Comparisons that ask whether a step of the method helps."""


def combination(own: Mapping[str, Any], against: Normal) -> str:
    """A score's name: heatmap, region, processing, adapted or not."""
    adapted = f"{own['step']} iterations of adaptation" if own["step"] else "not adapted"
    adapted = adapted if against == "drawn" else "against the photograph's own filling"
    return f"{NAMES[own['heatmap']]} over {NAMES[own['region']]}, {NAMES[own['processing']]}, {adapted}"


def trial_said(found: Mapping[str, Any], *, few_people: int) -> tuple[str | None, str]:
    """Why S does not tell whether a photograph stands out, if so; and how well it tells patients, as a sentence.

    `found`: the AUC of patients against unseen controls. `few_people`: fewer than this are few.
    """
    if found["value"] is None:
        return None, f"Whether S tells patients from unseen controls is not known ({found['reason']})."
    only = "only " if found["n_subjects"] < few_people else ""
    said = (
        f"S of a patient lay further off than S of an unseen control in {share(found['value'])} % of pairs of "
        f"{only}{counted(found['n_subjects'], 'person', 'people')} ({span(found, percent=True)})"
    )
    if found["low"] is None or found["low"] <= 0.5:
        return f"{said}, which may be chance", ""
    return None, f"{said}."


def state_of(step: int) -> str:
    """The half of Table 1 in which the scores of a step stand: step 0 is adapted to nobody."""
    return "adapted" if step else "not_adapted"


def headline_cell(record: Mapping[str, Any]) -> dict[str, Any]:
    """The headline score's cell of Table 1."""
    own = record["headline"]
    found = record["table1"][state_of(own["step"])][own["region"]][own["heatmap"]][own["processing"]]
    return dict(found)


def undrawn_said(count: int, of: int) -> list[str]:
    """What the report says of photographs that the generator cannot draw; nothing where there are none."""
    if not count:
        return []
    return [
        f"The generator cannot draw {count:,} of {counted(of, 'photograph')} beside mouth and nose either, so their S "
        "says nothing of a cleft: the table of photographs marks them, and none is among the examples. The numbers "
        "count them."
    ]


def tiles(record: Mapping[str, Any]) -> list[Tile]:
    """The headline score against the survey, and patients against controls."""
    found, area = headline_cell(record)["pearson"], record["detection"]["patients"]
    beside = f"{span(found)}, {found['n_images']} photographs" if found["value"] is not None else str(found["reason"])
    told = f"{span(area)}, {area['n_images']} photographs" if area["value"] is not None else str(area["reason"])
    return [
        Tile(
            "Anomaly: Pearson\u2019s r of the headline score with the survey",
            number(found["value"]),
            beside,
            found["n_subjects"],
        ),
        Tile("Anomaly: AUC, patients against unseen controls", number(area["value"]), told, area["n_subjects"]),
    ]


def findings(record: Mapping[str, Any], names: Mapping[str, str]) -> list[str]:
    """The result as sentences; `names`: readable names of the other systems' methods."""
    return [
        _survey_said(record),
        *_references_said(record),
        *_best_said(record),
        *[
            line
            for name, title in STEPS.items()
            for line in _step_said(title, record["comparisons"]["steps"].get(name))
        ],
        *_heatmaps_said(record["comparisons"]["steps"]),
        *_methods_said(record["comparisons"]["methods"], names),
        _detection_said(record["detection"]["patients"], record["against"]),
        *_half_said(record["steps_to_half"]),
    ]


def _survey_said(record: Mapping[str, Any]) -> str:
    found, survey = headline_cell(record)["pearson"], record["survey"]
    name = f"The headline score ({combination(record['headline'], record['against'])})"
    if found["value"] is None:
        return f"{name} could not be compared with a survey: {found['reason']}."
    later, faces = LATER
    ceiling = survey["ceiling"]["value"]
    return (
        f"{name} agrees with the mean rating of {counted(survey['n_raters'], 'rater')} ({survey['scale']}) with "
        f"Pearson\u2019s r {number(found['value'])} ({span(found)}) on "
        f"{counted_people(found['n_images'], found['n_subjects'])}"
        + (f"; one more rater reaches {number(ceiling)}" if ceiling is not None else "")
        + f". Published: {PEARSON} on {FACES} faces, and {later} on {faces} in the article after it."
    )


def _references_said(record: Mapping[str, Any]) -> list[str]:
    return [
        f"With {called(name, {})} the headline score has Spearman\u2019s \u03c1 {number(found['spearman']['value'])} "
        f"({span(found['spearman'])}, {counted(found['spearman']['n_images'], 'photograph')})."
        for name, found in headline_cell(record)["references"].items()
        if found["spearman"]["value"] is not None
    ]


def _best_said(record: Mapping[str, Any]) -> list[str]:
    best = record["best"]
    if best is None:
        return []
    if {name: best[name] for name in record["headline"]} == record["headline"]:
        return [f"None of the other {best['candidates'] - 1} scores agrees better than the headline, named beforehand."]
    text = f"{combination(best, record['against'])} agrees best of {best['candidates']} "
    text += f"(r {number(best['pearson']['value'])})"
    text += ", but it was picked on the photographs that it is judged on, which flatters it"
    if best["optimism"] is None:
        return [text + "."]
    return [
        text + f": by about {number(best['optimism'])}, as the bootstrap has it. Choose by the headline, not by this."
    ]


def _step_said(title: str, duel: Mapping[str, Any] | None) -> list[str]:
    """Whether a step helps, on every target."""
    said = {"better": "helps", "worse": "harms", "alike": "shows no effect", "unknown": "could not be judged"}
    if not duel:
        return []
    parts = [f"{said[own['verdict']]} on {_target(name)} ({_change(own)})" for name, own in duel.items()]
    return [f"{title} {'; '.join(parts)}."]


def _heatmaps_said(steps: Mapping[str, Any]) -> list[str]:
    return [
        _duel_said(one, other, steps[f"{one.lower()}_{other.lower()}"])
        for one, other in (("PSE", "LPIPS"), ("PSE", "SSIM"), ("LPIPS", "SSIM"))
        if steps.get(f"{one.lower()}_{other.lower()}")
    ]


def _methods_said(methods: Mapping[str, Any], names: Mapping[str, str]) -> list[str]:
    return [_duel_said("The headline score", called(name, names), duel) for name, duel in methods.items() if duel]


def _duel_said(one: str, other: str, duel: Mapping[str, Any]) -> str:
    said = {"better": "closer", "worse": "less close", "alike": "no difference shown", "unknown": "not compared"}
    parts = [f"{_target(name)}: {said[own['verdict']]} ({_change(own)})" for name, own in duel.items()]
    return f"{one} against {other}: {'; '.join(parts)}."


def _target(name: str) -> str:
    return "ratings" if name == "survey" else called(name, {})


def difference_of(duel: Mapping[str, Any]) -> dict[str, Any]:
    """The estimate in a paired difference, whichever correlation it is of."""
    return dict(duel.get("pearson_difference") or duel["spearman_difference"])


def _change(duel: Mapping[str, Any]) -> str:
    found, name = difference_of(duel), "r" if "pearson_difference" in duel else "\u03c1"
    if found["value"] is None:
        return str(found["reason"])
    sign = "+" if found["value"] > 0 else ""
    return f"{name} {sign}{number(found['value'])}, {span(found)}"


def _detection_said(found: Mapping[str, Any], against: Normal) -> str:
    if found["value"] is None:
        return f"Patients could not be told from controls: {found['reason']}."
    text = f"A patient\u2019s photograph lies further from {NORMALS[against]} than an unseen control\u2019s in "
    text += f"{share(found['value'])}\u2009% of comparisons ({span(dict(found), percent=True)})"
    return text + verdict(found)


def _half_said(found: Mapping[str, Any]) -> list[str]:
    parts = {"ratings": found["spearman"]} | {called(k, {}): own["spearman"] for k, own in found["references"].items()}
    known = {name: rho for name, rho in parts.items() if rho["value"] is not None}
    if not known:
        return []
    text = ", ".join(f"{number(rho['value'])} with {name} ({span(rho)})" for name, rho in known.items())
    return [
        "Iterations until what differs has halved, the severity index that the authors propose, have "
        f"Spearman\u2019s \u03c1 {text}; "
        f"{found['not_reached']} of {found['reached'] + found['not_reached']} photographs did not get there in "
        f"{found['until']} iterations and count as the slowest."
    ]
