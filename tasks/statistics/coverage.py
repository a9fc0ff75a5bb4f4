"""Who rated what so far: each photograph, each rater, what is missing, how far raters agree.

In: the images and ratings tables as they are at the moment, one scale, and pairs of raters who may be one person. Out:
a JSON-able record, which calls no rating missing that the other of a pair has given. Knows nothing of methods' scores,
nor whether anything was computed from the photographs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from tasks.errors import InputError
from tasks.params.evaluation import Evaluate
from tasks.params.ingest import Scale
from tasks.statistics.agreement import evaluate_raters
from tasks.statistics.ratings import prepare_ratings

AGREEMENT = ("n_complete", "fleiss_kappa", "icc_2k", "quadratic_kappa")
"""What is told of all raters together, as in metrics.json."""


def coverage(
    images: pa.Table,
    ratings: pa.Table,
    *,
    scale: str,
    ends: Scale,
    settings: Evaluate,
    alike: Sequence[tuple[str, str]],
) -> dict[str, Any]:
    """Photographs, raters, missing ratings and agreement on `scale`, whose `ends` are both included.

    A rater is missing on a photograph that others rated, and `in_doubt` where one of those is perhaps the same person
    (`alike`: pairs of raters). A photograph nobody rated is unrated. InputError when a rater has two roles. Clips are
    left out; a rated picture that is in no images.csv is a generated one.
    """
    listed = {row["image_id"]: row["kind"] for row in images.to_pylist()}
    stills = {row["image_id"]: row for row in images.to_pylist() if row["kind"] == "still"}
    rows = [row for row in ratings.to_pylist() if row["scale"] == scale and listed.get(row["image_id"]) != "clip"]
    generated = {row["image_id"] for row in rows} - set(listed)
    stills |= {image_id: _generated(image_id) for image_id in generated}
    roles = {row["rater_id"]: row["rater_role"] for row in rows}
    by_image: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_image.setdefault(row["image_id"], []).append(row)
    alike = [pair for pair in alike if set(pair) <= set(roles)]
    photographs = [_photograph(stills[image_id], said, roles, alike) for image_id, said in by_image.items()]
    photographs.sort(key=lambda record: str(record["name"]))
    nobody = [row for image_id, row in stills.items() if image_id not in by_image]
    unrated = [{"name": row["names"][0], "population": row["population"]} for row in nobody]
    agreement = _agreement(rows, stills, scale, ends, settings)
    return {
        "scale": scale,
        "ratings": len(rows),
        "photographs": photographs,
        "unrated": sorted(unrated, key=lambda record: record["name"]),
        "alike": [list(pair) for pair in alike],
        "raters": [_rater(rater, roles[rater], rows, photographs, agreement) for rater in sorted(roles)],
        "agreement": {name: agreement[name] for name in AGREEMENT} if agreement else None,
    }


def _generated(image_id: str) -> dict[str, Any]:
    """What stands for a row of images: each generated picture is its own subject."""
    return {"names": [f"generated/{image_id}.png"], "subject_id": image_id, "population": "generated"}


def _photograph(
    image: Mapping[str, Any],
    said: Sequence[Mapping[str, Any]],
    roles: Mapping[str, str],
    alike: Sequence[tuple[str, str]],
) -> dict[str, Any]:
    """One rated photograph. `spread`: its highest score less its lowest."""
    scores = {row["rater_id"]: row["score"] for row in said}
    perhaps = {name for pair in alike if set(pair) & set(scores) for name in pair} - set(scores)
    return {
        "name": image["names"][0],
        "subject_id": image["subject_id"],
        "population": image["population"],
        "scores": dict(sorted(scores.items())),
        "medical": sum(roles[rater] == "medical" for rater in scores),
        "lay": sum(roles[rater] == "lay" for rater in scores),
        "missing": sorted(set(roles) - set(scores) - perhaps),
        "in_doubt": sorted(perhaps),
        "mean": sum(scores.values()) / len(scores),
        "spread": max(scores.values()) - min(scores.values()),
    }


def _rater(
    rater: str,
    role: str,
    rows: Sequence[Mapping[str, Any]],
    photographs: Sequence[Mapping[str, Any]],
    agreement: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """One rater: how many ratings, how many missing, their mean, and agreement with the others (None: not known)."""
    scores = [row["score"] for row in rows if row["rater_id"] == rater]
    own = agreement["raters"].get(rater) if agreement else None
    return {
        "rater_id": rater,
        "role": role,
        "ratings": len(scores),
        "missing": sum(rater in record["missing"] for record in photographs),
        "in_doubt": sum(rater in record["in_doubt"] for record in photographs),
        "mean": sum(scores) / len(scores),
        "with_others": own["with_others"] if own else None,
        "flagged": bool(own and own["flagged"]),
        "standing": own["standing"] if own else "not known",
    }


def _agreement(
    rows: Sequence[Mapping[str, Any]], stills: Mapping[str, Any], scale: str, ends: Scale, settings: Evaluate
) -> dict[str, Any] | None:
    """As the evaluation measures it; None without ratings, or on a scale that does not run over grades from 1."""
    if not rows or ends.low != 1 or not float(ends.high).is_integer() or ends.high < 2:
        return None
    settings = settings.model_copy(update={"scale": scale, "grades": int(ends.high)})
    try:
        prepared = prepare_ratings(pd.DataFrame(list(rows)), scale=scale, grades=settings.grades).rows
    except ValueError as error:
        raise InputError(f"ratings: {error}") from error
    subjects = pd.Series({image_id: row["subject_id"] for image_id, row in stills.items()})
    return evaluate_raters(prepared, subjects, settings)
