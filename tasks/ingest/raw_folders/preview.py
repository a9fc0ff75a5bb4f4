"""What lies in the data folders, as the ingest stages will read it, before anything is computed.

In: the raw folder and the batches added to it. Out: the tables of images, ratings and references, every line that is
refused, and what people should know besides. `vermilion use`, `check` and `ratings status` count by it, and a steward's
batch is held against it. Opens no picture and decides nothing about faces: a picture that counts here may be refused
later.
"""

import hashlib
import os
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from tasks.base.digests import file_digest
from tasks.ingest.images.inventory import take_inventory
from tasks.ingest.ratings.reading import read_ratings
from tasks.ingest.raw_folders.remarks import Remark, passed_over, raters_alike, subjects_alike, visits_alike
from tasks.ingest.tables.raw_layout import Folder
from tasks.params.ingest import IngestImages, Scale

PIECE = 65_536
"""Bytes at the head, in the middle and at the tail of a file by which `glance` knows it."""


@dataclass(frozen=True)
class Found:
    """What the tables name. `refused`: rows of the refusals table, of images first, then of ratings and references."""

    folders: Sequence[Folder]
    images: pa.Table
    ratings: pa.Table
    references: pa.Table
    refused_images: pa.Table
    refused_ratings: pa.Table

    @property
    def refused(self) -> list[dict[str, Any]]:
        """Every line that cannot be used, with its reason: `source`, `line`, `path`, `reason`."""
        return [*self.refused_images.to_pylist(), *self.refused_ratings.to_pylist()]

    def persons(self) -> dict[tuple[str, str], list[str]]:
        """By population and kind (`still`, `clip`) the subject of every image."""
        found: dict[tuple[str, str], list[str]] = {}
        for row in self.images.select(["population", "kind", "subject_id"]).to_pylist():
            found.setdefault((row["population"], row["kind"]), []).append(row["subject_id"])
        return found


def find(
    folders: Sequence[Folder],
    *,
    settings: IngestImages,
    scales: Mapping[str, Scale],
    withdrawn: Container[str] = (),
    identify: Callable[[Path], str] = file_digest,
) -> Found:
    """What the tables of the folders name. RawLayoutError: a table cannot be used; NoImages: none names an image."""
    images, refused = take_inventory(folders, settings=settings, withdrawn=withdrawn, identify=identify)
    ratings, references, wrong = read_ratings(folders, images, scales=scales)
    return Found(folders, images, ratings, references, refused, wrong)


def remarks(found: Found, *, settings: IngestImages, scales: Mapping[str, Scale]) -> Iterator[Remark]:
    """Names that look alike, then files that are passed over, as the stages tell them."""
    yield from subjects_alike(found.images, found.folders[1:])
    yield from visits_alike(found.images)
    yield from raters_alike(read_ratings(found.folders[:1], found.images, scales=scales)[0], found.ratings)
    suffixes = (*settings.still_suffixes, *settings.clip_suffixes)
    yield from passed_over(found.folders, found.images, found.refused_images, suffixes=suffixes)


def glance(file: Path) -> str:
    """A name for a file's content that reads three pieces of it at most, where its sha256 is not needed.

    Files of the same bytes have the same name. Two large files of one size that agree in all three pieces have it, too.
    """
    size = file.stat().st_size
    hasher = hashlib.sha256(str(size).encode())
    with file.open("rb") as opened:
        for start in sorted({0, max(0, (size - PIECE) // 2), max(0, size - PIECE)}):
            opened.seek(start, os.SEEK_SET)
            hasher.update(opened.read(PIECE))
    return hasher.hexdigest()
