"""What people and other instruments said of the images: ratings, corrections and references.

In: the raw folder, the batches added to it, and the images table. Out: ratings, references (known truths,
optional) and the refused lines. Knows nothing of agreement or statistics.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import pyarrow as pa

from tasks.ingest.images.photograph_meant import Meant, image_meant
from tasks.ingest.ratings.corrections import ADDED_COLUMNS, correct
from tasks.ingest.tables.cells import NotMeant, no_such_word, number, word
from tasks.ingest.tables.file_names import Names, slashes
from tasks.ingest.tables.raw_layout import Folder, Line, ids_by_name, read_lines, refusals_table
from tasks.ingest.tables.spelling import Spellings, key, tidy
from tasks.params.ingest import Scale
from tasks.schemas.columns import ROLES
from tasks.schemas.ingest import RATINGS, REFERENCES

RATING_COLUMNS = ("path", "rater_id", "rater_role", "scale", "score")
REFERENCE_COLUMNS = ("path", "measure", "value")
CORRECTION_COLUMNS = (*RATING_COLUMNS, *ADDED_COLUMNS)
GENERATED = re.compile(r"(?:.*/)?generated/([0-9a-f]{64})\.png")
"""The name of a generated picture, in whatever folder: its planned image_id, which no images.csv lists."""


def read_ratings(
    folders: Sequence[Folder], images: pa.Table, *, scales: Mapping[str, Scale]
) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Ratings, references and refused lines of all folders; a file that is not there gives no rows.

    A batch's CSV may name the batch's own pictures, those of the raw folder, and other batches' as `BATCH/name`.
    Ratings may also be of generated pictures (`generated/ID.png`), whose rows stand for no row of images.

    Refused with their line: images that are not in the images table, roles and scales that are not known,
    scores that are no number or outside their scale, a second rating of an image by one rater, and the rarer of two
    roles of a rater. A rater, scale or role goes under its first spelling. Corrections come last (corrections.csv of
    batches, tasks.ingest.ratings.corrections).
    """
    ids = ids_by_name(images)
    ratings, refused = _ratings(folders, ids, scales)
    refused += _correct(ratings, folders, ids, scales)
    references: dict[tuple[object, ...], dict[str, object]] = {}
    measures = Spellings()
    for folder, line in _lines(folders, "references", REFERENCE_COLUMNS):
        row, reason = reference_row(line, partial(image_meant, folder=folder, ids=ids))
        row["measure"] = measures.of(str(row["measure"]))
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


def _ratings(
    folders: Sequence[Folder], ids: Names, scales: Mapping[str, Scale]
) -> tuple[dict[tuple[object, ...], dict[str, object]], list[dict[str, object]]]:
    """Ratings by image, rater and scale, and the refused lines. The role that most of a rater's lines give counts."""
    ratings: dict[tuple[object, ...], dict[str, object]] = {}
    refused: list[dict[str, object]] = []
    raters = Spellings()
    said: list[tuple[Line, dict[str, object], str | None]] = []
    roles: dict[object, dict[object, list[Line]]] = defaultdict(lambda: defaultdict(list))
    for folder, line in _lines(folders, "ratings", RATING_COLUMNS):
        row, reason = rating_row(line, partial(image_meant, folder=folder, ids=ids), scales)
        row["rater_id"] = raters.of(str(row["rater_id"]))
        said.append((line, row, reason))
        if reason is None:
            roles[row["rater_id"]][row["rater_role"]].append(line)
    for line, row, reason in said:
        about = (row["image_id"], row["rater_id"], row["scale"])
        reason = reason or _other_role(row, roles[row["rater_id"]])
        if reason is None and about in ratings:
            reason = f"rater {row['rater_id']} has rated this image before on {row['scale']}; the first line counts"
        if reason is None:
            ratings[about] = row
        else:
            refused.append(line.refused(reason))
    return ratings, refused


def _correct(
    ratings: dict[tuple[object, ...], dict[str, object]],
    folders: Sequence[Folder],
    ids: Names,
    scales: Mapping[str, Scale],
) -> list[dict[str, object]]:
    """Put right what corrections.csv of the batches correct; the refused lines."""
    raters = Spellings(str(rater) for _, rater, _ in ratings)
    said: list[tuple[Line, dict[str, object], str | None]] = []
    for folder, line in _lines(folders, "corrections", CORRECTION_COLUMNS):
        row, reason = rating_row(line, partial(image_meant, folder=folder, ids=ids), scales)
        said.append((line, row | {"rater_id": raters.of(str(row["rater_id"]))}, reason))
    return correct(ratings, said)


def _other_role(row: Mapping[str, object], roles: Mapping[object, Sequence[Line]]) -> str | None:
    """Why a rating does not count whose rater has another role in more lines (in as many: in earlier ones)."""
    usual = max(roles, key=lambda role: len(roles[role]))
    if row["rater_role"] == usual:
        return None
    where = f"{roles[usual][0].source}, line {roles[usual][0].number}"
    more = f" and {len(roles[usual]) - 1} more" if len(roles[usual]) > 1 else ""
    return f"rater {row['rater_id']} is {row['rater_role']} here and {usual} in {where}{more}; a rater has one role"


def _lines(folders: Sequence[Folder], kind: str, columns: tuple[str, ...]) -> Iterator[tuple[Folder, Line]]:
    for folder in folders:
        if table := folder.table(kind, columns):
            for line in read_lines(table, required=columns, optional=(), prefix=folder.prefix):
                yield folder, line


def generated_id(line: Line) -> str | None:
    """The image_id of the generated picture that a line of ratings.csv names; None where it names another picture."""
    found = GENERATED.fullmatch(slashes(line.cells["path"]))
    return found[1] if found else None


def rating_row(line: Line, meant: Meant, scales: Mapping[str, Scale]) -> tuple[dict[str, object], str | None]:
    """A line of ratings.csv as a row of the ratings table, and why it cannot be one.

    Roles and scales as this project spells them; the rater's name tidied, but as it stands here.
    """
    cells = line.cells
    generated = generated_id(line)
    image_id, unknown = (generated, None) if generated else meant(line)
    role, name = word(cells["rater_role"], ROLES), word(cells["scale"], scales)
    row: dict[str, object] = {"image_id": image_id, "rater_id": tidy(cells["rater_id"]), "score": None}
    row |= {"rater_role": role or cells["rater_role"], "scale": name or cells["scale"]}
    if reason := _changed(line) or unknown:
        return row, reason
    if not key(cells["rater_id"]):
        return row, "rater_id must not be empty"
    if role is None:
        return row, f"rater_role {no_such_word(cells['rater_role'], ROLES)}"
    if name is None:
        return row, f"scale {no_such_word(cells['scale'], scales)} (params.yaml, ingest_ratings.scales)"
    if not key(cells["score"]):
        return row, "score is empty: not rated yet"
    try:
        score = row["score"] = number(cells["score"], decimal_comma=line.decimal_comma)
    except NotMeant as error:
        return row, f"score {error}"
    if not scales[name].low <= score <= scales[name].high:
        return row, f"score {tidy(cells['score'])} is outside {name}, {scales[name].low:g} to {scales[name].high:g}"
    return row, None


def reference_row(line: Line, meant: Meant) -> tuple[dict[str, object], str | None]:
    """A line of references.csv as a row of the references table, and why it cannot be one."""
    image_id, unknown = meant(line)
    row: dict[str, object] = {"image_id": image_id, "measure": tidy(line.cells["measure"]), "value": None}
    if reason := _changed(line) or unknown:
        return row, reason
    try:
        row["value"] = number(line.cells["value"], decimal_comma=line.decimal_comma)
    except NotMeant as error:
        return row, f"value {error}"
    return row, None if key(line.cells["measure"]) else "measure must not be empty"


def _changed(line: Line) -> str | None:
    """Which cell is not what was typed, if one is not."""
    return next((f"{column} {line.cells[column]!r} is {reason}" for column, reason in line.wrong.items()), None)
