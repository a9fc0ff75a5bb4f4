"""What every training photograph shows, in words; and who trains an adapter and who is kept for tests.

In: the images and landmarks tables, and the captions that people wrote (data/captions/README.md). Out: the captions
table. Rosero et al. 2025, DiffusionCleft, section 4.1: age group, gender, cleft type, asymmetry, repair status, scars;
nothing that tells the person (skin tone, eye colour, background). What the images table does not know is left out.
Subjects are split by their names alone: a photograph that comes in later moves nobody.
Knows nothing of pixels.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tasks.base.runtime import seed_of
from tasks.errors import InputError
from tasks.ingest.tables.file_names import Ambiguous, Names
from tasks.ingest.tables.raw_layout import Line, ids_by_name, read_lines
from tasks.params.synthesis import SynthesisCaptions
from tasks.schemas.synthesis import CAPTIONS
from tasks.synthesis.framing import frame_of
from tasks.synthesis.prompts import PromptError, holds_trigger, whole_face, with_trigger

CLASS_OF = {"unrepaired": "pre", "repaired": "post", "control": "control"}
STATUS = {"pre": "unrepaired cleft lip", "post": "after cleft lip repair", "control": ""}
KINDS = {"left": "unilateral", "right": "unilateral", "both": "bilateral"}
PERSONS = {
    ("baby", "female"): "baby girl",
    ("baby", "male"): "baby boy",
    ("baby", None): "baby",
    ("child", "female"): "girl",
    ("child", "male"): "boy",
    ("child", None): "kid",
    ("adult", "female"): "woman",
    ("adult", "male"): "man",
    ("adult", None): "adult",
    (None, "female"): "female person",
    (None, "male"): "male person",
    (None, None): "person",
}
"""Age group and gender in the words of the prompts (Table 1)."""
ASYMMETRIES = {"slight": "slight lip and nose asymmetry", "marked": "marked lip and nose asymmetry"}
SCARS = {"subtle": "subtle scars", "visible": "visible scars"}
_PARTS = 2**20


class CaptionError(InputError):
    """A file of captions cannot be used; the message names the file, the line and what is accepted."""


@dataclass(frozen=True)
class Edit:
    """A caption that a person wrote, and where."""

    caption: str
    where: str


def caption_photographs(
    images: pa.Table,  # image_id, names, kind, subject_id, population, cleft_side, and what else is known of them
    landmarks: pa.Table,  # image_id, points, reason
    *,
    edits: Path,
    settings: SynthesisCaptions,
) -> pa.Table:
    """The captions of these stills: patients, and the controls that take part; a reason where no face was accepted.

    `edits`: the folder of CSV files; lines about other photographs are passed over (check_edits finds those about
    none). An edited caption with a trigger that is not its condition's is refused. CaptionError: a file is unusable.
    """
    found = {row["image_id"]: row for row in landmarks.select(["image_id", "points", "reason"]).to_pylist()}
    written = _edits_of(edits, ids_by_name(images), strangers_allowed=True)
    return CAPTIONS.table(
        _row(row, found.get(row["image_id"], {"reason": "no landmarks"}), written.get(row["image_id"]), settings)
        for row in images.to_pylist()
        if row["kind"] == "still" and takes_part(row["subject_id"], row["population"], settings=settings)
    )


def _row(
    image: Mapping[str, str | None], face: Mapping[str, Any], edit: Edit | None, settings: SynthesisCaptions
) -> dict[str, object]:
    condition = CLASS_OF[str(image["population"])]
    made = describe(image)
    said, split = made, split_of(str(image["subject_id"]), settings=settings)
    reason = face["reason"]
    row = {"image_id": image["image_id"], "subject_id": image["subject_id"], "condition": condition, "split": split}
    triggers = settings.triggers.model_dump()
    if reason is None and edit is not None:
        said = edit.caption
        if other := next((t for name, t in triggers.items() if name != condition and holds_trigger(said, t)), None):
            reason = f"{edit.where}: the caption holds {other}, which is not the trigger of condition {condition}"
    if reason is not None:
        return row | {"prompt": None, "edited": False, "reason": reason}
    try:
        said, made = (
            with_trigger(text, triggers[condition]) if condition in triggers else text for text in (said, made)
        )
    except PromptError as error:
        return row | {"prompt": None, "edited": True, "reason": f"{edit.where if edit else 'caption'}: {error}"}
    frame = None if settings.frame is None else frame_of(np.reshape(face["points"], (-1, 2)), settings.frame)
    return row | {"prompt": said, "edited": said != made, "frame": frame, "reason": None}


def describe(
    image: Mapping[str, str | None],  # population, cleft_side, age_group, gender, asymmetry, scarring; may be missing
) -> str:
    """The caption without trigger: A girl's whole face after unilateral cleft lip repair, with subtle scars."""
    condition = CLASS_OF[str(image["population"])]
    person = PERSONS[image.get("age_group"), image.get("gender")]
    if condition == "control":
        return whole_face(person, "", kind="", signs=())
    signs = (SCARS.get(str(image.get("scarring"))), ASYMMETRIES.get(str(image.get("asymmetry"))))
    kind = KINDS.get(str(image.get("cleft_side")), "")
    return whole_face(person, STATUS[condition], kind=kind, signs=[sign for sign in signs if sign])


def split_of(subject_id: str, *, settings: SynthesisCaptions) -> str:
    """`train` or `test`, for all photographs of a subject, by the subject's name and the seed alone."""
    return "test" if _share_of(settings.seed, "held out", subject_id) < settings.held_out else "train"


def takes_part(subject_id: str, population: str, *, settings: SynthesisCaptions) -> bool:
    """Whether a subject's photographs are captioned: every patient, and a share of the controls by name and seed."""
    return population != "control" or _share_of(settings.seed, "takes part", subject_id) < settings.most_controls


def _share_of(*name: int | str) -> float:
    """A number in [0, 1) that depends on the name alone."""
    return seed_of(*name) % _PARTS / _PARTS


def check_edits(
    edits: Path,
    images: pa.Table,  # image_id, names: all of them
) -> int:
    """How many photographs have a caption that a person wrote. CaptionError: a file or line cannot be used.

    Wrong are: no or both ways to name the photograph, one that is not there, one named twice, an empty caption, and
    control characters (a line break) in one.
    """
    return len(_edits_of(edits, ids_by_name(images), strangers_allowed=False))


def _edits_of(folder: Path, ids: Names, *, strangers_allowed: bool) -> dict[str, Edit]:
    """Edits by image_id. `strangers_allowed`: lines about photographs that are not in `ids` are passed over."""
    found: dict[str, Edit] = {}
    known = set(ids.exact.values())
    for line in _lines(folder):
        where = f"{folder / line.source}: line {line.number}"
        for column, reason in line.wrong.items():
            raise CaptionError(f"{where}: {column} {line.cells[column]!r} is {reason}")
        image_id = _named(line, ids, known, where)
        if image_id is None and strangers_allowed:
            continue
        if image_id is None:
            named = line.cells.get("path") or line.cells.get("image_id")
            raise CaptionError(
                f"{where}: no photograph {named!r}; accepted: a path as images.csv has it, or an image_id"
            )
        if image_id in found:
            raise CaptionError(f"{where}: this photograph has a caption already, in {found[image_id].where}")
        found[image_id] = Edit(_checked(line.cells["caption"], where), where)
    return found


def _lines(folder: Path) -> Iterator[Line]:
    for path in sorted(folder.glob("*.csv")) if folder.is_dir() else ():
        if not path.name.startswith("."):
            yield from read_lines(path, required=("caption",), optional=("path", "image_id"))


def _named(line: Line, ids: Names, known: set[str], where: str) -> str | None:
    """The photograph a line means, None where there is none such."""
    path, image_id = (line.cells.get(name, "") for name in ("path", "image_id"))
    if bool(path) == bool(image_id):
        raise CaptionError(f"{where}: path or image_id has to name the photograph, one of the two")
    if path:
        try:
            return ids.exactly(path) or ids.nearly(path)
        except Ambiguous as error:
            raise CaptionError(f"{where}: {error}") from error
    return image_id if image_id in known else None


def _checked(caption: str, where: str) -> str:
    if not caption:
        raise CaptionError(f"{where}: the caption is empty; leave the line out to keep the one made from images.csv")
    if strange := [one for one in caption if unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp")]:
        raise CaptionError(f"{where}: the caption holds the control character {strange[0]!a}; write it on one line")
    return caption


def editable(
    captions: pa.Table,  # image_id, prompt, reason
    images: pa.Table,  # image_id, names
) -> pd.DataFrame:
    """Every caption beside its photograph's first name (columns path, caption), in the order of the names."""
    names = {row["image_id"]: row["names"][0] for row in images.select(["image_id", "names"]).to_pylist()}
    rows = [(names[row["image_id"]], row["prompt"]) for row in captions.to_pylist() if row["reason"] is None]
    return pd.DataFrame(sorted(rows), columns=["path", "caption"])
