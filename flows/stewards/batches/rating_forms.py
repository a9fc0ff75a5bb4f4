"""A form for a rater, written as a file: CSV, or XLSX that takes only scores of the scale.

In: the project, a rater and a scale. Out: the file, and how many photographs it asks for. An existing file is never
replaced: it may be filled in. A name that looks like a rater's is asked about before the form goes out, as it would be
when it comes in.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from flows.stewards.batches.additions import there_already
from flows.stewards.batches.dvc_tracking import Tell
from tasks import params
from tasks.base import sheets
from tasks.base.words import counted
from tasks.errors import InputError
from tasks.ingest.ratings.forms import lacking
from tasks.ingest.ratings.reading import RATING_COLUMNS
from tasks.ingest.raw_folders.admission import asked
from tasks.ingest.tables.cells import no_such_word, word
from tasks.ingest.tables.spelling import key, lookalikes, tidy
from tasks.params.evaluation import Evaluate
from tasks.params.ingest import IngestRatings
from tasks.schemas.columns import ROLES


def write_form(
    path: Path,
    root: Path,
    *,
    rater: str,
    role: str,
    scale: str | None,
    controls: bool,
    tell: Tell,
    new: Sequence[str] = (),
) -> int:
    """Write the form and return how many photographs it has. `new`: names that are new, though they look like others.

    InputError: it is there, no such role or scale, or the name is new and looks like a rater's. Two raters who look
    alike are told: the form asks for what the other has rated.
    """
    if path.exists():
        raise InputError(f"{path}: is there already, and may be filled in; choose another name")
    scales = params.load(IngestRatings, "ingest_ratings", root / "params.yaml").scales
    wanted = scale or params.load(Evaluate, "evaluate", root / "params.yaml").scale
    name = word(wanted, scales)
    if name is None:
        raise InputError(f"scale {no_such_word(wanted, scales)} (params.yaml, ingest_ratings.scales)")
    if not key(rater):
        raise InputError("the rater needs a name")
    images, ratings, _, _ = there_already(root)
    known = {key(row["rater_id"]): (row["rater_id"], row["rater_role"]) for row in ratings.to_pylist()}
    own, usual = known.get(key(rater), (tidy(rater), ""))
    count = Counter(str(row["rater_id"]) for row in ratings.to_pylist())
    if own != tidy(rater):
        tell(f"note: {tidy(rater)} is taken for {own}, who has {counted(count[own], 'rating')}")
    for _, question in asked([own], count, new, "rater", "rating"):
        raise InputError(question)
    for _, other in lookalikes([own], [name for name in count if name != own]):
        tell(
            f"note: {own} and {other} look alike; if they are one and the same, first write one name for both in the "
            f"table of ratings: the form asks again for the {counted(count[other], 'rating')} of {other}"
        )
    chosen = word(role, ROLES) if role else usual or None
    if chosen is None:
        why = f"role {no_such_word(role, ROLES)}" if role else f"rater {own} is new"
        raise InputError(f"{why}; say --role medical or --role lay")
    if usual and chosen != usual:
        raise InputError(f"rater {own} is {usual} elsewhere; a rater has one role")
    rows = lacking(images, ratings, rater=own, role=chosen, scale=name, controls=controls)
    ends = (scales[name].low, scales[name].high)
    cells = [[row[column] for column in RATING_COLUMNS] for row in rows]
    sheets.write(path, RATING_COLUMNS, cells, within={"score": ends} if rows else None)
    return len(rows)
