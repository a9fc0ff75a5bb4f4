"""Finished ratings go where `vermilion ratings add` puts them, through the same checks.

In: the project's folder, the folder of answers, a rater and a scale. Out: a batch, or the reasons why there is none;
then the answers stay and can be handed in again. Of a photograph that came twice the first answer is the rating; both
are kept in data/repeats. Practice is not handed in, nor what was said of a photograph that is gone: another one may
bear its name.
"""

import tempfile
from collections.abc import Container
from pathlib import Path
from typing import Any

from flows.stewards.batches import additions
from tasks.anthropometry.from_people.corrections import now
from tasks.base import sheets
from tasks.ingest.ratings import answers
from tasks.ingest.ratings.answers import AGAIN, FIRST, Answer
from tasks.ingest.ratings.reading import RATING_COLUMNS
from tasks.ingest.ratings.repeats import Repeat, keep, read_repeats
from tasks.ingest.tables.spelling import key

REPEATS = "data/repeats"
Ready = dict[tuple[str, str], Answer]


def ready(folder: Path, rater: str, scale: str, there: Container[str]) -> Ready:
    """First answers that were not handed in yet, to photographs that are still `there`, by image_id."""
    gone = answers.handed(folder, rater, scale)
    said = answers.given(folder, rater, scale)
    return {
        about: one
        for about, one in said.items()
        if one.showing == FIRST and one.image_id in there and one.image_id not in gone
    }


def hand_in(root: Path, folder: Path, rater: str, scale: str, there: Container[str], *, new: bool) -> dict[str, Any]:
    """`state` as flows.stewards.batches.additions has it, and what a steward would be told.

    `new`: a rater like no other.

    InputError: it could not be done (no git, another steward at work); nothing was changed.
    """
    own, again = ready(folder, rater, scale, there), twice(root, folder, rater, scale, there)
    if not own:
        keep(root / REPEATS, again)
        before = bool(answers.handed(folder, rater, scale))
        nothing = "Everything was handed in before." if before else "Nothing to hand in: practice does not count."
        return {"state": "there", "said": ["Second answers were kept." if again else nothing], "ready": 0}
    said: list[str] = []
    with tempfile.TemporaryDirectory() as place:
        brought = Path(place) / "ratings"
        brought.mkdir()
        rows = sorted((one.path, one.rater, one.role, one.scale, one.score) for one in own.values())
        sheets.write(brought / "ratings.csv", RATING_COLUMNS, rows)
        outcome = additions.add(
            brought,
            root,
            dry_run=False,
            commit=True,
            tell=said.append,
            new=[rater] if new else [],
            reasons=Path(place) / "reasons.csv",
        )
    told = [line for line in said if place not in line]
    if outcome.state in ("added", "there"):
        keep(root / REPEATS, again)
        answers.hand_in(folder, own, outcome.batch, now())
    return {"state": outcome.state, "said": told, "ready": waiting(root, folder, rater, scale, there)}


def twice(root: Path, folder: Path, rater: str, scale: str, there: Container[str]) -> list[Repeat]:
    """Both answers to photographs that came twice, of those that are still `there`; not those that were kept before."""
    said = answers.given(folder, rater, scale)
    before = {(row["image_id"], row["first"], row["again"]) for row in _kept(root, rater, scale)}
    return [
        Repeat(now(), first.rater, first.role, scale, image_id, first.score, again.score)
        for (image_id, showing), again in said.items()
        if showing == AGAIN
        and image_id in there
        and (first := said.get((image_id, FIRST)))
        and (image_id, first.score, again.score) not in before
    ]


def waiting(root: Path, folder: Path, rater: str, scale: str, there: Container[str]) -> int:
    """How many answers can be handed in."""
    return len(ready(folder, rater, scale, there)) + len(twice(root, folder, rater, scale, there))


def _kept(root: Path, rater: str, scale: str) -> list[dict[str, Any]]:
    every = read_repeats(root / REPEATS)
    return [row for row in every if row["scale"] == scale and key(row["rater_id"]) == key(rater)]
