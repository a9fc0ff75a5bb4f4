"""What a batch will bring, in a few lines, and what people should know of it before.

In: the batch, what is there, and that it may come in. Out: lines. Decides nothing.
"""

from collections import Counter
from collections.abc import Iterator

from tasks.base.images import carries_place
from tasks.base.words import counted, tally
from tasks.ingest.admission import Admission, Known
from tasks.ingest.batch import Batch
from tasks.ingest.remarks import visits_asked
from tasks.ingest.spelling import key


def summary(batch: Batch, admission: Admission, there: Known) -> Iterator[str]:
    """What a batch will bring, in a few lines."""
    if batch.photographs:
        subjects = {key(photograph.subject_id) for photograph in batch.photographs}
        old = subjects & {key(str(row["subject_id"])) for row in there.images.values()}
        of = tally(photograph.line.cells["population"] for photograph in batch.photographs)
        yield f"photographs: {len(batch.photographs)} ({of}) of {counted(len(subjects), 'subject')}, {len(old)} known"
    kinds = Counter((str(row["scale"]), str(row["rater_role"])) for row in admission.ratings)
    for (scale, role), number in sorted(kinds.items()):
        yield f"ratings: {number} {role} on {scale}"
    raters = {str(row["rater_id"]) for row in admission.ratings}
    if raters:
        new = sorted(raters - set(there.roles))
        names = f"{len(new)} new ({', '.join(new)})" if new else "all known"
        yield f"raters: {len(raters)}, {names}"
    if admission.references:
        yield f"references: {admission.references}"
    yield from _remarks(batch, admission)
    yield from (f"note: {reason}" for reason in _visits(batch, there))


def _visits(batch: Batch, there: Known) -> Iterator[str]:
    """What is asked about its visits, beside those that are there."""
    known = [(str(row["subject_id"]), str(row["visit"] or "")) for row in there.images.values()]
    new = [(photograph.subject_id, photograph.line.cells.get("visit")) for photograph in batch.photographs]
    before = {remark["reason"] for remark in visits_asked(known)}
    yield from (reason for remark in visits_asked([*known, *new]) if (reason := remark["reason"]) not in before)


def _remarks(batch: Batch, admission: Admission) -> Iterator[str]:
    rated = {row["image_id"] for row in admission.ratings}
    unrated = sum(photograph.image_id not in rated for photograph in batch.photographs)
    if unrated:
        yield f"note: {counted(unrated, 'photograph')} in it without any rating"
    if any(photograph.line.cells["population"] == "control" for photograph in batch.photographs):
        yield "note: its controls train the networks at the next nightly run, not before"
    if admission.means:
        yield f"note: {counted(len(admission.means), 'name')} taken for photographs of earlier batches"
    places = sum(carries_place(photograph.file) for photograph in batch.photographs)
    if places:
        yield f"note: {counted(places, 'photograph')} with the place where it was taken (EXIF); it stays in the copy"
