"""What a batch will bring, in a few lines, and what people should know of it before.

In: the batch, what is there, and that it may come in. Out: lines. Decides nothing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from tasks.base.images import carries_place
from tasks.base.words import counted, tally
from tasks.ingest.raw_folders.admission import Admission, Known
from tasks.ingest.raw_folders.batch import Batch
from tasks.ingest.raw_folders.remarks import visits_asked
from tasks.ingest.tables.spelling import Spellings, key, tidy


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
    yield from _taken(batch, there)
    yield from _remarks(batch, admission)
    yield from (f"note: {reason}" for reason in _visits(batch, there))


def _taken(batch: Batch, there: Known) -> Iterator[str]:
    """Names in another spelling than the one that is known, and for whom they are taken."""
    raters = Counter(str(rater) for _, rater, _ in there.ratings)
    said = [line.cells["rater_id"] for line in batch.lines.get("ratings", ())]
    yield from _spelt_otherwise(said, raters, "rating")
    people = Counter(str(row["subject_id"]) for row in there.images.values())
    said = [line.cells.get("subject_id", "") for line in batch.lines.get("images", ())]
    yield from _spelt_otherwise(said, people, "photograph")


def _spelt_otherwise(said: Iterable[str], count: Mapping[str, int], of: str) -> Iterator[str]:
    spellings = Spellings(count)
    for name in dict.fromkeys(tidy(name) for name in said if key(name)):
        if (own := spellings.of(name)) != name:
            much = f"who has {counted(count[own], of)}" if own in count else "as it is written first"
            yield f"note: {name} is taken for {own}, {much}"


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
