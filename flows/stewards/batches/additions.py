"""New photographs and ratings in: checked, told, brought in whole or not at all, announced.

In: what a steward brings (tasks.ingest.raw_folders.batch). Out: a batch in data/added and one commit, or a CSV file of
reasons beside what was brought and nothing else changed. How it is put in place: flows.stewards.batches.put_in_place.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
from tqdm import tqdm

from flows.repository.commits import check_git
from flows.running.holdings import holdings, line_of
from flows.stewards.batches.dvc_tracking import Tell, check_room
from flows.stewards.batches.put_in_place import added_folder, place, settled, steward
from flows.stewards.batches.reevaluation import start_reevaluation
from flows.stewards.batches.rejections import reasons_beside, write_reasons
from flows.stewards.batches.summary import summary
from flows.stewards.outside_folders.batch_sources import note_source
from tasks import params
from tasks.base.processes import worker_pool
from tasks.base.words import counted, listed_lines
from tasks.errors import InputError
from tasks.ingest.images.withdrawn import read_withdrawn
from tasks.ingest.raw_folders.admission import Admission, Each, Inspect, Known, admit, known, spelt_out, unfit
from tasks.ingest.raw_folders.batch import Batch, Photograph, Problem, read_batch
from tasks.ingest.raw_folders.preview import find
from tasks.ingest.tables.raw_layout import BATCHES, folders
from tasks.ingest.tables.spelling import lookalikes
from tasks.params.evaluation import Evaluate
from tasks.params.ingest import IngestFrames, IngestImages, IngestLandmarks, IngestRatings
from tasks.params.running import Data, Runtime

FEW = 8
"""Photographs that one process checks: starting more would take longer."""

SHOWN = 20
"""Problems that are told; the CSV file has all."""


@dataclass(frozen=True)
class Outcome:
    """What became of a batch. `announced`: a Prefect server knows of it, and the re-evaluation starts."""

    state: Literal["added", "there", "fine", "rejected"]
    batch: str
    photographs: int = 0
    ratings: int = 0
    problems: int = 0
    announced: bool = False


def add(
    path: Path,
    root: Path,
    *,
    dry_run: bool,
    commit: bool,
    tell: Tell,
    new: Sequence[str] = (),
    besides: Sequence[Problem] = (),
    reasons: Path | None = None,
) -> Outcome:
    """Bring the batch at `path` into the project at `root`; `tell` takes what the steward should know, line by line.

    `new`: raters and subjects that are new though they look like others. `besides`: what else the reasons say if it
    is rejected. `reasons`: where they go, if not beside `path`.

    Exactly one of: added; there already; fine (a dry run); rejected, with a CSV of reasons beside `path`. InputError
    and OSError: nothing was changed, or (DVC or git refused) what is left to do is done by the next add.
    """
    path, root = path.absolute(), root.resolve()
    with nullcontext() if dry_run else steward(root, tell):
        reasons = reasons or reasons_beside(path)
        commit = commit and not dry_run
        outcome = _add(path, root, reasons, dry_run=dry_run, commit=commit, tell=tell, new=new, besides=besides)
        if not dry_run and outcome.state in ("added", "there"):
            note_source(root, path)
        return outcome


def there_already(root: Path) -> tuple[pa.Table, pa.Table, pa.Table, int]:
    """Images, ratings and references of raw folder and batches as they are now, and how many lines are refused."""
    numbers = root / "params.yaml"
    inside = folders(root / params.load(Data, "data", numbers).raw, added_folder(root))
    kinds = params.load(IngestImages, "ingest_images", numbers)
    scales = params.load(IngestRatings, "ingest_ratings", numbers).scales
    there = find(inside, settings=kinds, scales=scales, withdrawn=read_withdrawn(added_folder(root)))
    return there.images, there.ratings, there.references, len(there.refused)


def status(root: Path, *, scale: str | None, tell: Tell) -> dict[str, Any]:
    """Who rated what so far on `scale` (None: the evaluation's), see tasks.statistics.coverage. InputError: no such.

    Besides: how many lines are refused, and `notes`: which ones and why, who looks alike, what is passed over.
    """
    from tasks.statistics.coverage import coverage

    try:
        settled(root, tell)
    except InputError as error:
        tell(str(error))
    settings = params.load(Evaluate, "evaluate", root / "params.yaml")
    scales = params.load(IngestRatings, "ingest_ratings", root / "params.yaml").scales
    name = scale or settings.scale
    if name not in scales:
        raise InputError(f"no scale {name!r}; there are: {', '.join(scales)} (params.yaml, ingest_ratings.scales)")
    there = holdings(root)
    ratings = there.found.ratings
    alike = list(lookalikes(sorted(set(ratings["rater_id"].to_pylist()))))
    found = coverage(there.found.images, ratings, scale=name, ends=scales[name], settings=settings, alike=alike)
    return found | {"refused_lines": len(there.found.refused), "notes": list(there.notes)}


def _add(
    path: Path,
    root: Path,
    reasons: Path,
    *,
    dry_run: bool,
    commit: bool,
    tell: Tell,
    new: Sequence[str],
    besides: Sequence[Problem],
) -> Outcome:
    batch = read_batch(path, settings=params.load(IngestImages, "ingest_images", root / "params.yaml"))
    added = added_folder(root)
    twin = next((added / BATCHES).glob(f"*-{batch.digest[:12]}"), None)
    withdrawn = read_withdrawn(added)
    if twin and not batch.problems and not any(one.image_id in withdrawn for one in batch.photographs):
        if not dry_run:
            reasons.unlink(missing_ok=True)
        tell(f"there already as batch {twin.name}; nothing to do")
        return Outcome("there", twin.name)
    size = sum(source.stat().st_size for source in batch.sources.values())
    check_room(root, added, size=size)
    if commit:
        check_git(root)
    images, ratings, references, _ = there_already(root)
    there = known(images, ratings, references, withdrawn)
    batch, blank = _rated(batch)
    admission = _admission(batch, there, root, new)
    if admission.problems:
        return reject(path, [*admission.problems, *besides], None if dry_run else reasons, tell)
    for line in summary(batch, admission, there):
        tell(line)
    if blank:
        tell(f"note: {counted(blank, 'line')} without a score passed over: not rated yet")
    identity = f"{date.today():%Y-%m-%d}-{batch.digest[:12]}"
    fine = Outcome("fine", identity, len(batch.photographs), len(admission.ratings))
    if dry_run:
        tell(f"dry run: nothing was changed; it would become batch {identity}")
        return fine
    _place(batch, admission, fine, blank, root, commit=commit, tell=tell)
    reasons.unlink(missing_ok=True)
    tell(f"added as batch {identity}{', committed' if commit else ', not committed'}")
    payload = {"batch": identity, "photographs": fine.photographs, "ratings": fine.ratings}
    return replace(fine, state="added", announced=start_reevaluation(root, payload))


def _place(
    batch: Batch, admission: Admission, outcome: Outcome, blank: int, root: Path, *, commit: bool, tell: Tell
) -> None:
    """The admitted batch into the project, under the name that the outcome has for it."""
    texts, replaced = _rewritten(batch, admission.means, blank)
    place(
        root,
        added_folder(root),
        batch=outcome.batch,
        sources={name: file for name, file in batch.sources.items() if name not in replaced},
        contents=batch.contents,
        texts=texts,
        message=_message(outcome, len({row["rater_id"] for row in admission.ratings})),
        commit=commit,
        tell=tell,
    )


def _rewritten(batch: Batch, means: Mapping[str, str], blank: int) -> tuple[dict[str, bytes], set[str]]:
    """Tables that do not come in as they are, as CSV; and the names of files that they stand for.

    Shared workbooks are taken apart; names that mean photographs of earlier batches are spelt out, blank lines go.
    """
    kinds = {kind for kind in batch.lines if kind in batch.shared or (kind != "images" and (means or blank))}
    said = {
        kind: spelt_out(batch.lines[kind], {} if kind == "images" else means) for kind in kinds if batch.lines[kind]
    }
    texts = {f"{kind}.csv": text for kind, text in said.items()}
    return texts, {f"{kind}{suffix}" for kind in kinds for suffix in (".csv", ".xlsx")}


def _rated(batch: Batch) -> tuple[Batch, int]:
    """The batch without the lines of a form that are not filled in yet, and how many these are.

    A form that is wholly empty is a problem where nothing else comes with it.
    """
    lines = batch.lines.get("ratings", ())
    filled = [line for line in lines if line.cells["score"] or line.wrong]
    blank = len(lines) - len(filled)
    if not blank:
        return batch, 0
    problems = list(batch.problems)
    if not any((filled, problems, batch.photographs, batch.lines.get("references"))):
        problems.append(lines[0].refused("nothing is filled in yet: no line has a score") | {"path": ""})
    return replace(batch, lines={**batch.lines, "ratings": filled}, problems=problems), blank


def _message(outcome: Outcome, raters: int) -> str:
    """The commit's: counts and the batch, no names."""
    photographs, ratings = counted(outcome.photographs, "photograph"), counted(outcome.ratings, "rating")
    return f"Ratings: {photographs}, {ratings} by {counted(raters, 'rater')} (batch {outcome.batch})"


def _admission(batch: Batch, there: Known, root: Path, new: Sequence[str]) -> Admission:
    numbers = root / "params.yaml"
    inspect = partial(
        unfit,
        clip_suffixes=params.load(IngestImages, "ingest_images", numbers).clip_suffixes,
        frames=params.load(IngestFrames, "ingest_frames", numbers),
        landmarks=params.load(IngestLandmarks, "ingest_landmarks", numbers),
        withdrawn=read_withdrawn(added_folder(root)),
    )
    scales = params.load(IngestRatings, "ingest_ratings", numbers).scales
    workers = params.load(Runtime, "runtime", numbers).workers
    return admit(batch, there, scales=scales, inspect=inspect, each=_each(workers), new=new)


def _each(workers: int) -> Each:
    """`map` with a progress bar, over processes where there are many photographs."""

    def each(inspect: Inspect, photographs: Sequence[Photograph]) -> Iterator[str | None]:
        with _mapping(workers if len(photographs) > FEW else 0, inspect, photographs) as reasons:
            shown = None if photographs else True
            yield from tqdm(reasons, total=len(photographs), desc="checking", unit="photograph", disable=shown)

    return each


@contextmanager
def _mapping(workers: int, inspect: Inspect, photographs: Sequence[Photograph]) -> Iterator[Iterable[str | None]]:
    if not workers:
        yield map(inspect, photographs)
        return
    with worker_pool(workers) as pool:
        yield pool.map(inspect, photographs)


def reject(path: Path, problems: Sequence[Problem], reasons: Path | None, tell: Tell) -> Outcome:
    """Tell what is wrong, and write it beside what was brought."""
    for said in listed_lines([line_of(row) for row in problems], SHOWN):
        tell(said)
    tell(f"rejected, nothing was changed: {counted(len(problems), 'problem')}")
    if reasons is not None:
        try:
            write_reasons(reasons, problems)
            tell(f"all of them: {reasons}")
        except OSError as error:
            tell(f"their list could not be written: {error}")
    return Outcome("rejected", path.name, problems=len(problems))
