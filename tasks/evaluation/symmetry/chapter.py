"""The symmetry chapter: what its stages wrote, compared, summed up and shown. Rosero et al. 2025."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from tasks import params
from tasks.evaluation.study import Study
from tasks.evaluation.symmetry import names, section, words
from tasks.evaluation.symmetry.compare import PREFIX, compare_symmetry
from tasks.evaluation.symmetry.compare import taught as taught_by
from tasks.evaluation.symmetry.names import called
from tasks.evaluation.symmetry.read import Symmetry, read_symmetry
from tasks.evaluation.symmetry.steady import SHORT, unsteady
from tasks.evaluation.system import Compared, Need, Shown
from tasks.pages.chapter import Chapter
from tasks.params.evaluation import Score
from tasks.params.symmetry import SymmetryTrain

NAME = "symmetry"
TITLE = "Symmetry: do the two halves of the lips belong together?"
LEDE = "The distance D between the two halves of the lips, learned from control faces only."
SOURCE = "Rosero et al. 2025, “Deep learning-based assessment of lip symmetry for patients with repaired cleft lip”"
NAMES = names.NAMES
PHOTOGRAPH = "tasks.evaluation.symmetry.photograph"
"""Reads one photograph. Only who scores imports it: torch takes seconds."""
NEEDS = (
    Need("strategy clp", ("control",), "still", 3, "add photographs of three controls or more"),
    Need("strategy temporal", ("control",), "clip", 3, "add clips of three controls or more, speaking"),
)


def read(folder: Path) -> Symmetry:
    """What its stages wrote."""
    return read_symmetry(folder)


def scores(made: Symmetry, numbers: Path) -> pd.DataFrame:
    """Its methods in the comparison, tidy."""
    return made.scores


def taught(made: Symmetry) -> set[str]:
    """Photographs of people that a network learned from."""
    return taught_by(made.pairs, made.scores)


def compare(made: Symmetry, study: Study, numbers: Path) -> Compared:
    """Its record for metrics.json, and its grades."""
    if not made.pairs and made.scores["score"].isna().all():
        return Compared({"reason": _missing(made)}, {})
    limits = params.load(Score, "score", numbers)
    found = compare_symmetry(made.pairs, made.scores, study.targets, study.settings, made.changes, limits)
    return found._replace(record=found.record | {"missing": made.missing, "networks": made.networks})


def _missing(made: Symmetry) -> str:
    reasons = "; ".join(dict.fromkeys(made.missing.values()))
    return reasons or "no photograph could be measured; see what was refused, and why"


def headline(record: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The few numbers that people compare between runs: test pairs, ratings, references."""
    named = {name: _of_strategy(own) for name, own in record["strategies"].items()}
    return named | {name: _correlations(own) for name, own in record["baselines"].items()}


def _of_strategy(record: Mapping[str, Any]) -> dict[str, Any]:
    test = record["binary"].get("test", {})
    pairs = {f"test_{name}": test[name] for name in ("accuracy", "precision", "auc") if name in test}
    graded = {
        f"{name}_{role}": found[name]
        for role, found in record.get("cars", {}).items()
        for name in ("weighted_accuracy", "weighted_precision")
        if name in found
    }
    return pairs | graded | _correlations(record)


def _correlations(record: Mapping[str, Any]) -> dict[str, Any]:
    ratings, references = record.get("ratings", {}), record.get("references", {})
    return {f"pearson_{role}": found["pearson"] for role, found in ratings.items()} | {
        f"spearman_{measure}": found["spearman"] for measure, found in references.items()
    }


def show(made: Symmetry, record: Mapping[str, Any], shown: Shown) -> Chapter:
    """The chapter as the report has it."""
    empty = Chapter(NAME, TITLE, LEDE, SOURCE, reason=record["reason"])
    if record["reason"]:
        return empty
    methods = [*(PREFIX + name for name in record["strategies"]), *record["baselines"]]
    doubted = _doubted(made, record, shown.numbers)
    return replace(
        empty,
        tiles=words.tiles(record),
        findings=words.findings(record, shown.study.raters["ceiling"]),
        notices=[*(section.notices(_trained(shown.numbers)) if made.pairs else []), *words.unsteady(record)],
        missing=_left_out(made),
        pictures=section.draw(made, record, shown),
        columns={name: called(name) for name in methods},
        names=NAMES,
        template="evaluation/symmetry/section.html.j2",
        context=section.context(made, record, shown, doubted),
        doubts={PREFIX + name: dict.fromkeys(sorted(own), SHORT) for name, own in doubted.items() if own},
    )


def _doubted(made: Symmetry, record: Mapping[str, Any], numbers: Path) -> dict[str, frozenset[str]]:
    """By strategy, the photographs whose D tells nothing."""
    limits = params.load(Score, "score", numbers)
    thresholds = {name: own["threshold"] for name, own in record["strategies"].items()}
    return {name: unsteady(made.changes[name], own, limits) for name, own in thresholds.items()}


def _trained(numbers: Path) -> SymmetryTrain:
    return params.load(SymmetryTrain, "symmetry_train", numbers)


def _left_out(made: Symmetry) -> list[str]:
    return [f"{called(name)} was not measured: {reason}." for name, reason in made.missing.items()]
