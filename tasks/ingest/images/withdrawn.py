"""Tombstones: which photographs may never come in again, without saying whose they were.

In: `withdrawn.json` in the folder of batches (`data.added`), kept in git. Out: whether a photograph is one of them. A
tombstone is a salted digest of the file's digest: whoever has the photograph can tell that it was withdrawn, nobody
can tell anything from the file alone. Another one is of its pixels, so that the same picture in another file (without
its metadata, from JPEG to PNG) is known where pictures are opened. One that was compressed anew, scaled or cut has
other pixels, and is not known.
"""

import hashlib
import secrets
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from tasks.base.tables import replacing
from tasks.errors import InputError

FILE = "withdrawn.json"

REASON = "consent for this photograph was withdrawn; it does not come in again"
SAME = "the same picture as a photograph whose consent was withdrawn, in another file; it does not come in again"


class Withdrawn(BaseModel):
    """The tombstones. `image_id in withdrawn` asks for one, `withdrawn.shows(image)` for one of pixels."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    salt: str = ""
    digests: tuple[str, ...] = ()
    pixels: tuple[str, ...] = ()

    def __contains__(self, image_id: object) -> bool:
        return bool(self.digests) and self.tombstone(str(image_id)) in self.digests

    def tombstone(self, image_id: str) -> str:
        """The salted digest of a photograph's digest."""
        return hashlib.sha256(f"{self.salt}:{image_id}".encode()).hexdigest()

    def shows(
        self,
        image: np.ndarray,  # (H, W, 3) uint8 RGB, upright
    ) -> bool:
        """Whether the picture has the pixels of a withdrawn one."""
        return bool(self.pixels) and self.has_pixels(pixel_digest(image))

    def has_pixels(self, digest: str | None) -> bool:
        """Whether the digest of a picture's pixels is that of a withdrawn one."""
        return digest is not None and self.tombstone(digest) in self.pixels

    def more(self, image_ids: Iterable[str], pixels: Iterable[str]) -> "Withdrawn":
        """These and those that there were; `pixels`: digests of pixels (`pixel_digest`)."""
        own = self if self.salt else Withdrawn(salt=secrets.token_hex(16))
        return Withdrawn(
            salt=own.salt,
            digests=tuple(sorted({*own.digests, *map(own.tombstone, image_ids)})),
            pixels=tuple(sorted({*own.pixels, *map(own.tombstone, pixels)})),
        )


def pixel_digest(
    image: np.ndarray,  # (H, W, 3) uint8 RGB, upright
) -> str:
    """sha256 of a picture's size and pixels."""
    hasher = hashlib.sha256(f"{image.shape}:{image.dtype}:".encode())
    hasher.update(np.ascontiguousarray(image).data)
    return hasher.hexdigest()


def read_withdrawn(added: Path) -> Withdrawn:
    """The tombstones of the project. InputError where the file is damaged: then nothing may come in."""
    file = added / FILE
    try:
        return Withdrawn.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return Withdrawn()
    except ValidationError as error:
        raise InputError(f"{file}: damaged; it says which photographs were withdrawn, take it from git") from error


def write_withdrawn(added: Path, withdrawn: Withdrawn) -> Path:
    """Write them, whole or not at all; the file."""
    with replacing(added / FILE) as temporary:
        temporary.write_text(withdrawn.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return added / FILE
