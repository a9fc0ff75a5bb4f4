"""The pictures that may be given away, and no others.

In: generated pictures, their prompts, the screened and the identity table. Out: a folder of PNGs made anew from pixels,
each with the words that it is drawn, and released.csv. Rosero et al. 2025, DiffusionCleft, section 4.3.1 (no training
identity may leak) and section 6 (the filter that the authors lack). A picture is released only where screening looked
and found nothing, and the comparison of faces was made and found nobody: what is missing from a table stays back.
Knows nothing of how pictures are drawn, screened or compared.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tasks.base import images, tables
from tasks.base.images import UnreadableImage
from tasks.schemas.synthesis import CONDITIONS

NOTE = "drawn by Vermilion; not a photograph of a person"
LIST, README = "released.csv", "README.txt"
TOLD = ("condition", "prompt", "person", "skin_tone", "hair", "eyes", "cleft", "status")
"""What released.csv says of a picture besides its file."""
TOGETHER = 64
"""Pictures taken out of the table at a time."""
WORDS = f"""These pictures show nobody. Each was drawn by Vermilion, from words, with an adapted image model: it is
{NOTE}.

Before a picture came here it was looked at by programs for faults, and its face was compared with every
photograph that the model was adapted on; what was not clearly unlike them stayed behind. Such a comparison can miss
somebody: if a face here is known to you, take the picture out.

{LIST} names the words that each picture was drawn from. They are what was asked for, not a finding: no
picture here is a diagnosis, and none may pass for a patient's photograph. Each PNG says in its text
"Description" that it is drawn; please leave that in.
"""


def release(
    generated: pa.Table,  # image_id, condition, number, picture, reason
    prompts: pa.Table,
    screened: pa.Table,  # image_id, flags, reason
    identity: pa.Table,  # image_id, quarantined, reason
    *,
    out: Path,
) -> int:
    """Write `out`/{condition}/{condition}_{number:05d}.png and released.csv; how many pictures there are.

    An earlier release is taken away first, so that a kill leaves nothing behind that may not be shown any more. OSError
    names the file that cannot be written.
    """
    _withdraw(out)
    asked = {row["image_id"]: row for row in prompts.to_pylist()}
    allowed = cleared(screened, identity) & asked.keys()
    rows: list[dict[str, str]] = []
    for name, image_id, png in _pictures(generated, allowed):
        _write(out / name, png)
        rows.append({"file": name} | {column: str(asked[image_id][column]) for column in TOLD})
    _write(out / LIST, _csv(sorted(rows, key=lambda row: row["file"])))
    _write(out / README, WORDS.encode())
    return len(rows)


def cleared(
    screened: pa.Table,  # image_id, flags, reason
    identity: pa.Table,  # image_id, quarantined, reason
) -> set[str]:
    """The pictures screened without a flag and compared without a match: in both tables, without a doubt in either."""
    looked = screened.select(["image_id", "flags", "reason"]).to_pylist()
    compared = identity.select(["image_id", "quarantined", "reason"]).to_pylist()
    held = {row["image_id"] for row in looked if row["flags"] or row["reason"]}
    held |= {row["image_id"] for row in compared if row["quarantined"] or row["reason"]}
    return {row["image_id"] for row in looked} & {row["image_id"] for row in compared} - held


def _pictures(generated: pa.Table, allowed: set[str]) -> Iterator[tuple[str, str, bytes]]:
    """File, image_id and PNG of every allowed picture that can be read."""
    known = generated.select(["image_id", "condition", "number", "picture", "reason"])
    for batch in known.to_batches(max_chunksize=TOGETHER):
        for row in batch.to_pylist():
            if row["image_id"] in allowed and not row["reason"]:
                try:
                    picture = images.decode(row["picture"] or b"")
                except UnreadableImage:
                    continue  # screening has refused it, if it saw the same bytes
                yield _file(row), row["image_id"], noted_png(picture)


def _file(row: Mapping[str, Any]) -> str:
    return f"{row['condition']}/{row['condition']}_{row['number']:05d}.png"


def noted_png(
    picture: np.ndarray,  # (H, W, 3) uint8 RGB
) -> bytes:
    """PNG bytes of the pixels and NOTE, and nothing else."""
    note, buffer = PngInfo(), io.BytesIO()
    note.add_text("Description", NOTE)
    Image.fromarray(picture).save(buffer, "PNG", pnginfo=note)
    return buffer.getvalue()


def _csv(rows: Iterable[Mapping[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, ("file", *TOLD), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _withdraw(out: Path) -> None:
    """Take an earlier release away: its list first, then its pictures, and whatever a kill left half written."""
    (out / LIST).unlink(missing_ok=True)
    pictures = (file for condition in CONDITIONS for file in (out / condition).glob(f"{condition}_*.png"))
    for file in [*pictures, *out.rglob(".*.tmp")]:
        file.unlink()


def _write(path: Path, content: bytes) -> None:
    with tables.replacing(path, size=len(content)) as temporary:
        temporary.write_bytes(content)
