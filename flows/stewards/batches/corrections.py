"""Scores put right: the old one stays as history, the new one counts.

In: a table in the layout of ratings.csv, whose lines name ratings that are there. Out: a batch with corrections.csv
(what each score was, and when it was corrected), one commit, the re-evaluation announced; or reasons, and nothing
changed. Lines that say what stands already change nothing, so a whole sheet may be brought again with a few new scores.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from flows.repository.commits import check_git
from flows.stewards.batches.additions import SHOWN, Outcome, reject, there_already
from flows.stewards.batches.dvc_tracking import Tell, check_room
from flows.stewards.batches.put_in_place import added_folder, place, steward
from flows.stewards.batches.reevaluation import start_reevaluation
from flows.stewards.batches.rejections import reasons_beside
from flows.stewards.outside_folders.batch_sources import note_source
from tasks import params
from tasks.base.digests import digest
from tasks.base.words import counted, listed, listed_lines
from tasks.errors import InputError
from tasks.ingest.images.photograph_meant import Photographs
from tasks.ingest.ratings.reading import CORRECTION_COLUMNS, RATING_COLUMNS, rating_row
from tasks.ingest.raw_folders.admission import Known, known
from tasks.ingest.raw_folders.batch import Problem
from tasks.ingest.tables.raw_layout import Line, folders, read_lines
from tasks.ingest.tables.spelling import Lookalikes, Spellings
from tasks.params.ingest import IngestRatings
from tasks.params.running import Data

Row = dict[str, Any]


def correct(path: Path, root: Path, *, dry_run: bool, commit: bool, tell: Tell) -> Outcome:
    """Correct the scores that the table at `path` names: all of them, or none and a list of reasons beside it."""
    path, root = path.absolute(), root.resolve()
    with nullcontext() if dry_run else steward(root, tell):
        outcome = _correct(path, root, dry_run=dry_run, commit=commit and not dry_run, tell=tell)
        if outcome.state == "added":
            note_source(root, path)
        return outcome


def _correct(path: Path, root: Path, *, dry_run: bool, commit: bool, tell: Tell) -> Outcome:
    if path.is_dir():
        raise InputError(f"{path}: a folder; name the table in it, such as {path / 'ratings.csv'}")
    lines = list(read_lines(path, required=RATING_COLUMNS, optional=()))
    added = added_folder(root)
    check_room(root, added, size=path.stat().st_size)
    if commit:
        check_git(root)
    images, ratings, references, _ = there_already(root)
    standing = {(row["image_id"], row["rater_id"], row["scale"]): row for row in ratings.to_pylist()}
    scales = params.load(IngestRatings, "ingest_ratings", root / "params.yaml").scales
    new, problems = _changes(lines, known(images, ratings, references), standing, scales)
    reasons = reasons_beside(path)
    if problems:
        return reject(path, problems, None if dry_run else reasons, tell)
    if not new:
        tell("every score stands so already; nothing to do")
        return Outcome("there", path.name)
    changes = [
        f"{row['path']}: {row['rater_id']} on {row['scale']}: {row['was']:g} becomes {row['score']:g}" for row in new
    ]
    for said in listed_lines(changes, SHOWN):
        tell(said)
    if len(lines) > len(new):
        tell(f"{counted(len(lines) - len(new), 'line')} as it stands already")
    now = _moment(root)
    text = _table([row | {"corrected": now} for row in new])
    identity = f"{date.today():%Y-%m-%d}-{digest(text.decode())[:12]}"
    if dry_run:
        tell(f"dry run: nothing was changed; {counted(len(new), 'score')} would be corrected")
        return Outcome("fine", identity, 0, len(new))
    raters = counted(len({row["rater_id"] for row in new}), "rater")
    place(
        root,
        added,
        batch=identity,
        sources={},
        contents={},
        texts={"corrections.csv": text},
        message=f"Ratings corrected: {counted(len(new), 'score')} of {raters} (batch {identity})",
        commit=commit,
        tell=tell,
    )
    reasons.unlink(missing_ok=True)
    tell(f"corrected as batch {identity}{', committed' if commit else ', not committed'}; the old scores stay in it")
    announced = start_reevaluation(root, {"batch": identity, "photographs": 0, "ratings": len(new)})
    return Outcome("added", identity, 0, len(new), announced=announced)


def _changes(
    lines: Sequence[Line], there: Known, standing: Mapping[tuple[Any, ...], Row], scales: Mapping[str, Any]
) -> tuple[list[Row], list[Problem]]:
    """The lines that change a score, as rows of corrections.csv, and those that cannot be corrections."""
    raters = Spellings(there.roles)
    names = Photographs({}, there.names, there.called)
    seen: dict[tuple[Any, ...], int] = {}
    new: list[Row] = []
    problems: list[Problem] = []
    for line in lines:
        row, reason = rating_row(line, names.meant, scales)
        about = (row["image_id"], raters.of(str(row["rater_id"])), row["scale"])
        before = standing.get(about)
        if reason is None and before is None:
            reason = _not_there(about, there, standing)
        elif reason is None and before and before["rater_role"] != row["rater_role"]:
            reason = f"rater {about[1]} is {before['rater_role']} elsewhere; a rater has one role"
        elif reason is None and about in seen:
            reason = f"the same rating as in line {seen[about]}"
        seen.setdefault(about, line.number)
        if reason is not None:
            problems.append(line.refused(reason))
        elif before and before["score"] != row["score"]:
            path = names.means.get(line.cells["path"], line.cells["path"])
            new.append(row | {"path": path, "rater_id": about[1], "was": before["score"]})
    return new, problems


def _not_there(about: tuple[Any, ...], there: Known, standing: Mapping[tuple[Any, ...], Row]) -> str:
    """Why a line names no rating: a rater whom nobody knows, another scale, or a rating that was never given."""
    image_id, rater, scale = about
    if rater not in there.roles:
        near = Lookalikes(there.roles).of(rater)
        meant = f"did you mean {listed(near, 3)}?" if near else "`vermilion ratings status` has their names."
        return f"no rater is called {rater}; {meant} New ratings: `vermilion ratings add`"
    others = sorted(own for image, who, own in standing if (image, who) == (image_id, rater))
    on = f"; there is one on {listed(others, 9)}" if others else ""
    return f"rater {rater} has no rating of this photograph on {scale}{on}; new ones: `vermilion ratings add`"


def _table(rows: Sequence[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, CORRECTION_COLUMNS, extrasaction="ignore")
    writer.writeheader()
    for row in rows:
        writer.writerow(row | {"score": f"{row['score']:.15g}", "was": f"{row['was']:.15g}"})
    return text.getvalue().encode()


def _moment(root: Path) -> str:
    """Now, in UTC; later than every correction that is there, whatever the clocks say."""
    latest = max((row["corrected"] for row in history(root)), default="")
    now = datetime.now(UTC)
    if latest:
        now = max(now, datetime.fromisoformat(latest) + timedelta(microseconds=1))
    return now.isoformat(timespec="microseconds")


def history(root: Path) -> list[dict[str, str]]:
    """Every correction in the order in which they were made: the cells of corrections.csv, and its `batch`."""
    inside = folders(root / params.load(Data, "data", root / "params.yaml").raw, added_folder(root))
    found = [
        line.cells | {"batch": folder.path.name}
        for folder in inside[1:]
        if (table := folder.table("corrections", CORRECTION_COLUMNS))
        for line in read_lines(table, required=CORRECTION_COLUMNS, optional=())
    ]
    return sorted(found, key=lambda cells: cells["corrected"])
