"""How much every method's value follows what it must not follow, among unseen controls and at equal severity.

In: the traits of photographs, a study. Out: one nested record of Spearman's rhos with intervals over people. A control
has no severity, so all that a value follows among controls is unfair; among patients after repair severities differ, so
they are compared within bands of like severity. Knows no method by name.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from tasks.evaluation.fairness.read import Fairness, Trait, people_of, traits_of
from tasks.evaluation.study import Study
from tasks.params.fairness import Fairness as Settings
from tasks.statistics.bootstrap import Estimate
from tasks.statistics.following import following, standing

CONTROLS, PATIENTS = "controls", "patients"
SETS = {CONTROLS: "among unseen controls", PATIENTS: "at equal severity among patients after repair"}
SKIN = "skin_lightness"


class Found(NamedTuple):
    """One rho of the record, with the names of what it is about."""

    trait: str
    method: str
    among: str
    estimate: Estimate


def evaluate_fairness(made: Fairness, study: Study, settings: Settings) -> dict[str, Any]:
    """The chapter's record; with a reason where nothing can be asked."""
    scored = study.scores.dropna(subset="score")
    if not made.appearance["reason"].isna().any():
        return {"reason": "no photograph shows skin, light and hair: add photographs from the front"}
    if scored.empty:
        return {"reason": "no method has scored a photograph, so none can be asked what it follows"}
    traits, _ = traits_of(made, least=settings.least_people)
    among = _among(scored, traits, made, study, settings)
    methods = sorted(str(method) for method in scored["method"].unique())
    return {
        "reason": None,
        "limit": settings.limit,
        "confidence": study.settings.confidence,
        "bands": settings.bands,
        "severity": severity_of(study)[0],
        "people": people_of(made),
        "order": [trait.name for trait in traits],
        "traits": {trait.name: {"title": trait.title, "more": trait.more, "less": trait.less} for trait in traits},
        "followed": {
            trait.name: {method: {name: own[trait.name][method] for name, own in among.items()} for method in methods}
            for trait in traits
        },
    }


def _among(
    scored: pd.DataFrame, traits: Sequence[Trait], made: Fairness, study: Study, settings: Settings
) -> dict[str, dict[str, dict[str, Estimate]]]:
    """[set][trait][method]: rho."""
    whole = scored.pivot(index="image_id", columns="method", values="score").astype(float)
    numbers = pd.DataFrame({trait.name: trait.values for trait in traits})
    population = made.appearance.set_index("image_id")["population"].reindex(whole.index)
    controls, repaired = _unseen(whole[population == "control"], study), whole[population == "repaired"]
    subjects, least = study.targets.subjects, settings.least_people
    within: dict[str, Any] = {"severity": severity_of(study)[1], "bands": settings.bands}
    return {
        CONTROLS: following(controls, numbers, subjects, study.settings, least=least),
        PATIENTS: following(repaired, numbers, subjects, study.settings, least=least, **within),
    }


def _unseen(controls: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Controls' scores without those of photographs that the method's own networks learned from."""
    seen = {method: controls.index.isin(study.taught_by.get(str(method), study.taught)) for method in controls}
    unseen: pd.DataFrame = controls.mask(pd.DataFrame(seen, index=controls.index))
    return unseen


def severity_of(study: Study) -> tuple[str | None, pd.Series]:
    """A severity that is known, else the mean of all raters, by image_id; and its name, None where there is neither."""
    known = sorted(name for name in study.targets.references if name.endswith("severity"))
    if known:
        return known[0].replace("_", " "), study.targets.references[known[0]]
    if "all" in study.targets.ratings:
        return "the mean of all raters", study.targets.ratings["all"]
    return None, pd.Series(dtype=float)


def each(record: Mapping[str, Any]) -> Iterator[Found]:
    """Every rho of a record."""
    for trait in record["order"]:
        for method, own in record["followed"][trait].items():
            for among, found in own.items():
                yield Found(trait, method, among, found)


def largest(record: Mapping[str, Any], trait: str, among: str) -> Found | None:
    """The method that follows a trait most, by the size of rho; None where no rho is known."""
    own = (one for one in each(record) if (one.trait, one.among) == (trait, among))
    known = [one for one in own if one.estimate["value"] is not None]
    return max(known, key=lambda one: (abs(one.estimate["value"]), one.method), default=None)


def followed(record: Mapping[str, Any], among: str) -> Sequence[Found]:
    """What is followed by more than the limit and more than chance."""
    limit = record["limit"]
    return [one for one in each(record) if one.among == among and standing(one.estimate, limit=limit) == "follows"]


def headline(record: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The few numbers that people compare between runs: rho of every method with skin lightness."""
    own = record["followed"].get(SKIN, {})
    return {f"skin_{among}": {method: found[among] for method, found in own.items()} for among in SETS}
