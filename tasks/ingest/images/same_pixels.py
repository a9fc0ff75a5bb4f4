"""Photographs that show the same pixels as one whose consent was withdrawn, in whatever file.

In: the images table of one bucket. Out: for each still the digest of its pixels. Every photograph is decoded for it,
once: only projects with tombstones (tasks.ingest.images.withdrawn) pay it, and what was looked at before comes from the
store. Knows no tombstone: it says what a picture is, not whether it may come in.
"""

from pathlib import Path

import pyarrow as pa

from tasks.base import images as pictures
from tasks.base.images import UnreadableImage
from tasks.ingest.images.withdrawn import pixel_digest
from tasks.schemas.ingest import SHOWN


def digests(images: pa.Table) -> pa.Table:
    """A row for each still; a picture that cannot be read has no digest, and is refused where it is measured."""
    stills = (row for row in images.select(["image_id", "kind", "path"]).to_pylist() if row["kind"] == "still")
    return SHOWN.table({"image_id": row["image_id"], "pixels": _digest(Path(row["path"]))} for row in stills)


def _digest(file: Path) -> str | None:
    try:
        return pixel_digest(pictures.read(file))
    except UnreadableImage:
        return None
