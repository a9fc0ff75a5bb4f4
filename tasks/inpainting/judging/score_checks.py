"""What a rater gave a sheet's results on a scale, checked as ratings are.

In: the rater's word on each patient, the scales, who has rated so far. Out: rows of INPAINTING_SCORES, or every reason
why there are none; a rating comes in whole or not at all. A line goes through the check of a line of ratings.csv
(tasks.ingest.ratings.reading), and the rater through that of a batch (tasks.ingest.raw_folders.admission).
"""

import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from tasks.base import sheets
from tasks.ingest.ratings.reading import RATING_COLUMNS, rating_row
from tasks.ingest.raw_folders.admission import asked
from tasks.ingest.tables.raw_layout import Line, read_lines
from tasks.ingest.tables.spelling import Spellings
from tasks.inpainting.judging.letters import Result
from tasks.inpainting.judging.scores import Row
from tasks.inpainting.judging.scores_in_progress import scores_in
from tasks.inpainting.judging.sheet import Drawn
from tasks.params.ingest import Scale
from tasks.schemas.columns import ROLES

Place = tuple[int, str]
Raters = Mapping[str, tuple[str, int]]
"""By name, the role and how many ratings there are."""


def checked(
    made: Drawn,
    said: Mapping[int, str],
    *,
    rater: str,
    role: str,
    scale: str,
    scales: Mapping[str, Scale],
    raters: Raters,
    new: bool,
) -> tuple[list[Row], list[str]]:
    """The rows, and what is wrong; with anything wrong there are no rows. `new`: the rater is new, whoever looks like
    them."""
    results = {(line.patient, line.letter): line for line in made.lines}
    form = [
        (f"{patient}{letter}", rater, role, scale, score)
        for patient, word in sorted(said.items())
        for letter, score in scores_in(word).items()
    ]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ratings.csv"
        sheets.write(file, RATING_COLUMNS, form)
        lines = list(read_lines(file, required=RATING_COLUMNS, optional=()))
    rows, wrong = [], _rater_wrong(rater, role, raters, new=new)
    for line in lines:
        row, reason = rating_row(line, partial(_meant, results=results), scales)
        if reason:
            wrong.append(f"patient {line.cells['path'][:-1]}, letter {line.cells['path'][-1]}: {reason}")
        else:
            own = results[_place(line)]
            rows.append(row | {"method": own.method, "picture": own.picture})
    return [] if wrong else rows, wrong


def _place(line: Line) -> Place:
    path = line.cells["path"]
    return int(path[:-1]), path[-1]


def _meant(line: Line, results: Mapping[Place, Result]) -> tuple[str | None, str | None]:
    own = results.get(_place(line))
    return (own.image_id, None) if own else (None, "is not on this sheet")


def _rater_wrong(rater: str, role: str, raters: Raters, *, new: bool) -> list[str]:
    """Why the rater's word cannot be taken: another role so far, or a name that looks like another's."""
    names = Spellings(raters)
    if rater in names:
        before, number = raters[names.of(rater)]
        if role in ROLES and role != before:
            return [f"rater {rater} is {role} here and {before} in {number} ratings so far; a rater has one role"]
        return []
    count = {name: number for name, (_, number) in raters.items()}
    return [reason for _, reason in asked([rater], count, [rater] if new else [], "rater", "rating")]
