"""What was brought in, corrected and undone so far; and taking a batch out again.

In: the batches that lie there, and git's record of them (data/added/batches.dvc). Out: a row per batch; or a batch
removed, one commit, the re-evaluation announced. DVC and git keep the version with it. Who and when stand in git alone;
a batch that was not committed has neither.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pyarrow as pa

from flows.repository.commits import check_git, git
from flows.stewards.batches.additions import Outcome
from flows.stewards.batches.dvc_tracking import Tell, check_room
from flows.stewards.batches.put_in_place import added_folder, steward, take_away
from flows.stewards.batches.reevaluation import start_reevaluation
from tasks import params
from tasks.base.words import counted
from tasks.errors import InputError
from tasks.ingest.images.inventory import OPTIONAL, REQUIRED, take_inventory
from tasks.ingest.ratings.reading import CORRECTION_COLUMNS, RATING_COLUMNS, REFERENCE_COLUMNS, read_ratings
from tasks.ingest.raw_folders.admission import BATCH_ID
from tasks.ingest.tables.file_names import looks_like_table, walk
from tasks.ingest.tables.raw_layout import BATCHES, Folder, Line, folders, read_lines
from tasks.params.ingest import IngestImages, IngestRatings
from tasks.params.running import Data
from tasks.schemas.ingest import IMAGES

COLUMNS = {
    "images": (REQUIRED, OPTIONAL),
    "ratings": (RATING_COLUMNS, ()),
    "references": (REFERENCE_COLUMNS, ()),
    "corrections": (CORRECTION_COLUMNS, ()),
}
"""Required and optional columns of every table that a batch may hold."""

COUNTED = ("photographs", "ratings", "corrections")
"""What a batch is counted by."""

SLIP, MOST = 4, 3
"""Letters that may name a batch in part, and batches that a misspelt name is told to look like."""

_SUBJECT = re.compile(rf"(?:Ratings|Ratings corrected|Ratings undone): (?P<what>.*) \(batch (?P<batch>{BATCH_ID})\)")


def batches(root: Path) -> list[dict[str, Any]]:
    """Every batch that is there or was, in the order of their names: batch, date, who, counts, undone.

    A batch that is gone has its counts from the commit that brought it. `empty`: it is there with nothing left in it.
    """
    said = _commits(root)
    here = {folder.path.name: folder for folder in _batches(root)}
    rows = []
    for name in sorted({*said, *here}):
        brought, undone = said.get(name, (None, None))
        row: dict[str, Any] = {"batch": name, "date": name[:10], "who": brought[0] if brought else None}
        if name in here:
            row |= _counts(here[name])
            undone = None
        else:
            row |= _counted(brought[2] if brought else "")
        row["empty"] = name in here and not any(row[kind] for kind in COUNTED) and not _lines(here[name], "references")
        rows.append(row | {"undone": undone[1][:10] if undone else None, "there": name in here})
    return rows


def not_evaluated(root: Path, evaluated: Path) -> list[dict[str, Any]]:
    """The batches that came after the table `evaluated` was made, as `batches` has them; all, where it is not there."""
    made = evaluated.stat().st_mtime if evaluated.exists() else 0.0
    newer = {folder.path.name for folder in _batches(root) if folder.path.stat().st_mtime > made}
    return [row for row in batches(root) if row["batch"] in newer]


def _batches(root: Path) -> list[Folder]:
    raw = root / params.load(Data, "data", root / "params.yaml").raw
    return folders(raw, added_folder(root))[1:]


def _commits(root: Path) -> dict[str, tuple[tuple[str, str, str] | None, tuple[str, str, str] | None]]:
    """By batch: who, when and what of the commit that brought it last, and of the one that undid it after that."""
    record = (added_folder(root) / f"{BATCHES}.dvc").relative_to(root)
    log = git(root, "log", "--reverse", "--format=%an%x1f%aI%x1f%s", "--", str(record), check=False)
    found: dict[str, tuple[tuple[str, str, str] | None, tuple[str, str, str] | None]] = {}
    for line in log.splitlines():
        who, when, subject = line.split("\x1f", 2)
        if not (own := _SUBJECT.fullmatch(subject)):
            continue
        said = (who, when, own["what"])
        if subject.startswith("Ratings undone"):
            found[own["batch"]] = (found.get(own["batch"], (None, None))[0], said)
        else:
            found[own["batch"]] = (said, None)
    return found


def _counts(folder: Folder) -> dict[str, int]:
    """How many photographs and ratings lie in a batch, and how many corrections."""
    photographs = sum(not looks_like_table(name) for name in walk(folder.path))
    lines = {kind: len(_lines(folder, kind)) for kind in ("ratings", "corrections")}
    return {"photographs": photographs} | lines


def _counted(what: str) -> dict[str, int]:
    """The same from the words of a commit."""
    found = re.findall(r"(\d[\d,]*) (photograph|rating|score)s?\b", what)
    numbers = {noun: int(number.replace(",", "")) for number, noun in found}
    return {
        "photographs": numbers.get("photograph", 0),
        "ratings": numbers.get("rating", 0),
        "corrections": numbers.get("score", 0),
    }


def _lines(folder: Folder, kind: str) -> list[Line]:
    required, optional = COLUMNS[kind]
    table = folder.table(kind, required)
    return list(read_lines(table, required=required, optional=optional)) if table else []


def undo(batch: str, root: Path, *, dry_run: bool, commit: bool, tell: Tell) -> Outcome:
    """Take a batch out again: all that it brought. InputError: no such batch, or later ones build on it."""
    root = root.resolve()
    with nullcontext() if dry_run else steward(root, tell):
        return _undo(batch, root, dry_run=dry_run, commit=commit and not dry_run, tell=tell)


def _undo(batch: str, root: Path, *, dry_run: bool, commit: bool, tell: Tell) -> Outcome:
    here = {folder.path.name: folder for folder in _batches(root)}
    chosen = [name for name in here if name == batch or name.endswith(f"-{batch}")]
    if len(chosen) != 1:
        raise InputError(_not_one(batch, chosen, root))
    (name,) = chosen
    check_room(root, added_folder(root), size=0)
    if commit:
        check_git(root)
    if needing := _built_on(name, here, root):
        raise InputError(f"{', '.join(needing)} rate or correct what batch {name} brought; undo them first")
    counts = _counts(here[name])
    tell("; ".join(counted(number, noun.removesuffix("s")) for noun, number in counts.items() if number))
    outcome = Outcome("fine", name, counts["photographs"], counts["ratings"] + counts["corrections"])
    if dry_run:
        tell(f"dry run: nothing was changed; batch {name} would be taken out")
        return outcome
    what = ", ".join(counted(n, noun.removesuffix("s").replace("correction", "score")) for noun, n in counts.items())
    message = f"Ratings undone: {what} (batch {name})"
    take_away(root, added_folder(root), batch=name, message=message, commit=commit, tell=tell)
    tell(f"batch {name} was taken out{', committed' if commit else ', not committed'}; git and DVC keep the version")
    payload = {"batch": name, "photographs": -outcome.photographs, "ratings": -outcome.ratings}
    return Outcome("added", name, outcome.photographs, outcome.ratings, announced=start_reevaluation(root, payload))


def _not_one(batch: str, chosen: Sequence[str], root: Path) -> str:
    """Why this names no batch that can be undone."""
    if chosen:
        return f"{batch!r} could be {' or '.join(chosen)}; write the whole name"
    for row in batches(root):
        if row["undone"] and (row["batch"] == batch or row["batch"].endswith(f"-{batch}")):
            return f"batch {row['batch']} was undone already, on {row['undone']}; there is nothing to undo"
    here = [folder.path.name for folder in _batches(root)]
    ends = {name.rpartition("-")[2]: name for name in here}
    near = [name for name in here if len(batch) >= SLIP and batch in name] or [
        ends.get(one, one) for one in get_close_matches(batch, [*here, *ends], 3, cutoff=0.8)
    ]
    named = " or ".join(dict.fromkeys(near))
    meant = f"did you mean {named}? " if 0 < len(set(near)) <= MOST else ""
    return f"no batch {batch!r} to undo; {meant}`vermilion ratings list` has their names"


def _built_on(name: str, here: Mapping[str, Folder], root: Path) -> list[str]:
    """Whose lines would be refused without the batch: other batches, or the raw folder."""
    numbers = root / "params.yaml"
    kinds = params.load(IngestImages, "ingest_images", numbers)
    raw = Folder(root / params.load(Data, "data", numbers).raw, "")
    every = [raw, *here.values()]
    images, _ = take_inventory(every, settings=kinds)
    prefix = here[name].prefix
    left = [row | {"names": [n for n in row["names"] if not n.startswith(prefix)]} for row in images.to_pylist()]
    without = IMAGES.table(row for row in left if row["names"])
    before = _refused(every, images, numbers)
    after = _refused([folder for folder in every if folder.prefix != prefix], without, numbers)
    sources = {source for source, _ in after - before}
    return sorted(source.rpartition("/")[0] or "the raw folder" for source in sources)


def _refused(inside: Sequence[Folder], images: pa.Table, numbers: Path) -> set[tuple[str, int]]:
    _, _, refused = read_ratings(inside, images, scales=params.load(IngestRatings, "ingest_ratings", numbers).scales)
    return {(row["source"], row["line"]) for row in refused.to_pylist()}
