"""What people and other instruments said of the images: ratings.csv and references.csv.

In: the raw folder, the batches added to it, and the images table. Out: ratings, references (known truths,
optional) and the refused lines. Knows nothing of agreement or statistics.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

import pyarrow as pa

from tasks.ingest.raw import Folder, Line, ids_by_name, read_lines, refusals_table
from tasks.params.ingest import Scale
from tasks.schemas.columns import ROLES
from tasks.schemas.ingest import RATINGS, REFERENCES

RATING_COLUMNS = ("path", "rater_id", "rater_role", "scale", "score")
REFERENCE_COLUMNS = ("path", "measure", "value")
GENERATED = re.compile(r"(?:.*/)?generated/([0-9a-f]{64})\.png")
"""The name of a generated picture, in whatever folder: its planned image_id, which no images.csv lists."""


def read_ratings(
    folders: Sequence[Folder], images: pa.Table, *, scales: Mapping[str, Scale]
) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Ratings, references and refused lines of all folders; a file that is not there gives no rows.

    A batch's CSV may name the batch's own pictures, those of the raw folder, and other batches' as `BATCH/name`.
    Ratings may also be of generated pictures (`generated/ID.png`), whose rows stand for no row of images.

    Refused with their line: images that are not in the images table, roles and scales that are not known,
    scores that are no number or outside their scale, and a second rating of an image by one rater.
    """
    ids = ids_by_name(images)
    refused: list[dict[str, object]] = []
    ratings: dict[tuple[object, ...], dict[str, object]] = {}
    for folder, line in _lines(folders, "ratings", RATING_COLUMNS):
        row, reason = rating_row(line, generated_id(line) or _image(line, folder, ids), scales)
        key = (row["image_id"], row["rater_id"], row["scale"])
        if reason is None and key in ratings:
            reason = f"rater {row['rater_id']} has rated this image before on {row['scale']}; the first line counts"
        if reason is None:
            ratings[key] = row
        else:
            refused.append(line.refused(reason))
    references: dict[tuple[object, ...], dict[str, object]] = {}
    for folder, line in _lines(folders, "references", REFERENCE_COLUMNS):
        row, reason = reference_row(line, _image(line, folder, ids))
        if reason is None and (row["image_id"], row["measure"]) in references:
            reason = f"{row['measure']} of this image stands twice; the first line counts"
        if reason is None:
            references[row["image_id"], row["measure"]] = row
        else:
            refused.append(line.refused(reason))
    return (
        RATINGS.table(ratings[key] for key in sorted(ratings, key=str)),
        REFERENCES.table(references[key] for key in sorted(references, key=str)),
        refusals_table(refused),
    )


def _lines(folders: Sequence[Folder], kind: str, columns: tuple[str, ...]) -> Iterator[tuple[Folder, Line]]:
    for folder in folders:
        if folder.csv(kind).exists():
            for line in read_lines(folder.csv(kind), required=columns, optional=(), prefix=folder.prefix):
                yield folder, line


def generated_id(line: Line) -> str | None:
    """The image_id of the generated picture that a line of ratings.csv names; None where it names another picture."""
    found = GENERATED.fullmatch(PurePosixPath(line.cells["path"]).as_posix())
    return found[1] if found else None


def _image(line: Line, folder: Folder, ids: Mapping[str, str]) -> str | None:
    """The image that a line means: of its own folder, else by its name among all. `./a//b.jpg` is `a/b.jpg`."""
    name = PurePosixPath(line.cells["path"]).as_posix()
    return ids.get(folder.prefix + name, ids.get(name))


def rating_row(line: Line, image_id: str | None, scales: Mapping[str, Scale]) -> tuple[dict[str, object], str | None]:
    """A line of ratings.csv about an image as a row of the ratings table, and why it cannot be one."""
    cells = line.cells
    score = _number(cells["score"])
    row: dict[str, object] = {name: cells[name] for name in ("rater_id", "rater_role", "scale")}
    row |= {"image_id": image_id, "score": score}
    scale = scales.get(cells["scale"])
    reason = None
    if image_id is None:
        reason = "no such image in images.csv, or it was refused"
    elif not cells["rater_id"]:
        reason = "rater_id must not be empty"
    elif cells["rater_role"] not in ROLES:
        reason = f"rater_role {cells['rater_role']!r} is not one of {', '.join(ROLES)}"
    elif scale is None:
        reason = f"scale {cells['scale']!r} is not one of {', '.join(scales)} (params.yaml, ingest_ratings.scales)"
    elif score is None:
        reason = f"score {cells['score']!r} is not a number"
    elif not scale.low <= score <= scale.high:
        reason = f"score {cells['score']} is outside {cells['scale']}, {scale.low:g} to {scale.high:g}"
    return row, reason


def reference_row(line: Line, image_id: str | None) -> tuple[dict[str, object], str | None]:
    """A line of references.csv about an image as a row of the references table, and why it cannot be one."""
    value = _number(line.cells["value"])
    row: dict[str, object] = {"image_id": image_id, "measure": line.cells["measure"], "value": value}
    if image_id is None:
        return row, "no such image in images.csv, or it was refused"
    if value is None:
        return row, f"value {line.cells['value']!r} is not a number"
    return row, None if line.cells["measure"] else "measure must not be empty"


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
